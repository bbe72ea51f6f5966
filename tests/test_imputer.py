import pickle
import warnings

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import (
    LBFGS,
    AutoencoderImputer,
    AutoencoderTransformer,
    GaussianNoise,
    MaskingNoise,
)
from skautoencoder._imputation import fit_filler as _fit_filler
from skautoencoder._imputation import gaussian_em as normal
from skautoencoder._imputation.filler import _Refill, find_bounds
from skautoencoder._imputation.fit_filler import nth
from skautoencoder._imputation.gaussian_em import NormalModel
from skautoencoder._imputation.gross_cells import find_fences, without_gross
from skautoencoder._imputation.hidden_cells import HiddenCells, is_clear_gain
from skautoencoder.network.dataset import Dataset
from skautoencoder.utils.random import generators

ALIKE = AutoencoderTransformer(2, hidden_layer_sizes=6, max_iter=3)


def imputer(autoencoder=ALIKE, **params):
    """One that trains for a moment only."""
    return AutoencoderImputer(autoencoder, **{"random_state": 0, **params})


def with_holes(X, share=0.2, seed=0):
    X = np.array(X)
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X


def error(filled, X, holes):
    return np.sqrt(np.square((filled - X)[np.isnan(holes)]).mean())


def standardised_split(X, seed=0):
    train, test = train_test_split(X, random_state=seed)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


@pytest.fixture
def X(rng):
    """Four features about a plane, in units of their own."""
    X = rng.normal(size=(120, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(120, 4))
    return X * [1, 1000, 0.001, 1] + [5, 0, 0, -100]


@pytest.mark.parametrize("initial_fill", ["normal", "mean"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_observed_cells_come_back_bit_for_bit_and_missing_ones_filled(X, initial_fill, dtype):
    holes = with_holes(X).astype(dtype)
    before = holes.copy()
    filled = imputer(initial_fill=initial_fill).fit_transform(holes)
    observed = ~np.isnan(holes)
    assert filled.dtype == dtype
    assert np.array_equal(filled[observed], holes[observed])
    assert np.isfinite(filled).all()
    assert np.array_equal(holes, before, equal_nan=True)


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes])
def test_defaults_fill_held_out_rows_better_than_means_and_no_worse_than_neighbours(load, share):
    errors = []
    for seed in range(3):
        train, test = standardised_split(load().data, seed)
        train, holes = with_holes(train, share), with_holes(test, share, seed=1)
        rivals = [AutoencoderImputer(random_state=0), KNNImputer(), SimpleImputer()]
        errors.append([error(each.fit(train).transform(holes), test, holes) for each in rivals])
    ours, neighbours, means = np.mean(errors, axis=0)
    assert ours < 0.95 * means
    assert ours < 1.05 * neighbours


def test_the_autoencoder_finds_what_a_normal_distribution_cannot(rng):
    """On a parabola the two features are uncorrelated."""
    x = rng.uniform(-1, 1, size=1500)
    X = np.column_stack([x, x**2, 0.1 * rng.normal(size=1500)])
    holes = X[1000:].copy()
    holes[:, 1] = np.nan
    model = AutoencoderImputer(random_state=0).fit(with_holes(X[:1000]))
    assert model.best_iter_ >= 1
    refined = error(model.transform(holes), X[1000:], holes)
    model.best_iter_ = 0
    assert refined < 0.7 * error(model.transform(holes), X[1000:], holes)


def test_rounds_end_where_hidden_cells_no_longer_gain_and_transform_makes_the_best(X):
    model = imputer(tol=0.05).fit(with_holes(X))
    curve = np.array(model.error_curve_)
    gains = 1 - curve[1:] / curve[:-1]
    assert len(curve) == model.n_iter_ + 1
    assert (gains[: model.best_iter_] > 0.05).all()
    assert model.n_iter_ == model.best_iter_ + 1
    assert gains[-1] <= 0.05


def test_max_iter_bounds_the_rounds(X):
    model = imputer(max_iter=1, tol=0.0, initial_fill="mean").fit(with_holes(X))
    assert model.n_iter_ == model.best_iter_ == 1


def test_no_round_is_made_where_the_autoencoder_makes_things_worse(X):
    wild = AutoencoderTransformer(1, hidden_layer_sizes=(), max_iter=1, skip_connections=False)
    model = imputer(wild).fit(with_holes(X))
    assert model.best_iter_ == 0


def test_the_rounds_refill_from_the_reconstruction(X):
    holes = with_holes(X)
    model = imputer(initial_fill="mean", random_state=1).fit(holes)
    model.best_iter_ = 2
    expected = np.where(np.isnan(holes), model.mean_, holes)
    for _ in range(2):
        rebuilt = model.autoencoder_.reconstruct(expected)
        rebuilt = np.clip(rebuilt, model.fill_min_, model.fill_max_)
        expected = np.where(np.isnan(holes), rebuilt, holes)
    np.testing.assert_allclose(model.transform(holes), expected)


def test_rows_are_filled_the_same_whatever_comes_along(X):
    holes = with_holes(X)
    model = imputer().fit(holes)
    together = model.transform(holes)
    apart = np.vstack([model.transform(row[np.newaxis]) for row in holes[:20]])
    np.testing.assert_allclose(apart, together[:20], rtol=1e-7)


@pytest.mark.parametrize("n_rounds", [0, 1])
def test_no_filled_value_lies_beyond_the_bounds(X, n_rounds):
    model = imputer().fit(with_holes(X))
    model.best_iter_ = n_rounds
    holes = np.tile(X[:1] * 100, (4, 1))
    holes[np.eye(4, dtype=bool)] = np.nan
    filled = np.diag(model.transform(holes))
    assert ((model.fill_min_ <= filled) & (filled <= model.fill_max_)).all()


def test_bounds_are_the_observed_ones_on_bounded_data(rng):
    X = np.clip(rng.normal(size=(400, 2)) @ rng.normal(size=(2, 6)), -1, 1)
    model = imputer().fit(with_holes(X))
    assert (model.fill_min_ == -1).all()
    assert (model.fill_max_ == 1).all()


def test_bounds_are_wider_where_tails_are_heavy(rng):
    """In pairs, so that many rows have a cell of which another tells that it is far off."""
    X = np.repeat(rng.standard_t(3, size=(200, 40)), 2, axis=1)
    holes = with_holes(X + 0.2 * rng.normal(size=X.shape))
    model = imputer().fit(holes)
    low, high = np.nanmin(holes, axis=0), np.nanmax(holes, axis=0)
    np.testing.assert_allclose(model.fill_max_, high + (high - low))
    np.testing.assert_allclose(model.fill_min_, low - (high - low))


class TestClearGains:
    @pytest.mark.parametrize("n_rows", [3, 99])
    def test_they_exceed_two_standard_errors_among_the_rows_that_change(self, n_rows):
        noise = np.tile([-1.0, 0.0, 1.0], n_rows // 3)
        step = noise.std(ddof=1) / np.sqrt(n_rows)
        after = np.full(n_rows + 50, 1e3)
        for factor, is_clear in ((2.1, True), (1.9, False), (-2.1, False)):
            before = after + np.concatenate([noise + factor * step, np.zeros(50)])
            assert is_clear_gain(before, after) == is_clear

    def test_two_rows_are_too_few(self):
        assert not is_clear_gain(np.array([2.0, 2.0, 1.0]), np.ones(3))

    def test_rows_that_all_halve_are_clear_beside_one_with_nearly_all_losses(self):
        before = np.concatenate([[1e6], np.ones(9)])
        assert is_clear_gain(before, before / 2)

    def test_a_higher_mean_is_no_gain_whatever_most_rows_do(self):
        before, after = np.ones(10), np.concatenate([np.full(9, 0.1), [20.0]])
        assert not is_clear_gain(before, after)

    def test_the_mean_may_be_clear_where_logarithms_are_not(self):
        before, after = np.repeat([[100.0, 1e-3], [50.0, 0.1]], 10, axis=1)
        assert is_clear_gain(before, after)


def test_rows_without_any_cell_left_are_not_compared(rng):
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [2.0, 3.0]])
    cells = HiddenCells(np.tile(X, (50, 1)), np.ones(150), np.ones(2), rng)
    losses = cells.losses(np.zeros_like(cells.X))
    left = (~cells.missing).any(axis=1)
    assert (losses[~left] == 0).all()
    assert np.array_equal(losses[left] > 0, cells.hidden[left])
    assert cells.hidden[~left].any()


@pytest.mark.parametrize("sign", [1, -1])
def test_wide_bounds_keep_the_sign_that_all_values_have(sign):
    X = sign * np.array([[1.0, -1.0, 0.0], [3.0, 5.0, 2.0]])
    bounds = find_bounds(X, (1, 1), (-np.inf, np.inf))
    np.testing.assert_array_equal(bounds[::sign], sign * np.array([[0, -7, 0], [5, 11, 4]]))


def test_fills_found_nearly_exactly_pass_the_bounds_unless_hidden_cells_speak_against(rng):
    X = np.outer(rng.uniform(-1, 1, size=300), [1, 2, -3, 0.5, 1.5])
    exact = imputer().fit(with_holes(X))
    assert (exact.fill_max_ > 1.5 * np.abs(X).max(axis=0)).all()
    top = np.quantile(X[:, 0], 0.95)
    X[:, 0] = np.minimum(X[:, 0], top)
    capped = imputer().fit(with_holes(X))
    assert capped.error_curve_[-1] < 0.16
    assert capped.fill_max_[0] == top


def test_in_float32_the_distribution_stays_far_enough_from_singular(rng):
    Z = np.outer(rng.normal(size=200), np.ones(4))
    smallest = {}
    for dtype in (np.float32, np.float64):
        model = nth(normal.em_steps(Z, np.zeros(Z.shape, bool), np.ones(200), dtype), 30)
        smallest[dtype] = np.linalg.eigvalsh(model.correlation)[0]
    assert smallest[np.float32] > 1e-4
    assert smallest[np.float64] < 1e-8


def test_limits_bound_what_is_filled_in_and_no_observed_cell(X):
    holes = with_holes(X)
    low, high = np.nanquantile(holes, [0.4, 0.6], axis=0)
    filled = imputer(min_value=low, max_value=high).fit_transform(holes)
    missing = np.isnan(holes)
    within = (low <= filled) & (filled <= high)
    assert within[missing].all()
    assert np.array_equal(filled[~missing], holes[~missing])
    usual = imputer().fit_transform(holes)
    assert (filled == low)[missing & (usual < low)].all()


def test_one_limit_is_for_all_features_and_none_is_no_limit(X):
    holes = with_holes(X)
    filled = imputer(min_value=None, max_value=4.0).fit_transform(holes)
    assert filled[np.isnan(holes)].max() == 4.0
    assert np.array_equal(
        imputer(min_value=None, max_value=None).fit_transform(holes), imputer().fit_transform(holes)
    )


def test_limits_are_for_all_features_those_without_observed_values_too(X):
    holes = with_holes(X)
    holes[:, 1] = np.nan
    limit = np.array([4.0, 0.0, 0.0005, -101.0])
    model = imputer(max_value=limit, keep_empty_features=True).fit(holes)
    assert (model.fill_max_ == limit[[0, 2, 3]]).all()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"min_value": [0.0, 1.0]}, r"'min_value' should be of shape \(4,\) when an array-like"),
        ({"max_value": np.zeros((4, 1))}, r"'max_value' should be of shape \(4,\) when an arr"),
        ({"min_value": 1, "max_value": 1}, r"features have min_value >= max_value. Got 1 and 1"),
        ({"max_value": [0, np.nan, 0, 0]}, "features have min_value >= max_value"),
        ({"min_value": "0"}, "'min_value' parameter of AutoencoderImputer must be"),
    ],
)
def test_wrong_limits_are_refused(limits, message, X):
    model = imputer().fit(with_holes(X))
    before = dict(vars(model))
    model.set_params(**limits)
    with pytest.raises(ValueError, match=message):
        model.fit(with_holes(X))
    assert vars(model) == before | limits


def test_rows_without_any_observed_cell_get_the_means(X):
    model = imputer().fit(with_holes(X))
    model.best_iter_ = 0
    np.testing.assert_allclose(model.transform(np.full((1, 4), np.nan))[0], model.mean_)


def test_a_given_autoencoder_is_cloned_and_its_corruption_stays_its_own(X):
    given = AutoencoderTransformer(2, max_iter=2, corruption=GaussianNoise(0.1), random_state=7)
    model = imputer(given, random_state=None).fit(with_holes(X))
    assert not hasattr(given, "coefs_")
    assert model.autoencoder_.get_params()["corruption"].get_params() == {"scale": 0.1}
    assert model.autoencoder_.random_state == given.random_state == 7


def test_a_full_batch_solver_may_follow_the_normal_fill(X):
    given = AutoencoderTransformer(2, max_iter=3, solver=LBFGS())
    assert np.isfinite(imputer(given).fit_transform(with_holes(X))).all()


def test_training_sees_missing_and_masked_cells_as_the_initial_fill_leaves_them(rng):
    model = NormalModel(np.zeros(2), np.array([[1.0, 0.8], [0.8, 1.0]]))
    X = np.array([[2.0, np.nan], [1.0, 3.0]])
    rows = Dataset(X, has_missing=True, feature_means=np.zeros(2))
    clean, corrupted = np.empty((2, 2)), np.empty((2, 2))
    rows.take(slice(0, 2), clean)
    _Refill(None, model).corrupter(rows)(clean, corrupted, rng)
    np.testing.assert_allclose(corrupted, [[2.0, 1.6], [1.0, 3.0]])
    masked = _Refill(MaskingNoise(0.999999, "mean"), model)
    masked.corrupter(rows)(clean, corrupted, rng)
    np.testing.assert_allclose(corrupted, 0)


def test_weights_of_zero_leave_rows_out(X):
    holes, weights = with_holes(X), np.ones(len(X))
    weights[80:] = 0
    weighted = imputer().fit(holes, sample_weight=weights).transform(holes)
    assert np.array_equal(weighted, imputer().fit(holes[:80]).transform(holes))


def test_beside_the_prior_weights_count_like_rows_repeated(X, monkeypatch):
    holes, weights = with_holes(X), np.tile([1.0, 2.0], 60)
    repeated = np.repeat(holes, weights.astype(int), axis=0)

    def difference():
        weighted, plain = imputer().fit(holes, sample_weight=weights), imputer().fit(repeated)
        np.testing.assert_allclose(weighted.mean_, plain.mean_, rtol=0.01)
        return np.abs(weighted.covariance_ / plain.covariance_ - 1).max()

    assert 1e-6 < difference() < 0.05
    monkeypatch.setattr(normal, "PRIOR_ROWS", 0.0)
    assert difference() < 1e-7


@pytest.mark.parametrize("weight", [1 / 120, 3.0, 1e-300, 1e300])
def test_equal_weights_are_no_weights_to_the_last_bit(weight, X):
    holes = with_holes(X)
    weighted = imputer().fit(holes, sample_weight=np.full(120, weight)).transform(holes)
    assert np.array_equal(weighted, imputer().fit_transform(holes))


def test_the_size_of_weights_does_not_matter(X, rng):
    holes, weights = with_holes(X), rng.uniform(1, 5, size=120)
    filled = imputer().fit_transform(holes, sample_weight=weights)
    smaller = imputer().fit_transform(holes, sample_weight=weights / 1024)
    assert np.array_equal(smaller, filled)
    other = imputer().fit_transform(holes, sample_weight=weights / 3)
    np.testing.assert_allclose(other, filled, rtol=1e-9)
    assert not np.array_equal(imputer().fit_transform(holes), filled)


def test_the_autoencoder_is_trained_by_weight(X, rng):
    holes, weights = with_holes(X), rng.uniform(0, 1, size=120)
    given = imputer().fit(holes, sample_weight=weights).autoencoder_.mean_
    rng, _ = generators(0, 0)
    train = rng.permutation(120)[24:]
    expected = np.ma.average(np.ma.masked_invalid(holes[train]), axis=0, weights=weights[train])
    np.testing.assert_allclose(given, expected)


def test_rows_of_hardly_any_weight_do_not_judge_the_rounds(X, rng):
    holes, weights = with_holes(X), np.ones(120)
    weights[:60] = 1e-12
    wild = np.vstack([rng.permuted(X[:60], axis=0), X[60:]])
    wild[np.isnan(holes)] = np.nan
    curves = [imputer().fit(each, sample_weight=weights).error_curve_ for each in (holes, wild)]
    assert curves[0][0] == pytest.approx(curves[1][0], rel=0.01)


@pytest.mark.parametrize("keep", [False, True])
def test_features_without_observed_values_go_with_a_warning_or_are_kept(keep, X):
    holes = with_holes(X)
    holes[:, 1] = np.nan
    model, reference = imputer(keep_empty_features=keep), SimpleImputer(keep_empty_features=keep)
    later = with_holes(X)
    for fit in (model.fit, reference.fit):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit(holes)
    assert list(model.get_feature_names_out()) == list(reference.get_feature_names_out())
    if keep:
        filled = model.transform(later)
        assert np.array_equal(filled[:, 1], np.nan_to_num(later[:, 1]))
    else:
        with pytest.warns(UserWarning, match=r"Skipping features without any observed val.*\[1\]"):
            filled = model.transform(later)
        assert filled.shape[1] == 3


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_left_out_features_are_named_once_a_fit(method, X):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(with_holes(X), columns=list("abcd")).assign(b=np.nan, d=np.nan)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(imputer(), method)(frame)
    start = "Skipping features without any observed values: ['b' 'd']."
    assert [str(each.message)[: len(start)] for each in caught] == [start]


def test_that_warning_as_an_error_leaves_the_imputer_as_it_was(X):
    holes = with_holes(X)
    model = imputer().fit(holes)
    before = dict(vars(model))
    holes[:, 1] = np.nan
    with pytest.raises(UserWarning, match="Skipping"):
        model.fit(holes)
    assert vars(model) == before


@pytest.mark.parametrize("missing", [np.nan, -1])
def test_indicator_and_names_are_those_of_scikit_learn(X, missing):
    holes = with_holes(X)
    holes[:, 2] = X[:, 2]
    holes[np.isnan(holes)] = missing
    model = imputer(add_indicator=True, missing_values=missing).fit(holes)
    reference = KNNImputer(add_indicator=True, missing_values=missing).fit(holes)
    names = list("abcd")
    expected = list(reference.get_feature_names_out(names))
    assert list(model.get_feature_names_out(names)) == expected
    assert np.array_equal(model.transform(holes)[:, 4:], reference.transform(holes)[:, 4:])


def test_another_value_may_stand_for_missing(X):
    holes = with_holes(X)
    numbered = np.where(np.isnan(holes), -1, holes)
    expected = imputer().fit_transform(holes)
    assert np.array_equal(imputer(missing_values=-1).fit_transform(numbered), expected)


def test_the_distribution_of_some_features_fills_as_if_the_others_were_missing(rng):
    root = rng.normal(size=(4, 4))
    model = NormalModel(rng.normal(size=4), root @ root.T)
    X = rng.normal(size=(50, 4))
    missing = rng.random(X.shape) < 0.4
    missing[:, 1] = True
    expected, own = X.copy(), X[:, [0, 2, 3]]
    model.fill(expected, missing)
    model.of([0, 2, 3]).fill(own, missing[:, [0, 2, 3]])
    np.testing.assert_allclose(own, expected[:, [0, 2, 3]])


class TestFeaturesThatDoNotVary:
    CONSTANTS = (0.1, -2023.0, 1.7e18, 1e-150)

    def with_constants(self, X, rng):
        """X, and before and after its features others that hardly vary, with holes."""
        added = np.tile(self.CONSTANTS, (len(X), 1))
        added *= 1 + np.finfo(float).eps * rng.integers(-1, 2, size=added.shape) * [0, 0, 1, 1]
        added = with_holes(added, seed=2)
        added[0], added[1] = np.nan, self.CONSTANTS
        return np.hstack([added[:, :2], X, added[:, 2:]])

    @pytest.mark.parametrize("autoencoder", [None, ALIKE])
    @pytest.mark.parametrize("initial_fill", ["normal", "mean"])
    def test_they_change_nothing_for_the_others(self, autoencoder, initial_fill, X, rng):
        holes = with_holes(X)
        model = imputer(autoencoder, initial_fill=initial_fill)
        filled = clone(model).fit_transform(self.with_constants(holes, rng))
        assert np.array_equal(filled[:, 2:6], model.fit_transform(holes))

    @pytest.mark.parametrize("initial_fill", ["normal", "mean"])
    def test_they_are_filled_with_their_own_value(self, initial_fill, X, rng):
        model = imputer(initial_fill=initial_fill).fit(self.with_constants(with_holes(X), rng))
        filled = model.transform(np.full((2, 8), np.nan))
        assert (filled[:, :2] == self.CONSTANTS[:2]).all()
        np.testing.assert_allclose(filled[0, 6:], self.CONSTANTS[2:], rtol=1e-15)

    def test_what_varies_later_comes_back_and_moves_no_other(self, X):
        holes = np.column_stack([with_holes(X), np.full(120, 2023.0)])
        model = imputer().fit(holes)
        later = holes.copy()
        later[:, 4] = 2024
        filled = model.transform(later)
        assert (filled[:, 4] == 2024).all()
        assert np.array_equal(filled[:, :4], model.transform(holes)[:, :4])

    def test_one_that_varies_in_held_out_rows_alone_is_no_obstacle(self, X):
        """As a rare category may, whose column is 0 in all rows that the autoencoder sees."""
        rng, _ = generators(0, 0)
        rare = np.zeros(120)
        rare[rng.permutation(120)[:20]] = 1.0
        holes = with_holes(X)
        for autoencoder in (None, ALIKE):
            model = imputer(autoencoder).fit(np.column_stack([rare, holes]))
            assert list(model.autoencoder_.is_constant_) == [True, False, False, False, False]
            filled = model.transform(np.column_stack([rare, holes]))
            assert error(filled[:, 1:] / X.std(axis=0), X / X.std(axis=0), holes) < 0.7

    def test_rows_of_such_features_alone_need_no_autoencoder(self):
        holes = with_holes(np.tile([[3.0, 4.0]], (30, 1)))
        model = imputer().fit(holes)
        assert model.autoencoder_ is None
        assert (model.transform(holes) == [3, 4]).all()


class TestGrossCells:
    @pytest.mark.parametrize("size", [100, 1000, -1e6])
    def test_one_among_the_rows_of_the_fit_changes_no_fill_by_much(self, size, X):
        holes = with_holes(X)
        row = np.flatnonzero(~np.isnan(holes[:, 1]))[5]
        wrong = holes.copy()
        wrong[row, 1] += size * X[:, 1].std()
        filled = imputer().fit_transform(wrong)
        assert filled[row, 1] == wrong[row, 1]
        missing = np.isnan(holes)
        errors = ((filled - X) / X.std(axis=0))[missing]
        usual = ((imputer().fit_transform(holes) - X) / X.std(axis=0))[missing]
        assert np.square(errors).mean() < 1.2 * np.square(usual).mean()

    def test_one_that_is_left_as_missing_is_learnt_from_as_missing(self, X):
        holes = with_holes(X)
        row = np.flatnonzero(~np.isnan(holes[:, 1]))[5]
        wrong, without = holes.copy(), holes.copy()
        wrong[row, 1], without[row, 1] = 1e9, np.nan
        missing = np.isnan(holes)
        filled = imputer().fit_transform(wrong)[missing]
        assert np.array_equal(filled, imputer().fit_transform(without)[missing])

    def test_one_in_a_later_row_does_not_move_its_fills(self, X):
        model = imputer().fit(with_holes(X))
        row = np.array([[1e6, np.nan, X[0, 2], X[0, 3]]])
        unknown = np.array([[np.nan, np.nan, X[0, 2], X[0, 3]]])
        filled = model.transform(row)
        assert filled[0, 0] == 1e6
        assert filled[0, 1] == model.transform(unknown)[0, 1]

    @pytest.mark.parametrize(
        "draw",
        [
            lambda rng: rng.normal(size=400),
            lambda rng: rng.standard_t(3, size=400),
            lambda rng: np.exp(rng.normal(size=400)),
            lambda rng: 1.0 * (rng.random(400) < 0.05),
            lambda rng: 1.0 * (np.arange(400) % 100 == 0),
            lambda rng: rng.poisson(3, size=400) * (rng.random(400) < 0.04),
            lambda rng: np.where(rng.random(400) < 0.05, 1, 1e-3 * rng.normal(size=400)),
            lambda rng: 10 ** rng.uniform(0, 6, size=400),
            lambda rng: np.concatenate([[5.0, 1e9], rng.normal(size=7)]),
            lambda rng: np.full(400, 7.0),
        ],
        ids=[
            "normal",
            "t",
            "skewed",
            "ones",
            "few ones",
            "zeros",
            "near-zeros",
            "decades",
            "few",
            "constant",
        ],
    )
    def test_odd_but_honest_features_have_none(self, draw, rng):
        X = draw(rng)[:, np.newaxis]
        assert without_gross(X, find_fences(X)) is X

    @pytest.mark.parametrize("errors", [[1e4], [1e4, -300, 1e7], [999999] * 3])
    @pytest.mark.parametrize("share_of_zeros", [0, 0.9])
    def test_a_few_are_found_on_both_sides(self, errors, share_of_zeros, rng):
        column = rng.normal(size=400) * (rng.random(400) >= share_of_zeros)
        column[: len(errors)] = errors
        X = column[:, np.newaxis]
        found = np.isnan(without_gross(X, find_fences(X)))[:, 0]
        assert found.sum() == found[: len(errors)].sum() == len(errors)

    def test_one_in_an_otherwise_constant_feature_leaves_this_constant(self, X):
        X[:, 3] = 2023
        holes = with_holes(X)
        holes[7, 3] = 999999
        assert (imputer().fit(holes).transform(np.full((1, 4), np.nan))[0, 3]) == 2023


@pytest.mark.parametrize("seed", range(3))
def test_data_of_rank_one_are_filled_almost_exactly(seed):
    """IterativeImputer comes to .0003 to .008 on these."""
    rng = np.random.default_rng(seed)
    X = np.outer(rng.uniform(-1, 1, size=300), rng.normal(size=6))
    holes = with_holes(X, seed=seed)
    filled = imputer().fit_transform(holes)
    known = ~np.isnan(holes).all(axis=1)
    assert error((filled / X.std(axis=0))[known], (X / X.std(axis=0))[known], holes[known]) < 1e-3


def test_steps_beyond_the_usual_are_made_only_where_held_out_cells_gain(rng, monkeypatch):
    line = with_holes(np.outer(rng.normal(size=300), rng.normal(size=6)))
    steps = []
    monkeypatch.setattr(_fit_filler, "nth", lambda models, n: steps.append(n) or nth(models, n))
    imputer().fit(with_holes(load_diabetes().data))
    assert steps == [6, 3, 6]
    imputer().fit(line)
    assert steps[-1] > 12
    imputer().fit(line[:19])
    assert steps[-2:] == [6, 6]


class TestDask:
    def test_it_is_not_trained_on_collections(self, X):
        da = pytest.importorskip("dask.array")
        model = imputer()
        before = dict(vars(model))
        for method in (model.fit, model.fit_transform):
            with pytest.raises(
                TypeError,
                match=r"AutoencoderImputer .* not trained on Dask collections. Pass X.compute\(\)",
            ):
                method(da.from_array(with_holes(X), chunks=(40, 4)))
        assert vars(model) == before

    def test_of_transform_it_says_what_to_call(self, X):
        da = pytest.importorskip("dask.array")
        holes = with_holes(X)
        model, lazy = imputer().fit(holes), da.from_array(holes, chunks=(40, 4))
        with pytest.raises(TypeError, match=r"call X\.map_blocks\(imputer\.transform\)"):
            model.transform(lazy)
        blocks = lazy.map_blocks(model.transform, dtype=float)
        np.testing.assert_allclose(blocks.compute(), model.transform(holes), rtol=1e-12)


def test_the_same_seed_fills_the_same_and_pickles_and_clones_do_too(X):
    holes = with_holes(X)
    model = imputer().fit(holes)
    filled = model.transform(holes)
    assert np.array_equal(clone(model).fit_transform(holes), filled)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).transform(holes), filled)


def test_set_output_names_the_columns(X):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(with_holes(X), columns=list("abcd"))
    filled = imputer(add_indicator=True).set_output(transform="pandas").fit_transform(frame)
    assert list(filled.columns) == [*"abcd", *(f"missingindicator_{name}" for name in "abcd")]


def test_it_stands_in_a_pipeline(X):
    holes = with_holes(X)
    codes = make_pipeline(StandardScaler(), imputer(), clone(ALIKE)).fit_transform(holes)
    assert codes.shape == (120, 2)


def test_wide_data_start_from_the_means_and_fill_better_than_these(rng):
    X = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 260))
    holes = with_holes(X[200:], seed=1)
    model = AutoencoderImputer(random_state=0).fit(with_holes(X[:200]))
    assert model.covariance_ is None
    assert error(model.transform(holes), X[200:], holes) < 0.5 * X.std()


def test_a_failing_fit_leaves_the_imputer_as_it_was(X):
    model = imputer().fit(with_holes(X))
    before = dict(vars(model))
    with pytest.raises(ValueError, match="X has no observed value"):
        model.fit(np.full((5, 4), np.nan))
    assert vars(model) == before


def test_infinite_values_are_refused(X):
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        imputer().fit(X)


def test_every_fitted_attribute_is_documented(X):
    model = imputer().fit(with_holes(X))
    model.feature_names_in_ = None
    fitted = {name for name in vars(model) if name.endswith("_") and name[0] != "_"}
    documented = NumpyDocString(AutoencoderImputer.__doc__)["Attributes"]
    names = {name.strip() for attribute in documented for name in attribute.name.split(",")}
    assert names == fitted


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_a_normal_distribution_fills_with_the_conditional_expectation(rng, share):
    """Few cells and many are filled in two ways that must agree with the formula."""
    root = rng.normal(size=(5, 5))
    mean, covariance = rng.normal(size=5), root @ root.T
    X = with_holes(rng.normal(size=(200, 5)), share)
    filled = X.copy()
    NormalModel(mean, covariance).fill(filled, np.isnan(X))
    for row, result in zip(X, filled, strict=True):
        gone, seen = np.isnan(row), ~np.isnan(row)
        weights = np.linalg.solve(covariance[np.ix_(seen, seen)], (row - mean)[seen])
        expected = mean[gone] + covariance[np.ix_(gone, seen)] @ weights
        np.testing.assert_allclose(result[gone], expected, rtol=1e-6, atol=1e-8)
