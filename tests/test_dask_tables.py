"""Tables of Dask: categories of all partitions, and what one machine makes of the same rows."""

import numpy as np
import pandas as pd
import pytest
from made_up_tables import ROWS, hidden_numbers_table
from one_batch import averaged_every_step, one_batch

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")

ONE_BATCH = one_batch(ROWS)


@pytest.fixture(autouse=True)
def every_step():
    with averaged_every_step():
        yield


@pytest.fixture
def table():
    """The made-up table with holes, sorted so that no partition has all categories."""
    table = hidden_numbers_table().sort_values("letter")
    rng = np.random.default_rng(1)
    table["size"] = table["size"].cat.remove_unused_categories()
    for name in ("size", "letter", "length"):
        table.loc[rng.random(ROWS) < 0.1, name] = None
    table.index = pd.RangeIndex(ROWS, name="row")
    return table


def in_parts(table, n_parts=5):
    """A Dask frame; what comes back of it is `table` in the types that Dask keeps strings in."""
    return dd.from_pandas(table, npartitions=n_parts)


def in_parts_of_own_categories(table):
    """The same where each partition lists its own categories, which the frame does not know."""
    blocks = [table[start : start + 60] for start in range(0, ROWS, 60)]
    blocks = [
        block.assign(size=block["size"].cat.remove_unused_categories(),
                     letter=block["letter"].astype("category"))
        for block in blocks
    ]  # fmt: skip
    meta = (
        blocks[0]
        .iloc[:0]
        .assign(
            **{
                name: dd.utils.clear_known_categories(blocks[0][name].iloc[:0])
                for name in ("size", "letter")
            }
        )
    )
    return dd.from_delayed([dask.delayed(block) for block in blocks], meta=meta)


def assert_same_fit(one, other):
    for name in ("coefs_", "intercepts_", "loss_curve_", "target_coefs_"):
        pairs = zip(getattr(one, name, []), getattr(other, name, []), strict=True)
        for own, expected in pairs:
            np.testing.assert_allclose(own, expected, rtol=1e-8, atol=1e-9, err_msg=name)
    for name in ("mean_", "column_weights_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-10)
    pairs = zip(one._columns.categories, other._columns.categories, strict=True)
    for own, expected in pairs:
        np.testing.assert_array_equal(own, expected)
        assert own.dtype == expected.dtype
    if one._columns.kind is not None:
        types = [[each.dtype for each in model._columns.types] for model in (one, other)]
        assert types[0] == types[1]
    np.testing.assert_array_equal(one._columns.is_categorical, other._columns.is_categorical)


def fitted_twice(model, other, X, *target, **options):
    """One fitted on the cluster, the other on the computed frame."""
    model.fit(X, *target, **options)
    return model, other.fit(X.compute(), *target, **options)


def transformers(**options):
    return [AutoencoderTransformer(2, **{**ONE_BATCH, **options}) for _ in range(2)]


class TestFits:
    @pytest.mark.parametrize(
        ("form", "options", "is_weighted"),
        [
            (in_parts, {}, True),
            (in_parts, {"loss": "mixed", "scale": "minmax"}, False),
            (in_parts_of_own_categories, {}, False),
        ],
        ids=["weights", "mixed", "own categories"],
    )
    def test_one_batch_is_what_one_machine_makes_of_the_rows(
        self, form, options, is_weighted, table, rng, client
    ):
        X, weights = form(table), None
        if is_weighted:
            weights = rng.integers(3, size=ROWS) * rng.random(ROWS)
            weights[:120] = 0
        pair = fitted_twice(*transformers(**options), X, sample_weight=weights)
        assert_same_fit(*pair)
        assert [len(own) for own in pair[0]._columns.categories] == [3, 4, 2]

    def test_classifiers_and_regressors(self, table, client):
        X, y = in_parts(table.drop(columns="is_tall")), table["is_tall"].to_numpy()
        options = {**ONE_BATCH, "dropout": 0.0}
        pair = [AutoencoderClassifier(2, **options) for _ in range(2)]
        assert_same_fit(*fitted_twice(*pair, X, y))
        np.testing.assert_array_equal(pair[0].predict(X).compute(), pair[1].predict(X.compute()))
        assert pair[0].score(X, y) == pytest.approx(pair[1].score(X.compute(), y))
        assert pair[0].explained_variance(X) == pytest.approx(
            pair[1].explained_variance(X.compute())
        )
        pair = [AutoencoderRegressor(2, **options) for _ in range(2)]
        assert_same_fit(*fitted_twice(*pair, X, table["count"].to_numpy()))

    def test_a_variational_autoencoder(self, table, client):
        options = {**ONE_BATCH, "scale": "standard", "max_iter": 2}
        model = VariationalAutoencoderTransformer(2, **options).fit(in_parts(table))
        codes = model.transform(in_parts(table)).compute()
        assert codes.shape == (ROWS, 2)
        assert np.isfinite(codes.to_numpy()).all()
        (groups,) = {tuple(model.column_noise_variance_[own]) for own in model._columns.groups[:1]}
        assert groups == (1.0, 1.0, 1.0)

    def test_float32_stays(self, table, client):
        X = in_parts(table[["size", "letter", "small"]])
        pair = fitted_twice(*transformers(max_iter=1), X)
        assert {each.coefs_[0].dtype for each in pair} == {np.dtype(np.float32)}
        assert (pair[0].transform(X).dtypes == np.float32).all()

    def test_arrays_whose_columns_are_named(self, rng, client):
        X = np.c_[rng.integers(3, size=ROWS) * 10.0, rng.normal(size=ROWS), rng.normal(size=ROWS)]
        X[::7, 0] = np.nan
        options = {"categorical_features": [0]}
        model, other = transformers(**options)
        lazy = da.from_array(X, chunks=(100, 3))
        assert_same_fit(model.fit(lazy), other.fit(X))
        rebuilt = model.reconstruct(lazy).compute()
        np.testing.assert_allclose(rebuilt, other.reconstruct(X), rtol=1e-8, atol=1e-12)

    def test_objects_that_are_numbers_stay_numbers(self, table, client):
        with dask.config.set({"dataframe.convert-string": False}):
            X = in_parts(table.assign(count=table["count"].astype(object)))
            assert_same_fit(*fitted_twice(*transformers(), X))

    def test_blocks_without_rows_and_a_filter(self, table, client):
        X = in_parts(table)
        X = X[X["letter"].isin(["w", "z"])]
        options = {"batch_size": len(X)}
        pair = fitted_twice(*transformers(**options), X)
        assert_same_fit(*pair)
        assert pair[0]._columns.categories[1].tolist() == ["w", "z"]
        codes = pair[0].transform(X).compute()
        np.testing.assert_allclose(codes, pair[1].transform(X.compute()), atol=1e-8)

    def test_another_pass_goes_on_with_its_categories_and_warns_once(self, table, client):
        first = in_parts(table[table["letter"] != "z"])
        model, other = transformers(batch_size=len(first))
        for _ in range(2):  # a second time without a word
            model.partial_fit(first), other.partial_fit(first.compute())
        for each, X in ((model, in_parts(table)), (other, in_parts(table).compute())):
            each.set_params(batch_size=ROWS)
            with pytest.warns(UserWarning, match=r"categories in \['letter'\] that") as caught:
                each.partial_fit(X)
            assert len(caught) == 1
        assert_same_fit(model, other)


class TestMethods:
    @pytest.fixture
    def pair(self, table, client):
        return fitted_twice(*transformers(), in_parts(table))

    def test_what_is_rebuilt_is_a_frame_of_the_same_types(self, pair, table):
        X = in_parts(table)
        lazy, expected = pair[0].reconstruct(X), pair[1].reconstruct(X.compute())
        assert isinstance(lazy, dd.DataFrame)
        found = lazy.compute()
        pd.testing.assert_frame_equal(found, expected, rtol=1e-6)
        pd.testing.assert_series_equal(found.dtypes, lazy.dtypes)
        decoded = pair[0].inverse_transform(pair[0].transform(X)).compute()
        pd.testing.assert_frame_equal(decoded, found)
        pd.testing.assert_index_equal(found.index, table.index)

    @pytest.mark.parametrize(
        "method", ["transform", "reconstruct_proba", "reconstruction_error", "score_samples"]
    )
    def test_numbers_of_each_row(self, method, pair, table):
        X = in_parts(table)
        lazy, expected = (getattr(pair[0], method)(each) for each in (X, X.compute()))
        np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-9, atol=1e-12)
        if method == "reconstruct_proba":
            assert list(lazy.columns) == list(pair[0].get_encoded_feature_names())
        if method == "transform":
            assert list(lazy.columns) == list(pair[0].get_feature_names_out())

    def test_errors_of_each_cell(self, pair, table):
        X = in_parts(table)
        errors = pair[0].reconstruction_error(X, per_feature=True)
        expected = pair[0].reconstruction_error(X.compute(), per_feature=True)
        assert list(errors.columns) == list(table.columns)
        np.testing.assert_allclose(errors.compute(), expected, rtol=1e-9)

    @pytest.mark.parametrize("is_weighted", [False, True])
    def test_the_score_is_that_of_all_rows(self, is_weighted, pair, table, rng):
        weights = rng.random(ROWS) if is_weighted else None
        X = in_parts(table[::-1].reset_index(drop=True))
        expected = pair[0].score(X.compute(), sample_weight=weights)
        assert pair[0].score(X, sample_weight=weights) == pytest.approx(expected, rel=1e-12)

    def test_unknown_categories_are_told_of_when_rows_are_computed(self, pair, table):
        X = in_parts(table.assign(letter="new"))
        lazy = pair[0].transform(X)
        with (
            dask.config.set(scheduler="sync"),
            pytest.warns(UserWarning, match=r"categories in \['letter'\]"),
        ):
            codes = lazy.compute()
        np.testing.assert_allclose(
            codes, pair[0].transform(table.assign(letter=None)), rtol=1e-9, atol=1e-12
        )

    def test_codes_in_an_array_lead_to_no_frame(self, pair, table):
        codes = pair[0].transform(in_parts(table)).to_dask_array(lengths=True)
        with pytest.raises(ValueError, match=r"inverse_transform gives a frame, .*to_dask_datafr"):
            pair[0].inverse_transform(codes)


class TestMistakes:
    @pytest.mark.parametrize(
        ("kind", "scale"),
        [(AutoencoderTransformer, "quantile"), (VariationalAutoencoderTransformer, "auto")],
    )
    def test_ranks_are_those_of_all_rows(self, kind, scale, table, client):
        with pytest.raises(ValueError, match=f"scale='{scale}' takes numbers by their ranks.*comp"):
            kind(2, scale=scale).fit(in_parts(table))

    def test_ranks_of_numbers_too(self, digits):
        X = da.from_array(digits, chunks=(300, 64))
        with pytest.raises(ValueError, match="scale='quantile' takes numbers by their ranks"):
            AutoencoderTransformer(2, scale="quantile").fit(X)

    def test_types_that_cannot_be_sorted(self, table, client):
        with dask.config.set({"dataframe.convert-string": False}):
            X = in_parts(table.assign(letter=[1, "a"] * (ROWS // 2)))
        with pytest.raises(TypeError, match="categories of several types, which cannot be sorted"):
            AutoencoderTransformer(2).fit(X)

    def test_no_rows_at_all(self, table, client):
        X = in_parts(table)
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            AutoencoderTransformer(2).fit(X[X["letter"] == "none"])

    def test_a_failed_fit_leaves_the_table_as_it_was(self, table, client):
        X = in_parts(table)
        model, _ = transformers()
        before = model.fit(X).transform(X).compute()
        with pytest.raises(ValueError, match="needs X in"):
            model.set_params(loss="poisson").fit(in_parts(table.drop(columns="letter")))
        np.testing.assert_array_equal(model.transform(X).compute(), before)


def test_rows_of_all_categories_are_the_first_of_each():
    from skautoencoder._dask.learn_categories import rows_of_all_categories

    frame = pd.DataFrame({"a": list("xxyx"), "b": [0.0, 1.0, 2.0, 3.0], "c": [1, 1, 1, 2]})
    found = rows_of_all_categories([frame], [0, 2])
    assert found["b"].tolist() == [0, 2, 3]
    both = rows_of_all_categories([frame, frame.assign(a="z")], [0])
    assert both["a"].tolist() == ["x", "y", "z"]
    array = rows_of_all_categories([frame.to_numpy(), frame.to_numpy()], [0])
    assert array[:, 0].tolist() == ["x", "y"]
