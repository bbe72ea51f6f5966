"""Columns of zeros and ones, and those groups of them that say which category a row has."""

import numpy as np


def binary_columns(rows):
    """Which columns have no values but 0 and 1, and groups of neighbours one of which is 1.

    Parameters
    ----------
    rows : Dataset
        Not scaled; missing cells neither count for a column nor against it.

    Returns
    -------
    is_binary : ndarray of bool of shape (n_features,)
    groups : list of ndarray of int
        Indices of neighbouring columns that sum to 1 in every row where they are observed, and
        that are observed in the same rows: as short as possible, from the left.
    """
    is_binary = rows.map_reduce(_own_binary, merge=np.logical_and)
    if not is_binary.any():
        return is_binary, []
    columns = np.flatnonzero(is_binary)
    both_one, both_observed = rows.map_reduce(_own_counts, columns, merge=_add_pairs)
    groups, start = [], 0
    while start < len(columns):
        rest = slice(start, None)
        length = _group_length(columns[rest], both_one[rest, rest], both_observed[rest, rest])
        if length:
            groups.append(columns[start : start + length])
        start += length or 1
    return is_binary, groups


def _group_length(columns, both_one, both_observed):
    """How many columns from the first on are a group; 0 where there is no group."""
    n_observed, n_ones = both_observed[0, 0], both_one[0, 0]
    for last in range(1, len(columns)):
        is_apart = not both_one[:last, last].any()
        is_next = columns[last] == columns[0] + last
        is_alike = (both_observed[: last + 1, last] == n_observed).all()
        if not (is_apart and is_next and is_alike):
            return 0
        n_ones += both_one[last, last]
        if n_ones == n_observed:
            return last + 1
    return 0


def _own_binary(rows):
    is_binary = np.ones(rows.n_features, dtype=bool)
    for _, block in rows.blocks():
        is_binary &= ((block == 0) | (block == 1) | np.isnan(block)).all(axis=0)
    return is_binary


def _own_counts(rows, columns):
    """For every pair of columns, in how many rows both are 1, and in how many both are observed."""
    counts = np.zeros((2, len(columns), len(columns)))
    for _, block in rows.blocks():
        cells = block[:, columns]
        for count, marks in zip(counts, (cells == 1, ~np.isnan(cells)), strict=True):
            marks = marks.astype(np.float64)
            count += marks.T @ marks
    return counts[0], counts[1]


def _add_pairs(one, other):
    return one[0] + other[0], one[1] + other[1]
