"""Principal components by our passes against PCA's, and networks that start there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit
from sklearn.datasets import make_swiss_roll
from sklearn.decomposition import PCA

from skautoencoder import AutoencoderTransformer
from skautoencoder.network import pca as principal
from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.parameters import Parameters, layer_shapes
from skautoencoder.network.pca import principal_components
from skautoencoder.network.scaling import Scaling


def pca_error(X, n_components):
    """Mean squared error of PCA's reconstruction of its training data."""
    pca = PCA(min(n_components, *X.shape), svd_solver="full").fit(X)
    return np.square(X - pca.inverse_transform(pca.transform(X))).mean()


@pytest.fixture(params=["from the covariance", "by passes"])
def route(request, monkeypatch):
    if request.param == "by passes":
        monkeypatch.setattr(principal, "MAX_COVARIANCE_FEATURES", 2)


@pytest.fixture
def X(rng):
    return rng.normal(size=(300, 6)) @ rng.normal(size=(6, 12)) + rng.normal(size=12)


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_components_are_those_of_pca(form, X):
    mean, components, variances = principal_components(Dataset(form(X)), 4)
    pca = PCA(4).fit(X)
    np.testing.assert_allclose(mean, pca.mean_)
    np.testing.assert_allclose(np.abs(components @ pca.components_.T), np.eye(4), atol=1e-8)
    assert (components.max(axis=1) == np.abs(components).max(axis=1)).all()
    np.testing.assert_allclose(variances, pca.explained_variance_ * 299 / 300)


@pytest.mark.parametrize("subset", [None, np.arange(0, 300, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_passes_over_sparse_rows_are_those_over_dense_ones(subset, weighted, X, rng, monkeypatch):
    monkeypatch.setattr(principal, "MAX_COVARIANCE_FEATURES", 2)
    X[X < 0] = 0
    options = {
        "scaling": Scaling(np.arange(12.0), np.arange(1.0, 13)),
        "sample_weight": rng.uniform(size=300) if weighted else None,
        "subset": subset,
    }
    forms = X, sparse.csr_array(X)
    dense, thin = (principal_components(Dataset(form, **options), 4) for form in forms)
    for expected, found in zip(dense, thin, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("route")
def test_weights_count_as_repetitions(X, rng):
    weights = rng.integers(0, 4, size=300)
    rows = Dataset(X, sample_weight=weights.astype(float), subset=np.flatnonzero(weights))
    repeated = Dataset(np.repeat(X, weights, axis=0))
    for result, expected in zip(
        principal_components(rows, 3), principal_components(repeated, 3), strict=True
    ):
        np.testing.assert_allclose(np.abs(result), np.abs(expected), rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("n_components", [11, 12, 20])
def test_more_components_than_dimensions_are_padded_with_zeros(X, n_components):
    _, components, variances = principal_components(Dataset(X[:5]), n_components)
    assert components.shape == (n_components, 12)
    # Five rows span four dimensions.
    assert not components[4:].any()
    assert not variances[4:].any()
    centred = X[:5] - X[:5].mean(axis=0)
    np.testing.assert_allclose(centred @ components.T @ components, centred, atol=1e-9)


def at_pca(n_components=3, **params):
    """A network at its start: the steps of its only epoch are too small to matter."""
    params = {"max_iter": 1, "learning_rate_init": 1e-300, **params}
    return AutoencoderTransformer(n_components, weight_init="pca", random_state=0, **params)


@pytest.mark.parametrize("hidden", [(), 4, (9, 5), (8, 7, 6)])
@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_pca_start_rebuilds_as_pca_whatever_depth_and_hidden_activation(X, hidden, activation):
    params = {"hidden_layer_sizes": hidden, "activation": activation}
    pca = PCA(3).fit(X)
    expected = pca.inverse_transform(pca.transform(X))
    for code_activation in ("auto", activation):
        autoencoder = at_pca(code_activation=code_activation, **params).fit(X)
        np.testing.assert_allclose(autoencoder.reconstruct(X), expected, atol=1e-9)


@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("scale", ["common", None])
def test_pca_start_rebuilds_as_pca_whatever_the_output(X, output, scale):
    pca = PCA(3).fit(X)
    autoencoder = at_pca(output_activation=output, scale=scale).fit(X)
    assert autoencoder.output_activation_ == output
    expected = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(autoencoder.reconstruct(X), expected, atol=1e-9)


def test_pca_start_keeps_to_float32(X):
    autoencoder = at_pca(learning_rate_init=1e-30).fit(X.astype(np.float32))
    pca = PCA(3).fit(X)
    expected = pca.inverse_transform(pca.transform(X))
    assert autoencoder.skip_coefs_[0].dtype == np.float32
    np.testing.assert_allclose(autoencoder.reconstruct(X), expected, atol=1e-4)


@st.composite
def shapes_and_networks(draw):
    n_rows, n_features = draw(st.integers(2, 60)), draw(st.integers(1, 12))
    rank = draw(st.integers(1, n_features))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_t(3, size=(n_rows, rank)) @ rng.normal(size=(rank, n_features))
    X += draw(st.sampled_from([0, 0.1])) * rng.normal(size=X.shape) + rng.normal(size=n_features)
    params = {
        "n_components": draw(st.integers(1, n_features + 2)),
        "hidden_layer_sizes": draw(st.lists(st.integers(1, 9), max_size=3)),
        "activation": draw(st.sampled_from(HIDDEN_ACTIVATIONS)),
        "code_activation": draw(st.sampled_from(["auto", "tanh", "relu"])),
        "output_activation": draw(st.sampled_from(["auto", "sigmoid", "relu"])),
        "weight_init": draw(st.sampled_from(["pca", "auto"])),
        "solver": draw(st.sampled_from(["adam", "muon", "shampoo", "lbfgs"])),
        "early_stopping": draw(st.sampled_from(["auto", False])),
        "skip_connections": True,
    }
    return X, params


@pytest.mark.filterwarnings("ignore:n_components=:UserWarning")
@settings(max_examples=100, deadline=None)
@given(shapes_and_networks())
def test_training_never_ends_above_the_error_of_pca(example):
    X, params = example
    autoencoder = AutoencoderTransformer(max_iter=6, scale="common", random_state=0, **params)
    error = autoencoder.fit(X).reconstruction_error(X).mean()
    rounding = 1e-12 * np.square(X - X.mean(axis=0)).mean() + 1e-20
    assert error <= pca_error(X, params["n_components"]) * (1 + 1e-9) + rounding


def test_skip_connections_of_the_cross_entropy_lead_inside_the_sigmoid(X):
    X = (X - X.min()) / np.ptp(X)
    params = {"loss": "binary_cross_entropy", "max_iter": 5, "random_state": 0}
    autoencoder = AutoencoderTransformer(3, hidden_layer_sizes=(), **params).fit(X)
    (encoder, decoder), (to_code, to_output) = autoencoder.coefs_, autoencoder.intercepts_
    (x_to_code, code_to_output), biases = autoencoder.skip_coefs_, autoencoder.skip_intercepts_
    codes = X @ encoder + to_code + X @ x_to_code + biases[0]
    logits = codes @ decoder + to_output + codes @ code_to_output + biases[1]
    np.testing.assert_allclose(autoencoder.transform(X), codes)
    np.testing.assert_allclose(autoencoder.inverse_transform(codes), expit(logits))
    np.testing.assert_allclose(autoencoder.reconstruct(X), expit(logits))


def test_the_cross_entropy_trained_on_is_that_of_the_reconstruction(X):
    X = (X - X.min()) / np.ptp(X)
    params = {"loss": "binary_cross_entropy", "solver": "lbfgs", "early_stopping": False}
    autoencoder = AutoencoderTransformer(3, max_iter=5, random_state=0, **params).fit(X)
    rebuilt = autoencoder.reconstruct(X)
    loss = -np.sum(X * np.log(rebuilt) + (1 - X) * np.log1p(-rebuilt), axis=1).mean()
    assert autoencoder.best_loss_ == pytest.approx(loss)


@pytest.mark.parametrize("seed", range(3))
def test_few_rows_of_noise_are_left_to_pca(seed):
    X = np.random.default_rng(seed).normal(size=(60, 100))
    autoencoder = AutoencoderTransformer(5, random_state=0).fit(X)
    pca = PCA(5).fit(X)
    expected = pca.inverse_transform(pca.transform(X))
    np.testing.assert_allclose(autoencoder.reconstruct(X), expected, atol=1e-8)


def test_a_curved_sheet_is_unrolled_far_better_than_by_pca():
    X, _ = make_swiss_roll(1000, noise=0.05, random_state=0)
    train, test = X[:700], X[700:]
    score = AutoencoderTransformer(2, random_state=0).fit(train).score(test)
    pca = PCA(2).fit(train)
    rebuilt = pca.inverse_transform(pca.transform(test))
    pca_score = 1 - np.square(test - rebuilt).sum() / np.square(test - test.mean(axis=0)).sum()
    assert score > pca_score + 0.15


class TestParameters:
    def test_skip_connections_are_there_where_the_output_need_not_be_bounded(self, X):
        def n_skips(**params):
            params = {"max_iter": 1, "scale": "minmax", **params}
            return len(AutoencoderTransformer(3, **params).fit(X).skip_coefs_)

        assert n_skips() == n_skips(output_activation="identity") == 2
        assert (
            n_skips(loss="huber")
            == n_skips(output_activation="sigmoid", skip_connections=True)
            == 2
        )
        assert n_skips(skip_connections=False) == n_skips(output_activation="sigmoid") == 0
        assert n_skips(loss="binary_cross_entropy") == 2
        assert n_skips(loss="binary_cross_entropy", skip_connections=False) == 0
        assert n_skips(loss="poisson") == 0
        assert n_skips(output_activation="tanh", weight_init="pca") == 2

    def test_poisson_refuses_skip_connections(self, X):
        with pytest.raises(
            ValueError, match="loss='poisson' cannot be trained with skip connections"
        ):
            AutoencoderTransformer(loss="poisson", skip_connections=True).fit(X)

    @pytest.mark.parametrize(
        "params",
        [{"skip_connections": False}, {"loss": "binary_cross_entropy"}, {"loss": "poisson"}],
    )
    def test_a_start_at_pca_needs_skip_connections_and_a_free_output(self, X, params):
        with pytest.raises(
            ValueError, match="use loss='squared_error', 'absolute_error' or 'huber', or choose"
        ):
            AutoencoderTransformer(weight_init="pca", **params).fit(X)

    def test_training_cannot_go_on_where_the_skip_connections_would_mean_something_else(self, X):
        X = (X - X.min()) / np.ptp(X)
        autoencoder = AutoencoderTransformer(3, loss="binary_cross_entropy", max_iter=1).fit(X)
        autoencoder.set_params(
            loss="squared_error", output_activation="sigmoid", skip_connections=True
        )
        with pytest.raises(
            ValueError, match="does not fit the skip connections of the fitted network"
        ):
            autoencoder.partial_fit(X)

    def test_training_cannot_go_on_with_other_skip_connections(self, X):
        autoencoder = AutoencoderTransformer(3, max_iter=1, activation="tanh").fit(X)
        autoencoder.set_params(skip_connections=False, code_activation="identity")
        with pytest.raises(ValueError, match="without skip connections"):
            autoencoder.partial_fit(X)

    def test_rows_are_held_out_where_there_are_fewer_than_weights(self, X):
        def holds_out(n_rows, **params):
            autoencoder = AutoencoderTransformer(3, max_iter=1, hidden_layer_sizes=(), **params)
            return autoencoder.fit(X[:n_rows]).validation_loss_curve_ is not None

        # 2 * 12 * 3 weights in the layers, and as many in the skip connections.
        assert [holds_out(n) for n in (19, 20, 143, 144)] == [False, True, True, False]
        assert not holds_out(100, early_stopping=False)

    def test_warm_start_goes_on_along_the_skip_connections(self):
        X, _ = make_swiss_roll(300, random_state=0)
        autoencoder = AutoencoderTransformer(2, max_iter=30, warm_start=True, random_state=0)
        first = autoencoder.fit(X).skip_coefs_[0]
        score = autoencoder.score(X)
        autoencoder.fit(X).fit(X)
        assert np.abs(autoencoder.skip_coefs_[0] - first).max() > 1e-3
        assert autoencoder.score(X) >= score


def test_bounded_paths_rebuild_as_pca_where_the_output_is_steepest(rng):
    rows = Dataset(rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)))
    found = principal_components(rows, 2)
    parameters = Parameters(layer_shapes([6, 2], [2, 6], True), np.float64)
    principal.lay_skip_connections(parameters, ["identity", "sigmoid"], 1, found, bounded=True)
    encoder, decoder = parameters.weights[-2:]
    steepest_output = 0.25
    axes = found[1]
    np.testing.assert_allclose(encoder @ decoder * steepest_output, axes.T @ axes, atol=1e-12)
