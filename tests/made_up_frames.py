"""Data frames of any kind of column, for property tests: the same one of pandas and of polars."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "Int16", "Int64", "UInt8", "UInt64")
FLOATS = ("float32", "float64", "Float32")
WORDS = ("category", "ordered", "str", "object")
TRUTHS = ("bool", "boolean", "object bool")
POLARS = {
    "category": pl.Categorical,
    "ordered": pl.Enum,
    "str": pl.String,
    "object": pl.String,
    "bool": pl.Boolean,
    "boolean": pl.Boolean,
    "object bool": pl.Boolean,
    "int8": pl.Int8,
    "int16": pl.Int16,
    "int32": pl.Int32,
    "int64": pl.Int64,
    "uint8": pl.UInt8,
    "uint64": pl.UInt64,
    "float32": pl.Float32,
    "float64": pl.Float64,
}
# Types of pandas that have no place for a missing cell.
FULL = ("bool", "int8", "int16", "int32", "int64", "uint8")
NAMES = ["a", "x0", "a_b", " ", "über", "漢字", "index", "0", "missing", "row\nbreak", "%s"]
LISTED = ["zebra", "", "b", "ä", "nan", "never there"]


@dataclass(frozen=True)
class Column:
    """Name, kind and values of a column, None where a cell is missing."""

    name: str
    kind: str
    values: list

    def pandas(self, index):
        values, dtype = self.values, self.kind
        if dtype in ("category", "ordered"):
            listed = None if dtype == "category" else LISTED
            own = pd.Categorical(values, categories=listed, ordered=dtype == "ordered")
            return pd.Series(own, index=index)
        dtype = "object" if dtype == "object bool" else dtype
        return pd.Series(values, index=index, dtype=dtype)

    def polars(self):
        dtype = POLARS.get(self.kind) or POLARS[self.kind.lower()]
        return pl.Series(self.name, self.values, dtype=dtype(LISTED) if dtype is pl.Enum else dtype)


@dataclass(frozen=True)
class Table:
    """Columns of the same length, and what makes the index of a pandas frame."""

    columns: list
    index: str

    def pandas(self):
        n = len(self.columns[0].values)
        indices = {
            "range": lambda: pd.RangeIndex(n),
            "words": lambda: pd.Index([f"row {i}" for i in range(n)], name="who"),
            "repeated": lambda: pd.Index(np.arange(n) // 2),
            "dates": lambda: pd.date_range("2024-01-31", periods=n, tz="Europe/Berlin"),
            "two": lambda: pd.MultiIndex.from_product([["a"], np.arange(n)[::-1]]),
        }
        index = indices[self.index]()
        frame = pd.concat([each.pandas(index) for each in self.columns], axis=1)
        frame.columns = pd.Index([each.name for each in self.columns])
        return frame

    def polars(self):
        return pl.DataFrame([each.polars() for each in self.columns])

    def missing(self):
        """Which cells are missing."""
        return np.array([[value is None for value in each.values] for each in self.columns]).T


@st.composite
def columns(draw, name, kind, n_rows):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    form = draw(st.sampled_from(["usual", "holes", "constant", "rare", "empty"]))
    if kind in INTEGERS:
        limits = np.iinfo(kind.lower())
        size = draw(st.sampled_from([5, 1000, 2**40, 2**62]))
        low, high = max(limits.min, -size), min(limits.max, size)
        values = [int(each) for each in rng.integers(low, high, n_rows, endpoint=True)]
    elif kind in FLOATS:
        scale = draw(st.sampled_from([1e-3, 1.0, 1e6]))
        values = (scale * rng.normal(size=n_rows)).astype(kind.lower()).tolist()
    else:
        choices = LISTED[:-1] if kind in WORDS else [False, True]
        values = [choices[i] for i in rng.integers(len(choices), size=n_rows)]
    if form in ("constant", "rare"):
        values[form == "rare" :] = [values[-1]] * (n_rows - (form == "rare"))
    if form in ("holes", "empty") and kind not in FULL:
        is_hole = rng.random(n_rows) < (0.3 if form == "holes" else 2)
        values = [None if no else each for each, no in zip(values, is_hole, strict=True)]
    return Column(name, kind, values)


@st.composite
def tables(draw):
    """Tables of one to five columns, at least one of which is a category."""
    n_rows = draw(st.integers(3, 25))
    kinds = draw(st.lists(st.sampled_from(INTEGERS + FLOATS + WORDS + TRUTHS), max_size=4))
    kinds.insert(draw(st.integers(0, len(kinds))), draw(st.sampled_from(WORDS + TRUTHS)))
    names = draw(st.permutations(NAMES))
    own = [draw(columns(name, kind, n_rows)) for name, kind in zip(names, kinds, strict=False)]
    return Table(own, draw(st.sampled_from(["range", "words", "repeated", "dates", "two"])))
