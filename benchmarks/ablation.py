"""Compare the defaults, and alternatives to them, with PCA on data of many kinds.

python benchmarks/ablation.py [--variants] [--mnist PATH] [--short]

Each set of data is split five times; the share of the variance that a reconstruction
explains is taken over the quarter of the rows held out. The exit code is 1 where the
defaults are more than 0.01 below PCA on the median split of any set.
"""

import argparse
import statistics
import sys
from collections import namedtuple

import numpy as np
from datasets import KINDS, SHORT_KINDS, load_mnist
from protocols import print_versions
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import AutoencoderTransformer

# What counts as below PCA, in shares of the variance.
MARGIN = 0.01
N_SPLITS = 5
N_MNIST_ROWS = 4000

VARIANTS = (
    {"skip_connections": False},
    {"weight_init": "pca"},
    {"weight_init": "he_uniform"},
    {"activation": "tanh"},
    {"scale": "standard"},
    {"early_stopping": False},
    {"solver": "muon"},
    {"solver": "shampoo"},
    {"solver": "shampoo", "max_iter": 20},
    {"batch_size": 128},
    {"max_iter": 20},
    {"max_iter": 40},
    {"max_iter": 160},
)

Split = namedtuple("Split", "seed pca ours n_iter seconds")


def explained_share(X, rebuilt):
    """One minus the squared error over the squared distance from the mean of X."""
    return 1 - np.square(X - rebuilt).sum() / np.square(X - X.mean(axis=0)).sum()


def pca_share(train, test, n_components):
    train, test = (X.toarray() if sparse.issparse(X) else X for X in (train, test))
    pca = PCA(n_components, random_state=0).fit(train)
    return explained_share(test, pca.inverse_transform(pca.transform(test)))


def run_split(X, n_components, seed, params):
    """Held-out shares of PCA and of our estimator, split and trained by one seed."""
    train, test = train_test_split(X, test_size=0.25, random_state=seed)
    autoencoder = AutoencoderTransformer(n_components, random_state=seed, **params)
    time = seconds(lambda: autoencoder.fit(train))
    return Split(
        seed,
        pca_share(train, test, n_components),
        autoencoder.score(test),
        autoencoder.n_iter_,
        time,
    )


def run_sets(sets, n_splits, params):
    """Yield the name of each set and its splits."""
    for name, (n_components, X) in sets.items():
        yield name, [run_split(X, n_components, seed, params) for seed in range(n_splits)]


def differences(splits):
    return [split.ours - split.pca for split in splits]


def median(splits, field):
    return statistics.median(getattr(split, field) for split in splits)


def table_of_defaults(sets, n_splits):
    """Print a line for each set, and return the splits of all of them."""
    print(
        f"\nAll defaults, {n_splits} split(s): medians of the explained share, the difference "
        "of the worst split,\nthe share of splits more than 0.01 below PCA, medians of epochs "
        "and seconds\n"
    )
    print(
        f"{'data':<29}{'k':>3}{'PCA':>8}{'ours':>8}{'median':>9}{'worst':>9}"
        f"{'below':>7}{'epochs':>8}{'seconds':>9}"
    )
    results = {}
    for name, splits in run_sets(sets, n_splits, {}):
        results[name] = splits
        gains = differences(splits)
        below = statistics.fmean(gain < -MARGIN for gain in gains)
        print(
            f"{name:<29}{sets[name][0]:>3}{median(splits, 'pca'):>8.4f}"
            f"{median(splits, 'ours'):>8.4f}{statistics.median(gains):>+z9.4f}"
            f"{min(gains):>+z9.4f}{below:>7.0%}{median(splits, 'n_iter'):>8.0f}"
            f"{median(splits, 'seconds'):>9.2f}",
            flush=True,
        )
    return results


def print_variant_line(label, results):
    gains = [differences(splits) for splits in results.values()]
    medians = [statistics.median(each) for each in gains]
    n_below = sum(min(each) < -MARGIN for each in gains)
    time = sum(split.seconds for splits in results.values() for split in splits)
    print(
        f"{label:<33}{statistics.median(medians):>+z9.4f}{statistics.fmean(medians):>+z9.4f}"
        f"{min(map(min, gains)):>+z10.4f}{n_below:>7}{time:>9.1f}",
        flush=True,
    )


def table_of_variants(sets, n_splits, defaults):
    """Print a line for the defaults and one for each alternative."""
    print(
        "\nAlternatives, over all sets: median and mean of each set's median of (share - PCA's), "
        "the worst split,\nthe number of sets with a split more than 0.01 below PCA, seconds of "
        "all fits\n"
    )
    print(f"{'change':<33}{'median':>9}{'mean':>9}{'worst':>10}{'below':>7}{'seconds':>9}")
    print_variant_line("none", defaults)
    for params in VARIANTS:
        label = ", ".join(f"{name}={value!r}" for name, value in params.items())
        print_variant_line(label, dict(run_sets(sets, n_splits, params)))


def splits_below(results):
    """Print the splits on which PCA is better, and return whether they are most of any set's."""
    is_median_below = False
    for name, splits in results.items():
        gains = differences(splits)
        is_median_below |= statistics.median(gains) < -MARGIN
        for split, gain in zip(splits, gains, strict=True):
            if gain < -MARGIN:
                print(f"Below PCA: {name}, split {split.seed}: {gain:+.4f}")
    return is_median_below


def load_sets(names, mnist_path):
    sets = {}
    for name in names:
        n_components, make = KINDS[name]
        sets[name] = n_components, make(np.random.default_rng(0))
    if mnist_path is not None:
        X = load_mnist(mnist_path, short=False).X_train
        rows = np.random.default_rng(0).choice(len(X), N_MNIST_ROWS, replace=False)
        sets[f"MNIST, {N_MNIST_ROWS} rows"] = 30, X[rows]
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", action="store_true", help="a second table: other settings")
    parser.add_argument("--mnist", metavar="PATH", help="add rows of MNIST from an .npz file")
    parser.add_argument("--short", action="store_true", help="a few sets, one split")
    options = parser.parse_args()
    print_versions()
    sets = load_sets(SHORT_KINDS if options.short else KINDS, options.mnist)
    n_splits = 1 if options.short else N_SPLITS
    with threadpool_limits(1):
        results = table_of_defaults(sets, n_splits)
        if options.variants:
            table_of_variants(sets, n_splits, results)
    print()
    if splits_below(results):
        sys.exit(f"The defaults are more than {MARGIN} below PCA on the median of a set.")


if __name__ == "__main__":
    main()
