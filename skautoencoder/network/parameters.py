"""Weights and biases of a network, as views into one flat vector."""

from itertools import pairwise

import numpy as np


class Parameters:
    """All weights (n_in, n_out) and biases (n_out,) of a network in one flat array.

    A solver's step over `flat` is a handful of calls whatever the depth; the layers see
    `weights` and `biases`. Gradients have the same form.

    Parameters
    ----------
    shapes : list of (int, int)
        Of the weights of every layer, and of those of the linear paths after them.
    dtype : dtype
    """

    def __init__(self, shapes, dtype):
        self.shapes = shapes
        self.flat = np.zeros(sum((n_in + 1) * n_out for n_in, n_out in shapes), dtype=dtype)
        self.weights, self.biases = [], []
        start = 0
        for n_in, n_out in shapes:
            middle, stop = start + n_in * n_out, start + (n_in + 1) * n_out
            self.weights.append(self.flat[start:middle].reshape(n_in, n_out))
            self.biases.append(self.flat[middle:stop])
            start = stop

    @classmethod
    def from_arrays(cls, coefs, intercepts):
        """Copy lists of weight matrices and bias vectors into a new flat vector."""
        parameters = cls([weights.shape for weights in coefs], coefs[0].dtype)
        for view, array in zip(parameters.weights, coefs, strict=True):
            view[...] = array
        for view, array in zip(parameters.biases, intercepts, strict=True):
            view[...] = array
        return parameters

    def zeros_like(self):
        """Parameters of the same shapes, all 0."""
        return Parameters(self.shapes, self.flat.dtype)

    def to_arrays(self):
        """Return lists of weight matrices and bias vectors that own their memory."""
        return [w.copy() for w in self.weights], [b.copy() for b in self.biases]


def layer_shapes(widths, code=None):
    """Shapes of the weights between layers of these widths.

    With `code`, the number of the code's layer, those of the linear paths from the input
    to the code and from there to the output come last.
    """
    shapes = list(pairwise(widths))
    if code is not None:
        shapes += [(widths[0], widths[code]), (widths[code], widths[-1])]
    return shapes
