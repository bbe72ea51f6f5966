"""Normal scores: numbers of any distribution as numbers of a normal one, by their ranks."""

import numpy as np
from scipy.special import ndtri

# Of a column with more distinct values, as many quantiles stand for all.
MAX_KNOTS = 1000


class NormalScores:
    """The monotone map of each column onto a standard normal distribution, and back.

    A value has the score of the middle of its ranks. Between the values that were learned the map
    is linear, and beyond them it goes on with the slope of the column's deviation; scores beyond
    those of the outermost values lead back to these.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        With NaN where a cell is missing.
    weights : ndarray of shape (n_samples,) or None
        How often each row counts.

    Attributes
    ----------
    values, scores : list of ndarray
        Of each column, increasing; of one that does not vary a single value.
    deviations : list of float
    """

    def __init__(self, X, weights=None):
        self.values, self.scores, self.deviations = [], [], []
        weights = np.ones(len(X)) if weights is None else weights
        for column in X.T.astype(np.float64):
            is_counted = np.isfinite(column) & (weights > 0)
            values, counts = _distinct(column[is_counted], weights[is_counted])
            knots, scores = _knots(values, counts)
            self.values.append(knots)
            self.scores.append(scores)
            self.deviations.append(_deviation(values, counts))

    def apply(self, X):
        """X with a score in the place of each number."""
        scored = np.empty_like(X)
        own = zip(X.T, self.values, self.scores, self.deviations, strict=True)
        for number, each in enumerate(own):
            scored[:, number] = _scores(*each)
        return scored

    def undo(self, Z):
        """The numbers that scores stand for."""
        numbers = np.empty_like(Z)
        for number, each in enumerate(zip(Z.T, self.scores, self.values, strict=True)):
            numbers[:, number] = np.interp(*each)
        return numbers


def _distinct(observed, weights):
    """Distinct values, in order, and their summed weights."""
    values, which = np.unique(observed, return_inverse=True)
    return values, np.bincount(which, weights, minlength=len(values))


def _deviation(values, counts):
    if len(values) < 2:
        return 1.0
    mean = np.average(values, weights=counts)
    return float(np.sqrt(np.average(np.square(values - mean), weights=counts)))


def _knots(values, counts):
    """Values of a column, and their scores: the quantiles of the middles of their ranks.

    A column without any value, or with one, keeps this with the score 0.
    """
    if len(values) < 2:
        return (values if len(values) else np.zeros(1)), np.zeros(1)
    middles = (np.cumsum(counts) - counts / 2) / counts.sum()
    if len(values) > MAX_KNOTS:
        kept = np.unique(np.linspace(0, len(values) - 1, MAX_KNOTS).astype(int))
        values, middles = values[kept], middles[kept]
    return values, ndtri(middles)


def _scores(column, values, scores, deviation):
    beyond = column - np.clip(column, values[0], values[-1])
    return np.interp(column, values, scores) + beyond / deviation
