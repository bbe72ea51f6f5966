"""From an estimator's parameters to the settings of one training run."""

import numpy as np

from .network.schedules import as_schedule
from .network.solvers import as_solver
from .network.trainer import TrainingSettings

# What "auto" stands for.
AUTO_BATCH_SIZE = 64
MIN_AUTO_BATCH_SIZE = 8
AUTO_STEPS_PER_EPOCH = 32
AUTO_PATIENCE = 10
# Rows that a full-batch solver takes at a time, which bounds the memory it needs.
FULL_BATCH_CHUNK = 512
HELD_RATE_FACTOR = 0.3
MIN_ROWS_TO_HOLD_OUT = 20

# Standard errors of the validation loss by which a network must be better than PCA.
PCA_MARGIN = 2.0


def training_settings(estimator, widths, n_rows, in_fit):
    """Settings for a run over n_rows rows, in `fit` or in `partial_fit`.

    `widths` are those of all layers.
    """
    solver, schedule = as_solver(estimator.solver), as_schedule(estimator.learning_rate)
    return TrainingSettings(
        solver=solver,
        schedule=schedule,
        learning_rate_init=_learning_rate(estimator, solver, schedule, widths, in_fit),
        batch_size=_batch_size(estimator, solver, n_rows),
        alpha=float(estimator.alpha),
        shuffle=estimator.shuffle,
        max_iter=int(estimator.max_iter),
        tol=estimator.tol,
        n_iter_no_change=_patience(estimator, solver, schedule),
    )


def _learning_rate(estimator, solver, schedule, widths, in_fit):
    if estimator.learning_rate_init != "auto":
        return float(estimator.learning_rate_init)
    rate = solver.auto_learning_rate(widths)
    return rate if schedule.lowers_rate(in_fit) else HELD_RATE_FACTOR * rate


def _batch_size(estimator, solver, n_rows):
    if solver.is_full_batch:
        return min(FULL_BATCH_CHUNK, n_rows)
    if estimator.batch_size != "auto":
        return min(int(estimator.batch_size), n_rows)
    size = np.clip(n_rows // AUTO_STEPS_PER_EPOCH, MIN_AUTO_BATCH_SIZE, AUTO_BATCH_SIZE)
    return min(int(size), n_rows)


def _patience(estimator, solver, schedule):
    if estimator.n_iter_no_change != "auto":
        return int(estimator.n_iter_no_change)
    rate_falls_late = schedule.has_planned_end and not solver.is_full_batch
    return max(AUTO_PATIENCE, int(estimator.max_iter) // 3 if rate_falls_late else 0)


def hold_out(estimator, rows, n_weights, rng):
    """Return the order of the training rows, and the validation rows or None."""
    n_rows = len(rows)
    if not _holds_out(estimator, n_rows, n_weights):
        return rows.indices(), None
    n_validation = max(1, round(estimator.validation_fraction * n_rows))
    if n_validation >= n_rows:
        raise ValueError(
            f"early_stopping=True with validation_fraction={estimator.validation_fraction} leaves "
            f"no row to train on, n_samples={n_rows}: pass more rows, lower "
            "validation_fraction or set early_stopping=False."
        )
    return rows.hold_out(n_validation, rng, estimator.shuffle, estimator._is_stratified)


def _holds_out(estimator, n_rows, n_weights):
    """Whether to hold out rows; "auto": where fewer rows than weights invite overfitting."""
    if estimator.early_stopping != "auto":
        return estimator.early_stopping
    return MIN_ROWS_TO_HOLD_OUT <= n_rows < n_weights
