"""Gross cells: so far from all others of their feature that they are taken for errors."""

import numpy as np
from scipy import sparse

# A cell is gross from so many times the distance of the others from their feature's median on.
# Features have such a gap in 28 of 3300 samples of 13 real tables (23 times it is the only cell
# that is not 0), in 1 of 1000 of Student's t with 3 degrees of freedom, and never of a normal one.
FACTOR = 10.0
# At most so many cells of a feature, or this share of them, can be gross: more are a group of
# their own. In few cells, it is no more than a tenth of them, or one.
MAX_CELLS, MAX_SHARE, MAX_SHARE_OF_FEW = 3, 0.02, 0.1
# With fewer cells, one that is far off is not known to be rare.
MIN_CELLS = 10


def find_fences(X, is_share=None):
    """Limits of every feature beyond which its cells are gross, in float64.

    Distances are taken from the median, and compared among the cells that are not at the median:
    the ones of a feature that is nearly always 0 are no errors. Features of which
    `is_share` says that they are parts of a category have no limits: a rare one is no error.
    """
    fences = np.empty((2, X.shape[1]))
    for feature, column in enumerate(_columns(X)):
        values = column[~np.isnan(column)].astype(np.float64)
        median = np.median(values) if len(values) else 0.0
        reach = _reach(np.abs(values - median))
        fences[:, feature] = median - reach, median + reach
    if is_share is not None:
        fences[:, is_share] = [[-np.inf], [np.inf]]
    return fences


def without_gross(X, fences):
    """X with NaN in place of gross cells; X itself where there are none.

    Zeros that a sparse X does not store stay as they are.
    """
    low, high = fences
    if sparse.issparse(X):
        data = without_gross(X.data, (low[X.indices], high[X.indices]))
        return X if data is X.data else sparse.csr_array((data, X.indices, X.indptr), X.shape)
    gross = (low > X) | (high < X)
    return np.where(gross, X.dtype.type(np.nan), X) if gross.any() else X


def _columns(X):
    """The features of a dense or sparse X, one after the other."""
    if not sparse.issparse(X):
        return X.T
    columns = sparse.csc_array(X)
    return (columns[:, [feature]].toarray()[:, 0] for feature in range(X.shape[1]))


def _reach(distances):
    """The largest distance from the median that is not gross."""
    if len(distances) < MIN_CELLS:
        return np.inf
    distances = np.sort(distances[distances > 0])
    if len(distances) == 0:
        return np.inf
    # The smallest of the suspects that lies beyond a gap, and all above it, are gross.
    ordinary, suspects = _before_and_after(distances)
    beyond = np.flatnonzero(suspects > FACTOR * ordinary)
    return FACTOR * (ordinary[beyond[0]] if len(beyond) else distances[-1])


def _before_and_after(distances):
    """The distances that may be gross, in order, and before them the next smaller one of each."""
    size = len(distances)
    few = max(1, int(MAX_SHARE_OF_FEW * size))
    n_suspects = min(max(MAX_CELLS, int(MAX_SHARE * size)), few)
    padded = np.concatenate([[0.0], distances])
    return padded[-n_suspects - 1 : -1], padded[-n_suspects:]
