"""One clear error before any work: parameters, and whether training can go on from a fit."""

import warnings
from contextlib import contextmanager
from numbers import Integral

import numpy as np

from ._architecture import (
    check_width,
    decoder_widths,
    dropout_rate,
    has_skip_connections,
    hidden_widths,
    layer_activations,
    n_encoder_layers,
    network_widths,
)
from ._column_losses import asked_loss, check_column_losses, is_by_column
from .network.corruption import Corruption
from .network.losses import losses_that_start_at_pca
from .network.penalties import CodePenalty
from .network.solvers import batch_solvers, is_full_batch


@contextmanager
def unchanged_on_failure(estimator):
    """Whatever stops the work inside, the estimator is then as it was before.

    Attributes may be replaced inside, but nothing that they hold may be written to.
    """
    # Callbacks are told that a fit has ended, however it did.
    kept = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")
    before = dict(vars(estimator))
    random_state = estimator.random_state
    draws = random_state.get_state() if isinstance(random_state, np.random.RandomState) else None
    try:
        yield
    except BaseException:
        before |= {name: vars(estimator)[name] for name in kept if name in vars(estimator)}
        vars(estimator).clear()
        vars(estimator).update(before)
        if draws is not None:
            random_state.set_state(draws)
        raise


def check_parameters(estimator):
    """Raise ValueError for a wrong parameter, alone or beside the others."""
    estimator._validate_params()
    check_width(estimator)
    hidden_widths(estimator)
    decoder_widths(estimator)
    components = (
        estimator.solver,
        estimator.learning_rate,
        estimator.corruption,
        estimator.code_penalty,
    )
    for component in components:
        if component is not None and not isinstance(component, str):
            component.check()
    check_column_losses(estimator)
    loss, output = asked_loss(estimator), estimator.output_activation
    if loss.is_linked and output not in ("auto", loss.link):
        raise ValueError(
            f"loss={estimator.loss!r} needs output_activation={loss.link!r}. "
            f"Got {output!r} instead: leave output_activation at 'auto'."
        )
    if is_by_column(estimator) and output not in ("auto", "identity"):
        raise ValueError(
            "Losses of single columns have outputs of their own. Got output_activation="
            f"{output!r} beside loss={estimator.loss!r}: leave output_activation at 'auto'."
        )
    _check_skip_connections(estimator, loss)
    _check_mirror(estimator)
    _check_pretraining(estimator)
    _check_code_penalty(estimator)
    _check_randomness(estimator)


def warn_of_wide_code(estimator, n_features):
    """Warn where nothing keeps the network from copying the features that vary through the code."""
    asked, is_variational = estimator.n_components, estimator._outputs_per_code_unit > 1
    held = estimator.corruption, estimator.code_penalty, dropout_rate(estimator) or None
    # A code that is told a target is not only a copy.
    held += (estimator._n_target_outputs or None,)
    is_free = all(part is None for part in held) and not is_variational
    if is_free and isinstance(asked, Integral) and asked >= n_features > 1:
        warnings.warn(
            f"n_components={asked!r} is no less than the {n_features} features of X that vary, so "
            "that rows can be copied through the code: use n_components='auto' or fewer than "
            f"{n_features}, or set corruption, code_penalty or dropout.",
            UserWarning,
            stacklevel=5,
        )


def _check_mirror(estimator):
    """Raise ValueError where a decoder cannot be tied to, or pretrained with, its encoder."""
    for name in ("tied_weights", "pretrain_iter"):
        value = getattr(estimator, name)
        if value and decoder_widths(estimator) != hidden_widths(estimator)[::-1]:
            raise ValueError(
                f"{name}={value!r} needs a decoder that mirrors the encoder. Got "
                f"decoder_layer_sizes={estimator.decoder_layer_sizes!r} and hidden_layer_sizes="
                f"{estimator.hidden_layer_sizes!r}: leave decoder_layer_sizes at None."
            )
    if estimator.tied_weights and estimator.weight_init == "pca":
        raise ValueError(
            "weight_init='pca' sets weights to 0 that tied weights could not leave again. Got "
            "tied_weights=True: use weight_init='auto', or tied_weights=False."
        )


def _check_pretraining(estimator):
    """Raise ValueError where there is something beside the layers that are pretrained."""
    if estimator.pretrain_iter and has_skip_connections(estimator):
        raise ValueError(
            f"pretrain_iter={estimator.pretrain_iter!r} trains layers to do what skip connections "
            "do already. Got skip_connections=True: leave it at 'auto', or set pretrain_iter=0."
        )


def _check_code_penalty(estimator):
    """Raise ValueError where the penalty makes no sense for the code."""
    if estimator.code_penalty is not None:
        code = layer_activations(estimator, "identity")[n_encoder_layers(estimator) - 1]
        estimator.code_penalty.check_code(code, has_skip_connections(estimator))


def _check_randomness(estimator):
    """Raise ValueError where a solver that compares losses would see random ones."""
    random_parts = [
        f"{name}={getattr(estimator, name)!r}"
        for name in ("corruption", "dropout", "code_penalty")
        if getattr(estimator, name) != "auto" and _is_random(getattr(estimator, name), estimator)
    ]
    if estimator._outputs_per_code_unit > 1:
        random_parts.append("a sampled code")
    if random_parts and is_full_batch(estimator.solver):
        raise ValueError(
            f"solver={estimator.solver!r} needs the same loss from the same weights. Got "
            f"{' and '.join(random_parts)}, with random numbers in it: use "
            f"solver={batch_solvers()}."
        )


def _is_random(part, estimator):
    if isinstance(part, CodePenalty):
        return part.is_random(n_encoder_layers(estimator))
    if isinstance(part, Corruption):
        return part.is_random
    return part is not None and part != 0


def _check_skip_connections(estimator, loss):
    """Raise ValueError for skip connections that the loss cannot take or that the start needs."""
    has_skips = has_skip_connections(estimator)
    if has_skips and not loss.takes_skip_connections:
        raise ValueError(
            f"loss={estimator.loss!r} cannot be trained with skip connections. Got "
            f"skip_connections={estimator.skip_connections!r}: leave it at 'auto', or use "
            "another loss."
        )
    if estimator.weight_init == "pca" and not (loss.starts_at_pca and has_skips):
        raise ValueError(
            "weight_init='pca' needs skip connections and an output that may take any value. Got "
            f"skip_connections={estimator.skip_connections!r} and loss={estimator.loss!r}: leave "
            f"skip_connections at 'auto' and use loss={losses_that_start_at_pca()}, or choose "
            "another weight_init."
        )


def has_partial_fit(estimator):
    """Raise AttributeError where the solver needs all rows at once, else return True."""
    if is_full_batch(estimator.solver):
        raise AttributeError(
            f"partial_fit trains on batches, but solver={estimator.solver!r} needs all rows at "
            f"once: use solver={batch_solvers()}, or call fit with warm_start=True."
        )
    return True


def refuse_other_network(estimator, n_features):
    """Raise ValueError where training cannot go on from the fitted network."""
    encoder, decoder = network_widths(estimator, n_features)
    widths = [*encoder, *decoder[1:]]
    fitted = [len(estimator.is_constant_), *(len(bias) for bias in estimator.intercepts_)]
    if widths != fitted:
        raise ValueError(
            f"Training cannot go on: the parameters ask for layers of widths {widths}, but "
            f"the fitted network has {fitted}. Restore n_components and the layer sizes, "
            "or call fit with warm_start=False."
        )
    _refuse_other_activations(estimator)
    _refuse_other_kind(estimator)


def _refuse_other_activations(estimator):
    """Raise ValueError where the parameters, or the loss, ask for other activations."""
    output = estimator.output_activation_
    asked = estimator.output_activation
    activations = layer_activations(estimator, output if asked == "auto" else asked)
    if activations != estimator.activations_:
        raise ValueError(
            f"Training cannot go on: the parameters ask for activations {activations}, but the "
            f"fitted network has {estimator.activations_}. Restore them, or call fit with "
            "warm_start=False."
        )
    loss = asked_loss(estimator)
    if is_by_column(estimator) != (estimator.column_losses_ is not None):
        raise ValueError(
            f"Training cannot go on: loss={estimator.loss!r} and column_weights="
            f"{estimator.column_weights!r} ask for other outputs than the fitted network has. "
            "Restore them, or call fit with warm_start=False."
        )
    if loss.is_linked and loss.link != output:
        raise ValueError(
            f"Training cannot go on: loss={estimator.loss!r} needs an output of {loss.link!r}, but "
            f"the fitted network's is {output!r}. Restore the loss, or call fit with "
            "warm_start=False."
        )


def _refuse_other_kind(estimator):
    """Raise ValueError where the parameters ask for other ties or skips than the fitted ones."""
    if estimator.tied_weights != estimator._has_tied_weights:
        raise ValueError(
            f"Training cannot go on: tied_weights={estimator.tied_weights!r} asks for another "
            "network than the fitted one. Restore it, or call fit with warm_start=False."
        )
    if has_skip_connections(estimator) != bool(estimator.skip_coefs_):
        raise ValueError(
            "Training cannot go on: the parameters ask for a network "
            f"with{'out' if estimator.skip_coefs_ else ''} skip connections, and the fitted one is "
            "not of this kind. Restore skip_connections, output_activation, loss and weight_init, "
            "or call fit with warm_start=False."
        )
    is_linked = asked_loss(estimator).is_linked
    if estimator.skip_coefs_ and is_linked != estimator._has_bounded_skips:
        raise ValueError(
            f"Training cannot go on: loss={estimator.loss!r} does not fit the skip connections of "
            "the fitted network. Restore the loss, or call fit with warm_start=False."
        )
