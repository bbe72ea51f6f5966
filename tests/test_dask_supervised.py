import numpy as np
import pandas as pd
import pytest
from one_batch import averaged_every_step, in_blocks, one_batch
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.metrics import accuracy_score, r2_score

from skautoencoder import AutoencoderClassifier, AutoencoderRegressor

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

ROWS = 600
LETTERS = np.array(list("abcdefghij"))
WINE, CULTIVARS = load_wine(return_X_y=True)

ONE_BATCH = one_batch(ROWS, dropout=0.0)


@pytest.fixture
def X(digits):
    return digits[:ROWS]


@pytest.fixture
def letters():
    return LETTERS[load_digits().target[:ROWS]]


@pytest.fixture(autouse=True)
def every_step():
    with averaged_every_step():
        yield


def assert_same_fit(one, other):
    for name in ("coefs_", "target_coefs_", "target_intercepts_", "loss_curve_"):
        for own, expected in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("options", "is_weighted"),
    [
        ({}, False),
        ({"head_layer_sizes": 8, "target_weight": 3.0}, True),
        ({"class_weight": "balanced"}, False),
        ({"class_weight": {"a": 3.0, "b": 0.0}}, True),
    ],
    ids=["plain", "weights", "balanced", "class weights"],
)
def test_a_classifier_is_what_one_machine_makes_of_the_rows(
    options, is_weighted, X, letters, rng, client
):
    weights = None
    if is_weighted:
        weights = rng.integers(3, size=ROWS) * rng.random(ROWS)
        weights[:150] = 0  # a whole block that does not count, and half of another
    expected = AutoencoderClassifier(5, **ONE_BATCH, **options)
    expected.fit(X, letters, sample_weight=weights)
    fitted = AutoencoderClassifier(5, **ONE_BATCH, **options)
    fitted.fit(in_blocks(X), in_blocks(letters, 77), sample_weight=weights)
    assert_same_fit(fitted, expected)
    np.testing.assert_array_equal(fitted.classes_, expected.classes_)


@pytest.mark.parametrize("n_outputs", [None, 3])
def test_a_regressor_is_what_one_machine_makes_of_the_rows(n_outputs, X, rng, client):
    y = 1e3 + 50 * rng.normal(size=ROWS if n_outputs is None else (ROWS, n_outputs))
    weights = rng.random(ROWS)
    expected = AutoencoderRegressor(5, **ONE_BATCH).fit(X, y, sample_weight=weights)
    fitted = AutoencoderRegressor(5, **ONE_BATCH).fit(in_blocks(X), y, sample_weight=weights)
    assert_same_fit(fitted, expected)
    np.testing.assert_allclose(fitted.target_mean_, expected.target_mean_, rtol=1e-12)
    np.testing.assert_allclose(fitted.target_scale_, expected.target_scale_, rtol=1e-12)
    lazy = fitted.predict(in_blocks(X))
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy, expected.predict(X), rtol=1e-9)
    assert fitted.score(in_blocks(X), in_blocks(y, 77)) == pytest.approx(expected.score(X, y))


def test_passes_over_collections_go_on_from_each_other(X, letters, client):
    options = {**ONE_BATCH, "batch_size": 300}
    expected = AutoencoderClassifier(5, **options)
    fitted = AutoencoderClassifier(5, **options)
    for part in (slice(300), slice(300, 600)):
        expected.partial_fit(X[part], letters[part], classes=LETTERS)
        fitted.partial_fit(in_blocks(X[part]), in_blocks(letters[part]), classes=LETTERS)
    assert_same_fit(fitted, expected)


def test_dataframes_of_other_blocks_than_y(client):
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    options = {**ONE_BATCH, "batch_size": len(frame)}
    expected = AutoencoderRegressor(2, **options).fit(frame, y)
    X, target = dd.from_pandas(frame, npartitions=4), dd.from_pandas(y, npartitions=3)
    fitted = AutoencoderRegressor(2, **options).fit(X, target)
    assert_same_fit(fitted, expected)
    predicted = fitted.predict(X).compute()
    pd.testing.assert_series_equal(
        predicted, pd.Series(expected.predict(frame), frame.index, name="predict")
    )
    assert fitted.score(X, target) == pytest.approx(r2_score(y, predicted))


def test_every_class_is_held_out_alike_on_every_worker(client):
    from skautoencoder._dask.dataset import cluster_dataset

    classes = np.tile(np.repeat([0, 1, 2], [60, 30, 10]), 2)
    X = in_blocks(np.random.default_rng(0).normal(size=(200, 3)), 100)
    rows = cluster_dataset(AutoencoderClassifier(2), X, None, [np.float64, np.float32], True)
    rows = rows.with_targets(classes)
    order, held_out = rows.hold_out(40, np.random.default_rng(0), True, is_stratified=True)
    np.testing.assert_array_equal(np.bincount(held_out.all_targets()), [24, 12, 4])
    np.testing.assert_array_equal(np.bincount(order.rows.all_targets()), [96, 48, 16])
    for split in client.gather(order.rows._splits):
        np.testing.assert_array_equal(np.bincount(classes[split["validation"]]), [12, 6, 2])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_of_collections_are_lazy_and_named_by_the_classes(n_classes):
    kept = n_classes > CULTIVARS
    frame = pd.DataFrame(WINE[kept], columns=[f"f{i}" for i in range(13)])
    names = np.array(["one", "two", "three"])[CULTIVARS[kept]]
    fitted = AutoencoderClassifier(2, max_iter=2, random_state=0).fit(frame, names)
    of_arrays = AutoencoderClassifier(2, max_iter=2, random_state=0).fit(WINE[kept], names)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(fitted, method)(frame)
        of_array = getattr(of_arrays, method)(in_blocks(WINE[kept], 50))
        of_frame = getattr(fitted, method)(dd.from_pandas(frame, npartitions=3))
        assert isinstance(of_array, da.Array)
        assert of_array.dtype == of_array.compute().dtype
        if expected.ndim == 2:
            assert list(of_frame.columns) == list(fitted.classes_)
        else:
            assert of_frame.name == method
        for lazy in (of_array, of_frame):
            if method == "predict":
                np.testing.assert_array_equal(lazy.compute(), expected)
            else:
                np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-12)
    accuracy = accuracy_score(names, fitted.predict(frame))
    assert of_arrays.score(in_blocks(WINE[kept], 50), in_blocks(names, 50)) == accuracy


def test_several_targets_have_columns_of_their_own():
    targets = np.c_[CULTIVARS, -CULTIVARS]
    frame = pd.DataFrame(WINE, columns=[f"f{i}" for i in range(13)])
    fitted = AutoencoderRegressor(2, max_iter=2, random_state=0).fit(frame, targets)
    predicted = fitted.predict(dd.from_pandas(frame, npartitions=2))
    assert list(predicted.columns) == ["y0", "y1"]
    np.testing.assert_allclose(predicted.compute(), fitted.predict(frame), rtol=1e-12)


def test_fit_transform_gives_lazy_codes(client):
    model = AutoencoderClassifier(2, max_iter=2, random_state=0)
    codes = model.fit_transform(in_blocks(WINE, 60), CULTIVARS)
    assert isinstance(codes, da.Array)
    np.testing.assert_array_equal(codes.compute(), model.transform(in_blocks(WINE, 60)).compute())


def test_what_needs_all_rows_on_one_machine_or_a_y_for_each_is_refused(client):
    X = in_blocks(WINE, 60)
    with pytest.raises(ValueError, match=r"target_weight=0 fits the head .* raise target_weight"):
        AutoencoderClassifier(2, target_weight=0).fit(X, CULTIVARS)
    for wrong in (CULTIVARS[:-1], in_blocks(CULTIVARS[:-1], 60)):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[178, 177\]"):
            AutoencoderClassifier(2).fit(X, wrong)
    with pytest.raises(ValueError, match=r"y has classes .* not among"):
        AutoencoderClassifier(2).partial_fit(X, CULTIVARS, classes=[0, 1])
