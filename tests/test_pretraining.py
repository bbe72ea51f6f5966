"""Stacked pretraining: what each pair of layers is trained on, and that it helps."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skautoencoder import AutoencoderTransformer, GaussianNoise


def deep(**params):
    defaults = {"hidden_layer_sizes": (12, 8), "max_iter": 1, "random_state": 0}
    return AutoencoderTransformer(3, **{**defaults, **params})


@pytest.fixture
def X(rng):
    return rng.normal(size=(300, 4)) @ rng.normal(size=(4, 16)) + rng.normal(size=16)


def test_a_pair_of_linear_layers_finds_the_principal_subspace(X):
    """Pretraining alone: the epoch of the whole network that follows is given nothing to do."""
    autoencoder = AutoencoderTransformer(
        4,
        hidden_layer_sizes=(),
        activation="identity",
        pretrain_iter=300,
        max_iter=1,
        tol=0,
        random_state=0,
        early_stopping=False,
    ).fit(X)
    assert autoencoder.score(X) > PCA(4).fit(X).explained_variance_ratio_.sum() - 1e-3


def test_full_batch_solvers_pretrain_too(X):
    autoencoder = AutoencoderTransformer(
        4,
        hidden_layer_sizes=(),
        activation="identity",
        pretrain_iter=300,
        max_iter=1,
        tol=0,
        solver="lbfgs",
        random_state=0,
        early_stopping=False,
    ).fit(X)
    assert autoencoder.n_iter_ == 1
    assert autoencoder.score(X) > PCA(4).fit(X).explained_variance_ratio_.sum() - 1e-6


def test_every_layer_starts_from_what_rebuilds_its_input(digits):
    """Far better, before the whole network is trained, than as drawn; and deeper layers too."""
    params = {"activation": "tanh", "early_stopping": False, "learning_rate": "constant"}
    drawn, pretrained = (
        AutoencoderTransformer(
            10,
            hidden_layer_sizes=(50, 30),
            skip_connections=False,
            pretrain_iter=n_epochs,
            max_iter=1,
            random_state=0,
            **params,
        ).fit(digits)
        for n_epochs in (0, 20)
    )
    assert pretrained.best_loss_ < 0.5 * drawn.best_loss_
    assert pretrained.n_iter_ == 1
    assert pretrained.skip_coefs_ == []


@pytest.mark.slow
def test_deep_networks_of_sigmoids_need_it(digits):
    def score(n_epochs):
        return (
            AutoencoderTransformer(
                10,
                hidden_layer_sizes=(60, 50, 40, 30),
                activation="sigmoid",
                code_activation="identity",
                skip_connections=False,
                pretrain_iter=n_epochs,
                max_iter=30,
                random_state=0,
            )
            .fit(digits)
            .score(digits)
        )

    assert score(10) > score(0) + 0.2


def test_held_out_rows_are_not_seen(X):
    """Changing them changes nothing but the loss on them."""
    params = {"pretrain_iter": 3, "early_stopping": True, "scale": None, "shuffle": False}
    first = deep(**params).fit(X)
    order = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(0,))).permutation(300)
    other = X.copy()
    other[order[:30]] += 100
    second = deep(**params).fit(other)
    np.testing.assert_array_equal(first.coefs_[1], second.coefs_[1])


def test_ties_weights_missing_cells_and_noise_go_with_it(X, rng):
    X[rng.uniform(size=X.shape) < 0.1] = np.nan
    autoencoder = deep(
        pretrain_iter=3, tied_weights=True, corruption=GaussianNoise(), max_iter=3
    ).fit(X, sample_weight=rng.uniform(size=300))
    for encoder, decoder in zip(autoencoder.coefs_[:3], autoencoder.coefs_[:2:-1], strict=True):
        np.testing.assert_array_equal(decoder, encoder.T)
    assert np.isfinite(autoencoder.transform(X)).all()


def test_a_warm_start_is_not_pretrained_again(X):
    autoencoder = deep(pretrain_iter=5, warm_start=True, max_iter=5).fit(X)
    loss = autoencoder.best_loss_
    assert autoencoder.fit(X).best_loss_ <= loss
    assert autoencoder.n_iter_ == 10


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pretrain_iter": -1}, "'pretrain_iter' parameter of AutoencoderTransformer must be an"),
        (
            {"skip_connections": True},
            "pretrain_iter=2 trains layers to do what skip connections do",
        ),
        ({"decoder_layer_sizes": (5,)}, "pretrain_iter=2 needs a decoder that mirrors"),
    ],
)
def test_what_cannot_be_pretrained_is_refused(params, message, X):
    with pytest.raises(ValueError, match=message):
        deep(**{"pretrain_iter": 2, **params}).fit(X)
