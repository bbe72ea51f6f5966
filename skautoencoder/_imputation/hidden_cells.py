"""Observed cells of held-out rows, hidden to see how near to them a way of filling comes."""

import numpy as np

from ..network.scaling import joint_deviations

# Of the cells of the held-out rows, this share is hidden, so many times.
HIDDEN_SHARE = 0.2
N_HIDINGS = 4

# A gain is not noise from so many standard errors on.
N_STANDARD_ERRORS = 2.0
MIN_ROWS = 3
NEGLIGIBLE = 1e-6


class HiddenCells:
    """Held-out rows, each several times with other cells hidden.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        The held-out rows, NaN where cells are missing.
    weights : ndarray of shape (n,)
        Only their ratios matter.
    scale : ndarray of shape (n_features,)
        What the errors of each feature are divided by.
    rng : numpy.random.Generator
        Draws the cells.
    columns : ndarray of int of shape (n_features,) or None
        Numbers of the columns that the features are parts of, each hidden as a whole and counted
        as one; None where each feature is one.
    """

    def __init__(self, X, weights, scale, rng, columns=None):
        self.X = np.tile(X, (N_HIDINGS, 1))
        self._scale, self._n_parts = scale, 1
        if columns is None:
            columns = np.arange(X.shape[1])
        else:
            self._scale = joint_deviations(scale, columns)
            self._n_parts = np.bincount(columns)[columns]
        draws = rng.random((len(self.X), columns.max() + 1))[:, columns]
        self.hidden = ~np.isnan(self.X) & (draws < HIDDEN_SHARE)
        self.missing = np.isnan(self.X) | self.hidden
        # Where no cell of a row is left, all fills are the mean.
        self.compared = self.hidden & ~self.missing.all(axis=1, keepdims=True)
        weights = np.tile(weights / weights.max(), N_HIDINGS)
        self._weights = np.broadcast_to(weights[:, np.newaxis], self.X.shape)

    def error(self, filled):
        """Root mean squared error on the hidden cells, in units of the scale."""
        weights = self._weights[self.hidden]
        squares = np.square(((filled - self.X) / self._scale)[self.hidden])
        total = (self._weights / self._n_parts)[self.hidden].sum() if len(weights) else 1.0
        return float(np.sqrt((squares * weights).sum() / total))

    def losses(self, filled):
        """Squared errors of the hidden cells that are compared, by weight; 0 for all others."""
        squares = np.square((filled - self.X) / self._scale) * self._weights
        return np.where(self.compared, squares, 0)

    def feature_errors(self, filled):
        """Root mean squared error of each feature; infinite where none of its cells is hidden."""
        totals = np.where(self.compared, self._weights, 0).sum(axis=0)
        errors = np.full(len(totals), np.inf)
        return np.sqrt(np.divide(self.losses(filled).sum(axis=0), totals, errors, where=totals > 0))

    def is_clearly_better(self, after, before, cells=True):
        """Whether one fill errs less than the other, in these cells, by more than noise."""
        pair = (np.where(cells, self.losses(filled), 0).sum(axis=1) for filled in (before, after))
        return is_clear_gain(*(losses.reshape(N_HIDINGS, -1).sum(axis=0) for losses in pair))


def is_clear_gain(before, after):
    """Whether the losses of rows fall in the mean, and by more than noise.

    That is, by two standard errors of the mean, of the losses or of their logarithms: a few rows
    with large losses may have all of the former, but not of the latter. Rows that neither gain
    nor lose say nothing.
    """
    before, after = before[before != after], after[before != after]
    if len(before) < MIN_ROWS or before.sum() <= after.sum():
        return False
    # Of two losses that are nearly 0, neither is much better.
    floor = NEGLIGIBLE * before.mean()
    return _is_positive(before - after) or _is_positive(np.log((before + floor) / (after + floor)))


def _is_positive(gains):
    return bool(gains.mean() > N_STANDARD_ERRORS * gains.std(ddof=1) / np.sqrt(len(gains)))
