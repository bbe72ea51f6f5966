"""Training on a cluster: rounds of steps on every worker, after which what they have is averaged.

A round is one task for each share of the rows: it trains from the common state on batches of
its share, and the states that come out are averaged, weighted by rows [1]_ [2]_ [3]_, moments
of the solver included [4]_ [5]_. A batch is cut into a part for each worker, and Adam's rate is
that of such parts [6]_. Tasks change none of their arguments and draw from seeds, so that Dask
can run any of them again elsewhere.

References
----------
.. [1] McMahan, Moore, Ramage, Hampson, Agüera y Arcas (2017), Communication-efficient learning
   of deep networks from decentralized data. AISTATS.
.. [2] Stich (2019), Local SGD converges fast and communicates little. ICLR.
.. [3] Lin, Stich, Patel, Jaggi (2020), Don't use large mini-batches, use local SGD. ICLR.
.. [4] Yu, Jin, Yang (2019), On the linear speedup analysis of communication efficient momentum
   SGD for distributed non-convex optimization. ICML.
.. [5] Cheng, Glasgow (2025), Convergence of distributed adaptive optimization with local
   updates. ICLR.
.. [6] Malladi, Lyu, Panigrahi, Arora (2022), On the SDEs and scaling rules for adaptive gradient
   algorithms. NeurIPS 35: why Adam's rate goes with the root of the batch size.
"""

import copy
from dataclasses import dataclass, replace
from itertools import pairwise

import dask
import numpy as np

from ..network.evaluation import row_losses, total_loss
from ..network.parameters import Parameters
from ..network.solver_base import copy_state
from ..network.thread_pool import ThreadPool, even_slices
from ..network.trainer import Trainer
from ..utils.threads import single_threaded_blas
from .cluster import concatenated, keep, merged

# Steps between two averages (docs/scaling_out.rst), unless Dask's configuration says otherwise.
ROUND_STEPS = 10
ROUND_STEPS_KEY = "skautoencoder.round-steps"
# A worker's part of a batch, as small as "auto" ever makes a batch on one machine.
MIN_ROWS_PER_STEP = 8


@dataclass
class Recipe:
    """What stays the same in a run: it travels to each worker once."""

    build: object
    shapes: list
    ties: dict
    dtype: np.dtype
    settings: object
    view: dict

    def network(self, state):
        """Parameters and networks of a state, which they may change."""
        parameters = Parameters(self.shapes, self.dtype, self.ties)
        parameters.flat[...] = state.flat
        autoencoder = copy.deepcopy(self.build)(parameters)
        autoencoder.bottleneck.restore(state.bottleneck)
        return parameters, autoencoder


@dataclass
class State:
    """What is averaged: all that one step leaves to the next, and the loss of a row so far."""

    flat: np.ndarray
    solver: dict
    bottleneck: object
    loss: float = 0.0
    n_rows: int = 0

    def __sizeof__(self):
        return self.flat.nbytes * (1 + len(self.solver))


@dataclass
class Round:
    """One round: its place in the run and in the epoch."""

    first_step: int
    n_steps: int | None
    rate_factor: float
    mean_weight: float
    batches: slice
    n_batches: int
    seed: list


class ClusterTrainer(Trainer):
    """Trains parameters on the workers of a cluster.

    Parameters
    ----------
    build : callable
        Makes an Autoencoder of parameters.
    parameters : Parameters
    rows : ClusterDataset
    settings, state, rng, workers
        As for `Trainer`.
    """

    def __init__(self, build, parameters, rows, settings, state, rng, workers):
        settings = _settings_in_parts(settings, rows.counts)
        super().__init__(build(parameters), parameters, rows, settings, state, rng, workers)
        self._client = rows.client
        form = parameters.shapes, parameters.ties, parameters.flat.dtype
        self._recipe = keep(self._client, Recipe(build, *form, settings, rows.view()))

    def epoch(self, indices, n_steps=None):
        """One pass over all rows in `indices`, in rounds; the mean objective of its batches."""
        counts, client = indices.rows.counts, self._client
        n_batches = min(-(-len(indices) // self.settings.batch_size), *counts)
        total_weight = self.rows.total_weight(indices)
        plan = Round(
            self._run_step,
            n_steps,
            self._rate_factor,
            total_weight / len(indices),
            slice(0, 0),
            n_batches,
            [int(self.rng.integers(2**63))],
        )
        numbers, state = indices.numbers(), self._published()
        for batches in _rounds(n_batches):
            plan = replace(plan, batches=batches, first_step=self._run_step + batches.start)
            trained = [
                client.submit(
                    train,
                    state,
                    partition,
                    own,
                    self._recipe,
                    replace(plan, seed=[*plan.seed, batches.start, number]),
                    pure=False,
                )
                for number, (partition, own) in enumerate(
                    zip(indices.rows.partitions, numbers, strict=True)
                )
            ]
            state = merged(client, average, trained)
        loss = self._take_over(state.result())
        self._run_step += n_batches
        self.history.n_rows_seen += len(indices)
        return float(loss * len(indices) / total_weight)

    def _shuffle(self, indices):
        indices.seed = int(self.rng.integers(2**63))

    def _published(self):
        """A future of the state as it is now."""
        state, bottleneck = copy_state(self.state), self.autoencoder.bottleneck
        return keep(self._client, State(self.parameters.flat.copy(), state, bottleneck.state()))

    def _take_over(self, state):
        """Go on from the average of a round; return the loss of a row."""
        self.parameters.flat[...] = state.flat
        self.state = copy_state(state.solver)
        self.autoencoder.bottleneck.restore(state.bottleneck)
        return state.loss

    def _mean_loss(self, rows):
        total = rows.map_reduce(_total_loss, self._recipe, self._published())
        return float(total / rows.total_weight())

    def _row_losses(self, rows):
        return rows.map_reduce(_row_losses, self._recipe, self._published(), merge=concatenated)


def _settings_in_parts(settings, counts):
    """Settings whose batch is that of all workers, and whose rate is for steps on parts of it.

    A batch is large enough for each part to have some rows, in the smallest share too.
    """
    asked, n_partitions = settings.batch_size, len(counts)
    batch_size = max(asked, min(sum(counts), n_partitions * MIN_ROWS_PER_STEP))
    batch_size = max(batch_size, -(-sum(counts) // min(counts)))
    n_parts = max(1, asked * n_partitions / batch_size)
    rate = settings.learning_rate_init * settings.solver.rate_in_parts(n_parts)
    return replace(settings, batch_size=batch_size, learning_rate_init=rate)


def _rounds(n_batches):
    """Slices of the batches of an epoch."""
    length = int(dask.config.get(ROUND_STEPS_KEY, ROUND_STEPS))
    if length < 1:
        raise ValueError(
            f"Dask's configuration {ROUND_STEPS_KEY!r} must be a positive integer. Got {length} "
            "instead: set the number of steps between two averages."
        )
    return even_slices(n_batches, -(-n_batches // length))


def train(start, partition, numbers, recipe, plan):
    """The state after the batches of a round, trained on a share from the common state."""
    parameters, autoencoder = recipe.network(start)
    n_rows, cuts = len(numbers), range(plan.batches.start, plan.batches.stop + 1)
    edges = [n_rows * cut // plan.n_batches for cut in cuts]
    batches = [numbers[start:stop] for start, stop in pairwise(edges)]
    settings = replace(recipe.settings, batch_size=max(map(len, batches)))
    rng, rows = np.random.default_rng(plan.seed), partition.seen(recipe.view)
    state = copy_state(start.solver)
    with single_threaded_blas() as n_threads, ThreadPool(n_threads) as workers:
        trainer = Trainer(autoencoder, parameters, rows, settings, state, rng, workers)
        trainer.stand_at(plan.first_step, plan.rate_factor)
        loss = trainer.run_batches(batches, plan.mean_weight, plan.n_steps)
    loss = start.loss + loss / n_rows
    return State(parameters.flat, state, autoencoder.bottleneck.state(), loss, n_rows)


def average(one, other):
    """The mean of two states by rows; counts of steps are the same in both."""
    weight = other.n_rows / (one.n_rows + other.n_rows)

    def mean(a, b):
        return a + weight * (b - a)

    solver = {
        name: mean(value, other.solver[name]) if isinstance(value, np.ndarray) else value
        for name, value in one.solver.items()
    }
    bottleneck = None if one.bottleneck is None else mean(one.bottleneck, other.bottleneck)
    loss, n_rows = mean(one.loss, other.loss), one.n_rows + other.n_rows
    return State(mean(one.flat, other.flat), solver, bottleneck, loss, n_rows)


def _total_loss(rows, recipe, state):
    _, autoencoder = recipe.network(state)
    return total_loss(autoencoder, rows.seen(recipe.view), ThreadPool())


def _row_losses(rows, recipe, state):
    _, autoencoder = recipe.network(state)
    return row_losses(autoencoder, rows.seen(recipe.view), ThreadPool())
