"""Conditions on the values of attributes that come from a file."""

from numbers import Integral

import numpy as np

from .._base import BaseAutoencoder


def require(condition, problem):
    """Raise ValueError that tells of the problem, unless the condition holds."""
    if not condition:
        raise ValueError(problem)


def is_array(value, ndim, dtype):
    """Whether it is an array of so many dimensions, of native floats that are finite."""
    return (
        type(value) is np.ndarray
        and value.ndim == ndim
        and value.dtype == dtype
        and bool(np.isfinite(value).all())
    )


def is_one_of(value, words):
    """Whether it is one of some words."""
    return type(value) is str and value in words


def is_whole(value, low=0):
    """Whether it is a whole number, not below `low`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= low


def is_network_of(estimator, n_features):
    """Whether it is an autoencoder that was fitted to so many features."""
    return (
        isinstance(estimator, BaseAutoencoder)
        and getattr(estimator, "n_features_in_", None) == n_features
        and getattr(estimator, "mean_", None) is not None
    )


def is_mask(value, length):
    """Whether it is an array of so many bools."""
    return type(value) is np.ndarray and value.dtype == bool and value.shape == (length,)


def check_fences(fences, n_features):
    """Raise ValueError unless they are a lower and an upper one for each feature."""
    known = type(fences) is np.ndarray and fences.dtype == np.float64
    fits = known and fences.shape == (2, n_features) and bool((fences[0] <= fences[1]).all())
    require(fits, "_fences are not two for each feature")
