"""Measure what the README states: python benchmarks/run.py [--short] [--only NAME ...].

Every ratio is taken within this run: the rivals run in turn, A B A B, and the medians of
their times are compared. PyTorch takes part where it is installed.
"""

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys

import numpy as np
import scipy
import sklearn
from memory import peak_memory
from protocols import (
    DEEP_WIDTHS,
    SEED_WIDTHS,
    autoencoder,
    epoch_by_fit,
    epoch_of_products,
    epoch_of_torch,
    l2,
    mlp_regressor,
    seconds,
    seed_split,
)
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skautoencoder import Adam, AutoencoderTransformer, CosineSchedule

HAS_TORCH = importlib.util.find_spec("torch") is not None


def alternate(measures, repeats):
    """Medians of measures taken in turn."""
    times = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            times[name].append(measure())
    return {name: statistics.median(values) for name, values in times.items()}


def mean_of(measure, n):
    """A measure that takes as long as those of n epochs: a few milliseconds may be lucky."""
    return lambda: statistics.fmean(measure() for _ in range(n))


def report(title, rows, short):
    """Print a table of figures, what they should reach, and which of them do not."""
    print(f"\n{title}")
    for label, value, limit in rows:
        line = f"  {label:<58} {value:10.4g}"
        if limit is not None and not short:
            line += f"  (to reach: <= {limit:g}){'' if value <= limit else '  MISSED'}"
        print(line, flush=True)


def defaults(short):
    """All defaults on the seed split, float64, one thread."""
    train, test = seed_split(np.float64)
    params = {"max_iter": 3} if short else {}
    estimators = []

    def fit(seed):
        estimators.append(AutoencoderTransformer(random_state=seed, **params).fit(train))

    with threadpool_limits(1):
        times = [seconds(lambda seed=seed: fit(seed)) for seed in range(1 if short else 5)]
    errors = [l2(test, estimator.reconstruct(test)) for estimator in estimators]
    pca = PCA(36).fit(train)
    report(
        f"Seed split, all defaults, float64, one thread, {len(times)} seeds",
        [
            ("test L2, median", statistics.median(errors), 0.100),
            ("test L2, worst", max(errors), 0.100),
            ("seconds, median", statistics.median(times), 8),
            ("PCA(36), test L2", l2(test, pca.inverse_transform(pca.transform(test))), None),
        ],
        short,
    )


def long_run(short):
    """The original's network for 400 epochs, float32, against MLPRegressor."""
    train, test = seed_split(np.float32)
    n_epochs = 3 if short else 400
    ours = autoencoder(SEED_WIDTHS, max_iter=n_epochs, solver=Adam(beta_1=0.95))
    theirs = mlp_regressor(SEED_WIDTHS, max_iter=n_epochs, batch_size=64, learning_rate_init=3e-3)
    with threadpool_limits(1):
        times = alternate(
            {
                "ours": lambda: seconds(lambda: ours.fit(train)),
                "theirs": lambda: seconds(lambda: theirs.fit(train)),
            },
            1 if short else 3,
        )
    report(
        f"Seed split, the original's network, {n_epochs} epochs, float32, one thread",
        [
            ("test L2", l2(test, ours.reconstruct(test)), 0.060),
            ("test L2 of MLPRegressor", l2(test, theirs.predict(test)), None),
            ("seconds", times["ours"], None),
            ("time / MLPRegressor's", times["ours"] / times["theirs"], 0.40),
        ],
        short,
    )


def narrow_solvers(short):
    """The original's network: Adam's steps against Muon's, to the same error."""
    train, test = seed_split(np.float32)
    adam = autoencoder(
        SEED_WIDTHS,
        max_iter=3 if short else 400,
        batch_size=64,
        learning_rate_init=3e-3,
        learning_rate=CosineSchedule(warmup=200 / 45200),
    )
    muon = autoencoder(
        SEED_WIDTHS,
        max_iter=3 if short else 90,
        batch_size=256,
        learning_rate_init=0.03,
        solver="muon",
    )
    with threadpool_limits(1):
        times = alternate(
            {
                "adam": lambda: seconds(lambda: adam.fit(train)),
                "muon": lambda: seconds(lambda: muon.fit(train)),
            },
            1 if short else 3,
        )
    report(
        "Seed split, the original's network, float32, one thread: Muon against Adam",
        [
            ("Adam, 400 epochs of batch 64, test L2", l2(test, adam.reconstruct(test)), None),
            ("Muon, 90 epochs of batch 256, test L2", l2(test, muon.reconstruct(test)), 0.060),
            ("Muon, seconds", times["muon"], None),
            ("Muon's time / Adam's", times["muon"] / times["adam"], 0.5),
        ],
        short,
    )


def seed_epoch(short):
    """An epoch of the original's network on digits, batch 32, float32, one thread."""
    X = (load_digits().data / 16).astype(np.float32)
    n_epochs, repeats = (2, 2) if short else (20, 11)
    common = {"batch_size": 32, "learning_rate_init": 1e-3}
    measures = {
        "ours": epoch_by_fit(lambda **kw: autoencoder(SEED_WIDTHS, **common, **kw), X, n_epochs),
        "mlp": epoch_by_fit(lambda **kw: mlp_regressor(SEED_WIDTHS, **common, **kw), X, n_epochs),
        "products": mean_of(epoch_of_products(SEED_WIDTHS, len(X), 32), n_epochs),
    }
    if HAS_TORCH:
        measures["torch"] = mean_of(epoch_of_torch(SEED_WIDTHS, X, 32, n_threads=1), n_epochs)
    with threadpool_limits(1):
        times = alternate(measures, repeats)
    report(
        "An epoch of digits at batch 32, float32, one thread",
        [
            ("milliseconds", 1e3 * times["ours"], None),
            ("time / MLPRegressor's", times["ours"] / times["mlp"], 0.33),
            *torch_row(times, 0.27),
            ("time / that of the bare matrix products", times["ours"] / times["products"], 3.5),
        ],
        short,
    )


def deep_epoch(short):
    """An epoch of 12 800 MNIST-like rows through the deep network, batch 512, two threads."""
    n_rows, n_epochs = (1024, 1) if short else (12800, 4)
    X = np.random.default_rng(0).uniform(size=(n_rows, 784)).astype(np.float32)
    common = {"batch_size": 512, "learning_rate_init": 1e-3}
    measures = {
        "ours": epoch_by_fit(lambda **kw: autoencoder(DEEP_WIDTHS, **common, **kw), X, n_epochs),
        "products": epoch_of_products(DEEP_WIDTHS, len(X), 512),
    }
    if HAS_TORCH:
        measures["torch"] = epoch_of_torch(DEEP_WIDTHS, X, 512, n_threads=2)
    with threadpool_limits(2):
        times = alternate(measures, 1 if short else 5)
    report(
        f"An epoch of {len(X)} x 784 through 784-1000-500-250-30, batch 512, two threads",
        [
            ("seconds", times["ours"], None),
            *torch_row(times, 1.15),
            ("time / that of the bare matrix products", times["ours"] / times["products"], None),
        ],
        short,
    )


def torch_row(times, limit):
    if "torch" not in times:
        return []
    return [("time / PyTorch's (eager, fused Adam)", times["ours"] / times["torch"], limit)]


def memory(short):
    """Peak memory of fit above the data."""
    sizes = [20_000] if short else [100_000, 1_000_000]
    rows = []
    for n_rows in sizes:
        for kind in ("array", "memmap"):
            allocated, resident = peak_memory(n_rows, kind)
            rows += [
                (f"MiB above the data, {n_rows} x 64 {kind}, allocated", allocated, 64),
                (f"MiB above the data, {n_rows} x 64 {kind}, resident", resident, 64),
                (f"  of it beside the order of the rows, {n_rows}", allocated - n_rows / 2**17, 64),
            ]
    report("Peak memory of fit, float32", rows, short)


def import_time(short):
    """Importing the package where sklearn.base is imported already, from compiled files."""
    code = (
        "import sys, time, sklearn.base; start = time.perf_counter(); import skautoencoder; "
        "print(time.perf_counter() - start); assert 'matplotlib' not in sys.modules"
    )
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def measure():
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return float(run.stdout)

    measure()  # compiles
    time = alternate({"ours": measure}, 1 if short else 9)["ours"]
    report(
        "import skautoencoder",
        [("milliseconds above import sklearn.base", 1e3 * time, 60)],
        short,
    )


def grid_search(short):
    """GridSearchCV over 12 layer sizes, 3 folds, two processes, on digits, float64."""
    X = load_digits().data / 16
    n_epochs = 2 if short else 40
    sizes = [(a, b) for a in (30, 40, 50, 60) for b in (20, 30, 40)]
    common = {"batch_size": 32, "max_iter": n_epochs}
    ours = GridSearchCV(
        autoencoder(SEED_WIDTHS, **common), {"hidden_layer_sizes": sizes}, cv=3, n_jobs=2
    )
    theirs = GridSearchCV(
        mlp_regressor(SEED_WIDTHS, **common),
        {"hidden_layer_sizes": [(*size, 36, *size[::-1]) for size in sizes]},
        cv=3,
        n_jobs=2,
    )
    times = alternate(
        {
            "ours": lambda: seconds(lambda: ours.fit(X)),
            "theirs": lambda: seconds(lambda: theirs.fit(X)),
        },
        1 if short else 3,
    )
    report(
        f"GridSearchCV, 12 layer sizes x 3 folds, n_jobs=2, float64, {n_epochs} epochs, batch 32",
        [
            ("seconds", times["ours"], None),
            ("time / MLPRegressor's", times["ours"] / times["theirs"], 0.5),
        ],
        short,
    )


BENCHMARKS = (
    defaults,
    long_run,
    narrow_solvers,
    seed_epoch,
    deep_epoch,
    memory,
    import_time,
    grid_search,
)


def main():
    names = {benchmark.__name__: benchmark for benchmark in BENCHMARKS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="only see that everything runs")
    parser.add_argument("--only", nargs="+", choices=names, default=list(names))
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, {platform.machine()}"
    )
    if arguments.short:
        print("Short mode: too little work for the figures to mean anything.")
    for name in arguments.only:
        names[name](arguments.short)


if __name__ == "__main__":
    main()
