"""Activations: each turns pre-activations into values, in place.

A function takes the pre-activations `z`, which it overwrites with the values, and
optionally a buffer of the same shape that it fills with the derivatives dvalue/dz. Its
`second_derivative` takes `z` and returns the second derivatives, for penalties on the encoder's
Jacobian. Exported models have the same value: `onnx` adds it to a graph of ONNX operators, and
`javascript` is an expression of `z` for the explorer's page, which has `sigmoid` and `erf`. To
add one, write these and an entry of `ACTIVATIONS`: the gradient check, the estimator's
parameter, the scaling of the data and the exports pick it up from there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

# Klambauer et al. (2017), Self-Normalizing Neural Networks, eq. 14.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805

# Inverses keep this far from the ends of a range, where they are infinite.
MARGIN = 1e-3


@dataclass(frozen=True)
class Activation:
    """An elementwise function, its other forms, range, and a fitting initialiser.

    `output_only` bars it from hidden layers and code. `inverse` leads from a value back to
    the pre-activation: for those that a loss is fused with.
    """

    function: Callable
    second_derivative: Callable
    onnx: Callable
    javascript: str
    low: float = -np.inf
    high: float = np.inf
    initializer: str = "glorot_uniform"
    is_identity: bool = False
    output_only: bool = False
    inverse: Callable | None = None


def identity(z, derivative=None):
    """Leave z as it is."""
    if derivative is not None:
        derivative.fill(1)


def tanh(z, derivative=None):
    """Hyperbolic tangent; in float64 as 1 - 2 / (1 + exp(2z)), to 2e-16 and twice as fast."""
    if z.dtype == np.float64:
        np.add(z, z, out=z)
        np.exp(z, out=z)
        np.add(z, 1, out=z)
        np.divide(-2, z, out=z)
        np.add(z, 1, out=z)
    else:
        np.tanh(z, out=z)
    if derivative is not None:
        np.square(z, out=derivative)
        # A scalar of z's own type spares small batches the conversion of a Python number.
        np.subtract(z.dtype.type(1), derivative, out=derivative)


def sigmoid(z, derivative=None):
    """1 / (1 + exp(-z)); where exp overflows to infinity the value is the limit, 0."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    np.add(z, z.dtype.type(1), out=z)
    np.reciprocal(z, out=z)
    if derivative is not None:
        np.square(z, out=derivative)
        np.subtract(z, derivative, out=derivative)


def logit(values):
    """Inverse of the sigmoid, kept within about 7 of 0."""
    values = np.clip(values, MARGIN, 1 - MARGIN)
    return np.log(values / (1 - values))


def relu(z, derivative=None):
    """Return max(z, 0)."""
    if derivative is None:
        np.clip(z, 0, np.inf, out=z)
    else:
        # Comparing and multiplying, like clipping, vectorises better than maximum with a scalar.
        np.greater(z, 0, out=derivative)
        np.multiply(z, derivative, out=z)


def leaky_relu(z, derivative=None, slope=0.01):
    """Return z above 0, slope * z below."""
    factor = np.empty_like(z) if derivative is None else derivative
    np.greater(z, 0, out=factor)
    np.multiply(factor, 1 - slope, out=factor)
    np.add(factor, slope, out=factor)
    np.multiply(z, factor, out=z)


def elu(z, derivative=None):
    """Return z above 0, exp(z) - 1 below; its derivative is exp(min(z, 0)) everywhere."""
    below = np.empty_like(z) if derivative is None else derivative
    np.clip(z, -np.inf, 0, out=below)
    np.exp(below, out=below)
    np.subtract(below, 1, out=below)
    np.clip(z, 0, np.inf, out=z)
    np.add(z, below, out=z)
    if derivative is not None:
        np.add(derivative, 1, out=derivative)


def selu(z, derivative=None):
    """Scaled exponential linear unit: keeps mean 0 and variance 1 from layer to layer."""
    positive = z > 0
    elu(z, derivative)
    below = np.where(positive, z.dtype.type(SELU_SCALE), z.dtype.type(SELU_SCALE * SELU_ALPHA))
    np.multiply(z, below, out=z)
    if derivative is not None:
        np.multiply(derivative, below, out=derivative)


def silu(z, derivative=None):
    """Return z * s with s = sigmoid(z), also known as swish; derivative s (1 - z s) + z s."""
    gate = np.empty_like(z) if derivative is None else derivative
    np.copyto(gate, z)
    sigmoid(gate)
    np.multiply(z, gate, out=z)
    if derivative is not None:
        np.multiply(derivative, z.dtype.type(1) - z, out=derivative)
        np.add(derivative, z, out=derivative)


def gelu(z, derivative=None):
    """Return z * Phi(z), Phi the standard normal distribution function (the exact form)."""
    phi = np.multiply(z, z.dtype.type(np.sqrt(0.5)))
    erf(phi, out=phi)
    np.add(phi, 1, out=phi)
    np.multiply(phi, 0.5, out=phi)
    if derivative is not None:
        np.multiply(z, z, out=derivative)
        np.multiply(derivative, -0.5, out=derivative)
        np.exp(derivative, out=derivative)
        np.multiply(derivative, z.dtype.type(1 / np.sqrt(2 * np.pi)), out=derivative)
        np.multiply(derivative, z, out=derivative)
        np.add(derivative, phi, out=derivative)
    np.multiply(z, phi, out=z)


def softplus(z, derivative=None):
    """log(1 + exp(z)), computed as max(z, 0) + log1p(exp(-|z|))."""
    if derivative is not None:
        np.copyto(derivative, z)
        sigmoid(derivative)
    tail = np.abs(z)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    np.clip(z, 0, np.inf, out=z)
    np.add(z, tail, out=z)


def exp(z, derivative=None):
    """exp(z), its own derivative."""
    np.exp(z, out=z)
    if derivative is not None:
        np.copyto(derivative, z)


def softmax(z):
    """Make shares of each row of z, exp(z) over its sum; return the logarithms of these sums.

    Of whole rows, and so no `Activation`: see `CategoricalCrossEntropy`.
    """
    highest = z.max(axis=1, keepdims=True)
    np.subtract(z, highest, out=z)
    np.exp(z, out=z)
    totals = z.sum(axis=1, keepdims=True)
    np.divide(z, totals, out=z)
    return (np.log(totals) + highest)[:, 0]


def log(values):
    """Inverse of exp, from about -7 on."""
    return np.log(np.maximum(values, MARGIN))


def no_second_derivative(z):
    """Second derivative of what is linear piece by piece: 0."""
    return np.zeros_like(z)


def tanh_second_derivative(z):
    """-2 t (1 - t^2) with t = tanh(z)."""
    t = np.tanh(z)
    return -2 * t * (1 - t * t)


def sigmoid_second_derivative(z):
    """S (1 - s) (1 - 2 s) with s = sigmoid(z)."""
    s = expit(z)
    return s * (1 - s) * (1 - 2 * s)


def elu_second_derivative(z):
    """exp(z) below 0, else 0."""
    return np.where(z > 0, z.dtype.type(0), np.exp(np.minimum(z, 0)))


def selu_second_derivative(z):
    """That of elu, scaled."""
    return z.dtype.type(SELU_SCALE * SELU_ALPHA) * elu_second_derivative(z)


def silu_second_derivative(z):
    """S (1 - s) (2 + z (1 - 2 s)) with s = sigmoid(z)."""
    s = expit(z)
    return s * (1 - s) * (2 + z * (1 - 2 * s))


def gelu_second_derivative(z):
    """phi(z) (2 - z^2), phi the density of the standard normal distribution."""
    density = np.exp(-0.5 * z * z) / z.dtype.type(np.sqrt(2 * np.pi))
    return density * (2 - z * z)


def softplus_second_derivative(z):
    """S (1 - s) with s = sigmoid(z)."""
    s = expit(z)
    return s * (1 - s)


def _identity_onnx(graph, z):
    return z


def _tanh_onnx(graph, z):
    return graph.add("Tanh", z)


def _sigmoid_onnx(graph, z):
    return graph.add_sigmoid(z)


def _relu_onnx(graph, z):
    return graph.add("Relu", z)


def _leaky_relu_onnx(graph, z):
    return graph.add("Max", z, graph.add("Mul", z, 0.01))


def _elu_onnx(graph, z, scale=1.0, alpha=1.0):
    """Scale times z above 0, and scale * alpha * (exp(z) - 1) below."""
    below = graph.add("Sub", graph.add("Exp", graph.add("Min", z, 0)), 1)
    below = graph.add("Mul", below, scale * alpha)
    above = graph.add("Mul", graph.add("Relu", z), scale)
    return graph.add("Add", above, below)


def _selu_onnx(graph, z):
    return _elu_onnx(graph, z, SELU_SCALE, SELU_ALPHA)


def _silu_onnx(graph, z):
    return graph.add("Mul", z, graph.add_sigmoid(z))


def _gelu_onnx(graph, z):
    return graph.add("Mul", z, graph.add_normal_distribution(z))


def _softplus_onnx(graph, z):
    tail = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add("Add", graph.add("Relu", z), graph.add("Log", graph.add("Add", tail, 1)))


def _exp_onnx(graph, z):
    return graph.add("Exp", z)


ACTIVATIONS = {
    "identity": Activation(
        identity, no_second_derivative, _identity_onnx, javascript="z", is_identity=True
    ),
    "tanh": Activation(
        tanh, tanh_second_derivative, _tanh_onnx, javascript="Math.tanh(z)", low=-1, high=1
    ),
    "sigmoid": Activation(
        sigmoid,
        sigmoid_second_derivative,
        _sigmoid_onnx,
        javascript="sigmoid(z)",
        low=0,
        high=1,
        inverse=logit,
    ),
    "relu": Activation(
        relu,
        no_second_derivative,
        _relu_onnx,
        javascript="Math.max(z, 0)",
        low=0,
        initializer="he_uniform",
    ),
    "leaky_relu": Activation(
        leaky_relu,
        no_second_derivative,
        _leaky_relu_onnx,
        javascript="z > 0 ? z : 0.01 * z",
        initializer="he_uniform",
    ),
    "elu": Activation(
        elu, elu_second_derivative, _elu_onnx, javascript="z > 0 ? z : Math.expm1(z)", low=-1
    ),
    "selu": Activation(
        selu,
        selu_second_derivative,
        _selu_onnx,
        javascript=f"{SELU_SCALE} * (z > 0 ? z : {SELU_ALPHA} * Math.expm1(z))",
        low=-SELU_SCALE * SELU_ALPHA,
        initializer="lecun_normal",
    ),
    "silu": Activation(
        silu, silu_second_derivative, _silu_onnx, javascript="z * sigmoid(z)", low=-0.2785
    ),
    "gelu": Activation(
        gelu,
        gelu_second_derivative,
        _gelu_onnx,
        javascript="0.5 * z * (1 + erf(z * Math.SQRT1_2))",
        low=-0.17,
    ),
    "softplus": Activation(
        softplus,
        softplus_second_derivative,
        _softplus_onnx,
        javascript="Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))",
        low=0,
    ),
    # Exponentials of exponentials leave the range of any float.
    "exp": Activation(
        exp, np.exp, _exp_onnx, javascript="Math.exp(z)", low=0, output_only=True, inverse=log
    ),
}
HIDDEN_ACTIVATIONS = [name for name, a in ACTIVATIONS.items() if not a.output_only]
