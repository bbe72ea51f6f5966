"""One gradient check over everything that has a gradient."""

import numpy as np
import pytest
from families import public_subclasses
from gradient_check import CORRUPTIONS, PENALTIES, batch_gradient, check_gradient, compute
from ids import without_addresses

from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from skautoencoder.network.backprop import n_micro_batches_for
from skautoencoder.network.bottleneck import LOG_VARIANCE_BOUNDS, GaussianCode, PlainCode, halves
from skautoencoder.network.corruption import (
    Corruption,
    GaussianNoise,
    SwapNoise,
)
from skautoencoder.network.losses import LOSSES, as_loss
from skautoencoder.network.penalties import CodePenalty, ContractivePenalty, KLSparsity, L1Sparsity
from skautoencoder.network.thread_pool import ThreadPool


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_agrees_with_finite_differences(hidden, loss, weighted, rng):
    X = rng.uniform(size=(9, 5))
    weights = rng.uniform(size=9) if weighted else None
    output = as_loss(loss).link if as_loss(loss).is_linked else hidden
    gradient = batch_gradient(X, [hidden, hidden, hidden, output], loss, weights=weights, alpha=0.3)
    check_gradient(gradient, 9)


@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("loss", [name for name, each in LOSSES.items() if each.link == "identity"])
def test_every_output_has_its_gradient_in_every_loss_on_its_values(output, loss, rng):
    gradient = batch_gradient(rng.uniform(size=(9, 5)), ["tanh"] * 3 + [output], loss)
    check_gradient(gradient, 9)


def test_code_and_output_may_have_activations_of_their_own(rng):
    X = rng.uniform(size=(9, 5))
    check_gradient(batch_gradient(X, ["relu", "identity", "tanh", "sigmoid"], "squared_error"), 9)


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("loss", [name for name in LOSSES if not as_loss(name).is_linked])
def test_skip_connections_have_gradients_of_their_own(name, loss, rng):
    X, weights = rng.uniform(size=(9, 5)), rng.uniform(size=9)
    gradient = batch_gradient(X, [name] * 4, loss, weights=weights, alpha=0.3, has_skips=True)
    assert [w.shape for w in gradient.parameters.weights[4:]] == [(5, 3), (3, 5)]
    check_gradient(gradient, 9)


def test_skip_connections_beside_single_layers_have_gradients_too(rng):
    X = rng.uniform(size=(9, 5))
    gradient = batch_gradient(
        X, ["tanh"] * 2, "squared_error", encoder=[5, 3], decoder=[3, 5], has_skips=True
    )
    check_gradient(gradient, 9)


def with_holes(X, rng):
    """X with a third of its cells missing."""
    return np.where(rng.uniform(size=X.shape) < 1 / 3, np.nan, X)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_missing_cells_have_no_share_in_loss_and_gradient(loss, weighted, rng):
    X = with_holes(rng.uniform(size=(9, 5)), rng)
    weights = rng.uniform(size=9) if weighted else None
    output = as_loss(loss).link if as_loss(loss).is_linked else "tanh"
    gradient = batch_gradient(X, ["tanh"] * 3 + [output], loss, weights=weights)
    check_gradient(gradient, 9)


def test_the_loss_of_missing_cells_computed_by_hand(rng):
    X = with_holes(rng.uniform(size=(9, 5)), rng)
    gradient = batch_gradient(X, ["tanh"] * 3 + ["identity"], "squared_error")
    total, _ = compute(gradient, 9)
    weights, biases = gradient.parameters.to_arrays()
    values = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
    for layer in range(3):
        values = np.tanh(values @ weights[layer] + biases[layer])
    residual = values @ weights[3] + biases[3] - X
    assert 9 * total == pytest.approx(0.5 * np.nansum(residual**2))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: type(c).__name__)
def test_gradient_holds_under_corruption(corruption, rng):
    X, weights = rng.normal(size=(9, 5)), rng.uniform(size=9)
    gradient = batch_gradient(
        X, ["silu"] * 4, "squared_error", corruption=corruption, weights=weights
    )
    check_gradient(gradient, 9)


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
def test_gradient_holds_under_dropout(hidden, rng):
    X = rng.normal(size=(9, 5))
    check_gradient(batch_gradient(X, [hidden] * 4, "squared_error", dropout=0.4, has_skips=True), 9)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("encoder", [[5, 3], [5, 7, 3], [5, 6, 7, 3]], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_holds_with_a_penalty_on_the_code(penalty, encoder, weighted, rng):
    X, weights = rng.normal(size=(9, 5)), rng.uniform(size=9) if weighted else None
    names = ["tanh"] * (len(encoder) - 2) + ["sigmoid", "tanh", "identity"]
    bottleneck = PlainCode(penalty)
    gradient = batch_gradient(
        X, names, "squared_error", encoder=encoder, bottleneck=bottleneck, weights=weights
    )
    check_gradient(gradient, 9)


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("encoder", [[5, 3], [5, 6, 7, 3]], ids=str)
@pytest.mark.parametrize("has_skips", [False, True])
def test_contractive_gradient_holds_for_every_activation(activation, encoder, has_skips, rng):
    X = rng.normal(size=(9, 5))
    names = [activation] * (len(encoder) - 1) + ["tanh", "identity"]
    bottleneck = PlainCode(ContractivePenalty(weight=0.5))
    gradient = batch_gradient(
        X, names, "squared_error", encoder=encoder, bottleneck=bottleneck, has_skips=has_skips
    )
    check_gradient(gradient, 9)


@pytest.mark.parametrize("encoder", [[5, 3], [5, 7, 3]], ids=str)
@pytest.mark.parametrize("has_skips", [False, True])
def test_gradients_of_both_uses_of_tied_weights_add_up(encoder, has_skips, rng):
    X = rng.normal(size=(9, 5))
    gradient = batch_gradient(
        X,
        ["tanh"] * (2 * len(encoder) - 2),
        "squared_error",
        encoder=encoder,
        decoder=encoder[::-1],
        has_skips=has_skips,
        tied=True,
        alpha=0.3,
    )
    check_gradient(gradient, 9)


def test_nothing_is_left_of_the_penalty_of_the_batch_before(rng):
    names, penalty = ["tanh"] * 3 + ["identity"], ContractivePenalty(n_directions=5)
    gradient = batch_gradient(
        rng.uniform(size=(9, 5)), names, "squared_error", bottleneck=PlainCode(penalty)
    )
    first = compute(gradient, 9)[1].flat.copy()
    _, again = gradient.compute(np.arange(9), 9.0)
    again.all_completed(gradient.pool)
    np.testing.assert_allclose(again.flat, first)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_noise_of_a_batch_is_that_of_its_observed_cells_by_weight(weighted, rng):
    X, weights = with_holes(rng.uniform(size=(9, 5)), rng), rng.uniform(size=9)
    names, seen = ["tanh", "identity", "tanh", "identity"], []
    code = GaussianCode(1.0, 0.0, is_gaussian=True)
    code.observe = lambda loss, n_cells: seen.append(n_cells)
    own = weights if weighted else None
    gradient = batch_gradient(
        X, names, "squared_error", encoder=[5, 7, 6], bottleneck=code, weights=own
    )
    compute(gradient, 9)
    counts = (~np.isnan(X)).sum(axis=1)
    assert seen == [pytest.approx(counts @ weights if weighted else counts.sum())]


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_the_evidence_lower_bound(loss, weighted, rng):
    X, weights = rng.uniform(size=(9, 5)), rng.uniform(size=9) if weighted else None
    is_gaussian = loss == "squared_error"
    names = ["tanh", "identity", "tanh", as_loss(loss).link]

    def make(noise_variance):
        return batch_gradient(
            X,
            names,
            loss,
            encoder=[5, 7, 6],
            bottleneck=GaussianCode(0.7, 0.0, is_gaussian, noise_variance),
            weights=weights,
        )

    # The gradient is that of the bound times the noise's variance, of which the bound itself
    # says how the objective changes; at a variance of 1 they agree as they are.
    gradient = make(1.0)
    gradient.autoencoder.bottleneck.observe = lambda *sums: None
    check_gradient(gradient, 9)
    if is_gaussian:
        halved = make(0.5)
        halved.autoencoder.bottleneck.observe = lambda *sums: None
        flat, (_, gradients) = halved.parameters.flat, compute(halved, 9)
        direction = np.random.default_rng(1).normal(size=flat.shape)
        analytic, start, ends = gradients.flat @ direction, flat.copy(), []
        for step in (1e-6, -1e-6):
            flat[:] = start + step * direction
            ends.append(compute(halved, 9)[0])
        assert analytic == pytest.approx(0.5 * (ends[0] - ends[1]) / 2e-6, rel=2e-6)


def test_gradient_holds_where_log_variances_are_bounded(rng):
    X = rng.normal(size=(9, 5))
    gradient = batch_gradient(
        X,
        ["identity", "identity"],
        "squared_error",
        encoder=[5, 6],
        decoder=[3, 5],
        bottleneck=GaussianCode(0.7, 0.0, is_gaussian=True),
    )
    autoencoder, (low, high) = gradient.autoencoder, LOG_VARIANCE_BOUNDS
    autoencoder.bottleneck.observe = lambda *sums: None
    # One unit at each bound, by the biases, and one between them.
    gradient.parameters.biases[0][3:] = low, high, 0
    log_variance = halves(X @ gradient.parameters.weights[0] + gradient.parameters.biases[0])[1]
    assert log_variance[:, 0].min() < low < log_variance[:, 0].max()
    assert log_variance[:, 1].min() < high < log_variance[:, 1].max()
    check_gradient(gradient, 9)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: type(c).__name__)
def test_gradient_holds_for_everything_at_once(penalty, corruption, rng):
    X = with_holes(rng.normal(size=(9, 5)), rng)
    gradient = batch_gradient(
        X,
        ["tanh", "sigmoid", "tanh", "identity"],
        "huber",
        encoder=[5, 7, 3],
        decoder=[3, 7, 5],
        tied=True,
        weights=rng.uniform(size=9),
        alpha=0.1,
        dropout=0.2,
        bottleneck=PlainCode(penalty),
        corruption=corruption,
    )
    check_gradient(gradient, 9)


@pytest.mark.parametrize(("base", "members"), [(Corruption, CORRUPTIONS), (CodePenalty, PENALTIES)])
def test_every_component_is_in_the_gradient_checks(base, members):
    assert {type(member) for member in members} == set(public_subclasses(base))


def test_value_and_gradient_of_a_single_layer_pair_computed_by_hand():
    gradient = batch_gradient(
        np.array([[1.0], [2.0]]),
        ["identity", "identity"],
        "squared_error",
        encoder=[1, 1],
        decoder=[1, 1],
    )
    gradient.parameters.flat[:] = [0.5, 0.1, 2.0, -0.3]  # w1, b1, w2, b2
    total, gradients = gradient.compute(np.arange(2), 2.0)
    gradients.all_completed(ThreadPool())
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
    gradients.all_completed(ThreadPool())
    before = [w.copy() for w in gradients.weights], [b.copy() for b in gradients.biases]
    total_penalised, gradients = penalised.compute(np.arange(4), 4.0)
    gradients.all_completed(ThreadPool())
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
    return X, lambda: batch_gradient(
        X, names, "squared_error", encoder=[300, 200, 40], decoder=[40, 200, 300]
    )


def test_shards_add_up_to_the_gradient_of_the_whole_batch(wide):
    _, make = wide
    sharded, whole = make(), make()
    assert n_micro_batches_for(sharded.autoencoder, 96, 1) == 2
    total, gradients = sharded.compute(np.arange(96), 96.0)
    gradients.all_completed(ThreadPool())
    whole.allocate(15)  # too few rows to cut
    totals, expected = 0.0, np.zeros_like(gradients.flat)
    for start in range(0, 96, 15):
        part, part_gradients = whole.compute(np.arange(start, min(start + 15, 96)), 96.0)
        part_gradients.all_completed(ThreadPool())
        totals += part
        expected += part_gradients.flat
    assert total == pytest.approx(totals)
    np.testing.assert_allclose(gradients.flat, expected, rtol=1e-9, atol=1e-12)


def test_one_thread_and_two_give_the_same_bits(wide):
    _, make = wide
    alone, shared = make(), make()
    total, gradients = alone.compute(np.arange(95), 95.0)
    gradients.all_completed(ThreadPool())
    with ThreadPool(2) as pool:
        shared.pool = pool
        shared.allocate(96)
        total_shared, gradients_shared = shared.compute(np.arange(95), 95.0)
        gradients_shared.all_completed(pool)
    assert total == total_shared
    np.testing.assert_array_equal(gradients.flat, gradients_shared.flat)


@pytest.mark.parametrize(
    "parts",
    [
        {"bottleneck": PlainCode(KLSparsity())},
        {"bottleneck": PlainCode(ContractivePenalty())},
        {"corruption": SwapNoise(), "dropout": 0.3},
        {"corruption": GaussianNoise(), "bottleneck": PlainCode(L1Sparsity())},
    ],
    ids=without_addresses,
)
def test_noise_and_penalties_are_the_same_on_two_threads(wide, parts):
    X, _ = wide
    results = []
    for n_threads in (1, 2):
        gradient = batch_gradient(
            X,
            ["tanh", "sigmoid", "tanh", "identity"],
            "squared_error",
            encoder=[300, 200, 40],
            decoder=[40, 200, 300],
            **parts,
        )
        with ThreadPool(n_threads) as pool:
            gradient.pool = pool
            total, gradients = compute(gradient, 96)
        results.append((total, gradients.flat.copy()))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_mean_code_of_a_cut_batch_is_that_of_the_whole(wide, rng):
    """KLSparsity is no sum over rows: cut or not, the batch must have one mean code."""
    X, _ = wide
    weights = rng.uniform(size=96)
    gradient = batch_gradient(
        X,
        ["tanh", "sigmoid", "tanh", "identity"],
        "squared_error",
        encoder=[300, 200, 40],
        decoder=[40, 200, 300],
        bottleneck=PlainCode(KLSparsity()),
        weights=weights,
    )
    assert n_micro_batches_for(gradient.autoencoder, 96, 1) == 2
    check_gradient(gradient, 96, rel=1e-5)


def test_small_batches_are_not_cut():
    gradient = batch_gradient(np.ones((32, 5)), ["tanh"] * 4, "squared_error")
    assert n_micro_batches_for(gradient.autoencoder, 32, n_threads=8) == 1
