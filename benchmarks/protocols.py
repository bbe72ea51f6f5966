"""What the benchmarks share: networks, scikit-learn's rival, and the form of a report."""

import platform
import warnings

import numpy as np
import scipy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from skautoencoder import AutoencoderTransformer

SEED_WIDTHS = [64, 50, 40, 36, 40, 50, 64]
DEEP_WIDTHS = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
RELU_WIDTHS = [784, 128, 64, 32, 64, 128, 784]


def l2(X, rebuilt):
    """Mean over the rows of half the squared error, summed over the features."""
    return float(0.5 * np.square(X - rebuilt).sum(axis=1).mean())


def autoencoder(widths, **params):
    """A plain network of ours with these layer widths and exactly `max_iter` epochs.

    As the original: tanh layers and no skip connections, trained on all rows.
    """
    middle = len(widths) // 2
    plain = {"skip_connections": False, "activation": "tanh", "early_stopping": False}
    never_stop = {"tol": 0, "n_iter_no_change": params["max_iter"]}
    return AutoencoderTransformer(
        widths[middle],
        hidden_layer_sizes=tuple(widths[1:middle]),
        **{"random_state": 0, **plain, **never_stop, **params},
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
        **{"activation": "tanh", "random_state": 0, **never_stop, **params},
    )


def at_most(limit):
    return "<=", limit


def at_least(limit):
    return ">=", limit


def report(title, rows, short):
    """Print a table of figures, what they should reach, and which of them do not."""
    print(f"\n{title}")
    for label, value, goal in rows:
        line = f"  {label:<58} {value:10.4g}"
        if goal is not None and not short:
            sign, limit = goal
            is_reached = value <= limit if sign == "<=" else value >= limit
            line += f"  (to reach: {sign} {limit:g}){'' if is_reached else '  MISSED'}"
        print(line, flush=True)


def print_versions():
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, {platform.machine()}"
    )
