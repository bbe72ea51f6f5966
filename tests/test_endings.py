"""What a run says of its end: why it stopped, and whose weights were kept."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skautoencoder import AutoencoderTransformer, VariationalAutoencoderTransformer


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 2)) @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(60, 6))


def small(**params):
    return AutoencoderTransformer(
        **{"n_components": 2, "hidden_layer_sizes": 5, "max_iter": 3, "random_state": 0, **params}
    )


def interrupt(self, *args):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, "max_iter"),
        ({"max_iter": 300, "n_iter_no_change": 2, "tol": 1.0}, "no_change"),
        ({"solver": "lbfgs"}, "max_iter"),
        ({"solver": "lbfgs", "max_iter": 300, "n_iter_no_change": 2, "tol": 1.0}, "no_change"),
    ],
)
def test_why_training_stopped(X, params, reason):
    autoencoder = small(linear_paths=False, **params).fit(X)
    assert autoencoder.stop_reason_ == reason
    assert (autoencoder.n_iter_ == autoencoder.max_iter) == (reason == "max_iter")


def test_a_line_search_that_finds_nothing_lower_ends_lbfgs(X):
    autoencoder = small(solver="lbfgs", max_iter=300, n_iter_no_change=300).fit(np.zeros((30, 3)))
    assert autoencoder.stop_reason_ == "line_search"


def test_a_single_pass_and_a_network_that_was_read(X):
    autoencoder = small(linear_paths=False).partial_fit(X)
    assert (autoencoder.kept_, autoencoder.stop_reason_) == ("network", "pass")
    weights = autoencoder.set_params(scale=None).partial_fit(X).to_layer_weights()
    read = AutoencoderTransformer.from_layer_weights(weights, 2, output_activation="identity")
    assert (read.kept_, read.stop_reason_) == ("network", None)


def test_an_interrupted_run(X, monkeypatch):
    calls = iter(range(100))
    step = AutoencoderTransformer._train

    def train(self, trainer, *args):
        epoch = trainer.epoch
        trainer.epoch = lambda *each: interrupt(self) if next(calls) == 2 else epoch(*each)
        step(self, trainer, *args)

    monkeypatch.setattr(AutoencoderTransformer, "_train", train)
    autoencoder = small(linear_paths=False)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        autoencoder.fit(X)
    assert autoencoder.stop_reason_ == "interrupted"


def test_pca_is_kept_and_says_so_with_its_loss_on_the_training_rows(rng):
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(200, 5))
    autoencoder = small(early_stopping=False, max_iter=1).fit(X)
    assert autoencoder.kept_ == "pca"
    pca = PCA(2).fit(X)
    errors = np.square(X - pca.inverse_transform(pca.transform(X))).sum(axis=1)
    expected = 0.5 * errors.mean() / autoencoder.scale_[0] ** 2
    assert autoencoder.best_loss_ == pytest.approx(expected)


def test_a_network_that_is_better_than_pca_is_kept(rng):
    t = rng.uniform(-1, 1, 300)
    X = np.c_[t, t**2, np.cos(3 * t)]
    autoencoder = small(n_components=1, early_stopping=True, max_iter=100).fit(X)
    assert autoencoder.kept_ == "network"
    assert autoencoder.best_loss_ == min(autoencoder.validation_loss_curve_)


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoderTransformer])
def test_earlier_weights_are_kept_where_a_warm_start_has_found_nothing_better(X, kind):
    autoencoder = kind(2, max_iter=30, warm_start=True, random_state=0).fit(X)
    coefs = autoencoder.coefs_
    autoencoder.set_params(learning_rate_init=0.2, max_iter=1).fit(X)
    assert autoencoder.kept_ == "earlier"
    for before, now in zip(coefs, autoencoder.coefs_, strict=True):
        np.testing.assert_array_equal(before, now)
