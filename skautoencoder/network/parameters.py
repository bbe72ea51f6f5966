"""Weights and biases of a network, as views into one flat vector."""

from itertools import pairwise

import numpy as np


class Parameters:
    """All weights (n_in, n_out) and biases (n_out,) of a network in one flat array.

    A solver's step over `flat` is a handful of calls whatever the depth; the layers see
    `weights` and `biases`. Gradients have the same form.
    """

    def __init__(self, widths, dtype):
        shapes = list(pairwise(widths))
        self.flat = np.zeros(sum((n_in + 1) * n_out for n_in, n_out in shapes), dtype=dtype)
        self.weights, self.biases = [], []
        start = 0
        for n_in, n_out in shapes:
            middle, stop = start + n_in * n_out, start + (n_in + 1) * n_out
            self.weights.append(self.flat[start:middle].reshape(n_in, n_out))
            self.biases.append(self.flat[middle:stop])
            start = stop

    @property
    def widths(self):
        """Number of units of every layer, the input's first."""
        return [self.weights[0].shape[0], *(len(bias) for bias in self.biases)]

    @classmethod
    def from_arrays(cls, coefs, intercepts):
        """Copy lists of weight matrices and bias vectors into a new flat vector."""
        parameters = cls([coefs[0].shape[0], *(len(bias) for bias in intercepts)], coefs[0].dtype)
        for view, array in zip(parameters.weights, coefs, strict=True):
            view[...] = array
        for view, array in zip(parameters.biases, intercepts, strict=True):
            view[...] = array
        return parameters

    def to_arrays(self):
        """Return lists of weight matrices and bias vectors that own their memory."""
        return [w.copy() for w in self.weights], [b.copy() for b in self.biases]
