"""What a checkpoint may hold: one description, by which all of a file is checked before it is used.

A checksum tells of accidents only: who writes a file by hand also writes that. A schema has the
form of what it describes, dicts and lists, with the kinds of values below as leaves. What must
hold between the values is in `RELATIONS`.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ..network.bottleneck import MIN_NOISE_VARIANCE
from ..network.floating_point import quiet_overflow
from ..network.trainer import KEPT, STOP_REASONS

# Estimators' parameters are not nested deeper; beyond a thousand, Python itself gives up.
MAX_DEPTH = 50


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, by default those of a count."""

    low: int = 0
    high: int = 2**63 - 1

    def admits(self, value):
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True)
class Number:
    """A float, not NaN, from `low` on."""

    low: float = -math.inf
    high: float = math.inf

    def admits(self, value):
        return type(value) is float and self.low <= value <= self.high


@dataclass(frozen=True)
class Exactly:
    """One value, of its type."""

    expected: object

    def admits(self, value):
        return type(value) is type(self.expected) and value == self.expected


@dataclass(frozen=True)
class OneOf:
    """One of these words; None may be among them."""

    words: tuple

    def admits(self, value):
        return (value is None or type(value) is str) and value in self.words


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def admits(self, value):
        return type(value) is bool


@dataclass(frozen=True)
class Curve:
    """A list of finite floats."""

    def admits(self, value):
        return type(value) is list and all(FINITE.admits(each) for each in value)


@dataclass(frozen=True)
class ArrayLike:
    """An array of finite numbers, of the shape and dtype of another."""

    other: np.ndarray = field(repr=False)

    def admits(self, value):
        return (
            isinstance(value, np.ndarray)
            and value.shape == self.other.shape
            and value.dtype == self.other.dtype
            and bool(np.isfinite(value).all())
        )


@dataclass(frozen=True)
class Weights(ArrayLike):
    """The same, of a length that is finite, too, as training itself demands."""

    def admits(self, value):
        if not super().admits(value):
            return False
        with quiet_overflow():
            return math.isfinite(np.dot(value, value))


@dataclass(frozen=True)
class AtLeast(ArrayLike):
    """The same, each number from its own lowest on."""

    lowest: tuple

    def admits(self, value):
        return super().admits(value) and bool((value >= self.lowest).all())


@dataclass(frozen=True)
class Reordered(ArrayLike):
    """An array of the same numbers as another, in whatever order."""

    def admits(self, value):
        return super().admits(value) and np.array_equal(np.sort(value), np.sort(self.other))


@dataclass(frozen=True)
class Seed:
    """What a SeedSequence takes: whole numbers, one or a list of them."""

    def admits(self, value):
        seeds = value if type(value) is list else [value]
        return all(type(seed) is int and seed >= 0 for seed in seeds)


@dataclass(frozen=True)
class Json:
    """Whatever JSON can say, in dicts and lists that are not nested too deeply."""

    depth: int = MAX_DEPTH

    def admits(self, value):
        inner = value.values() if type(value) is dict else value
        if type(value) in (dict, list):
            return self.depth > 0 and all(map(Json(self.depth - 1).admits, inner))
        return value is None or type(value) in (bool, int, float, str)


@dataclass(frozen=True)
class JsonObject(Json):
    """The same, a dict at the top."""

    def admits(self, value):
        return type(value) is dict and super().admits(value)


@dataclass(frozen=True)
class Optional:
    """None, or what a schema describes."""

    schema: object


@dataclass(frozen=True)
class Dict:
    """Any dict."""

    def admits(self, value):
        return type(value) is dict


LARGEST = math.nextafter(math.inf, 0)
FINITE = Number(-LARGEST, LARGEST)


# Of a whole file; the state of its run has a schema of its own.
FILE = {
    "fingerprint": JsonObject(),
    "entropy": Seed(),
    "is_over": Flag(),
    "run": Optional(Dict()),
}


def run_schema(start, max_iter):
    """Of the state of a run, by that at its start."""
    parameters = Weights(start["parameters"])
    solver_state = _solver_state(start["state"])
    bottleneck = _bottleneck(start["bottleneck"])
    return {
        "parameters": parameters,
        "state": solver_state,
        "bottleneck": bottleneck,
        "generators": [_generator(state) for state in start["generators"]],
        "counters": {
            "_run_step": Whole(),
            "_rate_factor": Number(0, LARGEST),
            "_n_plateaus": Whole(high=max_iter),
        },
        "indices": Reordered(start["indices"]),
        "history": {
            "loss_curve": Curve(),
            "validation_loss_curve": Curve(),
            "best_loss": Number(),
            "n_rows_seen": Whole(),
            "end_loss": Number(),
            "stop_reason": OneOf((None, *STOP_REASONS)),
            "kept": OneOf(KEPT),
        },
        "best": {
            "loss": Number(-LARGEST),
            "n_stale": Whole(high=max_iter),
            "copy": Optional([parameters, solver_state, bottleneck]),
        },
    }


def _solver_state(start):
    """Of a solver's state: a counter, which only rises, and arrays."""
    kinds = {name: ArrayLike(value) for name, value in start.items() if name != "step"}
    return {"step": Whole(start["step"]), **kinds}


def _bottleneck(start):
    """Of a bottleneck's state: it has none, or a noise's variance and a gradient's length."""
    return Exactly(None) if start is None else AtLeast(start, (MIN_NOISE_VARIANCE, 0))


def _generator(start):
    """Of the state of a PCG64, whose increment stays what it is."""
    return {
        "bit_generator": Exactly(start["bit_generator"]),
        "state": {"state": Whole(high=2**128 - 1), "inc": Exactly(start["state"]["inc"])},
        "has_uint32": Whole(high=1),
        "uinteger": Whole(high=2**32 - 1),
    }


class Run:
    """The state of a run, and what its settings say of it."""

    def __init__(self, saved, trainer):
        state, settings = saved["run"], trainer.settings
        self.is_over = saved["is_over"]
        self.counters, self.best = state["counters"], state["best"]
        self.history, self.max_iter = state["history"], settings.max_iter
        self.n_epochs = len(self.history["loss_curve"])
        self.n_rows = len(state["indices"])
        self.n_steps_per_epoch = -(-self.n_rows // settings.batch_size)
        self.holds_out = self.n_rows < len(trainer.rows)

    @property
    def monitored(self):
        """The losses of which the lowest is the best."""
        return self.history["validation_loss_curve" if self.holds_out else "loss_curve"]


# What must hold between the values of a run, after any of its epochs.
RELATIONS = {
    "number of epochs": lambda run: run.is_over <= run.n_epochs <= run.max_iter,
    "reason for its end": lambda run: run.is_over == (run.history["stop_reason"] is not None),
    "number of validation losses": lambda run: (
        len(run.history["validation_loss_curve"]) == run.n_epochs * run.holds_out
    ),
    "number of steps": lambda run: (
        run.counters["_run_step"] == run.n_epochs * run.n_steps_per_epoch
    ),
    "number of rows seen": lambda run: run.history["n_rows_seen"] == run.n_epochs * run.n_rows,
    "number of plateaus": lambda run: run.counters["_n_plateaus"] <= run.n_epochs,
    "number of stale epochs": lambda run: run.best["n_stale"] <= run.n_epochs,
    "best loss": lambda run: run.best["loss"] == min(run.monitored, default=math.inf),
    "best weights": lambda run: (run.best["copy"] is None) == (run.n_epochs == 0),
}


def check_file(saved):
    """Raise ValueError unless it has the parts of a checkpoint."""
    _check(saved, FILE, [])


def check_run(saved, trainer, order):
    """Raise ValueError unless a saved state can be that of a run of this trainer over `indices`."""
    start = trainer.state_dict(order)
    _check(saved["run"], run_schema(start, trainer.settings.max_iter), ["run"])
    run = Run(saved, trainer)
    for name, holds in RELATIONS.items():
        _require(holds(run), [name])


def _check(value, schema, where):
    """Raise ValueError unless the value is what the schema describes."""
    if isinstance(schema, Optional):
        if value is not None:
            _check(value, schema.schema, where)
    elif isinstance(schema, dict):
        _require(type(value) is dict and value.keys() == schema.keys(), where)
        for name, inner in schema.items():
            _check(value[name], inner, [*where, name])
    elif isinstance(schema, list):
        _require(type(value) is list and len(value) == len(schema), where)
        for number, inner in enumerate(schema):
            _check(value[number], inner, [*where, str(number)])
    else:
        _require(schema.admits(value), where)


def _require(condition, where):
    if not condition:
        raise ValueError(f"its {'.'.join(where) or 'whole'} cannot be that of this fit")
