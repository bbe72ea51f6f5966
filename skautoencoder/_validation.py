"""One clear error before any work: parameters, rows, weights, codes."""

import warnings
from contextlib import contextmanager
from numbers import Integral, Number

import numpy as np
from scipy import sparse
from sklearn.utils.validation import assert_all_finite, check_array, validate_data

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
from ._dask.dispatch import dask_side, is_collection
from .network.corruption import Corruption
from .network.dataset import Dataset
from .network.floating_point import quiet_overflow
from .network.losses import as_loss
from .network.penalties import CodePenalty
from .network.scaling import extremes
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
    loss, output = as_loss(estimator.loss), estimator.output_activation
    if loss.is_linked and output not in ("auto", loss.link):
        raise ValueError(
            f"loss={estimator.loss!r} needs output_activation={loss.link!r}. "
            f"Got {output!r} instead: leave output_activation at 'auto'."
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
    if estimator.weight_init == "pca" and (loss.is_linked or not has_skips):
        raise ValueError(
            "weight_init='pca' needs skip connections and an output that may take any value. Got "
            f"skip_connections={estimator.skip_connections!r} and loss={estimator.loss!r}: leave "
            "skip_connections at 'auto' and use loss='squared_error', 'huber' or 'absolute_error', "
            "or choose another weight_init."
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
    fitted = [estimator.n_features_in_, *(len(bias) for bias in estimator.intercepts_)]
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
    loss = as_loss(estimator.loss)
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
    is_linked = as_loss(estimator.loss).is_linked
    if estimator.skip_coefs_ and is_linked != estimator._has_bounded_skips:
        raise ValueError(
            f"Training cannot go on: loss={estimator.loss!r} does not fit the skip connections of "
            "the fitted network. Restore the loss, or call fit with warm_start=False."
        )


def training_rows(estimator, X, sample_weight, dtype, reset):
    """Validated rows, those with zero weight left out; of a Dask collection, on its cluster."""
    if is_collection(X):
        return dask_side().cluster_dataset(estimator, X, sample_weight, dtype, reset)
    X, has_missing = check_rows(estimator, X, dtype, reset)
    check_magnitude(X)
    weights = check_sample_weight(sample_weight, X)
    rows = Dataset(X, sample_weight=weights, has_missing=has_missing)
    return rows if weights is None or weights.all() else rows.select(np.flatnonzero(weights))


def inference_rows(estimator, X, sample_weight=None):
    """Validated rows of the width that the estimator was fitted on, as its network sees them."""
    X, has_missing = check_rows(estimator, X, [np.float64, np.float32], reset=False)
    weights = check_sample_weight(sample_weight, X)
    rows = Dataset(X, sample_weight=weights, has_missing=has_missing)
    return apply_scaling(estimator, rows)


def check_rows(estimator, X, dtype, reset):
    """X as validated, with NaN but no infinities, and whether it has missing values, NaN."""
    X = validate_data(
        estimator,
        native(X),
        accept_sparse="csr",
        dtype=dtype,
        reset=reset,
        ensure_all_finite=False,
    )
    return X, check_finite(X, type(estimator).__name__)


def native(X):
    """X in the byte order of this machine: scikit-learn would make float64 of other float32."""
    if isinstance(X, np.ndarray) and not X.dtype.isnative:
        return X.astype(X.dtype.newbyteorder("="))
    return X


def apply_scaling(estimator, rows):
    """The same rows with the scaling, and the means of their features, of the fit."""
    scaling, mean = estimator._scaling(), estimator.mean_
    rows = rows.scaled_by(scaling and scaling.of(rows.features))
    if mean is not None:
        own = mean if rows.features is None else mean[rows.features]
        return rows.scaled_by(rows.scaling, rows.in_network_units(own))
    if rows.has_missing:
        raise ValueError(
            f"X has missing values (NaN), but this {type(estimator).__name__} was made of weights "
            "alone and does not know the means to put in their place: fill them first, for example "
            "with sklearn.impute.SimpleImputer."
        )
    return rows


def check_finite(X, name):
    """Raise ValueError where X is infinite; return whether it has missing values, NaN.

    `name` is that of the estimator.
    """
    values = X.data if sparse.issparse(X) else X
    with quiet_overflow():
        if np.isfinite(values.sum()):
            return False
        assert_all_finite(X, allow_nan=True, estimator_name=name, input_name="X")
    return bool(np.isnan(values.min()))


def check_magnitude(X):
    """Raise ValueError where the squares of X add up to more than float64 can hold.

    Statistics are computed in float64: float32 values cannot be too large.
    """
    values = X.data if sparse.issparse(X) else X
    if X.dtype == np.float32 or values.size == 0:
        return
    largest = max(-np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None))
    # A value may be as far from the mean again as it is from 0.
    if 2 * float(largest) > np.sqrt(np.finfo(np.float64).max / X.shape[0] / X.shape[1]):
        raise ValueError(
            f"X has values of up to {largest:.3g}, whose squares add up to more than {X.dtype} can "
            "hold. Divide X by its largest absolute value first."
        )


def code_rows(estimator, X, n_components):
    """Validated `Dataset` of codes."""
    with quiet_overflow():
        X = check_array(
            native(X),
            dtype=[np.float64, np.float32],
            input_name="X",
            estimator=estimator,
            ensure_all_finite=False,
        )
        if not (np.isfinite(X.sum()) or np.isfinite(X).all()):
            raise ValueError(
                "X has codes that are NaN or infinite, and codes must be finite: pass what "
                f"transform of this {type(estimator).__name__} returns."
            )
    if X.shape[1] != n_components:
        raise ValueError(
            f"X has {X.shape[1]} features, but the codes of this "
            f"{type(estimator).__name__} have {n_components}: pass what transform returns."
        )
    return Dataset(X)


def check_sample_weight(sample_weight, X):
    """Weights as a vector of X's dtype, at most 1; None where all rows weigh the same."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        raise ValueError(
            f"sample_weight must have one weight for each row, shape ({X.shape[0]},). Got the "
            f"scalar {sample_weight!r} instead: leave it out where all rows weigh the same."
        )
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.shape != (X.shape[0],):
        raise ValueError(
            f"sample_weight must have one weight for each row, shape ({X.shape[0]},). "
            f"Got shape {weights.shape} instead."
        )
    low, high = weights.min(), weights.max()
    refuse_wrong_weights(low, high)
    return None if low == high else (weights / high).astype(X.dtype)


def refuse_wrong_weights(low, high):
    """Raise ValueError where the smallest or the largest weight says that weights are wrong."""
    if low < 0:
        raise ValueError(
            f"sample_weight must not be negative. Got {low:g}: use 0 to leave a row out."
        )
    if high == 0:
        raise ValueError("sample_weight is zero for every row: at least one must be positive.")


def check_range(rows, asked):
    """Raise ValueError where the rows leave the range that the loss asked for needs."""
    loss = as_loss(asked)
    if not loss.has_range:
        return
    smallest, largest = extremes(rows)
    low, high = smallest.min(), largest.max()
    # Scaling maps the largest value onto the bound to within rounding.
    slack = 4 * np.finfo(rows.dtype).eps
    if low < loss.low - slack or high > loss.high + slack:
        if np.isfinite(loss.high):
            end, advice = "]", "scale X, set scale='minmax' before the first fit"
        else:
            end, advice = ")", f"pass no values below {loss.low:g}, leave scale at 'auto'"
        scaled = "" if rows.scaling is None else " after scaling"
        raise ValueError(
            f"loss={asked!r} needs X in [{loss.low:g}, {loss.high:g}{end}. Got values from "
            f"{low:g} to {high:g}{scaled} instead: {advice}, or use loss='squared_error'."
        )
