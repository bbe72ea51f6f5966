"""Tables on a cluster: what their categories are, from a few rows of every block."""

import dask
import numpy as np
import pandas as pd
from dask.dataframe import methods

from .._category_encoding import categorical_mask, learn_columns
from .blocks import is_frame, known_lengths, n_rows_of, row_blocks, sample_block
from .cluster import FAN_IN


def survey(estimator, X, reset):
    """Number of rows of every block, and rows that have every category of X; None for numbers.

    One pass over the blocks finds both.
    """
    columns = _possible_categories(estimator, X, reset)
    if not len(columns):
        return known_lengths(X), None
    blocks = row_blocks(X)
    counts = [dask.delayed(n_rows_of)(block) for block in blocks]
    lengths, found = dask.compute(counts, _in_a_tree(blocks, columns))
    return lengths, found


def learn_table(estimator, rows):
    """Set how a table is encoded, from rows that have every category, and refuse ranks."""
    estimator._columns = learn_columns(estimator, rows)
    if estimator._columns is not None and estimator._columns.is_ranked:
        refuse_ranks(estimator)


def refuse_ranks(estimator):
    """Raise ValueError where numbers are to be scaled by their ranks, which all rows have."""
    raise ValueError(
        f"scale={estimator.scale!r} takes numbers by their ranks among all rows, on one machine. "
        "Got a Dask collection: set scale='standard', or fit X.compute() where it fits in memory."
    )


def _possible_categories(estimator, X, reset):
    """Indices of the columns that are categories, or may be, as those of objects."""
    if not reset:
        table = estimator._columns
        return [] if table is None else np.flatnonzero(table.is_categorical)
    example = X._meta if is_frame(X) else sample_block(X)
    mask = categorical_mask(estimator.categorical_features, example)
    return [] if mask is None else np.flatnonzero(mask)


def _in_a_tree(blocks, columns):
    """What all blocks have, from some at a time: no task sees the rows of all of them."""
    found = [dask.delayed(rows_of_all_categories)([block], columns) for block in blocks]
    while len(found) > 1:
        groups = [found[start : start + FAN_IN] for start in range(0, len(found), FAN_IN)]
        found = [dask.delayed(rows_of_all_categories)(group, columns) for group in groups]
    return found[0]


def rows_of_all_categories(blocks, columns):
    """Of all rows of some blocks those that are the first with a value of one of the columns."""
    rows = _joined(blocks)
    is_first = np.zeros(rows.shape[0], dtype=bool)
    for column in columns:
        values = rows.iloc[:, column] if isinstance(rows, pd.DataFrame) else rows[:, column]
        is_first |= ~np.asarray(pd.Series(values).duplicated())
    return rows[is_first]


def _joined(blocks):
    """Blocks one below the other, categories of different lists put together, as Dask does."""
    if len(blocks) == 1:
        return blocks[0]
    return methods.concat(blocks) if isinstance(blocks[0], pd.DataFrame) else np.concatenate(blocks)
