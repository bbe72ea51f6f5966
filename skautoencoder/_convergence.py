"""What the end of a run is worth, beside the mean of every feature: a warning where too little."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._column_losses import trained_loss
from .network.dataset import Dataset
from .network.evaluation import losses_beside_a_constant
from .network.floating_point import quiet_overflow
from .network.scaling import means

# A loss above that of the mean by no more than this share is that of a network that has learned
# the mean, and nothing else.
SLACK = 1e-3
# Noise in training does not lead a run to so many times the loss of the mean: it has diverged.
DIVERGED = 2.0
# Where so many rows have at most this share of the loss of the mean, and all rows no more than that
# in the last epoch, the others are not asked.
N_SAMPLED = 1000
SURELY_BETTER = 0.95

KEPT_INSTEAD = {"pca": "PCA is kept", "earlier": "the weights from before are kept"}


def warn_of_bad_end(estimator, rows, trainer, pool):
    """Warn where the network that is kept is worse than the mean, or a lost one has diverged."""
    history = trainer.history
    if _is_surely_better(estimator, rows, trainer, pool):
        return
    reached, mean = _losses(estimator, rows, trainer, pool)
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


def _is_surely_better(estimator, rows, trainer, pool):
    """Whether some of many rows are enough to see that nothing is wrong."""
    is_small = not isinstance(rows, Dataset) or len(rows) <= 2 * N_SAMPLED
    if is_small or _ends_in_a_bound(trainer):
        return False
    sample = rows.select(np.linspace(0, len(rows) - 1, N_SAMPLED).astype(np.intp))
    reached, mean = _losses(estimator, sample, trainer, pool)
    return reached <= SURELY_BETTER * mean and trainer.history.end_loss <= mean


def _losses(estimator, rows, trainer, pool):
    """Mean losses of the network that is kept, and of the mean of every feature."""
    networks = [estimator._trained_encoder(), trainer.autoencoder.decoder]
    loss = trained_loss(estimator, estimator._trained_features())
    with quiet_overflow():
        constant = loss.output_of(means(rows)).astype(rows.dtype)
        losses = losses_beside_a_constant(networks, rows, trainer.autoencoder.heads, constant, pool)
        return losses + estimator._losses_of_target(rows, trainer, pool)


def _has_diverged(trainer, mean):
    """Whether the last epoch ended far above the loss of the mean."""
    return not _ends_in_a_bound(trainer) and trainer.history.end_loss > DIVERGED * mean


def _ends_in_a_bound(trainer):
    """Whether the loss of an epoch is a bound, of which the loss of the mean says nothing."""
    return trainer.autoencoder.bottleneck.is_sampled


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
