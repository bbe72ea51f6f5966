"""Clear errors before any figure is made: arrays, names of features."""

import numpy as np

from ..utils.array_conversion import dense


def check_matrix(values, name, shape=None):
    """Return `values` as a dense matrix with at least one cell, of `shape` unless None."""
    values = dense(values)
    if values.ndim != 2 or values.size == 0 or (shape is not None and values.shape != shape):
        wanted = "two dimensions and at least one row and column" if shape is None else f"{shape}"
        raise ValueError(
            f"{name} must have shape {wanted}. Got shape {values.shape} instead: pass one row for "
            "each sample."
        )
    return values


def check_vector(values, name, length=None):
    """Return `values` as a vector of floats, of this length unless None."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) == 0 or length not in (None, len(values)):
        wanted = "at least one value" if length is None else f"{length} values"
        raise ValueError(f"{name} must be a sequence of {wanted}. Got shape {values.shape}.")
    return values


def as_labels(values):
    """An array of labels that can be compared and sorted: strings in place of objects."""
    values = np.asarray(values)
    return values.astype(str) if values.dtype.kind == "O" else values


def check_feature_names(feature_names, n_features):
    """Return the names as a list, "x0", "x1", ... where there are none."""
    if feature_names is None:
        return [f"x{i}" for i in range(n_features)]
    names = [str(name) for name in feature_names]
    if len(names) != n_features:
        raise ValueError(
            f"feature_names must have one name for each of the {n_features} features. Got "
            f"{len(names)} names: leave it at None for the names that the estimator was fitted on."
        )
    return names
