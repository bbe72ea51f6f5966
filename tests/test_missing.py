"""Missing values: NaN counts nowhere, and enters the network as its feature's mean."""

import numpy as np
import pytest
from scipy import sparse

from skautoencoder import AutoencoderTransformer
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.scaling import deviations, extremes, means, total_variation


@pytest.fixture
def X(rng):
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 6)) + np.arange(6)
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return X


def fitted(X, **params):
    defaults = {"n_components": 3, "hidden_layer_sizes": 8, "max_iter": 30, "random_state": 0}
    return AutoencoderTransformer(**{**defaults, **params}).fit(X)


@pytest.mark.parametrize("weighted", [False, True])
def test_statistics_are_over_the_observed_cells(weighted, X, rng):
    weights = rng.integers(1, 4, size=200) if weighted else np.ones(200, int)
    rows = Dataset(X, sample_weight=weights.astype(float) if weighted else None, has_missing=True)
    repeated = np.repeat(X, weights, axis=0)
    mean = means(rows)
    np.testing.assert_allclose(mean, np.nanmean(repeated, axis=0))
    np.testing.assert_allclose(deviations(rows, mean), np.nanstd(repeated, axis=0))
    assert total_variation(rows, mean) == pytest.approx(np.nansum((repeated - mean) ** 2))
    np.testing.assert_array_equal(extremes(rows), [np.nanmin(X, axis=0), np.nanmax(X, axis=0)])


def test_a_feature_that_is_never_observed_has_mean_0_and_no_influence(X):
    X[:, 2] = np.nan
    autoencoder = fitted(X)
    assert autoencoder.mean_[2] == 0
    assert np.isfinite(autoencoder.transform(X)).all()
    assert np.isnan(autoencoder.reconstruction_error(X, per_feature=True)[:, 2]).all()
    without = fitted(np.delete(X, 2, axis=1))
    assert autoencoder.score(X) == pytest.approx(without.score(np.delete(X, 2, axis=1)), abs=0.05)


@pytest.mark.parametrize("scale", ["common", "standard", "minmax", None])
@pytest.mark.parametrize("skip_connections", [False, True])
def test_a_missing_cell_enters_as_the_mean(scale, skip_connections, X):
    autoencoder = fitted(X, scale=scale, skip_connections=skip_connections)
    filled = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
    np.testing.assert_allclose(autoencoder.mean_, np.nanmean(X, axis=0))
    np.testing.assert_allclose(autoencoder.transform(X), autoencoder.transform(filled), atol=1e-9)
    assert np.isfinite(autoencoder.reconstruct(X)).all()


def test_errors_and_score_are_over_the_observed_cells(X):
    autoencoder = fitted(X)
    residual = np.square(autoencoder.reconstruct(X) - X)
    np.testing.assert_allclose(autoencoder.reconstruction_error(X), np.nanmean(residual, axis=1))
    cells = autoencoder.reconstruction_error(X, per_feature=True)
    np.testing.assert_allclose(cells, residual)
    variation = np.nansum((X - np.nanmean(X, axis=0)) ** 2)
    assert autoencoder.score(X) == pytest.approx(1 - np.nansum(residual) / variation)


def test_a_row_without_any_observed_cell_has_no_error(X):
    autoencoder = fitted(X)
    assert autoencoder.reconstruction_error(np.full((1, 6), np.nan)).tolist() == [0.0]


def test_what_is_missing_is_learned_from_what_is_not(X):
    """Rows of three dimensions, filled better than by the mean."""
    rng = np.random.default_rng(1)
    complete = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 6))
    seen = np.where(rng.uniform(size=complete.shape) < 0.1, np.nan, complete)
    autoencoder = fitted(seen, max_iter=150, early_stopping=False)
    hidden = np.isnan(seen)
    error = np.square(autoencoder.reconstruct(seen) - complete)[hidden].mean()
    assert error < 0.6 * np.square(complete)[hidden].mean()


def test_the_first_loss_is_that_of_the_observed_cells(X):
    """With a network that rebuilds every row as 0, in full batch, before its first step."""
    autoencoder = fitted(X, scale=None, skip_connections=False, max_iter=1, batch_size=200)
    for array in [*autoencoder.coefs_, *autoencoder.intercepts_]:
        array[...] = 0
    autoencoder.partial_fit(X)
    expected = 0.5 * np.nansum(X**2) / len(X)
    assert autoencoder.loss_curve_[-1] == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_forms_of_X_agree(dtype, X):
    X = X.astype(dtype)
    dense = fitted(X)
    for form in (np.asfortranarray, sparse.csr_array):
        other = fitted(form(X))
        code, expected = other.transform(form(X)), dense.transform(X)
        np.testing.assert_allclose(code, expected, rtol=1e-3, atol=1e-4)
        assert other.coefs_[0].dtype == dtype


def test_partial_fit_and_held_out_rows_may_have_missing_cells(X):
    autoencoder = fitted(X, early_stopping=True)
    assert np.isfinite(autoencoder.validation_loss_curve_).all()
    before = autoencoder.mean_.copy()
    autoencoder.partial_fit(X[:50])
    np.testing.assert_array_equal(autoencoder.mean_, before)
    assert np.isfinite(autoencoder.score(X))


def test_infinity_is_refused_beside_nan(X):
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        fitted(X)


def test_codes_may_not_be_missing(X):
    with pytest.raises(ValueError, match="NaN"):
        fitted(X).inverse_transform(np.full((1, 3), np.nan))


def test_a_network_made_of_weights_alone_says_that_it_knows_no_means(X):
    plain = fitted(
        np.nan_to_num(X), skip_connections=False, scale=None, output_activation="sigmoid"
    )
    again = AutoencoderTransformer.from_layer_weights(plain.to_layer_weights(), 3)
    with pytest.raises(ValueError, match="does not know the means to put in their place"):
        again.transform(X)
    np.testing.assert_allclose(again.transform(np.nan_to_num(X)), plain.transform(np.nan_to_num(X)))
