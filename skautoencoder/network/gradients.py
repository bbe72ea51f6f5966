"""The gradient of one batch, computed in shards by several threads where it is large."""

import numpy as np

from .autoencoder import BatchMemory
from .layers import Dropout
from .parallel import even_slices
from .penalties import CodeBatch
from .rows import count_cells

# A batch is cut where each shard still holds this many multiply-adds and rows.
WORK_PER_SHARD = 4_000_000
MIN_ROWS_PER_SHARD = 16


class Shard:
    """One thread's part of a batch: memory, random numbers, and gradients of its own."""

    def __init__(self, autoencoder, parameters, rows, n_rows, rng):
        self._autoencoder = autoencoder
        self._rows = rows
        self._memories = {n_rows: BatchMemory.allocate(autoencoder, n_rows)}
        self._largest = n_rows
        self._rng = rng
        self._is_idle = autoencoder.bottleneck.is_idle
        self._is_sampled = autoencoder.bottleneck.is_sampled
        corruption, rate = autoencoder.corruption, autoencoder.dropout
        self._corrupt = None if corruption is None else corruption.corrupter(rows)
        self._dropout = Dropout(rate, rng) if rate else None
        self.gradients = parameters.gradients()

    def forward(self, index):
        """Run rows through the network."""
        autoencoder, memory = self._autoencoder, self._memory_for(len(index))
        self._memory, self._weights = memory, self._rows.weights(index)
        self._present = self._rows.gather(index, memory.target)
        if self._corrupt is not None:
            self._corrupt(memory.target, memory.encoder.values[0], self._rng)
        values = autoencoder.encoder.forward(memory.encoder, self._dropout)
        if self._is_sampled:
            autoencoder.bottleneck.sample(values, memory.decoder.values[0], self._rng)
        autoencoder.decoder.forward(memory.decoder, self._dropout)

    def code_sum(self):
        """Weighted sum of the code over the rows of the last call of `forward`."""
        code = self._memory.encoder.values[-1]
        return code.sum(axis=0) if self._weights is None else self._weights @ code

    def backward(self, loss, normaliser, mean_code=None):
        """Fill the gradients for these rows over `normaliser`; return sums over the rows.

        These are the loss, the bottleneck's penalty, and the number of observed cells (0
        where nobody asks), all by weight.
        """
        autoencoder, memory, gradients = self._autoencoder, self._memory, self.gradients
        bottleneck, delta = autoencoder.bottleneck, memory.decoder.deltas[-1]
        output = memory.decoder.values[-1]
        total = loss.compute(memory.target, output, self._weights, self._present, delta)
        np.multiply(delta, delta.dtype.type(1 / normaliser), out=delta)
        autoencoder.decoder.backward(memory.decoder, gradients, memory.code_delta)
        if self._is_idle:
            autoencoder.encoder.backward(memory.encoder, gradients)
            penalty = 0.0
        else:
            batch = self._code_batch(normaliser, mean_code)
            code, code_delta = memory.decoder.values[0], memory.code_delta
            penalty = bottleneck.backward(batch, code, code_delta, memory.encoder.deltas[-1])
            autoencoder.encoder.backward(memory.encoder, gradients)
            penalty += bottleneck.at_encoder(batch, gradients)
        if gradients.ties:
            gradients.join_ties()
        n_cells = 0.0
        if self._is_sampled:
            n_cells = count_cells(memory.target, self._present, self._weights)
        return total, penalty, n_cells

    def _code_batch(self, normaliser, mean_code):
        values, encoder = self._memory.encoder.values, self._autoencoder.encoder
        return CodeBatch(
            encoder, values[0], values[-1], self._weights, normaliser, mean_code, self._rng
        )

    def _memory_for(self, n_rows):
        if n_rows not in self._memories:
            self._memories[n_rows] = self._memories[self._largest].head(n_rows)
        return self._memories[n_rows]


class BatchGradient:
    """Mean objective of a batch and its gradient, with the penalty of alpha.

    Parameters
    ----------
    autoencoder : Autoencoder
    parameters : Parameters
        What the networks look at.
    rows : Rows
    loss : Loss
    alpha : float
    workers : Workers
    rng : numpy.random.Generator
        Parent of the generators of the shards, asked only where the way through the
        network is random.
    """

    def __init__(self, autoencoder, parameters, rows, loss, alpha, workers, rng=None):
        self.autoencoder = autoencoder
        self.parameters = parameters
        self.rows = rows
        self.loss = loss
        self.alpha = alpha
        self.workers = workers
        self.rng = rng
        self._is_idle = autoencoder.bottleneck.is_idle
        self._shards = []
        self.generators = []

    def allocate(self, batch_size):
        """Make memory and gradients for batches of up to so many rows."""
        n_shards = n_shards_for(self.autoencoder, batch_size, self.workers.n_threads)
        n_rows = -(-batch_size // n_shards)
        is_random = self.autoencoder.is_random or not self.autoencoder.bottleneck.is_idle
        generators = self.rng.spawn(n_shards) if is_random and self.rng else [None] * n_shards
        self._shards = [
            Shard(self.autoencoder, self.parameters, self.rows, n_rows, generator)
            for generator in generators
        ]
        self.generators = [generator for generator in generators if generator is not None]

    @property
    def n_shards(self):
        """Into how many shards the largest batches are cut."""
        return len(self._shards)

    def compute(self, index, normaliser):
        """Return the sum of the objective over the rows, and the gradient of sum / normaliser.

        The gradients of the shards are still to be added up.
        """
        if len(self._shards) == 1 and self._is_idle:
            # Small batches of the plain kind: what is not called takes no time.
            shard = self._shards[0]
            shard.forward(index)
            total, _, _ = shard.backward(self.loss, normaliser)
            gradients = shard.gradients
        else:
            total, gradients = self._compute_in_shards(index, normaliser)
        if self.alpha:
            total += normaliser * self.penalty()
            for number in self.parameters.own_weights:
                gradients.weights[number] += self.alpha * self.parameters.weights[number]
        return total, gradients

    def penalty(self):
        """Return alpha/2 times the squared norm of all weights."""
        own = (self.parameters.weights[number] for number in self.parameters.own_weights)
        return 0.5 * self.alpha * float(sum(np.dot(w.ravel(), w.ravel()) for w in own))

    def _compute_in_shards(self, index, normaliser):
        bottleneck = self.autoencoder.bottleneck
        parts = even_slices(len(index), len(self._shards))
        shards = self._shards[: len(parts)]
        if bottleneck.needs_mean_code:
            sums = self._compute_in_two_steps(shards, parts, index, normaliser)
        else:
            sums = self._compute_at_once(shards, parts, index, normaliser)
        loss, penalty, n_cells = (sum(each) for each in zip(*sums, strict=True))
        total = bottleneck.objective(loss, penalty, n_cells)
        bottleneck.observe(loss, n_cells)
        gradients = shards[0].gradients
        gradients.others = [shard.gradients.flat for shard in shards[1:]]
        return total, gradients

    def _compute_at_once(self, shards, parts, index, normaliser):
        def compute(job):
            shard, part = job
            shard.forward(index[part])
            return shard.backward(self.loss, normaliser)

        return self.workers.map(compute, list(zip(shards, parts, strict=True)))

    def _compute_in_two_steps(self, shards, parts, index, normaliser):
        """All shards forward, then back with the mean code of the whole batch."""

        def forward(job):
            shard, part = job
            shard.forward(index[part])
            return shard.code_sum()

        code_sums = self.workers.map(forward, list(zip(shards, parts, strict=True)))
        mean_code = sum(code_sums) / self.rows.total_weight(index)

        def backward(shard):
            return shard.backward(self.loss, normaliser, mean_code)

        return self.workers.map(backward, shards)


def n_shards_for(autoencoder, batch_size, n_threads):
    """Into how many shards to cut a batch.

    Two for a large batch even where one thread runs both in turn, so that one thread and
    two give the same result bit for bit.
    """
    useful = 3 * batch_size * autoencoder.n_weights // WORK_PER_SHARD
    return int(max(1, min(useful, batch_size // MIN_ROWS_PER_SHARD, max(2, n_threads))))
