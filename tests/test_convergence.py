"""What a run says of its end: why it stopped, and whose weights were kept."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    L1Sparsity,
    MaskingNoise,
    VariationalAutoencoderTransformer,
    _convergence,
)
from skautoencoder._convergence import _has_diverged
from skautoencoder.network.bottleneck import PlainCode


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 2)) @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(60, 6))


def small(**params):
    return AutoencoderTransformer(
        **{"n_components": 2, "hidden_layer_sizes": 5, "max_iter": 3, "random_state": 0, **params}
    )


def wide(**params):
    return AutoencoderTransformer(10, **{"max_iter": 20, "random_state": 0, **params})


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
    autoencoder = small(skip_connections=False, **params).fit(X)
    assert autoencoder.stop_reason_ == reason
    assert (autoencoder.n_iter_ == autoencoder.max_iter) == (reason == "max_iter")


def test_a_line_search_that_finds_nothing_lower_ends_lbfgs(X):
    autoencoder = small(solver="lbfgs", max_iter=300, n_iter_no_change=300).fit(np.zeros((30, 3)))
    assert autoencoder.stop_reason_ == "line_search"


def test_a_single_pass_and_a_network_that_was_read(X):
    autoencoder = small(skip_connections=False).partial_fit(X)
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
    autoencoder = small(skip_connections=False)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        autoencoder.fit(X)
    assert autoencoder.stop_reason_ == "interrupted"


def test_pca_is_kept_and_says_so_with_its_loss_on_the_training_rows(rng):
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(200, 5))
    autoencoder = small(early_stopping=False, max_iter=1).fit(X)
    assert autoencoder.kept_ == "pca"
    pca = PCA(2).fit(X)
    errors = np.square(X - pca.inverse_transform(pca.transform(X))).sum(axis=1)
    expected = 0.5 * errors.mean() / autoencoder.scale_[2] ** 2
    assert autoencoder.best_loss_ == pytest.approx(expected)


def test_a_network_that_is_better_than_pca_is_kept(rng):
    t = rng.uniform(-1, 1, 300)
    X = np.c_[t, t**2, np.cos(3 * t)]
    autoencoder = small(n_components=1, early_stopping=True, max_iter=100).fit(X)
    assert autoencoder.kept_ == "network"
    assert autoencoder.best_loss_ == min(autoencoder.validation_loss_curve_)


def test_pca_is_given_up_for_two_standard_errors_and_earlier_weights_for_anything_lower(X):
    autoencoder = small(warm_start=True)
    assert autoencoder._prepare(X, None, None, False, 0)[-1].margin == 2
    assert autoencoder.fit(X)._prepare(X, None, None, True, 0)[-1].margin == 0


@pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoderTransformer])
def test_earlier_weights_are_kept_where_a_warm_start_has_found_nothing_better(X, kind):
    autoencoder = kind(2, max_iter=30, warm_start=True, random_state=0).fit(X)
    coefs = autoencoder.coefs_
    autoencoder.set_params(learning_rate_init=0.05, max_iter=1).fit(X)
    assert autoencoder.kept_ == "earlier"
    for before, now in zip(coefs, autoencoder.coefs_, strict=True):
        np.testing.assert_array_equal(before, now)


class TestBadEnds:
    """A warning where training ended with less than the mean of every feature."""

    @pytest.mark.parametrize(("loss", "warns"), [(0.9995, 0), (1.0005, 0), (1.0015, 1)])
    def test_a_thousandth_above_the_mean_is_the_mean(self, X, monkeypatch, loss, warns):
        monkeypatch.setattr(
            _convergence, "losses_beside_a_constant", lambda *args: np.array([loss, 1.0])
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            small(skip_connections=False).fit(X)
        assert len(caught) == warns

    @pytest.mark.parametrize(
        ("n_rows", "params", "asked"),
        [
            (2000, {}, [2000]),
            (2001, {}, [1000]),
            (2001, {"kind": AutoencoderClassifier}, [1000]),
            (2001, {"kind": VariationalAutoencoderTransformer}, [2001]),
            (2001, {"learning_rate_init": 1e3}, [1000, 2001]),
            (2001, {"far": 1e4}, [1000, 2001]),
            (2001, {"far": 100.0, "scale": None, "max_iter": 30}, [1000, 2001]),
        ],
    )
    def test_where_all_is_well_a_thousand_of_many_rows_are_asked(
        self, rng, monkeypatch, n_rows, params, asked
    ):
        """Not where a few rows are far off, which the thousand may not show."""
        seen, compared = [], _convergence.losses_beside_a_constant

        def recorded(networks, rows, *args):
            seen.append(len(rows))
            return compared(networks, rows, *args)

        monkeypatch.setattr(_convergence, "losses_beside_a_constant", recorded)
        X = rng.normal(size=(n_rows, 2)) @ rng.normal(size=(2, 6))
        X[1] += params.pop("far", 0.0)
        autoencoder = params.pop("kind", AutoencoderTransformer)(2, max_iter=5, random_state=0)
        if not isinstance(autoencoder, VariationalAutoencoderTransformer):
            params["skip_connections"] = False
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            autoencoder.set_params(**params).fit(X, X[:, 0] > 0)
        assert seen == asked
        is_bad = isinstance(autoencoder, AutoencoderTransformer) and autoencoder.score(X) < 0
        assert len(caught) == is_bad

    @pytest.mark.parametrize(("loss", "has_diverged"), [(1.9, False), (2.1, True)])
    def test_twice_the_loss_of_the_mean_has_diverged(self, loss, has_diverged):
        history = SimpleNamespace(end_loss=3 * loss)
        plain = SimpleNamespace(bottleneck=PlainCode())
        trainer = SimpleNamespace(autoencoder=plain, history=history)
        assert _has_diverged(trainer, 3.0) == has_diverged

    def digits(self, dtype=np.float64):
        return load_digits().data[:300].astype(dtype)

    @pytest.mark.parametrize(
        "params",
        [
            {"skip_connections": False},
            {"skip_connections": False, "dtype": np.float32},
            {"skip_connections": False, "scale": "standard"},
            {"skip_connections": False, "loss": "absolute_error"},
            {"code_penalty": L1Sparsity()},
        ],
    )
    def test_a_network_worse_than_the_mean(self, params):
        X = self.digits(params.pop("dtype", np.float64))
        autoencoder = wide(learning_rate_init=1e3, **params)
        with pytest.warns(
            ConvergenceWarning, match=r"and it is kept .*lower learning_rate_init \("
        ):
            autoencoder.fit(X)
        assert autoencoder.kept_ == "network"
        assert autoencoder.score(X) < 0

    @pytest.mark.parametrize("rate", [1.0, 1e3])
    def test_a_run_that_diverged_and_kept_pca(self, rate):
        autoencoder = wide(learning_rate_init=rate)
        with pytest.warns(
            ConvergenceWarning, match=r"loss of .* against 27.5, and PCA is kept: lower"
        ):
            autoencoder.fit(self.digits())
        assert autoencoder.kept_ == "pca"

    def test_a_run_that_diverged_and_kept_the_earlier_weights(self):
        autoencoder = wide(skip_connections=False, warm_start=True).fit(self.digits())
        score = autoencoder.score(self.digits())
        with pytest.warns(ConvergenceWarning, match="the weights from before are kept"):
            autoencoder.set_params(learning_rate_init=1e3).fit(self.digits())
        assert autoencoder.kept_ == "earlier"
        assert autoencoder.score(self.digits()) == score

    def test_the_losses_are_those_of_reconstruction_and_mean(self):
        X, autoencoder = self.digits(), wide(learning_rate_init=10.0, skip_connections=False)
        with pytest.warns(ConvergenceWarning) as caught:
            autoencoder.fit(X)
        loss = 32 * autoencoder.reconstruction_error(X).mean() / autoencoder.scale_[2] ** 2
        assert f"a loss of {loss:.4g} against 27.5, and" in str(caught[0].message)
        assert len(caught) == 1

    def test_a_variational_one_is_judged_by_its_reconstruction(self):
        vae = VariationalAutoencoderTransformer(2, max_iter=1, learning_rate_init=10.0)
        with pytest.warns(ConvergenceWarning, match="worse than the mean of every feature"):
            vae.set_params(random_state=0).fit(self.digits())
        assert vae.score(self.digits()) < 0

    @pytest.mark.parametrize("loss", ["binary_cross_entropy", "poisson"])
    def test_losses_of_a_range_are_compared_with_that_of_the_mean(self, loss):
        X = self.digits() / 16
        autoencoder = wide(loss=loss, skip_connections=False)
        with pytest.warns(ConvergenceWarning, match="worse than the mean"):
            autoencoder.set_params(learning_rate_init=3.0).fit(X)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            autoencoder.set_params(learning_rate_init="auto").fit(X)

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"skip_connections": False},
            {"corruption": MaskingNoise(0.8), "dropout": 0.5},
            {"alpha": 1.0},
            {"loss": "absolute_error", "skip_connections": False},
        ],
    )
    def test_nothing_is_said_of_ordinary_ends(self, params):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            wide(max_iter=30, **params).fit(self.digits())

    def test_nothing_is_said_where_there_is_nothing_to_learn(self, rng):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            wide(skip_connections=False).fit(np.ones((30, 20)))
            wide(n_iter_no_change=5).fit(rng.normal(size=(60, 30)))

    @pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
    def test_as_an_error_it_leaves_the_estimator_as_it_was(self):
        X, autoencoder = self.digits(), wide(skip_connections=False)
        autoencoder.fit(X)
        before = dict(vars(autoencoder))
        autoencoder.learning_rate_init = 1e3
        with pytest.raises(ConvergenceWarning):
            autoencoder.fit(X)
        assert vars(autoencoder) == {**before, "learning_rate_init": 1e3}

    def test_a_bound_is_not_compared_with_the_loss_of_the_mean(self, rng):
        X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(60, 6))
        vae = VariationalAutoencoderTransformer(2, max_iter=30, warm_start=True, random_state=0)
        vae.fit(X).set_params(learning_rate_init=0.05, max_iter=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            vae.fit(X)
        assert vae.kept_ == "earlier"
        assert vae.loss_curve_[-1] > 2 * 3  # half the six variances, were it a squared error


def test_what_is_kept_is_chosen_by_loss_and_penalty_together():
    """A penalty that is put on a fit makes its loss rise and its weights small."""
    X = load_digits().data[:200]
    autoencoder = AutoencoderTransformer(
        4,
        skip_connections=False,
        warm_start=True,
        early_stopping=False,
        max_iter=40,
        random_state=0,
    ).fit(X)
    score, norm = autoencoder.score(X), np.square(autoencoder.coefs_[0]).sum()
    autoencoder.set_params(alpha=10.0).fit(X)
    assert autoencoder.kept_ == "network"
    assert autoencoder.score(X) < score
    assert np.square(autoencoder.coefs_[0]).sum() < 0.1 * norm
