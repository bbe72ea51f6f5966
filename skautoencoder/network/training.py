"""Training: one gradient step; the epochs; validation, patience, best weights, divergence."""

import math
from dataclasses import dataclass, field

import numpy as np

from .inference import mean_loss, n_multiply_adds
from .layers import BatchBuffers, backward, dense_layers, forward
from .parallel import even_slices, quiet_overflow
from .parameters import Parameters
from .solvers import copy_state

# A batch is cut into shards, one a thread, when each holds this many multiply-adds.
WORK_PER_SHARD = 4_000_000
MIN_ROWS_PER_SHARD = 16


class DivergenceError(ValueError):
    """The loss or the parameters have become infinite or NaN."""


@dataclass
class Settings:
    """How to train: what the estimator's parameters come down to."""

    loss: object
    solver: object
    schedule: object
    learning_rate_init: float
    batch_size: int
    alpha: float = 0.0
    shuffle: bool = True
    max_iter: int = 200
    tol: float = 0.0
    n_iter_no_change: int = 10


@dataclass
class History:
    """What one training run leaves behind beside the parameters."""

    loss_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    best_loss: float = math.inf
    n_rows_seen: int = 0
    interrupted: bool = False


class Shard:
    """One thread's part of a batch: buffers, and gradients of its own."""

    def __init__(self, layers, widths, n_rows):
        self._layers = layers
        self._buffers = {n_rows: BatchBuffers.allocate(layers, n_rows)}
        self._largest = n_rows
        self.gradients = Parameters(widths, layers[0].weights.dtype)

    def compute(self, rows, index, loss, normaliser):
        """Fill the gradients for these rows over `normaliser`, and return the loss's sum."""
        buffers = self._buffers_for(len(index))
        target = buffers.values[0]
        rows.gather(index, target)
        output = forward(self._layers, buffers)
        delta = buffers.deltas[-1]
        total = loss.function(target, output, rows.weights(index), delta)
        np.divide(delta, normaliser, out=delta)
        backward(self._layers, buffers, self.gradients)
        return total

    def _buffers_for(self, n_rows):
        if n_rows not in self._buffers:
            self._buffers[n_rows] = self._buffers[self._largest].head(n_rows)
        return self._buffers[n_rows]


class BestWeights:
    """Keeps a copy of the best parameters and solver state, and counts stale epochs."""

    def __init__(self, tol):
        self.tol = tol
        self.loss = math.inf
        self.n_stale = 0
        self._copy = None

    def update(self, loss, parameters, state):
        """Record an epoch's loss with the parameters and state at its end."""
        self.n_stale = 0 if loss < self.loss - self.tol else self.n_stale + 1
        if loss < self.loss:
            self.loss = loss
            self._copy = parameters.flat.copy(), copy_state(state)

    def restore(self, parameters):
        """Put the best parameters back, and return the state that belongs to them."""
        flat, state = self._copy
        parameters.flat[...] = flat
        return state


class Trainer:
    """Trains parameters in place.

    Parameters
    ----------
    parameters : Parameters
    activations : list of str
        Of every layer, the output's last.
    rows : Rows
    settings : Settings
    state : dict
        The solver's state; `state` is replaced by the best epoch's when `fit` ends.
    rng : numpy.random.Generator
    workers : Workers
    """

    def __init__(self, parameters, activations, rows, settings, state, rng, workers):
        self.parameters = parameters
        self.rows = rows
        self.settings = settings
        self.state = state
        self.rng = rng
        self.workers = workers
        self.layers = training_layers(parameters, activations, settings.loss)
        self.history = History()
        self._run_step = 0
        self._rate_factor = 1.0
        self._n_plateaus = 0
        n_shards = n_shards_for(self.layers, settings.batch_size, workers.n_threads)
        self._shards = [
            Shard(self.layers, parameters.widths, -(-settings.batch_size // n_shards))
            for _ in range(n_shards)
        ]

    def epoch(self, order, n_steps=None):
        """One pass over all rows in `order`; the mean objective of its batches.

        `n_steps` is the planned number of steps of the whole run, if there is one.
        """
        batch_size = self.settings.batch_size
        total_weight = self.rows.total_weight(order)
        mean_weight = total_weight / len(order)
        total = 0.0
        with quiet_overflow():
            for start in range(0, len(order), batch_size):
                index = order[start : start + batch_size]
                total += self._step(index, mean_weight * len(index), n_steps)
        self.history.n_rows_seen += len(order)
        return total / total_weight

    def fit(self, order, validation_rows=None, on_epoch=None, start_counts=False):
        """Up to `max_iter` epochs; the best weights are restored at the end.

        Best is the lowest validation loss where there are validation rows, else the
        lowest training loss. With `start_counts` the weights that training starts from
        are among the validated ones. Raises DivergenceError where a loss is not finite.
        """
        settings, history = self.settings, self.history
        n_steps = -(-len(order) // settings.batch_size) * settings.max_iter
        best = BestWeights(settings.tol)
        if start_counts and validation_rows is not None:
            best.update(self._validation_loss(validation_rows), self.parameters, self.state)
        try:
            for _ in range(settings.max_iter):
                self._fit_epoch(order, n_steps, validation_rows, best)
                if on_epoch is not None:
                    on_epoch(history, self.learning_rate(n_steps))
                if best.n_stale >= settings.n_iter_no_change and not self._go_on_slower(best):
                    break
        except KeyboardInterrupt:
            if best.loss == math.inf:
                raise
            history.interrupted = True
        self.state = best.restore(self.parameters)
        history.best_loss = best.loss
        return history

    def learning_rate(self, n_steps):
        """The learning rate of the next step."""
        schedule = self.settings.schedule
        step = self._run_step if schedule.has_planned_end else self.state["step"]
        return self.settings.learning_rate_init * self._rate_factor * schedule.factor(step, n_steps)

    def fit_pass(self, order):
        """One epoch with no planned end: the rate is the schedule's peak."""
        if self.settings.shuffle:
            self.rng.shuffle(order)
        loss = self.epoch(order)
        self._refuse_divergence(loss)
        self.history.loss_curve.append(loss)

    def _fit_epoch(self, order, n_steps, validation_rows, best):
        """One epoch, its losses recorded and the best weights kept."""
        history = self.history
        if self.settings.shuffle and len(order) > self.settings.batch_size:
            self.rng.shuffle(order)
        monitored = loss = self.epoch(order, n_steps)
        self._refuse_divergence(loss)
        if validation_rows is not None:
            monitored = self._validation_loss(validation_rows)
            self._refuse_divergence(monitored)
            history.validation_loss_curve.append(monitored)
        history.loss_curve.append(loss)
        best.update(monitored, self.parameters, self.state)

    def _validation_loss(self, rows):
        return mean_loss(self.layers, rows, self.settings.loss, self.workers)

    def _step(self, index, normaliser, n_steps):
        """One gradient step; returns the batch's sum of the objective."""
        shards, rows, loss = self._shards, self.rows, self.settings.loss
        if len(shards) == 1:
            total = shards[0].compute(rows, index, loss, normaliser)
        else:
            parts = [index[part] for part in even_slices(len(index), len(shards))]
            jobs = list(zip(shards, parts, strict=False))
            total = sum(
                self.workers.map(lambda job: job[0].compute(rows, job[1], loss, normaliser), jobs)
            )
            self._add_up([shard.gradients.flat for shard, _ in jobs])
        gradients = shards[0].gradients
        if self.settings.alpha:
            total += normaliser * self._add_weight_decay(gradients)
        rate = self.learning_rate(n_steps)
        self.settings.solver.step(self.parameters, gradients, self.state, rate, self.workers)
        self._run_step += 1
        return total

    def _add_up(self, flats):
        """Sum the gradients of all shards into the first."""

        def add(part):
            for flat in flats[1:]:
                np.add(flats[0][part], flat[part], out=flats[0][part])

        self.workers.map(add, even_slices(len(flats[0]), self.workers.n_threads))

    def _add_weight_decay(self, gradients):
        """Add the gradient of alpha/2 ||W||^2 over all weights, and return its value."""
        alpha, total = self.settings.alpha, 0.0
        for gradient, weights in zip(gradients.weights, self.parameters.weights, strict=True):
            gradient += alpha * weights
            total += float(np.dot(weights.ravel(), weights.ravel()))
        return 0.5 * alpha * total

    def _refuse_divergence(self, loss):
        """Raise DivergenceError unless the loss and all parameters are finite."""
        flat = self.parameters.flat
        with np.errstate(over="ignore", invalid="ignore"):
            finite = math.isfinite(loss) and math.isfinite(np.dot(flat, flat))
        if not finite:
            raise DivergenceError(
                f"Non-finite loss in epoch {len(self.history.loss_curve) + 1} at learning rate "
                f"{self.settings.learning_rate_init:.3g}: lower learning_rate_init or scale X."
            )

    def _go_on_slower(self, best):
        """After a plateau: lower the rate if the schedule knows how, else say False."""
        self._n_plateaus += 1
        factor = self.settings.schedule.factor_after_plateau(self._n_plateaus)
        if factor is None:
            return False
        self._rate_factor *= factor
        best.n_stale = 0
        return True


def training_layers(parameters, activations, loss):
    """Layers as the loss wants them: one fused with the output's activation sees logits."""
    if loss.fused_activation is not None:
        activations = [*activations[:-1], "identity"]
    return dense_layers(parameters.weights, parameters.biases, activations)


def n_shards_for(layers, batch_size, n_threads):
    """Into how many shards to cut a batch.

    Two for a large batch even where one thread runs both in turn, so that one thread and
    two give the same result bit for bit.
    """
    useful = 3 * n_multiply_adds(layers, batch_size) // WORK_PER_SHARD
    return int(max(1, min(useful, batch_size // MIN_ROWS_PER_SHARD, max(2, n_threads))))
