"""Corruption: what training does to its input, so that the network learns to undo it.

A corruption object holds settings only. For a training run it makes a corrupter of the
rows: a function ``corrupt(clean, corrupted, rng)`` that fills `corrupted` from a batch of
rows in the network's units. The target stays clean.

References
----------
.. [1] Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising autoencoders.
   JMLR 11.
"""

import math

import numpy as np

from .component import Component, check_number
from .scaling import extremes


class Corruption(Component):
    """Base class: what training asks of a corruption."""

    # Whether the same rows come out differently each time.
    is_random = True

    def corrupter(self, rows):
        """Return a function of (clean, corrupted, rng) for batches of these rows."""
        raise NotImplementedError


class GaussianNoise(Corruption):
    """Adds normal noise to every cell: the oldest way to train a denoising autoencoder.

    The noise of every cell is drawn by itself, afresh for every batch [1]_.

    Parameters
    ----------
    scale : float, default=0.3
        Standard deviation of the noise in the network's units, above 0. With the default
        scaling of the estimator, the root of the features' mean variance is 1.

    References
    ----------
    .. [1] Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising
       autoencoders. JMLR 11.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, GaussianNoise
    >>> autoencoder = AutoencoderTransformer(corruption=GaussianNoise(scale=0.5))
    >>> autoencoder.get_params()["corruption__scale"]
    0.5
    """

    def __init__(self, scale=0.3):
        self.scale = scale

    def check(self):
        check_number(self, "scale", 0, math.inf, closed="neither")

    def corrupter(self, rows):
        scale = float(self.scale)

        def corrupt(clean, corrupted, rng):
            rng.standard_normal(out=corrupted, dtype=corrupted.dtype)
            np.multiply(corrupted, scale, out=corrupted)
            np.add(corrupted, clean, out=corrupted)

        return corrupt


class MaskingNoise(Corruption):
    """Sets a share of the cells, drawn at random, to one value.

    The network learns to fill gaps from what is around them [1]_.

    Parameters
    ----------
    rate : float, default=0.3
        Probability that a cell is masked, above 0 and below 1.

    value : float or "mean", default=0.0
        What a masked cell becomes, in the units of X: a number, or "mean" for the mean
        of its feature over the training rows.

    References
    ----------
    .. [1] Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising
       autoencoders. JMLR 11.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, MaskingNoise
    >>> autoencoder = AutoencoderTransformer(corruption=MaskingNoise(rate=0.5))
    >>> autoencoder.get_params()["corruption__rate"]
    0.5
    """

    def __init__(self, rate=0.3, value=0.0):
        self.rate = rate
        self.value = value

    def check(self):
        check_number(self, "rate", 0, 1, closed="neither")
        if self.value != "mean":
            check_number(self, "value", -math.inf, math.inf, alternative="'mean'")

    def corrupter(self, rows):
        rate, value = float(self.rate), self._network_value(rows)
        columns = rows.columns()

        def corrupt(clean, corrupted, rng):
            hit = _hits(clean, rate, rng, columns)
            np.copyto(corrupted, clean)
            np.copyto(corrupted, value, where=hit)

        return corrupt

    def _network_value(self, rows):
        if self.value == "mean":
            return rows.feature_means
        return rows.in_network_units(np.full(rows.n_features, float(self.value)))


class SaltAndPepperNoise(Corruption):
    """Sets a share of the cells to the smallest or the largest value of their feature.

    Either with the same probability [1]_.

    Parameters
    ----------
    rate : float, default=0.2
        Probability that a cell is hit, above 0 and below 1.

    low : float or None, default=None
        What half of the cells that are hit become, in the units of X. None takes the
        smallest value of each feature in the training rows.

    high : float or None, default=None
        What the others become; None takes the largest value of each feature.

    References
    ----------
    .. [1] Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising
       autoencoders. JMLR 11.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, SaltAndPepperNoise
    >>> autoencoder = AutoencoderTransformer(
    ...     corruption=SaltAndPepperNoise(low=0, high=1)
    ... )
    >>> autoencoder.get_params()["corruption__high"]
    1
    """

    def __init__(self, rate=0.2, low=None, high=None):
        self.rate = rate
        self.low = low
        self.high = high

    def check(self):
        check_number(self, "rate", 0, 1, closed="neither")
        for name in ("low", "high"):
            if getattr(self, name) is not None:
                check_number(self, name, -math.inf, math.inf, alternative="None")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                "The 'low' parameter of SaltAndPepperNoise must not be above 'high'. Got "
                f"low={self.low!r} and high={self.high!r}."
            )

    def corrupter(self, rows):
        rate, (pepper, salt) = float(self.rate), self._network_values(rows)
        columns = rows.columns()

        def corrupt(clean, corrupted, rng):
            draws = _draws(clean, rng, columns)
            np.copyto(corrupted, clean)
            np.copyto(corrupted, salt, where=draws < rate)
            np.copyto(corrupted, pepper, where=draws < rate / 2)

        return corrupt

    def _network_values(self, rows):
        found = extremes(rows) if self.low is None or self.high is None else (None, None)
        for given, own in zip((self.low, self.high), found, strict=True):
            if given is None:
                yield own.astype(rows.dtype)
            else:
                yield rows.in_network_units(np.full(rows.n_features, float(given)))


class SwapNoise(Corruption):
    """Gives a share of the cells the value of another training row in the same column.

    Whatever the scale and the distribution of a column, its noise is one of its own values:
    made for tables [1]_.

    Parameters
    ----------
    rate : float, default=0.15
        Probability that a cell is swapped, above 0 and below 1. For each swapped cell a row is
        drawn at random, with the rows' weights where there are any.

    References
    ----------
    .. [1] Yoon, Zhang, Jordon, van der Schaar (2020), VIME: Extending the success of self-
       and semi-supervised learning to tabular domain. NeurIPS 33.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, SwapNoise
    >>> autoencoder = AutoencoderTransformer(corruption=SwapNoise(rate=0.1))
    >>> autoencoder.get_params()["corruption__rate"]
    0.1
    """

    def __init__(self, rate=0.15):
        self.rate = rate

    def check(self):
        check_number(self, "rate", 0, 1, closed="neither")

    def corrupter(self, rows):
        rate, draw_rows, columns = float(self.rate), row_sampler(rows), rows.columns()

        def corrupt(clean, corrupted, rng):
            hit = _hits(clean, rate, rng, columns)
            rows.take(draw_rows(len(clean), rng), corrupted)
            # One donor a row of the batch; shuffled in each column, one a cell.
            if columns is None:
                rng.permuted(corrupted, axis=0, out=corrupted)
            else:
                donors = np.tile(np.arange(len(clean))[:, np.newaxis], columns.max() + 1)
                rng.permuted(donors, axis=0, out=donors)
                corrupted[...] = np.take_along_axis(corrupted, donors[:, columns], axis=0)
            np.copyto(corrupted, clean, where=~hit)

        return corrupt


def row_sampler(rows):
    """A function of (n, rng) that draws numbers of rows, each as likely as its weight."""
    n_rows = len(rows)
    if rows.sample_weight is None:
        return lambda n, rng: rng.integers(n_rows, size=n)
    cumulated = np.cumsum(rows.weights(slice(None)), dtype=np.float64)
    cumulated /= cumulated[-1]

    def draw(n, rng):
        return np.minimum(np.searchsorted(cumulated, rng.random(n), side="right"), n_rows - 1)

    return draw


def _hits(clean, rate, rng, columns):
    return _draws(clean, rng, columns) < rate


def _draws(clean, rng, columns):
    """A uniform number for each cell, the same for the features of one column."""
    if columns is None:
        return rng.random(clean.shape, dtype=clean.dtype)
    draws = rng.random((len(clean), columns.max() + 1), dtype=clean.dtype)
    return draws[:, columns]
