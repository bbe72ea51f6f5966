"""AutoencoderOutlierDetector as its users know it."""

import inspect
import pickle

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from scipy import sparse
from sklearn.base import clone, is_outlier_detector
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from skautoencoder import AutoencoderOutlierDetector, AutoencoderTransformer
from skautoencoder._outlier import weighted_quantile


def small(**params):
    """Three small autoencoders that start from the same weights however many rows there are."""
    autoencoder = AutoencoderTransformer(
        2, hidden_layer_sizes=4, max_iter=5, batch_size=10**9, early_stopping=False
    )
    return AutoencoderOutlierDetector(
        autoencoder, **{"n_estimators": 3, "random_state": 0, **params}
    )


@pytest.fixture
def X(rng):
    """Rows near a plane in six dimensions."""
    return rng.normal(size=(120, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(120, 6))


@pytest.fixture
def X_with_gaps(X, rng):
    return np.where(rng.random(X.shape) < 0.1, np.nan, X)


class TestDetection:
    def test_outliers_among_the_training_rows_are_found(self, X, rng):
        X[:6] = rng.permuted(X[:60], axis=0)[:6]
        scores = AutoencoderOutlierDetector(random_state=0).fit(X).score_samples(X)
        assert roc_auc_score(np.arange(120) < 6, -scores) > 0.95

    def test_rows_on_the_plane_but_far_out_are_outliers_though_they_are_rebuilt_well(self, X):
        detector = small().fit(X)
        far = 4 * X[np.square(X).sum(axis=1).argmax()][np.newaxis]
        assert detector.predict(far) == -1

    def test_rows_off_the_plane_are_outliers_though_no_cell_is_unusual(self, X):
        detector = small().fit(X)
        plane = np.linalg.svd(X, full_matrices=False)[2]
        assert detector.predict(plane[-1:]) == -1

    def test_features_in_other_units_give_the_same_scores(self, X):
        units = np.geomspace(1e-3, 1e3, 6)
        by_default = AutoencoderOutlierDetector(n_estimators=2, random_state=0)
        scores = by_default.fit(X).score_samples(X)
        np.testing.assert_allclose(
            by_default.fit(X * units + 5 * units).score_samples(X * units + 5 * units),
            scores,
            rtol=1e-4,
        )

    def test_trimming_keeps_a_cluster_of_outliers_from_being_learnt(self, X, rng):
        X[:10] = 8 * np.array([1, -1, 1, -1, 1, -1]) + rng.normal(size=(10, 6))
        by_trim = {
            trim: small(trim=trim, n_components=1).fit(X).score_samples(X) for trim in (0, 0.1)
        }
        gaps = {
            trim: np.median(scores[:10]) / np.median(scores[10:])
            for trim, scores in by_trim.items()
        }
        assert gaps[0.1] > 1.4 * gaps[0]


class TestContributions:
    def test_they_sum_to_minus_the_score_of_the_row(self, X):
        detector = small().fit(X)
        contributions = detector.feature_contributions(X)
        assert contributions.min() >= 0
        np.testing.assert_allclose(contributions.sum(axis=1), -detector.score_samples(X))

    def test_the_cell_that_makes_a_row_an_outlier_has_the_largest(self, rng):
        X = rng.normal(size=(120, 2)) @ rng.normal(size=(2, 15)) + 0.1 * rng.normal(size=(120, 15))
        detector = small().fit(X)
        X = X[:15] + 6 * np.eye(15)
        largest = detector.feature_contributions(X).argmax(axis=1)
        assert np.mean(largest == np.arange(15)) > 0.8

    def test_they_follow_the_formula_of_the_documentation(self, X):
        detector = small().fit(X)
        expected = 0
        for autoencoder in detector.estimators_:
            Z = (X - X.mean(axis=0)) / X.std(axis=0)
            rebuilt = (autoencoder.reconstruct(X) - X.mean(axis=0)) / X.std(axis=0)
            squares = (Z - rebuilt) ** 2, (rebuilt - rebuilt.mean(axis=0)) ** 2
            for square in squares:
                usual = square.mean(axis=0)
                costs = np.log(1 + square / (5 * np.maximum(usual, 0.3 * usual.mean())))
                part = costs.mean(axis=1)
                median = np.sort(part)[60]
                deviation = np.sort(np.abs(part - median))[60]
                expected = expected + costs / (deviation * 3 * 6)
        np.testing.assert_allclose(detector.feature_contributions(X), expected)


class TestThreshold:
    @pytest.mark.parametrize("contamination", [0.05, 0.1, 0.5])
    def test_contamination_is_the_share_of_training_rows_that_are_outliers(self, X, contamination):
        labels = small(contamination=contamination).fit_predict(X)
        assert np.mean(labels == -1) == pytest.approx(contamination)

    def test_by_default_rows_2_5_robust_deviations_below_the_median_are_outliers(self, X):
        detector = small().fit(X)
        scores = detector.score_samples(X)
        median = weighted_quantile(scores, np.ones(120), 0.5)
        deviation = weighted_quantile(np.abs(scores - median), np.ones(120), 0.5)
        assert detector.offset_ == pytest.approx(median - 2.5 / 0.6745 * deviation)

    def test_a_row_at_the_threshold_is_an_inlier_in_any_company(self, X):
        detector = small(contamination=0.2).fit(X)
        alone = [detector.predict(row[np.newaxis])[0] for row in X]
        np.testing.assert_array_equal(alone, detector.predict(X))

    def test_few_rows_of_normal_data_are_outliers_by_default(self, rng):
        X = rng.normal(size=(300, 5))
        assert 0 < np.mean(small().fit_predict(X) == -1) < 0.1

    def test_weighted_quantile_takes_weights_as_repetitions(self, rng):
        values, weights = rng.normal(size=50), rng.integers(0, 4, size=50)
        repeated = np.repeat(values, weights)
        for share in np.linspace(0, 0.95, 20):
            assert weighted_quantile(values, weights, share) == weighted_quantile(
                repeated, np.ones(len(repeated)), share
            )

    def test_no_more_than_the_share_lies_below_the_quantile(self):
        values, weights = np.array([3.0, 1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0, 4.0])
        quantiles = [weighted_quantile(values, weights, share) for share in (0.1, 0.125, 0.4, 0.5)]
        assert quantiles == [1, 2, 3, 4]


class TestWeights:
    @pytest.mark.parametrize("contamination", ["auto", 0.1])
    def test_integer_weights_are_repetitions(self, X, rng, contamination):
        weights = rng.integers(0, 4, size=120)
        detector = small(contamination=contamination)
        weighted = detector.fit(X, sample_weight=weights).decision_function(X)
        repeated = detector.fit(np.repeat(X, weights, axis=0)).decision_function(X)
        np.testing.assert_allclose(weighted, repeated, rtol=1e-6, atol=1e-9)

    def test_rows_without_weight_are_judged_but_not_learnt_from(self, X):
        detector = small()
        weights = np.repeat([1.0, 0.0], [100, 20])
        expected = detector.fit(X[:100]).score_samples(X)
        X_changed = X.copy()
        X_changed[100:] += 100
        detector.fit(X_changed, sample_weight=weights)
        np.testing.assert_allclose(detector.score_samples(X), expected, rtol=1e-6)


class TestEnsemble:
    def test_given_autoencoder_is_cloned_and_never_written_to(self, X):
        detector = small()
        before = dict(vars(detector.autoencoder))
        detector.fit(X)
        assert vars(detector.autoencoder) == before
        assert all(member is not detector.autoencoder for member in detector.estimators_)

    def test_members_take_the_widths_in_turn_and_seeds_of_their_own(self, X):
        members = small(n_components=(1, 3), n_estimators=5).fit(X).estimators_
        assert [member.n_components for member in members] == [1, 3, 1, 3, 1]
        assert len({member.random_state for member in members}) == 5

    def test_given_autoencoder_keeps_its_width_by_default(self, X):
        assert {member.n_components for member in small().fit(X).estimators_} == {2}

    def test_width_may_be_a_share_of_the_standardised_variance_as_in_pca(self, X):
        Z = (X * np.geomspace(1e-3, 1e3, 6) - 7) / X.std(axis=0)
        explained = np.cumsum(np.linalg.svd(np.corrcoef(X.T))[1]) / 6
        for share in (0.3, 0.8, 0.95):
            (member,) = small(n_components=share, n_estimators=1).fit(Z).estimators_
            assert member.n_components == np.searchsorted(explained, share) + 1

    def test_shares_never_make_a_code_as_wide_as_X(self, rng):
        X = rng.normal(size=(100, 3))
        (member,) = small(n_components=0.9999, n_estimators=1).fit(X).estimators_
        assert member.n_components == 2

    def test_fitting_twice_gives_the_same(self, X):
        detector = AutoencoderOutlierDetector(n_estimators=2, random_state=3)
        first = detector.fit(X).score_samples(X)
        np.testing.assert_array_equal(detector.fit(X).score_samples(X), first)
        np.testing.assert_array_equal(clone(detector).fit(X).score_samples(X), first)

    def test_global_random_state_is_neither_read_nor_changed(self, X):
        state = np.random.get_state()[1].copy()  # noqa: NPY002
        small(random_state=None).fit(X)
        np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


class TestInput:
    def test_sparse_rows_get_the_scores_of_dense_ones(self, X):
        X = np.where(np.abs(X) < 0.5, 0, X)
        detector = small().fit(sparse.csr_matrix(X))
        scores = detector.score_samples(sparse.csc_array(X))
        np.testing.assert_allclose(scores, detector.score_samples(X), rtol=1e-6)
        np.testing.assert_allclose(scores, small().fit(X).score_samples(X), rtol=1e-6)

    def test_missing_cells_contribute_nothing_and_others_make_up_for_them(self, X):
        detector = small(trim=0).fit(X)  # missing cells enter as the mean of all rows
        X_at_mean, X_missing = X.copy(), X.copy()
        X_at_mean[:, 2], X_missing[:, 2] = X[:, 2].mean(), np.nan
        expected = detector.feature_contributions(X_at_mean) * 6 / 5
        expected[:, 2] = 0
        np.testing.assert_allclose(detector.feature_contributions(X_missing), expected)

    def test_a_row_of_missing_cells_alone_is_no_outlier(self, X_with_gaps):
        assert small().fit(X_with_gaps).predict(np.full((1, 6), np.nan)) == 1

    def test_float32_is_kept_by_the_autoencoders(self, X):
        detector = small().fit(X.astype(np.float32))
        assert detector.estimators_[0].coefs_[0].dtype == np.float32
        scores = detector.score_samples(X.astype(np.float32))
        assert roc_auc_score(small().fit_predict(X) == -1, -scores) > 0.95

    def test_rows_are_rebuilt_in_blocks_of_which_nobody_sees_anything(self, X, monkeypatch):
        weights = np.arange(120)
        expected = small().fit(X, sample_weight=weights).feature_contributions(X)
        monkeypatch.setattr("skautoencoder._outlier.BLOCK_ELEMENTS", 7 * 6)
        in_blocks = small().fit(X, sample_weight=weights).feature_contributions(X)
        np.testing.assert_allclose(in_blocks, expected, rtol=1e-6)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 3), (30, 1)])
    def test_data_of_hardly_any_size_are_fitted(self, rng, shape):
        X = rng.normal(size=shape)
        assert np.isfinite(AutoencoderOutlierDetector(random_state=0).fit(X).score_samples(X)).all()

    def test_constant_features_neither_divide_by_zero_nor_drown_the_others(self, X):
        X = np.column_stack([X, np.full(120, 3.0)])
        detector = small().fit(X)
        changed = X[:1] + np.array([0, 0, 0, 0, 0, 0, 1.0])
        ratio = detector.score_samples(changed) / detector.score_samples(X[:1])
        assert np.isfinite(ratio)
        assert np.argmax(detector.feature_contributions(changed)) == 6

    def test_rows_that_are_all_the_same_are_inliers(self):
        assert set(small().fit_predict(np.ones((30, 4)))) == {1}


class TestEstimator:
    def test_is_an_outlier_detector(self):
        assert is_outlier_detector(small())

    def test_pickle_gives_the_same_scores(self, X):
        detector = small().fit(X)
        copied = pickle.loads(pickle.dumps(detector))
        np.testing.assert_array_equal(copied.score_samples(X), detector.score_samples(X))

    def test_scoring_before_fitting_says_so(self, X):
        for method in ("score_samples", "decision_function", "predict", "feature_contributions"):
            with pytest.raises(NotFittedError):
                getattr(small(), method)(X)

    @pytest.mark.parametrize("n_components", [(), (2, 0), (1.5,), "half", (True,), [[1, 2]], 0])
    def test_wrong_widths_are_named(self, X, n_components):
        with pytest.raises(ValueError, match=r"'n_components' parameter.* Got"):
            small(n_components=n_components).fit(X)

    def test_failed_fit_leaves_the_estimator_as_it_was(self, X):
        detector = small().fit(X)
        before = dict(vars(detector))
        detector.autoencoder.set_params(learning_rate_init=1e300)
        with pytest.raises(ValueError, match="Non-finite loss"):
            detector.fit(X)
        assert vars(detector) == before

    def test_every_fitted_attribute_is_documented(self, X):
        detector = small().fit(X)
        fitted = {name for name in vars(detector) if name.endswith("_") and name[0] != "_"}
        documented = NumpyDocString(inspect.getdoc(AutoencoderOutlierDetector))["Attributes"]
        names = {name.strip() for attribute in documented for name in attribute.name.split(",")}
        assert names == {*fitted, "feature_names_in_"}
