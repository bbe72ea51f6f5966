"""Data: the original's digits, MNIST, and sets of many kinds for the ablation."""

from collections import namedtuple

import numpy as np
from sklearn.datasets import (
    fetch_openml,
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_s_curve,
    make_swiss_roll,
)
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skautoencoder import augment_with_shifts

N_MNIST_TRAIN = 60_000

Mnist = namedtuple("Mnist", "X_train X_test y_train y_test")


def seed_split(dtype):
    """Training and test rows of the original "Autoencoder from Scratch"."""
    X = augment_with_shifts(load_digits().images).reshape(-1, 64)
    X = MinMaxScaler().fit_transform(X).astype(dtype)
    return train_test_split(X, test_size=0.2, random_state=42)


def load_mnist(path, short):
    """MNIST in [0, 1], float32, or None where it can neither be read nor downloaded.

    In short mode a few hundred rows, which without a path are enlarged digits.
    """
    if path is not None:
        with np.load(path) as arrays:
            mnist = Mnist(*(arrays[name] for name in Mnist._fields))
    else:
        mnist = enlarged_digits() if short else download_mnist()
    if mnist is None:
        return None
    n_train, n_test = (400, 200) if short else (None, None)
    return Mnist(
        as_rows(mnist.X_train[:n_train]),
        as_rows(mnist.X_test[:n_test]),
        mnist.y_train[:n_train],
        mnist.y_test[:n_test],
    )


def as_rows(images):
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32, copy=False)


def enlarged_digits():
    """scikit-learn's digits in the form of MNIST: 28 x 28 pixels from 0 to 255."""
    digits = load_digits()
    images = np.kron(digits.images * (255 / 16), np.ones((3, 3))).astype(np.uint8)
    images = np.pad(images, [(0, 0), (2, 2), (2, 2)])
    return Mnist(*train_test_split(images, digits.target, random_state=0))


def download_mnist():
    try:
        X, y = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    except (OSError, ValueError, ImportError) as error:
        print(f"\nMNIST could not be downloaded ({error}).")
        print("Pass --mnist PATH of an .npz file with X_train, X_test, y_train and y_test.")
        return None
    return Mnist(X[:N_MNIST_TRAIN], X[N_MNIST_TRAIN:], y[:N_MNIST_TRAIN], y[N_MNIST_TRAIN:])


def circle(rng):
    angle = rng.uniform(0, 2 * np.pi, 1000)
    return np.column_stack([np.cos(angle), np.sin(angle)]) + 0.02 * rng.normal(size=(1000, 2))


def sphere(rng):
    points = rng.normal(size=(1500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points @ rng.normal(size=(3, 20)) + 0.05 * rng.normal(size=(1500, 20))


def curved_manifold(rng):
    bent = np.tanh(rng.normal(size=(1500, 3)) @ rng.normal(size=(3, 20)))
    return bent @ rng.normal(size=(20, 30)) + 0.1 * rng.normal(size=(1500, 30))


def low_rank(shape, rank, noise):
    """A maker of normal rows within a linear subspace, plus normal noise."""
    n_rows, n_features = shape

    def make(rng):
        linear = rng.normal(size=(n_rows, rank)) @ rng.normal(size=(rank, n_features))
        return linear + noise * rng.normal(size=shape)

    return make


def heavy_tailed(rng):
    """Student's t with two degrees of freedom: of infinite variance."""
    linear = rng.standard_t(2, size=(1000, 4)) @ rng.normal(size=(4, 15))
    return linear + 0.3 * rng.standard_t(2, size=(1000, 15))


def counts(rng):
    rates = np.exp(0.5 * rng.normal(size=(1000, 5)) @ rng.normal(size=(5, 200)) - 2)
    return rng.poisson(rates).astype(np.float64)


def rare_categories(rng):
    """Three columns of categories, two of which go together, one-hot and standardised."""
    first, rare = rng.integers(0, 6, 1000), rng.zipf(1.7, 1000).clip(0, 60)
    second = (first + rng.integers(0, 2, 1000)) % 6
    X = np.hstack([np.eye(61)[column] for column in (first, second, rare)])
    X = X[:, X.any(axis=0)]
    return (X - X.mean(axis=0)) / X.std(axis=0)


def tf_idf(rng):
    return TfidfTransformer().fit_transform(counts(rng)).tocsr()


def raw(load, **options):
    return lambda rng: load(**options).data


def standardised(load):
    return lambda rng: StandardScaler().fit_transform(load().data)


# Name: width of the code, and what makes X from a generator.
KINDS = {
    "digits, 10-d": (10, lambda rng: load_digits().data / 16),
    "digits, 36-d": (36, lambda rng: load_digits().data / 16),
    "breast cancer, raw": (5, raw(load_breast_cancer)),
    "breast cancer, standardised": (5, standardised(load_breast_cancer)),
    "wine, raw": (3, raw(load_wine)),
    "wine, standardised": (3, standardised(load_wine)),
    "diabetes, raw": (4, raw(load_diabetes, scaled=False)),
    "diabetes, standardised": (4, standardised(load_diabetes)),
    "iris, raw": (2, raw(load_iris)),
    "iris, standardised": (2, standardised(load_iris)),
    "swiss roll": (2, lambda rng: make_swiss_roll(2000, noise=0.05, random_state=0)[0]),
    "s-curve": (2, lambda rng: make_s_curve(2000, noise=0.02, random_state=0)[0]),
    "circle in 2-D": (1, circle),
    "sphere in 20-D": (2, sphere),
    "curved 3-d manifold in 30-D": (3, curved_manifold),
    "wide, 100 x 500": (5, low_rank((100, 500), rank=5, noise=1)),
    "pure noise, 60 x 300": (5, low_rank((60, 300), rank=0, noise=1)),
    "narrow, 800 x 3": (2, low_rank((800, 3), rank=2, noise=0.3)),
    "small, 30 x 6": (2, low_rank((30, 6), rank=2, noise=0.2)),
    "heavy-tailed": (4, heavy_tailed),
    "linear": (6, low_rank((1000, 20), rank=6, noise=0.2)),
    "tf-idf, sparse": (5, tf_idf),
    "counts": (5, counts),
    "rare categories": (5, rare_categories),
}

SHORT_KINDS = (
    "digits, 10-d",
    "wine, raw",
    "diabetes, standardised",
    "circle in 2-D",
    "wide, 100 x 500",
    "small, 30 x 6",
    "tf-idf, sparse",
)
