import os
import pickle
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from one_batch import averaged_every_step, in_blocks, one_batch
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skautoencoder import (
    SGD,
    AutoencoderTransformer,
    Checkpoint,
    SaltAndPepperNoise,
    VariationalAutoencoderTransformer,
)
from skautoencoder.network.trainer import TrainingSettings

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

ROWS = 600
NAMES = [f"pixel{i}" for i in range(64)]


@pytest.fixture
def X(digits):
    return digits[:ROWS]


def weights_of(estimator):
    arrays = estimator.coefs_ + estimator.intercepts_ + estimator.skip_coefs_
    return np.concatenate([array.ravel() for array in arrays])


def assert_same_fit(one, other, rtol):
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=rtol)
    np.testing.assert_allclose(weights_of(one), weights_of(other), rtol=rtol, atol=rtol)
    for name in ("mean_", "shift_", "scale_"):
        expected = getattr(other, name)
        if expected is not None:
            np.testing.assert_allclose(getattr(one, name), expected, rtol=rtol, atol=rtol)


def no_change(X, rng):
    return X, None


def with_missing_cells(X, rng):
    X = X.copy()
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:250, 3] = np.nan
    return X, None


def with_weights(X, rng):
    weights = rng.integers(3, size=len(X)) * rng.random(len(X))
    weights[:200] = 0  # whole blocks that do not count
    return X, weights


ONE_BATCH = one_batch(ROWS)


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (no_change, {}),
        (with_missing_cells, {}),
        (with_weights, {}),
        (with_weights, {"loss": "binary_cross_entropy", "alpha": 0.1}),
        (with_missing_cells, {"scale": "minmax", "skip_connections": False}),
        (no_change, {"scale": "standard", "tied_weights": True, "learning_rate": "adaptive"}),
    ],
    ids=["plain", "missing", "weights", "entropy", "minmax", "tied"],
)
def test_averages_after_each_step_are_what_one_machine_computes(change, options, X, rng, client):
    X, weights = change(X, rng)
    autoencoder = AutoencoderTransformer(5, **ONE_BATCH, **options)
    expected = autoencoder.fit(X, sample_weight=weights)
    with averaged_every_step():
        fitted = AutoencoderTransformer(5, **ONE_BATCH, **options)
        fitted.fit(in_blocks(X), sample_weight=weights)
    assert_same_fit(fitted, expected, 1e-8)
    assert (fitted.n_iter_, fitted.t_) == (expected.n_iter_, expected.t_)
    assert all(type(loss) is float for loss in fitted.loss_curve_)


def test_weights_may_be_a_dask_array_or_a_series(X, rng, client):
    weights = rng.random(ROWS)
    expected = AutoencoderTransformer(5, **ONE_BATCH).fit(in_blocks(X), sample_weight=weights)
    series = dd.from_pandas(pd.Series(weights), npartitions=6)
    for given in (da.from_array(weights, 150), series):
        fitted = AutoencoderTransformer(5, **ONE_BATCH).fit(in_blocks(X), sample_weight=given)
        np.testing.assert_array_equal(weights_of(fitted), weights_of(expected))


def test_sparse_blocks_train_like_dense_ones(X, client):
    expected = AutoencoderTransformer(5, **ONE_BATCH).fit(in_blocks(X))
    blocks = in_blocks(X).map_blocks(sparse.csr_array)
    fitted = AutoencoderTransformer(5, **ONE_BATCH).fit(blocks)
    assert_same_fit(fitted, expected, 1e-10)


def test_dataframes_train_like_arrays_and_give_names(X, client):
    frame = pd.DataFrame(X.astype(np.float32), columns=NAMES)
    fitted = AutoencoderTransformer(5, **ONE_BATCH).fit(dd.from_pandas(frame, npartitions=6))
    expected = AutoencoderTransformer(5, **ONE_BATCH).fit(in_blocks(X.astype(np.float32)))
    assert list(fitted.feature_names_in_) == NAMES
    assert fitted.coefs_[0].dtype == np.float32
    np.testing.assert_array_equal(weights_of(fitted), weights_of(expected))


def test_blocks_of_unknown_and_of_no_rows(X, client):
    chosen = np.arange(ROWS) >= 150
    filtered = in_blocks(X)[da.from_array(chosen, chunks=100)]
    options = {**ONE_BATCH, "batch_size": ROWS - 150}
    with averaged_every_step():
        fitted = AutoencoderTransformer(5, **options).fit(filtered)
    expected = AutoencoderTransformer(5, **options).fit(X[chosen])
    assert_same_fit(fitted, expected, 1e-8)


def test_columns_in_several_chunks_are_brought_together(X, client):
    fitted = AutoencoderTransformer(5, **ONE_BATCH).fit(da.from_array(X, chunks=(100, 30)))
    expected = AutoencoderTransformer(5, **ONE_BATCH).fit(in_blocks(X))
    np.testing.assert_array_equal(weights_of(fitted), weights_of(expected))


@pytest.mark.parametrize(
    "autoencoder",
    [
        AutoencoderTransformer(5, max_iter=2, dropout=0.1, corruption=SaltAndPepperNoise()),
        VariationalAutoencoderTransformer(5, max_iter=2, early_stopping=True),
        AutoencoderTransformer(5, max_iter=2, solver="muon", shuffle=False),
        AutoencoderTransformer(5, max_iter=2, solver="shampoo"),
    ],
    ids=["noise", "variational", "muon", "shampoo"],
)
def test_one_seed_gives_one_result_bit_for_bit(autoencoder, X, client):
    fits = [
        autoencoder.set_params(random_state=seed).fit(in_blocks(X)).__getstate__()
        for seed in (0, 0, 1)
    ]
    first, same, other = (np.concatenate([a.ravel() for a in f["coefs_"]]) for f in fits)
    np.testing.assert_array_equal(first, same)
    assert fits[0]["loss_curve_"] == fits[1]["loss_curve_"]
    assert not np.array_equal(first, other)


def test_two_workers_learn_what_one_machine_learns(digits, client):
    options = {"max_iter": 20, "random_state": 0, "early_stopping": False}
    X = np.random.default_rng(0).permutation(digits)
    alone = AutoencoderTransformer(10, **options).fit(X)
    together = AutoencoderTransformer(10, **options).fit(in_blocks(X, 300))
    error = together.reconstruction_error(X).mean()
    assert error < 1.1 * alone.reconstruction_error(X).mean()


def test_a_variational_autoencoder_learns_its_noise_and_its_code(X, client):
    options = {"max_iter": 10, "batch_size": 32, "random_state": 0}
    alone = VariationalAutoencoderTransformer(5, **options).fit(X)
    together = VariationalAutoencoderTransformer(5, **options).fit(in_blocks(X))
    assert together.noise_variance_ == pytest.approx(alone.noise_variance_, rel=0.2)
    assert together.code_variance_.sum() == pytest.approx(alone.code_variance_.sum(), rel=0.3)


def test_held_out_rows_are_a_share_of_all_of_them_and_not_trained_on(X, client):
    from skautoencoder._dask.dataset import cluster_dataset

    autoencoder = AutoencoderTransformer(5)
    rows = cluster_dataset(autoencoder, in_blocks(X), None, [np.float64, np.float32], True)
    order, held_out = rows.hold_out(61, np.random.default_rng(0), True)
    assert (len(order), len(held_out)) == (ROWS - 61, 61)
    splits = client.gather(order.rows._splits)
    for split, count in zip(splits, rows.counts, strict=True):
        numbers = np.concatenate([split["training"], split["validation"]])
        np.testing.assert_array_equal(np.sort(numbers), np.arange(count))
        assert 30 <= len(split["validation"]) <= 31
    order.seed = 1
    first, second = client.gather(order.numbers()), client.gather(order.numbers())
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], splits[0]["training"])


def test_the_best_weights_are_restored_and_patience_ends_training(X, client):
    autoencoder = AutoencoderTransformer(
        5,
        max_iter=40,
        early_stopping=True,
        n_iter_no_change=2,
        batch_size=54,
        learning_rate="constant",
        learning_rate_init=0.02,
        skip_connections=False,
        random_state=0,
    ).fit(in_blocks(X))
    curve = autoencoder.validation_loss_curve_
    assert autoencoder.n_iter_ == len(curve) < 40
    assert autoencoder.best_loss_ == min(curve) < curve[-1]
    best = 1 + curve.index(min(curve))
    assert autoencoder._solver_state["step"] == best * 540 // 54


def test_partial_fit_and_warm_start_go_on(X, client):
    autoencoder = AutoencoderTransformer(5, max_iter=2, random_state=0, warm_start=True)
    autoencoder.fit(in_blocks(X))
    steps = autoencoder._solver_state["step"]
    first = autoencoder.partial_fit(in_blocks(X)).loss_curve_[-1]
    autoencoder.fit(in_blocks(X))
    assert autoencoder.n_iter_ == 5
    assert autoencoder.loss_curve_[-1] < first
    assert autoencoder._solver_state["step"] > steps


def test_on_linear_data_it_is_not_worse_than_pca(client, rng):
    X = rng.normal(size=(ROWS, 3)) @ rng.normal(size=(3, 10)) + 0.1 * rng.normal(size=(ROWS, 10))
    autoencoder = AutoencoderTransformer(3, max_iter=1, learning_rate_init=1.0, random_state=0)
    together = autoencoder.fit(in_blocks(X)).score(X)
    axes = np.linalg.svd(X - X.mean(axis=0))[1]
    assert together >= np.square(axes[:3]).sum() / np.square(axes).sum() - 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lbfgs"}, "solver='lbfgs' needs all rows on one machine"),
        ({"pretrain_iter": 2}, "pretrain_iter=2 trains layer by layer on one machine"),
        ({"n_components": 0}, "n_components"),
    ],
    ids=["lbfgs", "pretraining", "parameter"],
)
def test_what_a_cluster_cannot_do_is_refused_before_any_work(options, message, X):
    with pytest.raises(ValueError, match=message):
        AutoencoderTransformer(**options).fit(in_blocks(X))


def test_checkpoints_are_refused(X, client, tmp_path):
    path = tmp_path / "fit.checkpoint"
    with (
        Checkpoint(path),
        pytest.raises(ValueError, match="cannot be trained on with a Checkpoint"),
    ):
        AutoencoderTransformer(5).fit(in_blocks(X))
    assert not path.exists()


def test_training_without_a_cluster_says_how_to_get_one(X):
    with pytest.raises(ValueError, match=r"make it with distributed\.Client\(\)"):
        AutoencoderTransformer(5).fit(in_blocks(X))


@pytest.mark.parametrize(
    ("change", "weights", "message"),
    [
        (lambda X: X[:0], None, "0 sample"),
        (lambda X: np.where(X[5, 20] == X, np.inf, X), None, "infinity"),
        (lambda X: X, np.zeros(ROWS), "zero for every row"),
        (lambda X: X, np.r_[-1.0, np.ones(ROWS - 1)], "not be negative. Got -1"),
        (lambda X: X, np.r_[np.nan, np.ones(ROWS - 1)], "sample_weight contains NaN"),
        (lambda X: X, np.ones(5), r"shape \(600,\)"),
        (lambda X: 3 - X, None, r"needs X in \[0, 1\]. Got values from"),
    ],
    ids=["empty", "infinite", "zero", "negative", "nan", "length", "range"],
)
def test_errors_are_those_of_one_machine(change, weights, message, X, client):
    autoencoder = AutoencoderTransformer(5, loss="binary_cross_entropy", max_iter=1)
    with pytest.raises(ValueError, match=message):
        autoencoder.fit(in_blocks(change(X)), sample_weight=weights)
    assert not hasattr(autoencoder, "coefs_")


def test_divergence_is_told_of_and_leaves_the_estimator_as_it_was(X, client):
    autoencoder = AutoencoderTransformer(5, max_iter=3, solver="sgd", learning_rate_init=1e6)
    with pytest.raises(ValueError, match="Non-finite loss in epoch 1 at learning rate 1e"):
        autoencoder.fit(in_blocks(X))
    assert not hasattr(autoencoder, "coefs_")


def test_a_wrong_length_of_a_round_is_refused(X, client):
    with (
        dask.config.set({"skautoencoder.round-steps": 0}),
        pytest.raises(ValueError, match=r"'skautoencoder\.round-steps' must be a positive integer"),
    ):
        AutoencoderTransformer(5, max_iter=1).fit(in_blocks(X))


def test_a_batch_is_that_of_all_workers_and_its_parts_are_not_tiny():
    from skautoencoder._dask.training import _settings_in_parts
    from skautoencoder.network.solvers import Adam

    def in_parts(batch_size, counts, solver):
        settings = TrainingSettings(solver, None, 0.01, batch_size, 0, True, 1, 0, 1)
        settings = _settings_in_parts(settings, counts)
        return settings.batch_size, pytest.approx(settings.learning_rate_init)

    assert in_parts(64, [1000, 900], Adam()) == (64, 0.01 * 2**0.5)
    assert in_parts(64, [1000, 900], SGD()) == (64, 0.01)
    # Eight rows of each worker, an eighth of what was asked for.
    assert in_parts(64, 10 * [1000], Adam()) == (80, 0.01 * 8**0.5)
    assert in_parts(64, [1000, 20], Adam())[0] == 64
    assert in_parts(64, [1000, 10], Adam())[0] == 101


def test_states_are_averaged_by_rows():
    from skautoencoder._dask.training import State, average

    one = State(np.array([1.0, 2.0]), {"step": 7, "first": np.array([4.0, 0.0])}, 1.0, 2.0, 30)
    other = State(np.array([5.0, 2.0]), {"step": 7, "first": np.array([0.0, 8.0])}, 2.0, 6.0, 10)
    mean = average(one, other)
    np.testing.assert_allclose(mean.flat, [2, 2])
    np.testing.assert_allclose(mean.solver["first"], [3, 2])
    assert (mean.solver["step"], mean.bottleneck, mean.loss, mean.n_rows) == (7, 1.25, 3, 40)
    np.testing.assert_array_equal(one.flat, [1, 2])


def test_blocks_are_read_once_and_rows_do_not_move(X, client, tmp_path):
    path = str(tmp_path / "read")

    def read(block, block_info=None):
        with open(path, "a") as file:
            file.write(f"{block_info[0]['chunk-location'][0]}\n")
        return block + 0

    blocks = da.zeros((ROWS, 64), chunks=(100, 64)).map_blocks(read, dtype=float) + in_blocks(X)
    AutoencoderTransformer(5, max_iter=5, early_stopping=True, random_state=0).fit(blocks)
    with open(path) as file:
        assert sorted(file.read().split()) == list("012345")


def kill_in_training(client, killed):
    """Kill the worker on which the eighth round that is seen runs."""
    pids, seen = client.run(os.getpid), set()
    while len(seen) < 8:
        for address, keys in client.processing().items():
            seen |= {(address, key) for key in keys if str(key).startswith("train-")}
        time.sleep(0.005)
    address = next(iter(seen))[0]
    os.kill(pids[address], signal.SIGKILL)
    killed.append(pids[address])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX kills processes this way")
def test_a_worker_killed_in_training_costs_no_row_and_no_bit(digits, fragile_client):
    options = {"max_iter": 4, "early_stopping": True, "random_state": 0}
    X = in_blocks(digits[:800], 100).map_blocks(lambda block: block + 0)
    with dask.config.set({"skautoencoder.round-steps": 2}):
        expected = AutoencoderTransformer(10, **options).fit(X)
        killed = []
        killer = threading.Thread(target=kill_in_training, args=(fragile_client, killed))
        killer.start()
        fitted = AutoencoderTransformer(10, **options).fit(X)
        killer.join()
    assert killed
    assert not {*killed} & {*fragile_client.run(os.getpid).values()}
    assert fitted.loss_curve_ == expected.loss_curve_
    assert fitted.t_ == expected.t_
    assert pickle.dumps(fitted.coefs_) == pickle.dumps(expected.coefs_)


@pytest.mark.parametrize("asked", ["auto", 0.8])
def test_widths_and_the_end_of_a_run_are_those_of_one_machine(asked, X, client):
    there, here = (
        AutoencoderTransformer(asked, max_iter=2, early_stopping=True, random_state=0).fit(each)
        for each in (in_blocks(X), X)
    )
    assert there.n_components_ == here.n_components_ == len(there.transform(X[:1])[0])
    assert (there.kept_, there.stop_reason_) == (here.kept_, here.stop_reason_)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_judged_one_by_one_on_the_workers(X, client, monkeypatch, weighted, rng):
    from skautoencoder._dask.training import ClusterTrainer

    seen, row_losses = [], ClusterTrainer._row_losses

    def recorded(trainer, rows):
        weights, mean = trainer._row_weights(rows), trainer._mean_loss(rows)
        seen.append((row_losses(trainer, rows), weights, mean))
        return seen[-1][0]

    monkeypatch.setattr(ClusterTrainer, "_row_losses", recorded)
    sample_weight = rng.uniform(0.1, 1, len(X)) if weighted else None
    autoencoder = AutoencoderTransformer(5, max_iter=2, early_stopping=True)
    autoencoder.fit(in_blocks(X), sample_weight=sample_weight)
    assert len(seen) == 2
    for losses, weights, mean in seen:
        assert 60 <= len(losses) <= 66
        assert (weights is not None) == weighted
        assert np.average(losses, weights=weights) == pytest.approx(mean, rel=1e-5)


def test_a_run_on_a_cluster_that_ends_badly_warns(X, client):
    autoencoder = AutoencoderTransformer(
        5, max_iter=5, skip_connections=False, learning_rate_init=50
    )
    with pytest.warns(ConvergenceWarning, match="worse than the mean of every feature"):
        autoencoder.set_params(random_state=0).fit(in_blocks(X))
    assert autoencoder.score(X) < 0
