"""The loss of a network over many rows, in blocks that stay in cache, as training sees it."""

import numpy as np

from .autoencoder import BatchMemory
from .bottleneck import divergence, halves
from .dataset import block_slices, count_cells
from .floating_point import quiet_overflow
from .heads import sum_of_heads
from .inference import for_each_block, n_useful_threads
from .thread_pool import even_slices


def mean_loss(autoencoder, rows, pool):
    """Weighted mean of the loss over the rows, without penalties: see `total_loss`."""
    return total_loss(autoencoder, rows, pool) / rows.total_weight()


def total_loss(autoencoder, rows, pool):
    """Weighted sum of the loss over the rows, without penalties.

    Where training corrupts its input or samples the code, so is this done here, with the
    same random numbers at every call, so that its values can be compared. For a sampled code
    the loss is minus the evidence lower bound.
    """
    bottleneck, totals = autoencoder.bottleneck, {}

    def add(part, memory, observed):
        weights, total_divergence, n_cells = rows.weights(part), 0.0, 0.0
        if bottleneck.is_sampled:
            divergences = divergence(*halves(memory.encoder.values[-1]))
            total = divergences.sum() if weights is None else divergences @ weights
            total_divergence = float(total)
            n_cells = count_cells(memory.target, observed, weights)
        total = autoencoder.output_loss(memory, weights, observed)
        if memory.head is not None:
            total += autoencoder.target_loss(memory, weights)
        totals[part.start] = bottleneck.objective(total, total_divergence, n_cells)

    _after_each_pass(add, autoencoder, rows, pool)
    return sum(totals[start] for start in sorted(totals))


def row_losses(autoencoder, rows, pool):
    """Loss of each row, whatever its weight, on input that is corrupted as in `total_loss`.

    The code must not be sampled.
    """
    result = np.empty(len(rows))

    def store(part, memory, observed):
        for number in range(part.stop - part.start):
            row = slice(number, number + 1)
            own, cells = memory.part(row), None if observed is None else observed[row]
            result[part.start + number] = autoencoder.output_loss(own, None, cells)
            if memory.head is not None:
                result[part.start + number] += autoencoder.target_loss(own, None)

    _after_each_pass(store, autoencoder, rows, pool)
    return result


def _after_each_pass(function, autoencoder, rows, pool):
    """Call ``function(part, memory, observed)`` for blocks of rows that have gone forward."""
    networks = autoencoder.all_networks
    parts = block_slices(len(rows), max(max(network.widths) for network in networks))
    corrupt = autoencoder.corrupter(rows)

    def run(share):
        whole = BatchMemory.for_validation(autoencoder, parts[0].stop)
        with quiet_overflow():
            for part in parts[share]:
                memory = whole.part(slice(0, part.stop - part.start))
                observed = memory.read(rows, part)
                autoencoder.forward(memory, corrupt, np.random.default_rng(part.start))
                function(part, memory, observed)

    n_multiply_adds = len(rows) * autoencoder.n_weights
    pool.map(run, even_slices(len(parts), n_useful_threads(n_multiply_adds, pool.n_threads)))


def losses_beside_a_constant(networks, rows, heads, constant, pool):
    """Weighted means over the rows of two losses: of the networks' output, and of a constant one.

    Without noise, without penalties, and without what is predicted from the code.
    """
    return rows.map_reduce(_own_losses, networks, heads, constant, pool) / rows.total_weight()


def target_losses_beside_a_constant(networks, rows, head, constant, pool):
    """The same for a head on the code, to which the networks lead, and constant outputs of it."""
    return rows.map_reduce(_own_target_losses, networks, head, constant, pool) / rows.total_weight()


def _own_target_losses(rows, networks, head, constant, pool):
    totals = {}

    def add(part, inputs, observed, inference):
        weights, outputs = rows.weights(part), inference.run(inputs)
        targets, gradient = np.empty_like(outputs), np.empty_like(outputs)
        rows.take_targets(part, targets)
        both = outputs, np.tile(constant, (len(inputs), 1))
        totals[part.start] = np.array([head.value(targets, o, weights, gradient) for o in both])

    for_each_block(add, networks, rows, pool)
    return sum(totals[start] for start in sorted(totals))


def _own_losses(rows, networks, heads, constant, pool):
    totals = {}

    def add(part, inputs, observed, inference):
        weights, gradient = rows.weights(part), np.empty_like(inputs)
        outputs = inference.run(inputs), np.tile(constant, (len(inputs), 1))
        both = [sum_of_heads(heads, inputs, each, weights, observed, gradient) for each in outputs]
        totals[part.start] = np.array(both)

    for_each_block(add, networks, rows, pool)
    return sum(totals[start] for start in sorted(totals))
