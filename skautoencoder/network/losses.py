"""Losses: the value over a batch, and the gradient with respect to the network's output.

The loss of a row is the sum over its features, so the squared error of one row is
``0.5 * ((x - r) ** 2).sum()``. A function takes the target, the network's output (which
it may overwrite), the weights of the rows (or None), and a buffer that it fills with the
gradient. It returns the weighted sum over the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .activations import sigmoid


@dataclass(frozen=True)
class Loss:
    """A loss, the range that its targets must lie in, and the output that it is fused with."""

    function: Callable
    low: float = -np.inf
    high: float = np.inf
    fused_activation: str | None = None

    @property
    def has_range(self):
        """Whether targets must lie in a range."""
        return np.isfinite(self.low) or np.isfinite(self.high)


def squared_error(target, output, sample_weight, gradient):
    """0.5 * (output - target)^2."""
    np.subtract(output, target, out=gradient)
    if sample_weight is None:
        return 0.5 * float(np.dot(gradient.ravel(), gradient.ravel()))
    np.multiply(gradient, gradient, out=output)
    total = 0.5 * float(np.dot(output.sum(axis=1), sample_weight))
    np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
    return total


def binary_cross_entropy_on_logits(target, logits, sample_weight, gradient):
    """softplus(z) - x z = max(z, 0) - x z + log1p(exp(-|z|)); gradient sigmoid(z) - x.

    Working on the logits z, before the sigmoid, needs no clipping.
    """
    np.abs(logits, out=gradient)
    np.negative(gradient, out=gradient)
    np.exp(gradient, out=gradient)
    np.log1p(gradient, out=gradient)
    rows = gradient.sum(axis=1)
    np.maximum(logits, 0, out=gradient)
    rows += gradient.sum(axis=1)
    rows -= np.einsum("ij,ij->i", target, logits)
    sigmoid(logits)
    np.subtract(logits, target, out=gradient)
    if sample_weight is None:
        return float(rows.sum())
    np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
    return float(np.dot(rows, sample_weight))


LOSSES = {
    "squared_error": Loss(squared_error),
    "binary_cross_entropy": Loss(
        binary_cross_entropy_on_logits, low=0, high=1, fused_activation="sigmoid"
    ),
}
