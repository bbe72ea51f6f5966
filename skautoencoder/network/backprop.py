"""The gradient of one batch, computed by several threads where it is large.

On the way forward and back each thread has some of the batch's rows, its micro-batch. Then the rows
have done their part: the gradient of every weight is a sum over all of them, and each thread
computes those of its chunk of the parameters, just before it moves them.
"""

from weakref import WeakMethod

import numpy as np

from .autoencoder import BatchMemory
from .dataset import count_cells
from .layers import Dropout
from .penalties import CodeBatch
from .thread_pool import even_slices

# A batch is cut where each micro-batch still holds this many multiply-adds and rows.
WORK_PER_MICRO_BATCH = 4_000_000
MIN_ROWS_PER_MICRO_BATCH = 16
# From so many parameters for each of them on, threads share a step whatever the batch.
PARAMETERS_PER_CHUNK = 65536


class MicroBatch:
    """One thread's rows of a batch: their memory, and random numbers of its own."""

    def __init__(self, autoencoder, parameters, rows, memory, rng):
        self._autoencoder = autoencoder
        self._rows = rows
        self._memory = memory
        self._parts = {}
        self._rng = rng
        bottleneck = autoencoder.bottleneck
        self._is_idle, self._is_sampled = bottleneck.is_idle, bottleneck.is_sampled
        self._corrupt = autoencoder.corrupter(rows)
        rate = autoencoder.dropout
        self._dropout = Dropout(rate, rng) if rate else None
        # Gradients that do not come by way of the code, for those penalties that have any.
        self.penalty_gradients = parameters.gradients() if bottleneck.acts_on_encoder else None

    def forward(self, index, part):
        """Run the rows of a part of the batch, of which `index` are all, through the network."""
        memory, index = self._memory_for(part), index[part]
        self._part, self._weights = memory, self._rows.weights(index)
        self._observed = self._rows.take(index, memory.target)
        if memory.labels is not None:
            self._rows.take_targets(index, memory.labels)
        self._autoencoder.forward(memory, self._corrupt, self._rng, self._dropout)

    def code_sum(self):
        """Weighted sum of the code over the rows of the last call of `forward`."""
        code = self._part.encoder.values[-1]
        return code.sum(axis=0) if self._weights is None else self._weights @ code

    def backward(self, normaliser, mean_code=None):
        """Lead the gradient of loss / normaliser back to all layers; return sums over the rows.

        These are the loss, the bottleneck's penalty, and the number of observed cells (0
        where nobody asks), all by weight.
        """
        autoencoder, memory = self._autoencoder, self._part
        total = autoencoder.output_loss(memory, self._weights, self._observed)
        delta = memory.decoder.deltas[-1]
        np.multiply(delta, delta.dtype.type(1 / normaliser), out=delta)
        autoencoder.decoder.backward(memory.decoder, memory.code_delta)
        if memory.head is not None:
            total += self._at_target(normaliser)
        penalty = 0.0 if self._is_idle else self._at_bottleneck(normaliser, mean_code)
        autoencoder.encoder.backward(memory.encoder)
        n_cells = 0.0
        if self._is_sampled:
            n_cells = count_cells(memory.target, self._observed, self._weights)
        return total, penalty, n_cells

    def _at_target(self, normaliser):
        """Add the gradient of the head on the code to the code's; return its loss."""
        memory, autoencoder = self._part, self._autoencoder
        total = autoencoder.target_loss(memory, self._weights)
        delta = memory.head.deltas[-1]
        np.multiply(delta, delta.dtype.type(1 / normaliser), out=delta)
        autoencoder.target_head.network.backward(memory.head, memory.head_code_delta)
        np.add(memory.code_delta, memory.head_code_delta, out=memory.code_delta)
        return total

    def _at_bottleneck(self, normaliser, mean_code):
        """Let the bottleneck change the gradient; return its penalty."""
        memory, bottleneck = self._part, self._autoencoder.bottleneck
        batch = CodeBatch(
            self._autoencoder.encoder,
            memory.encoder.values[0],
            memory.encoder.values[-1],
            self._weights,
            normaliser,
            mean_code,
            self._rng,
        )
        code, code_delta = memory.decoder.values[0], memory.code_delta
        penalty = bottleneck.backward(batch, code, code_delta, memory.encoder.deltas[-1])
        if self.penalty_gradients is not None:
            self.penalty_gradients.flat.fill(0)
            penalty += bottleneck.at_encoder(batch, self.penalty_gradients)
        return penalty

    def _memory_for(self, part):
        key = part.start, part.stop
        if key not in self._parts:
            self._parts[key] = self._memory.part(part)
        return self._parts[key]


class WeightGradients:
    """The matrix products that make the gradients of a part of the parameters.

    Parameters
    ----------
    terms : list of (int, ndarray, ndarray)
        Number, inputs and dloss/dz of every layer, all rows of the batch.
    gradients : Gradients
        Written to.
    part : slice
    """

    def __init__(self, terms, gradients, part):
        first, second = [], []
        ones = np.ones(len(terms[0][1]), gradients.flat.dtype)
        for number, inputs, to_z in terms:
            owner = gradients.ties.get(number, number)
            # What shares its weights, transposed, changes the roles of inputs and dloss/dz.
            left, right = (inputs, to_z) if owner == number else (to_z, inputs)
            rows = gradients.rows_within(owner, part)
            if rows.start < rows.stop:
                product = left[:, rows].T, right, gradients.weights[owner][rows]
                (first if owner == number else second).append(product)
            if gradients.has_biases_within(number, part):
                # A product with ones is faster than a sum over the rows.
                first.append((ones, to_z, gradients.biases[number]))
        self._first, self._second = first, second

    def compute(self):
        """Fill the part of the gradients."""
        for left, right, out in self._first:
            np.dot(left, right, out=out)
        for left, right, out in self._second:
            np.add(out, left @ right, out=out)


class BatchGradient:
    """Mean objective of a batch and its gradient, with the penalty of alpha.

    Parameters
    ----------
    autoencoder : Autoencoder
    parameters : Parameters
        What the networks look at.
    rows : Dataset
    alpha : float
    pool : ThreadPool
    rng : numpy.random.Generator
        Parent of the generators of the micro-batches, asked only where the way through the
        network is random.
    """

    def __init__(self, autoencoder, parameters, rows, alpha, pool, rng=None):
        self.autoencoder = autoencoder
        self.parameters = parameters
        self.rows = rows
        self.alpha = alpha
        self.pool = pool
        self.rng = rng
        self._is_idle = autoencoder.bottleneck.is_idle
        self._micro_batches = []
        self.generators = []

    def allocate(self, batch_size):
        """Make memory and gradients for batches of up to so many rows."""
        n_micro_batches = n_micro_batches_for(self.autoencoder, batch_size, self.pool.n_threads)
        is_random = self.autoencoder.is_random or not self.autoencoder.bottleneck.is_idle
        generators = (
            self.rng.spawn(n_micro_batches) if is_random and self.rng else [None] * n_micro_batches
        )
        self._memory = BatchMemory.for_training(self.autoencoder, batch_size)
        self._micro_batches = [
            MicroBatch(self.autoencoder, self.parameters, self.rows, self._memory, generator)
            for generator in generators
        ]
        self.generators = [generator for generator in generators if generator is not None]
        n_chunks = max(n_micro_batches, n_chunks_for(self.parameters, self.pool.n_threads))
        self._gradients = self.parameters.gradients()
        # Without a cycle, so that rows are let go with the training that they were for.
        complete = WeakMethod(self._complete)
        self._gradients.source = lambda part: complete()(part)
        self._gradients.chunks = self.parameters.parts(n_chunks)
        self._products = {}

    @property
    def n_parts(self):
        """Numbers of micro-batches and chunks: sums cut elsewhere are rounded elsewhere."""
        return [len(self._micro_batches), len(self._gradients.chunks)]

    def compute(self, index, normaliser):
        """Return the sum of the objective over the rows, and the gradient of sum / normaliser.

        The gradient is still to be completed.
        """
        self._n_rows = len(index)
        self._gradients.is_complete = False
        if len(self._micro_batches) == 1 and self._is_idle:
            # Small batches of the plain kind: what is not called takes no time.
            micro_batch = self._micro_batches[0]
            micro_batch.forward(index, slice(0, len(index)))
            total, _, _ = micro_batch.backward(normaliser)
            self._active = self._micro_batches
        else:
            total = self._compute_in_shards(index, normaliser)
        if self.alpha:
            total += normaliser * self.penalty()
        return total, self._gradients

    def penalty(self):
        """Return alpha/2 times the squared norm of all weights."""
        own = (self.parameters.weights[number] for number in self.parameters.own_weights)
        return 0.5 * self.alpha * float(sum(np.dot(w.ravel(), w.ravel()) for w in own))

    def _complete(self, part):
        """Compute the gradients of a part of the parameters."""
        key = self._n_rows, part.start
        if key not in self._products:
            self._products[key] = WeightGradients(self._terms(), self._gradients, part)
        self._products[key].compute()
        if self.alpha:
            self._add_penalty(part)
        for micro_batch in self._active:
            if micro_batch.penalty_gradients is not None:
                self._gradients.flat[part] += micro_batch.penalty_gradients.flat[part]

    def _terms(self):
        """What every layer's gradients are made of, for as many rows as the batch has."""
        memory = self._memory.part(slice(0, self._n_rows))
        buffers = memory.encoder, memory.decoder, memory.head
        return [
            term
            for network, own in zip(self.autoencoder.all_networks, buffers, strict=False)
            for term in network.gradient_factors(own)
        ]

    def _add_penalty(self, part):
        for number in self.parameters.own_weights:
            rows = self.parameters.rows_within(number, part)
            self._gradients.weights[number][rows] += (
                self.alpha * self.parameters.weights[number][rows]
            )

    def _compute_in_shards(self, index, normaliser):
        bottleneck = self.autoencoder.bottleneck
        parts = even_slices(len(index), len(self._micro_batches))
        self._active = self._micro_batches[: len(parts)]
        if bottleneck.needs_mean_code:
            sums = self._compute_in_two_steps(parts, index, normaliser)
        else:
            sums = self._compute_at_once(parts, index, normaliser)
        loss, penalty, n_cells = (sum(each) for each in zip(*sums, strict=True))
        total = bottleneck.objective(loss, penalty, n_cells)
        bottleneck.observe(loss, n_cells)
        return total

    def _compute_at_once(self, parts, index, normaliser):
        def compute(job):
            micro_batch, part = job
            micro_batch.forward(index, part)
            return micro_batch.backward(normaliser)

        return self.pool.map(compute, list(zip(self._active, parts, strict=True)))

    def _compute_in_two_steps(self, parts, index, normaliser):
        """All micro-batches forward, then back with the mean code of the whole batch."""

        def forward(job):
            micro_batch, part = job
            micro_batch.forward(index, part)
            return micro_batch.code_sum()

        code_sums = self.pool.map(forward, list(zip(self._active, parts, strict=True)))
        mean_code = sum(code_sums) / self.rows.total_weight(index)

        def backward(micro_batch):
            return micro_batch.backward(normaliser, mean_code)

        return self.pool.map(backward, self._active)


def n_micro_batches_for(autoencoder, batch_size, n_threads):
    """Into how many micro-batches to cut a batch.

    Two for a large batch even where one thread runs both in turn, so that one thread and
    two give the same result bit for bit.
    """
    useful = 3 * batch_size * autoencoder.n_weights // WORK_PER_MICRO_BATCH
    return int(max(1, min(useful, batch_size // MIN_ROWS_PER_MICRO_BATCH, max(2, n_threads))))


def n_chunks_for(parameters, n_threads):
    """Into how many chunks to cut the parameters whatever the batch; two as for batches."""
    return min(len(parameters.flat) // PARAMETERS_PER_CHUNK, max(2, n_threads))
