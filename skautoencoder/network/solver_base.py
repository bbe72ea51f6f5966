"""What training asks of a solver: one step from the gradient to new parameters.

A solver holds its settings only. What a run accumulates is its state, a plain dict of
arrays and numbers that goes into the fitted estimator and comes back when training
continues.
"""

import numpy as np

from .component import Component


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


def copy_state(state):
    """Copy of a solver's state that shares no array with it."""
    return {
        key: value.copy() if isinstance(value, np.ndarray) else value
        for key, value in state.items()
    }
