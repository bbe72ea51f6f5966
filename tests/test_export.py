"""What onnxruntime computes is what the package computes."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

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
from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS

skl2onnx = pytest.importorskip("skl2onnx", reason="export needs skl2onnx, of the extra 'onnx'")
onnxruntime = pytest.importorskip("onnxruntime", reason="graphs are run in onnxruntime")

OUTPUTS = ["transform", "inverse_transform", "reconstruct"]
DTYPES = [np.float32, np.float64]
# Of the largest absolute value.
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# Scores are in units of what is usual, beside which roundings are larger.
SCORE_TOLERANCE = {np.float32: 2e-4, np.float64: 1e-9}


def outputs_of(onnx_model, X):
    session = onnxruntime.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X})


def assert_exported(model, X, output="transform", **options):
    """The exported output is the method's, in the type of X."""
    X = model.transform(X) if output == "inverse_transform" else X
    expected = getattr(model, output)(X)
    (got,) = outputs_of(to_onnx(model, X, output, **options), X)
    assert got.dtype == expected.dtype == X.dtype
    assert got.shape == expected.shape
    scale = np.abs(expected).max()
    assert scale > 0
    assert np.abs(got - expected).max() <= TOLERANCE[X.dtype.type] * scale


def small(cls=AutoencoderTransformer, **params):
    sizes = {"n_components": 2, "hidden_layer_sizes": (7, 4), "max_iter": 2, "random_state": 0}
    return cls(**{**sizes, **params})


def trained(model, X):
    """The model after two passes over X, with layers that count.

    `fit` would fall back to PCA, whose layers are 0: no activation would be seen.
    """
    model = clone(model).partial_fit(X).partial_fit(X)
    n = model._n_encoder_layers
    assert model.coefs_[n - 1].any()
    assert model.coefs_[-1].any()
    return model


@pytest.fixture
def X(rng):
    return 3 * rng.normal(size=(40, 6)) + np.arange(6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", OUTPUTS)
class TestNetworks:
    @pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
    def test_every_activation_of_hidden_layers_and_code(self, activation, output, dtype, X):
        X = X.astype(dtype)
        model = trained(small(activation=activation, code_activation=activation), X)
        assert_exported(model, X, output)

    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_every_activation_of_the_output(self, activation, output, dtype, X):
        X = X.astype(dtype)
        model = trained(small(output_activation=activation, learning_rate_init=1e-3), X)
        assert_exported(model, X, output)

    @pytest.mark.parametrize(
        "model",
        [
            small(),
            small(skip_connections=False),
            small(skip_connections=False, scale=None),
            small(skip_connections=True, loss="binary_cross_entropy", scale="minmax"),
            small(skip_connections=True, weight_init="pca", output_activation="softplus"),
            small(tied_weights=True),
            small(tied_weights=True, skip_connections=False, scale="standard"),
            small(hidden_layer_sizes=(), decoder_layer_sizes=(5, 3), scale="minmax"),
            small(loss="poisson", scale="minmax"),
            small(VariationalAutoencoderTransformer),
            small(VariationalAutoencoderTransformer, loss="binary_cross_entropy", scale="minmax"),
        ],
        ids=str,
    )
    def test_every_kind_of_network(self, model, output, dtype, X):
        X = X.astype(dtype)
        assert_exported(trained(model, X), X, output)

    def test_missing_values_become_means(self, output, dtype, X):
        X = X.astype(dtype)
        X[::3, 1] = X[5] = np.nan
        for scale in (None, "standard"):
            for cls in (AutoencoderTransformer, VariationalAutoencoderTransformer):
                assert_exported(trained(small(cls, scale=scale), X), X, output)

    def test_networks_of_layer_weights(self, output, dtype, rng):
        matrices = [rng.normal(size=shape).astype(dtype) for shape in [(2, 7), (6, 3)]]
        model = AutoencoderTransformer.from_layer_weights(matrices, n_components=2)
        assert_exported(model, rng.uniform(size=(10, 6)).astype(dtype), output)


@pytest.mark.filterwarnings("ignore:n_components=:UserWarning")
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(1, 20),
    n_components=st.integers(1, 9),
    hidden=st.lists(st.integers(1, 30), max_size=3),
    activation=st.sampled_from(HIDDEN_ACTIVATIONS),
    paths=st.booleans(),
    scale=st.sampled_from([None, "auto", "common", "standard", "minmax"]),
    variational=st.booleans(),
    fitted=st.sampled_from(DTYPES),
    dtype=st.sampled_from(DTYPES),
    output=st.sampled_from(OUTPUTS),
)
def test_networks_of_any_shape(
    seed, n_features, n_components, hidden, activation, paths, scale, variational, fitted, dtype,
    output,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(25, n_features)) * rng.uniform(0.1, 10, n_features)
    X += 5 * rng.normal(size=n_features)
    X[rng.random(X.shape) < 0.05] = np.nan
    params = {"activation": activation, "scale": scale, "learning_rate_init": 1e-3}
    sizes = {"n_components": n_components, "hidden_layer_sizes": hidden, "max_iter": 1}
    if variational:
        model = VariationalAutoencoderTransformer(**sizes, **params, random_state=seed)
    else:
        model = AutoencoderTransformer(
            **sizes, **params, random_state=seed, skip_connections=paths, code_activation="identity"
        )
    model.partial_fit(X.astype(fitted))
    X = X.astype(dtype)
    X = model.transform(X) if output == "inverse_transform" else X
    expected = getattr(model, output)(X)
    (got,) = outputs_of(to_onnx(model, X, output), X)
    # The package computes in the type of the weights, the graph in that of its input.
    tolerance = max(TOLERANCE[dtype], TOLERANCE[fitted])
    assert np.abs(got - expected).max() <= tolerance * np.abs(expected).max()


def test_float32_rows_far_from_zero_keep_their_digits(rng):
    X = 1e5 / 3 + rng.normal(size=(50, 4))
    assert_exported(trained(small(), X), X.astype(np.float32))


# The lowest and one between; all other tests take the newest.
@pytest.mark.parametrize("opset", [13, 18])
def test_older_sets_of_operators_do(opset, X):
    for activation in HIDDEN_ACTIVATIONS:
        model = trained(small(activation=activation), X)
        for output in OUTPUTS:
            assert_exported(model, X, output, target_opset=opset)


@pytest.mark.parametrize("dtype", DTYPES)
class TestPipelines:
    def test_steps_before_and_after(self, dtype, X):
        X = X.astype(dtype)
        pipeline = make_pipeline(StandardScaler(), small(), MinMaxScaler()).fit(X)
        assert_exported(pipeline, X)
        pipeline = make_pipeline(small(), PCA(2), small(VariationalAutoencoderTransformer)).fit(X)
        assert_exported(pipeline, X)

    def test_a_classifier_of_codes(self, dtype, X):
        X, y = X.astype(dtype), X[:, 0] > 0
        pipeline = make_pipeline(StandardScaler(), small(), LogisticRegression()).fit(X, y)
        options = {"options": {"zipmap": False}}
        labels, probabilities = outputs_of(to_onnx(pipeline, X, **options), X)
        np.testing.assert_array_equal(labels, pipeline.predict(X))
        np.testing.assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-6)

    def test_columns(self, dtype, X):
        X = X.astype(dtype)
        columns = ColumnTransformer([("a", small(), [0, 1, 2]), ("b", small(), [3, 4, 5])])
        assert_exported(columns.fit(X), X)

    def test_skl2onnx_by_itself(self, dtype, X):
        X = X.astype(dtype)
        pipeline = make_pipeline(StandardScaler(), small()).fit(X)
        register_onnx_converters()
        (got,) = outputs_of(skl2onnx.to_onnx(pipeline, X[:1]), X)
        np.testing.assert_allclose(got, pipeline.transform(X), rtol=1e-4, atol=1e-5)


def test_the_exported_model_takes_any_number_of_rows(X):
    model = small().fit(X)
    onnx_model = to_onnx(model, X[:3])
    for n_rows in (1, 7):
        (got,) = outputs_of(onnx_model, X[:n_rows])
        np.testing.assert_allclose(got, model.transform(X[:n_rows]))


def test_dataframes_lists_and_integers_count_as_float64(X):
    model = small().fit(X)
    for given_X in (pd.DataFrame(X), X.tolist(), X.astype(int)):
        (got,) = outputs_of(to_onnx(model, given_X), X)
        np.testing.assert_allclose(got, model.transform(X))


def test_integers_from_a_step_before_are_taken(X):
    X = X.astype(np.int64)
    model = small(activation="gelu").fit(X.astype(np.float32))
    register_onnx_converters()
    (got,) = outputs_of(skl2onnx.to_onnx(model, X[:1]), X)
    np.testing.assert_allclose(got, model.transform(X), rtol=1e-4, atol=1e-5)


def test_exporting_changes_nothing(X):
    model = small().fit(X)
    before = {name: np.copy(each) for name, each in enumerate(model.coefs_)}
    names = set(vars(model))
    to_onnx(model, X, "reconstruct")
    assert set(vars(model)) == names
    assert all(np.array_equal(before[i], each) for i, each in enumerate(model.coefs_))


def detector(autoencoder=None, **params):
    if autoencoder is None:
        # With paths it could be left at PCA, which has no activations to be seen.
        autoencoder = small(skip_connections=False)
    return AutoencoderOutlierDetector(
        autoencoder, **{"n_estimators": 2, "random_state": 0, **params}
    )


def assert_judged(model, X, tolerance=None, **options):
    """The exported labels and scores are those of the model, in a column each."""
    expected, dtype = model.decision_function(X), X.dtype.type
    labels, scores = outputs_of(to_onnx(model, X, "predict", **options), X)
    assert labels.dtype == np.int64
    assert scores.dtype == dtype
    assert labels.shape == scores.shape == (len(X), 1)
    limit = (tolerance or SCORE_TOLERANCE[dtype]) * np.abs(expected).max()
    assert 0 < limit < np.inf
    assert np.abs(scores[:, 0] - expected).max() <= limit
    is_clear = np.abs(expected) > limit
    np.testing.assert_array_equal(labels[is_clear, 0], model.predict(X)[is_clear])
    assert {*labels[is_clear, 0]} == {-1, 1}


@pytest.mark.parametrize("dtype", DTYPES)
class TestOutlierDetectors:
    @pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
    def test_every_activation(self, activation, dtype, X):
        X = X.astype(dtype)
        X[:3] *= 5
        model = detector(small(skip_connections=False, activation=activation)).fit(X)
        # Sigmoids after a few epochs rebuild all rows nearly alike: as far apart as the docs say.
        is_alike = activation == "sigmoid" and dtype == np.float32
        assert_judged(model, X, tolerance=5e-4 if is_alike else None)

    @pytest.mark.parametrize(
        "model",
        [
            AutoencoderOutlierDetector(n_estimators=5, random_state=0),
            detector(small(scale=None)),
            detector(small(tied_weights=True), n_components=(1, 0.5, 3), n_estimators=4),
            detector(small(loss="binary_cross_entropy", scale="minmax"), contamination=0.1),
            detector(small(VariationalAutoencoderTransformer), trim=0),
        ],
        ids=str,
    )
    def test_every_kind_of_detector(self, model, dtype, X):
        X = X.astype(dtype)
        X[:3] *= 5
        assert_judged(clone(model).fit(X), X)

    def test_missing_cells_count_nothing_and_rows_of_them_score_0(self, dtype, X):
        X = X.astype(dtype)
        X[:3] *= 5
        X[::3, 1] = X[5] = np.nan
        for scale in (None, "standard"):
            model = detector(small(skip_connections=False, scale=scale)).fit(X)
            assert_judged(model, X)
            _, scores = outputs_of(to_onnx(model, X), X[5:6])
            assert scores.item() == pytest.approx(-model.offset_, rel=1e-6)

    def test_cells_whose_square_is_out_of_range(self, dtype, X):
        X = X.astype(dtype)
        model = detector().fit(X)
        X[0] = {np.float32: 1e30, np.float64: 1e150}[dtype]
        assert_judged(model, X)

    def test_steps_before(self, dtype, X):
        X = X.astype(dtype)
        X[:3] *= 5
        assert_judged(make_pipeline(StandardScaler(), detector()).fit(X), X)
        columns = ColumnTransformer([("a", small(), [0, 1, 2]), ("b", PCA(2), [3, 4, 5])])
        assert_judged(make_pipeline(columns, detector(small(n_components=1))).fit(X), X)

    @pytest.mark.parametrize("opset", [13, 17])
    def test_older_sets_of_operators_do(self, opset, dtype, X):
        X = X.astype(dtype)
        X[:3] *= 5
        assert_judged(detector().fit(X), X, target_opset=opset)

    def test_skl2onnx_by_itself(self, dtype, X):
        X = X.astype(dtype)
        pipeline = make_pipeline(StandardScaler(), detector()).fit(X)
        register_onnx_converters()
        onnx_model = skl2onnx.to_onnx(pipeline, X[:1])
        assert [each.name for each in onnx_model.graph.output] == ["label", "scores"]
        _, scores = outputs_of(onnx_model, X)
        expected = pipeline.decision_function(X)[:, np.newaxis]
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(2, 20),
    hidden=st.lists(st.integers(1, 20), max_size=2),
    activation=st.sampled_from(HIDDEN_ACTIVATIONS),
    paths=st.booleans(),
    scale=st.sampled_from([None, "auto", "common", "standard", "minmax"]),
    fitted=st.sampled_from(DTYPES),
    dtype=st.sampled_from(DTYPES),
)
def test_detectors_of_any_shape(seed, n_features, hidden, activation, paths, scale, fitted, dtype):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, n_features)) * rng.uniform(0.1, 10, n_features)
    X[:4] *= 8
    X += 5 * rng.normal(size=n_features)
    X[4:][rng.random((36, n_features)) < 0.05] = np.nan
    autoencoder = AutoencoderTransformer(
        1, hidden_layer_sizes=hidden, activation=activation, skip_connections=paths, scale=scale,
        learning_rate_init=1e-3, max_iter=1,
    )  # fmt: skip
    model = AutoencoderOutlierDetector(autoencoder, n_estimators=2, random_state=seed)
    model.fit(X.astype(fitted))
    # In what differs between rows by less, roundings of float32 make up more than the tolerance.
    assume(fitted == dtype == np.float64 or model.neighbour_variances_.min() > 1e-3)
    assert_judged(model, X.astype(dtype), max(SCORE_TOLERANCE[fitted], SCORE_TOLERANCE[dtype]))


def supervised(kind, **params):
    return small(kind, **{"n_components": 3, "max_iter": 5, **params})


@pytest.mark.parametrize("dtype", DTYPES)
class TestSupervised:
    @pytest.mark.parametrize("labels", [[3, 1, 7], ["no", "yes", "maybe"], [False, True, True]])
    @pytest.mark.parametrize("in_a_pipeline", [False, True])
    def test_label_and_probabilities(self, labels, in_a_pipeline, dtype, X):
        X = X.astype(dtype)
        y = np.array(labels)[np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.6]))]
        model = supervised(AutoencoderClassifier, head_layer_sizes=4)
        model = (make_pipeline(StandardScaler(), model) if in_a_pipeline else model).fit(X, y)
        label, probabilities = outputs_of(to_onnx(model, X, "predict"), X)
        expected = model.predict_proba(X)
        assert probabilities.dtype == dtype
        assert np.abs(probabilities - expected).max() <= 10 * TOLERANCE[dtype]
        np.testing.assert_array_equal(label, model.predict(X))

    def test_codes_of_a_classifier_before_another(self, dtype, X):
        X, y = X.astype(dtype), (X[:, 0] > 0).astype(int)
        model = supervised(AutoencoderClassifier).fit(X, y)
        assert_exported(model, X)
        assert_exported(model, X, "reconstruct")
        pipeline = make_pipeline(model, LogisticRegression()).fit(X, y)
        (label, *_) = outputs_of(to_onnx(pipeline, X, "predict", options={"zipmap": False}), X)
        np.testing.assert_array_equal(label, pipeline.predict(X))

    @pytest.mark.parametrize("n_outputs", [1, 2])
    def test_numbers(self, n_outputs, dtype, X):
        X = X.astype(dtype)
        y = 100 + 9 * X[:, 0] if n_outputs == 1 else np.c_[X[:, 0], 50 * X[:, 1]]
        model = supervised(AutoencoderRegressor).fit(X, y)
        (got,) = outputs_of(to_onnx(model, X, "predict"), X)
        expected = model.predict(X).reshape(len(X), -1)
        assert got.dtype == dtype
        assert np.abs(got - expected).max() <= 10 * TOLERANCE[dtype] * np.abs(expected).max()
        assert_exported(model, X)


def test_labels_that_onnx_has_not_are_refused(X):
    model = supervised(AutoencoderClassifier).fit(X, np.where(X[:, 0] > 0, 1.0, 2.0))
    with pytest.raises(ValueError, match=r"integers or strings. Got classes \[1.0, 2.0\]"):
        to_onnx(model, X, "predict")


class TestMistakes:
    def test_an_unknown_output(self, X):
        with pytest.raises(ValueError, match=r"output must be one of \['auto', .*'decode'"):
            to_onnx(small().fit(X), X, "decode")

    def test_an_output_that_the_model_does_not_have(self, X):
        with pytest.raises(
            ValueError, match="'predict' is not what this AutoencoderTransformer has"
        ):
            to_onnx(small().fit(X), X, "predict")
        with pytest.raises(
            ValueError, match=r"'transform' is not what this .*Detector has.*at 'auto'"
        ):
            to_onnx(detector().fit(X), X, "transform")

    @pytest.mark.parametrize("initial_fill", ["normal", "mean"])
    def test_imputers_are_refused_alone_and_within(self, initial_fill, X):
        X[0, 0] = np.nan
        imputer = AutoencoderImputer(small(), initial_fill=initial_fill)
        for model in (imputer, make_pipeline(StandardScaler(), imputer, small())):
            with pytest.raises(ValueError, match=r"Imputer cannot be converted.*SimpleImputer"):
                to_onnx(model.fit(X), X)

    @pytest.mark.parametrize("output", ["inverse_transform", "reconstruct"])
    def test_outputs_that_only_an_autoencoder_has(self, output, X):
        with pytest.raises(ValueError, match="Got a Pipeline instead: pass its last step"):
            to_onnx(make_pipeline(small()).fit(X), X, output)
        with pytest.raises(ValueError, match="Got a PCA instead, or use output='auto'"):
            to_onnx(PCA().fit(X), X, output)

    @pytest.mark.parametrize(
        ("output", "shape"),
        [("auto", (3, 5)), ("transform", (3, 5)), ("inverse_transform", (3, 6)),
         ("reconstruct", (6,)), ("transform", (0, 6))],
    )  # fmt: skip
    def test_a_wrong_width(self, output, shape, X):
        with pytest.raises(
            ValueError, match=f"columns that output='{output}' of this A.*Got shape"
        ):
            to_onnx(small().fit(X), np.zeros(shape), output)

    def test_a_detector_of_another_width(self, X):
        with pytest.raises(
            ValueError, match="the 6 columns that output='predict' of this AutoencoderO"
        ):
            to_onnx(detector().fit(X), X[:, :5], "predict")

    def test_an_estimator_that_is_not_fitted(self, X):
        for model in (small(), detector()):
            with pytest.raises(ValueError, match="not fitted yet"):
                to_onnx(model, X)

    def test_without_skl2onnx_it_is_said_what_to_install(self, X, monkeypatch):
        monkeypatch.setitem(sys.modules, "skl2onnx", None)
        for call in (lambda: to_onnx(small(), X), register_onnx_converters):
            with pytest.raises(ImportError, match=r"pip install 'skautoencoder\[onnx\]'"):
                call()
