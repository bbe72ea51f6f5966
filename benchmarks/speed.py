"""Benchmarks of time and memory, as ratios to rivals where there are any."""

import os
import subprocess
import sys

import numpy as np
from memory import peak_memory
from protocols import (
    DEEP_WIDTHS,
    RELU_WIDTHS,
    SEED_WIDTHS,
    at_most,
    autoencoder,
    mlp_regressor,
    report,
)
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits
from timing import (
    HAS_TORCH,
    TORCH_BLOCK,
    alternate,
    alternate_fits,
    epoch_by_fit,
    epoch_of_products,
    epoch_of_torch,
    mean_of,
    passes_of_torch,
    seconds,
)


def seed_epoch(options):
    """An epoch of the original's network on digits, batch 32, float32, one thread."""
    X = (load_digits().data / 16).astype(np.float32)
    n_epochs, repeats = (2, 2) if options.short else (20, 11)
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
            ("time / MLPRegressor's", times["ours"] / times["mlp"], at_most(0.33)),
            *torch_row(times, 0.25),
            (
                "time / that of the bare matrix products",
                times["ours"] / times["products"],
                at_most(3.5),
            ),
        ],
        options.short,
    )


def relu_epoch(options):
    """An epoch of 12 800 rows through 784-128-64-32 with relu, batch 128, two threads."""
    X = rows_like_mnist(1280 if options.short else 12800)
    n_epochs, repeats = (1, 1) if options.short else (8, 7)
    common = {"activation": "relu", "batch_size": 128, "learning_rate_init": 1e-3}
    measures = {
        "ours": epoch_by_fit(lambda **kw: autoencoder(RELU_WIDTHS, **common, **kw), X, n_epochs),
        "mlp": epoch_by_fit(lambda **kw: mlp_regressor(RELU_WIDTHS, **common, **kw), X, n_epochs),
        "products": mean_of(epoch_of_products(RELU_WIDTHS, len(X), 128), n_epochs),
    }
    if HAS_TORCH:
        epoch = epoch_of_torch(RELU_WIDTHS, X, 128, n_threads=2, activation="relu")
        measures["torch"] = mean_of(epoch, n_epochs)
    with threadpool_limits(2):
        times = alternate(measures, repeats)
    report(
        f"An epoch of {len(X)} x 784 through 784-128-64-32, relu, batch 128, two threads",
        [
            ("seconds", times["ours"], None),
            *torch_row(times, 0.75),
            ("time / MLPRegressor's", times["ours"] / times["mlp"], None),
            ("time / that of the bare matrix products", times["ours"] / times["products"], None),
        ],
        options.short,
    )


def deep_epoch(options):
    """An epoch of 12 800 MNIST-like rows through the deep network, two threads."""
    deep_epoch_at(512, 1.0, options)
    deep_epoch_at(128, 1.15, options)


def deep_epoch_at(batch_size, torch_goal, options):
    X = rows_like_mnist(1024 if options.short else 12800)
    n_epochs, repeats = (1, 1) if options.short else (4, 5)
    common = {"batch_size": batch_size, "learning_rate_init": 1e-3}
    measures = {
        "ours": epoch_by_fit(lambda **kw: autoencoder(DEEP_WIDTHS, **common, **kw), X, n_epochs),
        "products": epoch_of_products(DEEP_WIDTHS, len(X), batch_size),
    }
    if HAS_TORCH:
        measures["torch"] = epoch_of_torch(DEEP_WIDTHS, X, batch_size, n_threads=2)
    with threadpool_limits(2):
        times = alternate(measures, repeats)
    report(
        f"An epoch of {len(X)} x 784 through 784-1000-500-250-30, batch {batch_size}, two threads",
        [
            ("seconds", times["ours"], None),
            *torch_row(times, torch_goal),
            ("time / that of the bare matrix products", times["ours"] / times["products"], None),
        ],
        options.short,
    )


def rows_like_mnist(n_rows):
    return np.random.default_rng(0).uniform(size=(n_rows, 784)).astype(np.float32)


def torch_row(times, limit):
    if "torch" not in times:
        return []
    ratio = times["ours"] / times["torch"]
    return [("time / PyTorch's (eager, fused Adam)", ratio, at_most(limit))]


def inference(options):
    """Encoding a million rows with the original's network, on one thread and on two."""
    n_rows, repeats = (20_000, 2) if options.short else (1_000_000, 7)
    X = np.random.default_rng(0).random((n_rows, 64), np.float32)
    fitted = autoencoder(SEED_WIDTHS, max_iter=1).fit(X[:1000])
    for n_threads in (1, 2):
        inference_on(n_threads, fitted, X, repeats, options)


def inference_on(n_threads, fitted, X, repeats, options):
    code = fitted.transform(X)
    measures = {
        "ours": lambda: seconds(lambda: fitted.transform(X)),
        "back": lambda: seconds(lambda: fitted.inverse_transform(code)),
    }
    if HAS_TORCH:
        measures |= passes_of_torch(SEED_WIDTHS[:4], X, n_threads)
    with threadpool_limits(n_threads):
        times = alternate(measures, repeats)
    report(
        f"Inference, {len(X)} x 64 through 50-40-36, tanh, float32, {n_threads} thread(s)",
        [
            ("transform, seconds", times["ours"], None),
            *inference_rows(times),
            ("inverse_transform, seconds", times["back"], None),
        ],
        options.short,
    )


def inference_rows(times):
    """PyTorch on all rows, and in blocks, a loop that its user would have to write."""
    if "torch, all rows" not in times:
        return []
    ours, whole, blocks = times["ours"], times["torch, all rows"], times["torch, blocks"]
    return [
        ("PyTorch, seconds", whole, None),
        ("time / PyTorch's", ours / whole, at_most(0.8)),
        (f"PyTorch, blocks of {TORCH_BLOCK} rows, seconds", blocks, None),
        ("time / PyTorch's in blocks", ours / blocks, None),
    ]


def memory(options):
    """Peak memory of fit above the data."""
    sizes = [20_000] if options.short else [100_000, 1_000_000]
    rows = []
    for n_rows in sizes:
        for kind in ("array", "memmap"):
            allocated, resident = peak_memory(n_rows, kind)
            label = f"MiB above the data, {n_rows} x 64 {kind}"
            beside_order = allocated - n_rows / 2**17
            rows += [
                (f"{label}, allocated", allocated, at_most(64)),
                (f"{label}, resident", resident, at_most(64)),
                (f"  of it beside the order of the rows, {n_rows}", beside_order, at_most(64)),
            ]
    report("Peak memory of fit, float32", rows, options.short)


def import_time(options):
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
    time = alternate({"ours": measure}, 1 if options.short else 9)["ours"]
    report(
        "import skautoencoder",
        [("milliseconds above import sklearn.base", 1e3 * time, at_most(60))],
        options.short,
    )


def grid_search(options):
    """GridSearchCV over 12 layer sizes, 3 folds, two processes, on digits, float64."""
    X = load_digits().data / 16
    n_epochs = 2 if options.short else 40
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
    times = alternate_fits({"ours": ours, "theirs": theirs}, X, 1 if options.short else 3)
    report(
        f"GridSearchCV, 12 layer sizes x 3 folds, n_jobs=2, float64, {n_epochs} epochs, batch 32",
        [
            ("seconds", times["ours"], None),
            ("time / MLPRegressor's", times["ours"] / times["theirs"], at_most(0.5)),
        ],
        options.short,
    )
