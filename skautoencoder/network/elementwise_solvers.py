"""Solvers that treat every parameter by itself: SGD, Adam and AdamW."""

import math

import numpy as np

from .component import check_number
from .solver_base import Solver

# Blocks of this many elements of the parameters, the gradient and two moments stay in the
# last-level cache during the dozen passes of a step. Much smaller ones would fit a core's own
# cache, but their calls are so short that two threads wait for the interpreter's lock.
BLOCK_SIZE = 131072


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
