"""Running trained layers over many rows, in blocks that stay in cache."""

import numpy as np

from .bottleneck import divergence, moments
from .dataset import block_slices
from .floating_point import quiet_overflow
from .layers import Buffers
from .thread_pool import even_slices

# Below this many multiply-adds a second thread costs more than it saves.
WORK_PER_THREAD = 4_000_000


def n_useful_threads(n_multiply_adds, n_threads):
    """How many of the threads that we may use are worth starting."""
    return max(1, min(n_threads, int(n_multiply_adds // WORK_PER_THREAD)))


class InferenceBuffers:
    """Memory for the way of blocks of up to n_rows rows through networks in a row."""

    def __init__(self, networks, n_rows):
        self.networks = networks
        self._largest = n_rows
        self._buffers = {n_rows: [Buffers.for_inference(each, n_rows) for each in networks]}

    def buffers(self, n_rows):
        """Those of each network for so many rows."""
        if n_rows not in self._buffers:
            self._buffers[n_rows] = [each.head(n_rows) for each in self._buffers[self._largest]]
        return self._buffers[n_rows]

    def run(self, inputs, result=None):
        """Return the last network's values, written to `result` unless None."""
        all_buffers = self.buffers(len(inputs))
        if result is not None:
            all_buffers[-1].values[-1] = result
        for network, buffers in zip(self.networks, all_buffers, strict=True):
            buffers.values[0] = inputs
            inputs = network.forward(buffers)
        return inputs


def for_each_block(function, networks, rows, pool):
    """Call ``function(part, inputs, observed, inference)`` for blocks of rows.

    `inputs` are valid during the call and not to be changed; `observed` says which of their
    cells are observed, None where all are.
    """
    widest = max(max(network.widths) for network in networks)
    parts = block_slices(len(rows), widest)

    def run(share):
        inference = InferenceBuffers(networks, parts[0].stop)
        memory = np.empty((parts[0].stop, networks[0].widths[0]), networks[0].dtype)
        with quiet_overflow():
            for part in parts[share]:
                inputs, observed = rows.read(part, memory[: part.stop - part.start])
                function(part, inputs, observed, inference)

    n_weights = sum(network.n_weights for network in networks)
    n_threads = n_useful_threads(len(rows) * n_weights, pool.n_threads)
    pool.map(run, even_slices(len(parts), n_threads))


def outputs(networks, rows, pool, scaling=None):
    """The last layer's values for all rows; `scaling` is undone on them."""
    result = np.empty((len(rows), networks[-1].widths[-1]), networks[-1].dtype)

    def store(part, inputs, observed, inference):
        inference.run(inputs, result[part])
        if scaling is not None:
            scaling.undo(result[part])

    for_each_block(store, networks, rows, pool)
    return result.astype(rows.X.dtype, copy=False)


def squared_errors(networks, rows, pool):
    """Squared reconstruction error of every cell, in the units of X; NaN where X is missing."""
    result = np.empty((len(rows), rows.n_features))

    def store(part, inputs, observed, inference):
        errors = _squared_errors(rows, inputs, inference)
        result[part] = np.where(np.isnan(errors), np.inf, errors)
        if observed is not None:
            result[part][~observed] = np.nan

    for_each_block(store, networks, rows, pool)
    return result


def row_errors(networks, rows, pool):
    """Sum of the squared errors of each row in the units of X, and its number of observed cells."""
    sums, counts = np.empty(len(rows)), np.full(len(rows), float(rows.n_features))

    def store(part, inputs, observed, inference):
        errors = _squared_errors(rows, inputs, inference)
        if observed is not None:
            np.multiply(errors, observed, out=errors)
            counts[part] = observed.sum(axis=1)
        sums[part] = errors.sum(axis=1)
        # A row that has overflowed on its way is as badly rebuilt as can be.
        np.copyto(sums[part], np.inf, where=np.isnan(sums[part]))

    for_each_block(store, networks, rows, pool)
    return sums, counts


def _squared_errors(rows, inputs, inference):
    """In float64, where the square of no float32 is out of range."""
    errors = np.subtract(inference.run(inputs), inputs, dtype=np.float64)
    if rows.scaling is not None:
        np.multiply(errors, rows.scaling.scale, out=errors)
    constants = inference.networks[-1].constants
    if constants is not None:
        constants.forgive(errors)
    return np.square(errors, out=errors)


def evidence_lower_bounds(networks, rows, pool, likelihood, variance, draws):
    """Mean over the draws of each row's log-likelihood, less the divergence of its code.

    Of the density in the units of X; `variance` is that of the noise of its cells.

    `draws`, of shape (n_draws, n_components), are standard normal and the same for all
    rows, so that the bound of a row does not depend on the others.
    """
    (encoder, decoder), result = networks, np.empty(len(rows))
    log_scale = 0 if rows.scaling is None else np.log(rows.scaling.scale, dtype=np.float64)

    def store(part, inputs, observed, inference):
        encoder_buffers, decoder_buffers = inference.buffers(len(inputs))
        encoder_buffers.values[0] = inputs
        mean, log_variance = moments(encoder.forward(encoder_buffers))
        deviation, total = np.exp(0.5 * log_variance), np.zeros(len(inputs))
        for draw in draws:
            decoder_buffers.values[0] = mean + deviation * draw
            output = decoder.forward(decoder_buffers)
            total += likelihood(inputs, output, observed, variance)
        volume = np.broadcast_to(log_scale, inputs.shape)
        log_volume = volume.sum(axis=1, where=True if observed is None else observed)
        bounds = total / len(draws) - divergence(mean, log_variance) - log_volume
        # Where numbers have overflowed on the way, minus infinity is still a bound.
        result[part] = np.where(np.isnan(bounds), -np.inf, bounds)

    for_each_block(store, networks, rows, pool)
    return result


def noise_variances(autoencoder, rows, pool):
    """Mean squared error of each column over its observed cells, of one draw of every code."""
    sums = rows.map_reduce(_own_noise, autoencoder, pool)
    return sums[0] / np.maximum(sums[1], np.finfo(float).tiny)


def _own_noise(rows, autoencoder, pool):
    (encoder, decoder), sums = autoencoder.networks, {}

    def add(part, inputs, observed, inference):
        encoder_buffers, decoder_buffers = inference.buffers(len(inputs))
        encoder_buffers.values[0] = inputs
        values = encoder.forward(encoder_buffers)
        code = np.empty_like(values[:, : values.shape[1] // 2])
        autoencoder.bottleneck.sample(values, code, np.random.default_rng(part.start))
        decoder_buffers.values[0] = code
        errors = np.square(np.subtract(decoder.forward(decoder_buffers), inputs, dtype=np.float64))
        weights = rows.weights(part)
        weights = np.ones(len(inputs)) if weights is None else weights
        seen = np.ones_like(errors) if observed is None else observed.astype(np.float64)
        sums[part.start] = np.stack([weights @ (errors * seen), weights @ seen])

    for_each_block(add, autoencoder.networks, rows, pool)
    return sum(sums[start] for start in sorted(sums))


def column_variances(networks, rows, pool):
    """Weighted variance over the rows of each of the last network's values."""
    sums = rows.map_reduce(_own_power_sums, networks, pool)
    mean, mean_square = sums / rows.total_weight()
    with quiet_overflow():
        return np.maximum(mean_square - np.square(mean), 0)


def _own_power_sums(rows, networks, pool):
    """Weighted sums of the last network's values, and of their squares."""
    sums = {}

    def add(part, inputs, observed, inference):
        values = inference.run(inputs).astype(np.float64)
        weights = rows.weights(part)
        weights = np.ones(len(values)) if weights is None else weights
        sums[part.start] = np.stack([weights @ values, weights @ np.square(values)])

    for_each_block(add, networks, rows, pool)
    return sum(sums[start] for start in sorted(sums))
