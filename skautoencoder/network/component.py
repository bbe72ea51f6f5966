"""What solvers, schedules, corruptions and penalties, which users configure, have in common."""

import inspect
import math
from numbers import Real


class Component:
    """Parameters stored as they came, readable and settable by name.

    It speaks scikit-learn's parameter protocol (`get_params`, `set_params`, a
    constructor that only stores) without needing scikit-learn, so that a component can
    be cloned, printed and grid-searched as ``solver__momentum``.
    """

    @classmethod
    def _defaults(cls):
        parameters = inspect.signature(cls).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self, deep=True):
        """Return the parameters by name; `deep` is accepted for scikit-learn's sake."""
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params):
        """Set parameters by name and return self; an unknown name raises ValueError."""
        allowed = self._defaults()
        for name, value in params.items():
            if name not in allowed:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}; "
                    f"its parameters are {sorted(allowed)}."
                )
            setattr(self, name, value)
        return self

    def check(self):
        """Raise ValueError where a parameter is out of its range."""

    def __repr__(self):
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name, default in self._defaults().items()
            if getattr(self, name) != default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


def check_number(component, name, low, high, *, closed="both", kind=Real, alternative=None):
    """Raise ValueError unless the component's parameter is a number in the interval.

    `alternative` names what else the caller allows.
    """
    value = getattr(component, name)
    includes_low, includes_high = closed in ("both", "left"), closed in ("both", "right")
    if (
        not isinstance(value, kind)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or not low <= value <= high
        or (value == low and not includes_low)
        or (value == high and not includes_high)
    ):
        noun = "number" if kind is Real else "integer"
        left = "[" if includes_low and low > -math.inf else "("
        right = "]" if includes_high and high < math.inf else ")"
        other = "" if alternative is None else f", or {alternative}"
        raise ValueError(
            f"The {name!r} parameter of {type(component).__name__} must be a finite {noun} in "
            f"{left}{low}, {high}{right}{other}. Got {value!r} instead."
        )
