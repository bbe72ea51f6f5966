"""Solvers that treat every weight matrix as a whole: Muon and Shampoo."""

import math
from itertools import accumulate, pairwise
from numbers import Integral

import numpy as np

from .component import check_number
from .solver_base import Solver

BIAS_EPSILON = 1e-8

# Coefficients of an odd polynomial that, iterated, moves all singular values near to 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class MatrixSolver(Solver):
    """Base class: every weight matrix moves along what `_direction` makes of its gradient.

    The momentum looks ahead, as Nesterov's. Biases move by theirs over the root of their second
    moment, as in Adam. A subclass has the settings `momentum` and `beta_2`.
    """

    def auto_learning_rate(self, widths):
        return 0.02

    def init_state(self, parameters):
        n_biases = sum(len(bias) for bias in parameters.biases)
        return {
            "step": 0,
            "momentum": np.zeros_like(parameters.flat),
            "second": np.zeros(n_biases, parameters.flat.dtype),
        }

    def step(self, parameters, gradients, state, learning_rate, pool):
        state["step"] += 1
        gradients.all_completed(pool)

        def move(layer):
            weights = parameters.weights[layer]
            n_in, n_out = weights.shape
            # The same change of the values for layers of any shape.
            rate = learning_rate * math.sqrt(max(1, n_out / n_in))
            weights -= rate * self._direction(layer, parameters, gradients, state)

        # The largest first: what is left for the end is soon done.
        layers = sorted(parameters.own_weights, key=lambda each: -parameters.weights[each].size)
        pool.map(move, layers)
        self._move_biases(parameters, gradients, state, learning_rate)

    def _direction(self, layer, parameters, gradients, state):
        """The direction of a layer's weights, whose gradient may serve as scratch memory."""
        raise NotImplementedError

    def _looked_ahead(self, layer, parameters, gradients, state):
        """Add the gradient of a layer's weights to their momentum; return it, decayed, with it."""
        gradient = gradients.weights[layer]
        own = slice(*parameters.starts[layer])
        self._look_ahead(gradient, state["momentum"][own].reshape(gradient.shape))
        return gradient

    def _look_ahead(self, gradient, momentum):
        """Add the gradient to the momentum, and the decayed momentum to the gradient."""
        decay = float(self.momentum)
        np.multiply(momentum, decay, out=momentum)
        np.add(momentum, gradient, out=momentum)
        np.add(gradient, decay * momentum, out=gradient)

    def _move_biases(self, parameters, gradients, state, learning_rate):
        decay, step, start = float(self.momentum), state["step"], 0
        # What the look-ahead sums to where all gradients are 1.
        total = 1 + decay * (1 - decay**step) / (1 - decay)
        roots = np.sqrt(self._second_moment(gradients, state)) + BIAS_EPSILON
        rates = learning_rate / total / roots
        biases = zip(parameters.biases, gradients.biases, parameters.starts, strict=True)
        for bias, direction, (_, first) in biases:
            self._look_ahead(direction, state["momentum"][first : first + len(bias)])
            bias -= rates[start : start + len(bias)] * direction
            start += len(bias)

    def _second_moment(self, gradients, state):
        """Update the second moment of the biases' gradients; return it without its bias."""
        beta_2, second = float(self.beta_2), state["second"]
        gradient = np.concatenate(gradients.biases)
        second *= beta_2
        second += (1 - beta_2) * np.square(gradient)
        return second / (1 - beta_2 ** state["step"])


class Muon(MatrixSolver):
    """Momentum, orthogonalised for every weight matrix.

    The direction of a weight matrix is its momentum with all singular values set to
    about 1 [1]_, so that no direction in which the gradient is weak is left behind. Biases
    move by their momentum over the root of their second moment, as in Adam. A step
    costs more than Adam's, but far fewer are needed: made for layers of up to a few
    hundred units, and for batches of 128 to 256 rows.

    Parameters
    ----------
    momentum : float, default=0.95
        Decay of the momentum, in [0, 1); the step looks ahead along it (Nesterov).

    beta_2 : float, default=0.99
        Decay of the second moment of the biases' gradients, in [0, 1).

    n_iterations : int, default=5
        Newton-Schulz iterations that orthogonalise, at least 1.

    References
    ----------
    .. [1] Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein (2024), Muon: An
       optimizer for hidden layers in neural networks.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, Muon
    >>> autoencoder = AutoencoderTransformer(solver=Muon(momentum=0.9))
    >>> autoencoder.get_params()["solver__momentum"]
    0.9
    """

    def __init__(self, momentum=0.95, beta_2=0.99, n_iterations=5):
        self.momentum = momentum
        self.beta_2 = beta_2
        self.n_iterations = n_iterations

    def check(self):
        check_number(self, "momentum", 0, 1, closed="left")
        check_number(self, "beta_2", 0, 1, closed="left")
        check_number(self, "n_iterations", 1, math.inf, kind=Integral)

    def _direction(self, layer, parameters, gradients, state):
        looked_ahead = self._looked_ahead(layer, parameters, gradients, state)
        return orthogonalise(looked_ahead, int(self.n_iterations))


class Shampoo(MatrixSolver):
    """Momentum, whitened for every weight matrix by its gradients' covariance.

    The direction of a weight matrix is its momentum times the inverse root of a running sum of
    G'G or GG', for gradients G [1]_: whichever is the smaller matrix, and that one alone [2]_. So
    directions in which the gradient is weak are learned as fast as the strong ones. The inverse
    roots are computed anew in every 20th step only [3]_, and the direction has the length of an
    orthogonal matrix, as Muon's. Biases move by their momentum over the root of their second
    moment, as in Adam.

    Made for wide layers, of hundreds of units, and batches of a few hundred rows, where a step
    costs up to twice one of Adam's, and a fraction of the epochs is needed. It keeps, beside the
    momentum, two square matrices for each weight matrix, as wide as its smaller side.

    Parameters
    ----------
    momentum : float, default=0.95
        Decay of the momentum, in [0, 1); the step looks ahead along it (Nesterov).

    beta_2 : float, default=0.95
        Decay of the covariances, and of the second moment of the biases' gradients, in [0, 1).

    epsilon : float, default=1e-6
        Added to the covariances' eigenvalues, as a share of the largest one, above 0.

    update_interval : int, default=20
        Number of steps from one computation of the inverse roots to the next, at least 1. Before
        that many steps, they are computed in the first, second, fourth, eighth and so on.

    References
    ----------
    .. [1] Gupta, Koren, Singer (2018), Shampoo: Preconditioned stochastic tensor optimization.
       ICML.
    .. [2] Xie, Wang, Reddi, Kumar, Li (2025), Structured preconditioners in adaptive
       optimization: A unified analysis. ICML.
    .. [3] Anil, Gupta, Koren, Regan, Singer (2020), Scalable second order optimization for
       deep learning.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, Shampoo
    >>> autoencoder = AutoencoderTransformer(solver=Shampoo(update_interval=10))
    >>> autoencoder.get_params()["solver__update_interval"]
    10
    """

    # In the state: those of all layers, one behind the other.
    _squares = ("covariances", "roots")

    def __init__(self, momentum=0.95, beta_2=0.95, epsilon=1e-6, update_interval=20):
        self.momentum = momentum
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.update_interval = update_interval

    def check(self):
        check_number(self, "momentum", 0, 1, closed="left")
        check_number(self, "beta_2", 0, 1, closed="left")
        check_number(self, "epsilon", 0, math.inf, closed="neither")
        check_number(self, "update_interval", 1, math.inf, kind=Integral)

    def init_state(self, parameters):
        n_cells = max(own.stop for own in covariance_slices(parameters).values())
        empty = {name: np.zeros(n_cells, parameters.flat.dtype) for name in self._squares}
        return {**super().init_state(parameters), **empty}

    def _direction(self, layer, parameters, gradients, state):
        gradient = gradients.weights[layer]
        (n_in, n_out), own = gradient.shape, covariance_slices(parameters)[layer]
        n, is_wide = min(n_in, n_out), n_in < n_out
        covariance, root = (state[name][own].reshape(n, n) for name in self._squares)
        factor = gradient.T if is_wide else gradient
        # Their sum's scale is nothing that the direction depends on.
        np.multiply(covariance, float(self.beta_2), out=covariance)
        np.add(covariance, factor.T @ factor, out=covariance)
        if self._is_due(state["step"]):
            root[...] = inverse_root(covariance, float(self.epsilon))
        momentum = self._looked_ahead(layer, parameters, gradients, state)
        direction = (momentum.T if is_wide else momentum) @ root
        direction *= math.sqrt(n) / norm(direction)
        return direction.T if is_wide else direction

    def _is_due(self, step):
        """Whether inverse roots are computed in a step: before the interval, in powers of two."""
        interval = int(self.update_interval)
        return step % interval == 0 or (step < interval and step & (step - 1) == 0)


def orthogonalise(matrix, n_iterations):
    """Approximate U V' of the singular value decomposition U S V' by Newton-Schulz.

    The singular values come out between about 0.7 and 1.2.
    """
    a, b, c = (matrix.dtype.type(coefficient) for coefficient in NEWTON_SCHULZ)
    is_tall = matrix.shape[0] > matrix.shape[1]
    X = matrix.T if is_tall else matrix
    X = X / norm(X)
    for _ in range(n_iterations):
        square = X @ X.T
        # Of a matrix and its transpose, as a square of what is symmetric is, BLAS computes half.
        X = a * X + (b * square + c * (square @ square.T)) @ X
    return X.T if is_tall else X


def norm(matrix):
    """Frobenius norm; at least that of numbers whose squares are not rounded off."""
    return max(np.linalg.norm(matrix), np.sqrt(np.finfo(matrix.dtype).tiny))


def covariance_slices(parameters):
    """Of each layer with weights of its own, where the covariance is among those of all."""
    layers = parameters.own_weights
    stops = accumulate((min(parameters.shapes[layer]) ** 2 for layer in layers), initial=0)
    return {layer: slice(*ends) for layer, ends in zip(layers, pairwise(stops), strict=True)}


def inverse_root(covariance, epsilon):
    """(covariance + epsilon * largest eigenvalue)^(-1/2); NaN where it is not finite."""
    if not np.isfinite(np.trace(covariance)):
        return np.full_like(covariance, np.nan)
    values, vectors = np.linalg.eigh(covariance)
    floor = max(epsilon * values[-1], np.finfo(values.dtype).tiny)
    return (vectors / np.sqrt(np.maximum(values, 0) + floor)) @ vectors.T
