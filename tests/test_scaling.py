import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skautoencoder.network.activations import ACTIVATIONS
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.scaling import (
    deviations,
    extremes,
    fit_scaling,
    means,
    total_variation,
    varies,
)


def fitted(kind, rows, output="identity"):
    mean = means(rows)
    return fit_scaling(kind, rows, mean, deviations(rows, mean), ACTIVATIONS[output])


def scaled(X, kind, output, **kwargs):
    scaling = fitted(kind, Dataset(X, **kwargs), output)
    result = np.array(X.toarray() if sparse.issparse(X) else X)
    if scaling is not None:
        scaling.apply(result)
    return result


@pytest.fixture
def X(rng):
    X = rng.normal(size=(40, 4)) * [1, 100, 0.01, 1] + [0, 50, -3, 0]
    X[:, 3] = 7.5
    return X


def test_standard_scaling_is_the_standard_scaler(X):
    np.testing.assert_allclose(scaled(X, "standard", "identity"), StandardScaler().fit_transform(X))


def test_rounding_noise_has_no_common_scale():
    X = np.full((7, 3), 0.1) + np.array([[0], [1e-17], [0], [0], [0], [0], [0]])
    np.testing.assert_allclose(scaled(X, "common", "identity"), 0, atol=1e-16)


def test_minmax_scaling_is_the_minmax_scaler(X):
    np.testing.assert_allclose(
        scaled(X, "minmax", "identity"), MinMaxScaler().fit_transform(X), atol=1e-12
    )
    np.testing.assert_allclose(
        scaled(X, "minmax", "tanh"),
        MinMaxScaler(feature_range=(-1, 1)).fit_transform(X),
        atol=1e-12,
    )


def test_weights_count_as_repetitions_and_zero_as_absence(X, rng):
    weights = rng.integers(0, 4, size=40)
    kept = np.flatnonzero(weights)
    rows = Dataset(X, sample_weight=weights.astype(float), subset=kept)
    mean = means(rows)
    deviation = deviations(rows, mean)
    np.testing.assert_allclose(mean, np.repeat(X, weights, axis=0).mean(axis=0))
    np.testing.assert_allclose(deviation, np.repeat(X, weights, axis=0).std(axis=0), atol=1e-12)
    np.testing.assert_array_equal(extremes(rows)[0], X[kept].min(axis=0))


@pytest.mark.parametrize("kind", ["common", "standard", "minmax"])
def test_sparse_rows_scale_like_dense_ones(kind, X):
    X[X < 0] = 0
    np.testing.assert_allclose(
        scaled(sparse.csr_array(X), kind, "identity"), scaled(X, kind, "identity")
    )


@pytest.mark.parametrize(
    ("output", "low", "high", "expected"),
    [
        ("identity", 0, 1, "common"),
        ("leaky_relu", -5, 5, "common"),
        ("sigmoid", 0, 1, "none"),
        ("sigmoid", 0.2, 0.7, "none"),
        ("sigmoid", 0, 1.1, "minmax"),
        ("tanh", -1, 1, "none"),
        ("tanh", -3, 0, "minmax"),
        ("relu", 0, 100, "deviation"),
        ("relu", -1, 100, "deviation, shifted"),
        ("elu", -2, 3, "deviation, shifted"),
    ],
)
def test_auto_follows_the_range_of_the_output(output, low, high, expected, rng):
    X = rng.uniform(low, high, size=(50, 3))
    X[0], X[1] = low, high
    result, bounds = scaled(X, "auto", output), ACTIVATIONS[output]
    if expected == "none":
        np.testing.assert_array_equal(result, X)
    elif expected == "common":
        centred = X - X.mean(axis=0)
        np.testing.assert_allclose(result, centred / np.sqrt(X.var(axis=0).mean()), atol=1e-12)
    elif expected == "minmax":
        np.testing.assert_allclose(result.min(axis=0), bounds.low, atol=1e-12)
        np.testing.assert_allclose(result.max(axis=0), bounds.high, atol=1e-12)
    else:
        np.testing.assert_allclose(result.std(axis=0), 1)
        lowest = bounds.low if "shifted" in expected else low / X.std(axis=0)
        np.testing.assert_allclose(result.min(axis=0), lowest, atol=1e-12)


def test_undo_is_the_inverse_of_apply(X):
    scaling = fitted("standard", Dataset(X))
    rows = X.copy()
    scaling.apply(rows)
    scaling.undo(rows)
    np.testing.assert_allclose(rows, X)


def test_a_feature_that_varies_by_rounding_only_is_not_blown_up():
    X = np.full((100, 1), 1e8, dtype=np.float32)
    X[0] = np.nextafter(np.float32(1e8), np.float32(2e8))
    assert fitted("standard", Dataset(X)).scale == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ten_roundings_of_the_mean_are_noise(dtype):
    mean, rounding = np.array([-3.0, 3.0, -3.0, 3.0]), np.finfo(dtype).eps * 3.0
    deviation = np.array([9.9, 9.9, 10.1, 10.1]) * rounding
    np.testing.assert_array_equal(varies(deviation, mean, dtype), [False, False, True, True])


def test_rounding_noise_is_no_variation(rng):
    X = np.c_[rng.normal(size=100), 1e15 + rng.integers(2, size=100)]
    rows = Dataset(X)
    assert total_variation(rows, means(rows)) == pytest.approx(100 * X[:, 0].var())


def test_scaling_keeps_the_dtype_of_X(X):
    scaling = fitted("standard", Dataset(X.astype(np.float32)))
    assert scaling.shift.dtype == scaling.scale.dtype == np.float32


def test_a_constant_feature_keeps_its_value_as_mean_where_the_first_cells_are_missing(rng):
    """A mean that is off by rounding would make noise of it that standard scaling blows up."""
    X = np.full((1000, 2), 0.1)
    X[:, 1] = rng.normal(size=1000)
    X[:300, 0] = np.nan
    rows = Dataset(X, has_missing=True)
    assert means(rows)[0] == 0.1
    assert fitted("standard", rows).scale[0] == 1
