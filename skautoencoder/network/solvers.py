"""The solvers by name; the settings of L-BFGS, which works on all rows at once."""

import math
from numbers import Integral

from .component import check_number
from .elementwise_solvers import SGD, Adam, AdamW
from .matrix_solvers import Muon, Shampoo
from .solver_base import Solver


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


SOLVERS = {
    "adam": Adam,
    "adamw": AdamW,
    "muon": Muon,
    "sgd": SGD,
    "shampoo": Shampoo,
    "lbfgs": LBFGS,
}


def as_solver(solver):
    """The solver that a name stands for, or the object itself."""
    return SOLVERS[solver]() if isinstance(solver, str) else solver


def is_full_batch(solver):
    """Whether what stands for a solver works on all rows at once; not where it is none."""
    kind = SOLVERS.get(solver) if isinstance(solver, str) else solver
    return getattr(kind, "is_full_batch", False)


def first_state(names, parameters):
    """The state before the first step of the solver whose state has these names, or None."""
    states = (kind().init_state(parameters) for kind in SOLVERS.values())
    return next((state for state in states if state.keys() == names), None)


def batch_solvers():
    """The names of the other solvers, as an error lists them."""
    *names, last = (repr(name) for name, kind in SOLVERS.items() if not kind.is_full_batch)
    return f"{', '.join(names)} or {last}"
