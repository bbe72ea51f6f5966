"""A pipeline that ends with an autoencoder: its parts, and the way back to the units of X."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from .network.scaling import Scaling
from .utils.array_conversion import count_rows, dense
from .utils.compat import _safe_indexing

N_ROWS_TO_UNDO = 20


def split(estimator):
    """The steps before the autoencoder, None where there are none, and the autoencoder."""
    steps, autoencoder = None, estimator
    # Here, so that importing skautoencoder needs no sklearn.preprocessing.
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        steps, autoencoder = estimator[:-1] if len(estimator) > 1 else None, estimator[-1]
    if not isinstance(autoencoder, BaseAutoencoder):
        raise TypeError(
            "estimator must be an AutoencoderTransformer, a VariationalAutoencoderTransformer, an "
            "AutoencoderClassifier, an AutoencoderRegressor or a Pipeline that ends with one. Got "
            f"{estimator!r} instead: of a longer pipeline pass the steps up to the autoencoder, "
            "such as pipeline[:-1]."
        )
    return steps, autoencoder


def split_fitted(estimator):
    """The same for an estimator that has been fitted."""
    steps, autoencoder = split(estimator)
    check_is_fitted(autoencoder)
    return steps, autoencoder


def known_names(estimator):
    """The names of the features that an estimator was fitted on, None where it knows none."""
    return getattr(estimator, "feature_names_in_", None)


def names_of_inputs(steps, autoencoder):
    """The names of the features that the autoencoder itself sees, None where nobody knows them."""
    names = known_names(autoencoder)
    if names is not None or steps is None:
        return names
    try:
        return steps.get_feature_names_out()
    except (AttributeError, ValueError):
        return None


def has_categories(autoencoder):
    """Whether a fitted autoencoder sees a table with columns of categories."""
    table = autoencoder._columns
    return table is not None and table.has_categories


def can_undo(steps, X, inputs):
    """Whether the steps lead back to the first rows of X.

    That there is an `inverse_transform` says little: that of a FunctionTransformer without an
    inverse leaves its input as it is.
    """
    first = np.arange(min(N_ROWS_TO_UNDO, count_rows(X)))
    try:
        undone = dense(steps.inverse_transform(dense(_safe_indexing(inputs, first))))
        given = dense(_safe_indexing(X, first))
        return is_close(undone, given, 1e-3)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return False


def is_close(undone, given, tolerance):
    """Whether two arrays have the same shape, and values that differ by no more than a share."""
    if undone.shape != given.shape:
        return False
    size = np.nanmax(np.abs(given), initial=0)
    return np.allclose(undone, given, rtol=tolerance, atol=tolerance * size, equal_nan=True)


def scaling_of(steps, X, inputs):
    """The scaling that leads from what steps make of X back to X, None where none does.

    Whatever the steps are called: StandardScaler and MinMaxScaler have one, a logarithm has not.
    """
    if not can_undo(steps, X, inputs):
        return None
    shape = (1, inputs.shape[1])
    shift, end = (dense(steps.inverse_transform(each(shape)))[0] for each in (np.zeros, np.ones))
    if shift.shape != shape[1:]:
        return None
    scaling, first = Scaling(shift, end - shift), slice(N_ROWS_TO_UNDO)
    undone = dense(_safe_indexing(inputs, first)).astype(np.float64)
    scaling.undo(undone)
    return scaling if is_close(undone, dense(_safe_indexing(X, first)), 1e-6) else None
