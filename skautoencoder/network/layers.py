"""Dense layers in a row, linear paths beside them, and the buffers that one batch needs."""

import numpy as np

from .activations import ACTIVATIONS


class Dense:
    """values = activation(inputs @ weights + bias)."""

    def __init__(self, weights, bias, activation):
        self.weights = weights
        self.bias = bias
        self.activation = ACTIVATIONS[activation]
        self.activate = self.activation.function

    def map(self, inputs, values):
        """Fill `values` with inputs @ weights + bias, before the activation."""
        np.dot(inputs, self.weights, out=values)
        np.add(values, self.bias, out=values)

    def backward(self, inputs, delta, ones, weights_gradient, bias_gradient, upstream=None):
        """Fill the gradients from delta = dloss/dz, and `upstream` with dloss/dinputs."""
        np.dot(inputs.T, delta, out=weights_gradient)
        # A product with ones is faster than delta.sum(axis=0).
        np.dot(ones, delta, out=bias_gradient)
        if upstream is not None:
            np.dot(delta, self.weights.T, out=upstream)


class LinearPath:
    """An affine map beside the layers, added to the values of the layer where it ends.

    Values number 0 are the network's inputs, number i those of its i-th layer. A path
    that is `inside` is added before that layer's activation, which training knows only
    where this is the identity. `number` says which of the gradients is the path's.
    """

    def __init__(self, start, stop, dense, number, inside=False):
        self.start = start
        self.stop = stop
        self.dense = dense
        self.number = number
        self.inside = inside

    def add(self, values, scratch):
        """Add to the values where the path ends, given those of all layers."""
        self.dense.map(values[self.start], scratch)
        np.add(values[self.stop], scratch, out=values[self.stop])


class Network:
    """Dense layers in a row, and the linear paths beside some of them."""

    def __init__(self, layers, paths=()):
        self.layers = layers
        self.paths = list(paths)
        self._path_to = {path.stop: path for path in self.paths}
        self._starts = {path.start for path in self.paths if path.start > 0}

    @classmethod
    def build(cls, weights, biases, activations, code, bounded=False):
        """One layer for each activation.

        Two more weights and biases than activations are those of linear paths, from the
        input to the code, which is the layer number `code`, and from the code to the
        output. `bounded` says that this one is added before the output's activation.
        """
        n_layers = len(activations)
        layers = [Dense(*t) for t in zip(weights, biases, activations, strict=False)]
        ends = [(0, code), (code, n_layers)]
        paths = [
            LinearPath(*end, Dense(weights[i], biases[i], "identity"), i, bounded and end[0] > 0)
            for i, end in zip(range(n_layers, len(weights)), ends, strict=False)
        ]
        return cls(layers, paths)

    def part(self, start, stop):
        """The layers between values number `start` and `stop`, for inference."""
        paths = [
            LinearPath(path.start - start, path.stop - start, path.dense, path.number, path.inside)
            for path in self.paths
            if start <= path.start and path.stop <= stop
        ]
        return Network(self.layers[start:stop], paths)

    @property
    def widths(self):
        """Number of units of every layer, the input's first."""
        return [self.layers[0].weights.shape[0], *(len(layer.bias) for layer in self.layers)]

    @property
    def dtype(self):
        """Type of the weights."""
        return self.layers[0].weights.dtype

    @property
    def n_weights(self):
        """Number of weights: of the multiply-adds that a row needs on its way forward."""
        layers = [*self.layers, *(path.dense for path in self.paths)]
        return sum(layer.weights.size for layer in layers)

    def forward(self, values, scratch, derivatives=None):
        """Run `values[0]` through the layers, filling `values` and `derivatives`.

        `scratch` holds an array of the width of each layer.
        """
        for i, layer in enumerate(self.layers):
            path = self._path_to.get(i + 1)
            layer.map(values[i], values[i + 1])
            if path is not None and path.inside:
                path.add(values, scratch[i])
            layer.activate(values[i + 1], derivatives and derivatives[i])
            if path is not None and not path.inside:
                path.add(values, scratch[i])
        return values[-1]

    def backward(self, buffers, gradients):
        """Turn dloss/doutput in `buffers.deltas[-1]` into the gradients of all parameters."""
        values, deltas, ones = buffers.values, buffers.deltas, buffers.ones
        for i in range(len(self.layers) - 1, -1, -1):
            delta, derivative = deltas[i], buffers.derivatives[i]
            if i + 1 in self._starts:
                np.add(delta, buffers.path_delta, out=delta)
            path = self._path_to.get(i + 1)
            if path is not None:
                upstream = buffers.path_delta if path.start else None
                weights, bias = gradients.weights[path.number], gradients.biases[path.number]
                path.dense.backward(values[path.start], delta, ones, weights, bias, upstream)
            if derivative is not None:
                np.multiply(delta, derivative, out=delta)
            upstream = deltas[i - 1] if i else None
            weights, bias = gradients.weights[i], gradients.biases[i]
            self.layers[i].backward(values[i], delta, ones, weights, bias, upstream)


class BatchBuffers:
    """Memory for the values, derivatives and deltas of every layer, for up to n_rows rows.

    `values[0]` is the network's input. An identity layer has no derivatives (None).
    `path_delta` is what a linear path that starts inside adds to the delta there.
    """

    def __init__(self, values, derivatives, deltas, path_delta, ones):
        self.values = values
        self.derivatives = derivatives
        self.deltas = deltas
        self.path_delta = path_delta
        self.ones = ones

    @classmethod
    def allocate(cls, network, n_rows):
        """Fresh buffers for a network."""
        widths = network.widths
        derivatives = [
            None if layer.activation.is_identity else empty_rows(network, n_rows, width)
            for layer, width in zip(network.layers, widths[1:], strict=True)
        ]
        starts = [path.start for path in network.paths if path.start > 0]
        return cls(
            values=[empty_rows(network, n_rows, width) for width in widths],
            derivatives=derivatives,
            deltas=[empty_rows(network, n_rows, width) for width in widths[1:]],
            path_delta=empty_rows(network, n_rows, widths[starts[0]] if starts else 0),
            ones=np.ones(n_rows, network.dtype),
        )

    def head(self, n_rows):
        """The same memory for a smaller batch."""
        return BatchBuffers(
            [array[:n_rows] for array in self.values],
            [None if array is None else array[:n_rows] for array in self.derivatives],
            [array[:n_rows] for array in self.deltas],
            self.path_delta[:n_rows],
            self.ones[:n_rows],
        )


def empty_rows(network, n_rows, width):
    """Uninitialised memory of the network's type."""
    return np.empty((n_rows, width), network.dtype)


def inference_memory(network, n_rows):
    """Values of every layer, and scratch memory, which has a width where a path ends."""
    widths = network.widths
    ends = {path.stop for path in network.paths}
    values = [empty_rows(network, n_rows, width) for width in widths]
    scratch_widths = [width if i in ends else 0 for i, width in enumerate(widths)]
    return values, [empty_rows(network, n_rows, width) for width in scratch_widths[1:]]
