"""Whether the attributes of an estimator that comes from a file make one network.

A file's own checksums tell of accidents only: who writes a file by hand also writes these.
"""

import math
from numbers import Integral, Real

import numpy as np

from ._validation import check_parameters
from ._variational import VariationalAutoencoderTransformer
from .network.activations import ACTIVATIONS

FITTED_ATTRIBUTES = {
    *("coefs_", "intercepts_", "linear_coefs_", "linear_intercepts_", "activations_"),
    *("output_activation_", "n_layers_", "n_features_in_", "shift_", "scale_", "mean_"),
    *("loss_curve_", "validation_loss_curve_", "best_loss_", "n_iter_", "t_"),
    *("_n_encoder_layers", "_has_bounded_paths", "_has_tied_weights", "_solver_state"),
}


def check_consistency(estimator):
    """Raise ValueError unless parameters and fitted attributes are what `fit` leaves behind."""
    check_parameters(estimator)
    present = FITTED_ATTRIBUTES & vars(estimator).keys()
    if not present:
        return
    missing = FITTED_ATTRIBUTES - present
    _require(not missing, f"fitted attributes are missing: {sorted(missing)}")
    _check_arrays(estimator)
    _check_layers(estimator)
    _check_paths(estimator)
    _check_features(estimator)
    _check_history(estimator)
    _check_solver_state(estimator)
    if isinstance(estimator, VariationalAutoencoderTransformer):
        _check_variational(estimator)


def _require(condition, problem):
    if not condition:
        raise ValueError(problem)


def _is_array(value, ndim, dtype):
    """Whether it is an array of so many dimensions, of native floats that are finite."""
    return (
        type(value) is np.ndarray
        and value.ndim == ndim
        and value.dtype == dtype
        and bool(np.isfinite(value).all())
    )


def _is_whole(value, low=0):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= low


def _dtype(estimator):
    """Of the first weights, which all others must have."""
    dtype = getattr(estimator.coefs_[0], "dtype", None)
    _require(dtype in (np.float32, np.float64), "coefs_ are not of float32 or float64")
    return dtype


def _check_arrays(estimator):
    """Weights are finite matrices, and biases vectors of the same widths."""
    for prefix in ("", "linear_"):
        coefs, intercepts = (getattr(estimator, f"{prefix}{n}_") for n in ("coefs", "intercepts"))
        _require(type(coefs) is type(intercepts) is list, f"{prefix}coefs_ are not a list")
        _require(len(coefs) == len(intercepts), f"{prefix}intercepts_ are too many or too few")
        dtype = _dtype(estimator)
        for weights, bias in zip(coefs, intercepts, strict=True):
            _require(_is_array(weights, 2, dtype), f"{prefix}coefs_ are not finite matrices")
            _require(_is_array(bias, 1, dtype), f"{prefix}intercepts_ are not finite vectors")
            _require(weights.size and len(bias) == weights.shape[1], "widths do not match")


def _check_layers(estimator):
    """Each layer takes what the one before gives, and there is an activation for each."""
    n_encoder, coefs = estimator._n_encoder_layers, estimator.coefs_
    _require(_is_whole(n_encoder, 1) and n_encoder < len(coefs), "there is no code")
    widths = [estimator.n_features_in_, *(weights.shape[1] for weights in coefs)]
    inputs = widths[:-1]
    inputs[n_encoder] /= estimator._outputs_per_code_unit
    fits = inputs == [weights.shape[0] for weights in coefs] and widths[-1] == widths[0]
    _require(fits and _is_whole(widths[0], 1), "coefs_ do not make a network")
    names = estimator.activations_
    known = type(names) is list and all(type(n) is str and n in ACTIVATIONS for n in names)
    _require(known and len(names) == len(coefs), "activations_ are not one for each layer")
    _require(names[-1] == estimator.output_activation_, "output_activation_ is not the last one")
    _require(estimator.n_layers_ == len(coefs) + 1, "n_layers_ is not the number of layers")
    _check_ties(estimator)


def _check_ties(estimator):
    _require(type(estimator._has_tied_weights) is bool, "_has_tied_weights is not a bool")
    if estimator._has_tied_weights:
        for coefs in (estimator.coefs_, estimator.linear_coefs_):
            mirrored = [weights.T for weights in reversed(coefs)]
            same = all(map(np.array_equal, coefs, mirrored))
            _require(same, "tied weights are not the same in encoder and decoder")


def _check_paths(estimator):
    """There are none, or they lead from the features to the code and back."""
    _require(type(estimator._has_bounded_paths) is bool, "_has_bounded_paths is not a bool")
    shapes = [weights.shape for weights in estimator.linear_coefs_]
    ends = (estimator.n_features_in_, estimator._n_features_out)
    _require(shapes in ([], [ends, ends[::-1]]), "linear_coefs_ do not fit the network")


def _check_features(estimator):
    """What there is for each feature: shift, scale, mean and name."""
    n_features, dtype = estimator.n_features_in_, _dtype(estimator)
    for name in ("shift_", "scale_", "mean_"):
        value = getattr(estimator, name)
        fits = value is None or (_is_array(value, 1, dtype) and len(value) == n_features)
        _require(fits, f"{name} is not a finite number for each feature")
    shift, scale = estimator.shift_, estimator.scale_
    _require((shift is None) == (scale is None), "shift_ and scale_ do not belong together")
    _require(scale is None or scale.all(), "scale_ is zero")
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        known = type(names) is np.ndarray and names.shape == (n_features,)
        _require(known and all(type(n) is str for n in names), "feature_names_in_ are not names")


def _check_history(estimator):
    for name in ("n_iter_", "t_"):
        _require(_is_whole(getattr(estimator, name)), f"{name} is not a count")
    held_out = estimator.validation_loss_curve_
    for curve in (estimator.loss_curve_, [] if held_out is None else held_out):
        known = type(curve) is list and all(isinstance(loss, Real) for loss in curve)
        _require(known, "a loss curve is not a list of numbers")
    _require(isinstance(estimator.best_loss_, Real), "best_loss_ is not a number")


def _check_solver_state(estimator):
    """A counter, and arrays of as many numbers as there are parameters, or biases."""
    state, dtype = estimator._solver_state, _dtype(estimator)
    _require(type(state) is dict and _is_whole(state.get("step")), "the solver's step is no count")
    biases = estimator.intercepts_ + estimator.linear_intercepts_
    n_biases = sum(bias.size for bias in biases)
    n_weights = sum(weights.size for weights in estimator.coefs_ + estimator.linear_coefs_)
    n_parameters = n_biases + n_weights // (2 if estimator._has_tied_weights else 1)
    for name, value in state.items():
        fits = name == "step" or (
            _is_array(value, 1, dtype) and len(value) in (n_parameters, n_biases)
        )
        _require(fits, f"the solver's {name!r:.40} does not fit the network")


def _check_variational(estimator):
    variance, noise = estimator.code_variance_, estimator.noise_variance_
    fits = _is_array(variance, 1, _dtype(estimator)) and len(variance) == estimator._n_features_out
    _require(fits and variance.min() >= 0, "code_variance_ is not a variance for each code unit")
    is_variance = isinstance(noise, Real) and 0 < noise < math.inf
    _require(noise is None or is_variance, "noise_variance_ is not a positive number")
