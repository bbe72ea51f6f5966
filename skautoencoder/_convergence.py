"""What the end of a run is worth, beside the mean of every feature: a warning where too little."""

import warnings

from sklearn.exceptions import ConvergenceWarning

from ._column_losses import trained_loss
from .network.evaluation import losses_beside_a_constant
from .network.floating_point import quiet_overflow
from .network.scaling import means

# A loss above that of the mean by no more than this share is that of a network that has learned
# the mean, and nothing else.
SLACK = 1e-3
# Noise in training does not lead a run to so many times the loss of the mean: it has diverged.
DIVERGED = 2.0

KEPT_INSTEAD = {"pca": "PCA is kept", "earlier": "the weights from before are kept"}


def warn_of_bad_end(estimator, rows, trainer, pool):
    """Warn where the network that is kept is worse than the mean, or a lost one has diverged."""
    history, heads = trainer.history, trainer.autoencoder.heads
    networks = [estimator._trained_encoder(), trainer.autoencoder.decoder]
    with quiet_overflow():
        loss = trained_loss(estimator, estimator._trained_features())
        constant = loss.output_of(means(rows)).astype(rows.dtype)
        losses = losses_beside_a_constant(networks, rows, heads, constant, pool)
        reached, mean = losses + estimator._losses_of_target(rows, trainer, pool)
    if history.kept == "network":
        is_bad, what = not reached <= mean * (1 + SLACK), "it is kept for want of a better one"
    else:
        reached, is_bad = history.end_loss, _has_diverged(trainer, mean)
        what = KEPT_INSTEAD.get(history.kept)
    if is_bad and mean > 0 and not history.interrupted:
        warnings.warn(
            f"Training ended with a network that is worse than the mean of every feature, with a "
            f"loss of {reached:.4g} against {mean:.4g}, and {what}: {_advice(estimator, trainer)}.",
            ConvergenceWarning,
            stacklevel=3,
        )


def _has_diverged(trainer, mean):
    """Whether the last epoch ended far above the loss of the mean; a bound says nothing of it."""
    is_bound = trainer.autoencoder.bottleneck.is_sampled
    return not is_bound and trainer.history.end_loss > DIVERGED * mean


def _advice(estimator, trainer):
    """What to change."""
    settings = trainer.settings
    advice = ["raise max_iter"]
    if settings.solver.is_full_batch:
        advice.append("change weight_init")
    else:
        advice.insert(0, f"lower learning_rate_init (here {settings.learning_rate_init:.3g})")
    if estimator.scale is None:
        advice.append("scale X")
    if estimator.get_params(deep=False).get("skip_connections") is False:
        advice.append("leave skip_connections at 'auto'")
    return ", ".join(advice[:-1]) + f" or {advice[-1]}"
