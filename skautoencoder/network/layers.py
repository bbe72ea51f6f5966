"""Dense layers, forward and backward, and the buffers that one batch needs."""

import numpy as np

from .activations import ACTIVATIONS


class Dense:
    """values = activation(inputs @ weights + bias)."""

    def __init__(self, weights, bias, activation):
        self.weights = weights
        self.bias = bias
        self.activation = ACTIVATIONS[activation]
        self._activate = self.activation.function

    def forward(self, inputs, values, derivative=None):
        """Fill `values`, and `derivative` with dvalue/dz where it is given."""
        np.dot(inputs, self.weights, out=values)
        np.add(values, self.bias, out=values)
        self._activate(values, derivative)

    def backward(self, inputs, delta, ones, weights_gradient, bias_gradient, upstream=None):
        """Fill the gradients from delta = dloss/dz, and `upstream` with dloss/dinputs."""
        np.dot(inputs.T, delta, out=weights_gradient)
        # A product with ones is faster than delta.sum(axis=0).
        np.dot(ones, delta, out=bias_gradient)
        if upstream is not None:
            np.dot(delta, self.weights.T, out=upstream)


def dense_layers(weights, biases, activations):
    """One `Dense` for each triple of weights, bias and name of activation."""
    return [Dense(*triple) for triple in zip(weights, biases, activations, strict=True)]


class BatchBuffers:
    """Memory for the values, derivatives and deltas of every layer, for up to n_rows rows.

    `values[0]` is the network's input. An identity layer has no derivatives (None).
    """

    def __init__(self, values, derivatives, deltas, ones):
        self.values = values
        self.derivatives = derivatives
        self.deltas = deltas
        self.ones = ones

    @classmethod
    def allocate(cls, layers, n_rows):
        """Fresh buffers for a stack of layers."""
        dtype = layers[0].weights.dtype
        widths = [len(layer.bias) for layer in layers]
        values = [np.empty((n_rows, n), dtype) for n in (layers[0].weights.shape[0], *widths)]
        derivatives = [
            None if layer.activation.is_identity else np.empty((n_rows, n), dtype)
            for layer, n in zip(layers, widths, strict=True)
        ]
        deltas = [np.empty((n_rows, n), dtype) for n in widths]
        return cls(values, derivatives, deltas, np.ones(n_rows, dtype))

    def head(self, n_rows):
        """The same memory for a smaller batch."""
        return BatchBuffers(
            [array[:n_rows] for array in self.values],
            [None if array is None else array[:n_rows] for array in self.derivatives],
            [array[:n_rows] for array in self.deltas],
            self.ones[:n_rows],
        )


def forward(layers, buffers):
    """Run `buffers.values[0]` through the layers and return the last layer's values."""
    values = buffers.values
    for i, layer in enumerate(layers):
        layer.forward(values[i], values[i + 1], buffers.derivatives[i])
    return values[-1]


def backward(layers, buffers, gradients):
    """Turn dloss/doutput in `buffers.deltas[-1]` into the gradients of all parameters."""
    values, deltas, ones = buffers.values, buffers.deltas, buffers.ones
    for i in range(len(layers) - 1, -1, -1):
        delta, derivative = deltas[i], buffers.derivatives[i]
        if derivative is not None:
            np.multiply(delta, derivative, out=delta)
        upstream = deltas[i - 1] if i else None
        layers[i].backward(
            values[i], delta, ones, gradients.weights[i], gradients.biases[i], upstream
        )
