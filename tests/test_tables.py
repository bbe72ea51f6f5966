"""Tables: losses of single columns, categories in and out, missing and unknown ones."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from gradient_check import batch_gradient, check_gradient
from made_up_tables import ROWS, encoded_by_hand, hidden_numbers_table, one_hot
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.metrics import log_loss

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    Huber,
    MaskingNoise,
    SwapNoise,
)
from skautoencoder.network.binary_columns import binary_columns
from skautoencoder.network.column_losses import ColumnLosses, heads_of
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.losses import CategoricalCrossEntropy

GROUPS = [np.array([1, 2, 3]), np.array([6, 7])]
PARTS = [
    ("squared_error", np.array([0, 4])),
    ("categorical_cross_entropy", GROUPS[0]),
    ("binary_cross_entropy", np.array([5])),
    ("categorical_cross_entropy", GROUPS[1]),
]


@pytest.fixture
def numbers(rng):
    """Nine rows of the columns of PARTS."""
    X = rng.uniform(size=(9, 8))
    X[:, 1:4] = one_hot(rng.integers(3, size=9), 3)
    X[:, 5] = rng.integers(2, size=9)
    X[:, 6:] = one_hot(rng.integers(2, size=9), 2)
    return X


@pytest.fixture(scope="module")
def table():
    return hidden_numbers_table()


@pytest.fixture(scope="module")
def fitted(table):
    return AutoencoderTransformer(2, random_state=0).fit(table)


CATEGORIES = ["size", "letter", "is_tall"]


class TestLosses:
    @pytest.mark.parametrize("has_weights", [False, True])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("has_missing", [False, True])
    def test_they_have_their_gradient(self, numbers, rng, has_weights, weighted, has_missing):
        if has_missing:
            numbers[2, 1:4] = numbers[3, 5] = numbers[5, 0] = numbers[7, 6:] = np.nan
        weights = np.ones(8)
        if has_weights:
            weights = np.array([2.0, 0.3, 0.3, 0.3, 1.0, 0.7, 1.5, 1.5])
        heads = heads_of(ColumnLosses(PARTS, weights))
        options = {"encoder": [8, 7, 3], "decoder": [3, 6, 8], "has_skips": True}
        options["weights"] = rng.uniform(size=9) if weighted else None
        names = ["tanh", "identity", "silu", "identity"]
        check_gradient(batch_gradient(numbers, names, heads, **options), 9)

    def test_of_categories_it_is_what_scikit_learn_computes(self, rng):
        logits = rng.normal(scale=3, size=(50, 5))
        first, second = rng.integers(3, size=50), rng.integers(2, size=50)
        target = np.c_[one_hot(first, 3), one_hot(second, 2)]
        weights = rng.uniform(size=50)
        loss, output = CategoricalCrossEntropy(np.array([0, 3])), logits.copy()
        total = loss.compute(target, output, weights, None, np.empty_like(logits))
        expected = sum(
            log_loss(truth, softmaxed(logits[:, own]), sample_weight=weights, normalize=False)
            for truth, own in ((first, slice(3)), (second, slice(3, 5)))
        )
        assert total == pytest.approx(expected)
        np.testing.assert_allclose(output[:, :3], softmaxed(logits[:, :3]))

    def test_a_missing_category_adds_nothing(self, rng):
        logits = rng.normal(size=(4, 5))
        target = np.c_[one_hot(rng.integers(3, size=4), 3), one_hot(rng.integers(2, size=4), 2)]
        observed = np.ones((4, 5), dtype=bool)
        observed[1, :3] = observed[2, 3:] = False
        loss, gradient = CategoricalCrossEntropy(np.array([0, 3])), np.empty((4, 5))
        total = loss.compute(target, logits.copy(), None, observed, gradient)
        parts = [
            log_loss(target[rows, own], softmaxed(logits[rows, own]), normalize=False)
            for rows, own in (([0, 2, 3], slice(3)), ([0, 1, 3], slice(3, 5)))
        ]
        assert total == pytest.approx(sum(parts))
        assert not gradient[1, :3].any()
        assert not gradient[2, 3:].any()
        assert gradient[1, 3:].any()

    def test_columns_that_are_left_out_renumber_the_others(self):
        losses = ColumnLosses(PARTS, np.arange(8.0)).of(np.array([0, 2, 3, 6, 7]))
        found = [(loss, columns.tolist()) for loss, columns in losses.parts]
        assert found == [
            ("squared_error", [0]),
            ("categorical_cross_entropy", [1, 2]),
            ("categorical_cross_entropy", [3, 4]),
        ]
        np.testing.assert_array_equal(losses.weights, [0, 2, 3, 6, 7])
        assert losses.count(5) == 3


def softmaxed(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


class TestWhatColumnsHold:
    def found(self, X):
        is_binary, groups = binary_columns(Dataset(X, has_missing=np.isnan(X).any()))
        return np.flatnonzero(is_binary).tolist(), [group.tolist() for group in groups]

    def test_zeros_and_ones_and_neighbours_that_sum_to_one(self, rng):
        X = np.c_[
            rng.normal(size=50),
            one_hot(rng.integers(3, size=50), 3),
            rng.integers(2, size=(50, 2)),
            one_hot(rng.integers(2, size=50), 2),
        ]
        assert self.found(X) == ([1, 2, 3, 4, 5, 6, 7], [[1, 2, 3], [6, 7]])

    def test_a_category_is_missing_as_a_whole(self, rng):
        X = one_hot(rng.integers(3, size=50), 3)
        X[:20] = np.nan
        assert self.found(X) == ([0, 1, 2], [[0, 1, 2]])
        X[30, 0] = np.nan
        assert self.found(X) == ([0, 1, 2], [])

    def test_a_row_without_a_category_or_with_two_makes_no_group(self, rng):
        for row in ([0, 0, 0], [1, 1, 0]):
            X = one_hot(rng.integers(3, size=50), 3)
            X[7] = row
            assert self.found(X)[1] == []

    def test_none_at_all(self, rng):
        assert self.found(rng.normal(size=(20, 3))) == ([], [])


@pytest.fixture(scope="module")
def encoded(table):
    return encoded_by_hand(table)


@pytest.fixture(scope="module")
def mixed(encoded):
    return AutoencoderTransformer(2, loss="mixed", random_state=0).fit(encoded)


class TestNumbers:
    """X of numbers, where categories are columns of zeros and ones."""

    def test_mixed_says_what_it_found(self, mixed):
        found = [(loss, columns.tolist()) for loss, columns in mixed.column_losses_]
        assert found == [
            ("squared_error", [8]),
            ("binary_cross_entropy", [3]),
            ("categorical_cross_entropy", [0, 1, 2]),
            ("categorical_cross_entropy", [4, 5, 6, 7]),
        ]

    def test_what_is_rebuilt_are_probabilities(self, mixed, encoded):
        rebuilt = mixed.reconstruct(encoded)
        np.testing.assert_allclose(rebuilt[:, :3].sum(axis=1), 1)
        np.testing.assert_allclose(rebuilt[:, 4:8].sum(axis=1), 1)
        assert 0 <= rebuilt[:, :8].min() <= rebuilt[:, :8].max() <= 1
        assert np.mean(rebuilt[:, :3].argmax(axis=1) == encoded[:, :3].argmax(axis=1)) > 0.95
        assert np.mean((rebuilt[:, 3] > 0.5) == encoded[:, 3]) > 0.95

    def test_a_list_of_the_same_losses_gives_the_same_network(self, mixed, encoded):
        given = [
            ("squared_error", [-1]),
            ("binary_cross_entropy", slice(3, 4)),
            ("categorical_cross_entropy", np.arange(9) < 3),
            ("categorical_cross_entropy", lambda X: [4, 5, 6, 7]),
        ]
        listed = AutoencoderTransformer(2, loss=given, random_state=0).fit(encoded)
        np.testing.assert_array_equal(listed.transform(encoded), mixed.transform(encoded))

    def test_columns_in_no_entry_have_squared_errors(self, encoded):
        loss = [("categorical_cross_entropy", [0, 1, 2]), (Huber(delta=0.5), [8])]
        fitted = AutoencoderTransformer(2, loss=loss, max_iter=2, random_state=0).fit(encoded)
        assert fitted.column_losses_[-1][0] == "squared_error"
        np.testing.assert_array_equal(fitted.column_losses_[-1][1], [3, 4, 5, 6, 7])
        assert clone(fitted).loss[1][0].delta == 0.5

    def test_float32_stays(self, encoded):
        fitted = AutoencoderTransformer(2, loss="mixed", max_iter=2).fit(encoded.astype(np.float32))
        assert fitted.reconstruct(encoded.astype(np.float32)).dtype == np.float32
        assert fitted.coefs_[0].dtype == np.float32

    def test_weights_of_columns_move_the_balance(self, encoded):
        errors = [
            AutoencoderTransformer(1, loss="mixed", column_weights=weights, random_state=0)
            .fit(encoded)
            .reconstruction_error(encoded, per_feature=True)
            .mean(axis=0)[8]
            for weights in ({8: 10.0}, None, {8: 0.01})
        ]
        assert errors[0] < errors[1] < errors[2]

    def test_weights_undo_the_balance_of_columns_by_their_means(self, encoded):
        fitted = AutoencoderTransformer(2, loss="mixed", max_iter=1).fit(encoded)
        shares = encoded.mean(axis=0)
        entropies = [-(p * np.log(p)).sum() for p in (shares[:3], shares[4:8])]
        expected = [0.5 / entropy for entropy in entropies]
        np.testing.assert_allclose(fitted.column_weights_[[0, 4]], expected)
        assert fitted.column_weights_[8] == 1

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (
                {"loss": [("huber", [0, 1]), ("squared_error", [1])]},
                "overlap: column 1",
            ),
            (
                {"loss": [("huber", [9])]},
                "loss names columns that X, of 9 columns, does",
            ),
            (
                {"loss": [("huber", ["a"])]},
                "loss names columns that X, of 9 columns, does",
            ),
            ({"loss": [("hubert", [0])]}, "The 'loss' parameter must be one loss, 'mixed'"),
            ({"loss": ["huber"]}, "The 'loss' parameter must be one loss, 'mixed'"),
            ({"loss": [("binary_cross_entropy", [8])]}, r"needs X in \[0, 1\]"),
            (
                {"loss": "mixed", "column_weights": [1.0]},
                r"one weight for each column of X, shape",
            ),
            ({"column_weights": {3: -1}}, "finite numbers of 0 or more. Got -1"),
            ({"loss": "mixed", "column_weights": {0: 2}}, r"same for the columns \[0, 1, 2\]"),
            ({"loss": "mixed", "output_activation": "tanh"}, "leave output_activation at 'auto'"),
            ({"loss": "mixed", "weight_init": "pca"}, "weight_init='pca' needs skip connections"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, encoded, params, message):
        with pytest.raises(ValueError, match=message):
            AutoencoderTransformer(2, **params).fit(encoded)


class TestFrames:
    def test_categories_come_back_in_the_types_of_the_frame(self, fitted, table):
        rebuilt = fitted.reconstruct(table)
        assert list(rebuilt.columns) == list(table.columns)
        pd.testing.assert_series_equal(rebuilt.dtypes, table.dtypes)
        pd.testing.assert_index_equal(rebuilt.index, table.index)
        for name in CATEGORIES:
            assert np.mean(rebuilt[name] == table[name]) > 0.95, name

    def test_codes_lead_back_to_the_same_rows(self, fitted, table):
        decoded = fitted.inverse_transform(fitted.transform(table))
        expected = fitted.reconstruct(table).reset_index(drop=True)
        pd.testing.assert_frame_equal(decoded, expected)

    def test_polars_frames_are_the_same_table(self, fitted, table):
        frame = pl.from_pandas(table).with_columns(
            pl.col("size").cast(pl.Enum(["small", "medium", "large", "huge"]))
        )
        other = AutoencoderTransformer(2, random_state=0).fit(frame)
        np.testing.assert_array_equal(other.transform(frame), fitted.transform(table))
        rebuilt = other.reconstruct(frame)
        assert rebuilt.schema == frame.schema
        assert rebuilt["letter"].to_list() == fitted.reconstruct(table)["letter"].to_list()

    def test_named_columns_of_an_array_come_back_as_objects(self, fitted, table):
        X = table.to_numpy()
        other = AutoencoderTransformer(2, categorical_features=[0, 2, 3], random_state=0).fit(X)
        np.testing.assert_array_equal(other.transform(X), fitted.transform(table))
        rebuilt = other.reconstruct(X)
        assert rebuilt.dtype == object
        assert np.mean(rebuilt[:, 2] == X[:, 2]) > 0.95

    def test_numbers_may_be_categories_too(self, rng):
        X = np.c_[rng.integers(3, size=200) * 10.0, rng.normal(size=200)]
        X[:, 1] += X[:, 0]
        fitted = AutoencoderTransformer(1, categorical_features=[True, False], random_state=0)
        rebuilt = fitted.fit(X).reconstruct(X)
        assert set(rebuilt[:, 0]) <= {0.0, 10.0, 20.0}
        assert rebuilt.dtype == X.dtype

    def test_none_takes_strings_for_what_they_are(self, table):
        with pytest.raises(ValueError, match="float"):
            AutoencoderTransformer(2, categorical_features=None).fit(table)

    def test_losses_may_name_columns_and_leave_out_categories(self, table):
        loss = [("huber", make_column_selector("length")), ("absolute_error", ["count"])]
        fitted = AutoencoderTransformer(2, loss=loss, max_iter=2).fit(table)
        found = {repr(loss): columns.tolist() for loss, columns in fitted.column_losses_}
        assert found["'huber'"] == [3]
        assert found["'absolute_error'"] == [10]
        assert found["'squared_error'"] == [11]
        with pytest.raises(ValueError, match=r"gives columns \[0\] a loss of numbers"):
            AutoencoderTransformer(2, loss=[("huber", ["size"])]).fit(table)

    def test_a_missing_category_is_a_missing_cell(self, table, rng):
        holes = table.copy()
        for name in ("size", "letter", "length"):
            holes.loc[rng.random(ROWS) < 0.2, name] = None
        fitted = AutoencoderTransformer(2, random_state=0).fit(holes)
        rebuilt = fitted.reconstruct(holes)
        assert not rebuilt.isna().any().any()
        for name in ("size", "letter"):
            hidden = holes[name].isna().to_numpy()
            mode = (table[name] == holes[name].mode()[0])[hidden].mean()
            assert (rebuilt[name] == table[name])[hidden].mean() > mode + 0.1
        errors = fitted.reconstruction_error(holes, per_feature=True)
        np.testing.assert_array_equal(np.isnan(errors), holes.isna().to_numpy())

    def test_an_unknown_category_counts_as_missing_and_says_so_once(self, fitted, table):
        other, holes = table.copy(), table.copy()
        other["letter"], holes["letter"] = "new", None
        with pytest.warns(UserWarning, match=r"categories in \['letter'\] that were not") as caught:
            codes = fitted.transform(other)
        assert len(caught) == 1
        np.testing.assert_array_equal(codes, fitted.transform(holes))

    def test_errors_are_one_for_each_column(self, fitted, table):
        errors = fitted.reconstruction_error(table, per_feature=True)
        assert errors.shape == table.shape
        shares = fitted.reconstruct_proba(table)[:, 4:8]
        truth = one_hot(table["letter"].astype("category").cat.codes.to_numpy(), 4)
        np.testing.assert_allclose(errors[:, 2], np.square(shares - truth).sum(axis=1) / 2)
        np.testing.assert_allclose(fitted.reconstruction_error(table), errors.mean(axis=1))

    def test_the_score_is_the_explained_share_in_the_networks_units(self, fitted, table):
        rebuilt = fitted.reconstruct_proba(table)
        encoded = np.column_stack(
            [
                *(
                    pd.get_dummies(table[n], dtype=float)[fitted._columns.categories[i]].to_numpy()
                    for i, n in [(0, "size")]
                ),
                table["length"],
                pd.get_dummies(table["letter"], dtype=float).to_numpy(),
                pd.get_dummies(table["is_tall"], dtype=float).to_numpy(),
                table["count"],
                table["small"],
            ]
        )
        scale = np.where(np.isin(np.arange(encoded.shape[1]), [3, 10, 11]), encoded.std(axis=0), 1)
        errors = np.square((rebuilt - encoded) / scale).sum()
        variation = np.square((encoded - encoded.mean(axis=0)) / scale).sum()
        assert fitted.score(table) == pytest.approx(1 - errors / variation, rel=1e-5)

    def test_encoded_columns_are_named_as_by_a_one_hot_encoder(self, fitted):
        assert fitted.get_encoded_feature_names().tolist() == [
            *("size_large", "size_medium", "size_small", "length"),
            *("letter_w", "letter_x", "letter_y", "letter_z"),
            *("is_tall_False", "is_tall_True", "count", "small"),
        ]

    @pytest.mark.parametrize("corruption", [MaskingNoise(0.4), SwapNoise(0.4)])
    def test_noise_hits_whole_categories(self, corruption, rng):
        rows = Dataset(np.c_[one_hot(rng.integers(3, size=200), 3), rng.normal(size=200)])
        rows = rows.with_columns(np.array([0, 0, 0, 3]))
        clean, corrupted = rows.X.copy(), np.empty_like(rows.X)
        corruption.corrupter(rows)(clean, corrupted, rng)
        sums = corrupted[:, :3].sum(axis=1)
        changed = (corrupted[:, :3] != clean[:, :3]).any(axis=1)
        assert 20 < changed.sum() < 120
        is_masked = isinstance(corruption, MaskingNoise)
        assert set(sums[changed]) == {0.0 if is_masked else 1.0}
        assert set(sums[~changed]) == {1.0}

    def test_a_category_that_comes_later_is_learned_then(self, table):
        options = {"max_iter": 1, "random_state": 0, "n_components": 2}
        first = table[table["letter"] != "z"].copy()
        both = AutoencoderTransformer(**options).fit(table)
        stream = AutoencoderTransformer(**options).partial_fit(first)
        with pytest.warns(UserWarning, match="not there in fit"):
            stream.partial_fit(table)
        assert stream.coefs_[0].shape[0] == both.coefs_[0].shape[0] - 1

    def test_a_column_of_one_category_comes_back_and_changes_nothing(self, fitted, table):
        wider = table.assign(country="here", year=2024)
        other = AutoencoderTransformer(2, random_state=0).fit(wider)
        np.testing.assert_allclose(other.transform(wider), fitted.transform(table), atol=1e-12)
        rebuilt = other.reconstruct(wider)
        assert (rebuilt["country"] == "here").all()
        assert (rebuilt["year"] == 2024).all()

    def test_all_cells_missing(self, table):
        wider = table.assign(nothing=pd.Series([None] * ROWS, index=table.index, dtype="category"))
        fitted = AutoencoderTransformer(2, max_iter=2, random_state=0).fit(wider)
        assert fitted.reconstruct(wider)["nothing"].isna().all()

    def test_many_categories(self, rng):
        names = [f"city {i}" for i in range(300)]
        frame = pd.DataFrame({"city": rng.permutation(names * 2), "x": rng.normal(size=600)})
        fitted = AutoencoderTransformer(2, max_iter=1, random_state=0).fit(frame)
        assert len(fitted.get_encoded_feature_names()) == 301
        assert set(fitted.reconstruct(frame)["city"]) <= set(names)

    @pytest.mark.filterwarnings("ignore:X does not have valid feature names")
    def test_lists_are_rows_of_the_same_table(self, fitted, table):
        codes = fitted.transform(table)
        rebuilt = fitted.reconstruct(table).reset_index(drop=True)
        pd.testing.assert_frame_equal(fitted.inverse_transform(codes.tolist()), rebuilt)
        pd.testing.assert_frame_equal(fitted.reconstruct(table.to_numpy().tolist()), rebuilt)

    @pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "Int64", "int64[pyarrow]"])
    def test_the_largest_integers_do_not_turn_into_the_smallest(self, table, dtype):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        limit = np.iinfo(dtype.lower().removesuffix("[pyarrow]")).max
        own = pd.Series([limit] * ROWS, table.index, dtype=dtype)
        rebuilt = AutoencoderTransformer(2, max_iter=1).fit(table.assign(own=own))
        rebuilt = rebuilt.reconstruct(table.assign(own=own))["own"]
        assert rebuilt.dtype == own.dtype
        assert (rebuilt > 0.999 * limit).all()

    @pytest.mark.parametrize("width", ["int8", "Int16", "int32"])
    def test_frames_of_both_libraries_have_one_precision(self, table, width):
        X = pd.DataFrame({"letter": table["letter"], "small": table["small"]})
        X["count"] = table["count"].clip(-100, 100).astype(width)
        X["small"] = X["small"].mask(X["small"] < 0.1).astype("Float32")
        codes = [
            AutoencoderTransformer(1, max_iter=1, random_state=0).fit_transform(frame)
            for frame in (X, pl.from_pandas(X))
        ]
        expected = np.float64 if width == "int32" else np.float32
        assert codes[0].dtype == codes[1].dtype == expected
        np.testing.assert_array_equal(*codes)

    @pytest.mark.parametrize("dtype", ["string[python]", "string[pyarrow]", "str", "object"])
    def test_strings_keep_where_they_are_held(self, table, dtype):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        X = table.astype({"letter": dtype})
        rebuilt = AutoencoderTransformer(2, max_iter=1).fit(X).reconstruct(X)
        assert rebuilt["letter"].dtype == X["letter"].dtype

    @pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
    def test_dates_are_refused_unless_they_are_named_as_categories(self, table, make):
        days = pd.to_datetime(["2024-02-29", "2024-03-01"] * (ROWS // 2))
        X = make(table.assign(day=days))
        with pytest.raises(ValueError, match=r"columns \['day'\] of types that are neither"):
            AutoencoderTransformer(2).fit(X)
        named = AutoencoderTransformer(2, max_iter=2, categorical_features=[0, 2, 3, 6]).fit(X)
        assert set(named.reconstruct(X)["day"]) <= set(X["day"])

    def test_integers_of_any_width_of_polars(self, table):
        X = pl.from_pandas(table).with_columns(pl.col("count").cast(pl.Int128))
        rebuilt = AutoencoderTransformer(2, max_iter=2, random_state=0).fit(X).reconstruct(X)
        assert rebuilt.schema == X.schema

    def test_an_array_becomes_the_frame_that_set_output_asks_for(self, table):
        X = table.to_numpy()
        model = AutoencoderTransformer(2, max_iter=2, categorical_features=[0, 2, 3])
        rebuilt = model.fit(X).set_output(transform="pandas").reconstruct(X)
        assert list(rebuilt) == [f"x{i}" for i in range(6)]
        assert set(rebuilt["x2"]) <= set("wxyz")

    def test_types_that_cannot_be_sorted(self, table):
        with pytest.raises(TypeError, match="categories of several types, which cannot be sorted"):
            AutoencoderTransformer(2).fit(table.assign(letter=[1, "a"] * (ROWS // 2)))

    def test_a_column_that_was_numbers_must_stay_so(self, fitted, table):
        with pytest.raises(ValueError, match=r"which are numbers, that are none .*'many'"):
            fitted.transform(table.assign(count="many"))

    def test_a_failed_fit_leaves_the_table_as_it_was(self, fitted, table):
        model = clone(fitted).set_params(max_iter=2).fit(table)
        before = model.transform(table)
        with pytest.raises(ValueError, match="needs X in"):
            model.set_params(loss="poisson").fit(table.drop(columns="letter"))
        np.testing.assert_array_equal(model.transform(table), before)

    def test_numbers_after_a_table_forget_its_categories(self, table, digits):
        model = AutoencoderTransformer(2, max_iter=2, random_state=0).fit(table)
        model.fit(digits)
        assert model.column_losses_ is None
        assert model.reconstruct(digits).shape == digits.shape


class TestTargets:
    def test_a_classifier_of_a_table(self, table):
        X, y = table.drop(columns="is_tall"), table["is_tall"]
        fitted = AutoencoderClassifier(2, random_state=0).fit(X, y)
        assert fitted.score(X, y) > 0.95
        rebuilt = fitted.reconstruct(X)
        pd.testing.assert_series_equal(rebuilt.dtypes, X.dtypes)
        assert np.mean(rebuilt["letter"] == X["letter"]) > 0.8

    def test_a_regressor_of_a_table(self, table):
        X, y = table.drop(columns="length"), table["length"]
        fitted = AutoencoderRegressor(2, random_state=0).fit(X, y)
        assert fitted.score(X, y) > 0.8

    def test_the_target_is_weighed_against_columns_not_categories(self, table):
        X, y = table.drop(columns="is_tall"), table["is_tall"]
        fitted = AutoencoderClassifier(2, max_iter=1, random_state=0).fit(X, y)
        assert fitted._target()[2] == 5


def test_arrays_of_numbers_cost_and_change_nothing(digits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = AutoencoderTransformer(5, max_iter=2, random_state=0).fit(digits)
    plain = AutoencoderTransformer(5, max_iter=2, random_state=0, categorical_features=None)
    np.testing.assert_array_equal(fitted.transform(digits), plain.fit(digits).transform(digits))
    assert fitted.column_losses_ is None
