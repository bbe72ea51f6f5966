"""Training on two workers of a local Dask cluster, and alone: errors, times and bytes a round."""

import argparse
import os
import time

import dask
import dask.array as da
import numpy as np
from datasets import load_mnist
from distributed import Client, LocalCluster

from skautoencoder import AutoencoderTransformer

BATCH_SIZE = 64
NETWORK = {
    "n_components": 30,
    "hidden_layer_sizes": (256, 64),
    "batch_size": BATCH_SIZE,
    "early_stopping": False,
}
ROUNDS = [1, 10, 50, 10**9]
N_WORKERS = 2
BLOCKS_PER_WORKER = 4


def main():
    options = parse_arguments()
    mnist = load_mnist(options.mnist, options.short)
    if mnist is None:
        raise SystemExit("MNIST cannot be downloaded: name a file with --mnist.")
    settings = {**NETWORK, "max_iter": 1 if options.short else options.epochs, "random_state": 0}
    alone, seconds = timed_fit(AutoencoderTransformer(**settings), mnist.X_train)
    error = test_error(alone, mnist)
    print(f"{'steps a round':>14} {'test error':>11} {'ratio':>6} {'seconds':>8} {'rounds':>7}")
    print(f"{'one machine':>14} {error:11.6f} {1:6.3f} {seconds:8.1f}")
    with LocalCluster(
        n_workers=N_WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        for length in options.rounds:
            with Client(cluster) as client, dask.config.set({"skautoencoder.round-steps": length}):
                report(client, length, settings, mnist, error)
    print(f"bytes a round a worker, each way: {state_bytes(alone):,}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", help="path of an .npz file with MNIST")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, nargs="+", default=ROUNDS, help="steps of a round")
    parser.add_argument("--short", action="store_true", help="a few rows, to see that it runs")
    return parser.parse_args()


def report(client, length, settings, mnist, error):
    """One line: training in rounds of so many steps."""
    X = on_workers(client, mnist.X_train)
    fitted, seconds = timed_fit(AutoencoderTransformer(**settings), X)
    n_steps = -(-len(mnist.X_train) // BATCH_SIZE)
    n_rounds = -(-n_steps // min(length, n_steps))
    own = test_error(fitted, mnist)
    name = f"all {n_steps}" if length >= n_steps else str(length)
    print(f"{name:>14} {own:11.6f} {own / error:6.3f} {seconds:8.1f} {n_rounds:7d}", flush=True)


def on_workers(client, X):
    """The rows as a Dask array, whose blocks the workers have."""
    parts = np.array_split(X, N_WORKERS * BLOCKS_PER_WORKER)
    futures = client.scatter(parts)
    blocks = [
        da.from_delayed(future, part.shape, part.dtype)
        for future, part in zip(futures, parts, strict=True)
    ]
    return da.concatenate(blocks)


def timed_fit(estimator, X):
    start = time.perf_counter()
    return estimator.fit(X), time.perf_counter() - start


def test_error(estimator, mnist):
    return float(estimator.reconstruction_error(mnist.X_test).mean())


def state_bytes(estimator):
    """Of parameters and solver state: what a worker sends after a round, and gets before one."""
    state = estimator._solver_state.values()
    arrays = [estimator._parameters().flat, *(a for a in state if isinstance(a, np.ndarray))]
    return sum(array.nbytes for array in arrays)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
