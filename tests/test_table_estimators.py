"""Tables in the imputer, the variational autoencoder and the outlier detector."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from made_up_tables import hidden_numbers_table
from scipy.special import log_softmax
from scipy.stats import multivariate_normal, norm, wasserstein_distance
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)
from skautoencoder._category_encoding import ColumnEncoder
from skautoencoder._data_validation import inference_rows
from skautoencoder._imputation.hidden_cells import HiddenCells
from skautoencoder._normal_scores import NormalScores
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.inference import noise_variances, outputs
from skautoencoder.network.thread_pool import ThreadPool

CATEGORIES = ["size", "letter", "is_tall"]
BRIEF = AutoencoderTransformer(2, hidden_layer_sizes=6, max_iter=3)


@pytest.fixture(scope="module")
def table():
    return hidden_numbers_table()


@pytest.fixture(scope="module")
def hidden(table):
    return np.random.default_rng(1).random(table.shape) < 0.2


@pytest.fixture(scope="module")
def holes(table, hidden):
    """The table with a fifth of its cells missing, integers and booleans in types that can."""
    types = {"count": "Int32", "is_tall": "boolean"}
    return table.astype(types).mask(hidden)


@pytest.fixture(scope="module")
def filled(holes):
    return AutoencoderImputer(random_state=0).fit_transform(holes)


class TestImputer:
    def test_categories_are_filled_with_categories_and_numbers_near_the_truth(
        self, filled, table, hidden
    ):
        for name, own in zip(table, hidden.T, strict=True):
            truth, found = table[name][own], filled[name][own]
            if name in CATEGORIES:
                is_right = (truth.astype(str) == found.astype(str)).mean()
                assert is_right > 0.3 + (truth.astype(str) == str(table[name].mode()[0])).mean()
            else:
                assert np.sqrt(np.square(truth - found).mean()) < 0.45 * table[name].std()

    def test_observed_cells_types_and_order_stay(self, filled, holes, hidden):
        assert filled.dtypes.equals(holes.dtypes)
        assert filled.index.equals(holes.index)
        assert not filled.isna().any(axis=None)
        for name, own in zip(holes, hidden.T, strict=True):
            assert (filled[name][~own] == holes[name][~own]).all()

    def test_polars_frames_are_the_same_table(self, filled, holes):
        frame = pl.from_pandas(holes)
        found = AutoencoderImputer(random_state=0).fit_transform(frame)
        assert found.schema == frame.schema
        for name in holes:
            assert found[name].to_list() == filled[name].tolist()

    def test_arrays_of_objects_are_the_same_table(self, filled, holes):
        imputer = AutoencoderImputer(random_state=0, categorical_features=[0, 2, 3])
        found = imputer.fit_transform(holes.astype(object).to_numpy())
        assert found.dtype == object
        for name, own in zip(holes, found.T, strict=True):
            if name in CATEGORIES:
                assert own.tolist() == filled[name].tolist()
            elif name != "count":  # which is rounded where its type says so
                np.testing.assert_allclose(own.astype(float), filled[name], rtol=1e-5)

    def test_drawn_categories_are_as_frequent_as_their_probabilities(self, rng):
        """A category that nothing tells of: drawn three to one, and never anything but 'a'."""
        letters = np.where(rng.random(400) < 0.75, "a", "b").astype(object)
        X = pd.DataFrame({"letter": letters, "x": rng.normal(size=400)})
        X.loc[:199, "letter"] = np.nan
        shares = {
            sample: (AutoencoderImputer(BRIEF, sample=sample, random_state=0).fit_transform(X))
            .letter[:200]
            .eq("a")
            .mean()
            for sample in (False, True)
        }
        assert shares[False] == 1
        assert 0.6 < shares[True] < 0.9

    @pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
    def test_integers_too_long_for_a_float_stay_as_they_are(self, holes, make):
        numbers = pd.Series(np.arange(len(holes)) + 2**60 + 1, holes.index, dtype="Int64")
        X = make(holes.assign(number=numbers.mask(numbers % 3 == 0)))
        found = AutoencoderImputer(BRIEF, random_state=0).fit_transform(X)["number"].to_numpy()
        assert found.dtype.kind in "iO"
        assert found[numbers % 3 != 0].tolist() == numbers[numbers % 3 != 0].tolist()

    def test_limits_hold_for_integers_too(self, holes, hidden):
        limits = {"min_value": [-np.inf] * 4 + [-10.5, 0], "max_value": [np.inf] * 4 + [10.5, 9]}
        found = AutoencoderImputer(BRIEF, random_state=0, **limits).fit_transform(holes)
        own = found["count"][hidden[:, 4]]
        assert own.between(-10, 10).all()
        assert {own.min(), own.max()} == {-10, 10}

    @pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
    def test_indicators_are_further_columns(self, holes, hidden, make):
        imputer = AutoencoderImputer(BRIEF, add_indicator=True, random_state=0)
        found = imputer.fit_transform(make(holes))
        names = list(imputer.get_feature_names_out())
        assert list(found.columns) == names
        assert names[6:] == [f"missingindicator_{name}" for name in holes]
        np.testing.assert_array_equal(found[names[6:]].to_numpy(), hidden)

    def test_columns_without_any_value(self, holes):
        X = holes.assign(nothing=pd.Series(None, holes.index, dtype="str"), none=np.nan)
        imputer = AutoencoderImputer(BRIEF, random_state=0)
        with pytest.warns(UserWarning, match=r"without any observed values: \['nothing' 'none'\]"):
            assert list(imputer.fit_transform(X)) == list(holes)
        kept = imputer.set_params(keep_empty_features=True).fit_transform(X)
        assert list(kept) == list(X)
        assert kept["nothing"].isna().all()
        assert (kept["none"] == 0).all()

    def test_a_string_may_stand_for_a_missing_category(self, holes, filled):
        marked = holes.assign(letter=holes["letter"].fillna("?"))
        found = AutoencoderImputer(missing_values="?", random_state=0).fit_transform(marked)
        pd.testing.assert_frame_equal(found, filled)

    def test_a_number_may_stand_for_a_missing_number(self, holes, filled):
        marked = holes.assign(
            length=holes["length"].fillna(-999), small=holes["small"].fillna(-999)
        )
        marked["count"] = holes["count"].fillna(-999)
        imputer = AutoencoderImputer(missing_values=-999, random_state=0)
        pd.testing.assert_frame_equal(imputer.fit_transform(marked), filled)
        with pytest.raises(ValueError, match="numbers that are NaN, but missing_values=-999"):
            imputer.fit(holes)

    def test_a_string_without_categories_is_refused(self, digits):
        with pytest.raises(ValueError, match="missing_values='\\?' stands for a missing category"):
            AutoencoderImputer(missing_values="?").fit(digits)

    def test_an_unknown_category_is_filled(self, holes, filled):
        imputer = AutoencoderImputer(random_state=0).fit(holes)
        new = holes.assign(letter=holes["letter"].mask(holes["letter"].notna(), "new"))
        with pytest.warns(UserWarning, match=r"categories in \['letter'\] that were not there"):
            assert set(imputer.transform(new)["letter"]) <= {*"wxyz"}

    def test_numbers_after_a_table_forget_its_categories(self, holes, digits):
        imputer = AutoencoderImputer(BRIEF, random_state=0)
        expected = clone(imputer).fit_transform(digits[:50, :5])
        assert np.array_equal(imputer.fit(holes).fit_transform(digits[:50, :5]), expected)

    def test_cells_of_a_category_are_hidden_together_and_count_as_one(self, rng):
        columns = np.array([0, 1, 1, 1, 2])
        X = rng.normal(size=(500, 5))
        cells = HiddenCells(X, np.ones(500), np.array([2.0, 1, 1, 2, 1]), rng, columns)
        assert (cells.hidden[:, [1]] == cells.hidden[:, 1:4]).all()
        filled = np.tile(X, (4, 1))
        filled[:, 1:4] += 1.0
        # Three errors of 1 in units of the root of 1 + 1 + 4, in one of three columns.
        share = cells.hidden[:, 1].sum() / cells.hidden[:, [0, 1, 4]].sum()
        assert cells.error(filled) == pytest.approx(np.sqrt(3 / 6 * share))


@pytest.fixture(scope="module")
def vae(table):
    return VariationalAutoencoderTransformer(2, max_iter=150, random_state=0).fit(table)


class TestVariational:
    def test_made_up_rows_are_rows_of_the_table(self, vae, table):
        rows = vae.sample(2000, random_state=0)
        assert rows.dtypes.equals(table.dtypes)
        for name in table:
            if name in CATEGORIES:
                shares = [each[name].value_counts(normalize=True) for each in (rows, table)]
                assert 0.5 * shares[0].sub(shares[1], fill_value=0).abs().sum() < 0.1
            else:
                distance = wasserstein_distance(rows[name], table[name])
                assert distance < 0.2 * table[name].std()
        # And what belongs together is together.
        means = rows.groupby("size", observed=True)["count"].mean()
        assert means["large"] - means["small"] > 20

    def test_one_seed_gives_the_same_rows(self, vae):
        first, again, other = (vae.sample(5, random_state=seed) for seed in (0, 0, 1))
        pd.testing.assert_frame_equal(first, again)
        assert not first.equals(other)

    @pytest.mark.parametrize("scale", ["standard", "quantile"])
    def test_the_bound_is_that_of_all_kinds_of_columns(self, table, scale):
        """Against an integral over the one code unit of what the decoder says, by hand."""
        X = table[["size", "length", "count"]][:120].copy()
        X.loc[X.index[3], "size"] = np.nan
        X.loc[X.index[5], "length"] = np.nan
        vae = VariationalAutoencoderTransformer(1, scale=scale, max_iter=40, random_state=0).fit(X)
        grid, weights = np.polynomial.hermite_e.hermegauss(60)
        mean, deviation = vae.code_distribution(X)
        encoded = vae._columns.ranked(vae._columns.encode(vae, X, np.float64))
        log_rows = np.zeros((len(X), 60))
        network = vae._network_maker()(vae._parameters())
        for number, point in enumerate(grid):
            codes = mean + deviation * point
            with ThreadPool(1) as pool:
                z = outputs([network.decoder], Dataset(codes), pool)
            units = (encoded - vae.shift_) / vae.scale_
            chosen = np.nansum(encoded[:, :3] * log_softmax(z[:, :3], axis=1), axis=1)
            spread = np.sqrt(vae.column_noise_variance_[3:])
            numbers = norm.logpdf(units[:, 3:], z[:, 3:], spread) - np.log(vae.scale_[3:])
            log_rows[:, number] = chosen + np.nansum(numbers, axis=1)
        log_densities = log_rows @ weights / weights.sum()
        divergence = 0.5 * (mean**2 + deviation**2 - 1 - 2 * np.log(deviation)).sum(axis=1)
        expected = log_densities - divergence
        found = vae.score_samples(X)
        assert np.abs(found - expected).max() < 0.1
        assert np.corrcoef(found, expected)[0, 1] > 0.999

    def test_noise_of_columns_is_that_of_their_errors(self, digits):
        """Of a linear decoder it is the residual variance and that of the code's own noise."""
        vae = VariationalAutoencoderTransformer(
            3, hidden_layer_sizes=(), max_iter=30, random_state=0
        ).fit(digits[:, 10:20])
        rows = inference_rows(vae, digits[:, 10:20])
        with ThreadPool(1) as pool:
            found = noise_variances(vae._network_maker()(vae._parameters()), rows, pool)
        _, deviation = vae.code_distribution(digits[:, 10:20])
        residuals = (vae.reconstruct(digits[:, 10:20]) - digits[:, 10:20]) / vae.scale_
        by_code = np.square(deviation).mean(axis=0) @ np.square(vae.coefs_[-1])
        np.testing.assert_allclose(found, np.square(residuals).mean(axis=0) + by_code, rtol=0.1)

    def test_columns_that_do_not_vary_come_back(self, table):
        X = table.assign(year=2024, country="here")
        rows = VariationalAutoencoderTransformer(2, max_iter=2, random_state=0).fit(X).sample(9)
        assert (rows["year"] == 2024).all()
        assert (rows["country"] == "here").all()

    def test_probabilities_of_categories_sum_to_one(self, vae, table):
        shares = vae.reconstruct_proba(table)[:, :3]
        np.testing.assert_allclose(shares.sum(axis=1), 1)

    def test_training_goes_on(self, vae, table):
        again = clone(vae).fit(table).partial_fit(table)
        assert again.n_iter_ == vae.n_iter_ + 1
        assert again.column_noise_variance_.shape == (12,)

    def test_numbers_alone_are_means_as_before(self, digits):
        vae = VariationalAutoencoderTransformer(2, max_iter=2, random_state=0).fit(digits)
        assert vae.column_noise_variance_ is None
        assert vae.sample(3).shape == (3, 64)


class TestQuantiles:
    def test_scores_are_those_of_the_middle_of_the_ranks(self):
        X = np.array([[1.0], [1.0], [2.0], [5.0], [np.nan]])
        scores = NormalScores(X)
        expected = norm.ppf([0.25, 0.25, 0.625, 0.875])
        np.testing.assert_allclose(scores.apply(X)[:4, 0], expected)
        assert np.isnan(scores.apply(X)[4, 0])

    def test_weights_count_rows(self, rng):
        X, weights = rng.normal(size=(40, 2)), rng.integers(3, size=40)
        weighted, repeated = NormalScores(X, weights), NormalScores(np.repeat(X, weights, axis=0))
        new = rng.normal(size=(20, 2))
        np.testing.assert_allclose(weighted.apply(new), repeated.apply(new))

    def test_there_and_back(self, rng):
        X = np.exp(rng.normal(size=(3000, 2)))
        scores = NormalScores(X)
        np.testing.assert_allclose(scores.undo(scores.apply(X)), X, rtol=1e-6)
        np.testing.assert_allclose(scores.apply(X).std(axis=0), 1, atol=0.01)

    def test_beyond_what_was_seen(self):
        X = np.arange(5.0)[:, np.newaxis]
        scores = NormalScores(X)
        beyond = scores.apply(np.array([[4.0], [4.0 + X.std()]]))
        assert beyond[1] - beyond[0] == pytest.approx(1)
        np.testing.assert_allclose(scores.undo(np.array([[-9.0], [9.0]])), [[0], [4]])

    def test_a_column_that_does_not_vary(self):
        scores = NormalScores(np.full((4, 1), 7.0))
        assert (scores.apply(np.full((2, 1), 7.0)) == 0).all()
        assert (scores.undo(np.array([[-3.0], [3.0]])) == 7).all()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_long_tails_are_learned(self, rng, dtype):
        X = np.exp(2 * rng.normal(size=(600, 2)) @ rng.normal(size=(2, 5))).astype(dtype)
        logs = np.log(X)
        ranked, standard = (
            AutoencoderTransformer(2, scale=scale, random_state=0).fit(X)
            for scale in ("quantile", "standard")
        )
        rebuilt = ranked.reconstruct(X)
        assert rebuilt.dtype == ranked.transform(X).dtype == dtype
        errors = np.square(np.log(rebuilt) - logs).mean() / logs.var()
        usual = np.square(np.log(standard.reconstruct(X).clip(1e-6)) - logs).mean() / logs.var()
        assert errors < 0.1 * usual
        assert ranked.score(X) > 0.95

    def test_frames_come_back_where_they_are_asked_for(self, rng):
        X = pd.DataFrame(np.exp(rng.normal(size=(60, 3))), columns=list("abc"))
        encoder = AutoencoderTransformer(2, scale="quantile", max_iter=2, random_state=0).fit(X)
        assert isinstance(encoder.reconstruct(X), np.ndarray)
        assert list(encoder.set_output(transform="pandas").reconstruct(X)) == list("abc")


@pytest.fixture(scope="module")
def combinations():
    """Two categories of which each goes with two of the other's, but for the first ten rows."""
    rng = np.random.default_rng(0)
    colour, shape = np.array(["red", "green", "blue"]), np.array(["round", "flat", "square"])
    first = rng.integers(3, size=600)
    second = (first + (rng.random(600) < 0.5)) % 3
    second[:10] = (first[:10] + 2) % 3
    numbers = {"x": rng.normal(size=600), "size": rng.integers(10, size=600)}
    return pd.DataFrame({"colour": colour[first], "shape": shape[second], **numbers})


class TestDetector:
    def test_rare_combinations_of_common_categories_are_found(self, combinations):
        detector = AutoencoderOutlierDetector(random_state=0).fit(combinations)
        scores = detector.score_samples(combinations)
        assert roc_auc_score(np.arange(600) < 10, -scores) == 1
        contributions = detector.feature_contributions(combinations)
        assert contributions.shape == combinations.shape
        np.testing.assert_allclose(contributions.sum(axis=1), -scores)
        # They are blamed, and all columns else cost alike.
        assert (contributions[:10, :2].sum(axis=1) > 10 * contributions[:10, 2:].sum(axis=1)).all()
        usual = contributions[10:].mean(axis=0)
        assert usual.max() < 5 * usual.min()

    def test_polars_frames_are_the_same_table(self, combinations):
        model = AutoencoderOutlierDetector(BRIEF, n_estimators=1, random_state=0)
        expected = clone(model).fit(combinations).score_samples(combinations)
        frame = pl.from_pandas(combinations)
        np.testing.assert_allclose(model.fit(frame).score_samples(frame), expected)
        named = model.set_output(transform="polars").feature_contributions(frame)
        assert named.columns == list(combinations)

    def test_a_part_that_costs_nothing_is_shared_out(self, rng):
        """Half of the rows are alike in what varies, and lie at the medians."""
        X = pd.DataFrame({"letter": list("aab") * 20, "x": [0.0] * 40 + [*rng.normal(size=20)]})
        detector = AutoencoderOutlierDetector(BRIEF, n_estimators=1, random_state=0).fit(X)
        contributions = detector.feature_contributions(X).sum(axis=1)
        np.testing.assert_allclose(contributions, -detector.score_samples(X))

    def test_a_missing_category_costs_nothing(self, combinations):
        model = AutoencoderOutlierDetector(BRIEF, n_estimators=1, random_state=0)
        model.fit(combinations)
        row = combinations[:1].copy()
        row["colour"] = np.nan
        assert model.feature_contributions(row)[0, 0] == 0

    def test_a_rare_category_is_no_gross_cell(self, rng):
        """Which would be treated as missing: it is an outlier like any other."""
        letters = np.array(list("ab"), dtype=object)[rng.integers(2, size=200)]
        letters[0] = "z"
        X = pd.DataFrame({"letter": letters, "x": rng.normal(size=200)})
        detector = AutoencoderOutlierDetector(random_state=0).fit(X)
        assert detector.feature_contributions(X)[:, 0].argmax() == 0


def test_drawn_columns_are_draws_from_their_shares(rng):
    encoder = ColumnEncoder(np.array([True]), pd.DataFrame({"a": list("xyz")}))
    drawn = encoder.drawn(np.tile([0.2, 0.7, 0.1], (5000, 1)), rng)
    assert (drawn.sum(axis=1) == 1).all()
    np.testing.assert_allclose(drawn.mean(axis=0), [0.2, 0.7, 0.1], atol=0.02)


def test_nothing_is_printed_or_warned_of_on_a_clean_table(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in (AutoencoderImputer(BRIEF), AutoencoderOutlierDetector(BRIEF, n_estimators=1)):
            model.fit(table)


def test_a_normal_distribution_is_its_own_score(rng):
    X = multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]]).rvs(20000, random_state=0)
    scores = NormalScores(X)
    inner = np.abs(X).max(axis=1) < 2
    np.testing.assert_allclose(scores.apply(X)[inner], X[inner], atol=0.1)
