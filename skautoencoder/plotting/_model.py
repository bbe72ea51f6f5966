"""An estimator as pictures need it: the autoencoder, and its rows in the units to show."""

import numpy as np
from scipy import sparse

from .._data_validation import check_rows, inference_rows
from .._pipeline_inspection import (
    can_undo,
    has_categories,
    known_names,
    names_of_inputs,
    split_fitted,
)
from ..utils.array_conversion import count_rows, dense
from ..utils.compat import _safe_indexing


class Model:
    """A fitted autoencoder, alone or at the end of a pipeline, and rows for it.

    Rows are shown as they were given where the steps before the autoencoder can be undone,
    else as the autoencoder sees them. A table with categories has columns of both kinds: its own,
    which have one error each, and the encoded ones, of which a category has one for each value.
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

        self.has_categories = has_categories(self.autoencoder)

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

    def encoded(self, indices):
        """These rows of a table with categories as numbers and shares, NaN where one is missing."""
        part = _safe_indexing(self.inputs, indices)
        return check_rows(self.autoencoder, part, [np.float64, np.float32], reset=False)[0]

    def encoded_rows(self, indices):
        """The same, and the numbers and probabilities that they are rebuilt as."""
        part = _safe_indexing(self.inputs, indices)
        return self.encoded(indices), self.autoencoder.reconstruct_proba(part)

    def values_and_errors(self, indices):
        """Values whose variance there is, and the squared error of each cell."""
        if not self.has_categories:
            X, X_rebuilt = self.rows(indices)
            return X, squared_errors(X, X_rebuilt)
        part = _safe_indexing(self.inputs, indices)
        errors = self.autoencoder.reconstruction_error(part, per_feature=True)
        return inference_rows(self.autoencoder, part).X, dense(errors)

    def by_column(self, values):
        """One number for each column from those of the encoded ones, as errors are added up."""
        if not self.has_categories:
            return values
        return self.autoencoder._by_column(values)


def squared_errors(X, X_rebuilt):
    """Of every cell; NaN where X is missing."""
    return np.square(np.subtract(X_rebuilt, X, dtype=float))
