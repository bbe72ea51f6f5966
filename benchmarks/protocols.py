"""Data and rivals that the benchmarks share."""

import time
import warnings
from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import MinMaxScaler

from skautoencoder import AutoencoderTransformer, augment_with_shifts

SEED_WIDTHS = [64, 50, 40, 36, 40, 50, 64]
DEEP_WIDTHS = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]


def seed_split(dtype):
    """Training and test rows of the original "Autoencoder from Scratch"."""
    X = augment_with_shifts(load_digits().images).reshape(-1, 64)
    X = MinMaxScaler().fit_transform(X).astype(dtype)
    return train_test_split(X, test_size=0.2, random_state=42)


def l2(X, rebuilt):
    """Mean over the rows of half the squared error, summed over the features."""
    return float(0.5 * np.square(X - rebuilt).sum(axis=1).mean())


def autoencoder(widths, **params):
    """Our estimator with these layer widths and exactly `max_iter` epochs."""
    middle = len(widths) // 2
    never_stop = {"tol": 0, "n_iter_no_change": params["max_iter"]}
    return AutoencoderTransformer(
        widths[middle],
        hidden_layer_sizes=tuple(widths[1:middle]),
        **{"random_state": 0, **never_stop, **params},
    )


class QuietMLP(MLPRegressor):
    """scikit-learn's network trained to rebuild its input, silent about max_iter."""

    def fit(self, X, y=None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, X)

    def score(self, X, y=None):
        return super().score(X, X)


def mlp_regressor(widths, **params):
    """scikit-learn's network with these layer widths and exactly `max_iter` epochs."""
    never_stop = {"tol": 0, "n_iter_no_change": params["max_iter"] + 1}
    return QuietMLP(
        hidden_layer_sizes=tuple(widths[1:-1]),
        activation="tanh",
        **{"random_state": 0, **never_stop, **params},
    )


def seconds(function):
    """Time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def epoch_by_fit(make, X, n_epochs):
    """A function that measures seconds an epoch: the difference of two fits."""

    def measure():
        longer = seconds(lambda: make(max_iter=1 + n_epochs).fit(X))
        return (longer - seconds(lambda: make(max_iter=1).fit(X))) / n_epochs

    return measure


def epoch_of_torch(widths, X, batch_size, n_threads):
    """A function that measures seconds an epoch in PyTorch, eager, with fused Adam."""
    import torch

    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1], torch.nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    X = torch.from_numpy(X)

    def epoch():
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            batch = X[order[start : start + batch_size]]
            optimizer.zero_grad()
            loss = 0.5 * (model(batch) - batch).square().sum(dim=1).mean()
            loss.backward()
            optimizer.step()

    def measure():
        torch.set_num_threads(n_threads)
        return seconds(epoch)

    measure()
    return measure


def epoch_of_products(widths, n_rows, batch_size):
    """A function that measures the matrix products of an epoch, and nothing else."""
    rng = np.random.default_rng(0)
    pairs = list(pairwise(widths))
    # Orthogonal-sized weights: products of products neither grow nor vanish.
    weights = [(rng.normal(size=pair) / np.sqrt(pair[0])).astype(np.float32) for pair in pairs]
    gradients = [np.empty_like(w) for w in weights]
    values = [rng.normal(size=(batch_size, n)).astype(np.float32) for n in widths]
    deltas = [value.copy() for value in values]

    def epoch():
        for start in range(0, n_rows, batch_size):
            n = min(batch_size, n_rows - start)
            for i, w in enumerate(weights):
                np.dot(values[i][:n], w, out=values[i + 1][:n])
            for i in range(len(weights) - 1, -1, -1):
                np.dot(values[i][:n].T, deltas[i + 1][:n], out=gradients[i])
                if i:
                    np.dot(deltas[i + 1][:n], weights[i].T, out=deltas[i][:n])

    return lambda: seconds(epoch)
