"""Networks that predict several things: columns of X by losses of their own, and targets."""

import numpy as np
import pytest
from gradient_check import CORRUPTIONS, PENALTIES, batch_gradient, check_gradient, compute
from ids import without_addresses

from skautoencoder import CosineSchedule
from skautoencoder.network.activations import HIDDEN_ACTIVATIONS
from skautoencoder.network.autoencoder import Autoencoder
from skautoencoder.network.bottleneck import PlainCode
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.evaluation import mean_loss, row_losses
from skautoencoder.network.heads import Head
from skautoencoder.network.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    SquaredError,
    as_loss,
)
from skautoencoder.network.parameters import Parameters
from skautoencoder.network.solvers import SOLVERS, Adam
from skautoencoder.network.thread_pool import ThreadPool
from skautoencoder.network.trainer import Run, Trainer, TrainingSettings

NAMES = ["tanh", "identity", "silu", "identity"]
MIXED = [
    Head(SquaredError(), slice(0, 2)),
    Head(BinaryCrossEntropy(), np.array([2]), weight=0.7),
    Head(CategoricalCrossEntropy(), np.array([3, 4]), weight=2.0),
]
NUMBERS = {"target_widths": [3, 2], "target": (["identity"], SquaredError(), 1.5)}
CLASSES = {
    "target_widths": [3, 4, 3],
    "target": (["tanh", "identity"], CategoricalCrossEntropy(), 3.0),
}


@pytest.fixture
def X(rng):
    X = rng.uniform(size=(9, 5))
    X[:, 3] = rng.integers(2, size=9)
    X[:, 4] = 1 - X[:, 3]
    return X


@pytest.fixture
def targets(rng):
    return {"numbers": rng.normal(size=(9, 2)), "classes": rng.integers(3, size=9)}


def gradient_of(X, kind, targets, names=NAMES, loss="squared_error", **parts):
    parts = {**{"numbers": NUMBERS, "classes": CLASSES}[kind], "targets": targets[kind], **parts}
    return batch_gradient(X, names, loss, **parts)


@pytest.mark.parametrize("has_skips", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("has_missing", [False, True])
def test_columns_by_different_losses_have_their_gradient(X, rng, has_skips, weighted, has_missing):
    if has_missing:
        X[1, 0] = X[2, 2] = np.nan
        X[4, 3:] = np.nan
    weights = rng.uniform(size=9) if weighted else None
    check_gradient(batch_gradient(X, NAMES, MIXED, weights=weights, has_skips=has_skips), 9)


@pytest.mark.parametrize("kind", ["numbers", "classes"])
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"alpha": 0.3},
        {"has_skips": True},
        {"tied": True, "decoder": [3, 7, 5]},
        {"dropout": 0.4},
        *({"corruption": corruption} for corruption in CORRUPTIONS),
    ],
    ids=without_addresses,
)
def test_a_head_on_the_code_has_its_gradient(X, rng, kind, targets, parts):
    X[1, 0] = np.nan
    check_gradient(gradient_of(X, kind, targets, weights=rng.uniform(size=9), **parts), 9)


@pytest.mark.parametrize("kind", ["numbers", "classes"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_so_it_has_beside_every_penalty_on_the_code(X, rng, kind, targets, penalty, weighted):
    weights = rng.uniform(size=9) if weighted else None
    parts = {"bottleneck": PlainCode(penalty), "weights": weights, "dropout": 0.2}
    names = ["tanh", "sigmoid", "tanh", "identity"]
    check_gradient(gradient_of(X, kind, targets, names=names, **parts), 9)


@pytest.mark.parametrize("kind", ["numbers", "classes"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("has_missing", [False, True])
def test_and_beside_every_loss_of_x(X, kind, targets, loss, has_missing):
    if has_missing:
        X[1, 0] = X[4, 3] = np.nan
    names = ["tanh", "identity", "silu", as_loss(loss).link]
    check_gradient(gradient_of(X, kind, targets, names=names, loss=loss), 9)


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
def test_and_with_every_activation_in_its_layers(X, targets, hidden):
    target = ([hidden, "identity"], CategoricalCrossEntropy(), 3.0)
    check_gradient(gradient_of(X, "classes", targets, target=target), 9)


def test_the_objective_is_the_weighted_sum_of_the_heads(X):
    gradient = batch_gradient(X, NAMES, MIXED)
    total, _ = compute(gradient, 9)
    alone = [
        compute(batch_gradient(X, NAMES, [Head(head.loss, head.columns)]), 9)[0] for head in MIXED
    ]
    assert total == pytest.approx(alone[0] + 0.7 * alone[1] + 2 * alone[2])


def network_of_targets(dtype=np.float64):
    """A network 5-3-5, and one layer from its code to three classes."""
    shapes = [(5, 3), (3, 5), (3, 3)]
    parameters = Parameters(shapes, dtype)
    parameters.flat[:] = np.random.default_rng(0).normal(scale=0.4, size=parameters.flat.shape)
    target = (["identity"], CategoricalCrossEntropy(), 2.0)
    heads = [Head(Huber(delta=0.5))]
    return parameters, Autoencoder.build(parameters, ["tanh", "identity"], 1, heads, target)


def test_validation_counts_what_the_code_predicts(X, targets, rng):
    parameters, autoencoder = network_of_targets()
    weights = rng.uniform(size=9)
    rows = Dataset(X, sample_weight=weights, targets=targets["classes"])
    code = np.tanh(X @ parameters.weights[0] + parameters.biases[0])
    errors = np.abs(code @ parameters.weights[1] + parameters.biases[1] - X)
    huber = np.where(errors <= 0.5, 0.5 * errors**2, 0.5 * (errors - 0.25)).sum(axis=1)
    logits = code @ parameters.weights[2] + parameters.biases[2]
    own = logits[np.arange(9), targets["classes"]]
    expected = huber + 2 * (np.log(np.exp(logits).sum(axis=1)) - own)
    np.testing.assert_allclose(row_losses(autoencoder, rows, ThreadPool()), expected)
    mean = mean_loss(autoencoder, rows, ThreadPool())
    assert mean == pytest.approx(np.average(expected, weights=weights))


def trained(solver, n_threads=1, dtype=np.float64, n_rows=600):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_rows, 5)).astype(dtype)
    rows = Dataset(X, targets=(X[:, 0] > 0).astype(int) + (X[:, 1] > 1))
    parameters, autoencoder = network_of_targets(dtype)
    settings = TrainingSettings(solver, CosineSchedule(), 0.02, 200, 0.0, True, 6, 0.0, 6)
    with ThreadPool(n_threads) as pool:
        state, rng = solver.init_state(parameters), np.random.default_rng(0)
        trainer = Trainer(autoencoder, parameters, rows, settings, state, rng, pool)
        history = trainer.fit(Run(np.arange(n_rows)))
    return parameters, history


@pytest.mark.parametrize(
    "solver", [kind() for kind in SOLVERS.values() if not kind.is_full_batch], ids=repr
)
def test_every_solver_trains_both_heads(solver):
    parameters, history = trained(solver)
    before, _ = network_of_targets()
    assert history.loss_curve[-1] < history.loss_curve[0]
    assert all(
        np.any(after != start)
        for after, start in zip(parameters.weights, before.weights, strict=True)
    )


def test_float32_stays_and_threads_and_runs_give_the_same_bits(monkeypatch):
    monkeypatch.setattr("skautoencoder.network.backprop.WORK_PER_MICRO_BATCH", 1)
    first, again, threaded = trained(Adam()), trained(Adam()), trained(Adam(), n_threads=2)
    for other in (again, threaded):
        np.testing.assert_array_equal(other[0].flat, first[0].flat)
        assert other[1].loss_curve == first[1].loss_curve
    assert trained(Adam(), dtype=np.float32)[0].flat.dtype == np.float32
