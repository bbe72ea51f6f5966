"""Solvers: one step from the gradient to new parameters.

A solver holds its settings only. What a run accumulates is its state, a plain dict of
arrays and numbers that goes into the fitted estimator and comes back when training
continues.
"""

import math
from numbers import Integral

import numpy as np

from .component import Component, check_number

# Blocks of this many elements of the parameters, the gradient and two moments stay in the
# last-level cache during the dozen passes of a step. Much smaller ones would fit a core's own
# cache, but their calls are so short that two threads wait for the interpreter's lock.
BLOCK_SIZE = 131072

BIAS_EPSILON = 1e-8


class Solver(Component):
    """Base class: what training asks of a solver."""

    # Whether the solver works on all rows at once: see `lbfgs`, not `step`.
    is_full_batch = False

    def auto_learning_rate(self, widths):
        """The initial learning rate for a network of these layer widths."""
        raise NotImplementedError

    def rate_in_parts(self, n_parts):
        """Factor on the rate where each of n parts of a batch has a step of its own.

        The steps are averaged: of what is linear in the gradient, the mean is the batch's.
        """
        return 1.0

    def init_state(self, parameters):
        """State before the first step: the counter "step", and arrays."""
        raise NotImplementedError

    def step(self, parameters, gradients, state, learning_rate, pool):
        """Change the parameters in place.

        The gradients are first to be completed, and then serve as scratch memory.
        """
        raise NotImplementedError

    def continue_state(self, state, parameters):
        """A copy of an earlier state, or a first one where it belongs to another solver."""
        fresh = self.init_state(parameters)
        return copy_state(state) if state.keys() == fresh.keys() else fresh


class ElementwiseSolver(Solver):
    """Base class of the solvers whose step treats every parameter by itself.

    A subclass names the arrays of its state in `slots` and writes `_update` for one
    block of elements.
    """

    slots = ()
    # Times the learning rate, the share of each weight, not of biases, that a step takes off.
    weight_decay = 0.0

    def init_state(self, parameters):
        return {"step": 0, **{slot: np.zeros_like(parameters.flat) for slot in self.slots}}

    def step(self, parameters, gradients, state, learning_rate, pool):
        state["step"] += 1
        slots = [state[slot] for slot in self.slots]
        # Scalars of the parameters' own type: converting Python numbers costs small networks.
        as_type = parameters.flat.dtype.type
        constants = [as_type(c) for c in self._constants(state["step"], learning_rate)]

        def update(part):
            gradient = gradients.completed(part)
            if self.weight_decay:
                self._decay(parameters, part, learning_rate)
            own = [parameters.flat[part], gradient, *(array[part] for array in slots)]
            for start in range(0, len(gradient), BLOCK_SIZE):
                block = slice(start, start + BLOCK_SIZE)
                self._update(*(array[block] for array in own), *constants)

        pool.map(update, gradients.chunks)

    def _decay(self, parameters, part, learning_rate):
        """Take a share off the weights in a part of the parameters."""
        factor = parameters.flat.dtype.type(1 - learning_rate * self.weight_decay)
        for own in parameters.weights_within(part):
            parameters.flat[own] *= factor

    def _constants(self, step, learning_rate):
        """What `_update` needs beside arrays: plain floats, which keep float32 as it is."""
        raise NotImplementedError

    def _update(self, parameters, gradient, *slots_and_constants):
        raise NotImplementedError


class SGD(ElementwiseSolver):
    """Stochastic gradient descent with (Nesterov) momentum.

    With momentum mu and rate lr, ``v = mu v - lr g`` and the parameters move by ``v``,
    or with Nesterov's look-ahead by ``mu v - lr g`` [1]_.

    Parameters
    ----------
    momentum : float, default=0.9
        Decay of the velocity, in [0, 1).

    nesterovs_momentum : bool, default=True
        Whether to look ahead along the velocity.

    References
    ----------
    .. [1] Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization
       and momentum in deep learning.

    Examples
    --------
    >>> from skautoencoder import SGD, AutoencoderTransformer
    >>> AutoencoderTransformer(solver=SGD(0.95)).get_params()["solver__momentum"]
    0.95
    """

    slots = ("velocity",)

    def __init__(self, momentum=0.9, nesterovs_momentum=True):
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum

    def check(self):
        check_number(self, "momentum", 0, 1, closed="left")
        if not isinstance(self.nesterovs_momentum, (bool, np.bool_)):
            raise ValueError(
                "The 'nesterovs_momentum' parameter of SGD must be True or False. "
                f"Got {self.nesterovs_momentum!r} instead."
            )

    def auto_learning_rate(self, widths):
        # The skip connections see variances that add up over the features.
        return 0.5 * (1 - self.momentum) / max(10, *widths)

    def _constants(self, step, learning_rate):
        return learning_rate, float(self.momentum)

    def _update(self, parameters, gradient, velocity, learning_rate, momentum):
        np.multiply(gradient, learning_rate, out=gradient)
        np.multiply(velocity, momentum, out=velocity)
        np.subtract(velocity, gradient, out=velocity)
        if self.nesterovs_momentum:
            np.subtract(parameters, gradient, out=parameters)
            np.multiply(velocity, momentum, out=gradient)
            np.add(parameters, gradient, out=parameters)
        else:
            np.add(parameters, velocity, out=parameters)


class Adam(ElementwiseSolver):
    """Adam: steps scaled by running moments of the gradient.

    As in [1]_, with both moments corrected for their start at 0.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay of the first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of the second moment, in [0, 1).

    epsilon : float, default=1e-8
        Added to the root of the second moment, above 0.

    References
    ----------
    .. [1] Kingma, Ba (2015), Adam: A Method for Stochastic Optimization.

    Examples
    --------
    >>> from skautoencoder import Adam, AutoencoderTransformer
    >>> AutoencoderTransformer(solver=Adam(0.95)).get_params()["solver__beta_1"]
    0.95
    """

    slots = ("first", "second")

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def check(self):
        check_number(self, "beta_1", 0, 1, closed="left")
        check_number(self, "beta_2", 0, 1, closed="left")
        check_number(self, "epsilon", 0, math.inf, closed="neither")

    def auto_learning_rate(self, widths):
        return 0.08 / math.sqrt(max(widths))

    def rate_in_parts(self, n_parts):
        # Where noise rules, the second moment of a part's gradient is so many times the batch's.
        return math.sqrt(n_parts)

    def _constants(self, step, learning_rate):
        """Bias correction, for moments kept without their factors (1 - beta)."""
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        root = math.sqrt((1 - beta_2**step) / (1 - beta_2))
        rate = learning_rate * root * (1 - beta_1) / (1 - beta_1**step)
        return beta_1, beta_2, rate, float(self.epsilon) * root

    def _update(self, parameters, gradient, first, second, beta_1, beta_2, rate, epsilon):
        np.multiply(first, beta_1, out=first)
        np.add(first, gradient, out=first)
        np.multiply(second, beta_2, out=second)
        np.square(gradient, out=gradient)
        np.add(second, gradient, out=second)
        np.sqrt(second, out=gradient)
        np.add(gradient, epsilon, out=gradient)
        np.divide(first, gradient, out=gradient)
        np.multiply(gradient, rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)


class AdamW(Adam):
    """Adam with decoupled weight decay.

    In addition to Adam's step, each weight loses the share `learning_rate * weight_decay` of
    itself [1]_; biases do not. Unlike with `alpha`, which adds to the gradient, weights whose
    gradients are large are shrunk by no less than the others.

    Parameters
    ----------
    weight_decay : float, default=0.01
        Share of the weights, times the learning rate, that a step takes off, at least 0.

    beta_1 : float, default=0.9
        Decay of the first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of the second moment, in [0, 1).

    epsilon : float, default=1e-8
        Added to the root of the second moment, above 0.

    References
    ----------
    .. [1] Loshchilov, Hutter (2019), Decoupled weight decay regularization. ICLR.

    Examples
    --------
    >>> from skautoencoder import AdamW
    >>> AdamW(weight_decay=0.1).get_params()["weight_decay"]
    0.1
    """

    def __init__(self, weight_decay=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        super().__init__(beta_1, beta_2, epsilon)
        self.weight_decay = weight_decay

    def check(self):
        super().check()
        check_number(self, "weight_decay", 0, math.inf)


# Coefficients of an odd polynomial that, iterated, moves all singular values near to 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(Solver):
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
        second = self._second_moment(gradients, state)
        self._look_ahead(gradients.flat, state["momentum"])

        def move(layer):
            weights, direction = parameters.weights[layer], gradients.weights[layer]
            n_in, n_out = weights.shape
            # The same change of the values for layers of any shape.
            rate = learning_rate * math.sqrt(max(1, n_out / n_in))
            weights -= rate * orthogonalise(direction, int(self.n_iterations))

        pool.map(move, parameters.own_weights)
        self._move_biases(parameters, gradients, second, state["step"], learning_rate)

    def _second_moment(self, gradients, state):
        """Update the second moment of the biases' gradients; return it without its bias."""
        beta_2, second = float(self.beta_2), state["second"]
        gradient = np.concatenate(gradients.biases)
        second *= beta_2
        second += (1 - beta_2) * np.square(gradient)
        return second / (1 - beta_2 ** state["step"])

    def _look_ahead(self, gradient, momentum):
        """Add the gradient to the momentum, and the decayed momentum to the gradient."""
        decay = float(self.momentum)
        np.multiply(momentum, decay, out=momentum)
        np.add(momentum, gradient, out=momentum)
        np.add(gradient, decay * momentum, out=gradient)

    def _move_biases(self, parameters, gradients, second, step, learning_rate):
        decay, start = float(self.momentum), 0
        # What the look-ahead sums to where all gradients are 1.
        total = 1 + decay * (1 - decay**step) / (1 - decay)
        rates = learning_rate / total / (np.sqrt(second) + BIAS_EPSILON)
        for bias, direction in zip(parameters.biases, gradients.biases, strict=True):
            bias -= rates[start : start + len(bias)] * direction
            start += len(bias)


def orthogonalise(matrix, n_iterations):
    """Approximate U V' of the singular value decomposition U S V' by Newton-Schulz.

    The singular values come out between about 0.7 and 1.2.
    """
    a, b, c = (matrix.dtype.type(coefficient) for coefficient in NEWTON_SCHULZ)
    is_tall = matrix.shape[0] > matrix.shape[1]
    X = matrix.T if is_tall else matrix
    # A smaller norm would be one of squares that are rounded off, or of nothing at all.
    X = X / max(np.linalg.norm(X), np.sqrt(np.finfo(X.dtype).tiny))
    for _ in range(n_iterations):
        square = X @ X.T
        X = a * X + (b * square + c * (square @ square)) @ X
    return X.T if is_tall else X


class LBFGS(Solver):
    """Limited-memory BFGS on all rows at once, for small data.

    A quasi-Newton method [1]_: it learns the curvature of the loss from its last steps, and a
    line search takes the place of learning rate and schedule. Made for small networks on
    few rows, trained until they stop improving; with thousands of rows, the solvers that work
    on batches get further in the same time.

    Parameters
    ----------
    memory : int, default=10
        Number of steps from which the curvature is learned, at least 1.

    References
    ----------
    .. [1] Byrd, Lu, Nocedal, Zhu (1995), A Limited Memory Algorithm for Bound Constrained
       Optimization.

    Examples
    --------
    >>> from skautoencoder import LBFGS, AutoencoderTransformer
    >>> AutoencoderTransformer(solver=LBFGS(20)).get_params()["solver__memory"]
    20
    """

    is_full_batch = True

    def __init__(self, memory=10):
        self.memory = memory

    def check(self):
        check_number(self, "memory", 1, math.inf, kind=Integral)

    def auto_learning_rate(self, widths):
        """The line search tries a whole step first."""
        return 1.0

    def init_state(self, parameters):
        return {"step": 0}


def copy_state(state):
    """Copy of a solver's state that shares no array with it."""
    return {
        key: value.copy() if isinstance(value, np.ndarray) else value
        for key, value in state.items()
    }


SOLVERS = {"adam": Adam, "adamw": AdamW, "muon": Muon, "sgd": SGD, "lbfgs": LBFGS}


def as_solver(solver):
    """The solver that a name stands for, or the object itself."""
    return SOLVERS[solver]() if isinstance(solver, str) else solver


def is_full_batch(solver):
    """Whether what stands for a solver works on all rows at once; not where it is none."""
    kind = SOLVERS.get(solver) if isinstance(solver, str) else solver
    return getattr(kind, "is_full_batch", False)


def batch_solvers():
    """The names of the other solvers, as an error lists them."""
    *names, last = (repr(name) for name, kind in SOLVERS.items() if not kind.is_full_batch)
    return f"{', '.join(names)} or {last}"
