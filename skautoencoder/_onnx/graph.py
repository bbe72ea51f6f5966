"""Networks written in ONNX operators, in float32 or float64.

In float64 only operators that runtimes have kernels for are used: onnxruntime has none of Erf,
Elu, Selu, Softplus and Gelu, and of Sigmoid only in newer versions.
"""

import numpy as np
from scipy.special import erfcx

from ..network.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE


class Graph:
    """Adds one operator after another to a container of skl2onnx.

    Parameters
    ----------
    scope, container : Scope and ModelComponentContainer of skl2onnx
    dtype : numpy.float32 or numpy.float64
        In which everything is computed.
    """

    def __init__(self, scope, container, dtype):
        self.scope = scope
        self.container = container
        self.dtype = dtype

    def add(self, operator, *inputs, result=None, **attributes):
        """Name of an operator's output; inputs that are no names are constants."""
        inputs = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        result = result or self.scope.get_unique_variable_name(operator.lower())
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, inputs, result, name=name, **attributes)
        return result

    def add_nearest(self, distances, n_nearest):
        """Name of the numbers of the columns with the smallest values, in order."""
        found = [self.scope.get_unique_variable_name(each) for each in ("values", "nearest")]
        self.add("TopK", distances, self.integers([n_nearest]), result=found, largest=0)
        return found[1]

    def integers(self, value):
        """Name of a constant of integers."""
        return self._constant(value, np.int64)

    def labels(self, classes):
        """Name of a constant of labels, which are integers or strings."""
        if np.issubdtype(classes.dtype, np.number) or classes.dtype == bool:
            return self.integers(classes)
        from onnx import TensorProto

        name = self.scope.get_unique_variable_name("labels")
        texts = [str(each).encode() for each in classes]
        self.container.add_initializer(name, TensorProto.STRING, [len(texts)], texts)
        return name

    def _constant(self, value, dtype=None):
        from onnx import numpy_helper

        name = self.scope.get_unique_variable_name("constant")
        tensor = numpy_helper.from_array(np.asarray(value, dtype or self.dtype, order="C"), name)
        self.container.add_initializer(name, tensor.data_type, tensor.dims, tensor)
        return name


def add_scaled_rows(graph, estimator, rows):
    """Rows of X in the network's units, with the features' means where cells are missing."""
    scaling, mean = estimator._scaling(), estimator.mean_
    if scaling is not None:
        rows = graph.add("Div", add_shifted(graph, rows, scaling.shift), scaling.scale)
        mean = None if mean is None else (mean.astype(np.float64) - scaling.shift) / scaling.scale
    if mean is None:
        return rows
    return graph.add("Where", graph.add("IsNaN", rows), mean, rows)


def add_shifted(graph, rows, shift):
    """Rows less the shift, which float32 takes in two parts: X may be far from 0."""
    first = shift.astype(graph.dtype)
    rest = shift - first.astype(np.float64)
    rows = graph.add("Sub", rows, first)
    return graph.add("Sub", rows, rest) if rest.any() else rows


def add_network(graph, network, inputs):
    """The outputs of an encoder or a decoder, as `Network.forward` computes them."""
    values, skip = inputs, network.skip and _add_affine(graph, network.skip, inputs)
    for layer in network.layers:
        values = _add_affine(graph, layer, values)
        if layer is network.layers[-1] and network.is_skip_inside:
            values = graph.add("Add", values, skip)
        values = ADD_ACTIVATION[_NAMES[layer.activation]](graph, values)
    if skip is not None and not network.is_skip_inside:
        values = graph.add("Add", values, skip)
    return values


def add_unscaled(graph, estimator, values):
    """The decoder's outputs in the units of X."""
    scaling = estimator._output_scaling()
    if scaling is None:
        return values
    return graph.add("Add", graph.add("Mul", values, scaling.scale), scaling.shift)


def _add_affine(graph, layer, inputs):
    return graph.add("Gemm", inputs, layer.weights, layer.bias)


def _identity(graph, z):
    return z


def _tanh(graph, z):
    return graph.add("Tanh", z)


def _sigmoid(graph, z):
    if graph.dtype == np.float32:
        return graph.add("Sigmoid", z)
    return graph.add("Div", 1, graph.add("Add", graph.add("Exp", graph.add("Neg", z)), 1))


def _relu(graph, z):
    return graph.add("Relu", z)


def _leaky_relu(graph, z):
    return graph.add("Max", z, graph.add("Mul", z, 0.01))


def _elu(graph, z, scale=1.0, alpha=1.0):
    """Scale times z above 0, and scale * alpha * (exp(z) - 1) below."""
    below = graph.add("Sub", graph.add("Exp", graph.add("Min", z, 0)), 1)
    below = graph.add("Mul", below, scale * alpha)
    above = graph.add("Mul", graph.add("Relu", z), scale)
    return graph.add("Add", above, below)


def _selu(graph, z):
    return _elu(graph, z, SELU_SCALE, SELU_ALPHA)


def _silu(graph, z):
    return graph.add("Mul", z, _sigmoid(graph, z))


def _gelu(graph, z):
    """Phi(z) times z, Phi being one half of 1 + erf(z / sqrt(2))."""
    if graph.dtype == np.float64:
        phi = _normal_distribution(graph, z)
    else:
        erf = graph.add("Erf", graph.add("Mul", z, np.sqrt(0.5)))
        phi = graph.add("Mul", graph.add("Add", erf, 1), 0.5)
    return graph.add("Mul", z, phi)


def _normal_distribution(graph, z):
    """Phi(z) without Erf: for a = |z| / sqrt(2) the tail is exp(-a^2) erfcx(a) / 2.

    With t = 3 / (3 + a), erfcx(a) / t is a smooth function of t on [0, 1], and a polynomial
    of degree 18 that agrees with it to 1e-13.
    """
    a = graph.add("Mul", graph.add("Abs", z), np.sqrt(0.5))
    t = graph.add("Div", 3, graph.add("Add", a, 3))
    s = graph.add("Sub", graph.add("Add", t, t), 1)
    *lower, value = _tail_coefficients()
    for coefficient in reversed(lower):
        product = graph.add("Mul", s, value)
        value = graph.add("Add", product, coefficient)
    gauss = graph.add("Exp", graph.add("Mul", graph.add("Mul", z, z), -0.5))
    tail = graph.add("Mul", graph.add("Mul", graph.add("Mul", value, t), gauss), 0.5)
    is_above = graph.add("Greater", z, 0)
    return graph.add("Where", is_above, graph.add("Sub", 1, tail), tail)


def _tail_coefficients():
    """Of a polynomial in s = 2 t - 1, lowest power first."""

    def ratio(s):
        t = (s + 1) / 2
        return erfcx(3 / t - 3) / t

    chebyshev = np.polynomial.Chebyshev.interpolate(ratio, 18)
    return [float(c) for c in chebyshev.convert(kind=np.polynomial.Polynomial).coef]


def _softplus(graph, z):
    """max(z, 0) + log(1 + exp(-|z|)), which no z overflows."""
    tail = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add("Add", graph.add("Relu", z), graph.add("Log", graph.add("Add", tail, 1)))


def _exp(graph, z):
    return graph.add("Exp", z)


ADD_ACTIVATION = {
    "identity": _identity,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "silu": _silu,
    "gelu": _gelu,
    "softplus": _softplus,
    "exp": _exp,
}
_NAMES = {activation: name for name, activation in ACTIVATIONS.items()}
