"""Benchmarks of what users wait for: a first fit, a detector, one row; and of bare products."""

from itertools import pairwise

import numpy as np
from protocols import DEEP_WIDTHS, RELU_WIDTHS, at_most, autoencoder, mlp_regressor, report
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from threadpoolctl import threadpool_limits
from timing import HAS_TORCH, alternate, alternate_fits, epoch_by_fit, mean_of, seconds

from skautoencoder import AutoencoderOutlierDetector, AutoencoderTransformer

ROWS_AT_A_TIME = 100


def fits(options):
    """All defaults on data of three sizes, beside PCA and MLPRegressor of the same widths."""
    n_rows = 500 if options.short else 20_000
    data = {
        "iris, 150 x 4": load_iris().data,
        "digits, 1797 x 64": load_digits().data / 16,
        f"{n_rows} x 100": bent_rows(n_rows),
    }
    for name, X in data.items():
        fits_to(name, X, options)


def bent_rows(n_rows):
    """Ten numbers, bent into a hundred features, and some noise."""
    rng = np.random.default_rng(0)
    bent = np.tanh(rng.normal(size=(n_rows, 10)) @ rng.normal(size=(10, 100)) / 3)
    return bent + 0.1 * rng.normal(size=bent.shape)


def fits_to(name, X, options):
    ours = AutoencoderTransformer(random_state=0, **({"max_iter": 2} if options.short else {}))
    ours.fit(X)
    widths = [len(weights) for weights in ours.coefs_] + [X.shape[1]]
    rivals = {
        "ours": ours,
        "mlp": mlp_regressor(widths, max_iter=ours.n_iter_, activation="relu"),
        "pca": PCA(ours.n_components_),
    }
    times = alternate_fits(rivals, X, 1 if options.short else 3)
    report(
        f"All defaults, {name}, float64: {ours.n_iter_} epochs, a code of {ours.n_components_}",
        [
            ("seconds", times["ours"], None),
            ("PCA, seconds", times["pca"], None),
            ("MLPRegressor, as many epochs, seconds", times["mlp"], None),
            ("time / MLPRegressor's", times["ours"] / times["mlp"], None),
        ],
        options.short,
    )


def fit_once(options):
    """What a fit of the deep network does beside its epochs, on two threads."""
    n_rows = 640 if options.short else 6400
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n_rows, 30)) @ rng.normal(size=(30, 784)) / 2
    X = (1 / (1 + np.exp(-hidden))).astype(np.float32)
    common = {"batch_size": 512, "learning_rate_init": 1e-3}

    def make(**params):
        return autoencoder(DEEP_WIDTHS, **common, **params)

    measures = {
        "fit": lambda: seconds(lambda: make(max_iter=1).fit(X)),
        "epoch": epoch_by_fit(make, X, 1 if options.short else 3),
    }
    with threadpool_limits(2):
        times = alternate(measures, 1 if options.short else 5)
    once = times["fit"] - times["epoch"]
    report(
        f"A fit of one epoch to {n_rows} x 784, float32, 784-1000-500-250-30, two threads",
        [
            ("seconds", times["fit"], None),
            ("beside the epoch, seconds", once, None),
            ("beside the epoch / the epoch", once / times["epoch"], None),
        ],
        options.short,
    )


def detector(options):
    """A fit of the outlier detector to 7500 x 3, beside IsolationForest's, on one thread."""
    X = np.random.default_rng(0).normal(size=(500 if options.short else 7500, 3))
    rivals = {
        "ours": AutoencoderOutlierDetector(random_state=0),
        "forest": IsolationForest(random_state=0),
    }
    with threadpool_limits(1):
        times = alternate_fits(rivals, X, 1 if options.short else 5)
    report(
        f"AutoencoderOutlierDetector().fit, {len(X)} x 3, one thread",
        [
            ("seconds", times["ours"], at_most(2)),
            ("IsolationForest, seconds", times["forest"], None),
            ("time / IsolationForest's", times["ours"] / times["forest"], None),
        ],
        options.short,
    )


def one_row(options):
    """`transform` of a single digit, beside PCA's."""
    X = load_digits().data / 16
    ours = AutoencoderTransformer(random_state=0, max_iter=2).fit(X)
    pca = PCA(36).fit(X)

    def measure(fitted):
        return mean_of(
            lambda: seconds(lambda: fitted.transform(X[:1])), 2 if options.short else ROWS_AT_A_TIME
        )

    times = alternate({"ours": measure(ours), "pca": measure(pca)}, 1 if options.short else 21)
    report(
        "transform of one row of digits, float64",
        [
            ("milliseconds", 1e3 * times["ours"], None),
            ("PCA, milliseconds", 1e3 * times["pca"], None),
            ("time / PCA's", times["ours"] / times["pca"], None),
        ],
        options.short,
    )


def products(options):
    """The matrix products of an epoch, one thread: NumPy's time over PyTorch's."""
    if not HAS_TORCH:
        return
    for widths, batch_size in ((DEEP_WIDTHS, 512), (DEEP_WIDTHS, 128), (RELU_WIDTHS, 128)):
        with threadpool_limits(1):
            times = alternate(kinds_of_products(widths, batch_size), 1 if options.short else 7)
        kinds = ("forward", "back to inputs", "weights")
        report(
            f"Products of {'-'.join(map(str, widths[: len(widths) // 2 + 1]))}, {batch_size} rows",
            [
                (f"{kind}, NumPy's time / PyTorch's", times[kind] / times[f"{kind}, torch"], None)
                for kind in kinds
            ],
            options.short,
        )


def kinds_of_products(widths, batch_size):
    """Functions that measure the three kinds of products of a batch, here and in PyTorch."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    layers = [
        [rng.normal(size=shape).astype(np.float32) for shape in ((n, m), (batch_size, n))]
        for n, m in pairwise(widths)
    ]
    deltas = [rng.normal(size=(batch_size, m)).astype(np.float32) for m in widths[1:]]
    kinds = {
        "forward": [(x, w) for w, x in layers],
        "back to inputs": [(d, w.T) for (w, _), d in zip(layers, deltas, strict=True)],
        "weights": [(x.T, d) for (_, x), d in zip(layers, deltas, strict=True)],
    }
    measures = {}
    for kind, factors in kinds.items():
        triples = [(a, b, np.empty((len(a), b.shape[1]), a.dtype)) for a, b in factors]
        of_torch = [tuple(map(torch.from_numpy, triple)) for triple in triples]
        measures[kind] = time_of_products(np.dot, triples)
        measures[f"{kind}, torch"] = time_of_products(torch.mm, of_torch)
    return measures


def time_of_products(dot, triples):
    def all_layers():
        for a, b, out in triples:
            dot(a, b, out=out)

    return mean_of(lambda: seconds(all_layers), 5)
