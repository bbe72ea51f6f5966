"""One gradient check over everything that has a gradient."""

import numpy as np
import pytest

from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from skautoencoder.network.gradients import BatchGradient, n_shards_for
from skautoencoder.network.losses import LOSSES
from skautoencoder.network.parallel import Workers
from skautoencoder.network.parameters import Parameters, layer_shapes
from skautoencoder.network.rows import Rows
from skautoencoder.network.training import training_network

WIDTHS = [5, 7, 3, 6, 5]


def batch_gradient(
    X, activations, loss, *, weights=None, alpha=0.0, widths=WIDTHS, code=None, seed=0
):
    rng = np.random.default_rng(seed)
    parameters = Parameters(layer_shapes(widths, code), X.dtype)
    parameters.flat[:] = rng.normal(scale=0.5, size=parameters.flat.shape)
    network = training_network(parameters, activations, code, LOSSES[loss])
    rows = Rows(X, sample_weight=weights)
    gradient = BatchGradient(network, parameters, rows, LOSSES[loss], alpha, Workers())
    gradient.allocate(len(X))
    return gradient


def check_gradient(gradient, n_rows):
    """Directional derivative from the gradient against a central difference."""
    index, flat = np.arange(n_rows), gradient.parameters.flat
    total, gradients = gradient.compute(index, float(n_rows))
    analytic, start = gradients.flat.copy(), flat.copy()
    rng, step = np.random.default_rng(1), 1e-6
    for _ in range(3):
        direction = rng.normal(size=flat.shape)
        ends = []
        for sign in (1, -1):
            flat[:] = start + sign * step * direction
            ends.append(gradient.compute(index, float(n_rows))[0] / n_rows)
        numeric = (ends[0] - ends[1]) / (2 * step)
        assert analytic @ direction == pytest.approx(numeric, rel=2e-6, abs=1e-8)
    return total


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_agrees_with_finite_differences(hidden, loss, weighted, rng):
    X = rng.uniform(size=(9, 5))
    weights = rng.uniform(size=9) if weighted else None
    output = LOSSES[loss].fused_activation or hidden
    gradient = batch_gradient(X, [hidden, hidden, hidden, output], loss, weights=weights, alpha=0.3)
    check_gradient(gradient, 9)


@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize(
    "loss", [name for name, each in LOSSES.items() if not each.fused_activation]
)
def test_every_output_has_its_gradient_in_every_loss_on_its_values(output, loss, rng):
    gradient = batch_gradient(rng.uniform(size=(9, 5)), ["tanh"] * 3 + [output], loss)
    check_gradient(gradient, 9)


def test_code_and_output_may_have_activations_of_their_own(rng):
    X = rng.uniform(size=(9, 5))
    check_gradient(batch_gradient(X, ["relu", "identity", "tanh", "sigmoid"], "squared_error"), 9)


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("loss", [name for name in LOSSES if not LOSSES[name].fused_activation])
def test_linear_paths_have_gradients_of_their_own(name, loss, rng):
    X, weights = rng.uniform(size=(9, 5)), rng.uniform(size=9)
    gradient = batch_gradient(X, [name] * 4, loss, weights=weights, alpha=0.3, code=2)
    assert [w.shape for w in gradient.parameters.weights[4:]] == [(5, 3), (3, 5)]
    check_gradient(gradient, 9)


def test_linear_paths_beside_single_layers_have_gradients_too(rng):
    X = rng.uniform(size=(9, 5))
    check_gradient(batch_gradient(X, ["tanh"] * 2, "squared_error", widths=[5, 3, 5], code=1), 9)


def test_value_and_gradient_of_a_single_layer_pair_computed_by_hand():
    gradient = batch_gradient(
        np.array([[1.0], [2.0]]), ["identity", "identity"], "squared_error", widths=[1, 1, 1]
    )
    gradient.parameters.flat[:] = [0.5, 0.1, 2.0, -0.3]  # w1, b1, w2, b2
    total, gradients = gradient.compute(np.arange(2), 2.0)
    # codes 0.6 and 1.1, outputs 0.9 and 1.9, residuals -0.1 and -0.1
    assert total == pytest.approx(0.5 * (0.01 + 0.01))
    np.testing.assert_allclose(
        gradients.flat, [-0.1 * 2 * 1.5, -0.1 * 2, -0.1 * 0.85, -0.1], atol=1e-12
    )


def test_alpha_penalises_weights_but_not_biases(rng):
    X = rng.uniform(size=(4, 5))
    activations = ["tanh", "tanh", "tanh", "identity"]
    plain, penalised = (
        batch_gradient(X, activations, "squared_error", alpha=alpha) for alpha in (0.0, 0.2)
    )
    total, gradients = plain.compute(np.arange(4), 4.0)
    before = [w.copy() for w in gradients.weights], [b.copy() for b in gradients.biases]
    total_penalised, gradients = penalised.compute(np.arange(4), 4.0)
    weights = penalised.parameters.weights
    assert total_penalised - total == pytest.approx(4 * 0.1 * sum(np.sum(w**2) for w in weights))
    for after, earlier, w in zip(gradients.weights, before[0], weights, strict=True):
        np.testing.assert_allclose(after, earlier + 0.2 * w)
    for after, earlier in zip(gradients.biases, before[1], strict=True):
        np.testing.assert_array_equal(after, earlier)


@pytest.fixture
def wide():
    """A batch that is large enough to be cut."""
    X = np.random.default_rng(2).uniform(size=(96, 300))
    names = ["tanh", "tanh", "tanh", "sigmoid"]
    return X, lambda: batch_gradient(X, names, "squared_error", widths=[300, 200, 40, 200, 300])


def test_shards_add_up_to_the_gradient_of_the_whole_batch(wide):
    _, make = wide
    sharded, whole = make(), make()
    assert n_shards_for(sharded.network, 96, 1) == 2
    total, gradients = sharded.compute(np.arange(96), 96.0)
    whole.allocate(15)  # too few rows to cut
    totals, expected = 0.0, np.zeros_like(gradients.flat)
    for start in range(0, 96, 15):
        part, part_gradients = whole.compute(np.arange(start, min(start + 15, 96)), 96.0)
        totals += part
        expected += part_gradients.flat
    assert total == pytest.approx(totals)
    np.testing.assert_allclose(gradients.flat, expected, rtol=1e-9, atol=1e-12)


def test_one_thread_and_two_give_the_same_bits(wide):
    _, make = wide
    alone, shared = make(), make()
    total, gradients = alone.compute(np.arange(95), 95.0)
    with Workers(2) as workers:
        shared.workers = workers
        shared.allocate(96)
        total_shared, gradients_shared = shared.compute(np.arange(95), 95.0)
    assert total == total_shared
    np.testing.assert_array_equal(gradients.flat, gradients_shared.flat)


def test_small_batches_are_not_cut():
    gradient = batch_gradient(np.ones((32, 5)), ["tanh"] * 4, "squared_error")
    assert n_shards_for(gradient.network, 32, n_threads=8) == 1
