"""Stopwatches: of one call, and of an epoch or a pass of ours and of its rivals."""

import importlib.util
import statistics
import time
from itertools import pairwise

import numpy as np

HAS_TORCH = importlib.util.find_spec("torch") is not None

# Rows that PyTorch takes at a time where it does not take all.
TORCH_BLOCK = 8192


def seconds(function):
    """Time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def alternate(measures, repeats):
    """Medians of measures taken in turn."""
    times = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            times[name].append(measure())
    return {name: statistics.median(values) for name, values in times.items()}


def alternate_fits(estimators, X, repeats):
    """Medians of the times of fits taken in turn."""
    measures = {
        name: lambda estimator=estimator: seconds(lambda: estimator.fit(X))
        for name, estimator in estimators.items()
    }
    return alternate(measures, repeats)


def mean_of(measure, n):
    """A measure that takes as long as those of n epochs: a few milliseconds may be lucky."""
    return lambda: statistics.fmean(measure() for _ in range(n))


def epoch_by_fit(make, X, n_epochs):
    """A function that measures seconds an epoch: the difference of two fits."""

    def measure():
        longer = seconds(lambda: make(max_iter=1 + n_epochs).fit(X))
        return (longer - seconds(lambda: make(max_iter=1).fit(X))) / n_epochs

    return measure


def torch_layers(widths, activation):
    """Linear layers in PyTorch, with an activation after each."""
    import torch

    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [
            torch.nn.Linear(n_in, n_out),
            {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation](),
        ]
    return layers


def epoch_of_torch(widths, X, batch_size, n_threads, activation="tanh"):
    """A function that measures seconds an epoch in PyTorch, eager, with fused Adam."""
    import torch

    layers = torch_layers(widths, activation)
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


def passes_of_torch(widths, X, n_threads, activation="tanh"):
    """Functions that measure a forward pass in PyTorch: of all rows at once, and in blocks."""
    import torch

    model = torch.nn.Sequential(*torch_layers(widths, activation))
    X = torch.from_numpy(X)

    def all_rows():
        model(X)

    def in_blocks():
        result = torch.empty(len(X), widths[-1])
        for start in range(0, len(X), TORCH_BLOCK):
            result[start : start + TORCH_BLOCK] = model(X[start : start + TORCH_BLOCK])

    def measure(function):
        torch.set_num_threads(n_threads)
        with torch.inference_mode():
            return seconds(function)

    measures = {
        "torch, all rows": lambda: measure(all_rows),
        "torch, blocks": lambda: measure(in_blocks),
    }
    for warm_up in measures.values():
        warm_up()
    return measures


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
