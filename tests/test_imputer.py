import pickle

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
from skautoencoder._filling import Refill
from skautoencoder.network.normal import NormalModel
from skautoencoder.network.rows import Rows

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
    wild = AutoencoderTransformer(1, hidden_layer_sizes=(), max_iter=1, linear_paths=False)
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


def test_bounds_are_the_observed_ones_on_bounded_data_and_wider_where_tails_are_heavy(rng):
    bounded = np.clip(rng.normal(size=(400, 2)) @ rng.normal(size=(2, 6)), -1, 1)
    heavy = rng.standard_t(3, size=(600, 3)) @ rng.normal(size=(3, 12))
    heavy += 0.3 * rng.standard_t(3, size=(600, 12))
    model = imputer().fit(with_holes(bounded))
    assert (model.fill_max_ == 1).all()
    holes = with_holes(heavy)
    model = imputer().fit(holes)
    low, high = np.nanmin(holes, axis=0), np.nanmax(holes, axis=0)
    np.testing.assert_allclose(model.fill_max_, high + (high - low))
    np.testing.assert_allclose(model.fill_min_, low - (high - low))


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
    rows = Rows(X, has_missing=True, center=np.zeros(2))
    clean, corrupted = np.empty((2, 2)), np.empty((2, 2))
    rows.gather(slice(0, 2), clean)
    Refill(None, model).corrupter(rows)(clean, corrupted, rng)
    np.testing.assert_allclose(corrupted, [[2.0, 1.6], [1.0, 3.0]])
    masked = Refill(MaskingNoise(0.999999, "mean"), model)
    masked.corrupter(rows)(clean, corrupted, rng)
    np.testing.assert_allclose(corrupted, 0)


def test_weights_of_zero_leave_rows_out(X):
    holes, weights = with_holes(X), np.ones(len(X))
    weights[80:] = 0
    weighted = imputer().fit(holes, sample_weight=weights).transform(holes)
    assert np.array_equal(weighted, imputer().fit(holes[:80]).transform(holes))


def test_weights_count_in_the_normal_fill_like_rows_repeated(X):
    holes, weights = with_holes(X), np.tile([1.0, 2.0], 60)
    repeated = np.repeat(holes, weights.astype(int), axis=0)
    weighted, plain = imputer().fit(holes, sample_weight=weights), imputer().fit(repeated)
    np.testing.assert_allclose(weighted.mean_, plain.mean_)
    np.testing.assert_allclose(weighted.covariance_, plain.covariance_)


@pytest.mark.parametrize("keep", [False, True])
def test_features_without_observed_values_go_or_become_zero(X, keep):
    holes = with_holes(X)
    holes[:, 1] = np.nan
    model = imputer(keep_empty_features=keep).fit(holes)
    filled = model.transform(with_holes(X))
    reference = SimpleImputer(keep_empty_features=keep).fit(holes)
    assert list(model.get_feature_names_out()) == list(reference.get_feature_names_out())
    assert filled.shape[1] == (4 if keep else 3)
    assert not keep or (filled[:, 1] == 0).all()


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


def test_a_feature_that_does_not_vary_is_filled_with_its_value(X):
    X[:, 3] = 0.1
    holes = with_holes(X)
    holes[0, 3] = np.nan
    filled = imputer().fit(holes).transform(holes)
    np.testing.assert_allclose(filled[:, 3], 0.1)


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
