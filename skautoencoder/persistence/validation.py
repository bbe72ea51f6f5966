"""Whether the attributes of an estimator that comes from a file belong together.

A file's own checksums tell of accidents only: who writes a file by hand also writes these.
"""

import math
from numbers import Integral, Real

import numpy as np

from .._base import BaseAutoencoder
from .._classifier import AutoencoderClassifier
from .._ensemble_widths import check_widths
from .._imputer import AutoencoderImputer
from .._outlier import AutoencoderOutlierDetector
from .._reconstruction import run, target_network
from .._regressor import AutoencoderRegressor
from .._supervised import SupervisedAutoencoder
from .._validation import check_parameters
from .._variational import VariationalAutoencoderTransformer
from ..network.activations import ACTIVATIONS
from ..network.bottleneck import MIN_NOISE_VARIANCE
from ..network.dataset import Dataset
from ..network.floating_point import quiet_overflow
from ..network.inference import outputs
from ..network.trainer import KEPT, STOP_REASONS

NETWORK_ATTRIBUTES = {
    *("coefs_", "intercepts_", "skip_coefs_", "skip_intercepts_", "activations_"),
    *("output_activation_", "n_layers_", "n_features_in_", "shift_", "scale_", "mean_"),
    *("loss_curve_", "validation_loss_curve_", "best_loss_", "kept_", "stop_reason_"),
    *("n_components_", "n_iter_", "t_", "is_constant_"),
    *("_n_encoder_layers", "_has_bounded_skips", "_has_tied_weights", "_solver_state"),
}
DETECTOR_ATTRIBUTES = {
    *("estimators_", "offset_", "mean_", "scale_", "is_constant_", "n_features_in_", "_fences"),
    *("error_variances_", "references_", "rebuilt_references_", "reference_weights_"),
    *("neighbour_variances_", "medians_", "median_variances_"),
    *("error_spreads_", "part_medians_", "part_spreads_"),
}
IMPUTER_ATTRIBUTES = {
    *("autoencoder_", "mean_", "covariance_", "fill_min_", "fill_max_", "indicator_"),
    *("error_curve_", "n_iter_", "best_iter_", "n_features_in_"),
    *("_is_filled", "_varies", "_fences"),
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
        *(_check_features, _check_history, _check_solver_state, _check_middle),
    ]
    detectors = [_check_members, _check_units, _check_usual, _check_names, _check_middle_score]
    imputers = [
        *(_check_filled, _check_normal, _check_bounds, _check_rounds, _check_indicator),
        *(_check_names, _check_middle_fill),
    ]
    targets = {"target_coefs_", "target_intercepts_", "target_activations_"}
    numbers = {"target_mean_", "target_scale_", "_has_one_output"}
    variances = {"code_variance_", "noise_variance_", "_gradient_norm"}
    return {
        BaseAutoencoder: (check_parameters, NETWORK_ATTRIBUTES, networks),
        VariationalAutoencoderTransformer: (check_parameters, variances, [_check_variational]),
        SupervisedAutoencoder: (check_parameters, targets, [_check_head]),
        AutoencoderClassifier: (check_parameters, {"classes_"}, [_check_classes]),
        AutoencoderRegressor: (check_parameters, numbers, [_check_target_units]),
        AutoencoderOutlierDetector: (_check_detector, DETECTOR_ATTRIBUTES, detectors),
        AutoencoderImputer: (_check_imputer, IMPUTER_ATTRIBUTES, imputers),
    }


def _is_fitted(estimator, attributes):
    """Whether it has these attributes; ValueError where it has only some of them."""
    missing = attributes - vars(estimator).keys()
    _require(missing in (set(), attributes), f"fitted attributes are missing: {sorted(missing)}")
    return not missing


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


def _is_one_of(value, words):
    return type(value) is str and value in words


def _is_whole(value, low=0):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= low


def _dtype(estimator):
    """Of the first weights, which all others must have."""
    dtype = getattr(estimator.coefs_[0], "dtype", None)
    _require(dtype in (np.float32, np.float64), "coefs_ are not of float32 or float64")
    return dtype


def _check_arrays(estimator):
    """Weights are finite matrices, and biases vectors of the same widths."""
    for prefix in ("", "skip_"):
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
        for coefs in (estimator.coefs_, estimator.skip_coefs_):
            mirrored = [weights.T for weights in reversed(coefs)]
            same = all(map(np.array_equal, coefs, mirrored))
            _require(same, "tied weights are not the same in encoder and decoder")


def _check_skip_connections(estimator):
    """There are none, or they lead from the features to the code and back."""
    _require(type(estimator._has_bounded_skips) is bool, "_has_bounded_skips is not a bool")
    shapes = [weights.shape for weights in estimator.skip_coefs_]
    width, code = estimator.n_components_, estimator._n_features_out
    ends = (estimator.n_features_in_, code)
    _require(shapes in ([], [ends, ends[::-1]]), "skip_coefs_ do not fit the network")
    fits = _is_whole(width, 1) and width == code
    _require(fits, "n_components_ is not the width of the code")


def _check_features(estimator):
    """What there is for each feature: shift, scale, mean and name."""
    n_features, dtype = estimator.n_features_in_, _dtype(estimator)
    for name in ("shift_", "scale_", "mean_"):
        value = getattr(estimator, name)
        fits = value is None or (_is_array(value, 1, dtype) and len(value) == n_features)
        _require(fits, f"{name} is not a finite number for each feature")
    shift, scale = estimator.shift_, estimator.scale_
    _require((shift is None) == (scale is None), "shift_ and scale_ do not belong together")
    _require(scale is None or scale.min() > 0, "scale_ is not positive")
    _check_constants(estimator)
    _check_names(estimator)


def _check_constants(estimator):
    """Features that do not vary have a mean, and weights of 0."""
    is_constant, n_features = estimator.is_constant_, estimator.n_features_in_
    known = type(is_constant) is np.ndarray and is_constant.dtype == bool
    fits = known and is_constant.shape == (n_features,)
    _require(fits, "is_constant_ is not a bool for each feature")
    if is_constant.any():
        own = [each[0][is_constant] for each in (estimator.coefs_, estimator.skip_coefs_) if each]
        fits = estimator.mean_ is not None and not any(weights.any() for weights in own)
        _require(fits, "features that do not vary have weights, or no mean")


def _check_names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        known = type(names) is np.ndarray and names.shape == (estimator.n_features_in_,)
        _require(known and all(type(n) is str for n in names), "feature_names_in_ are not names")


def _check_history(estimator):
    for name in ("n_iter_", "t_"):
        _require(_is_whole(getattr(estimator, name)), f"{name} is not a count")
    held_out = estimator.validation_loss_curve_
    for curve in (estimator.loss_curve_, [] if held_out is None else held_out):
        known = type(curve) is list and all(isinstance(loss, Real) for loss in curve)
        _require(known, "a loss curve is not a list of numbers")
    _require(isinstance(estimator.best_loss_, Real), "best_loss_ is not a number")
    _require(_is_one_of(estimator.kept_, KEPT), "kept_ is none of its values")
    reason = estimator.stop_reason_
    _require(
        reason is None or _is_one_of(reason, STOP_REASONS), "stop_reason_ is none of its values"
    )


def _check_solver_state(estimator):
    """A counter, and arrays of as many numbers as there are parameters, or biases."""
    state, dtype = estimator._solver_state, _dtype(estimator)
    _require(type(state) is dict and _is_whole(state.get("step")), "the solver's step is no count")
    parameters = estimator._parameters()
    n_parameters, n_biases = parameters.flat.size, sum(bias.size for bias in parameters.biases)
    for name, value in state.items():
        fits = name == "step" or (
            _is_array(value, 1, dtype) and len(value) in (n_parameters, n_biases)
        )
        _require(fits, f"the solver's {name!r:.40} does not fit the network")


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
    _require(np.isfinite(squares).all(), "shift_, scale_ and coefs_ lead to infinite numbers")


def _middle(estimator):
    """The mean of the training data, and a unit of the scaling about it, in the network's units."""
    middle = np.zeros(estimator.n_features_in_, _dtype(estimator))
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
    _require(fits, "target_coefs_, target_intercepts_ and target_activations_ do not match")
    width = estimator._n_features_out
    for weights, bias in zip(coefs, intercepts, strict=True):
        fits = _is_array(weights, 2, dtype) and _is_array(bias, 1, dtype)
        _require(fits, "target_coefs_ and target_intercepts_ are not finite matrices and vectors")
        _require(weights.shape == (width, len(bias)) and width, "target_coefs_ do not fit")
        width = len(bias)
    _require(
        all(_is_one_of(name, ACTIVATIONS) for name in names), "target_activations_ are unknown"
    )
    _require(names[-1] == "identity", "target_activations_ do not end with the identity")
    networks = [estimator._networks()[0], target_network(estimator)]
    with quiet_overflow():
        made = run(outputs, networks, _middle(estimator))
    _require(np.isfinite(made).all(), "target_coefs_ lead to infinite numbers")


def _check_classes(classifier):
    classes = classifier.classes_
    is_vector = type(classes) is np.ndarray and classes.ndim == 1 and len(classes) > 1
    _require(is_vector, "classes_ is not a vector of classes")
    _require(len(classifier.target_intercepts_[-1]) == len(classes), "classes_ do not fit the head")
    is_sorted = np.array_equal(np.unique(classes), classes)
    _require(is_sorted, "classes_ are not sorted, or some are there twice")


def _check_target_units(regressor):
    mean, scale, dtype = regressor.target_mean_, regressor.target_scale_, _dtype(regressor)
    fits = _is_array(mean, 1, dtype) and _is_array(scale, 1, dtype) and len(mean) == len(scale)
    _require(fits and scale.min() > 0, "target_mean_ and target_scale_ are not those of outputs")
    n_outputs = len(regressor.target_intercepts_[-1])
    _require(len(mean) == n_outputs, "target_mean_ does not fit the head")
    _require(type(regressor._has_one_output) is bool, "_has_one_output is not a bool")
    _require(n_outputs == 1 or not regressor._has_one_output, "_has_one_output does not fit")


def _check_variational(estimator):
    variance, noise = estimator.code_variance_, estimator.noise_variance_
    norm = estimator._gradient_norm
    fits = _is_array(variance, 1, _dtype(estimator)) and len(variance) == estimator._n_features_out
    _require(fits and variance.min() >= 0, "code_variance_ is not a variance for each code unit")
    is_variance = isinstance(noise, Real) and MIN_NOISE_VARIANCE <= noise < math.inf
    _require(noise is None or is_variance, "noise_variance_ is not a variance")
    is_norm = isinstance(norm, Real) and 0 <= norm < math.inf
    _require(is_norm, "_gradient_norm is not a number from 0 on")


def _check_detector(detector):
    detector._validate_params()
    check_widths(detector.n_components)


def _check_members(detector):
    """Fitted autoencoders for the same features, with means for missing cells."""
    members = detector.estimators_
    _require(type(members) is list and len(members) > 0, "estimators_ are not a list of some")
    fits = all(_is_network_of(each, detector.n_features_in_) for each in members)
    _require(fits, "estimators_ are not autoencoders of the detector's features")


def _is_network_of(estimator, n_features):
    """Whether it is an autoencoder that was fitted to so many features."""
    return (
        isinstance(estimator, BaseAutoencoder)
        and getattr(estimator, "n_features_in_", None) == n_features
        and getattr(estimator, "mean_", None) is not None
    )


def _check_units(detector):
    for name in ("mean_", "scale_"):
        value = getattr(detector, name)
        fits = _is_array(value, 1, np.float64) and len(value) == detector.n_features_in_
        _require(fits, f"{name} is not a finite number for each feature")
    _require(detector.scale_.min() > 0, "scale_ is not positive")
    known = _is_mask(detector.is_constant_, detector.n_features_in_)
    _require(known, "is_constant_ is not a bool for each feature")
    _check_fences(detector._fences, detector.n_features_in_)


def _check_usual(detector):
    """What is usual for each member, among the references, and the threshold."""
    n_members, n_features = len(detector.estimators_), detector.n_features_in_
    weights = detector.reference_weights_
    _require(_is_array(weights, 1, np.float64), "reference_weights_ are not finite numbers")
    shapes = {
        "error_variances_": (n_members, n_features),
        "references_": (len(weights), n_features),
        "rebuilt_references_": (len(weights), n_features),
        "reference_weights_": (max(1, len(weights)),),
        "neighbour_variances_": (2, n_features),
        "medians_": (n_features,),
        "median_variances_": (2, n_features),
        "error_spreads_": (n_members,),
        "part_medians_": (4,),
        "part_spreads_": (4,),
    }
    for name, shape in shapes.items():
        value = getattr(detector, name)
        fits = _is_array(value, len(shape), np.float64) and value.shape == shape
        _require(fits, f"{name} are not finite numbers of shape {shape}")
        may_be_0 = name in ("references_", "rebuilt_references_", "medians_", "part_medians_")
        _require(may_be_0 or value.min() > 0, f"{name} are not positive")
    is_number = isinstance(detector.offset_, Real) and math.isfinite(detector.offset_)
    _require(is_number, "offset_ is not a finite number")


def _check_middle_score(detector):
    for autoencoder in detector.estimators_:
        check_consistency(autoencoder)
    with quiet_overflow():
        # Past the checks of X, which may have names.
        scores = detector._scale().scores(detector._row_costs(detector.mean_[np.newaxis]))
    _require(np.isfinite(scores).all(), "the score of mean_ is not finite")


def _check_imputer(imputer):
    imputer._validate_params()


def _check_filled(imputer):
    """Which features are filled, which of them vary, and the autoencoder that fills these."""
    known = _is_mask(imputer._is_filled, imputer.n_features_in_)
    _require(known and imputer._is_filled.any(), "_is_filled is not a bool for each feature")
    known = _is_mask(imputer._varies, int(imputer._is_filled.sum()))
    _require(known, "_varies is not a bool for each filled feature")
    n_varying, autoencoder = int(imputer._varies.sum()), imputer.autoencoder_
    fits = _is_network_of(autoencoder, n_varying) if n_varying else autoencoder is None
    _require(fits, "autoencoder_ is not one of the filled features")


def _is_mask(value, length):
    return type(value) is np.ndarray and value.dtype == bool and value.shape == (length,)


def _check_normal(imputer):
    """A mean and, unless it is None, a covariance of the filled features."""
    mean, covariance, varies = imputer.mean_, imputer.covariance_, imputer._varies
    fits = _is_array(mean, 1, np.float64) and len(mean) == len(varies)
    _require(fits, "mean_ is not a finite number for each filled feature")
    if covariance is not None:
        fits = _is_array(covariance, 2, np.float64) and covariance.shape == 2 * varies.shape
        fits = fits and _is_covariance(covariance[np.ix_(varies, varies)])
        _require(fits, "covariance_ is not that of a distribution")


def _is_covariance(matrix):
    """Whether it is symmetric and positive definite."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return np.allclose(matrix, matrix.T, rtol=1e-6)


def _check_bounds(imputer):
    """Bounds of the values filled in, infinite where their dtype ends before."""
    low, high = imputer.fill_min_, imputer.fill_max_
    for bound in (low, high):
        known = type(bound) is np.ndarray and bound.dtype in (np.float32, np.float64)
        _require(
            known and bound.shape == imputer.mean_.shape, "a bound is not one for each feature"
        )
    _require(bool((low <= high).all()), "fill_min_ is above fill_max_")
    _check_fences(imputer._fences, len(imputer.mean_))


def _check_fences(fences, n_features):
    known = type(fences) is np.ndarray and fences.dtype == np.float64
    fits = known and fences.shape == (2, n_features) and bool((fences[0] <= fences[1]).all())
    _require(fits, "_fences are not two for each feature")


def _check_middle_fill(imputer):
    """A row without any observed value is filled by finite ones."""
    check_consistency(imputer.autoencoder_)
    empty = np.full((1, len(imputer.mean_)), np.nan, imputer.fill_min_.dtype)
    with quiet_overflow():
        filled = imputer._fill(empty)
    _require(np.isfinite(filled).all(), "mean_ and covariance_ lead to infinite numbers")


def _check_rounds(imputer):
    curve, n_rounds = imputer.error_curve_, imputer.n_iter_
    known = type(curve) is list and all(isinstance(error, Real) for error in curve)
    _require(known, "error_curve_ is not a list of numbers")
    _require(_is_whole(n_rounds) and n_rounds == len(curve) - 1, "n_iter_ is not that of its curve")
    fits = _is_whole(imputer.best_iter_) and imputer.best_iter_ <= n_rounds
    _require(fits, "best_iter_ is not one of the rounds")


def _check_indicator(imputer):
    """None, or one of features that there are."""
    # Its import takes longer than that of this package.
    from sklearn.impute import MissingIndicator

    indicator, n_features = imputer.indicator_, imputer.n_features_in_
    if indicator is None:
        return
    _require(type(indicator) is MissingIndicator, "indicator_ is not a MissingIndicator")
    chosen = getattr(indicator, "features_", None)
    known = type(chosen) is np.ndarray and chosen.ndim == 1 and chosen.dtype.kind == "i"
    fits = known and bool(((chosen >= 0) & (chosen < n_features)).all())
    _require(fits, "indicator_ tells of features that there are not")
