"""Dataframes and compositions of scikit-learn: names and values come through."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)

NAMES = ["age", "height", "weight", "income"]
SMALL = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
AUTOENCODER = AutoencoderTransformer(2, **SMALL)
CODES = ["autoencodertransformer0", "autoencodertransformer1"]
# Each transformer with the names of what it returns.
TRANSFORMERS = {
    "autoencoder": (AUTOENCODER, CODES),
    "variational": (
        VariationalAutoencoderTransformer(2, **SMALL),
        [f"variational{name}" for name in CODES],
    ),
    "imputer": (AutoencoderImputer(AUTOENCODER, random_state=0), NAMES),
}
DETECTOR = AutoencoderOutlierDetector(AUTOENCODER, n_estimators=2, random_state=0)
# Each estimator with the method that takes rows.
METHODS = {
    **{name: (model, "transform") for name, (model, _) in TRANSFORMERS.items()},
    "detector": (DETECTOR, "decision_function"),
}

each_transformer = pytest.mark.parametrize(
    ("model", "names"), TRANSFORMERS.values(), ids=TRANSFORMERS
)
each_estimator = pytest.mark.parametrize(("model", "method"), METHODS.values(), ids=METHODS)


def pandas_frame(X):
    return pd.DataFrame(X, columns=NAMES)


def polars_frame(X):
    return pl.DataFrame(X, schema=NAMES)


def assert_close(got, expected):
    """Equal up to rounding, which depends on whether rows or columns lie together in memory."""
    np.testing.assert_allclose(got, expected, rtol=1e-8)


@pytest.fixture
def X(rng):
    return rng.normal(size=(40, 4)) * [10, 5, 8, 1000] + [40, 170, 70, 3000]


@pytest.fixture(params=[pandas_frame, polars_frame], ids=["pandas", "polars"])
def frame(request, X):
    return request.param(X)


class TestFrames:
    @each_estimator
    def test_a_dataframe_gives_what_its_values_give(self, model, method, frame, X):
        got = getattr(clone(model).fit(frame), method)(frame)
        np.testing.assert_array_equal(got, getattr(clone(model).fit(X), method)(X))

    @each_estimator
    def test_names_of_features_are_kept(self, model, method, frame):
        fitted = clone(model).fit(frame)
        assert list(fitted.feature_names_in_) == NAMES
        assert fitted.n_features_in_ == 4

    @each_transformer
    @pytest.mark.parametrize("container", ["pandas", "polars", "default"])
    def test_set_output_chooses_what_comes_out(self, model, names, container, frame, X):
        fitted = clone(model).set_output(transform=container).fit(frame)
        got = fitted.transform(frame)
        kind = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "default": np.ndarray}[container]
        assert type(got) is kind
        if container != "default":
            assert list(got.columns) == list(fitted.get_feature_names_out()) == names
        np.testing.assert_array_equal(np.asarray(got), clone(model).fit(X).transform(X))

    @each_transformer
    def test_the_index_of_pandas_is_kept(self, model, names, X):
        frame = pandas_frame(X).set_index(pd.Index(range(100, 140), name="person"))
        got = clone(model).set_output(transform="pandas").fit_transform(frame)
        pd.testing.assert_index_equal(got.index, frame.index)

    def test_missing_cells_of_either_kind_are_filled_alike(self, X, rng):
        holes = rng.random(X.shape) < 0.2
        X = np.where(holes, np.nan, X)
        model = TRANSFORMERS["imputer"][0]
        frames = [pandas_frame(X).astype("Float64"), polars_frame(X).fill_nan(None)]
        assert frames[1].null_count().sum_horizontal().item() == holes.sum()
        expected = clone(model).fit_transform(X)
        for frame in frames:
            filled = clone(model).set_output(transform="pandas").fit_transform(frame)
            np.testing.assert_array_equal(filled, expected)
            assert list(filled.columns) == NAMES

    @pytest.mark.parametrize("frame_of", [pandas_frame, polars_frame])
    def test_codes_in_a_dataframe_are_decoded(self, frame_of, X):
        fitted = clone(AUTOENCODER).fit(frame_of(X))
        container = frame_of.__name__.removesuffix("_frame")
        codes = (
            clone(fitted).set_output(transform=container).fit(frame_of(X)).transform(frame_of(X))
        )
        assert list(codes.columns) == CODES
        np.testing.assert_allclose(fitted.inverse_transform(codes), fitted.reconstruct(frame_of(X)))


class TestGlobalOutput:
    """Any setting of `transform_output`: what is computed inside stays plain arrays."""

    MODELS = {
        **{name: model for name, (model, _) in METHODS.items()},
        "imputer with indicator": AutoencoderImputer(AUTOENCODER, add_indicator=True),
        "imputer that keeps": AutoencoderImputer(
            AUTOENCODER, add_indicator=True, keep_empty_features=True, initial_fill="mean"
        ),
    }
    RESULTS = ("transform", "reconstruct", "score_samples", "reconstruction_error", "predict")

    def results(self, model, X):
        fitted = clone(model).set_params(random_state=0).fit(X)
        found = {name: getattr(fitted, name)(X) for name in self.RESULTS if hasattr(fitted, name)}
        if hasattr(fitted, "inverse_transform"):
            found["inverse_transform"] = fitted.inverse_transform(found["transform"])
        return found

    @pytest.mark.parametrize("container", ["default", "pandas", "polars"])
    @pytest.mark.parametrize("frame_of", [pandas_frame, polars_frame])
    @pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
    def test_it_changes_the_container_alone(self, model, frame_of, container, X):
        holes = np.where(np.arange(X.size).reshape(X.shape) % 9 == 0, np.nan, X)
        expected = self.results(model, holes)
        with config_context(transform_output=container):
            for rows in (holes, frame_of(holes)):
                got = self.results(model, rows)
                assert got.keys() == expected.keys()
                for name, values in got.items():
                    np.testing.assert_array_equal(np.asarray(values), expected[name], err_msg=name)

    @pytest.mark.parametrize("container", ["default", "pandas", "polars"])
    def test_a_given_autoencoder_may_have_a_setting_of_its_own(self, container, X):
        given = clone(AUTOENCODER).set_output(transform=container)
        X[::5, 1] = np.nan
        for model, own in (
            (AutoencoderImputer(AUTOENCODER), AutoencoderImputer(given)),
            (DETECTOR, clone(DETECTOR).set_params(autoencoder=given)),
        ):
            found = self.results(own, X)
            for name, values in self.results(model, X).items():
                np.testing.assert_array_equal(found[name], values)


def of_numbers(model):
    """The model without categories: those that know of them take all columns for numbers."""
    model = clone(model)
    if "categorical_features" in model.get_params():
        model.set_params(categorical_features=None)
    return model


class TestTypesOfColumns:
    @each_estimator
    @pytest.mark.parametrize("dtype", ["int64", "Int64", "Float64", "float32", "int8", "bool"])
    def test_numbers_of_other_types_count_as_float64_but_for_float32(self, model, method, dtype, X):
        values = (X.mean(axis=0) < X) if dtype == "bool" else np.rint(X % 100)
        frame = pandas_frame(values).astype(dtype)
        model = of_numbers(model)
        got = getattr(clone(model).fit(frame), method)(frame)
        expected = values.astype(np.float32 if dtype == "float32" else np.float64)
        np.testing.assert_array_equal(got, getattr(clone(model).fit(expected), method)(expected))

    @each_estimator
    def test_columns_of_several_types_are_taken_together(self, model, method, X):
        X[:, 0], X[:, 1] = np.rint(X[:, 0]), X[:, 1] > 170
        frame = pandas_frame(X).astype({"age": "int32", "height": "bool", "income": "Float64"})
        model = of_numbers(model)
        got = getattr(clone(model).fit(frame), method)(frame)
        np.testing.assert_array_equal(got, getattr(clone(model).fit(X), method)(X))

    @each_estimator
    def test_text_is_refused_by_name(self, model, method, X):
        frame = pandas_frame(X).assign(height="tall")
        with pytest.raises(ValueError, match="could not convert string to float: 'tall'"):
            of_numbers(model).fit(frame)


class TestNamesAreChecked:
    @each_estimator
    def test_columns_in_another_order_are_refused(self, model, method, frame):
        fitted = clone(model).fit(frame)
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            getattr(fitted, method)(frame[NAMES[::-1]])

    @each_estimator
    def test_a_missing_column_is_named(self, model, method, frame):
        fitted = clone(model).fit(frame)
        with pytest.raises(ValueError, match=r"seen at fit time, yet now missing:\n- weight"):
            getattr(fitted, method)(frame[["age", "height", "income"]])

    @each_estimator
    def test_an_unknown_column_is_named(self, model, method, X):
        fitted = clone(model).fit(pandas_frame(X))
        with pytest.raises(ValueError, match=r"unseen at fit time:\n- shoes"):
            getattr(fitted, method)(pandas_frame(X).rename(columns={"age": "shoes"}))

    @each_estimator
    def test_rows_without_names_give_scikit_learns_warning(self, model, method, frame, X):
        fitted = clone(model).fit(frame)
        with pytest.warns(UserWarning, match="X does not have valid feature names"):
            getattr(fitted, method)(X)


class TestCompositions:
    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_names_pass_through_a_pipeline(self, container, frame, X):
        pipeline = make_pipeline(StandardScaler(), clone(AUTOENCODER))
        codes = pipeline.set_output(transform=container).fit_transform(frame)
        assert list(codes.columns) == list(pipeline.get_feature_names_out()) == CODES
        assert list(pipeline[-1].feature_names_in_) == NAMES
        plain = make_pipeline(StandardScaler(), clone(AUTOENCODER))
        assert_close(codes.to_numpy(), plain.fit_transform(X))

    def test_a_detector_ends_a_pipeline_of_dataframes(self, frame, X):
        detector = clone(DETECTOR).set_params(n_components=1)
        pipeline = make_pipeline(StandardScaler(), clone(AUTOENCODER), clone(detector))
        pipeline.set_output(transform="pandas").fit(frame)
        assert list(pipeline[-1].feature_names_in_) == CODES
        plain = make_pipeline(StandardScaler(), clone(AUTOENCODER), clone(detector)).fit(X)
        assert_close(pipeline.decision_function(frame), plain.decision_function(X))

    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_columns_chosen_by_name_and_the_rest_passed_on(self, container, frame, X):
        columns = ColumnTransformer(
            [("body", clone(AUTOENCODER), ["weight", "height", "age"])], remainder="passthrough"
        )
        got = columns.set_output(transform=container).fit_transform(frame)
        names = [*(f"body__{name}" for name in CODES), "remainder__income"]
        assert list(got.columns) == names
        body = clone(AUTOENCODER).fit_transform(X[:, [2, 1, 0]])
        assert_close(got.to_numpy(), np.column_stack([body, X[:, 3]]))

    def test_the_rest_of_the_columns_is_encoded(self, X):
        frame = pandas_frame(X).assign(town=np.tile(["Oslo", "Rome"], 20))
        columns = ColumnTransformer(
            [("town", OneHotEncoder(sparse_output=False), make_column_selector(pattern="town"))],
            remainder=clone(AUTOENCODER),
            verbose_feature_names_out=False,
        ).set_output(transform="pandas")
        got = columns.fit_transform(frame)
        assert list(got.columns) == ["town_Oslo", "town_Rome", *CODES]
        assert_close(got[CODES], clone(AUTOENCODER).fit_transform(X))

    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_a_union_puts_the_names_of_its_parts_before(self, container, frame, X):
        union = FeatureUnion([("code", clone(AUTOENCODER)), ("linear", PCA(1))])
        got = union.set_output(transform=container).fit_transform(frame)
        assert list(got.columns) == [*(f"code__{name}" for name in CODES), "linear__pca0"]
        assert_close(got.to_numpy()[:, :2], clone(AUTOENCODER).fit_transform(X))

    @pytest.mark.parametrize("parameter", ["n_components", "hidden_layer_sizes"])
    def test_a_search_reaches_into_a_pipeline_of_columns(self, parameter, frame):
        columns = ColumnTransformer([("body", clone(AUTOENCODER), ["weight", "height", "age"])])
        pipeline = make_pipeline(columns, PCA(1))
        name = f"columntransformer__body__{parameter}"
        search = GridSearchCV(pipeline, {name: [1, 2]}, cv=2).fit(frame)
        best = search.best_estimator_[0].named_transformers_["body"]
        assert getattr(best, parameter) == search.best_params_[name]
        assert list(best.feature_names_in_) == ["weight", "height", "age"]
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
