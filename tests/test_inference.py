import numpy as np
import pytest

from skautoencoder import AutoencoderTransformer, MaskingNoise, _reconstruction
from skautoencoder.network.autoencoder import Autoencoder
from skautoencoder.network.dataset import BLOCK_ELEMENTS, Dataset
from skautoencoder.network.evaluation import (
    losses_beside_a_constant,
    mean_loss,
    row_losses,
    total_loss,
)
from skautoencoder.network.heads import Head
from skautoencoder.network.inference import (
    WORK_PER_THREAD,
    column_variances,
    n_useful_threads,
    outputs,
    row_errors,
    squared_errors,
)
from skautoencoder.network.layers import networks_of
from skautoencoder.network.losses import LOSSES, SquaredError, as_loss
from skautoencoder.network.scaling import Scaling
from skautoencoder.network.thread_pool import ThreadPool

N_ROWS = 3 * BLOCK_ELEMENTS // 64 + 7


@pytest.fixture
def network(rng):
    """A linear network, its rows over several blocks, and what it gives, by hand."""
    encoder, decoder = rng.normal(size=(64, 3)), rng.normal(size=(3, 64))
    biases = [np.full(3, 0.5), np.zeros(64)]
    networks = networks_of([encoder, decoder], biases, ["identity", "identity"], 1)[:2]
    scaling = Scaling(np.arange(64.0), np.linspace(1, 2, 64))
    X = rng.normal(size=(N_ROWS, 64))
    codes = (X - scaling.shift) / scaling.scale @ encoder + 0.5
    return networks, Dataset(X, scaling), codes, codes @ decoder


@pytest.mark.parametrize("n_threads", [1, 2])
def test_outputs_are_those_of_the_whole_product(network, n_threads):
    net, rows, codes, rebuilt = network
    with ThreadPool(n_threads) as pool:
        np.testing.assert_allclose(outputs(net[:1], rows, pool), codes)
        np.testing.assert_allclose(
            outputs(net, rows, pool, scaling=rows.scaling),
            rebuilt * rows.scaling.scale + rows.scaling.shift,
        )


def test_squared_errors_are_in_the_units_of_X(network):
    net, rows, _, rebuilt = network
    expected = np.square(rebuilt * rows.scaling.scale + rows.scaling.shift - rows.X)
    np.testing.assert_allclose(squared_errors(net, rows, ThreadPool()), expected)
    sums, counts = row_errors(net, rows, ThreadPool())
    np.testing.assert_allclose(sums, expected.sum(axis=1))
    assert (counts == 64).all()


def test_mean_loss_is_weighted_and_the_same_on_two_threads(network, rng):
    net, rows, _, rebuilt = network
    rows.sample_weight = rng.uniform(size=N_ROWS)
    scaled = (rows.X - rows.scaling.shift) / rows.scaling.scale
    expected = np.average(0.5 * np.square(scaled - rebuilt).sum(axis=1), weights=rows.sample_weight)
    autoencoder = Autoencoder(*net, [Head(SquaredError())])
    alone = mean_loss(autoencoder, rows, ThreadPool())
    with ThreadPool(2) as pool:
        assert mean_loss(autoencoder, rows, pool) == alone
    assert alone == pytest.approx(expected)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("corruption", [None, MaskingNoise(0.3)])
@pytest.mark.parametrize("has_missing", [False, True])
def test_losses_of_the_rows_add_up_to_the_total(network, rng, loss, corruption, has_missing):
    net, rows, *_ = network
    X = rng.uniform(size=rows.X.shape)
    X[rng.uniform(size=X.shape) < 0.1 * has_missing] = np.nan
    rows = Dataset(X, has_missing=has_missing, feature_means=np.full(64, 0.5))
    autoencoder = Autoencoder(*net, [Head(as_loss(loss))], corruption=corruption)
    losses = row_losses(autoencoder, rows, ThreadPool())
    assert losses.sum() == pytest.approx(total_loss(autoencoder, rows, ThreadPool()))
    assert len(set(losses)) == N_ROWS


def test_losses_of_the_rows_are_those_of_each_alone(network):
    net, rows, _, rebuilt = network
    scaled = (rows.X - rows.scaling.shift) / rows.scaling.scale
    losses = row_losses(Autoencoder(*net, [Head(SquaredError())]), rows, ThreadPool())
    np.testing.assert_allclose(losses, 0.5 * np.square(scaled - rebuilt).sum(axis=1))


def test_what_is_averaged_over_rows_is_so_by_weight(network, rng):
    net, rows, codes, rebuilt = network
    rows.sample_weight = weights = rng.uniform(size=N_ROWS)
    mean = np.average(codes, axis=0, weights=weights)
    variances = np.average(np.square(codes - mean), axis=0, weights=weights)
    np.testing.assert_allclose(column_variances(net[:1], rows, ThreadPool()), variances)
    scaled, constant = (rows.X - rows.scaling.shift) / rows.scaling.scale, np.linspace(0, 1, 64)
    losses = losses_beside_a_constant(net, rows, [Head(SquaredError())], constant, ThreadPool())
    squares = (0.5 * np.square(scaled - each).sum(axis=1) for each in (rebuilt, constant))
    expected = [np.average(each, weights=weights) for each in squares]
    np.testing.assert_allclose(losses, expected)


def test_threads_are_only_used_where_they_pay():
    assert n_useful_threads(WORK_PER_THREAD - 1, 8) == 1
    assert n_useful_threads(3 * WORK_PER_THREAD, 8) == 3
    assert n_useful_threads(100 * WORK_PER_THREAD, 8) == 8


def test_blas_is_told_of_large_products_alone(digits, monkeypatch):
    """Telling it takes a good part of the time of a single row."""
    autoencoder = AutoencoderTransformer(max_iter=1, random_state=0).fit(digits)
    codes, told, tell = autoencoder.transform(digits), [], _reconstruction.single_threaded_blas
    monkeypatch.setattr(
        _reconstruction, "single_threaded_blas", lambda: told.append(True) or tell()
    )
    # Of 64 x 50 weights in the largest layer.
    for n_rows, n_told in ((1, 0), (2, 0), (3, 1), (100, 2)):
        np.testing.assert_allclose(autoencoder.transform(digits[:n_rows]), codes[:n_rows])
        assert len(told) == n_told
