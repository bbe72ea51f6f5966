"""Corruption: what is changed, how often, and what never is."""

import numpy as np
import pytest
from families import public_subclasses
from scipy import stats
from sklearn.base import clone
from sklearn.decomposition import PCA

from skautoencoder import (
    AutoencoderTransformer,
    GaussianNoise,
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
)
from skautoencoder.network.corruption import Corruption
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.scaling import Scaling

ALL = [GaussianNoise(), MaskingNoise(), SaltAndPepperNoise(), SwapNoise()]
every_corruption = pytest.mark.parametrize("corruption", ALL, ids=lambda c: type(c).__name__)


def corrupted(corruption, rows, clean, seed=0):
    result = np.full_like(clean, np.nan)
    corruption.corrupter(rows)(clean, result, np.random.default_rng(seed))
    return result


@pytest.fixture
def X(rng):
    return rng.normal(size=(2000, 5)) * [1, 2, 3, 4, 5] + [0, 10, 20, 30, 40]


def test_every_corruption_is_tested_here():
    assert {type(each) for each in ALL} == set(public_subclasses(Corruption))


@every_corruption
def test_the_target_stays_clean(corruption, X):
    before = X.copy()
    result = corrupted(corruption, Dataset(X), X)
    np.testing.assert_array_equal(X, before)
    assert np.isfinite(result).all()
    assert (result != X).mean() > 0.1


@every_corruption
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_a_generator_decides(corruption, dtype, X):
    X = X.astype(dtype)
    first, again, other = (corrupted(corruption, Dataset(X), X, seed) for seed in (0, 0, 1))
    assert first.dtype == dtype
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_gaussian_noise_is_normal_with_the_given_deviation(X):
    noise = corrupted(GaussianNoise(scale=0.5), Dataset(X), X) - X
    assert stats.kstest(noise.ravel(), stats.norm(scale=0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0.0), (7.5, 7.5), ("mean", None)])
def test_masking_sets_the_given_share_to_a_value_in_the_units_of_X(value, expected, X):
    scaling = Scaling(np.arange(5.0), np.full(5, 2.0))
    rows = Dataset(X, scaling)
    rows.feature_means = rows.in_network_units(X.mean(axis=0))
    clean = np.empty_like(X)
    rows.take(slice(None), clean)
    result = corrupted(MaskingNoise(rate=0.3, value=value), rows, clean)
    hit = result != clean
    assert hit.mean() == pytest.approx(0.3, abs=0.02)
    scaling.undo(result)
    target = X.mean(axis=0) if expected is None else np.full(5, expected)
    np.testing.assert_allclose(result[hit], np.broadcast_to(target, X.shape)[hit], atol=1e-9)


def test_salt_and_pepper_sets_extremes_of_the_feature_equally_often(X):
    result = corrupted(SaltAndPepperNoise(rate=0.4), Dataset(X), X)
    low, high = (result == X.min(axis=0)).mean(), (result == X.max(axis=0)).mean()
    assert low == pytest.approx(0.2, abs=0.02)
    assert high == pytest.approx(0.2, abs=0.02)
    assert (result == X).mean() == pytest.approx(0.6, abs=0.02)


def test_salt_and_pepper_may_be_given_in_the_units_of_X(X):
    scaling = Scaling(np.zeros(5), np.full(5, 4.0))
    rows, noise = Dataset(X, scaling), SaltAndPepperNoise(rate=0.5, low=-8, high=16)
    result = corrupted(noise, rows, X / 4)
    assert set(np.unique(result[result != X / 4])) == {-2.0, 4.0}


def test_swap_takes_values_of_the_column_and_keeps_its_distribution(X):
    result = corrupted(SwapNoise(rate=0.5), Dataset(X), X)
    assert (result != X).mean() == pytest.approx(0.5, abs=0.02)
    for column, swapped in zip(X.T, result.T, strict=True):
        assert np.isin(swapped, column).all()
        changed = swapped[swapped != column]
        assert stats.ks_2samp(changed, column).pvalue > 0.01


def test_swap_draws_each_cell_from_a_row_of_its_own(rng):
    """Columns that are equal do not stay so."""
    X = np.tile(rng.normal(size=(1000, 1)), (1, 2))
    result = corrupted(SwapNoise(rate=0.9), Dataset(X), X)
    both = (result != X).all(axis=1)
    assert np.corrcoef(result[both].T)[0, 1] == pytest.approx(0, abs=0.1)


def test_swap_draws_rows_by_weight(rng):
    X = np.repeat([[0.0], [1.0]], 1000, axis=0)
    weights = np.where(X[:, 0] == 1, 3.0, 1.0)
    result = corrupted(SwapNoise(rate=0.999), Dataset(X, sample_weight=weights), X)
    assert result.mean() == pytest.approx(0.75, abs=0.03)


def test_swap_reaches_beyond_the_batch(X):
    """One row alone still has others to swap with."""
    rows = Dataset(X)
    results = [corrupted(SwapNoise(rate=0.9), rows, X[:1], seed) for seed in range(50)]
    assert len(np.unique(np.concatenate(results)[:, 0])) > 20


@pytest.mark.parametrize(
    ("corruption", "message"),
    [
        (GaussianNoise(scale=0), "'scale' parameter of GaussianNoise must be a finite number in"),
        (MaskingNoise(rate=1), r"'rate' parameter of MaskingNoise .* in \(0, 1\). Got 1"),
        (MaskingNoise(value="zero"), r"'value' parameter of MaskingNoise .*, or 'mean'"),
        (SaltAndPepperNoise(rate="a"), "'rate' parameter of SaltAndPepperNoise"),
        (SaltAndPepperNoise(low=np.inf), "'low' parameter of SaltAndPepperNoise .*, or None"),
        (SaltAndPepperNoise(low=2, high=1), "'low' .* must not be above 'high'"),
        (SwapNoise(rate=-0.1), "'rate' parameter of SwapNoise"),
        ("masking", r"'corruption' parameter .* an object such as GaussianNoise\(\), MaskingNoise"),
    ],
    ids=repr,
)
def test_wrong_parameters_are_refused_before_any_work(corruption, message, X):
    with pytest.raises(ValueError, match=message):
        AutoencoderTransformer(2, corruption=corruption).fit(X)


@every_corruption
def test_a_corruption_is_neither_changed_nor_needed_by_a_fitted_estimator(corruption, X):
    corruption = clone(corruption)
    before = vars(corruption).copy()
    autoencoder = AutoencoderTransformer(2, corruption=corruption, max_iter=2, random_state=0)
    first = autoencoder.fit(X).transform(X)
    assert vars(corruption) == before
    np.testing.assert_array_equal(first, autoencoder.transform(X))
    np.testing.assert_array_equal(first, clone(autoencoder).fit(X).transform(X))


def test_training_sees_corrupted_input(digits):
    """A network that has only seen clean input has a larger loss on it."""
    autoencoder = AutoencoderTransformer(max_iter=20, warm_start=True, random_state=0).fit(digits)
    still = {"learning_rate_init": 1e-12, "max_iter": 1}
    clean = autoencoder.set_params(**still).fit(digits).loss_curve_[-1]
    noisy = autoencoder.set_params(corruption=MaskingNoise(0.5)).fit(digits).loss_curve_[-1]
    assert noisy > 5 * clean


def test_held_out_rows_are_corrupted_the_same_way_each_epoch(digits):
    autoencoder = AutoencoderTransformer(
        corruption=MaskingNoise(0.5),
        early_stopping=True,
        learning_rate_init=1e-12,
        max_iter=3,
        skip_connections=False,
        random_state=0,
    ).fit(digits)
    curve = autoencoder.validation_loss_curve_
    np.testing.assert_allclose(curve, curve[0], rtol=1e-9)


@pytest.mark.slow
def test_denoising_digits_leaves_less_than_half_of_pcas_error(digits):
    train, test = digits[::2], digits[1::2]
    seen = test * (np.random.default_rng(1).uniform(size=test.shape) > 0.3)
    pca = PCA(36).fit(train)
    autoencoder = AutoencoderTransformer(corruption=MaskingNoise(), random_state=0).fit(train)

    def error(rebuilt):
        return np.square(rebuilt - test).mean()

    assert error(autoencoder.reconstruct(seen)) < 0.5 * error(
        pca.inverse_transform(pca.transform(seen))
    )


def test_pca_is_kept_only_where_it_denoises_better(rng):
    """On rows that are linear and noise that is small, nothing beats it by much."""
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 8))
    autoencoder = AutoencoderTransformer(
        3, corruption=GaussianNoise(0.01), max_iter=1, early_stopping=False, random_state=0
    ).fit(X)
    explained = PCA(3).fit(X).explained_variance_ratio_.sum()
    assert autoencoder.score(X) == pytest.approx(explained, abs=1e-3)


def test_noise_needs_a_solver_on_batches(X):
    with pytest.raises(ValueError, match=r"needs the same loss .* corruption=SwapNoise\(\)"):
        AutoencoderTransformer(2, corruption=SwapNoise(), solver="lbfgs").fit(X)
