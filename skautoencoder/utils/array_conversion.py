"""Rows in whatever form they come: how many there are, and as an array."""

import numpy as np
from scipy import sparse


def dense(X):
    """X as an array of floats."""
    X = np.asarray(X.toarray() if sparse.issparse(X) else X)
    return X if X.dtype.kind == "f" else X.astype(float)


def count_rows(X):
    """Number of rows of an array, a frame or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)
