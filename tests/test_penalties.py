"""Penalties on the code: their values, by hand and by independent formulas, and their effect."""

import numpy as np
import pytest
from scipy import stats

from skautoencoder import AutoencoderTransformer, ContractivePenalty, KLSparsity, L1Sparsity
from skautoencoder.network.activations import HIDDEN_ACTIVATIONS
from skautoencoder.network.layers import networks_of
from skautoencoder.network.parameters import Gradients, Parameters, layer_shapes
from skautoencoder.network.penalties import CodeBatch


def code_batch(code, weights=None, encoder=None, inputs=None, seed=0):
    mean = np.average(code, axis=0, weights=weights)
    rng = np.random.default_rng(seed)
    return CodeBatch(encoder, inputs, code, weights, float(len(code)), mean, rng)


def test_l1_is_the_sum_of_absolute_values(rng):
    code, weights = rng.normal(size=(6, 3)), rng.uniform(size=6)
    delta = np.zeros_like(code)
    total = L1Sparsity(weight=0.5).at_code(code_batch(code, weights), delta)
    assert total == pytest.approx(0.5 * np.sum(weights[:, None] * np.abs(code)))


@pytest.mark.parametrize("weighted", [False, True])
def test_kl_is_the_divergence_of_the_mean_activations(weighted, rng):
    code = rng.uniform(size=(7, 3))
    weights = rng.uniform(size=7) if weighted else None
    total = KLSparsity(target=0.1, weight=2.0).at_code(
        code_batch(code, weights), np.zeros_like(code)
    )
    means = np.average(code, axis=0, weights=weights)
    divergence = sum(stats.entropy([0.1, 0.9], [m, 1 - m]) for m in means)
    n_rows = weights.sum() if weighted else 7
    assert total == pytest.approx(2.0 * n_rows * divergence)


def random_encoder(widths, activation, paths, rng):
    """An encoder, and parameters of which it has views."""
    parameters = Parameters(layer_shapes(widths, widths[::-1], paths), np.float64)
    parameters.flat[:] = rng.normal(scale=0.7, size=parameters.flat.shape)
    names = [activation] * (2 * len(widths) - 2)
    encoder, *_ = networks_of(parameters.weights, parameters.biases, names, len(widths) - 1)
    return encoder, Gradients(parameters.shapes, np.float64)


def numeric_norms(encoder, X, step=1e-6):
    """||J||^2 of each row by central differences of every feature."""

    def encode(rows):
        values = rows
        for layer in encoder.layers:
            values = values @ layer.weights + layer.bias
            layer.activate(values)
        if encoder.skip is not None:
            values = values + rows @ encoder.skip.weights + encoder.skip.bias
        return values

    norms = np.zeros(len(X))
    for direction in step * np.eye(X.shape[1]):
        norms += np.square((encode(X + direction) - encode(X - direction)) / (2 * step)).sum(axis=1)
    return norms


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("widths", [[4, 3], [4, 6, 3], [4, 6, 5, 3]], ids=str)
@pytest.mark.parametrize("paths", [False, True])
def test_the_contractive_norm_is_exact_for_one_layer_or_all_directions(
    activation, widths, paths, rng
):
    encoder, gradients = random_encoder(widths, activation, paths, rng)
    X = rng.normal(size=(5, 4))
    batch = code_batch(np.zeros((5, 3)), encoder=encoder, inputs=X)
    penalty = ContractivePenalty(weight=0.3, n_directions=1 if len(widths) == 2 else 4)
    total = penalty.at_encoder(batch, gradients)
    assert total == pytest.approx(0.3 * numeric_norms(encoder, X).sum(), rel=1e-6)


@pytest.mark.parametrize("n_directions", [1, 3])
def test_the_contractive_estimate_is_right_within_its_standard_error(n_directions, rng):
    encoder, gradients = random_encoder([4, 6, 5, 3], "tanh", False, rng)
    X = rng.normal(size=(5, 4))
    penalty = ContractivePenalty(weight=1.0, n_directions=n_directions)
    estimates = np.array(
        [
            penalty.at_encoder(
                code_batch(np.zeros((5, 3)), encoder=encoder, inputs=X, seed=seed), gradients
            )
            for seed in range(2000)
        ]
    )
    error = estimates.std() / np.sqrt(len(estimates))
    assert error < 0.05 * estimates.mean()
    assert abs(estimates.mean() - numeric_norms(encoder, X).sum()) < 4 * error


def test_more_directions_make_a_surer_estimate(rng):
    encoder, gradients = random_encoder([8, 6, 5, 3], "tanh", False, rng)
    X = rng.normal(size=(5, 8))

    def spread(n_directions):
        penalty = ContractivePenalty(n_directions=n_directions)
        batches = (code_batch(X, encoder=encoder, inputs=X, seed=seed) for seed in range(200))
        return np.std([penalty.at_encoder(batch, gradients) for batch in batches])

    assert spread(4) < 0.7 * spread(1)


def fitted(digits, **params):
    return AutoencoderTransformer(20, max_iter=30, random_state=0, **params).fit(digits)


def test_l1_makes_codes_sparse_with_exact_zeros(digits):
    sparse = fitted(digits, code_penalty=L1Sparsity(weight=0.03))
    plain = fitted(digits, code_activation="relu", skip_connections=False)
    assert sparse.activations_[2] == "relu"
    assert sparse.skip_coefs_ == []
    shares = [(each.transform(digits) > 0).mean() for each in (sparse, plain)]
    assert shares[0] < 0.6 * shares[1]
    assert sparse.score(digits) > 0.7


def test_kl_brings_mean_activations_to_the_target(digits):
    sparse = fitted(digits, code_penalty=KLSparsity(target=0.1, weight=1.0))
    assert sparse.activations_[2] == "sigmoid"
    np.testing.assert_allclose(sparse.transform(digits).mean(axis=0), 0.1, atol=0.05)
    assert sparse.score(digits) > 0.3


def test_contraction_makes_codes_move_less_when_the_input_does(digits):
    def movement(penalty):
        autoencoder = fitted(digits, code_penalty=penalty, skip_connections=False)
        noise = 1e-3 * np.random.default_rng(0).normal(size=digits.shape)
        moved = autoencoder.transform(digits + noise) - autoencoder.transform(digits)
        return np.square(moved).sum()

    assert movement(ContractivePenalty(weight=0.3)) < 0.5 * movement(None)


def test_penalties_are_part_of_the_loss_curve_but_not_of_the_validation_curve(digits):
    still = {"learning_rate_init": 1e-12, "early_stopping": True, "skip_connections": False}
    activation = {"code_activation": "sigmoid"}
    plain = fitted(digits, **still, **activation)
    penalised = fitted(digits, **still, code_penalty=KLSparsity(weight=1.0))
    assert penalised.loss_curve_[0] > plain.loss_curve_[0] + 1
    assert penalised.validation_loss_curve_[0] == pytest.approx(plain.validation_loss_curve_[0])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"code_penalty": L1Sparsity(weight=0)}, "'weight' parameter of L1Sparsity"),
        ({"code_penalty": KLSparsity(target=1)}, r"'target' parameter of KLSparsity .*\(0, 1\)"),
        ({"code_penalty": ContractivePenalty(n_directions=0)}, "'n_directions' parameter of"),
        (
            {"code_penalty": KLSparsity(), "code_activation": "relu"},
            r"must lie in \[0, 1\]. Got code_activation='relu'",
        ),
        (
            {"code_penalty": KLSparsity(), "skip_connections": True},
            "code_activation='sigmoid' and skip connections",
        ),
        ({"code_penalty": "l1"}, "'code_penalty' parameter of AutoencoderTransformer"),
        (
            {"code_penalty": ContractivePenalty(), "solver": "lbfgs"},
            r"needs the same loss .* code_penalty=ContractivePenalty\(\)",
        ),
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused_before_any_work(params, message, digits):
    with pytest.raises(ValueError, match=message):
        AutoencoderTransformer(5, **params).fit(digits)


def test_what_is_not_random_may_be_solved_by_lbfgs(digits):
    exact = ContractivePenalty(weight=1e-3)
    autoencoder = AutoencoderTransformer(
        5, hidden_layer_sizes=(), code_penalty=exact, solver="lbfgs", max_iter=20, random_state=0
    ).fit(digits[:200])
    curve = autoencoder.loss_curve_
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] < 0.8 * curve[0]


def test_a_penalised_network_is_not_given_up_for_pca(rng):
    """PCA knows nothing of the penalty: its loss alone says nothing."""
    X = rng.normal(size=(100, 3)) @ rng.normal(size=(3, 20)) + 0.1 * rng.normal(size=(100, 20))
    plain, penalised = (
        AutoencoderTransformer(3, max_iter=5, code_penalty=penalty, random_state=0).fit(X)
        for penalty in (None, ContractivePenalty(weight=1e-6))
    )
    assert not plain.coefs_[-1].any()
    assert penalised.coefs_[-1].any()


def test_a_warm_start_follows_a_changed_penalty(digits):
    """The earlier weights have the lower loss, which is without the penalty."""
    autoencoder = fitted(digits, code_penalty=L1Sparsity(weight=0.01), warm_start=True)
    before = (autoencoder.transform(digits) > 0).mean()
    autoencoder.set_params(code_penalty__weight=0.1).fit(digits)
    assert (autoencoder.transform(digits) > 0).mean() < 0.9 * before


def test_a_warm_start_under_a_penalty_has_nothing_to_go_back_to(rng):
    """A strong penalty raises the loss alone, by which the earlier weights would be better."""
    X = rng.normal(size=(100, 6))
    plain = {"learning_rate_init": 0.01, "early_stopping": False, "random_state": 0}
    penalty = L1Sparsity(weight=1e-6)
    ae = AutoencoderTransformer(3, code_penalty=penalty, warm_start=True, max_iter=30, **plain)
    before = ae.fit(X).score(X)
    ae.set_params(code_penalty__weight=100.0).fit(X)
    assert ae.score(X) < before
    assert ae.kept_ == "network"
