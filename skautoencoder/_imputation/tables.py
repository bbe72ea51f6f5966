"""Tables in the imputer: the columns of its encoded form that belong together, and the way back."""

from numbers import Real

import numpy as np

from .._category_encoding import encoded_rows
from .._data_validation import check_finite
from ..utils.compat import check_feature_names_in
from ..utils.data_frames import frame_kind, index_of, with_columns
from ..utils.random import generators


def encoded_table(imputer, X, reset):
    """A table with categories as numbers, NaN where a cell is missing."""
    marker, table = imputer.missing_values, imputer._columns
    X = encoded_rows(imputer, X, [np.float64, np.float32], reset)
    check_finite(X, type(imputer).__name__)
    if isinstance(marker, Real) and not is_nan(marker):
        places = table.places_of_numbers
        numbers = X[:, places]
        if np.isnan(numbers).any():
            raise ValueError(
                f"X has numbers that are NaN, but missing_values={marker!r} says what stands for a "
                "missing value: replace one by the other."
            )
        X[:, places] = np.where(numbers == marker, np.nan, numbers)
    return X


def is_nan(marker):
    """Whether NaN stands for a missing value."""
    return isinstance(marker, Real) and bool(np.isnan(marker))


def encoded_limits(table, limits):
    """Limits of what is filled into each encoded column, from those of the table's columns.

    Shares of categories lie between 0 and 1, and integers at the next ones.
    """
    low, high = limits
    if table.types is not None:
        whole = np.array([each.is_integer for each in table.types])
        low, high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
    low, high = low[table.column_of], high[table.column_of]
    return np.stack([np.where(table.is_share, 0, low), np.where(table.is_share, 1, high)])


def completed_table(imputer, X, encoded, filled):
    """The table with its missing cells filled: what was observed is taken from X itself.

    Columns without an observed value are left out unless they are kept; the indicator's are last.
    """
    table, missing = imputer._columns, np.isnan(encoded)
    complete = np.where(missing, 0, encoded)
    complete[:, imputer._is_filled] = filled
    if imputer.sample:
        complete = table.drawn(complete, generators(imputer.random_state, 0)[0], missing)
    result = table.decode(complete, index_of(X), X, missing)
    kept = np.flatnonzero(imputer._is_kept())
    result = result[:, kept] if frame_kind(result) != "pandas" else result.iloc[:, kept]
    if imputer.indicator_ is None:
        return result
    names = imputer.indicator_.get_feature_names_out(check_feature_names_in(imputer))
    return with_columns(result, names, imputer.indicator_.transform(encoded[:, table.starts]))
