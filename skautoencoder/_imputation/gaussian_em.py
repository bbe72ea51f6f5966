"""The normal distribution of rows with missing cells: estimated, and used to fill them.

With mean m and covariance C, split into the missing and the observed cells of a row, the
expectation of the missing ones is ``m_mis + C_mis,obs C_obs,obs^-1 (x_obs - m_obs)``.

References
----------
.. [1] Dempster, Laird, Rubin (1977), Maximum likelihood from incomplete data via the EM
   algorithm. Journal of the Royal Statistical Society B 39.
"""

import copy
from itertools import count

import numpy as np

# After so many steps, EM is nearly there on most data; stopping then, under a prior that draws the
# covariance to that of independent features as if by so many rows, keeps small data from
# overfitting.
N_STEPS = 6
PRIOR_ROWS = 5.0
# In further steps the prior weakens by this factor each, to no less than this share of the rows:
# with less the covariance may be singular.
DECAY = 0.3
MIN_PRIOR_SHARE = 1e-10

# Rows solved at a time; sorted by their number of cells, so that they need little padding.
BLOCK_ROWS = 64


class NormalModel:
    """Mean and covariance of the features; the equations are solved for standardised ones."""

    def __init__(self, mean, covariance):
        self.mean = mean
        self.deviation = np.sqrt(np.diagonal(covariance))
        self.correlation = covariance / self.deviation / self.deviation[:, np.newaxis]
        self.precision = np.linalg.inv(self.correlation)

    def rescaled(self, shift, scale):
        """The distribution of (x - shift) / scale, in the dtype of the scale."""
        model = copy.copy(self)
        model.mean, model.deviation = (self.mean - shift) / scale, self.deviation / scale
        for name, value in vars(model).items():
            setattr(model, name, value.astype(scale.dtype))
        return model

    def of(self, features):
        """The distribution of some of the features alone; None for all."""
        if features is None:
            return self
        return NormalModel(self.mean[features], self.covariance[np.ix_(features, features)])

    @property
    def covariance(self):
        return self.correlation * self.deviation * self.deviation[:, np.newaxis]

    def fill(self, X, missing):
        """Set the missing cells of X to their expectation given the others of their row.

        What stands in them before has no influence.
        """
        standardised = np.where(missing, 0, (X - self.mean) / self.deviation)
        # Both ways give the same; the one with the smaller systems is faster.
        if 2 * np.count_nonzero(missing) < missing.size:
            right = -(standardised @ self.precision)
            expected = solve_within(self.precision, missing, right)
        else:
            solution = solve_within(self.correlation, ~missing, standardised)
            expected = solution @ self.correlation
        expected = expected * self.deviation + self.mean
        np.copyto(X, expected, where=missing, casting="same_kind")


def em_steps(Z, missing, weights, dtype=np.float64):
    """Yield the distribution of standardised rows after each step of EM [1]_, without end.

    Only the ratios of the weights matter: a row of the prior weighs what the rows do on average,
    each by its weight, which counts it against their effective number. `dtype` is that in which
    the distribution will be used.
    """
    weights = weights / weights.max()
    total = weights.sum()
    row_weight = np.square(weights).sum() / total
    min_prior = total * max(MIN_PRIOR_SHARE, 1000 * np.finfo(dtype).eps)
    filled, spread, prior_rows = np.where(missing, 0, Z), 0, PRIOR_ROWS
    for step in count(1):
        mean = weights @ filled / total
        centred = filled - mean
        prior = max(prior_rows * row_weight, min_prior)
        scatter = (weights * centred.T) @ centred + spread + prior * np.eye(Z.shape[1])
        model = NormalModel(mean, scatter / (total + prior))
        yield model
        model.fill(filled, missing)
        spread = _conditional_spread(model, missing, weights)
        if step >= N_STEPS:
            prior_rows *= DECAY


def solve_within(matrix, chosen, right):
    """Solve, for each row, the equations of its chosen features alone; 0 for the others."""
    # The last column stands for the features that pad a block.
    padded = np.pad(right, [(0, 0), (0, 1)])
    result = np.zeros_like(padded)
    for rows, features, systems in _systems(matrix, chosen):
        cells = (rows[:, np.newaxis], features)
        result[cells] = np.linalg.solve(systems, padded[cells][:, :, np.newaxis])[:, :, 0]
    return result[:, :-1]


def _conditional_spread(model, missing, weights):
    """Weighted sum of the covariances that the missing cells of each row have given the rest."""
    size = len(model.mean) + 1
    spread = np.zeros(size**2)
    for rows, features, systems in _systems(model.precision, missing):
        covariances = np.linalg.inv(systems) * weights[rows, np.newaxis, np.newaxis]
        spread += np.bincount(_pairs(features, size).ravel(), covariances.ravel(), size**2)
    spread = spread.reshape(size, size)[:-1, :-1]
    return spread * model.deviation * model.deviation[:, np.newaxis]


def _systems(matrix, chosen):
    """Yield rows, their chosen features and the part of the matrix that belongs to these.

    Rows with fewer features than others of their block are padded with one more, numbered
    after the last, that is independent of all.
    """
    n_features = len(matrix)
    padded = np.pad(matrix, (0, 1))
    counts = chosen.sum(axis=1)
    indices = np.argsort(counts, kind="stable")[np.count_nonzero(counts == 0) :]
    for start in range(0, len(indices), BLOCK_ROWS):
        rows = indices[start : start + BLOCK_ROWS]
        width = counts[rows[-1]]
        features = np.argsort(~chosen[rows], axis=1, kind="stable")[:, :width]
        is_padding = np.arange(width) >= counts[rows, np.newaxis]
        features[is_padding] = n_features
        systems = padded.take(_pairs(features, n_features + 1))
        diagonal = np.arange(width)
        systems[:, diagonal, diagonal] += is_padding
        yield rows, features, systems


def _pairs(features, size):
    """Positions, in a flattened matrix of that size, of all pairs of a row's features."""
    return features[:, :, np.newaxis] * size + features[:, np.newaxis, :]
