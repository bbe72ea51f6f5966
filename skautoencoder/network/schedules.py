"""Schedules: the factor on the initial learning rate at each step of the solver.

A schedule with a planned end (cosine, one-cycle) anneals over the steps of one `fit`.
Training without a planned end (`partial_fit`, where `n_steps` is None) holds its peak.
"""

import math
from numbers import Integral

from .component import Component, check_number


class Schedule(Component):
    """Base class of the schedules; on its own it keeps the rate constant."""

    # Whether the factor depends on when the run ends. If so, steps are counted from the
    # start of the run, otherwise from the solver's very first step.
    has_planned_end = False

    def factor(self, step, n_steps):
        """The factor at a step, counted from 0; n_steps is None where no end is planned."""
        return 1.0

    def lowers_rate(self, in_fit):
        """Whether the rate falls in the course of a `fit`, or of calls of `partial_fit`."""
        return False

    def factor_after_plateau(self, n_plateaus):
        """A factor for the rest of the run when patience runs out for the n-th time.

        None stops the run.
        """


class ConstantSchedule(Schedule):
    """The learning rate stays at `learning_rate_init`.

    Examples
    --------
    >>> from skautoencoder import ConstantSchedule
    >>> ConstantSchedule().factor(step=10, n_steps=100)
    1.0
    """


class InvScalingSchedule(Schedule):
    """The learning rate falls as a power of the number of steps.

    The factor is ``1 / (step + 1) ** power_t``.

    Parameters
    ----------
    power_t : float, default=0.5
        The exponent, at least 0.

    Examples
    --------
    >>> from skautoencoder import InvScalingSchedule
    >>> InvScalingSchedule(power_t=0.5).factor(step=3, n_steps=None)
    0.5
    """

    def __init__(self, power_t=0.5):
        self.power_t = power_t

    def check(self):
        check_number(self, "power_t", 0, math.inf)

    def lowers_rate(self, in_fit):
        return True

    def factor(self, step, n_steps):
        return (step + 1) ** -float(self.power_t)


class AdaptiveSchedule(Schedule):
    """The learning rate is cut each time patience runs out.

    It stays at `learning_rate_init` as long as the loss improves. When
    `n_iter_no_change` epochs in a row bring no improvement, the rate is multiplied by
    `decay` and patience starts anew; when patience runs out after `max_decays` such cuts,
    training stops.

    Parameters
    ----------
    decay : float, default=0.2
        Factor of one cut, between 0 and 1.

    max_decays : int, default=4
        Number of cuts before a plateau ends training, at least 0.

    Examples
    --------
    >>> from skautoencoder import AdaptiveSchedule
    >>> AdaptiveSchedule(decay=0.1).factor_after_plateau(1)
    0.1
    """

    def __init__(self, decay=0.2, max_decays=4):
        self.decay = decay
        self.max_decays = max_decays

    def check(self):
        check_number(self, "decay", 0, 1, closed="neither")
        check_number(self, "max_decays", 0, math.inf, kind=Integral)

    def lowers_rate(self, in_fit):
        return in_fit

    def factor_after_plateau(self, n_plateaus):
        return float(self.decay) if n_plateaus <= self.max_decays else None


class PlannedSchedule(Schedule):
    """Base class of the schedules that rise over a share `warmup` of a fit, and then fall."""

    has_planned_end = True

    def check(self):
        check_number(self, "warmup", 0, 1, closed="left")

    def lowers_rate(self, in_fit):
        return in_fit

    def factor(self, step, n_steps):
        if n_steps is None:
            return 1.0
        n_warmup = int(self.warmup * n_steps)
        if step < n_warmup:
            return self._rise(step, n_warmup)
        return self._fall((step - n_warmup) / (n_steps - n_warmup))

    def _rise(self, step, n_warmup):
        """Return the factor at a step of the first n_warmup ones."""
        raise NotImplementedError

    def _fall(self, progress):
        """Return the factor where `progress`, from 0 to below 1, is the share that has passed."""
        raise NotImplementedError


class CosineSchedule(PlannedSchedule):
    """Linear warm-up, then half a cosine that reaches zero as the run ends.

    The fall is that of [1]_, without restarts.

    Parameters
    ----------
    warmup : float, default=0.05
        Share of the steps, in [0, 1), over which the rate rises from near zero.

    References
    ----------
    .. [1] Loshchilov, Hutter (2017), SGDR: Stochastic Gradient Descent with Warm
       Restarts.

    Examples
    --------
    >>> from skautoencoder import CosineSchedule
    >>> CosineSchedule(warmup=0).factor(step=50, n_steps=100)
    0.5
    """

    def __init__(self, warmup=0.05):
        self.warmup = warmup

    def _rise(self, step, n_warmup):
        return (step + 1) / n_warmup

    def _fall(self, progress):
        return _half_cosine(progress)


class OneCycleSchedule(PlannedSchedule):
    """One rise and one fall of the learning rate, both along half a cosine.

    As in [1]_, for the learning rate alone.

    Parameters
    ----------
    warmup : float, default=0.3
        Share of the steps, in [0, 1), over which the rate rises.

    start : float, default=0.04
        Factor at the first step, in [0, 1].

    end : float, default=0.0001
        Factor that the last step approaches, in [0, 1].

    References
    ----------
    .. [1] Smith, Topin (2019), Super-Convergence: Very Fast Training of Neural Networks
       Using Large Learning Rates.

    Examples
    --------
    >>> from skautoencoder import OneCycleSchedule
    >>> OneCycleSchedule(warmup=0.3).factor(step=30, n_steps=100)
    1.0
    """

    def __init__(self, warmup=0.3, start=0.04, end=1e-4):
        self.warmup = warmup
        self.start = start
        self.end = end

    def check(self):
        super().check()
        check_number(self, "start", 0, 1)
        check_number(self, "end", 0, 1)

    def _rise(self, step, n_warmup):
        return 1 - (1 - self.start) * _half_cosine(step / n_warmup)

    def _fall(self, progress):
        return self.end + (1 - self.end) * _half_cosine(progress)


def _half_cosine(progress):
    return 0.5 * (1 + math.cos(math.pi * progress))


SCHEDULES = {
    "constant": ConstantSchedule,
    "invscaling": InvScalingSchedule,
    "adaptive": AdaptiveSchedule,
    "cosine": CosineSchedule,
    "one_cycle": OneCycleSchedule,
}


def as_schedule(schedule):
    """The schedule that a name stands for, or the object itself."""
    return SCHEDULES[schedule]() if isinstance(schedule, str) else schedule
