"""Observed cells of held-out rows, hidden to see how near to them a way of filling comes."""

import numpy as np

# Of the cells of the held-out rows, this share is hidden, so many times.
HIDDEN_SHARE = 0.2
N_HIDINGS = 4

# A gain is not noise from so many standard errors on.
N_STANDARD_ERRORS = 2.0
MIN_ROWS = 3


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
    """

    def __init__(self, X, weights, scale, rng):
        self.X = np.tile(X, (N_HIDINGS, 1))
        self.hidden = ~np.isnan(self.X) & (rng.random(self.X.shape) < HIDDEN_SHARE)
        self.missing = np.isnan(self.X) | self.hidden
        # Where no cell of a row is left, all fills are the mean.
        self.compared = self.hidden & ~self.missing.all(axis=1, keepdims=True)
        self._scale = scale
        weights = np.tile(weights / weights.max(), N_HIDINGS)
        self._weights = np.broadcast_to(weights[:, np.newaxis], self.X.shape)

    def error(self, filled):
        """Root mean squared error on the hidden cells, in units of the scale."""
        weights = self._weights[self.hidden]
        squares = np.square(((filled - self.X) / self._scale)[self.hidden])
        total = weights.sum() if len(weights) else 1.0
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

    def gains(self, before, after, cells=True):
        """By how much each row's losses in these cells fall from one fill to the other."""
        gains = np.where(cells, self.losses(before) - self.losses(after), 0).sum(axis=1)
        return gains.reshape(N_HIDINGS, -1).sum(axis=0)

    def is_better(self, after, before, tol):
        """Whether the error falls from one fill to the other by the share `tol`, and clearly."""
        least = (1 - tol) ** 2 * self.losses(before).sum()
        return self.losses(after).sum() < least and is_clear(self.gains(before, after))


def is_clear(gains):
    """Whether rows gain more than noise; those that neither gain nor lose say nothing."""
    gains = gains[gains != 0]
    if len(gains) < MIN_ROWS:
        return False
    return bool(gains.mean() > N_STANDARD_ERRORS * gains.std(ddof=1) / np.sqrt(len(gains)))
