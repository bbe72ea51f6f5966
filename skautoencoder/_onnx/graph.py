"""Networks written in ONNX operators, in float32 or float64.

In float64 only operators that runtimes have kernels for are used: onnxruntime has none of Erf,
Elu, Selu, Softplus and Gelu, and of Sigmoid only in newer versions.
"""

import numpy as np
from scipy.special import erfcx

from ..network.activations import ACTIVATIONS


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

    def add_sigmoid(self, z):
        """Name of 1 / (1 + exp(-z))."""
        if self.dtype == np.float32:
            return self.add("Sigmoid", z)
        return self.add("Div", 1, self.add("Add", self.add("Exp", self.add("Neg", z)), 1))

    def add_normal_distribution(self, z):
        """Name of Phi(z), the standard normal distribution function.

        In float64 without Erf: for a = |z| / sqrt(2) the tail is exp(-a^2) erfcx(a) / 2. With
        t = 3 / (3 + a), erfcx(a) / t is a smooth function of t on [0, 1], and a polynomial of
        degree 18 that agrees with it to 1e-13.
        """
        if self.dtype == np.float32:
            erf = self.add("Erf", self.add("Mul", z, np.sqrt(0.5)))
            return self.add("Mul", self.add("Add", erf, 1), 0.5)
        a = self.add("Mul", self.add("Abs", z), np.sqrt(0.5))
        t = self.add("Div", 3, self.add("Add", a, 3))
        s = self.add("Sub", self.add("Add", t, t), 1)
        *lower, value = _tail_coefficients()
        for coefficient in reversed(lower):
            value = self.add("Add", self.add("Mul", s, value), coefficient)
        gauss = self.add("Exp", self.add("Mul", self.add("Mul", z, z), -0.5))
        tail = self.add("Mul", self.add("Mul", self.add("Mul", value, t), gauss), 0.5)
        return self.add("Where", self.add("Greater", z, 0), self.add("Sub", 1, tail), tail)

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
        values = layer.activation.onnx(graph, values)
    if skip is not None and not network.is_skip_inside:
        values = graph.add("Add", values, skip)
    return values if network.links is None else _add_links(graph, network.links, values)


def _add_links(graph, losses, values):
    """Outputs turned into predictions, by the inverse links of single columns."""
    width = len(losses.weights)
    rest = np.arange(width)
    parts = losses.links
    if not parts:
        return values
    rest = np.setdiff1d(rest, np.concatenate([columns for _, columns in parts]))
    pieces = []
    for link, columns in [*parts, ("identity", rest)]:
        if len(columns):
            own = graph.add("Gather", values, graph.integers(columns), axis=1)
            is_category = link == "softmax"
            pieces.append(
                graph.add("Softmax", own, axis=1)
                if is_category
                else ACTIVATIONS[link].onnx(graph, own)
            )
    order = np.argsort(np.concatenate([*(columns for _, columns in parts), rest]))
    joined = graph.add("Concat", *pieces, axis=1)
    return graph.add("Gather", joined, graph.integers(order), axis=1)


def add_unscaled(graph, estimator, values):
    """The decoder's outputs in the units of X."""
    scaling = estimator._output_scaling()
    if scaling is None:
        return values
    return graph.add("Add", graph.add("Mul", values, scaling.scale), scaling.shift)


def _add_affine(graph, layer, inputs):
    return graph.add("Gemm", inputs, layer.weights, layer.bias)


def _tail_coefficients():
    """Of a polynomial in s = 2 t - 1, lowest power first."""

    def ratio(s):
        t = (s + 1) / 2
        return erfcx(3 / t - 3) / t

    chebyshev = np.polynomial.Chebyshev.interpolate(ratio, 18)
    return [float(c) for c in chebyshev.convert(kind=np.polynomial.Polynomial).coef]
