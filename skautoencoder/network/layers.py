"""Dense layers in a row, the skip connection beside them, and the buffers that one batch needs."""

from itertools import count

import numpy as np

from .activations import ACTIVATIONS


class Dense:
    """values = activation(inputs @ weights + bias); `number` says which gradients are its own."""

    def __init__(self, weights, bias, activation, number=0):
        self.weights = weights
        self.bias = bias
        self.activation = ACTIVATIONS[activation]
        self.activate = self.activation.function
        self.number = number

    def forward(self, inputs, values):
        """Fill `values` with inputs @ weights + bias, before the activation."""
        np.dot(inputs, self.weights, out=values)
        np.add(values, self.bias, out=values)

    def backward(self, grad_output, grad_input):
        """Fill `grad_input` with dloss/dinputs from `grad_output`, dloss/dz."""
        np.dot(grad_output, self.weights.T, out=grad_input)


class Network:
    """Dense layers in a row, and the skip connection beside them: an encoder, or a decoder.

    Parameters
    ----------
    layers : list of Dense
    skip : Dense or None
        A skip connection from the inputs to the outputs, added to them.
    is_skip_inside : bool
        Whether it is added before the last activation, which training knows only
        where this is the identity.
    constants : ConstantOutputs or None
        Outputs that are not the layers' to give, which only a fitted decoder has.
    links : ColumnLosses or None
        Losses of single columns, which turn the outputs into predictions; none in training.
    """

    def __init__(self, layers, skip=None, is_skip_inside=False, constants=None, links=None):
        self.layers = layers
        self.skip = skip
        self.is_skip_inside = is_skip_inside
        self.constants = constants
        self.links = links

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
        return sum(layer.weights.size for layer in self._all_layers)

    @property
    def largest_layer(self):
        """Number of weights of the layer that has most."""
        return max(layer.weights.size for layer in self._all_layers)

    @property
    def _all_layers(self):
        return self.layers if self.skip is None else [*self.layers, self.skip]

    def forward(self, buffers, dropout=None):
        """Run the inputs, `buffers.values[0]`, through the layers; return the last values.

        Fills `buffers.values` and, unless None, `buffers.derivatives`. `dropout` acts on
        the hidden layers.
        """
        values, derivatives = buffers.values, buffers.derivatives
        inputs, last = values[0], len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            outputs = values[i + 1]
            layer.forward(inputs, outputs)
            if self.is_skip_inside and i == last:
                self._add_skip(values, buffers.skip_values)
            layer.activate(outputs, derivatives and derivatives[i])
            if dropout is not None and i < last:
                dropout.apply(outputs, derivatives[i])
            inputs = outputs
        if self.skip is not None and not self.is_skip_inside:
            self._add_skip(values, buffers.skip_values)
        if self.links is not None:
            self.links.predict(inputs)
        if self.constants is not None:
            self.constants.put_in(inputs)
        return inputs

    def backward(self, buffers, upstream=None):
        """Lead dloss/doutputs, in `buffers.deltas[-1]`, back to what every layer has added up.

        Fills `upstream`, unless None, with dloss/dinputs. The gradients of the parameters
        follow from `parameter_products`.
        """
        deltas = buffers.deltas
        for i in range(len(self.layers) - 1, -1, -1):
            delta, derivative = deltas[i], buffers.derivatives[i]
            if derivative is not None:
                # dloss/doutputs stays as it is: the skip connection's gradients need it.
                delta = np.multiply(delta, derivative, out=derivative)
            below = deltas[i - 1] if i else upstream
            if below is not None:
                self.layers[i].backward(delta, below)
        if self.skip is not None and upstream is not None:
            self.skip.backward(deltas[-1], buffers.skip_delta)
            np.add(upstream, buffers.skip_delta, out=upstream)

    def gradient_factors(self, buffers):
        """Number, inputs and dloss/dz of every layer, as `backward` leaves them.

        The gradient of the weights is inputs' times dloss/dz, summed over the rows.
        """
        to_z = [
            delta if derivative is None else derivative
            for delta, derivative in zip(buffers.deltas, buffers.derivatives, strict=True)
        ]
        inputs = buffers.values[:-1]
        layers = list(zip(self.layers, inputs, to_z, strict=True))
        if self.skip is not None:
            layers.append((self.skip, inputs[0], buffers.deltas[-1]))
        return [(layer.number, before, after) for layer, before, after in layers]

    def _add_skip(self, values, skip_values):
        self.skip.forward(values[0], skip_values)
        np.add(values[-1], skip_values, out=values[-1])


def networks_of(
    weights, biases, activations, n_encoder_layers, bounded=False, target_activations=()
):
    """Encoder, decoder and the network of a target (None without), a layer for each activation.

    Two more weights and biases than activations are those of skip connections, from the input
    to the code and from there to the output, which come before those of the target's network.
    `bounded` says that the second one is added before the output's activation.
    """
    n_layers, n_target_layers = len(activations), len(target_activations)
    n_skips = len(weights) - n_layers - n_target_layers
    names = [*activations, *["identity"] * n_skips, *target_activations]
    dense = [Dense(*each) for each in zip(weights, biases, names, count(), strict=False)]
    skips = dense[n_layers : n_layers + n_skips] or [None, None]
    encoder = Network(dense[:n_encoder_layers], skips[0])
    decoder = Network(dense[n_encoder_layers:n_layers], skips[1], bounded and skips[1] is not None)
    target = Network(dense[n_layers + n_skips :]) if n_target_layers else None
    return encoder, decoder, target


def network_from(weights, biases, activations):
    """A network of fitted layers in a row."""
    return Network([Dense(*each) for each in zip(weights, biases, activations, strict=True)])


class ConstantOutputs:
    """Features that do not vary: the values that they have for every row.

    Parameters
    ----------
    features : ndarray of int
    values : ndarray of the same length
        In the network's units.
    noise : ndarray of the same length
        Distances from the values, in the units of X, that are rounding alone.
    """

    def __init__(self, features, values, noise):
        self.features = features
        self.values = values
        self.noise = noise

    def put_in(self, outputs):
        """Set these features of a network's outputs."""
        outputs[:, self.features] = self.values

    def forgive(self, errors):
        """Set errors, in the units of X, to 0 that are rounding alone."""
        own = errors[:, self.features]
        errors[:, self.features] = np.where(np.abs(own) > self.noise, own, 0)


class Dropout:
    """Sets each hidden value to 0 with probability `rate`, and divides the others by 1 - rate.

    References
    ----------
    .. [1] Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), Dropout: A simple
       way to prevent neural networks from overfitting. JMLR 15.
    """

    def __init__(self, rate, rng):
        self.rate = rate
        self.rng = rng

    def apply(self, values, derivative):
        """Drop values in place, and their derivatives with them."""
        factor = self.rng.random(values.shape, dtype=values.dtype)
        np.greater_equal(factor, self.rate, out=factor)
        np.multiply(factor, 1 / (1 - self.rate), out=factor)
        np.multiply(values, factor, out=values)
        np.multiply(derivative, factor, out=derivative)


class Buffers:
    """Memory for one pass of up to n_rows rows through a network.

    `values[0]` is the network's input; `derivatives` and what follows it are for training.
    An identity layer has no derivatives (None) unless `drops`; those of the others become the
    loss's with respect to what the layer has added up. `skip_delta` is what the skip connection
    adds to the delta of the inputs.
    """

    def __init__(self, values, skip_values, derivatives=None, deltas=None, skip_delta=None):
        self.values = values
        self.skip_values = skip_values
        self.derivatives = derivatives
        self.deltas = deltas
        self.skip_delta = skip_delta

    @classmethod
    def for_inference(cls, network, n_rows):
        """Fresh buffers for passes forward, but for the inputs."""
        values = [empty_rows(network, n_rows, width) for width in network.widths[1:]]
        skip_values = None if network.skip is None else np.empty_like(values[-1])
        return cls([None, *values], skip_values)

    @classmethod
    def for_validation(cls, network, n_rows):
        """Fresh buffers for passes forward, but for the inputs, and for the outputs' gradient."""
        buffers = cls.for_inference(network, n_rows)
        buffers.deltas = [*[None] * (len(network.layers) - 1), np.empty_like(buffers.values[-1])]
        if network.skip is not None:
            buffers.skip_values = buffers.deltas[-1]
        return buffers

    @classmethod
    def for_training(cls, network, n_rows, drops=False):
        """Fresh buffers for passes forward and back."""
        values = [empty_rows(network, n_rows, width) for width in network.widths]
        derivatives = [
            None if layer.activation.is_identity and not drops else np.empty_like(outputs)
            for layer, outputs in zip(network.layers, values[1:], strict=True)
        ]
        deltas = [np.empty_like(outputs) for outputs in values[1:]]
        skip_delta = None if network.skip is None else np.empty_like(values[0])
        # The last delta is free until the way back.
        return cls(values, deltas[-1], derivatives, deltas, skip_delta)

    def head(self, n_rows):
        """The same memory for fewer rows."""
        return self.part(slice(0, n_rows))

    def part(self, rows):
        """The same memory for a slice of the rows."""

        def cut(arrays):
            return arrays and [None if array is None else array[rows] for array in arrays]

        skip_values, skip_delta = cut([self.skip_values, self.skip_delta])
        return Buffers(
            cut(self.values), skip_values, cut(self.derivatives), cut(self.deltas), skip_delta
        )


def empty_rows(network, n_rows, width):
    """Uninitialised memory of the network's type."""
    return np.empty((n_rows, width), network.dtype)
