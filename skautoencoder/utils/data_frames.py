"""Data frames of pandas and polars, recognised without importing either: their columns' types."""

import sys
from dataclasses import dataclass

import numpy as np

from .compat import get_column_indices

PANDAS_CATEGORIES = ("string", "boolean", "mixed", "mixed-integer", "empty")
POLARS_CATEGORIES = ("Categorical", "Enum", "String", "Boolean")


@dataclass(frozen=True)
class ColumnType:
    """Name and type of a column: what it takes to make one like it.

    `dtype` is the name of the type, `categories` what a categorical type lists, or None.
    """

    name: object
    dtype: str
    is_category: bool
    is_integer: bool = False
    categories: np.ndarray | None = None
    is_ordered: bool = False


def column_indices(X, columns, parameter):
    """Indices of columns, which are named, counted, sliced or masked as in `ColumnTransformer`.

    `parameter` names what was asked for, for errors. Of a Dask collection X, columns are looked
    up in the few made-up rows that it has of itself.
    """
    X = getattr(X, "_meta", X)
    try:
        return np.asarray(get_column_indices(X, columns), dtype=int) % X.shape[1]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{parameter} names columns that X, of {X.shape[1]} columns, does not have: "
            f"{columns!r} ({error}). Pass names of a data frame, indices, a slice or a mask."
        ) from error


def frame_kind(X):
    """Which library a data frame is of, "pandas" or "polars"; None where X is none."""
    for kind in ("pandas", "polars"):
        module = sys.modules.get(kind)
        if module is not None and isinstance(X, getattr(module, "DataFrame", ())):
            return kind
    return None


def column_types(X):
    """The type of each column of a data frame."""
    if frame_kind(X) == "pandas":
        return [_pandas_type(name, X.iloc[:, i]) for i, name in enumerate(X.columns)]
    return [_polars_type(series) for series in X.get_columns()]


def _pandas_type(name, series):
    from pandas import CategoricalDtype, StringDtype
    from pandas.api import types

    dtype = series.dtype
    if isinstance(dtype, CategoricalDtype):
        listed = np.asarray(dtype.categories)
        return ColumnType(name, "category", True, categories=listed, is_ordered=dtype.ordered)
    is_category = types.is_bool_dtype(dtype) or isinstance(dtype, StringDtype)
    if types.is_object_dtype(dtype):
        is_category = types.infer_dtype(series, skipna=True) in PANDAS_CATEGORIES
        dtype = dtype if is_category else "float64"
    name_of_type = str(dtype)
    if name_of_type == "string":  # which is what pandas makes of it where it can
        name_of_type = f"string[{dtype.storage}]"
    return ColumnType(name, name_of_type, bool(is_category), types.is_integer_dtype(dtype))


def _polars_type(series):
    dtype, name = series.dtype, type(series.dtype).__name__
    name = str(dtype) if name == "DataTypeClass" else name
    listed = np.asarray(dtype.categories) if name == "Enum" else None
    is_category = name in POLARS_CATEGORIES
    return ColumnType(series.name, name, is_category, dtype.is_integer(), categories=listed)


def objects_of(X, columns):
    """Some columns of a frame or an array as objects, NaN where a cell is missing."""
    kind = frame_kind(X)
    if kind == "pandas":
        X = X.iloc[:, columns]
        return X.astype(object).where(X.notna(), np.nan).to_numpy()
    if kind == "polars":
        values = [series.to_list() for series in X[:, columns.tolist()].get_columns()]
        values = np.array(values, dtype=object).reshape(len(columns), -1).T
    else:
        values = np.asarray(X)[:, columns].astype(object)
    pandas = sys.modules.get("pandas")
    # NA, which is neither equal to itself nor not, is pandas' own.
    is_missing = np.equal(values, None) if pandas is None else pandas.isna(values)
    values[is_missing] = np.nan
    return values


def refuse_other_types(X, columns):
    """Raise ValueError where some of these columns of a frame hold no numbers, but dates or so."""
    if frame_kind(X) == "pandas":
        others = [i for i in columns if not _holds_numbers(X.dtypes.iloc[i])]
    else:
        types = X.dtypes
        known = [each.is_integer() or each.is_float() for each in types]
        others = [i for i in columns if not (known[i] or str(types[i]) in ("Null", "Boolean"))]
    if others:
        raise ValueError(
            f"X has columns {[X.columns[i] for i in others]} of types that are neither numbers nor "
            "categories, such as dates: turn them into numbers or strings, or name them in "
            "categorical_features."
        )


def _holds_numbers(dtype):
    from pandas.api import types

    is_real = types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    return is_real or types.is_object_dtype(dtype)


def float_type(X, columns):
    """The type of floats that holds some columns of a frame, as NumPy has it, in both libraries."""
    kind = frame_kind(X)
    types = X.dtypes.iloc[columns] if kind == "pandas" else [X.dtypes[i] for i in columns]
    try:
        common = np.result_type(*(str(each).lower() for each in types))
    except (TypeError, ValueError):  # types that NumPy does not have
        return np.float64
    return np.float32 if common == np.float32 else np.float64


def index_of(X):
    """The index of a frame of pandas; None of all else, lists with a method of that name too."""
    return X.index if frame_kind(X) == "pandas" else None


def frame_of(columns, types, kind, index=None):
    """A data frame of these columns, arrays of numbers or of categories, of these types."""
    if kind == "pandas":
        import pandas as pd

        series = [_pandas_series(*each, index) for each in zip(columns, types, strict=True)]
        frame = pd.concat(series, axis=1)
        frame.columns = pd.Index([each.name for each in types])
        return frame
    import polars as pl

    return pl.DataFrame([_polars_series(*each) for each in zip(columns, types, strict=True)])


def _pandas_series(values, kind, index):
    import pandas as pd

    if kind.dtype == "category":
        values = pd.Categorical(values, categories=kind.categories, ordered=kind.is_ordered)
        return pd.Series(values, index=index)
    values = _whole(values, kind.dtype) if kind.is_integer else values
    return pd.Series(values, index=index, dtype=kind.dtype)


def _polars_series(values, kind):
    import polars as pl

    values = _whole(values, kind.dtype) if kind.is_integer else values
    dtype = getattr(pl, kind.dtype)
    dtype = dtype(list(kind.categories)) if kind.dtype == "Enum" else dtype
    return pl.Series(kind.name, values.tolist(), dtype=dtype)


def _whole(values, dtype):
    """Rounded, and within what the integers of a type hold, by its name in either library."""
    if values.dtype.kind in "iu":
        return values
    # NumPy has none of 128 bits: those of 64 stand for them.
    dtype = np.dtype(dtype.lower().removesuffix("[pyarrow]").replace("int128", "int64"))
    limits, kind = np.iinfo(dtype), values.dtype.type
    high = kind(limits.max)
    if int(high) > limits.max:  # rounded up, beyond what the type holds
        high = np.nextafter(high, kind(0))
    return np.clip(np.rint(values), kind(limits.min), high).astype(dtype)


def with_long_integers(values, kind, X, column, is_observed):
    """Values of a column of integers, those that are too long for them taken from X itself."""
    is_long = is_observed & (np.abs(values) >= 2 ** np.finfo(values.dtype).nmant)
    if not is_long.any():
        return values
    exact = objects_of(X, np.array([column]))[is_long, 0]
    values = _whole(values, kind.dtype)
    values[is_long] = [int(each) for each in exact]
    return values


def with_columns(X, names, values):
    """A frame or an array with further columns of booleans, which a frame calls by these names."""
    kind = frame_kind(X)
    if kind == "pandas":
        import pandas as pd

        return pd.concat([X, pd.DataFrame(values, index=X.index, columns=names)], axis=1)
    if kind == "polars":
        import polars as pl

        return X.hstack([pl.Series(n, own) for n, own in zip(names, values.T, strict=True)])
    return np.hstack([X, values.astype(X.dtype)])
