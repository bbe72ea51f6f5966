"""Log-likelihoods of rows, given the decoder's output, for the evidence lower bound."""

import math

import numpy as np


def gaussian(target, output, observed, variance):
    """Normal distribution about the output, summed over each row's observed cells."""
    squares = np.square(np.subtract(target, output, dtype=np.float64)) / variance
    return -0.5 * _observed_sum(squares + math.log(2 * math.pi * variance), observed)


def bernoulli(target, logits, observed, variance):
    """X z - log(1 + exp(z)), summed over each row's observed cells; there is no variance."""
    logits = logits.astype(np.float64)
    return _observed_sum(target * logits - np.logaddexp(0, logits), observed)


def _observed_sum(cells, observed):
    return cells.sum(axis=1) if observed is None else cells.sum(axis=1, where=observed)
