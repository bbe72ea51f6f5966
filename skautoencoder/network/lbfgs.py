"""Full-batch training: SciPy's L-BFGS on the loss of all rows."""

import math
import sys

import numpy as np

from .floating_point import quiet_overflow
from .trainer import Trainer


def trainer_for(solver):
    """The class of trainer that a solver needs."""
    return LBFGSTrainer if solver.is_full_batch else Trainer


class LBFGSTrainer(Trainer):
    """Trains parameters in place by L-BFGS; an iteration takes the place of an epoch.

    All rows are used each time that the loss is evaluated, `batch_size` of them at a time.
    Schedule, learning rate and order of the rows play no part.
    """

    def _run_epochs(self, run):
        # Importing scipy.optimize takes longer than importing this package, where scikit-learn
        # has not done so already.
        from scipy.optimize import minimize

        settings, parameters = self.settings, self.parameters
        # Beside what stops it below, SciPy ends where its line search finds nothing lower.
        reason = "line_search"

        def end_iteration(intermediate_result):
            nonlocal reason
            with quiet_overflow():
                parameters.flat[...] = intermediate_result.x
            self.state["step"] += 1
            self._loss = float(intermediate_result.fun)
            # That there is one more iteration is only known when it is over.
            run.before_epoch()
            ending = self._end_epoch(run, self._loss)
            if ending is not None:
                reason = ending
                raise StopIteration

        self._loss = None
        start = parameters.flat.copy()
        minimize(
            self._objective,
            start.astype(np.float64),
            args=(run.indices,),
            jac=True,
            method="L-BFGS-B",
            callback=end_iteration,
            options=self._options(),
        )
        if not self.history.loss_curve:
            # Nothing near the start is lower: what is recorded is the start itself.
            parameters.flat[...] = start
            self._record(self._loss, run.validation_rows)
        is_whole = len(self.history.loss_curve) == settings.max_iter
        return "max_iter" if reason == "line_search" and is_whole else reason

    def _options(self):
        """Patience decides when to stop, as for other solvers, and not SciPy's tolerances."""
        memory, max_iter = int(self.settings.solver.memory), self.settings.max_iter
        limits = {"maxcor": memory, "maxiter": max_iter, "maxfun": sys.maxsize}
        return {**limits, "ftol": 0, "gtol": 0}

    def _go_on_slower(self):
        """There is no learning rate that could be lowered."""
        return False

    def _objective(self, flat, indices):
        """What SciPy sees: as `_evaluate`, but always finite."""
        loss, gradient = self._evaluate(flat, indices)
        with quiet_overflow():
            square = np.dot(gradient, gradient)
            is_finite = math.isfinite(loss) and math.isfinite(square)
        if self._loss is None:
            self._refuse_divergence(loss if is_finite else math.inf)
            self._loss = loss
        if is_finite:
            # SciPy divides by the norm, and the square of a smaller one is rounded off.
            return loss, gradient if square > np.finfo(np.float64).tiny else np.zeros(len(flat))
        # The line search shortens a step that makes the loss rise; infinities it cannot read.
        return self._loss + max(1.0, abs(self._loss)), np.zeros(len(flat))

    def _evaluate(self, flat, indices):
        """Mean objective over the rows of `indices`, and its gradient in float64."""
        total, gradient = 0.0, np.zeros(len(flat))
        total_weight, n_rows = self.rows.total_weight(indices), len(indices)
        with quiet_overflow():
            self.parameters.flat[...] = flat
            for start in range(0, n_rows, self.settings.batch_size):
                index = indices[start : start + self.settings.batch_size]
                share = len(index) / n_rows
                # As if the weights were spread evenly, so that the penalty counts once.
                part, gradients = self._gradient.compute(index, share * total_weight)
                total += part
                gradient += share * gradients.all_completed(self.pool)
        self.history.n_rows_seen += n_rows
        return total / total_weight, gradient

    def _divergence(self):
        return "iteration {} of L-BFGS", "scale X or change weight_init"
