"""Scaling: the network's own units, per feature, undone on its way out."""

import numpy as np

from .parallel import quiet_overflow


class Scaling:
    """The affine map of the features (x - shift) / scale, and back."""

    def __init__(self, shift, scale):
        self.shift = shift
        self.scale = scale

    def apply(self, rows):
        """Map rows to the network's units, in place."""
        np.subtract(rows, self.shift, out=rows)
        np.divide(rows, self.scale, out=rows)

    def undo(self, rows):
        """Map rows back to the units of X, in place."""
        np.multiply(rows, self.scale, out=rows)
        np.add(rows, self.shift, out=rows)


def moments(rows):
    """Weighted mean and standard deviation of every feature, in two passes in float64.

    Sums are taken about the first row, so that a feature that does not vary has its own
    value as mean, and a deviation of exactly 0.
    """
    pivot = np.empty((1, rows.n_features))
    rows.gather(slice(0, 1), pivot)
    mean = pivot[0] + _average(rows, lambda block: block - pivot)
    return mean, np.sqrt(_average(rows, lambda block: np.square(block - mean)))


def _average(rows, function):
    sums = np.zeros(rows.n_features)
    for weights, block in rows.blocks():
        values = function(block)
        sums += values.sum(axis=0) if weights is None else weights @ values
    return sums / rows.total_weight()


def extremes(rows):
    """Minimum and maximum of every feature."""
    low, high = np.full(rows.n_features, np.inf), np.full(rows.n_features, -np.inf)
    for _, block in rows.blocks():
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
    return low, high


def standard_scaling(rows):
    """Mean 0 and standard deviation 1 for every feature.

    A feature whose deviation is no more than rounding noise about its mean keeps it.
    """
    mean, deviation = moments(rows)
    noise = 10 * np.finfo(rows.X.dtype).eps * np.abs(mean)
    return Scaling(mean, np.where(deviation > noise, deviation, 1.0))


def common_scaling(rows):
    """Mean 0 for every feature, and one scale for all: their mean variance becomes 1.

    Errors weigh as they do in the units of X, and principal components stay what they are.
    """
    mean, deviation = moments(rows)
    scale = np.sqrt(np.mean(np.square(deviation)))
    noise = 10 * np.finfo(rows.X.dtype).eps * np.abs(mean).max()
    return Scaling(mean, np.full(rows.n_features, scale if scale > noise else 1.0))


def minmax_scaling(rows, low=0.0, high=1.0):
    """Map the range of every feature onto [low, high]; a constant feature onto low."""
    smallest, largest = extremes(rows)
    span = largest - smallest
    scale = np.where(span > 0, span, 1.0) / (high - low)
    return Scaling(smallest - low * scale, scale)


def half_bounded_scaling(rows, low):
    """Standard deviation 1 for every feature, shifted only where values lie below `low`."""
    smallest, _ = extremes(rows)
    deviation = standard_scaling(rows).scale
    return Scaling(np.where(smallest < low, smallest - low * deviation, 0.0), deviation)


def auto_scaling(rows, output):
    """Scaling onto the range of the output's activation, or None where X fits already."""
    if np.isinf(output.low):
        return common_scaling(rows)
    if np.isinf(output.high):
        return half_bounded_scaling(rows, output.low)
    smallest, largest = extremes(rows)
    if smallest.min() >= output.low and largest.max() <= output.high:
        return None
    return minmax_scaling(rows, output.low, output.high)


def fit_scaling(kind, rows, output):
    """Scaling of a kind (None or "auto", "common", "standard", "minmax") for rows and output."""
    if kind is None:
        return None
    with quiet_overflow():
        if kind == "auto":
            scaling = auto_scaling(rows, output)
        elif kind == "common":
            scaling = common_scaling(rows)
        elif kind == "standard":
            scaling = standard_scaling(rows)
        elif np.isfinite(output.low) and np.isfinite(output.high):
            scaling = minmax_scaling(rows, output.low, output.high)
        else:
            scaling = minmax_scaling(rows)
    return None if scaling is None else _in_dtype(scaling, rows.X.dtype)


def _in_dtype(scaling, dtype):
    """The scaling in the dtype of X; ValueError where that cannot hold it."""
    shift, scale = scaling.shift.astype(dtype), scaling.scale.astype(dtype)
    if not (np.isfinite(shift).all() and np.isfinite(scale).all() and scale.all()):
        raise ValueError(
            f"X cannot be scaled in {dtype}: its values are too large or too close together for "
            "their deviations to be computed. Divide X by its largest absolute value first, or "
            "set scale=None."
        )
    return Scaling(shift, scale)
