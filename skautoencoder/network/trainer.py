"""Training: one gradient step; the epochs; validation, patience, best weights, divergence."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .backprop import BatchGradient
from .evaluation import mean_loss, row_losses
from .fallback import Measured, is_better, means_of_parts
from .floating_point import quiet_overflow
from .solver_base import copy_state

# Why a run may have ended; "pass" is the end of a single pass.
STOP_REASONS = ("max_iter", "no_change", "line_search", "callback", "interrupted", "pass")
# Whose weights a run may end with.
KEPT = ("network", "pca", "earlier")

# Of a trainer: how far its run has come.
COUNTERS = ("_run_step", "_rate_factor", "_n_plateaus")


class DivergenceError(ValueError):
    """The loss or the parameters have become infinite or NaN."""


@dataclass
class TrainingSettings:
    """How to train: what the estimator's parameters come down to."""

    solver: object
    schedule: object
    learning_rate_init: float
    batch_size: int
    alpha: float
    shuffle: bool
    max_iter: int
    tol: float
    n_iter_no_change: int


@dataclass
class History:
    """What one training run leaves behind beside the parameters.

    `end_loss` is the training loss of the last epoch, without the penalty on its weights.
    """

    loss_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    best_loss: float = math.inf
    n_rows_seen: int = 0
    end_loss: float = math.inf
    stop_reason: str | None = None
    kept: str = "network"

    @property
    def interrupted(self):
        """Whether Ctrl-C ended the run."""
        return self.stop_reason == "interrupted"

    def state_dict(self):
        """What `load_state_dict` takes."""
        return dict(vars(self))

    def load_state_dict(self, state):
        """Go on from a `state_dict`."""
        vars(self).update(state)
        # The very words, by which pickles are the same bytes, too.
        self.stop_reason = _own_word(state["stop_reason"], (None, *STOP_REASONS))
        self.kept = _own_word(state["kept"], KEPT)


def _own_word(word, words):
    return words[words.index(word)]


class Snapshot(NamedTuple):
    """All that belongs to weights: parameters, and the states of solver and bottleneck."""

    flat: np.ndarray
    state: dict
    bottleneck: np.ndarray | None

    @classmethod
    def of(cls, parameters, state, bottleneck):
        """Copies of what they are now."""
        return cls(parameters.flat.copy(), copy_state(state), bottleneck.state())

    def refilled(self, parameters, state, bottleneck):
        """The same of what they are now, in the memory of these arrays."""
        np.copyto(self.flat, parameters.flat)
        for key, value in state.items():
            if isinstance(value, np.ndarray):
                np.copyto(self.state[key], value)
            else:
                self.state[key] = value
        return self._replace(bottleneck=bottleneck.state())

    def restore(self, parameters, bottleneck):
        """Put it back, and return the solver's state that belongs to it."""
        parameters.flat[...] = self.flat
        bottleneck.restore(self.bottleneck)
        return self.state


def nothing(*ignored):
    """What a run does before and after an epoch where nobody asks for more."""


@dataclass
class Run:
    """The rows of a run, and what goes on around its epochs.

    `indices` are those of the rows to train on, which are put into another order. `before_epoch`
    is called at the start of each epoch, and `on_epoch` at its end, with the history and the
    learning rate (None where there is none); it may return True to end the run.
    """

    indices: object
    validation_rows: object = None
    on_epoch: object = nothing
    fallback: object = None
    before_epoch: object = nothing


class BestWeights:
    """Keeps a copy of the best parameters and solver state, and counts stale epochs."""

    def __init__(self, tol):
        self.tol = tol
        self.loss = math.inf
        self.n_stale = 0
        self._copy = None
        # An earlier copy, whose memory the next one takes: fresh memory costs more than copying.
        self._spare = None

    def update(self, loss, parameters, state, bottleneck):
        """Record an epoch's loss with the parameters and states at its end."""
        self.n_stale = 0 if loss < self.loss - self.tol else self.n_stale + 1
        if loss < self.loss:
            take = Snapshot.of if self._spare is None else self._spare.refilled
            copy = take(parameters, state, bottleneck)
            # The copy first: Ctrl-C in between must not leave a loss without its weights.
            self._spare, self._copy = self._copy, copy
            self.loss = loss

    def restore(self, parameters, bottleneck):
        """Put the best parameters back, and return the solver's state that belongs to them."""
        return self._copy.restore(parameters, bottleneck)

    def state_dict(self):
        """What `load_state_dict` takes."""
        return {"loss": self.loss, "n_stale": self.n_stale, "copy": self._copy}

    def load_state_dict(self, state):
        """Go on from a `state_dict`."""
        self.loss, self.n_stale = state["loss"], state["n_stale"]
        copy = state["copy"]
        self._copy = None if copy is None else Snapshot(*copy)


class Trainer:
    """Trains parameters in place.

    Parameters
    ----------
    autoencoder : Autoencoder
        Made of views of the parameters.
    parameters : Parameters
    rows : Dataset
    settings : TrainingSettings
    state : dict
        The solver's state; `state` is replaced by the best epoch's when `fit` ends.
    rng : numpy.random.Generator
    pool : ThreadPool
    """

    def __init__(self, autoencoder, parameters, rows, settings, state, rng, pool):
        self.autoencoder = autoencoder
        self.parameters = parameters
        self.rows = rows
        self.settings = settings
        self.state = state
        self.rng = rng
        self.pool = pool
        self.history = History()
        self._best = BestWeights(settings.tol)
        self._run_step = 0
        self._rate_factor = 1.0
        self._n_plateaus = 0
        self._gradient = BatchGradient(autoencoder, parameters, rows, settings.alpha, pool, rng)
        self._gradient.allocate(settings.batch_size)

    def epoch(self, indices, n_steps=None):
        """One pass over all rows in `indices`; the mean objective of its batches.

        `n_steps` is the planned number of steps of the whole run, if there is one.
        """
        batch_size = self.settings.batch_size
        total_weight = self.rows.total_weight(indices)
        starts = range(0, len(indices), batch_size)
        batches = (indices[start : start + batch_size] for start in starts)
        total = self.run_batches(batches, total_weight / len(indices), n_steps)
        self.history.n_rows_seen += len(indices)
        return total / total_weight

    def run_batches(self, batches, mean_weight, n_steps=None):
        """One step for each batch, an array of numbers of rows; the sum of their objectives.

        `mean_weight` is that of all rows, in whichever batch.
        """
        total = 0.0
        with quiet_overflow():
            for index in batches:
                total += self._step(index, mean_weight * len(index), n_steps)
        return total

    def stand_at(self, run_step, rate_factor):
        """Go on where a run has taken so many steps and plateaus have left so much of the rate."""
        self._run_step = run_step
        self._rate_factor = rate_factor

    def fit(self, run):
        """Up to `max_iter` epochs; the best weights are restored at the end.

        Best is the lowest validation loss where there are validation rows, else the
        lowest training loss. A fallback is returned to unless the best weights
        have a lower validation loss and no higher loss over all rows. Raises
        DivergenceError where a loss is not finite.
        """
        history, best = self.history, self._best
        try:
            history.stop_reason = self._run_epochs(run)
        except KeyboardInterrupt:
            if best.loss == math.inf:
                raise
            history.stop_reason = "interrupted"
        history.end_loss = history.loss_curve[-1] - self._gradient.penalty()
        self.state = best.restore(self.parameters, self.autoencoder.bottleneck)
        history.best_loss = best.loss
        if run.fallback is not None:
            with quiet_overflow():
                self._fall_back_unless_better(run.fallback, run.validation_rows)
        return history

    def state_dict(self, indices):
        """All that changes while `fit` runs over `indices`: dicts, lists, numbers and arrays.

        In `before_epoch` it is the state between two epochs, and after `fit` the final one. The
        arrays are those of the run, and go on changing.
        """
        return {
            "parameters": self.parameters.flat,
            "state": self.state,
            "bottleneck": self.autoencoder.bottleneck.state(),
            "generators": [each.bit_generator.state for each in self._generators()],
            "counters": {name: vars(self)[name] for name in COUNTERS},
            "indices": indices,
            "history": self.history.state_dict(),
            "best": self._best.state_dict(),
        }

    def load_state_dict(self, state, indices):
        """Take back the state of a trainer made as this one, and reorder `indices`.

        After that, `fit` goes on to where the other would have come, to the last bit. What comes
        from a file must have been checked.
        """
        self.history.load_state_dict(state["history"])
        self._best.load_state_dict(state["best"])
        indices[...] = state["indices"]
        self.parameters.flat[...] = state["parameters"]
        self.state = state["state"]
        self.autoencoder.bottleneck.restore(state["bottleneck"])
        vars(self).update(state["counters"])
        for generator, own in zip(self._generators(), state["generators"], strict=True):
            generator.bit_generator.state = own

    def _generators(self):
        """The run's own generator, and those of the micro-batches."""
        return [self.rng, *self._gradient.generators]

    @property
    def n_parts(self):
        """Into how many parts the work on a batch is cut, which may follow the threads."""
        return self._gradient.n_parts

    def learning_rate(self, n_steps):
        """The learning rate of the next step."""
        schedule = self.settings.schedule
        step = self._run_step if schedule.has_planned_end else self.state["step"]
        return self.settings.learning_rate_init * self._rate_factor * schedule.factor(step, n_steps)

    def fit_pass(self, indices):
        """One epoch with no planned end: the rate is the schedule's peak."""
        if self.settings.shuffle:
            self._shuffle(indices)
        loss = self.epoch(indices)
        self._refuse_divergence(loss)
        self.history.loss_curve.append(loss)
        self.history.stop_reason = "pass"

    def _shuffle(self, indices):
        self.rng.shuffle(indices)

    def _run_epochs(self, run):
        """Epochs up to `max_iter` of them, or until one ends the run; return what ended it."""
        settings, indices = self.settings, run.indices
        n_steps = -(-len(indices) // settings.batch_size) * settings.max_iter
        for _ in range(len(self.history.loss_curve), settings.max_iter):
            run.before_epoch()
            if settings.shuffle and len(indices) > settings.batch_size:
                self._shuffle(indices)
            loss = self.epoch(indices, n_steps)
            reason = self._end_epoch(run, loss, self.learning_rate(n_steps))
            if reason is not None:
                return reason
        return "max_iter"

    def _end_epoch(self, run, loss, learning_rate=None):
        """Record an epoch and tell of it; return what ends the run with it, or None."""
        self._record(loss, run.validation_rows)
        if run.on_epoch(self.history, learning_rate):
            return "callback"
        is_stale = self._best.n_stale >= self.settings.n_iter_no_change
        return "no_change" if is_stale and not self._go_on_slower() else None

    def _record(self, loss, validation_rows):
        """Record the losses of an epoch that is over, and keep the best weights."""
        history, monitored = self.history, loss
        self._refuse_divergence(loss)
        if validation_rows is not None:
            monitored = self._mean_loss(validation_rows)
            self._refuse_divergence(monitored)
            history.validation_loss_curve.append(monitored)
        history.loss_curve.append(loss)
        self._best.update(monitored, self.parameters, self.state, self.autoencoder.bottleneck)

    def _fall_back_unless_better(self, fallback, validation_rows):
        """Return to the parameters of the fallback unless the present ones are better."""
        parameters, bottleneck = self.parameters, self.autoencoder.bottleneck
        observed = Snapshot.of(parameters, self.state, bottleneck)
        ours = self._measured(validation_rows, fallback.margin)
        self.state = fallback.weights.restore(parameters, bottleneck)
        theirs = self._measured(validation_rows, fallback.margin)
        if is_better(ours, theirs, fallback.margin):
            self.state = observed.restore(parameters, bottleneck)
            return
        self.history.kept = fallback.kept
        self.history.best_loss = (
            theirs.objective if validation_rows is None else self._mean_loss(validation_rows)
        )

    def _measured(self, validation_rows, margin):
        """What the parameters as they are reach; row by row only where a margin asks for it."""
        rows, weights, parts = np.zeros(0), None, np.zeros(0)
        if validation_rows is not None and margin > 0:
            rows, weights = self._row_losses(validation_rows), self._row_weights(validation_rows)
            parts = means_of_parts(rows, weights)
        elif validation_rows is not None:
            parts = np.array([self._mean_loss(validation_rows)])
        return Measured(self._mean_objective(), parts, rows, weights)

    def _mean_objective(self):
        """Mean objective over all rows, trained on or not, of the parameters as they are."""
        return self._mean_loss(self.rows) + self._gradient.penalty()

    def _row_losses(self, rows):
        return row_losses(self.autoencoder, rows, self.pool)

    def _row_weights(self, rows):
        """Weights of the rows, or None."""
        return rows.weights(slice(None))

    def _mean_loss(self, rows):
        return mean_loss(self.autoencoder, rows, self.pool)

    def _step(self, index, normaliser, n_steps):
        """One gradient step; returns the batch's sum of the objective."""
        self.autoencoder.bottleneck.anneal(self._run_step, n_steps)
        total, gradients = self._gradient.compute(index, normaliser)
        self.autoencoder.bottleneck.limit(gradients, self.pool)
        rate = self.learning_rate(n_steps)
        self.settings.solver.step(self.parameters, gradients, self.state, rate, self.pool)
        self._run_step += 1
        return total

    def _refuse_divergence(self, loss):
        """Raise DivergenceError unless the loss and all parameters are finite."""
        flat = self.parameters.flat
        with quiet_overflow():
            finite = math.isfinite(loss) and math.isfinite(np.dot(flat, flat))
        if not finite:
            where, advice = self._divergence()
            n_epochs = len(self.history.loss_curve) + 1
            raise DivergenceError(f"Non-finite loss in {where.format(n_epochs)}: {advice}.")

    def _divergence(self):
        """Where the loss is not finite, the epoch's number left open, and what to do."""
        rate = self.settings.learning_rate_init
        return f"epoch {{}} at learning rate {rate:.3g}", "lower learning_rate_init or scale X"

    def _go_on_slower(self):
        """After a plateau: lower the rate if the schedule knows how, else say False."""
        self._n_plateaus += 1
        factor = self.settings.schedule.factor_after_plateau(self._n_plateaus)
        if factor is None:
            return False
        self._rate_factor *= factor
        self._best.n_stale = 0
        return True
