"""Running trained layers over many rows, in blocks that stay in cache."""

import numpy as np

from .layers import inference_memory
from .parallel import even_slices, quiet_overflow
from .rows import block_slices

# Below this many multiply-adds a second thread costs more than it saves.
WORK_PER_THREAD = 4_000_000


def n_useful_threads(n_multiply_adds, n_threads):
    """How many of the threads that we may use are worth starting."""
    return max(1, min(n_threads, int(n_multiply_adds // WORK_PER_THREAD)))


def for_each_block(function, network, rows, workers, result=None):
    """Call ``function(part, inputs, outputs)`` for blocks of rows and the network's outputs.

    `inputs` and `outputs` are valid during the call, and `inputs` are not to be changed.
    With `result` the outputs are written there, otherwise to a buffer of the calling thread.
    """
    parts = block_slices(len(rows), max(network.widths))

    def run(share):
        memory = inference_memory(network, parts[0].stop)
        with quiet_overflow():
            for part in parts[share]:
                n_rows = part.stop - part.start
                values, scratch = ([array[:n_rows] for array in arrays] for arrays in memory)
                values[0] = rows.read(part, values[0])
                if result is not None:
                    values[-1] = result[part]
                function(part, values[0], network.forward(values, scratch))

    n_threads = n_useful_threads(len(rows) * network.n_weights, workers.n_threads)
    workers.map(run, even_slices(len(parts), n_threads))


def outputs(network, rows, workers, scaling=None):
    """The last layer's values for all rows; `scaling` is undone on them."""
    result = np.empty((len(rows), len(network.layers[-1].bias)), network.dtype)

    def finish(part, _, values):
        if scaling is not None:
            scaling.undo(values)

    for_each_block(finish, network, rows, workers, result)
    return result.astype(rows.X.dtype, copy=False)


def squared_errors(network, rows, workers, per_feature=False):
    """Squared reconstruction errors in the units of X: the mean of each row, or each cell.

    In float64, where the square of no float32 is out of range.
    """
    result = np.empty((len(rows), rows.n_features) if per_feature else len(rows))

    def store(part, inputs, values):
        errors = np.subtract(values, inputs, dtype=np.float64)
        if rows.scaling is not None:
            np.multiply(errors, rows.scaling.scale, out=errors)
        np.square(errors, out=errors)
        result[part] = errors if per_feature else errors.mean(axis=1)

    for_each_block(store, network, rows, workers)
    return result


def mean_loss(network, rows, loss, workers):
    """Weighted mean of the loss over the rows."""
    totals = {}

    def add(part, inputs, values):
        gradient = np.empty_like(values)
        totals[part.start] = loss.function(inputs, values, rows.weights(part), gradient)

    for_each_block(add, network, rows, workers)
    return sum(totals[start] for start in sorted(totals)) / rows.total_weight()
