"""The gradient of one batch, computed in shards by several threads where it is large."""

import numpy as np

from .layers import BatchBuffers
from .parallel import even_slices

# A batch is cut where each shard still holds this many multiply-adds and rows.
WORK_PER_SHARD = 4_000_000
MIN_ROWS_PER_SHARD = 16


class Shard:
    """One thread's part of a batch: buffers, and gradients of its own."""

    def __init__(self, network, parameters, n_rows):
        self._network = network
        self._buffers = {n_rows: BatchBuffers.allocate(network, n_rows)}
        self._largest = n_rows
        self.gradients = parameters.zeros_like()

    def compute(self, rows, index, loss, normaliser):
        """Fill the gradients for these rows over `normaliser`, and return the loss's sum."""
        buffers = self._buffers_for(len(index))
        target = buffers.values[0]
        rows.gather(index, target)
        # The deltas serve as scratch memory before the way back.
        output = self._network.forward(buffers.values, buffers.deltas, buffers.derivatives)
        delta = buffers.deltas[-1]
        total = loss.function(target, output, rows.weights(index), delta)
        np.divide(delta, normaliser, out=delta)
        self._network.backward(buffers, self.gradients)
        return total

    def _buffers_for(self, n_rows):
        if n_rows not in self._buffers:
            self._buffers[n_rows] = self._buffers[self._largest].head(n_rows)
        return self._buffers[n_rows]


class BatchGradient:
    """Mean loss of a batch and its gradient, with the penalty of alpha.

    Parameters
    ----------
    network : Network
        As the loss wants it, see `training_network`.
    parameters : Parameters
        What the network looks at.
    rows : Rows
    loss : Loss
    alpha : float
    workers : Workers
    """

    def __init__(self, network, parameters, rows, loss, alpha, workers):
        self.network = network
        self.parameters = parameters
        self.rows = rows
        self.loss = loss
        self.alpha = alpha
        self.workers = workers
        self._shards = []

    def allocate(self, batch_size):
        """Make buffers and gradients for batches of up to so many rows."""
        n_shards = n_shards_for(self.network, batch_size, self.workers.n_threads)
        n_rows = -(-batch_size // n_shards)
        self._shards = [Shard(self.network, self.parameters, n_rows) for _ in range(n_shards)]

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


def n_shards_for(network, batch_size, n_threads):
    """Into how many shards to cut a batch.

    Two for a large batch even where one thread runs both in turn, so that one thread and
    two give the same result bit for bit.
    """
    useful = 3 * batch_size * network.n_weights // WORK_PER_SHARD
    return int(max(1, min(useful, batch_size // MIN_ROWS_PER_SHARD, max(2, n_threads))))
