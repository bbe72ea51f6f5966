"""The gradient of one batch, computed in shards by several threads where it is large."""

import numpy as np

from .inference import n_multiply_adds
from .layers import BatchBuffers, backward, forward
from .parallel import even_slices
from .parameters import Parameters

# A batch is cut where each shard still holds this many multiply-adds and rows.
WORK_PER_SHARD = 4_000_000
MIN_ROWS_PER_SHARD = 16


class Shard:
    """One thread's part of a batch: buffers, and gradients of its own."""

    def __init__(self, layers, widths, n_rows):
        self._layers = layers
        self._buffers = {n_rows: BatchBuffers.allocate(layers, n_rows)}
        self._largest = n_rows
        self.gradients = Parameters(widths, layers[0].weights.dtype)

    def compute(self, rows, index, loss, normaliser):
        """Fill the gradients for these rows over `normaliser`, and return the loss's sum."""
        buffers = self._buffers_for(len(index))
        target = buffers.values[0]
        rows.gather(index, target)
        output = forward(self._layers, buffers)
        delta = buffers.deltas[-1]
        total = loss.function(target, output, rows.weights(index), delta)
        np.divide(delta, normaliser, out=delta)
        backward(self._layers, buffers, self.gradients)
        return total

    def _buffers_for(self, n_rows):
        if n_rows not in self._buffers:
            self._buffers[n_rows] = self._buffers[self._largest].head(n_rows)
        return self._buffers[n_rows]


class BatchGradient:
    """Mean loss of a batch and its gradient, with the penalty of alpha.

    Parameters
    ----------
    layers : list of Dense
        As the loss wants them, see `training_layers`.
    parameters : Parameters
        What the layers look at.
    rows : Rows
    loss : Loss
    alpha : float
    workers : Workers
    """

    def __init__(self, layers, parameters, rows, loss, alpha, workers):
        self.layers = layers
        self.parameters = parameters
        self.rows = rows
        self.loss = loss
        self.alpha = alpha
        self.workers = workers
        self._shards = []

    def allocate(self, batch_size):
        """Make buffers and gradients for batches of up to so many rows."""
        n_shards = n_shards_for(self.layers, batch_size, self.workers.n_threads)
        n_rows = -(-batch_size // n_shards)
        self._shards = [Shard(self.layers, self.parameters.widths, n_rows) for _ in range(n_shards)]

    def compute(self, index, normaliser):
        """Return the sum of the objective over the rows, and the gradient of sum / normaliser."""
        if len(self._shards) == 1:
            total = self._shards[0].compute(self.rows, index, self.loss, normaliser)
        else:
            total = self._compute_in_shards(index, normaliser)
        gradients = self._shards[0].gradients
        if self.alpha:
            total += normaliser * self.penalty()
            for gradient, weights in zip(gradients.weights, self.parameters.weights, strict=True):
                gradient += self.alpha * weights
        return total, gradients

    def penalty(self):
        """Return alpha/2 times the squared norm of all weights."""
        squares = (np.dot(w.ravel(), w.ravel()) for w in self.parameters.weights)
        return 0.5 * self.alpha * float(sum(squares))

    def _compute_in_shards(self, index, normaliser):
        parts = even_slices(len(index), len(self._shards))
        shards = self._shards[: len(parts)]

        def compute(job):
            shard, part = job
            return shard.compute(self.rows, index[part], self.loss, normaliser)

        def add_up(part):
            first, *others = (shard.gradients.flat[part] for shard in shards)
            for other in others:
                np.add(first, other, out=first)

        total = sum(self.workers.map(compute, list(zip(shards, parts, strict=True))))
        n_parameters = len(self.parameters.flat)
        self.workers.map(add_up, even_slices(n_parameters, self.workers.n_threads))
        return total


def n_shards_for(layers, batch_size, n_threads):
    """Into how many shards to cut a batch.

    Two for a large batch even where one thread runs both in turn, so that one thread and
    two give the same result bit for bit.
    """
    useful = 3 * n_multiply_adds(layers, batch_size) // WORK_PER_SHARD
    return int(max(1, min(useful, batch_size // MIN_ROWS_PER_SHARD, max(2, n_threads))))
