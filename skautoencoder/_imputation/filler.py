"""How the imputer fills rows: a first fill, rounds of an autoencoder, and bounds for both."""

import numpy as np
from sklearn.utils.validation import check_array

from ..network.corruption import Corruption
from ..network.floating_point import quiet_overflow
from .gaussian_em import NormalModel


class Filler:
    """Fills the missing cells of rows.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features) or None
        That of the normal distribution of the first fill; None leaves it at the mean.
    bounds : pair of ndarray of shape (n_features,)
        The smallest and the largest value that is filled in.
    autoencoder : fitted autoencoder or None
        What rebuilds filled rows; needed for rounds only.
    """

    def __init__(self, mean, covariance, bounds, autoencoder=None):
        self.mean = mean
        self.covariance = covariance
        self.model = None if covariance is None else NormalModel(mean, covariance)
        self.bounds = bounds
        self.autoencoder = autoencoder

    def rounds(self, X, missing):
        """Yield X after the first fill, then after each refill from its reconstruction."""
        fill = np.where(missing, self.mean.astype(X.dtype), X)
        if self.model is not None:
            with quiet_overflow():
                self.model.fill(fill, missing)
            # What overflows beside observed values far off tells nothing more than the mean.
            np.copyto(fill, self.mean, where=missing & np.isnan(fill), casting="same_kind")
        while True:
            filled = np.where(missing, np.clip(fill, *self.bounds), X)
            yield filled
            fill = self.autoencoder._rebuilt(filled)


def find_bounds(X, margins, limits):
    """Smallest and largest value of each feature that may be filled in, in the dtype of X.

    They lie so many spans of the observed values, one number for each side, beyond these; not on
    the other side of 0 where no value is, so that no count becomes negative. `limits` are the
    user's and go before all else.
    """
    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    # In float64, where the span of no float32 is infinite.
    span = np.subtract(high, low, dtype=np.float64)
    with quiet_overflow():
        lowest, highest = low - margins[0] * span, high + margins[1] * span
        lowest = np.where(low >= 0, np.maximum(lowest, 0), lowest)
        highest = np.where(high <= 0, np.minimum(highest, 0), highest)
        return tuple(np.clip(bound, *limits).astype(X.dtype) for bound in (lowest, highest))


def find_limits(min_value, max_value, n_features):
    """The user's smallest and largest value of every feature; ValueError for wrong ones."""
    low = _limit("min_value", min_value, -np.inf, n_features)
    high = _limit("max_value", max_value, np.inf, n_features)
    if not (low < high).all():
        raise ValueError(
            f"One (or more) features have min_value >= max_value. Got {min_value!r} and "
            f"{max_value!r}: every smallest value must be below the largest."
        )
    return np.stack([low, high])


def _limit(name, value, without, n_features):
    value = without if value is None else value
    if np.ndim(value) == 0:
        return np.full(n_features, float(value))
    limits = check_array(
        value, ensure_2d=False, dtype=np.float64, ensure_all_finite=False, input_name=name
    )
    if limits.shape != (n_features,):
        raise ValueError(
            f"'{name}' should be of shape ({n_features},) when an array-like is provided. Got "
            f"{limits.shape}, instead."
        )
    return limits


class _Refill(Corruption):
    """Cells that are missing or masked get what the normal distribution expects there.

    So training sees rows as `transform` does after the initial fill. `columns` are numbers of
    those that the features are parts of, None where each is one.
    """

    def __init__(self, corruption=None, model=None, columns=None):
        self.corruption = corruption
        self.model = model
        self.columns = columns

    @property
    def is_random(self):
        return self.corruption is not None and self.corruption.is_random

    def check(self):
        if self.corruption is not None:
            self.corruption.check()

    def corrupter(self, rows):
        model, center = self._model_in_units_of(rows), rows.feature_means
        if self.columns is not None:
            rows = rows.with_columns(np.array(self.columns))
        inner = None if self.corruption is None else self.corruption.corrupter(rows)

        def corrupt(clean, corrupted, rng):
            if inner is None:
                np.copyto(corrupted, clean)
            else:
                inner(clean, corrupted, rng)
            # Missing cells stand at the center, as do those that MaskingNoise(value="mean") hits.
            model.fill(corrupted, (clean == center) | (corrupted == center))

        return corrupt

    def _model_in_units_of(self, rows):
        if rows.scaling is None:
            shift, scale = np.zeros(rows.n_features), np.ones(rows.n_features)
        else:
            shift, scale = rows.scaling.shift, rows.scaling.scale
        # Features that do not vary among the rows of a fit are left out of them.
        model = self.model.of(rows.features)
        return model.rescaled(shift.astype(rows.dtype), scale.astype(rows.dtype))
