"""Whether the attributes of an estimator that comes from a file belong together.

A file's own checksums tell of accidents only: who writes a file by hand also writes these.
"""

import math
from numbers import Real

import numpy as np

from .._base import BaseAutoencoder
from .._classifier import AutoencoderClassifier
from .._imputer import AutoencoderImputer
from .._outlier import AutoencoderOutlierDetector
from .._parameter_validation import check_parameters
from .._reconstruction import run, target_network
from .._regressor import AutoencoderRegressor
from .._supervised import SupervisedAutoencoder
from .._variational import VariationalAutoencoderTransformer
from ..network.activations import ACTIVATIONS
from ..network.bottleneck import MIN_NOISE_VARIANCE
from ..network.dataset import Dataset
from ..network.floating_point import quiet_overflow
from ..network.inference import outputs
from ..network.solvers import first_state
from ..network.trainer import KEPT, STOP_REASONS
from . import validate_detector, validate_imputer
from .conditions import is_array, is_one_of, is_whole, require
from .validate_columns import check_column_losses, network_width

NETWORK_ATTRIBUTES = {
    *("coefs_", "intercepts_", "skip_coefs_", "skip_intercepts_", "activations_"),
    *("output_activation_", "n_layers_", "n_features_in_", "shift_", "scale_", "mean_"),
    *("loss_curve_", "validation_loss_curve_", "best_loss_", "kept_", "stop_reason_"),
    *("n_components_", "n_iter_", "t_", "is_constant_"),
    *("_n_encoder_layers", "_has_bounded_skips", "_has_tied_weights", "_solver_state"),
}


def check_consistency(part):
    """Raise ValueError unless parameters and fitted attributes are what `fit` leaves behind.

    Nothing is asked of what is no estimator of this package, and of the estimators in one only
    that they fit it: they are parts themselves.
    """
    for kind, (check_its_parameters, attributes, checks) in _kinds().items():
        if isinstance(part, kind):
            check_its_parameters(part)
            if _is_fitted(part, attributes):
                for check in checks:
                    check(part)


def _kinds():
    """For each kind of estimator, what checks its parameters, and its fitted attributes."""
    networks = [
        *(_check_arrays, _check_layers, _check_skip_connections),
        *(_check_features, _check_history, _check_solver_state, check_column_losses),
        _check_middle,
    ]
    detectors = [*validate_detector.CHECKS, _check_names, _check_middle_score]
    imputers = [*validate_imputer.CHECKS, _check_names, _check_middle_fill]
    targets = {"target_coefs_", "target_intercepts_", "target_activations_"}
    numbers = {"target_mean_", "target_scale_", "_has_one_output"}
    variances = {"code_variance_", "noise_variance_", "_gradient_norm"}
    return {
        BaseAutoencoder: (check_parameters, NETWORK_ATTRIBUTES, networks),
        VariationalAutoencoderTransformer: (check_parameters, variances, [_check_variational]),
        SupervisedAutoencoder: (check_parameters, targets, [_check_head]),
        AutoencoderClassifier: (check_parameters, {"classes_"}, [_check_classes]),
        AutoencoderRegressor: (check_parameters, numbers, [_check_target_units]),
        AutoencoderOutlierDetector: (
            validate_detector.check_detector,
            validate_detector.ATTRIBUTES,
            detectors,
        ),
        AutoencoderImputer: (validate_imputer.check_imputer, validate_imputer.ATTRIBUTES, imputers),
    }


def _is_fitted(estimator, attributes):
    """Whether it has these attributes; ValueError where it has only some of them."""
    missing = attributes - vars(estimator).keys()
    require(missing in (set(), attributes), f"fitted attributes are missing: {sorted(missing)}")
    return not missing


def _dtype(estimator):
    """Of the first weights, which all others must have."""
    dtype = getattr(estimator.coefs_[0], "dtype", None)
    require(dtype in (np.float32, np.float64), "coefs_ are not of float32 or float64")
    return dtype


def _check_arrays(estimator):
    """Weights are finite matrices, and biases vectors of the same widths."""
    for prefix in ("", "skip_"):
        coefs, intercepts = (getattr(estimator, f"{prefix}{n}_") for n in ("coefs", "intercepts"))
        require(type(coefs) is type(intercepts) is list, f"{prefix}coefs_ are not a list")
        require(len(coefs) == len(intercepts), f"{prefix}intercepts_ are too many or too few")
        dtype = _dtype(estimator)
        for weights, bias in zip(coefs, intercepts, strict=True):
            require(is_array(weights, 2, dtype), f"{prefix}coefs_ are not finite matrices")
            require(is_array(bias, 1, dtype), f"{prefix}intercepts_ are not finite vectors")
            require(weights.size and len(bias) == weights.shape[1], "widths do not match")


def _check_layers(estimator):
    """Each layer takes what the one before gives, and there is an activation for each."""
    n_encoder, coefs = estimator._n_encoder_layers, estimator.coefs_
    require(is_whole(n_encoder, 1) and n_encoder < len(coefs), "there is no code")
    widths = [network_width(estimator), *(weights.shape[1] for weights in coefs)]
    inputs = widths[:-1]
    inputs[n_encoder] /= estimator._outputs_per_code_unit
    fits = inputs == [weights.shape[0] for weights in coefs] and widths[-1] == widths[0]
    require(fits and is_whole(widths[0], 1), "coefs_ do not make a network")
    names = estimator.activations_
    known = type(names) is list and all(type(n) is str and n in ACTIVATIONS for n in names)
    require(known and len(names) == len(coefs), "activations_ are not one for each layer")
    require(names[-1] == estimator.output_activation_, "output_activation_ is not the last one")
    require(estimator.n_layers_ == len(coefs) + 1, "n_layers_ is not the number of layers")
    _check_ties(estimator)


def _check_ties(estimator):
    require(type(estimator._has_tied_weights) is bool, "_has_tied_weights is not a bool")
    if estimator._has_tied_weights:
        for coefs in (estimator.coefs_, estimator.skip_coefs_):
            mirrored = [weights.T for weights in reversed(coefs)]
            same = all(map(np.array_equal, coefs, mirrored))
            require(same, "tied weights are not the same in encoder and decoder")


def _check_skip_connections(estimator):
    """There are none, or they lead from the features to the code and back."""
    require(type(estimator._has_bounded_skips) is bool, "_has_bounded_skips is not a bool")
    shapes = [weights.shape for weights in estimator.skip_coefs_]
    width, code = estimator.n_components_, estimator._n_features_out
    ends = (network_width(estimator), code)
    require(shapes in ([], [ends, ends[::-1]]), "skip_coefs_ do not fit the network")
    fits = is_whole(width, 1) and width == code
    require(fits, "n_components_ is not the width of the code")


def _check_features(estimator):
    """What there is for each feature: shift, scale, mean and name."""
    n_features, dtype = network_width(estimator), _dtype(estimator)
    for name in ("shift_", "scale_", "mean_"):
        value = getattr(estimator, name)
        fits = value is None or (is_array(value, 1, dtype) and len(value) == n_features)
        require(fits, f"{name} is not a finite number for each feature")
    shift, scale = estimator.shift_, estimator.scale_
    require((shift is None) == (scale is None), "shift_ and scale_ do not belong together")
    require(scale is None or scale.min() > 0, "scale_ is not positive")
    _check_constants(estimator)
    _check_names(estimator)


def _check_constants(estimator):
    """Features that do not vary have a mean, and weights of 0."""
    is_constant, n_features = estimator.is_constant_, network_width(estimator)
    known = type(is_constant) is np.ndarray and is_constant.dtype == bool
    fits = known and is_constant.shape == (n_features,)
    require(fits, "is_constant_ is not a bool for each feature")
    if is_constant.any():
        own = [each[0][is_constant] for each in (estimator.coefs_, estimator.skip_coefs_) if each]
        fits = estimator.mean_ is not None and not any(weights.any() for weights in own)
        require(fits, "features that do not vary have weights, or no mean")


def _check_names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        known = type(names) is np.ndarray and names.shape == (estimator.n_features_in_,)
        require(known and all(type(n) is str for n in names), "feature_names_in_ are not names")


def _check_history(estimator):
    for name in ("n_iter_", "t_"):
        require(is_whole(getattr(estimator, name)), f"{name} is not a count")
    held_out = estimator.validation_loss_curve_
    for curve in (estimator.loss_curve_, [] if held_out is None else held_out):
        known = type(curve) is list and all(isinstance(loss, Real) for loss in curve)
        require(known, "a loss curve is not a list of numbers")
    require(isinstance(estimator.best_loss_, Real), "best_loss_ is not a number")
    require(is_one_of(estimator.kept_, KEPT), "kept_ is none of its values")
    reason = estimator.stop_reason_
    require(reason is None or is_one_of(reason, STOP_REASONS), "stop_reason_ is none of its values")


def _check_solver_state(estimator):
    """A counter, and arrays of as many numbers as a solver has for these parameters."""
    state, dtype = estimator._solver_state, _dtype(estimator)
    require(type(state) is dict and is_whole(state.get("step")), "the solver's step is no count")
    parameters = estimator._parameters()
    known = first_state(state.keys(), parameters)
    # Of a solver of the user's own it is not known which of them an array goes with.
    lengths = parameters.flat.size, sum(bias.size for bias in parameters.biases)
    for name, value in state.items():
        fits = name == "step" or (
            is_array(value, 1, dtype)
            and len(value) in (lengths if known is None else [len(known[name])])
        )
        require(fits, f"the solver's {name!r:.40} does not fit the network")


def _check_middle(estimator):
    """Amid what it was fitted to, codes and reconstructions are finite, as are their squares.

    Each number may be finite, and what they make together not: training would have noticed.
    """
    encoder, _ = BaseAutoencoder._networks(estimator)
    rows = _middle(estimator)
    # Losses of unscaled rows need not be squares.
    dtype = np.float64 if estimator.shift_ is None else rows.dtype
    with quiet_overflow():
        codes, rebuilt = (
            run(outputs, networks, rows) for networks in ([encoder], estimator._networks())
        )
        squares = [np.square(each, dtype=dtype).sum() for each in (rows.X, codes, rebuilt)]
    require(np.isfinite(squares).all(), "shift_, scale_ and coefs_ lead to infinite numbers")


def _middle(estimator):
    """The mean of the training data, and a unit of the scaling about it, in the network's units."""
    middle = np.zeros(network_width(estimator), _dtype(estimator))
    if estimator.mean_ is not None:
        middle += estimator.mean_
    if estimator.shift_ is None:
        return Dataset(middle[np.newaxis])
    with quiet_overflow():
        estimator._scaling().apply(middle)
    return Dataset(middle + np.array([[0], [-1], [1]], middle.dtype))


def _check_head(estimator):
    """The layers lead from the code to the outputs, and amid the data to finite ones."""
    coefs, intercepts = estimator.target_coefs_, estimator.target_intercepts_
    names, dtype = estimator.target_activations_, _dtype(estimator)
    are_lists = type(coefs) is type(intercepts) is type(names) is list
    fits = are_lists and 0 < len(coefs) == len(intercepts) == len(names)
    require(fits, "target_coefs_, target_intercepts_ and target_activations_ do not match")
    width = estimator._n_features_out
    for weights, bias in zip(coefs, intercepts, strict=True):
        fits = is_array(weights, 2, dtype) and is_array(bias, 1, dtype)
        require(fits, "target_coefs_ and target_intercepts_ are not finite matrices and vectors")
        require(weights.shape == (width, len(bias)) and width, "target_coefs_ do not fit")
        width = len(bias)
    require(all(is_one_of(name, ACTIVATIONS) for name in names), "target_activations_ are unknown")
    require(names[-1] == "identity", "target_activations_ do not end with the identity")
    networks = [estimator._networks()[0], target_network(estimator)]
    with quiet_overflow():
        made = run(outputs, networks, _middle(estimator))
    require(np.isfinite(made).all(), "target_coefs_ lead to infinite numbers")


def _check_classes(classifier):
    classes = classifier.classes_
    is_vector = type(classes) is np.ndarray and classes.ndim == 1 and len(classes) > 1
    require(is_vector, "classes_ is not a vector of classes")
    require(len(classifier.target_intercepts_[-1]) == len(classes), "classes_ do not fit the head")
    is_sorted = np.array_equal(np.unique(classes), classes)
    require(is_sorted, "classes_ are not sorted, or some are there twice")


def _check_target_units(regressor):
    mean, scale, dtype = regressor.target_mean_, regressor.target_scale_, _dtype(regressor)
    fits = is_array(mean, 1, dtype) and is_array(scale, 1, dtype) and len(mean) == len(scale)
    require(fits and scale.min() > 0, "target_mean_ and target_scale_ are not those of outputs")
    n_outputs = len(regressor.target_intercepts_[-1])
    require(len(mean) == n_outputs, "target_mean_ does not fit the head")
    require(type(regressor._has_one_output) is bool, "_has_one_output is not a bool")
    require(n_outputs == 1 or not regressor._has_one_output, "_has_one_output does not fit")


def _check_variational(estimator):
    variance, noise = estimator.code_variance_, estimator.noise_variance_
    norm = estimator._gradient_norm
    fits = is_array(variance, 1, _dtype(estimator)) and len(variance) == estimator._n_features_out
    require(fits and variance.min() >= 0, "code_variance_ is not a variance for each code unit")
    is_variance = isinstance(noise, Real) and MIN_NOISE_VARIANCE <= noise < math.inf
    require(noise is None or is_variance, "noise_variance_ is not a variance")
    is_norm = isinstance(norm, Real) and 0 <= norm < math.inf
    require(is_norm, "_gradient_norm is not a number from 0 on")


def _check_middle_score(fitted):
    for autoencoder in fitted.estimators_:
        check_consistency(autoencoder)
    with quiet_overflow():
        # Past the checks of X, which may have names.
        scores = fitted._scale().scores(fitted._row_costs(fitted.mean_[np.newaxis]))
    require(np.isfinite(scores).all(), "the score of mean_ is not finite")


def _check_middle_fill(fitted):
    """A row without any observed value is filled by finite ones."""
    check_consistency(fitted.autoencoder_)
    empty = np.full((1, len(fitted.mean_)), np.nan, fitted.fill_min_.dtype)
    with quiet_overflow():
        filled = fitted._fill(empty)
    require(np.isfinite(filled).all(), "mean_ and covariance_ lead to infinite numbers")
