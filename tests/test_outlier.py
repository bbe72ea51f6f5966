"""AutoencoderOutlierDetector as its users know it."""

import inspect
import pickle

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from scipy import sparse
from sklearn.base import clone, is_outlier_detector
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from skautoencoder import AutoencoderImputer, AutoencoderOutlierDetector, AutoencoderTransformer
from skautoencoder._outlier_scores import weighted_quantile


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
        errors = {
            trim: small(trim=trim, n_components=1).fit(X).estimators_[0].reconstruction_error(X)
            for trim in (0, 0.1)
        }
        gaps = {trim: np.median(e[:10]) / np.median(e[10:]) for trim, e in errors.items()}
        assert gaps[0.1] > 4 * gaps[0]


def between_clusters(n_features, n_clusters, rng):
    """Rows of clusters, more of these, and as many of one in the middle of all of them."""
    centers = rng.normal(size=(n_clusters, n_features))
    centers -= centers.mean(axis=0)
    centers *= 3 / np.linalg.norm(centers, axis=1, keepdims=True) * np.sqrt(n_features)
    centers -= centers.mean(axis=0)
    noise = 0.3 * rng.normal(size=(900, n_features))
    noise[:800] += centers[rng.integers(n_clusters, size=800)]
    return noise[:700], noise[700:]


class TestPlaces:
    @pytest.mark.parametrize(("n_features", "n_clusters"), [(2, 2), (3, 4), (20, 4)])
    def test_rows_between_clusters_are_outliers(self, n_features, n_clusters, rng):
        X, X_new = between_clusters(n_features, n_clusters, rng)
        detector = AutoencoderOutlierDetector(random_state=0).fit(X)
        is_between = np.repeat([0, 1], 100)
        assert roc_auc_score(is_between, -detector.score_samples(X_new)) >= 0.99

    def test_so_is_the_middle_of_a_ring(self, rng):
        angles = rng.uniform(0, 2 * np.pi, 500)
        X = np.column_stack([np.cos(angles), np.sin(angles)]) + 0.1 * rng.normal(size=(500, 2))
        detector = AutoencoderOutlierDetector(random_state=0).fit(X)
        assert detector.score_samples([[0, 0]]) < np.quantile(detector.score_samples(X), 0.02)


class TestGrossCells:
    """One cell that is far off is blamed, and hides no other outlier."""

    @pytest.fixture
    def X_diabetes(self):
        X = load_diabetes().data / 0.0476
        rng = np.random.default_rng(0)
        for row in range(1, 16):
            X[row, rng.choice(10, 3, replace=False)] = 6
        return X

    @pytest.mark.parametrize("cell", [30, 1e2, 1e4, 1e6, 999999, -999])
    def test_it_is_blamed_and_all_others_are_found(self, X_diabetes, cell):
        X_diabetes[0, 2] = cell
        detector = AutoencoderOutlierDetector(n_estimators=4, random_state=0).fit(X_diabetes)
        assert detector.feature_contributions(X_diabetes[:1]).argmax() == 2
        assert (detector.predict(X_diabetes[:16]) == -1).all()

    def test_several_in_rows_and_features_of_their_own(self, X_diabetes):
        cells = {20: 3, 21: 3, 22: 4, 23: 8}
        for row, feature in cells.items():
            X_diabetes[row, feature] = (-1) ** row * 1e5
        detector = AutoencoderOutlierDetector(n_estimators=4, random_state=0).fit(X_diabetes)
        blamed = detector.feature_contributions(X_diabetes[20:24]).argmax(axis=1)
        np.testing.assert_array_equal(blamed, list(cells.values()))
        assert (detector.predict(X_diabetes[[*range(1, 16), *cells]]) == -1).all()

    def test_in_new_rows_the_others_cells_of_the_row_are_not_blamed(self, X):
        detector = AutoencoderOutlierDetector(n_estimators=2, random_state=0).fit(X)
        usual, gross = X[:1].copy(), X[:1].copy()
        gross[0, 4] = 1e9
        before, after = (detector.feature_contributions(each)[0] for each in (usual, gross))
        assert after[4] > 10 * np.delete(after, 4).sum()
        assert after[4] > 10 * before[4]

    @pytest.mark.parametrize("trim", [0, 0.1])
    def test_they_do_not_count_in_units_though_their_rows_do(self, X, trim):
        expected = small(trim=trim).fit(X).scale_
        X[:2, 1] = 1e8
        np.testing.assert_allclose(small(trim=trim).fit(X).scale_, expected, rtol=0.2)


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
        detector = small(trim=0).fit(X)
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        rebuilt = [
            (each.reconstruct(X) - X.mean(axis=0)) / X.std(axis=0) for each in detector.estimators_
        ]
        errors = [student(Z - each, usual((Z - each) ** 2)) for each in rebuilt]
        mean = np.mean(rebuilt, axis=0)
        parts = [
            np.mean([each / deviation(each.mean(axis=1)) for each in errors], axis=0),
            cost_of_neighbours(Z, 5),
            cost_of_neighbours(mean, 40),
            cost_of_sides(Z),
        ]
        squares = []
        for weight, costs in zip((1.1, 1, 0.4, 1), parts, strict=True):
            part = costs.mean(axis=1)
            excess = np.maximum((part - median(part)) / deviation(part) + 1, 0)
            squares.append(weight * excess**2)
        scores = -np.sqrt(np.sum(squares, axis=0))
        np.testing.assert_allclose(detector.score_samples(X), scores)
        shares = [
            np.divide(each, -scores * costs.sum(axis=1), out=np.zeros(120), where=each > 0)
            for each, costs in zip(squares, parts, strict=True)
        ]
        expected = np.einsum("pi,pij->ij", shares, parts)
        np.testing.assert_allclose(detector.feature_contributions(X), expected)


def median(values):
    return np.sort(values)[len(values) // 2]


def deviation(values):
    return median(np.abs(values - median(values)))


def usual(squares):
    means = squares.mean(axis=0)
    return np.maximum(means, 0.3 * means.mean())


def student(distances, variances):
    return np.log(1 + distances**2 / (5 * variances))


def cost_of_neighbours(Z, n_neighbours):
    """By the rows nearest to each, the row itself left out."""
    distances = np.linalg.norm(Z[:, np.newaxis] - Z, axis=2)
    nearest = distances.argsort(axis=1)[:, 1 : n_neighbours + 1]
    squares = np.square(Z[:, np.newaxis] - Z[nearest]).mean(axis=1)
    return student(np.sqrt(squares), usual(squares))


def cost_of_sides(Z):
    medians = np.array([median(column) for column in Z.T])
    sides = []
    for side in (medians > Z, medians < Z):
        squares = np.where(side, Z - medians, np.nan) ** 2
        means = np.nanmean(squares, axis=0)
        sides.append(np.maximum(means, 0.3 * means.mean()))
    return student(Z - medians, np.where(medians > Z, *sides))


class TestThreshold:
    @pytest.mark.parametrize("contamination", [0.05, 0.1, 0.5])
    def test_contamination_is_the_share_of_training_rows_that_are_outliers(self, X, contamination):
        labels = small(contamination=contamination).fit_predict(X)
        assert np.mean(labels == -1) == pytest.approx(contamination)

    def test_by_default_rows_3_robust_deviations_below_the_median_are_outliers(self, X):
        detector = small().fit(X)
        scores = detector.score_samples(X)
        median = weighted_quantile(scores, np.ones(120), 0.5)
        deviation = weighted_quantile(np.abs(scores - median), np.ones(120), 0.5)
        assert detector.offset_ == pytest.approx(median - 3 / 0.6745 * deviation)

    def test_a_row_at_the_threshold_is_an_inlier_in_any_company(self, X):
        detector = small(contamination=0.2).fit(X)
        alone = [detector.predict(row[np.newaxis])[0] for row in X]
        np.testing.assert_array_equal(alone, detector.predict(X))

    @pytest.mark.parametrize(("n_features", "most"), [(2, 0.18), (5, 0.1), (20, 0.1)])
    def test_few_rows_of_clean_data_are_outliers_by_default(self, n_features, most, rng):
        X = rng.normal(size=(600, n_features))
        detector = AutoencoderOutlierDetector(random_state=0).fit(X[:300])
        assert 0 < np.mean(detector.predict(X[:300]) == -1) < most
        assert 0 < np.mean(detector.predict(X[300:]) == -1) < most

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

    def test_results_are_the_same_for_any_number_of_jobs(self, X):
        alone, together = (small(n_jobs=n).fit(X) for n in (None, 2))
        np.testing.assert_array_equal(together.score_samples(X), alone.score_samples(X))

    def test_no_more_than_max_samples_train_a_member_and_all_are_judged(self, X):
        few = small(max_samples=30, trim=0, contamination=0.1).fit(X)
        assert np.mean(few.predict(X) == -1) == pytest.approx(0.1)
        model = AutoencoderTransformer(
            2, hidden_layer_sizes=4, max_iter=5, batch_size=10, early_stopping=False
        )
        detector = AutoencoderOutlierDetector(model, n_estimators=2, max_samples=30, trim=0)
        assert {each.t_ for each in detector.fit(X).estimators_} == {5 * 30}

    def test_references_are_no_more_than_1024_and_wholly_among_the_rows_kept(self, rng):
        X = rng.normal(size=(1300, 2))
        X[:50] += 30
        detector = small(n_estimators=1, n_components=1).fit(X)
        assert detector.references_.shape == detector.rebuilt_references_.shape == (1024, 2)
        assert np.abs(detector.references_).max() < 6

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
        costs, costs_missing = (
            np.concatenate([*detector._costs(A)], axis=1) for A in (X_at_mean, X_missing)
        )
        expected = costs * 6 / 5
        expected[..., 2] = 0
        np.testing.assert_allclose(costs_missing, expected)
        assert not detector.feature_contributions(X_missing)[:, 2].any()

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
        for name in ("BLOCK_ELEMENTS", "DISTANCE_ELEMENTS"):
            monkeypatch.setattr(f"skautoencoder._outlier_scores.{name}", 300)
        in_blocks = small().fit(X, sample_weight=weights).feature_contributions(X)
        np.testing.assert_allclose(in_blocks, expected, rtol=1e-6)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 3), (30, 1)])
    def test_data_of_hardly_any_size_are_fitted(self, rng, shape):
        X = rng.normal(size=shape)
        assert np.isfinite(AutoencoderOutlierDetector(random_state=0).fit(X).score_samples(X)).all()

    def test_constant_features_change_nothing_for_the_others(self, X_with_gaps, rng):
        X = X_with_gaps
        noise = 0.1 * np.ones(120) + 1e-17 * rng.integers(0, 3, 120)
        wide = np.column_stack([np.full(120, 2023.0), X, noise, np.full(120, 1.7e18)])
        detector, wider = (
            AutoencoderOutlierDetector(n_estimators=2, random_state=0).fit(A) for A in (X, wide)
        )
        np.testing.assert_allclose(wider.score_samples(wide), detector.score_samples(X), rtol=1e-6)
        np.testing.assert_array_equal(np.flatnonzero(wider.is_constant_), [0, 7, 8])
        later = wide[:1].copy()
        later[0, 0] = 2024
        before, after = (wider.feature_contributions(A)[0] for A in (wide[:1], later))
        assert before[0] == 0
        assert after.argmax() == 0
        assert after[0] > 3 * after[1:].max()

    @pytest.mark.parametrize("size", [1e-155, 1e-200, 1e-320, 1e150])
    def test_scores_are_finite_beside_features_of_any_size(self, X, rng, size):
        X = np.column_stack([X, size * rng.normal(size=120)])
        scores = small().fit(X).score_samples(X)
        assert np.isfinite(scores).all()
        assert len(np.unique(scores)) > 100

    def test_rows_that_are_all_the_same_are_inliers(self):
        assert set(small().fit_predict(np.ones((30, 4)))) == {1}


class TestDask:
    def test_fit_refuses_a_collection(self, X):
        da = pytest.importorskip("dask.array")
        advice = r"AutoencoderOutlierDetector .* not trained on Dask .* Pass X.compute\(\)"
        with pytest.raises(TypeError, match=advice):
            small().fit(da.from_array(X))

    @pytest.mark.parametrize("method", ["score_samples", "predict", "feature_contributions"])
    def test_rows_of_a_collection_are_judged_by_map_blocks(self, X, method):
        da = pytest.importorskip("dask.array")
        detector = small().fit(X)
        with pytest.raises(TypeError, match=r"call X.map_blocks\(detector\.\w+\)"):
            getattr(detector, method)(da.from_array(X))
        lazy = da.from_array(X, chunks=(50, 6)).map_blocks(
            detector.score_samples, drop_axis=1, dtype=float
        )
        np.testing.assert_allclose(lazy.compute(scheduler="sync"), detector.score_samples(X))


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

    @pytest.mark.parametrize("estimator", [AutoencoderOutlierDetector, AutoencoderImputer])
    def test_a_wrong_autoencoder_is_told_what_can_be_one(self, X, estimator):
        with pytest.raises(ValueError, match=r"'autoencoder'.* such as AutoencoderTransformer\(\)"):
            estimator(autoencoder=3).fit(X)

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
