"""Scaling: the network's own units, per feature, undone on its way out."""

import numpy as np

from .floating_point import quiet_overflow

# A deviation of no more than so many roundings of the mean is noise.
ROUNDINGS = 10


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

    def of(self, features):
        """That of some of the features; None stands for all of them."""
        return self if features is None else Scaling(self.shift[features], self.scale[features])


def means(rows):
    """Weighted mean of every feature over its observed cells, in float64; 0 where it has none.

    Sums are taken about the first observed value, so that a feature that does not vary has
    its own value as mean.
    """
    pivot = _first_observed(rows)
    return pivot + _average(rows, lambda block: block - pivot)


def _first_observed(rows):
    """The first observed value of every feature; 0 where it has none."""
    found = rows.map_reduce(_own_first_observed, merge=_first_of_two)
    return np.nan_to_num(found, copy=False, posinf=np.inf, neginf=-np.inf)


def _own_first_observed(rows):
    if not rows.has_missing:
        first = np.empty((1, rows.n_features))
        rows.take(slice(0, 1), first)
        return first[0]
    found = np.full(rows.n_features, np.nan)
    for _, block in rows.blocks():
        first = (~np.isnan(block)).argmax(axis=0)
        candidates = np.take_along_axis(block, first[np.newaxis], axis=0)[0]
        np.copyto(found, candidates, where=np.isnan(found))
        if not np.isnan(found).any():
            break
    return found


def _first_of_two(one, other):
    return np.where(np.isnan(one), other, one)


def deviations(rows, mean):
    """Weighted standard deviation of every feature about its mean; 0 where it does not vary."""
    return np.sqrt(_average(rows, lambda block: np.square(block - mean)))


def joint_deviations(deviation, columns):
    """Of every feature, the root of the summed variances of all that have its number of a column.

    The columns of a category, each in units of this, have variances that add up to 1.
    """
    return np.sqrt(np.bincount(columns, np.square(deviation))[columns])


def varies(deviation, mean, dtype):
    """Whether the values of every feature differ by more than rounding noise."""
    return deviation > ROUNDINGS * np.finfo(dtype).eps * np.abs(mean)


def total_variation(rows, mean):
    """Weighted sum of the squared distances of all observed cells from their features' means.

    Features that do not vary add nothing.
    """
    sums, weights = weighted_sums(rows, lambda block: np.square(block - mean))
    return beyond_noise(sums, weights, mean, rows.dtype).sum()


def beyond_noise(sums, weights, mean, dtype):
    """Sums of squared deviations of every feature from its mean, 0 where it does not vary."""
    return np.where(varies(np.sqrt(_ratio(sums, weights)), mean, dtype), sums, 0)


def _average(rows, function):
    return _ratio(*weighted_sums(rows, function))


def _ratio(sums, weights):
    return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)


def weighted_sums(rows, function):
    """Weighted sums over each feature's observed cells, and the sums of their weights."""
    return rows.map_reduce(_own_sums, function, merge=_add_pairs)


def _own_sums(rows, function):
    sums = np.zeros(rows.n_features)
    totals = np.zeros_like(sums) if rows.has_missing else np.full_like(sums, rows.total_weight())
    for weights, block in rows.blocks():
        values = function(block)
        if rows.has_missing:
            observed = ~np.isnan(values)
            np.copyto(values, 0, where=~observed)
            totals += observed.sum(axis=0) if weights is None else weights @ observed
        sums += values.sum(axis=0) if weights is None else weights @ values
    return sums, totals


def _add_pairs(one, other):
    return one[0] + other[0], one[1] + other[1]


def extremes(rows):
    """Minimum and maximum of every feature over its observed cells; 0 where it has none."""
    low, high = rows.map_reduce(_own_extremes, merge=_wider)
    is_empty = low > high
    low[is_empty] = high[is_empty] = 0
    return low, high


def _wider(one, other):
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])


def _own_extremes(rows):
    low, high = np.full(rows.n_features, np.inf), np.full(rows.n_features, -np.inf)
    smallest, largest = (np.fmin, np.fmax) if rows.has_missing else (np.minimum, np.maximum)
    for _, block in rows.blocks():
        smallest(low, smallest.reduce(block, axis=0), out=low)
        largest(high, largest.reduce(block, axis=0), out=high)
    return low, high


def standard_scaling(rows, mean, deviation=None):
    """Mean 0 and standard deviation 1 for every feature; one that does not vary keeps its units."""
    if deviation is None:
        deviation = deviations(rows, mean)
    return Scaling(mean, np.where(varies(deviation, mean, rows.dtype), deviation, 1.0))


def common_scaling(rows, mean, deviation):
    """Mean 0 for every feature, and one scale for all: their mean variance becomes 1.

    Errors weigh as they do in the units of X, and principal components stay what they are.
    """
    deviation = np.where(varies(deviation, mean, rows.dtype), deviation, 0)
    scale = np.sqrt(np.mean(np.square(deviation)))
    return Scaling(mean, np.full(rows.n_features, scale if scale > 0 else 1.0))


def minmax_scaling(rows, low=0.0, high=1.0):
    """Map the range of every feature onto [low, high]; a constant feature onto low."""
    smallest, largest = extremes(rows)
    span = largest - smallest
    scale = np.where(span > 0, span, 1.0) / (high - low)
    return Scaling(smallest - low * scale, scale)


def half_bounded_scaling(rows, mean, deviation, low):
    """Standard deviation 1 for every feature, shifted only where values lie below `low`."""
    smallest, _ = extremes(rows)
    scale = standard_scaling(rows, mean, deviation).scale
    return Scaling(np.where(smallest < low, smallest - low * scale, 0.0), scale)


def auto_scaling(rows, mean, deviation, output):
    """Scaling onto the range of the output's activation, or None where X fits already."""
    if np.isinf(output.low):
        return common_scaling(rows, mean, deviation)
    if np.isinf(output.high):
        return half_bounded_scaling(rows, mean, deviation, output.low)
    smallest, largest = extremes(rows)
    if smallest.min() >= output.low and largest.max() <= output.high:
        return None
    return minmax_scaling(rows, output.low, output.high)


def fit_scaling(kind, rows, mean, deviation, output):
    """Scaling of a kind (None or "auto", "common", "standard", "minmax") for rows and output.

    `mean` and `deviation` are those of every feature, as `means` and `deviations` return them.
    """
    if kind is None:
        return None
    with quiet_overflow():
        if kind == "auto":
            scaling = auto_scaling(rows, mean, deviation, output)
        elif kind == "common":
            scaling = common_scaling(rows, mean, deviation)
        elif kind == "standard":
            scaling = standard_scaling(rows, mean, deviation)
        elif np.isfinite(output.low) and np.isfinite(output.high):
            scaling = minmax_scaling(rows, output.low, output.high)
        else:
            scaling = minmax_scaling(rows)
    return None if scaling is None else _in_dtype(scaling, rows.dtype)


def _in_dtype(scaling, dtype):
    """The scaling in the dtype of X; ValueError where that cannot hold it."""
    with quiet_overflow():
        shift, scale = scaling.shift.astype(dtype), scaling.scale.astype(dtype)
    if not (np.isfinite(shift).all() and np.isfinite(scale).all() and scale.all()):
        raise ValueError(
            f"X cannot be scaled in {dtype}: its values are too large or too close together for "
            "their deviations to be computed. Divide X by its largest absolute value first, or "
            "set scale=None."
        )
    return Scaling(shift, scale)
