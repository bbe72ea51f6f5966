"""Features that do not vary in `fit`: training leaves them out, and a fitted network has them back.

They enter it by weights of 0, so they change nothing for the others, and leave it as the value that
they had. Lists of weights and biases hold those of all layers, then those of the skip connections,
and last those that lead from the code to a target.
"""

from typing import NamedTuple

import numpy as np

from .network.floating_point import quiet_overflow
from .network.parameters import Parameters
from .network.scaling import deviations, varies

# Beyond these, sigmoid and exp are 0 or 1, or infinite, in every dtype.
LARGEST_BIAS = 1000.0


class Layout(NamedTuple):
    """Numbers in such a list: how many layers it begins with, and whether skips follow them."""

    n_layers: int
    has_skips: bool

    @property
    def first(self):
        """Those that take the features: the first layer's, and the encoder's skip's."""
        return [0, self.n_layers] if self.has_skips else [0]

    @property
    def last(self):
        """Those that give the features: the last layer's, and the decoder's skip's."""
        last = self.n_layers - 1
        return [last, self.n_layers + 1] if self.has_skips else [last]


def trained_features(is_constant):
    """Indices of the features that a network is trained on; None for all, as where none varies."""
    return np.flatnonzero(~is_constant) if 0 < is_constant.sum() < len(is_constant) else None


def newly_varying(rows, is_constant, mean):
    """Which features, of those that have been constant so far, vary in these rows of X."""
    features = np.flatnonzero(is_constant)
    values = mean[features].astype(np.float64)
    with quiet_overflow():
        deviation = deviations(rows.restricted_to(features), values)
    newly = np.zeros_like(is_constant)
    newly[features] = varies(deviation, values, rows.dtype)
    return newly


def of_features(coefs, intercepts, layout, features):
    """Weights and biases of some features alone; None for all of them."""
    if features is None:
        return coefs, intercepts
    coefs, intercepts = list(coefs), list(intercepts)
    for first in layout.first:
        coefs[first] = coefs[first][features]
    for last in layout.last:
        coefs[last], intercepts[last] = coefs[last][:, features], intercepts[last][features]
    return coefs, intercepts


def insert_constants(coefs, intercepts, layout, is_constant, biases):
    """Weights and biases of all features, the constant ones' 0 but for these biases of the output.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Of the features that vary; of all, where none varies.
    layout : Layout
    is_constant : ndarray of bool of shape (n_features,)
    biases : ndarray of shape (n_constant_features,)
    """
    features = trained_features(is_constant)
    features = np.arange(len(is_constant)) if features is None else features
    coefs, intercepts = list(coefs), list(intercepts)
    for first in layout.first:
        weights = np.zeros((len(is_constant), coefs[first].shape[1]), coefs[first].dtype)
        weights[features] = coefs[first]
        weights[is_constant] = 0
        coefs[first] = weights
    for last in layout.last:
        weights = np.zeros((len(coefs[last]), len(is_constant)), coefs[last].dtype)
        weights[:, features] = coefs[last]
        weights[:, is_constant] = 0
        bias = np.zeros(len(is_constant), weights.dtype)
        bias[features] = intercepts[last]
        bias[is_constant] = biases if last == layout.last[0] else 0
        coefs[last], intercepts[last] = weights, bias
    return coefs, intercepts


def output_biases(values, activation):
    """Biases by which an output without weights gives these values, in the network's units."""
    if activation == "sigmoid":
        with np.errstate(divide="ignore"):
            biases = np.log(values) - np.log1p(-values)
    elif activation in ("exp", "softplus"):
        # Where the value is 0, which is all that matters of softplus.
        with np.errstate(divide="ignore"):
            biases = np.log(values)
    else:
        return values
    return np.clip(biases, -LARGEST_BIAS, LARGEST_BIAS)


def admitted_to_state(state, coefs, intercepts, layout, before, after, ties):
    """A solver's state for the features `after`, with zeros for those not there `before`.

    `coefs` and `intercepts` are those of all features.
    """
    arrays = coefs + intercepts
    ends = np.cumsum([each.size for each in arrays])
    numbers = [
        np.arange(end - each.size, end, dtype=np.float64).reshape(each.shape)
        for end, each in zip(ends, arrays, strict=True)
    ]
    own, new = (
        Parameters.from_arrays(
            *of_features(numbers[: len(coefs)], numbers[len(coefs) :], layout, features), ties
        )
        for features in (before, after)
    )
    return {name: _admitted(value, own, new, ends[-1]) for name, value in state.items()}


def _admitted(value, own, new, size):
    """One entry of the state: a number, or one of as many as there are parameters, or biases."""
    if not isinstance(value, np.ndarray):
        return value
    is_whole = len(value) == len(own.flat)
    before, after = (
        (each.flat if is_whole else np.concatenate(each.biases)).astype(int) for each in (own, new)
    )
    everything = np.zeros(size, value.dtype)
    everything[before] = value
    return everything[after]
