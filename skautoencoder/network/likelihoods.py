"""Log-likelihoods of rows, given the decoder's output, for the evidence lower bound."""

import math

import numpy as np
from scipy.special import logsumexp

# Draws of the code by which the evidence lower bound is estimated, or four for each unit.
N_BOUND_DRAWS = 64


def gaussian(target, output, observed, variance):
    """Normal distribution about the output, summed over each row's observed cells."""
    squares = np.square(np.subtract(target, output, dtype=np.float64)) / variance
    return -0.5 * _observed_sum(squares + np.log(2 * math.pi * variance), observed)


def bernoulli(target, logits, observed, variance):
    """X z - log(1 + exp(z)), summed over each row's observed cells; there is no variance."""
    logits = logits.astype(np.float64)
    return _observed_sum(target * logits - np.logaddexp(0, logits), observed)


def categorical(target, logits, observed, variance):
    """Log-probability of the category that is 1 in a group of columns; there is no variance."""
    logits = logits.astype(np.float64)
    likelihood = (target * logits).sum(axis=1) - logsumexp(logits, axis=1)
    return likelihood if observed is None else np.where(observed[:, 0], likelihood, 0.0)


def by_column(parts, variances):
    """The log-likelihood of rows whose columns differ.

    Parameters
    ----------
    parts : list of (function, ndarray of int)
        Log-likelihoods, and the columns of each.
    variances : ndarray of shape (n_columns,)
        Of the noise of every column.
    """

    def likelihood(target, output, observed, variance):
        total = np.zeros(len(target))
        for function, columns in parts:
            seen = None if observed is None else observed[:, columns]
            total += function(target[:, columns], output[:, columns], seen, variances[columns])
        return total

    return likelihood


def _observed_sum(cells, observed):
    return cells.sum(axis=1) if observed is None else cells.sum(axis=1, where=observed)


def balanced_draws(n_components):
    """Standard normal draws whose mean is exactly 0 and whose covariance is exactly 1.

    Half of them are the others' negatives, and the polar factor takes the place of each half.
    """
    n_pairs = max(N_BOUND_DRAWS // 2, 2 * n_components)
    draws = np.random.default_rng(0).standard_normal((n_pairs, n_components))
    left, _, right = np.linalg.svd(draws, full_matrices=False)
    draws = np.sqrt(n_pairs) * (left @ right)
    return np.concatenate([draws, -draws])
