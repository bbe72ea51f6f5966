"""Sets with 5 % of outliers, for training and testing alike: some real, some made up.

A maker takes a generator, and returns X and y, where y is 1 for the outliers.
"""

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_sample_images,
    load_wine,
    make_blobs,
    make_moons,
    make_s_curve,
    make_swiss_roll,
)

SHARE = 0.05
MIN_OUTLIERS = 5


def mixed(inliers, outliers, rng):
    """All inliers, and as many outliers as make up 5 % of the rows, at least five."""
    n_outliers = max(MIN_OUTLIERS, round(SHARE / (1 - SHARE) * len(inliers)))
    chosen = rng.choice(len(outliers), min(n_outliers, len(outliers)), replace=False)
    y = np.repeat([0, 1], [len(inliers), len(chosen)])
    return np.vstack([inliers, outliers[chosen]]), y


def classes(load, *inlier_classes):
    """Some classes of a set are inliers, the others outliers."""

    def make(rng):
        X, y = load(return_X_y=True)
        is_inlier = np.isin(y, inlier_classes)
        return mixed(X[is_inlier], X[~is_inlier], rng)

    return make


def uniform_in_box(X, n_rows, rng, stretch=1.0):
    """Uniform rows in the box that X fills, stretched about its middle."""
    low, high = X.min(axis=0), X.max(axis=0)
    half = stretch * (high - low) / 2
    return (low + high) / 2 + half * rng.uniform(-1, 1, size=(n_rows, X.shape[1]))


def shuffled_columns(X, rng):
    return rng.permuted(X, axis=0)


def clusters(rng):
    X, _ = make_blobs(600, 8, centers=5, random_state=int(rng.integers(10**6)))
    return mixed(X, uniform_in_box(X, 200, rng), rng)


def swiss_roll(rng):
    X, _ = make_swiss_roll(800, noise=0.3, random_state=int(rng.integers(10**6)))
    X, y = mixed(X, uniform_in_box(X, 200, rng), rng)
    return X @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(len(X), 12)), y


def heavy_tails(rng):
    axes = rng.normal(size=(3, 15))

    def rows(n, noise):
        return rng.standard_t(3, (n, 3)) @ axes + noise * rng.standard_t(3, (n, 15))

    return mixed(rows(800, 0.5), rows(200, 2.0), rng)


def broken_correlations(rng):
    """A fifth of an outlier's cells are those of other rows: each is usual by itself."""
    X = rng.normal(size=(800, 4)) @ rng.normal(size=(4, 20)) + 0.3 * rng.normal(size=(800, 20))
    is_other = rng.random((200, 20)) < 0.2
    outliers = np.where(is_other, shuffled_columns(X, rng)[:200], X[:200])
    return mixed(X[200:], outliers, rng)


def many_features(rng):
    X = np.tanh(rng.normal(size=(500, 10))) @ rng.normal(size=(10, 200))
    outliers = 0.8 * np.tanh(1.5 * rng.normal(size=(100, 10))) @ rng.normal(size=(10, 200))
    noise = 0.5 * rng.normal(size=(600, 200))
    return mixed(X + noise[:500], outliers + 0.8 * noise[500:], rng)


def shifted_cells(rng):
    X = rng.normal(size=(600, 10)) @ rng.normal(size=(10, 10))
    outliers = X[:100].copy()
    for row in outliers:
        hit = rng.choice(10, 2, replace=False)
        row[hit] += rng.choice([-3, 3], 2) * X[:, hit].std(axis=0)
    return mixed(X[100:], outliers, rng)


def diabetes_shuffled(rng):
    X = load_diabetes().data
    return mixed(X, shuffled_columns(X, rng), rng)


def image_patches(rng):
    """Patches of 8 x 8 pixels of a flower, and of a temple among them."""

    def patches(image, n):
        grey = image.mean(axis=2)
        corners = rng.integers(0, np.array(grey.shape) - 8, size=(n, 2))
        return np.array([grey[r : r + 8, c : c + 8].ravel() for r, c in corners])

    temple, flower = load_sample_images().images
    return mixed(patches(flower, 800), patches(temple, 300), rng)


def moons(rng):
    X, _ = make_moons(800, noise=0.05, random_state=int(rng.integers(10**6)))
    X, y = mixed(X, uniform_in_box(X, 200, rng, stretch=1.2), rng)
    X = np.column_stack([X, X**2, X[:, 0] * X[:, 1], np.sin(2 * X)])
    return X + 0.05 * rng.normal(size=X.shape), y


def s_curve(rng):
    X, _ = make_s_curve(800, noise=0.05, random_state=int(rng.integers(10**6)))
    return mixed(X, uniform_in_box(X, 200, rng, stretch=1.1), rng)


def two_densities(rng):
    """Outliers beside a dense cluster, no further from it than a wide one reaches."""
    dense, wide = 0.3 * rng.normal(size=(400, 6)), 6 + 1.5 * rng.normal(size=(400, 6))
    return mixed(np.vstack([dense, wide]), 1.2 * rng.normal(size=(100, 6)), rng)


def counts(rng):
    def rows(n, axes):
        return rng.poisson(np.exp(0.5 * rng.normal(size=(n, 5)) @ axes - 1)).astype(np.float64)

    return mixed(rows(600, rng.normal(size=(5, 60))), rows(100, rng.normal(size=(5, 60))), rng)


def wide(rng):
    axes = rng.normal(size=(3, 300))

    def rows(n, noise):
        return rng.normal(size=(n, 3)) @ axes + noise * rng.normal(size=(n, 300))

    return mixed(rows(120, 1.0), rows(30, 1.3), rng)


def rings(rng):
    angle, radius = rng.uniform(0, 2 * np.pi, 700), rng.choice([1, 3], 700)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    X += 0.1 * rng.normal(size=X.shape)
    return mixed(X, uniform_in_box(X, 200, rng, stretch=1.3), rng)


def clustered_outliers(rng):
    X = rng.normal(size=(600, 12)) @ rng.normal(size=(12, 12))
    center = 2.5 * X.std(axis=0) * rng.choice([-1, 1], 12)
    return mixed(X, center + 0.3 * rng.normal(size=(100, 12)), rng)


def log_normal(rng):
    rotation, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    X = np.exp(0.6 * rng.normal(size=(600, 8)) @ rotation)
    return mixed(X[100:], X[:100] * np.exp(1.2 * rng.normal(size=(100, 8))), rng)


# The defaults were chosen on these ...
CHOSEN_ON = {
    **{f"digit {digit}": classes(load_digits, digit) for digit in range(10)},
    "breast cancer, benign": classes(load_breast_cancer, 1),
    "breast cancer, malignant": classes(load_breast_cancer, 0),
    **{f"wine {kind}": classes(load_wine, kind) for kind in range(3)},
    **{f"iris {kind}": classes(load_iris, kind) for kind in range(3)},
    "clusters": clusters,
    "swiss roll in 12-D": swiss_roll,
    "heavy tails": heavy_tails,
    "broken correlations": broken_correlations,
    "200 features": many_features,
    "shifted cells": shifted_cells,
}

# ... and not on these.
HELD_OUT = {
    "digits 3, 5 and 8": classes(load_digits, 3, 5, 8),
    "digits 0 to 4": classes(load_digits, *range(5)),
    "wine 0 and 1": classes(load_wine, 0, 1),
    "iris 0 and 1": classes(load_iris, 0, 1),
    "diabetes, columns shuffled": diabetes_shuffled,
    "image patches": image_patches,
    "moons": moons,
    "s-curve": s_curve,
    "two densities": two_densities,
    "counts": counts,
    "wide, 80 x 300": wide,
    "rings": rings,
    "clustered outliers": clustered_outliers,
    "log-normal": log_normal,
}

SHORT = ("digit 0", "wine 1", "iris 1")
