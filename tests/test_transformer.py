"""AutoencoderTransformer as its users know it."""

import os
import pickle
import signal
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from scipy import sparse, special
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_poisson_deviance, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skautoencoder import SGD, Adam, AutoencoderTransformer, CosineSchedule


def small(**params):
    """A plain network, trained on all rows, in milliseconds."""
    plain = {"skip_connections": False, "early_stopping": False}
    params = {"n_components": 3, "hidden_layer_sizes": 5, "max_iter": 4, **plain, **params}
    return AutoencoderTransformer(random_state=0, **params)


def full_batch(**params):
    return small(batch_size=10**9, learning_rate_init=0.01, **params)


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)


@pytest.fixture
def counts(rng):
    """Counts with means from 0.05 to 50 that depend on two hidden numbers."""
    factors = np.exp(0.8 * rng.normal(size=(200, 2)) @ rng.normal(size=(2, 6)))
    return rng.poisson(np.geomspace(0.05, 50, 6) * factors)


def assert_same_network(first, second, exactly=True):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(first, name), getattr(second, name), strict=True):
            if exactly:
                np.testing.assert_array_equal(a, b)
            else:
                np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


class TestArchitecture:
    def test_without_linear_paths_the_default_on_64_features_is_the_original_network(self, digits):
        autoencoder = AutoencoderTransformer(skip_connections=False, max_iter=1).fit(digits)
        widths = [coef.shape[0] for coef in autoencoder.coefs_] + [64]
        assert widths == [64, 50, 40, 36, 40, 50, 64]
        assert [b.shape for b in autoencoder.intercepts_] == [(w,) for w in widths[1:]]
        assert autoencoder.activations_ == ["tanh"] * 5 + ["sigmoid"]
        assert autoencoder.n_layers_ == 7

    @pytest.mark.parametrize(
        ("params", "widths"),
        [
            ({"hidden_layer_sizes": ()}, [6, 3, 6]),
            ({"hidden_layer_sizes": 7}, [6, 7, 3, 7, 6]),
            ({"hidden_layer_sizes": np.array([9, 8])}, [6, 9, 8, 3, 8, 9, 6]),
            ({"decoder_layer_sizes": (4, 5)}, [6, 5, 3, 4, 5, 6]),
            ({"decoder_layer_sizes": ()}, [6, 5, 3, 6]),
        ],
    )
    def test_layer_sizes_shape_encoder_and_decoder(self, X, params, widths):
        autoencoder = small(**params).fit(X)
        assert [len(coef) for coef in autoencoder.coefs_] + [6] == widths
        assert autoencoder.transform(X).shape == (60, 3)

    def test_code_activation_is_the_codes_alone(self, X):
        autoencoder = small(activation="relu", code_activation="identity").fit(X)
        assert autoencoder.activations_ == ["relu", "identity", "relu", "identity"]
        assert autoencoder.transform(X).min() < 0
        assert small(activation="relu").fit(X).transform(X).min() == 0

    def test_output_is_a_sigmoid_exactly_where_X_lies_in_the_unit_interval(self, X):
        unit = (X - X.min()) / np.ptp(X)
        assert small().fit(unit).output_activation_ == "sigmoid"
        assert small().fit(unit * 1.001).output_activation_ == "identity"
        assert small().fit(unit - 0.001).output_activation_ == "identity"
        chosen = small(output_activation="softplus").fit(unit)
        assert chosen.output_activation_ == chosen.activations_[-1] == "softplus"


class TestQuality:
    @pytest.mark.slow
    def test_code_of_digits_is_better_than_pcas_on_held_out_rows(self, digits):
        train, test = digits[::2].astype(np.float32), digits[1::2].astype(np.float32)
        autoencoder = AutoencoderTransformer(10, random_state=0, max_iter=200).fit(train)
        pca = PCA(10).fit(train)
        pca_score = r2_score(
            test, pca.inverse_transform(pca.transform(test)), multioutput="variance_weighted"
        )
        assert autoencoder.score(test) > pca_score

    def test_a_linear_autoencoder_reaches_pcas_optimum_and_no_more(self, X):
        autoencoder = AutoencoderTransformer(
            2,
            hidden_layer_sizes=(),
            activation="identity",
            scale=None,
            learning_rate_init=0.05,
            batch_size=60,
            max_iter=3000,
            tol=0,
            n_iter_no_change=3000,
            random_state=0,
        ).fit(X)
        optimum = PCA(2).fit(X).explained_variance_ratio_.sum()
        assert optimum - 1e-4 < autoencoder.score(X) <= optimum + 1e-9

    @pytest.mark.parametrize(
        "solver", ["adam", "muon", "shampoo", "sgd", Adam(beta_2=0.99), SGD(momentum=0.5)]
    )
    @pytest.mark.parametrize(
        "schedule", ["constant", "adaptive", "cosine", "one_cycle", CosineSchedule(warmup=0)]
    )
    def test_every_solver_and_schedule_learns(self, X, solver, schedule):
        autoencoder = small(solver=solver, learning_rate=schedule, max_iter=60).fit(X)
        assert autoencoder.loss_curve_[-1] < 0.5 * autoencoder.loss_curve_[0]

    def test_invscaling_learns_slower_and_slower(self, X):
        autoencoder = small(learning_rate="invscaling", learning_rate_init=0.1, max_iter=60).fit(X)
        curve = autoencoder.loss_curve_
        assert curve[-1] < 0.5 * curve[0]
        assert curve[30] - curve[-1] < curve[0] - curve[30]

    def test_alpha_shrinks_the_weights(self, X):
        norms = [
            sum(np.sum(coef**2) for coef in full_batch(alpha=alpha, max_iter=100).fit(X).coefs_)
            for alpha in (0.0, 0.1)
        ]
        assert norms[1] < 0.7 * norms[0]

    @pytest.mark.parametrize(
        ("loss", "follows_outliers"),
        [("squared_error", True), ("absolute_error", False), ("huber", False)],
    )
    def test_a_few_rows_far_off_do_not_decide_robust_losses(self, rng, loss, follows_outliers):
        X = np.zeros((300, 2))
        X[:288, 0] = 3 * rng.normal(size=288)
        X[288:, 1] = np.where(np.arange(12) % 2, 20, -20)
        line = small(
            n_components=1, hidden_layer_sizes=(), activation="identity", scale=None, loss=loss
        )
        errors = line.set_params(max_iter=100).fit(X).reconstruction_error(X)
        assert (errors[:288].mean() > errors[288:].mean()) == follows_outliers

    @pytest.mark.parametrize(
        ("loss", "link"), [("poisson", np.log), ("binary_cross_entropy", special.logit)]
    )
    @pytest.mark.parametrize("weighted", [False, True])
    def test_losses_on_logits_start_at_the_mean(self, rng, loss, link, weighted):
        X = rng.uniform(0.1, 0.9, size=(60, 6)) * np.linspace(0.1, 1, 6)
        weights = rng.uniform(size=60) if weighted else None
        autoencoder = small(loss=loss, max_iter=1, learning_rate_init=1e-12)
        autoencoder.fit(X, sample_weight=weights)
        expected = link(np.average(X, axis=0, weights=weights))
        np.testing.assert_allclose(autoencoder.intercepts_[-1], expected, atol=1e-6)
        # No later call starts there again.
        autoencoder.set_params(warm_start=True).fit(X**2).partial_fit(X**2)
        np.testing.assert_allclose(autoencoder.intercepts_[-1], expected, atol=1e-6)


class TestUnitsAndScores:
    @pytest.mark.parametrize(
        ("scale", "factors"),
        [
            ("auto", 1e3),
            ("common", 0.01),
            ("standard", [1, 1e3, 1e-3, 7, 50, 0.2]),
            ("minmax", [1, 1e3, 1e-3, 7, 50, 0.2]),
        ],
    )
    def test_a_change_of_units_changes_nothing_but_the_units(self, X, scale, factors):
        factors, offsets = np.array(factors), np.arange(6) * 10.0
        plain = small(scale=scale).fit(X)
        changed = small(scale=scale).fit(X * factors + offsets)
        np.testing.assert_allclose(
            changed.reconstruct(X * factors + offsets), plain.reconstruct(X) * factors + offsets
        )

    def test_inverse_transform_of_transform_is_reconstruct(self, X):
        autoencoder = small().fit(X)
        rebuilt = autoencoder.inverse_transform(autoencoder.transform(X))
        np.testing.assert_allclose(rebuilt, autoencoder.reconstruct(X))
        assert np.abs(rebuilt.mean(axis=0) - X.mean(axis=0)).max() < X.std()

    def test_score_is_the_variance_weighted_r2(self, X, rng):
        autoencoder, weights = small().fit(X), rng.uniform(size=60)
        rebuilt = autoencoder.reconstruct(X)
        for sample_weight in (None, weights):
            expected = r2_score(
                X, rebuilt, sample_weight=sample_weight, multioutput="variance_weighted"
            )
            assert autoencoder.score(X, sample_weight=sample_weight) == pytest.approx(expected)

    def test_errors_of_rows_and_cells_agree_with_the_reconstruction(self, X):
        autoencoder = small().fit(X)
        cells = np.square(X - autoencoder.reconstruct(X))
        np.testing.assert_allclose(autoencoder.reconstruction_error(X, per_feature=True), cells)
        np.testing.assert_allclose(autoencoder.reconstruction_error(X), cells.mean(axis=1))
        np.testing.assert_allclose(autoencoder.score_samples(X), -cells.mean(axis=1))

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e6 / 3])
    def test_a_feature_that_does_not_vary_keeps_its_unit(self, rng, dtype, constant):
        X = rng.normal(size=(5000, 3)).astype(dtype)
        X[:, 1] = constant
        autoencoder = small(n_components=1, max_iter=1, scale="standard").fit(X)
        assert autoencoder.scale_[1] == 1
        assert autoencoder.shift_[1] == X[0, 1]
        assert autoencoder.score(np.full((1000, 3), constant, dtype)) == 0

    @pytest.mark.parametrize("factor", [1e-25, 1e19])
    def test_scores_of_float32_rows_of_any_size_are_right(self, X, factor):
        X = X.astype(np.float32)
        far = X * np.float32(factor)
        assert small().fit(far).score(far) == pytest.approx(small().fit(X).score(X), rel=1e-3)

    def test_float32_rows_that_cannot_be_scaled_are_refused(self, X):
        with pytest.raises(ValueError, match=r"X cannot be scaled in float32: .* Divide X by"):
            small().fit((X * 1e-46).astype(np.float32))

    def test_a_standardised_unit_interval_gets_an_unbounded_output(self, digits):
        autoencoder = small(scale="standard", max_iter=1).fit(digits)
        assert autoencoder.output_activation_ == "identity"

    def test_score_of_data_that_does_not_vary(self, X):
        autoencoder = small().fit(X)
        assert autoencoder.score(np.ones((5, 6))) == 0
        autoencoder.coefs_[-1][:] = 0
        autoencoder.intercepts_[-1][:] = (1 - autoencoder.shift_) / autoencoder.scale_
        constant = autoencoder.reconstruct(X)[:1].repeat(3, axis=0)
        assert autoencoder.score(constant) == 1

    def test_codes_of_another_width_are_refused(self, X):
        with pytest.raises(ValueError, match=r"X has 4 features, but the codes .* have 3"):
            small().fit(X).inverse_transform(np.zeros((2, 4)))

    def test_methods_need_a_fitted_estimator(self, X):
        for method in ("transform", "inverse_transform", "reconstruct", "score"):
            with pytest.raises(NotFittedError):
                getattr(small(), method)(X)
        with pytest.raises(NotFittedError):
            small().to_layer_weights()


class TestCurvesAndStopping:
    def test_early_stopping_restores_the_best_weights_of_the_validation_curve(self, X):
        autoencoder = small(
            early_stopping=True, max_iter=300, n_iter_no_change=5, learning_rate_init=0.1
        ).fit(X)
        curve = autoencoder.validation_loss_curve_
        assert len(curve) == len(autoencoder.loss_curve_) == autoencoder.n_iter_ < 300
        best = int(np.argmin(curve))
        assert autoencoder.best_loss_ == curve[best]
        assert autoencoder.n_iter_ - 1 - best == 5
        # The held-out rows' loss of the weights kept, in the network's units.
        held_out = self.held_out_rows(X)
        errors = autoencoder.reconstruction_error(X[held_out], per_feature=True)
        loss = 0.5 * (errors / autoencoder.scale_**2).sum(axis=1).mean()
        assert loss == pytest.approx(curve[best])

    @staticmethod
    def held_out_rows(X):
        """The rows that random_state=0 holds out of 60, a tenth of them."""
        rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(0,)))
        return rng.permutation(60)[:6]

    def test_held_out_rows_are_not_trained_on(self, X):
        autoencoder = small(early_stopping=True, validation_fraction=0.25).fit(X)
        assert autoencoder.t_ == 45 * autoencoder.n_iter_
        assert len(autoencoder.validation_loss_curve_) == 4

    def test_validation_loss_in_the_network_s_units_and_reproducible_by_hand(self, X):
        autoencoder = small(early_stopping=True, validation_fraction=0.1, scale=None, max_iter=1)
        autoencoder.fit(X)
        losses = 3 * autoencoder.reconstruction_error(X)  # 0.5 * 6 features
        expected = losses[self.held_out_rows(X)].mean()
        assert autoencoder.validation_loss_curve_ == [pytest.approx(expected)]

    def test_without_early_stopping_there_is_no_validation_curve(self, X):
        autoencoder = small().fit(X)
        assert autoencoder.validation_loss_curve_ is None
        assert autoencoder.best_loss_ == min(autoencoder.loss_curve_)
        assert autoencoder.n_iter_ == len(autoencoder.loss_curve_) == 4
        assert autoencoder.t_ == 240

    def test_early_stopping_that_leaves_no_row_to_train_on_is_refused(self, X):
        with pytest.raises(ValueError, match="leaves no row to train on, n_samples=1: pass more"):
            small(early_stopping=True).fit(X[:1])

    @pytest.mark.parametrize("n_rows", [1, 2, 5])
    def test_fewer_rows_than_a_batch_are_all_used(self, X, n_rows):
        autoencoder = small(batch_size=32).fit(X[:n_rows])
        assert autoencoder.t_ == 4 * n_rows
        assert np.isfinite(autoencoder.reconstruct(X)).all()

    @pytest.mark.parametrize(
        ("params", "patience"),
        [
            ({"max_iter": 90}, 30),
            ({"max_iter": 20}, 10),
            ({"max_iter": 90, "learning_rate": "constant"}, 10),
            ({"max_iter": 90, "n_iter_no_change": 3}, 3),
        ],
    )
    def test_auto_patience_is_longer_where_the_rate_is_yet_to_fall(self, params, patience):
        """With a tolerance that nothing exceeds, the first epoch is the only improvement."""
        X = np.random.default_rng(0).normal(size=(30, 4))
        autoencoder = small(tol=1e9, **params).fit(X)
        assert autoencoder.n_iter_ == min(1 + patience, params["max_iter"])

    def test_verbose_shows_epoch_losses_rate_and_time(self, X, capsys):
        small(verbose=True, early_stopping=True).fit(X)
        line = capsys.readouterr().out
        assert "epoch 4/4" in line
        assert "loss" in line
        assert "validation" in line
        assert line.count("\n") == 1
        small().fit(X)
        assert capsys.readouterr().out == ""

    def test_verbose_shows_nothing_where_no_epoch_was_finished(self, X, capsys):
        with pytest.raises(ValueError, match="Non-finite"):
            small(verbose=True, solver="sgd", learning_rate_init=1e300).fit(X)
        assert capsys.readouterr().out == ""


class TestContinuing:
    def test_warm_start_goes_on_as_if_it_had_not_stopped(self, X):
        params = {"learning_rate": "constant", "shuffle": False}
        twice = small(warm_start=True, max_iter=3, **params).fit(X).fit(X)
        once = small(max_iter=6, **params).fit(X)
        assert_same_network(twice, once)
        assert twice.loss_curve_ == once.loss_curve_
        assert (twice.n_iter_, twice.t_) == (6, 360)

    def test_partial_fit_is_an_epoch_with_the_solver_s_state_carried_on(self, X):
        params = {"learning_rate": "constant", "shuffle": False}
        parts = small(**params)
        for _ in range(3):
            assert parts.partial_fit(X) is parts
        assert_same_network(parts, small(max_iter=3, **params).fit(X))
        assert (parts.n_iter_, parts.t_) == (3, 180)

    def test_partial_fit_after_fit_improves_on_it(self, X):
        autoencoder = small(max_iter=20).fit(X)
        before = autoencoder.score(X)
        for _ in range(100):
            autoencoder.partial_fit(X)
        assert autoencoder.score(X) > before

    def test_partial_fit_shuffles_anew_each_time(self, X):
        first = clone(small(batch_size=7)).partial_fit(X)
        second = clone(first).partial_fit(X).partial_fit(X)
        assert not np.array_equal(first.coefs_[0], second.coefs_[0])
        same = small(batch_size=7).partial_fit(X).partial_fit(X)
        assert_same_network(second, same)

    def test_scaling_and_output_stay_as_the_first_call_fixed_them(self, X):
        unit = (X - X.min()) / np.ptp(X)
        autoencoder = small().partial_fit(unit)
        autoencoder.partial_fit(unit * 2 - 0.5)
        assert autoencoder.output_activation_ == "sigmoid"
        assert autoencoder.scale_ is None

    def test_partial_fit_holds_nothing_out(self, X):
        autoencoder = small(early_stopping=True).partial_fit(X)
        assert autoencoder.t_ == 60
        assert autoencoder.validation_loss_curve_ is None

    def test_best_loss_is_that_of_the_weights_kept(self, X):
        autoencoder = small(scale=None, warm_start=True, max_iter=30).fit(X)
        assert autoencoder.best_loss_ == min(autoencoder.loss_curve_)
        autoencoder.partial_fit(X)
        assert autoencoder.best_loss_ == autoencoder.loss_curve_[-1]
        before = 3 * autoencoder.reconstruction_error(X).mean()  # 0.5 * 6 features
        autoencoder.set_params(learning_rate_init=0.5, max_iter=2).fit(X)
        assert autoencoder.best_loss_ == pytest.approx(before)
        assert 3 * autoencoder.reconstruction_error(X).mean() == pytest.approx(before)

    def test_warm_start_with_early_stopping_never_gets_worse_on_its_validation_rows(self, X):
        autoencoder = small(warm_start=True, early_stopping=True, max_iter=60).fit(X)
        best = autoencoder.best_loss_
        for rate in (0.5, 1e-3):
            autoencoder.set_params(learning_rate_init=rate, max_iter=3).fit(X)
            assert autoencoder.best_loss_ <= best * (1 + 1e-12)
            best = autoencoder.best_loss_
        assert len(autoencoder.validation_loss_curve_) == autoencoder.n_iter_

    def test_fit_without_warm_start_starts_anew(self, X):
        autoencoder = small().fit(X).partial_fit(X)
        assert_same_network(autoencoder.fit(X), small().fit(X))
        assert autoencoder.n_iter_ == 4

    def test_other_activations_cannot_go_on(self, X):
        autoencoder = small(warm_start=True).fit(X).set_params(activation="relu")
        with pytest.raises(ValueError, match=r"ask for activations \['relu', 'relu', 'relu', 'id"):
            autoencoder.fit(X)

    def test_another_architecture_cannot_go_on(self, X):
        autoencoder = small(warm_start=True).fit(X).set_params(n_components=2)
        with pytest.raises(ValueError, match=r"widths \[6, 5, 2, 5, 6\], but .* \[6, 5, 3, 5, 6\]"):
            autoencoder.fit(X)
        assert autoencoder.transform(X).shape == (60, 3)

    def test_a_loss_that_needs_another_output_cannot_go_on(self, X):
        autoencoder = small().fit(X).set_params(loss="binary_cross_entropy")
        with pytest.raises(ValueError, match=r"needs an output of 'sigmoid', but .* is 'identity'"):
            autoencoder.partial_fit(X)

    def test_another_solver_starts_with_a_fresh_state(self, X):
        autoencoder = small(warm_start=True).fit(X).set_params(solver="sgd").fit(X)
        assert autoencoder.n_iter_ == 8
        assert np.isfinite(autoencoder.best_loss_)

    def test_training_goes_on_in_the_dtype_of_the_network(self, X):
        autoencoder = small().fit(X.astype(np.float32)).partial_fit(X)
        assert {coef.dtype for coef in autoencoder.coefs_} == {np.dtype(np.float32)}


class TestSampleWeight:
    @pytest.mark.parametrize("params", [{}, {"solver": "sgd"}, {"alpha": 0.1}])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_a_weight_counts_repetitions_in_full_batches(self, X, rng, params, method):
        weights = rng.integers(0, 4, size=60)
        repeated = np.repeat(X, weights, axis=0)
        weighted = getattr(full_batch(**params), method)(X, sample_weight=weights)
        plain = getattr(full_batch(**params), method)(repeated)
        assert_same_network(weighted, plain, exactly=False)
        np.testing.assert_allclose(weighted.loss_curve_, plain.loss_curve_)
        assert weighted.score(X, sample_weight=weights) == pytest.approx(plain.score(repeated))

    @pytest.mark.parametrize("params", [{}, {"alpha": 0.1}, {"skip_connections": False}])
    def test_and_with_lbfgs(self, X, rng, params):
        weights = rng.integers(0, 4, size=60)
        params = {"solver": "lbfgs", "skip_connections": True, "early_stopping": False, **params}
        weighted = small(**params).fit(X, sample_weight=weights)
        plain = small(**params).fit(np.repeat(X, weights, axis=0))
        assert_same_network(weighted, plain, exactly=False)
        np.testing.assert_allclose(weighted.loss_curve_, plain.loss_curve_)

    @pytest.mark.parametrize("factor", [1.0, 3.0, 1e-300, 1e300])
    def test_equal_weights_are_no_weights(self, X, factor):
        assert_same_network(small().fit(X, sample_weight=np.full(60, factor)), small().fit(X))

    def test_extreme_weights_stay_finite_in_float32(self, X):
        weights = np.where(np.arange(60) % 2, 1e300, 1e299)
        autoencoder = small().fit(X.astype(np.float32), sample_weight=weights)
        assert np.isfinite(autoencoder.loss_curve_).all()

    def test_rows_of_zero_weight_are_as_good_as_absent(self, X):
        far = np.vstack([X, np.full((5, 6), 1e3)])
        weights = np.r_[np.ones(60), np.zeros(5)]
        with_them = small(scale="minmax").fit(far, sample_weight=weights)
        assert_same_network(with_them, small(scale="minmax").fit(X))
        assert with_them.t_ == 240

    def test_rows_with_more_weight_are_rebuilt_better(self, X):
        weights = np.where(np.arange(60) < 30, 100.0, 1.0)
        errors = [
            small(max_iter=150).fit(X, sample_weight=w).reconstruction_error(X[:30]).mean()
            for w in (weights, weights[::-1])
        ]
        assert errors[0] < 0.8 * errors[1]

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            (np.zeros(60), "zero for every row"),
            (np.full(60, -1.0), "must not be negative"),
            (np.ones(59), r"shape \(60,\). Got shape \(59,\)"),
            (np.ones((60, 1)), r"Got shape \(60, 1\)"),
            (2.0, r"shape \(60,\). Got the scalar 2.0 instead"),
            (np.full(60, np.nan), "NaN"),
        ],
    )
    def test_weights_that_cannot_be_used_are_refused(self, X, weights, message):
        with pytest.raises(ValueError, match=message):
            small().fit(X, sample_weight=weights)


class TestInput:
    @pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix, sparse.csc_array])
    def test_sparse_rows_give_what_dense_ones_give(self, X, form):
        X = np.where(X > 0.5, X, 0)
        dense, other = small().fit(X), small().fit(form(X))
        assert_same_network(dense, other, exactly=False)
        for method in ("transform", "reconstruct", "reconstruction_error", "score"):
            np.testing.assert_allclose(getattr(dense, method)(X), getattr(dense, method)(form(X)))
        small().partial_fit(form(X))

    def test_sparse_rows_are_never_made_dense_as_a_whole(self):
        X = sparse.random_array((50_000, 200), density=0.001, format="csr", random_state=0)
        tracemalloc.start()
        small(max_iter=1, batch_size=256).fit(X).transform(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6  # dense: 80e6

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_the_dtype_of_X_goes_through(self, X, dtype):
        X = X.astype(dtype)
        autoencoder = small(early_stopping=True).fit(X, sample_weight=np.arange(60.0))
        fitted = [*autoencoder.coefs_, *autoencoder.intercepts_, autoencoder.shift_]
        state = [autoencoder._solver_state[slot] for slot in Adam.slots]
        results = [
            autoencoder.transform(X),
            autoencoder.inverse_transform(autoencoder.transform(X)),
            autoencoder.reconstruct(X),
            autoencoder.reconstruction_error(X),
            autoencoder.reconstruction_error(X, per_feature=True),
        ]
        assert {array.dtype for array in [*fitted, *state, *results]} == {np.dtype(dtype)}

    def test_float32_and_float64_agree(self, X):
        single, double = small().fit(X.astype(np.float32)), small().fit(X)
        np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-4)
        np.testing.assert_allclose(double.transform(X.astype(np.float32)), double.transform(X),
                                   rtol=1e-4, atol=1e-5)  # fmt: skip

    @pytest.mark.parametrize(
        "convert",
        [
            np.asfortranarray,
            lambda X: X[::-1].copy()[::-1],
            lambda X: X.astype(">f8"),
            lambda X: X.tolist(),
        ],
        ids=["Fortran", "negative strides", "big endian", "list"],
    )
    def test_the_form_of_X_does_not_matter(self, X, convert):
        assert_same_network(small().fit(convert(X)), small().fit(X))

    def test_numpy_scalars_of_any_size_are_parameters(self, X):
        narrow = small(
            n_components=np.uint8(3),
            hidden_layer_sizes=np.uint8(5),
            batch_size=np.uint8(20),
            max_iter=np.uint8(100),
            n_iter_no_change=np.uint8(200),
            learning_rate_init=np.float16(0.01),
        ).fit(X)
        learning_rate_init = float(np.float16(0.01))
        plain = small(
            batch_size=20, max_iter=100, n_iter_no_change=200, learning_rate_init=learning_rate_init
        ).fit(X)
        assert_same_network(narrow, plain)

    def test_integers_and_booleans_are_numbers(self):
        X = np.arange(48).reshape(12, 4) % 5
        assert_same_network(small().fit(X), small().fit(X.astype(float)))
        assert small().fit(X > 2).output_activation_ == "sigmoid"

    def test_read_only_and_memory_mapped_rows_give_the_same(self, X, tmp_path):
        np.save(tmp_path / "X.npy", X)
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
        assert_same_network(small().fit(mapped), small().fit(X))
        np.testing.assert_array_equal(small().fit(X).transform(mapped), small().fit(X).transform(X))

    @pytest.mark.parametrize("order", ["C", "F", "memmap"])
    def test_X_is_not_copied(self, order, tmp_path):
        X = np.random.default_rng(0).normal(size=(50_000, 64)).astype(np.float32)
        if order == "F":
            X = np.asfortranarray(X)
        elif order == "memmap":
            np.save(tmp_path / "X.npy", X)
            X = np.load(tmp_path / "X.npy", mmap_mode="r")
        autoencoder = AutoencoderTransformer(max_iter=1, batch_size=500, early_stopping=True)
        tracemalloc.start()
        autoencoder.fit(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8e6  # X: 12.8e6; the order of its rows: 0.4e6

    def test_X_is_left_as_it_was(self, X):
        before = X.copy()
        small(scale="minmax").fit(X).reconstruct(X)
        np.testing.assert_array_equal(X, before)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda X: np.where(X > 2, np.inf, X), "infinity"),
            (lambda X: X[:0], "0 sample"),
            (lambda X: X[:, 0], "2D array"),
            (lambda X: X.astype(str) + "x", "could not convert|dtype"),
        ],
        ids=["infinity", "no rows", "one dimension", "strings"],
    )
    @pytest.mark.parametrize("method", ["fit", "partial_fit", "transform"])
    def test_bad_rows_are_refused(self, X, change, message, method):
        autoencoder = small().fit(X)
        with pytest.raises(ValueError, match=message):
            getattr(autoencoder, method)(change(X))

    def test_cross_entropy_refuses_rows_outside_its_range(self, X):
        with pytest.raises(ValueError, match=r"needs X in \[0, 1\]. Got values from -.* scale X"):
            small(loss="binary_cross_entropy").fit(X)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_cross_entropy_takes_rows_that_minmax_has_scaled(self, X, dtype):
        autoencoder = small(loss="binary_cross_entropy", scale="minmax", max_iter=60)
        autoencoder.fit(X.astype(dtype))
        assert autoencoder.output_activation_ == "sigmoid"
        assert autoencoder.score(X) > 0.3

    def test_cross_entropy_needs_a_sigmoid_output(self, X):
        with pytest.raises(ValueError, match=r"needs output_activation='sigmoid'. Got 'tanh'"):
            small(loss="binary_cross_entropy", output_activation="tanh").fit(X)

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (
                {},
                r"needs X in \[0, inf\). Got values from -\S+ to \S+ instead: pass no values below",
            ),
            ({"scale": "standard"}, r"to \S+ after scaling instead: .* leave scale at 'auto'"),
        ],
    )
    def test_poisson_refuses_rows_below_zero(self, X, params, message):
        with pytest.raises(ValueError, match=message):
            small(loss="poisson", **params).fit(X)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
    @pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
    def test_poisson_takes_counts_of_any_kind(self, counts, dtype, form):
        autoencoder = small(loss="poisson", max_iter=30).fit(form(counts.astype(dtype)))
        assert autoencoder.output_activation_ == "exp"
        assert autoencoder.scale_ is None
        rebuilt = autoencoder.reconstruct(counts)
        assert rebuilt.min() > 0
        mean = np.broadcast_to(counts.mean(axis=0), counts.shape)
        deviances = [mean_poisson_deviance(counts.ravel(), r.ravel()) for r in (rebuilt, mean)]
        assert deviances[0] < 0.8 * deviances[1]

    def test_exp_is_refused_for_hidden_layers_and_code(self, X):
        for name in ("activation", "code_activation"):
            with pytest.raises(ValueError, match=f"The '{name}' parameter"):
                small(**{name: "exp"}).fit(X)

    @pytest.mark.parametrize("sizes", [(5, 0), (5.5,), ("a",), (-1,), (True,)])
    def test_layer_sizes_must_be_positive_integers(self, X, sizes):
        with pytest.raises(ValueError, match="'hidden_layer_sizes' parameter must be a positive"):
            small(hidden_layer_sizes=sizes).fit(X)
        with pytest.raises(ValueError, match="'decoder_layer_sizes' parameter must be a positive"):
            small(decoder_layer_sizes=sizes).fit(X)


def state_of(estimator):
    """A deep copy of everything that an estimator holds, as bytes."""
    return pickle.dumps(vars(estimator))


class TestFailure:
    @pytest.mark.parametrize("fitted", [False, True])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize(
        "params",
        [
            {"n_components": 0},
            {"activation": "sine"},
            {"solver": Adam(beta_1=2)},
            {"learning_rate": CosineSchedule(warmup=1)},
            {"loss": "binary_cross_entropy"},
            {"solver": "sgd", "learning_rate_init": 1e6},
        ],
        ids=str,
    )
    def test_a_failed_fit_leaves_the_estimator_as_it_was(self, X, fitted, method, params):
        autoencoder = small(warm_start=True)
        if fitted:
            autoencoder.fit(X)
        autoencoder.set_params(max_iter=200, **params)
        before = state_of(autoencoder)
        with pytest.raises(ValueError, match=r".+"):
            for _ in range(50):  # a partial_fit may take some passes to diverge
                getattr(autoencoder, method)(X)
                before = state_of(autoencoder)
        assert state_of(autoencoder) == before

    def test_divergence_says_what_to_do(self, X):
        message = r"Non-finite loss in epoch \d+ at learning rate 1e\+06: lower learning_rate_init"
        with pytest.raises(ValueError, match=message):
            small(solver="sgd", learning_rate_init=1e6, activation="relu", max_iter=50).fit(X)

    @pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
    def test_ctrl_c_keeps_the_best_weights_with_a_warning(self, X):
        timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        autoencoder = small(max_iter=10**7, n_iter_no_change=10**7)
        with pytest.warns(UserWarning, match=r"interrupted after \d+ epochs: the best weights"):
            autoencoder.fit(X)
        assert 1 <= autoencoder.n_iter_ < 10**7
        assert autoencoder.best_loss_ == min(autoencoder.loss_curve_)
        assert np.isfinite(autoencoder.transform(X)).all()


class TestRandomness:
    def test_a_random_state_instance_goes_on_from_fit_to_fit(self, X):
        autoencoder = small().set_params(random_state=np.random.RandomState(3))
        first = autoencoder.fit(X).coefs_[0]
        assert not np.array_equal(first, autoencoder.fit(X).coefs_[0])
        other = small().set_params(random_state=np.random.RandomState(4)).fit(X)
        assert not np.array_equal(first, other.coefs_[0])

    def test_a_failed_fit_takes_no_draws_from_a_random_state_instance(self, X):
        random_state = np.random.RandomState(0)
        before = pickle.dumps(random_state)
        with pytest.raises(ValueError, match="needs X in"):
            small(loss="binary_cross_entropy").set_params(random_state=random_state).fit(X)
        assert pickle.dumps(random_state) == before

    def test_the_same_seed_gives_the_same_bits(self, X):
        assert_same_network(small(early_stopping=True).fit(X), small(early_stopping=True).fit(X))
        seeded = [small().set_params(random_state=np.random.RandomState(3)) for _ in range(2)]
        assert_same_network(*(autoencoder.fit(X) for autoencoder in seeded))

    def test_other_seeds_and_no_seed_give_other_networks(self, X):
        first = small().fit(X).coefs_[0]
        assert not np.array_equal(first, small().set_params(random_state=1).fit(X).coefs_[0])
        unseeded = [small().set_params(random_state=None).fit(X).coefs_[0] for _ in range(2)]
        assert not np.array_equal(*unseeded)

    @pytest.mark.parametrize("random_state", [0, None])
    def test_the_global_random_state_is_neither_read_nor_written(self, X, random_state):
        autoencoder = small(early_stopping=True).set_params(random_state=random_state)
        networks = []
        for _ in range(2):
            np.random.seed(5)  # noqa: NPY002
            before = pickle.dumps(np.random.get_state())  # noqa: NPY002
            networks.append(autoencoder.fit(X).coefs_[0])
            assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002
        assert np.array_equal(*networks) is (random_state == 0)


class TestEcosystem:
    def test_it_stands_where_pca_stood_before_a_classifier(self, digits):
        y = np.arange(len(digits)) % 2
        pipeline = make_pipeline(small(n_components=4), LogisticRegression())
        assert pipeline.fit(digits, y).predict(digits).shape == y.shape

    def test_grid_search_on_two_processes_picks_the_best_reconstruction(self, X):
        search = GridSearchCV(
            small(max_iter=40), {"n_components": [1, 4], "solver": [Adam(), SGD()]}, n_jobs=2, cv=3
        ).fit(X)
        assert search.best_params_["n_components"] == 4
        assert search.best_score_ == max(search.cv_results_["mean_test_score"])
        scores = cross_val_score(clone(search.best_estimator_), X, cv=3)
        assert search.best_score_ == pytest.approx(scores.mean(), rel=1e-10)

    @pytest.mark.parametrize(
        "copy",
        [
            lambda estimator, path: pickle.loads(pickle.dumps(estimator)),
            lambda estimator, path: joblib.load(joblib.dump(estimator, path / "model")[0]),
        ],
        ids=["pickle", "joblib"],
    )
    def test_a_saved_estimator_computes_and_continues_bit_for_bit(self, X, copy, tmp_path):
        autoencoder = small().fit(X)
        restored = copy(autoencoder, tmp_path)
        np.testing.assert_array_equal(restored.reconstruct(X), autoencoder.reconstruct(X))
        assert_same_network(restored.partial_fit(X), autoencoder.partial_fit(X))

    def test_fitted_arrays_own_their_memory(self, X):
        autoencoder = small().fit(X)
        for array in [*autoencoder.coefs_, *autoencoder.intercepts_]:
            assert array.base is None

    def test_clone_drops_what_was_fitted_and_keeps_the_parameters(self, X):
        autoencoder = small(solver=SGD(momentum=0.5)).fit(X)
        copy = clone(autoencoder)
        assert not hasattr(copy, "coefs_")
        assert copy.solver is not autoencoder.solver
        assert copy.solver.momentum == 0.5

    def test_threads_may_share_an_estimator(self, digits):
        autoencoder = AutoencoderTransformer(max_iter=1, random_state=0).fit(digits)
        expected = autoencoder.transform(digits)
        with ThreadPoolExecutor(6) as pool:
            for codes in pool.map(lambda _: autoencoder.transform(digits), range(40)):
                np.testing.assert_array_equal(codes, expected)

    def test_transform_and_score_change_nothing_on_the_estimator(self, X):
        autoencoder = small().fit(X)
        before = state_of(autoencoder)
        autoencoder.transform(X)
        autoencoder.score(X)
        autoencoder.reconstruction_error(X, per_feature=True)
        assert state_of(autoencoder) == before

    def test_parameters_changed_after_fit_do_not_disturb_what_was_fitted(self, X):
        autoencoder = small().fit(X)
        expected = autoencoder.transform(X)
        autoencoder.set_params(activation="relu", n_components=1, hidden_layer_sizes=(9, 9))
        np.testing.assert_array_equal(autoencoder.transform(X), expected)
        assert len(autoencoder.get_feature_names_out()) == 3

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_dataframes_in_and_out(self, X, library):
        frames = pytest.importorskip(library)
        names = [f"feature {i}" for i in range(6)]
        frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
        autoencoder = small().set_output(transform=library).fit(frame)
        codes = autoencoder.transform(frame)
        assert isinstance(codes, frames.DataFrame)
        assert list(codes.columns) == [f"autoencodertransformer{i}" for i in range(3)]
        assert list(autoencoder.feature_names_in_) == names
        np.testing.assert_allclose(
            autoencoder.inverse_transform(codes), small().fit(X).reconstruct(X)
        )


class TestDropout:
    def test_hidden_values_are_dropped_in_training_alone(self, digits):
        """What is dropped makes the loss of the same weights larger; transform is the same."""
        autoencoder = small(n_components=10, hidden_layer_sizes=30, max_iter=20, warm_start=True)
        autoencoder.fit(digits).set_params(learning_rate_init=1e-12, max_iter=1)
        plain = autoencoder.fit(digits).loss_curve_[-1]
        dropped = autoencoder.set_params(dropout=0.5).fit(digits).loss_curve_[-1]
        assert dropped > 1.5 * plain
        first = autoencoder.transform(digits)
        np.testing.assert_array_equal(first, autoencoder.transform(digits))

    def test_the_same_seed_drops_the_same(self, digits):
        first, second = (small(dropout=0.3).fit(digits) for _ in range(2))
        assert_same_network(first, second)

    @pytest.mark.parametrize("dropout", [-0.1, 1.0, "half"])
    def test_only_shares_below_1_may_be_dropped(self, X, dropout):
        with pytest.raises(ValueError, match="'dropout' parameter of AutoencoderTransformer"):
            small(dropout=dropout).fit(X)


class TestTiedWeights:
    def fitted(self, X, **params):
        return AutoencoderTransformer(
            3, hidden_layer_sizes=(8, 5), tied_weights=True, max_iter=10, random_state=0, **params
        ).fit(X)

    def assert_tied(self, autoencoder):
        coefs, paths = autoencoder.coefs_, autoencoder.skip_coefs_
        pairs = [*zip(coefs[:3], coefs[:2:-1], strict=True), *([paths] if paths else [])]
        for encoder, decoder in pairs:
            np.testing.assert_array_equal(decoder, encoder.T)

    @pytest.mark.parametrize("skip_connections", [False, True])
    def test_the_tie_survives_fits_of_all_kinds_and_a_pickle(self, X, skip_connections):
        autoencoder = self.fitted(X, skip_connections=skip_connections)
        self.assert_tied(autoencoder)
        again = pickle.loads(pickle.dumps(autoencoder))
        for each in (autoencoder, again):
            self.assert_tied(each.partial_fit(X))
        assert_same_network(autoencoder, again)
        self.assert_tied(clone(again).fit(X))
        self.assert_tied(again.set_params(warm_start=True).fit(X))

    def test_tied_weights_learn(self, digits):
        autoencoder = AutoencoderTransformer(10, tied_weights=True, random_state=0).fit(digits)
        assert (
            autoencoder.score(digits) > PCA(10).fit(digits).explained_variance_ratio_.sum() + 0.03
        )

    def test_tied_paths_can_be_pca(self, X):
        """The transposed axes are enough, with codes in the units of the rows."""
        explained = PCA(3).fit(X).explained_variance_ratio_.sum()
        assert self.fitted(X).score(X) >= explained - 1e-9

    @pytest.mark.parametrize("solver", ["adam", "sgd", "muon", "shampoo", "lbfgs"])
    def test_every_solver_takes_them(self, solver, X):
        self.assert_tied(self.fitted(X, solver=solver, skip_connections=False))

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"decoder_layer_sizes": (5,)}, "needs a decoder that mirrors the encoder"),
            ({"weight_init": "pca"}, "tied weights could not leave again"),
        ],
    )
    def test_what_cannot_be_tied_is_refused(self, X, params, message):
        with pytest.raises(ValueError, match=message):
            self.fitted(X, **params)

    def test_training_cannot_go_on_untied(self, X):
        autoencoder = self.fitted(X).set_params(tied_weights=False)
        with pytest.raises(ValueError, match="tied_weights=False asks for another network"):
            autoencoder.partial_fit(X)
