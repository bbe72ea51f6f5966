"""An estimator as pictures need it: the autoencoder, and its rows in the units to show."""

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._base import BaseAutoencoder
from ..utils.compat import _safe_indexing
from ._checks import dense

N_ROWS_TO_UNDO = 20


def split(estimator):
    """The steps before the autoencoder, None where there are none, and the autoencoder."""
    steps, autoencoder = None, estimator
    if isinstance(estimator, Pipeline):
        steps, autoencoder = estimator[:-1] if len(estimator) > 1 else None, estimator[-1]
    if not isinstance(autoencoder, BaseAutoencoder):
        raise TypeError(
            "estimator must be an AutoencoderTransformer, a VariationalAutoencoderTransformer or "
            f"a Pipeline that ends with one. Got {estimator!r} instead: give the data themselves "
            "to the display's constructor."
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


class Model:
    """A fitted autoencoder, alone or at the end of a pipeline, and rows for it.

    Rows are shown as they were given where the steps before the autoencoder can be undone,
    else as the autoencoder sees them.
    """

    def __init__(self, estimator, X):
        self.steps, self.autoencoder = split_fitted(estimator)
        X = X.tocsr() if sparse.issparse(X) else X
        self.inputs = X if self.steps is None else self.steps.transform(X)
        self._undoes = self.steps is not None and can_undo(self.steps, X, self.inputs)
        self.shown = X if self._undoes else self.inputs
        self.feature_names = known_names(estimator)
        if not self._undoes:
            self.feature_names = names_of_inputs(self.steps, self.autoencoder)

    @property
    def n_rows(self):
        """Number of rows."""
        return count_rows(self.shown)

    def codes(self, indices):
        """Codes of these rows."""
        return dense(self.autoencoder.transform(_safe_indexing(self.inputs, indices)))

    def rows(self, indices):
        """These rows and what becomes of them, in the same units."""
        X_rebuilt = self.autoencoder.reconstruct(_safe_indexing(self.inputs, indices))
        if self._undoes:
            X_rebuilt = self.steps.inverse_transform(X_rebuilt)
        return dense(_safe_indexing(self.shown, indices)), dense(X_rebuilt)


def can_undo(steps, X, inputs):
    """Whether the steps lead back to the first rows of X.

    That there is an `inverse_transform` says little: that of a FunctionTransformer without an
    inverse leaves its input as it is.
    """
    first = np.arange(min(N_ROWS_TO_UNDO, count_rows(X)))
    try:
        undone = dense(steps.inverse_transform(dense(_safe_indexing(inputs, first))))
        given = dense(_safe_indexing(X, first))
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return False
    if undone.shape != given.shape:
        return False
    size = np.nanmax(np.abs(given), initial=0)
    return np.allclose(undone, given, rtol=1e-3, atol=1e-3 * size, equal_nan=True)


def count_rows(X):
    """Number of rows of an array, a frame or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def squared_errors(X, X_rebuilt):
    """Of every cell; NaN where X is missing."""
    return np.square(np.subtract(X_rebuilt, X, dtype=float))
