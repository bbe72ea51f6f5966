"""Data frames that come back: names and index, where `set_output` asks for frames."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)
from skautoencoder.plotting import ErrorDisplay

NAMES = ["height", "width", "weight"]
X = pd.DataFrame(
    np.random.default_rng(0).lognormal(size=(40, 3)),
    columns=NAMES,
    index=[f"row {number}" for number in range(100, 140)],
)
Y = np.arange(40) % 2
SHORT = {"n_components": 2, "hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
METHODS = {
    "inverse_transform": lambda fitted, X: fitted.inverse_transform(fitted.transform(X)),
    "reconstruct": lambda fitted, X: fitted.reconstruct(X),
    "reconstruction_error": lambda fitted, X: fitted.reconstruction_error(X, per_feature=True),
}


@pytest.fixture(
    scope="module",
    params=[
        AutoencoderTransformer(**SHORT),
        VariationalAutoencoderTransformer(**SHORT),
        AutoencoderClassifier(**SHORT),
        AutoencoderRegressor(**SHORT),
    ],
    ids=lambda each: type(each).__name__,
)
def fitted(request):
    return clone(request.param).fit(X, Y)


@pytest.fixture(scope="module")
def detector():
    autoencoder = AutoencoderTransformer(hidden_layer_sizes=(4,), max_iter=2)
    return AutoencoderOutlierDetector(autoencoder, n_estimators=1, random_state=0).fit(X)


@pytest.mark.parametrize("method", METHODS)
def test_pandas_frames_have_the_features_names_and_the_index(fitted, method):
    plain = METHODS[method](fitted.set_output(transform="default"), X)
    frame = METHODS[method](fitted.set_output(transform="pandas"), X)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(plain, index=X.index, columns=NAMES))


@pytest.mark.parametrize("method", METHODS)
def test_polars_frames_have_the_features_names(fitted, method):
    plain = METHODS[method](fitted.set_output(transform="default"), X)
    frame = METHODS[method](fitted.set_output(transform="polars"), pl.from_pandas(X))
    assert type(frame) is pl.DataFrame
    assert frame.columns == NAMES
    np.testing.assert_array_equal(frame.to_numpy(), plain)


def test_the_error_of_each_row_stays_an_array(fitted):
    errors = fitted.set_output(transform="pandas").reconstruction_error(X)
    assert type(errors) is np.ndarray
    assert errors.shape == (40,)


def test_new_rows_of_a_variational_autoencoder_have_names():
    fitted = VariationalAutoencoderTransformer(**SHORT).fit(X).set_output(transform="pandas")
    assert list(fitted.sample(3).columns) == NAMES


def test_features_without_names_are_numbered():
    fitted = AutoencoderTransformer(**SHORT).fit(X.to_numpy()).set_output(transform="pandas")
    assert list(fitted.reconstruct(X.to_numpy()).columns) == ["x0", "x1", "x2"]


def test_float32_stays_float32_in_frames():
    fitted = AutoencoderTransformer(**SHORT).fit(X).set_output(transform="pandas")
    assert set(fitted.reconstruct(X.astype(np.float32)).dtypes) == {np.dtype("float32")}


# ---- Outlier detector ----------------------------------------------------------------------


def test_contributions_are_a_frame_where_the_detector_is_asked_for_one(detector):
    plain = detector.set_output(transform="default").feature_contributions(X)
    frame = detector.set_output(transform="pandas").feature_contributions(X)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(plain, index=X.index, columns=NAMES))


def test_clones_of_the_detector_keep_its_output(detector):
    again = clone(detector.set_output(transform="polars")).fit(X)
    assert type(again.feature_contributions(X)) is pl.DataFrame


def test_none_leaves_the_detectors_output_as_it_is(detector):
    detector.set_output(transform="polars").set_output(transform=None)
    assert type(detector.feature_contributions(X)) is pl.DataFrame


def test_an_unknown_output_of_the_detector_is_refused(detector):
    with pytest.raises(
        ValueError, match=r"The 'transform' parameter of set_output must be .*arrow"
    ):
        detector.set_output(transform="arrow")


# ---- Frames for all estimators -------------------------------------------------------------


def test_the_global_setting_changes_containers_but_no_number():
    """Estimators that are made of others see arrays inside, whatever the output is."""
    gaps = X.mask(np.random.default_rng(1).random(X.shape) < 0.2)
    imputer = AutoencoderImputer(AutoencoderTransformer(**SHORT), max_iter=2, random_state=0)
    detector = AutoencoderOutlierDetector(
        AutoencoderTransformer(hidden_layer_sizes=(4,), max_iter=2), n_estimators=1, random_state=0
    )
    filled, why = (
        clone(imputer).fit_transform(gaps),
        clone(detector).fit(X).feature_contributions(X),
    )
    with sklearn.config_context(transform_output="pandas"):
        filled_frame = clone(imputer).fit_transform(gaps)
        why_frame = clone(detector).fit(X).feature_contributions(X)
    for plain, frame in ((filled, filled_frame), (why, why_frame)):
        pd.testing.assert_frame_equal(frame, pd.DataFrame(plain, index=X.index, columns=NAMES))


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
@pytest.mark.parametrize("step", [StandardScaler(), PowerTransformer()], ids=["standard", "power"])
def test_a_pipeline_leads_codes_back_to_the_units_of_x(step, output):
    """Also where its step asks for the names that it was fitted on, as PowerTransformer does."""
    rows = {"default": X.to_numpy(), "pandas": X, "polars": pl.from_pandas(X)}[output]
    pipeline = make_pipeline(clone(step), AutoencoderTransformer(**SHORT))
    rebuilt = (
        pipeline.set_output(transform=output).fit(rows)[-1].reconstruct(pipeline[0].transform(rows))
    )
    undone = pipeline[0].inverse_transform(rebuilt)
    again = pipeline.inverse_transform(pipeline.transform(rows))
    np.testing.assert_array_equal(again, undone)
    assert np.abs(again - X.to_numpy()).mean() < X.to_numpy().std()


def test_the_inverse_of_a_pipeline_of_frames_has_the_values_of_x():
    """In units that differ by thousands: a code of two numbers holds all of these rows."""
    rng = np.random.default_rng(0)
    height, width = rng.normal(1.7, 0.1, size=50), rng.normal(4000, 300, size=50)
    plane = pd.DataFrame(
        {"height": height, "width": width, "weight": 20 * height - width / 100},
        index=[f"row {number}" for number in range(50)],
    )
    linear = AutoencoderTransformer(
        2, hidden_layer_sizes=(), activation="identity", max_iter=2, random_state=0
    )
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), linear)
    codes = pipeline.set_output(transform="pandas").fit_transform(plane)
    assert codes.index.equals(plane.index)
    rebuilt = pipeline.inverse_transform(codes)
    np.testing.assert_allclose(rebuilt, plane.to_numpy(), rtol=1e-6)
    # In a pipeline whose first step is an autoencoder, it is a frame as well.
    alone = make_pipeline(clone(linear)).set_output(transform="pandas")
    again = alone.inverse_transform(alone.fit_transform(plane))
    pd.testing.assert_frame_equal(again, plane, rtol=1e-2)


def test_errors_are_drawn_alike_whatever_the_output_is():
    pipeline = make_pipeline(StandardScaler(), AutoencoderTransformer(**SHORT))
    plain = ErrorDisplay.from_estimator(clone(pipeline).fit(X), X)
    framed = ErrorDisplay.from_estimator(pipeline.set_output(transform="pandas").fit(X), X)
    np.testing.assert_array_equal(framed.errors, plain.errors)
