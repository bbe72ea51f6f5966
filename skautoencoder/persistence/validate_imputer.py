"""Whether the fitted attributes of an imputer belong together."""

from numbers import Real

import numpy as np

from .conditions import check_fences, is_array, is_mask, is_network_of, is_whole, require
from .validate_columns import network_width

ATTRIBUTES = {
    *("autoencoder_", "mean_", "covariance_", "fill_min_", "fill_max_", "indicator_"),
    *("error_curve_", "n_iter_", "best_iter_", "n_features_in_"),
    *("_is_filled", "_varies", "_fences"),
}


def check_imputer(imputer):
    """Raise ValueError for a wrong parameter."""
    imputer._validate_params()


def _check_filled(imputer):
    """Which features are filled, which of them vary, and the autoencoder that fills these."""
    known = is_mask(imputer._is_filled, network_width(imputer))
    require(known and imputer._is_filled.any(), "_is_filled is not a bool for each feature")
    known = is_mask(imputer._varies, int(imputer._is_filled.sum()))
    require(known, "_varies is not a bool for each filled feature")
    n_varying, autoencoder = int(imputer._varies.sum()), imputer.autoencoder_
    fits = is_network_of(autoencoder, n_varying) if n_varying else autoencoder is None
    require(fits, "autoencoder_ is not one of the filled features")


def _check_normal(imputer):
    """A mean and, unless it is None, a covariance of the filled features."""
    mean, covariance, varies = imputer.mean_, imputer.covariance_, imputer._varies
    fits = is_array(mean, 1, np.float64) and len(mean) == len(varies)
    require(fits, "mean_ is not a finite number for each filled feature")
    if covariance is not None:
        fits = is_array(covariance, 2, np.float64) and covariance.shape == 2 * varies.shape
        fits = fits and _is_covariance(covariance[np.ix_(varies, varies)])
        require(fits, "covariance_ is not that of a distribution")


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
        require(known and bound.shape == imputer.mean_.shape, "a bound is not one for each feature")
    require(bool((low <= high).all()), "fill_min_ is above fill_max_")
    check_fences(imputer._fences, len(imputer.mean_))


def _check_rounds(imputer):
    curve, n_rounds = imputer.error_curve_, imputer.n_iter_
    known = type(curve) is list and all(isinstance(error, Real) for error in curve)
    require(known, "error_curve_ is not a list of numbers")
    require(is_whole(n_rounds) and n_rounds == len(curve) - 1, "n_iter_ is not that of its curve")
    fits = is_whole(imputer.best_iter_) and imputer.best_iter_ <= n_rounds
    require(fits, "best_iter_ is not one of the rounds")


def _check_indicator(imputer):
    """None, or one of features that there are."""
    # Its import takes longer than that of this package.
    from sklearn.impute import MissingIndicator

    indicator, n_features = imputer.indicator_, imputer.n_features_in_
    if indicator is None:
        return
    require(type(indicator) is MissingIndicator, "indicator_ is not a MissingIndicator")
    chosen = getattr(indicator, "features_", None)
    known = type(chosen) is np.ndarray and chosen.ndim == 1 and chosen.dtype.kind == "i"
    fits = known and bool(((chosen >= 0) & (chosen < n_features)).all())
    require(fits, "indicator_ tells of features that there are not")


CHECKS = [_check_filled, _check_normal, _check_bounds, _check_rounds, _check_indicator]
