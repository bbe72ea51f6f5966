"""What is usual among the rows that a detector was fitted to, and what others cost beside it.

Everything here is in standardised units: each feature of the training rows has mean 0 and
variance 1, so that features in different units can be added up.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from .network.floating_point import quiet_overflow
from .network.scaling import deviations, joint_deviations, means, varies

# What counts how much: errors of the autoencoders, distances of rows and of reconstructions from
# their neighbours, and distances from the medians. Chosen on the sets of the benchmark.
PART_WEIGHTS = np.array([1.1, 1.0, 0.4, 1.0])
# A part counts from so many spreads above its median on.
ONSET = -1.0
# Neighbours among a thousand references tell what is dense; those of reconstructions are more,
# as reconstructions lie on few dimensions.
N_NEIGHBOURS, N_REBUILT_NEIGHBOURS = 5, 40
# Rows that stand for all training rows where neighbours are looked for.
N_REFERENCES = 1024
# Degrees of freedom of Student's t: one cell that is far off counts, but does not outweigh many
# that are somewhat off.
DEGREES_OF_FREEDOM = 5
# So far off that it makes no difference how far, in units of the usual.
FARTHEST = 1e150
# No feature's usual square is taken to be much below the others': in one that hardly varies among
# the training rows, any other value would else outweigh all other features.
MIN_VARIANCE_SHARE = 0.3
# Variances and spreads below these are rounding noise, as where X has a lower rank than the code.
MIN_VARIANCE = 1e-8
MIN_SPREAD = 1e-3
# The usual square of a feature that is constant: a value that it never had is a surprise.
CONSTANT_VARIANCE = 0.01
# Squared distances that differ by less are the same, and the first reference is the nearer.
DISTANCE_UNIT = 1e-10
# Elements of the largest arrays that a block of rows needs.
BLOCK_ELEMENTS = 2**18
# The same of distances from references, which go through so many passes that they should stay in a
# core's own cache.
DISTANCE_ELEMENTS = 2**16

# So many standard deviations from the median a score is still usual.
AUTO_FENCE = 3.0
# The median absolute deviation of a normal distribution, in standard deviations.
NORMAL_MAD = 0.6745
# Scores of equal rows, computed beside different rows, differ by less than so many roundings.
ROUNDINGS = 1000


class Usual(NamedTuple):
    """What is usual of rows, of their reconstructions by each member, and of the errors.

    Parameters
    ----------
    error_variances : ndarray of shape (n_members, n_features)
    references, rebuilt_references : ndarray of shape (n_references, n_features)
        Training rows, and the mean of what the members make of them.
    reference_weights : ndarray of shape (n_references,)
    neighbour_variances : ndarray of shape (2, n_features)
        Of the distances of rows, and of their reconstructions, from their neighbours.
    medians : ndarray of shape (n_features,)
    median_variances : ndarray of shape (2, n_features)
        Of the distances of smaller and of larger values from them.
    is_constant : ndarray of bool of shape (n_features,)
    """

    error_variances: np.ndarray
    references: np.ndarray
    rebuilt_references: np.ndarray
    reference_weights: np.ndarray
    neighbour_variances: np.ndarray
    medians: np.ndarray
    median_variances: np.ndarray
    is_constant: np.ndarray

    @classmethod
    def learn(cls, rows, rebuilt, weights, is_constant):
        """From reference rows, and what each member makes of them; NaN cells do not count."""
        references, mean_rebuilt = filled(rows), np.mean(rebuilt, axis=0)
        errors = [mean_square(rows - each, weights) for each in rebuilt]
        distances = [
            mean_square(distances_from_neighbours(each, each, each, weights, number), weights)
            for each, number in (
                (references, N_NEIGHBOURS),
                (mean_rebuilt, N_REBUILT_NEIGHBOURS),
            )
        ]
        medians = weighted_medians(rows, weights)
        sides = [
            mean_square(np.where(sign * (rows - medians) > 0, rows - medians, np.nan), weights)
            for sign in (-1, 1)
        ]
        return cls(
            floored(errors, is_constant),
            references,
            mean_rebuilt,
            weights,
            floored(distances, is_constant),
            medians,
            floored(sides, is_constant),
            is_constant,
        )

    def costs(self, rows, searched, rebuilt):
        """What each cell costs: errors of each member, then the other three parts.

        They sum to means over the cells that are observed. The neighbours of a row are those of
        `searched`, in which cells that are missing or gross are filled.
        """
        costs = np.empty((len(rebuilt) + 3, *rows.shape))
        for number, each in enumerate(rebuilt):
            costs[number] = student_cost(rows - each, self.error_variances[number])
        costs[-3:] = [
            student_cost(each, variances)
            for each, variances in zip(
                self._distances(rows, searched, np.mean(rebuilt, axis=0)),
                [*self.neighbour_variances, self._variances_on_the_side_of(rows)],
                strict=True,
            )
        ]
        is_observed = ~np.isnan(rows)
        n_observed = (is_observed & ~self.is_constant).sum(axis=1, keepdims=True)
        return np.where(is_observed, costs / np.maximum(n_observed, 1), 0)

    def _distances(self, rows, searched, rebuilt):
        """Distances from a row's neighbours, from its reconstruction's, and from the medians."""
        weights = self.reference_weights
        yield distances_from_neighbours(rows, searched, self.references, weights, N_NEIGHBOURS)
        yield distances_from_neighbours(
            rebuilt, rebuilt, self.rebuilt_references, weights, N_REBUILT_NEIGHBOURS
        )
        yield rows - self.medians

    def _variances_on_the_side_of(self, rows):
        return np.where(rows < self.medians, *self.median_variances)


class Scale(NamedTuple):
    """How the costs of rows are spread over the training rows.

    Parameters
    ----------
    error_spreads : ndarray of shape (n_members,)
        By which the errors of each member are divided before they are averaged.
    medians, spreads : ndarray of shape (4,)
        Of the four parts of a row's score.
    """

    error_spreads: np.ndarray
    medians: np.ndarray
    spreads: np.ndarray

    @classmethod
    def learn(cls, row_costs, weights):
        """From the costs of rows, of shape (n_members + 3, n_rows)."""
        error_spreads = np.array([spread(each, weights) for each in row_costs[:-3]])
        parts = averaged(row_costs, error_spreads)
        medians = np.array([weighted_quantile(each, weights, 0.5) for each in parts])
        return cls(error_spreads, medians, np.array([spread(each, weights) for each in parts]))

    def scores(self, row_costs):
        """Minus the length of what the parts exceed the onset by, in their spreads."""
        return -np.sqrt(self._squares(averaged(row_costs, self.error_spreads)).sum(axis=0))

    def contributions(self, costs):
        """What each cell adds to the negated score: its share of what each part adds.

        `costs` are those of cells, their means over the features those of rows. A part that costs
        nothing still counts where that is usual: what it adds goes to the cells of the others.
        """
        cells = averaged(costs, self.error_spreads)
        parts = cells.sum(axis=2)
        squares = self._squares(parts)
        blamed = np.where(parts > 0, squares, 0)
        totals = np.sqrt(squares.sum(axis=0))
        wholes = parts * blamed.sum(axis=0)
        shares = np.divide(blamed * totals, wholes, out=np.zeros_like(parts), where=wholes > 0)
        return np.einsum("pi,pij->ij", shares, cells)

    def _squares(self, parts):
        standardised = (parts - self.medians[:, np.newaxis]) / self.spreads[:, np.newaxis]
        return PART_WEIGHTS[:, np.newaxis] * np.square(np.maximum(standardised - ONSET, 0))


def averaged(costs, error_spreads):
    """The four parts: members' errors become one, each in units of its own spread."""
    errors = np.tensordot(1 / error_spreads, costs[:-3], 1) / len(error_spreads)
    return np.concatenate([errors[np.newaxis], costs[-3:]])


def distances_from_neighbours(rows, searched, references, weights, n_neighbours):
    """Root mean square, over a row's neighbours, of the distances in each feature.

    The neighbours are the references nearest to `searched` but for the first, which may be the
    row itself.
    """
    distances, squares = np.empty(rows.shape), np.square(references)
    for part in gen_batches(len(rows), max(1, DISTANCE_ELEMENTS // len(references))):
        shares = neighbour_shares(searched[part], references, weights, n_neighbours)
        mean = shares @ references
        variance = np.maximum(shares @ squares - np.square(mean), 0)
        distances[part] = np.hypot(rows[part] - mean, np.sqrt(variance))
    return distances


def neighbour_shares(rows, references, weights, n_neighbours):
    """How much each reference counts among the neighbours of each row; rows sum to 1.

    There are so many neighbours that they have the weight of `n_neighbours` average references,
    the last one in part.
    """
    n_nearest, amount = neighbourhood(weights, n_neighbours)
    nearest = nearest_references(rows, references, n_nearest)
    own = weights[nearest]
    if n_nearest > 1:
        own[:, 0] = 0
    before = np.cumsum(own, axis=1) - own
    own = np.clip(amount - before, 0, own)
    shares = np.zeros((len(rows), len(references)))
    np.put_along_axis(shares, nearest, own / own.sum(axis=1, keepdims=True), axis=1)
    return shares


def neighbourhood(weights, n_neighbours):
    """How many of the nearest references are needed, the first included, and how much weight."""
    ordered = np.sort(weights)
    # The heaviest one may be the first, and so not count.
    others = ordered[:-1].sum() or ordered[-1]
    amount = min(n_neighbours / len(weights) * ordered.sum(), others)
    slack = 1 - np.sqrt(np.finfo(np.float64).eps)
    n_needed = int(np.searchsorted(np.cumsum(ordered), slack * amount)) + 1
    return min(n_needed + 1, len(weights)), amount


def nearest_references(rows, references, n_nearest):
    """Numbers of the references nearest to each row, the nearest first, ties in their order."""
    numbers = np.arange(len(references))
    # Less the row's own square, which is the same for all references; in as few passes as can be.
    distances = rows @ references.T
    distances *= -2 / DISTANCE_UNIT
    distances += np.square(references).sum(axis=1) / DISTANCE_UNIT
    np.rint(distances, out=distances)
    distances += numbers / (2 * len(references))
    if n_nearest < len(references):
        nearest = np.argpartition(distances, n_nearest - 1, axis=1)[:, :n_nearest]
    else:
        nearest = np.tile(numbers, (len(rows), 1))
    order = np.argsort(np.take_along_axis(distances, nearest, axis=1), axis=1)
    return np.take_along_axis(nearest, order, axis=1)


def filled(rows):
    """Rows with the mean, 0, in place of missing cells, and nothing beyond all measure."""
    return np.clip(np.where(np.isnan(rows), 0, rows), -FARTHEST, FARTHEST)


def block_size(n_features, n_members):
    """Rows of a block, each of which costs something by every member and distance."""
    return max(1, BLOCK_ELEMENTS // (n_features * (n_members + 3)))


def student_cost(distances, variances):
    """Negated log-density of Student's t, up to constants: log(1 + z^2 / degrees)."""
    units = np.abs(distances) / np.sqrt(DEGREES_OF_FREEDOM * variances)
    return np.log1p(np.square(np.minimum(units, FARTHEST)))


def mean_square(cells, weights):
    """Weighted mean square of every feature over the cells that are not NaN; 0 where all are."""
    counts = weights @ ~np.isnan(cells)
    squares = weights @ np.square(np.nan_to_num(cells))
    return np.divide(squares, counts, out=np.zeros_like(squares), where=counts > 0)


def floored(variances, is_constant):
    """Variances in lines, none much below the mean of its line over the features that vary."""
    variances = np.array(variances)
    usual = variances[:, ~is_constant].mean(axis=1, keepdims=True) if not is_constant.all() else 0
    floor = np.maximum(MIN_VARIANCE_SHARE * usual, MIN_VARIANCE)
    return np.where(is_constant, CONSTANT_VARIANCE, np.maximum(variances, floor))


def units_of(rows, kept, table=None):
    """Mean and unit of every feature of the rows, and which of them do not vary.

    Where the rows are the encoded form of a table, features of one category have one unit, in
    which their variances add up to 1.

    Both are those of the rows that are kept; where a feature varies among others only, its unit
    is the deviation of all, and where it is constant, one.
    """
    mean, deviation, is_varying = _moments(kept)
    _, deviation_of_all, varies_at_all = _moments(rows)
    # In a feature of small values, one of them: its changes will be small, too.
    tiny = np.sqrt(np.finfo(np.float64).tiny)
    own = np.where(np.abs(mean) > tiny, np.minimum(np.abs(mean), 1.0), 1.0)
    unit = np.where(is_varying, deviation, np.where(varies_at_all, deviation_of_all, own))
    if table is not None:
        joint = joint_deviations(np.where(varies_at_all, unit, 0), table.column_of)
        unit = np.where(varies_at_all, joint, unit)
    return mean, unit, ~varies_at_all


def _moments(rows):
    with quiet_overflow():
        mean = means(rows)
        deviation = deviations(rows, mean)
    return mean, deviation, varies(deviation, mean, rows.dtype)


def weighted_medians(rows, weights):
    """Weighted median of every feature over its cells that are not NaN; 0 where all are."""
    medians = np.zeros(rows.shape[1])
    for feature, column in enumerate(rows.T):
        is_observed = ~np.isnan(column)
        if is_observed.any():
            medians[feature] = weighted_quantile(column[is_observed], weights[is_observed], 0.5)
    return medians


def spread(values, weights):
    """Median absolute deviation, above rounding noise."""
    return max(median_and_deviation(values, weights)[1], MIN_SPREAD)


def median_and_deviation(values, weights):
    """Weighted median, and weighted median of the absolute deviations from it."""
    median = weighted_quantile(values, weights, 0.5)
    return median, weighted_quantile(np.abs(values - median), weights, 0.5)


def weighted_quantile(values, weights, share):
    """The smallest value with more than a share of the weight at or below it.

    No more than that share lies below it. Repeating a value is the same as adding to its
    weight: nothing is interpolated.
    """
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    limit = share * cumulated[-1] * (1 + np.sqrt(np.finfo(np.float64).eps))
    position = np.searchsorted(cumulated, limit, side="right")
    return values[order[min(position, len(order) - 1)]]


def dense(rows):
    """The rows as an array."""
    return rows.toarray() if sparse.issparse(rows) else rows


def distinct(rows, weights):
    """Rows of which no two are equal, and the sums of their weights."""
    comparable = np.nan_to_num(rows, nan=np.inf)
    _, first, which = np.unique(comparable, axis=0, return_index=True, return_inverse=True)
    return rows[first], np.bincount(which.ravel(), weights)


def weights_of_all(rows):
    """A weight for every row of X, those left out included, in float64."""
    if rows.sample_weight is None:
        return np.ones(rows.X.shape[0])
    return rows.sample_weight.astype(np.float64)


def cutoff(scores, weights, share, dtype):
    """The score below which no more than a share of the weight lies."""
    return less_rounding(weighted_quantile(scores, weights, share), dtype)


def usual_end(scores, weights, dtype):
    """The score below which a row is no longer usual where no share of outliers is given."""
    median, deviation = median_and_deviation(scores, weights)
    return less_rounding(median - AUTO_FENCE / NORMAL_MAD * deviation, dtype)


def offset_of(scores, weights, contamination, dtype):
    """The score below which rows are outliers."""
    if contamination != "auto":
        return float(cutoff(scores, weights, contamination, dtype))
    return float(usual_end(scores, weights, dtype))


def less_rounding(score, dtype):
    """Slightly less than the score, so that a row that has it is not below in other company."""
    return score - ROUNDINGS * np.finfo(dtype).eps * abs(score)
