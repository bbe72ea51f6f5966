"""What onnxruntime computes of a table with categories is what the package computes."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from made_up_tables import ROWS, hidden_numbers_table
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    register_onnx_converters,
    to_onnx,
)

skl2onnx = pytest.importorskip("skl2onnx", reason="export needs skl2onnx, of the extra 'onnx'")
onnxruntime = pytest.importorskip("onnxruntime", reason="graphs are run in onnxruntime")

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
SMALL = {"n_components": 2, "max_iter": 2, "random_state": 0}
STRINGS = ["size", "letter"]
NUMBERS = ["length", "count", "small"]


@pytest.fixture(scope="module")
def table():
    """Strings, numbers and booleans, with categories that are integers and others."""
    table = hidden_numbers_table()
    table["year"] = pd.Categorical(2020 + np.arange(ROWS) % 3)
    table["rate"] = pd.Categorical(np.array([0.1, 1 / 3])[np.arange(ROWS) % 2])
    return table


@pytest.fixture(scope="module")
def rows(table):
    """Rows of the table with missing and unknown categories, and missing numbers."""
    rows = table[:90].astype({"letter": object, "size": object, "year": object, "rate": object})
    rows.iloc[::4, rows.columns.get_loc("letter")] = None
    rows.iloc[1::7, rows.columns.get_loc("letter")] = "new"
    rows.iloc[::5, rows.columns.get_loc("size")] = None
    rows.iloc[::6, rows.columns.get_loc("year")] = 1999
    rows.iloc[::7, rows.columns.get_loc("rate")] = None
    rows.iloc[::3, rows.columns.get_loc("length")] = np.nan
    rows.iloc[30:33, rows.columns.get_indexer(["letter", "size", "length"])] = None
    return rows


def inputs_of(onnx_model, X):
    """Each column in the type that the model declares, a missing string as the empty one."""
    found = {}
    for each in onnx_model.graph.input:
        kind = each.type.tensor_type.elem_type
        dtype = {1: np.float32, 7: np.int64, 8: object, 9: bool, 11: np.float64}[kind]
        column = X[[each.name]].astype(object)
        column = column.where(column.notna(), {object: "", np.int64: -1}.get(dtype, np.nan))
        found[each.name] = column.to_numpy().astype(dtype)
    return found


def outputs_of(onnx_model, inputs):
    session = onnxruntime.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)


def types_of(onnx_model):
    return {each.name: each.type.tensor_type.elem_type for each in onnx_model.graph.input}


def expected_of(model, method, X):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has categories in")
        return getattr(model, method)(X)


def assert_exported(model, X, rows, method="transform", **options):
    onnx_model = to_onnx(model, X, method, **options)
    (got,) = outputs_of(onnx_model, inputs_of(onnx_model, rows))
    expected = expected_of(model, method, rows).reshape(len(rows), -1)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert np.ptp(expected, axis=0).min() > 0
    limit = TOLERANCE[got.dtype.type] * np.abs(expected).max()
    assert np.abs(got - expected).max() <= limit
    return onnx_model


def as_dtype(frame, dtype):
    return frame.astype(dict.fromkeys(NUMBERS, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestOutputs:
    @pytest.mark.parametrize(
        "model",
        [
            AutoencoderTransformer(**SMALL),
            AutoencoderTransformer(**SMALL, scale="minmax", skip_connections=False),
            AutoencoderTransformer(**SMALL, scale=None, loss=[("huber", ["length"])]),
            VariationalAutoencoderTransformer(**SMALL, scale="standard"),
        ],
        ids=str,
    )
    def test_codes(self, model, dtype, table, rows):
        X = as_dtype(table, dtype)
        assert_exported(model.fit(X), X[:1], as_dtype(rows, dtype))

    def test_numbers_and_codes_of_a_regressor(self, dtype, table, rows):
        X, rows = (as_dtype(each, dtype) for each in (table, rows))
        model = AutoencoderRegressor(**SMALL).fit(X, 5 + 9 * table["length"])
        assert_exported(model, X, rows, "predict")
        assert_exported(model, X, rows)

    @pytest.mark.parametrize("labels", [["no", "yes"], [3, 5]])
    def test_labels_and_probabilities(self, labels, dtype, table, rows):
        X, rows = (as_dtype(each, dtype) for each in (table, rows))
        y = np.array(labels)[(table["length"] > 0).astype(int)]
        model = AutoencoderClassifier(**SMALL).fit(X, y)
        onnx_model = to_onnx(model, X, "predict")
        label, probabilities = outputs_of(onnx_model, inputs_of(onnx_model, rows))
        expected = expected_of(model, "predict_proba", rows)
        assert probabilities.dtype == dtype
        assert np.abs(probabilities - expected).max() <= 10 * TOLERANCE[dtype]
        np.testing.assert_array_equal(label, expected_of(model, "predict", rows))
        assert_exported(model, X, rows)


class TestInputs:
    def test_each_column_has_one_of_its_type_and_name(self, table):
        onnx_model = to_onnx(AutoencoderTransformer(**SMALL).fit(table), table)
        assert types_of(onnx_model) == {
            "size": 8,
            "length": 11,
            "letter": 8,
            "is_tall": 9,
            "count": 11,
            "small": 11,
            "year": 7,
            "rate": 11,
        }
        shapes = {
            tuple(axis.dim_value or None for axis in each.type.tensor_type.shape.dim)
            for each in onnx_model.graph.input
        }
        assert shapes == {(None, 1)}

    def test_truths_of_which_some_are_missing_are_integers(self, table, rows):
        X = table.astype({"is_tall": "boolean"})
        X.loc[X.index[::9], "is_tall"] = pd.NA
        model = AutoencoderTransformer(**SMALL).fit(X)
        holes = X[:50].astype({"is_tall": object})
        onnx_model = assert_exported(model, X, holes)
        assert types_of(onnx_model)["is_tall"] == 7

    def test_a_column_without_any_category(self, table, rows):
        model = AutoencoderTransformer(**SMALL).fit(table.assign(nothing=None))
        assert_exported(model, table.assign(nothing=None), rows.assign(nothing="something"))

    def test_categories_alone(self, table, rows):
        model = AutoencoderTransformer(**SMALL).fit(table[STRINGS])
        assert_exported(model, table[STRINGS], rows[STRINGS])

    def test_large_integers_are_told_apart(self, rng):
        numbers = 2**60 + np.arange(3)
        X = pd.DataFrame({"a": pd.Categorical(rng.choice(numbers, 60)), "b": rng.normal(size=60)})
        assert_exported(AutoencoderTransformer(**SMALL).fit(X), X, X)

    def test_polars_frames(self, table):
        X = pl.from_pandas(table.drop(columns=["size", "year", "rate"]))
        model = AutoencoderTransformer(**SMALL).fit(X)
        assert_exported(model, X, X.to_pandas())

    def test_columns_of_an_array_have_numbered_names(self, table):
        X = table[[*STRINGS, "length"]].to_numpy(dtype=object)
        model = AutoencoderTransformer(**SMALL, categorical_features=[0, 1]).fit(X)
        onnx_model = to_onnx(model, X)
        frame = pd.DataFrame(X, columns=["x0", "x1", "x2"])
        (got,) = outputs_of(onnx_model, inputs_of(onnx_model, frame))
        np.testing.assert_allclose(got, model.transform(X), rtol=1e-10)

    @pytest.mark.parametrize("opset", [13, 18])
    def test_older_sets_of_operators_do(self, opset, table, rows):
        model = AutoencoderTransformer(**SMALL).fit(table)
        assert_exported(model, table, rows, target_opset=opset)


class TestPipelines:
    def test_a_classifier_of_codes(self, table, rows):
        y = table["length"] > 0
        pipeline = make_pipeline(
            AutoencoderClassifier(**SMALL), StandardScaler(), LogisticRegression()
        ).fit(table, y)
        onnx_model = to_onnx(pipeline, table, "predict", options={"zipmap": False})
        label, shares = outputs_of(onnx_model, inputs_of(onnx_model, rows))
        np.testing.assert_array_equal(label, expected_of(pipeline, "predict", rows))
        expected = expected_of(pipeline, "predict_proba", rows)
        np.testing.assert_allclose(shares, expected, atol=1e-6)

    def test_columns_that_come_side_by_side(self, table, rows):
        parts = [
            ("a", AutoencoderTransformer(**SMALL), [*STRINGS, "small", "length"]),
            ("b", StandardScaler(), ["length"]),
        ]
        X = as_dtype(table, np.float32)[[*STRINGS, "small", "length"]].astype(
            dict.fromkeys(STRINGS, str)
        )
        columns = ColumnTransformer(parts).fit(X)
        register_onnx_converters()
        onnx_model = skl2onnx.to_onnx(columns, X[:1])
        (got,) = outputs_of(onnx_model, inputs_of(onnx_model, X))
        np.testing.assert_allclose(got, columns.transform(X), rtol=1e-4, atol=1e-5)

    def test_inputs_of_a_wrong_kind_or_number(self, table):
        from skl2onnx.common.data_types import FloatTensorType

        model = AutoencoderTransformer(**SMALL).fit(table)
        register_onnx_converters()
        with pytest.raises(ValueError, match=r"a table of 8 columns\. Got inputs of 2 columns"):
            skl2onnx.to_onnx(model, initial_types=[("X", FloatTensorType([None, 2]))])
        with pytest.raises(ValueError, match=r"'large', .* come in a tensor of strings. Got a Fl"):
            skl2onnx.to_onnx(model, initial_types=[("X", FloatTensorType([None, 8]))])


class TestMistakes:
    @pytest.mark.parametrize("output", ["inverse_transform", "reconstruct"])
    def test_a_table_is_no_output(self, output, table):
        model = AutoencoderTransformer(**SMALL).fit(table)
        with pytest.raises(ValueError, match=r"no single output: 'tr.*loss='mixed', and convert"):
            to_onnx(model, table, output)

    @pytest.mark.parametrize(
        "model",
        [
            AutoencoderTransformer(**SMALL, scale="quantile"),
            VariationalAutoencoderTransformer(**SMALL),
        ],
        ids=str,
    )
    def test_ranks_are_not_converted(self, model, table):
        for X in (table, make_pipeline(model)):
            model.fit(table)
            given = model if X is table else X
            with pytest.raises(ValueError, match=r"by their ranks, .*scale='standard' instead of"):
                to_onnx(given, table)
        model.set_params(scale="quantile").fit(table[NUMBERS])
        for output in ("transform", "reconstruct", "inverse_transform"):
            with pytest.raises(ValueError, match="by their ranks"):
                to_onnx(model, table[NUMBERS], output)

    def test_a_detector_of_a_table(self, table):
        autoencoder = AutoencoderTransformer(**SMALL)
        detector = AutoencoderOutlierDetector(autoencoder, n_estimators=1).fit(table)
        register_onnx_converters()
        message = "scores are converted to ONNX for numbers alone"
        with pytest.raises(ValueError, match=message):
            to_onnx(detector, table)
        with pytest.raises(ValueError, match=message):
            to_onnx(make_pipeline(detector), table)

    def test_an_imputer_of_a_table(self, table, rows):
        imputer = AutoencoderImputer(AutoencoderTransformer(**SMALL), max_iter=1)
        pipeline = make_pipeline(imputer, AutoencoderTransformer(**SMALL)).fit(table)
        with pytest.raises(ValueError, match=r"Imputer cannot be converted"):
            to_onnx(pipeline, table)

    def test_categories_that_onnx_has_not(self, table):
        X = table.assign(day=pd.Categorical(pd.date_range("2024", periods=3)[np.arange(ROWS) % 3]))
        model = AutoencoderTransformer(**SMALL).fit(X)
        with pytest.raises(ValueError, match=r"Got others in the columns \['day'\] of this"):
            to_onnx(model, X)

    def test_other_columns_than_those_of_the_fit(self, table):
        model = AutoencoderTransformer(**SMALL).fit(table)
        with pytest.raises(ValueError, match="feature names should match"):
            to_onnx(model, table.rename(columns={"size": "width"}))
