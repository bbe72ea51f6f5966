"""Losses: the value over a batch, and the gradient with respect to the network's output.

The loss of a row is the sum over its features, so the squared error of one row is
``0.5 * ((x - r) ** 2).sum()``. A function takes the target, the network's output (which
it may overwrite), the weights of the rows (or None), and a buffer that it fills with the
gradient. It returns the weighted sum over the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .activations import exp, sigmoid


@dataclass(frozen=True)
class Loss:
    """A loss, the range that its targets must lie in, and the output that it is fused with."""

    function: Callable
    low: float = -np.inf
    high: float = np.inf
    fused_activation: str | None = None

    @property
    def takes_skip_connections(self):
        """Whether a network with skip connections can be trained: not for an unbounded range."""
        return self.fused_activation is None or np.isfinite(self.high)

    @property
    def has_range(self):
        """Whether targets must lie in a range."""
        return np.isfinite(self.low) or np.isfinite(self.high)

    def compute(self, target, output, sample_weight, observed, gradient):
        """Call the function where only the cells that are `present` count; None: all are."""
        if observed is None:
            return self.function(target, output, sample_weight, gradient)
        # A row's loss is a sum over its cells, so each cell can be a row of its own.
        weights = observed.astype(target.dtype)
        if sample_weight is not None:
            weights *= sample_weight[:, np.newaxis]
        target, output, gradient = (a.reshape(-1, 1) for a in (target, output, gradient))
        return self.function(target, output, weights.ravel(), gradient)


def squared_error(target, output, sample_weight, gradient):
    """0.5 * (output - target)^2."""
    np.subtract(output, target, out=gradient)
    if sample_weight is None:
        return 0.5 * float(np.dot(gradient.ravel(), gradient.ravel()))
    np.multiply(gradient, gradient, out=output)
    total = 0.5 * float(np.dot(output.sum(axis=1), sample_weight))
    np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
    return total


def absolute_error(target, output, sample_weight, gradient):
    """|output - target|; gradient its sign."""
    np.subtract(output, target, out=output)
    np.sign(output, out=gradient)
    np.abs(output, out=output)
    return _weighted_sum(output.sum(axis=1), sample_weight, gradient)


def huber(target, output, sample_weight, gradient):
    """0.5 e^2 where |e| <= 1, else |e| - 0.5; with the gradient g = clip(e, -1, 1), g (e - g/2)."""
    np.subtract(output, target, out=output)
    np.clip(output, -1, 1, out=gradient)
    np.add(output, output, out=output)
    np.subtract(output, gradient, out=output)
    np.multiply(output, gradient, out=output)
    return _weighted_sum(0.5 * output.sum(axis=1), sample_weight, gradient)


def binary_cross_entropy_on_logits(target, logits, sample_weight, gradient):
    """softplus(z) - x z = max(z, 0) - x z + log1p(exp(-|z|)); gradient sigmoid(z) - x.

    Working on the logits z, before the sigmoid, needs no clipping.
    """
    np.abs(logits, out=gradient)
    np.negative(gradient, out=gradient)
    np.exp(gradient, out=gradient)
    np.log1p(gradient, out=gradient)
    rows = gradient.sum(axis=1)
    np.clip(logits, 0, np.inf, out=gradient)
    rows += gradient.sum(axis=1)
    rows -= np.einsum("ij,ij->i", target, logits)
    sigmoid(logits)
    np.subtract(logits, target, out=gradient)
    return _weighted_sum(rows, sample_weight, gradient)


def poisson_on_log(target, log_rate, sample_weight, gradient):
    """Half the deviance, x log(x) - x z + exp(z) - x; gradient exp(z) - x.

    The terms of x alone make a perfect reconstruction's loss 0.
    """
    # Where x is 0 its product with any finite logarithm is 0, which is the limit.
    np.maximum(target, np.finfo(target.dtype).tiny, out=gradient)
    np.log(gradient, out=gradient)
    np.subtract(gradient, log_rate, out=gradient)
    np.multiply(gradient, target, out=gradient)
    rows = gradient.sum(axis=1)
    exp(log_rate)
    np.subtract(log_rate, target, out=gradient)
    rows += gradient.sum(axis=1)
    return _weighted_sum(rows, sample_weight, gradient)


def _weighted_sum(rows, sample_weight, gradient):
    """Sum of the rows' losses times their weights, which go into the gradient too."""
    if sample_weight is None:
        return float(rows.sum())
    np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
    return float(np.dot(rows, sample_weight))


LOSSES = {
    "squared_error": Loss(squared_error),
    "absolute_error": Loss(absolute_error),
    "huber": Loss(huber),
    "binary_cross_entropy": Loss(
        binary_cross_entropy_on_logits, low=0, high=1, fused_activation="sigmoid"
    ),
    "poisson": Loss(poisson_on_log, low=0, fused_activation="exp"),
}
