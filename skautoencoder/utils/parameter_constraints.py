"""Parameters that are objects with parameters of their own: what users can write there."""

import inspect

from .compat import StrOptions


class ObjectOf(StrOptions):
    """Constraint of a parameter: an object of a kind, named by what users can write.

    Parameters
    ----------
    kind : type
        The base class of such objects.
    but_not : type or tuple of types
        Those of them that are not allowed.
    """

    def __init__(self, kind, but_not=()):
        super().__init__(set())
        self.kind = kind
        self.but_not = but_not

    def is_satisfied_by(self, val):
        """Whether it is such an object."""
        return isinstance(val, self.kind) and not isinstance(val, self.but_not)

    def __str__(self):
        return f"an object such as {', '.join(f'{each.__name__}()' for each in self.choices())}"

    def choices(self):
        """The classes of such objects that this package has."""
        found = [each for each in _with_subclasses(self.kind) if _is_for_users(each)]
        return [each for each in found if not issubclass(each, self.but_not)]


def _with_subclasses(kind):
    yield kind
    for each in kind.__subclasses__():
        yield from _with_subclasses(each)


def _is_for_users(kind):
    """Whether a class is this package's, and not a base class without parameters of its own."""
    is_base = any(map(_is_ours, kind.__subclasses__())) and not inspect.signature(kind).parameters
    return _is_ours(kind) and not is_base


def _is_ours(kind):
    return kind.__module__.startswith("skautoencoder.") and not kind.__name__.startswith("_")


def refuse_parameters_of_nothing(estimator, params):
    """Raise ValueError where `set_params` is to set a parameter of what has none."""
    own = estimator.get_params(deep=False)
    for name in params:
        owner, _, nested = name.partition("__")
        value = params.get(owner, own.get(owner))
        if nested and owner in own and not hasattr(value, "set_params"):
            raise ValueError(
                f"{name!r} cannot be set, because {owner} is {value!r}, which has no parameters: "
                f"{_advice(estimator, owner, nested)}."
            )


def _advice(estimator, owner, nested):
    """What to set first."""
    constraints = estimator._parameter_constraints[owner]
    kinds = [each for each in constraints if isinstance(each, ObjectOf)]
    choices = [each for kind in kinds for each in kind.choices() if nested in each._defaults()]
    if not choices:
        return f"{owner} takes no object that has {nested!r}"
    examples = " or ".join(f"{owner}={each.__name__}({nested}=...)" for each in choices)
    return f"set {examples} first"
