"""Tables: which columns are categories, the zeros and ones that they become, and the way back.

A network sees each category as a group of columns, one of which is 1. Inside the package such a
table is its encoded form; only what comes from users and what goes back to them has categories.
"""

import warnings

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ._normal_scores import NormalScores
from .utils.compat import StrOptions, _safe_indexing
from .utils.data_frames import (
    column_indices,
    column_types,
    float_type,
    frame_kind,
    frame_of,
    objects_of,
    refuse_other_types,
    with_long_integers,
)

# What the parameter `categorical_features` may be.
CATEGORICAL_FEATURES = ["array-like", StrOptions({"from_dtype"}), None]

# Of an unknown category; a missing one is NaN.
UNKNOWN = -1


def learn_columns(estimator, X):
    """The `ColumnEncoder` of a table with categories; None where X has none."""
    is_categorical = categorical_mask(estimator.categorical_features, X)
    if not np.any(is_categorical):
        return None
    scale = getattr(estimator, "scale", None)
    is_ranked = scale == "quantile" or (scale == "auto" and estimator._ranks_numbers)
    if frame_kind(X):
        refuse_other_types(X, np.flatnonzero(~is_categorical))
    return ColumnEncoder(is_categorical, X, getattr(estimator, "missing_values", np.nan), is_ranked)


def categorical_mask(asked, X):
    """Which columns of X are categories, by the parameter `categorical_features`; None for none."""
    if asked is None:
        return None
    kind = frame_kind(X)
    if isinstance(asked, str):
        if kind is None:
            return None
        return np.array([each.is_category for each in column_types(X)])
    mask = np.zeros(np.shape(X)[1], dtype=bool)
    mask[column_indices(X, asked, "categorical_features")] = True
    return mask


class ColumnEncoder:
    """The categories of a table, and where each of its columns stands when encoded.

    Parameters
    ----------
    is_categorical : ndarray of bool of shape (n_columns,)
    X : data frame or array of shape (n_samples, n_columns)
        Whose categories are learned; missing ones (None, NaN, NA) are none.
    missing_values : object
        What stands for a missing category besides these.
    is_ranked : bool
        Whether the network sees normal scores in the place of numbers.

    Attributes
    ----------
    categories : list of ndarray
        Of each column that is a category, sorted as scikit-learn's encoders sort them.
    starts : ndarray of int of shape (n_columns,)
        Where each column begins when encoded.
    width : int
        Number of the encoded columns.
    normal_scores : NormalScores or None
        What leads from numbers to their normal scores; None before `learn_ranks`, and for numbers
        as they are.
    """

    def __init__(self, is_categorical, X, missing_values=np.nan, is_ranked=False):
        self.is_categorical = is_categorical
        self.missing_values = missing_values
        self.is_ranked, self.normal_scores = is_ranked, None
        self.kind = frame_kind(X)
        self.types = column_types(X) if self.kind else None
        self.dtype = getattr(X, "dtype", None)
        # Here, so that importing skautoencoder needs no sklearn.preprocessing.
        from sklearn.preprocessing import OrdinalEncoder

        self._encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=UNKNOWN,
            encoded_missing_value=np.nan,
        )
        self.categories = []
        if is_categorical.any():
            self._call(self._encoder.fit, self._values(X))
            # NaN, which is no category, differs from itself.
            found = self._encoder.categories_
            self.categories = [np.array([each for each in own if each == each]) for own in found]
        widths = np.ones(len(is_categorical), dtype=int)
        widths[is_categorical] = [max(1, len(each)) for each in self.categories]
        self.starts = np.cumsum(widths) - widths
        self.width = int(widths.sum())

    @property
    def has_categories(self):
        """Whether any column is a category."""
        return bool(self.is_categorical.any())

    @property
    def is_share(self):
        """Of each encoded column, whether it is of a category."""
        return self.is_categorical[self.column_of]

    @property
    def places_of_numbers(self):
        """Where the columns that are numbers stand when encoded."""
        return self.starts[~self.is_categorical]

    @property
    def groups(self):
        """Indices of the encoded columns of each category."""
        starts = self.starts[self.is_categorical]
        return [
            start + np.arange(max(1, len(own)))
            for start, own in zip(starts, self.categories, strict=True)
        ]

    @property
    def has_missing(self):
        """Whether each category was missing somewhere in fit."""
        pairs = zip(getattr(self._encoder, "categories_", ()), self.categories, strict=True)
        return [len(found) > len(own) for found, own in pairs]

    @property
    def column_of(self):
        """Of each encoded column, the number of the column that it belongs to."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=self.width))

    def encode(self, estimator, X, dtype):
        """X as numbers: a missing or unknown category is NaN in all of its columns."""
        numbers = self._numbers(estimator, X, dtype)
        encoded = np.empty((len(numbers), self.width), numbers.dtype)
        encoded[:, self.places_of_numbers] = numbers
        codes = self._codes(X)
        self._warn_of_unknown(estimator, codes)
        for own, group in zip(codes.T, self.groups, strict=True):
            encoded[:, group] = own[:, np.newaxis] == np.arange(len(group))
            encoded[np.ix_(~(own >= 0), group)] = np.nan
        return encoded

    def learn_ranks(self, encoded, weights):
        """Learn the normal scores of the numbers in encoded rows, which weigh so much (or None)."""
        self.normal_scores = NormalScores(encoded[:, self.places_of_numbers], weights)

    def ranked(self, encoded):
        """Encoded rows with normal scores in the place of numbers, where there are any."""
        return self._with_numbers(encoded, lambda scores, numbers: scores.apply(numbers))

    def numbers(self, ranked):
        """The way back from `ranked`."""
        return self._with_numbers(ranked, lambda scores, values: scores.undo(values))

    def decode(self, values, index=None, given=None, missing=None):
        """The table that encoded values stand for: of every category the most likely one.

        A frame where `fit` saw one, else an array. Its integers that no float holds exactly are
        those of the table `given`, unless they are among the `missing` encoded cells.
        """
        values = self.numbers(values)
        columns = list(values[:, self.starts].T)
        if given is not None and self.kind is not None:
            for number in np.flatnonzero([each.is_integer for each in self.types]):
                is_observed = ~missing[:, self.starts[number]]
                columns[number] = with_long_integers(
                    columns[number], self.types[number], given, number, is_observed
                )
        numbers = np.flatnonzero(self.is_categorical)
        for number, group, categories in zip(numbers, self.groups, self.categories, strict=True):
            columns[number] = _most_likely(values[:, group], categories)
        if self.kind is not None:
            return frame_of(columns, self.types, self.kind, index)
        dtype = np.result_type(values.dtype, *(each.dtype for each in self.categories))
        is_object = dtype.kind not in "fiub" or self.dtype is None or self.dtype.kind not in "fiub"
        return np.array(columns, dtype=object if is_object else values.dtype).T

    def drawn(self, values, rng, missing=None):
        """Values in which each category is drawn, as likely as its share; where missing, or all."""
        values = values.copy()
        for group in self.groups:
            rows = np.arange(len(values)) if missing is None else missing[:, group[0]].nonzero()[0]
            shares = values[np.ix_(rows, group)].clip(0).cumsum(axis=1)
            drawn = (shares < rng.random((len(rows), 1)) * shares[:, -1:]).sum(axis=1)
            values[np.ix_(rows, group)] = np.eye(len(group))[drawn]
        return values

    def feature_names(self, names):
        """Names of the encoded columns, as those of `OneHotEncoder`."""
        found = [[name] for name in names]
        for number, own in zip(np.flatnonzero(self.is_categorical), self.categories, strict=True):
            found[number] = [f"{names[number]}_{category}" for category in own] or found[number]
        return np.array([name for own in found for name in own], dtype=object)

    def _with_numbers(self, values, change):
        if self.normal_scores is None:
            return values
        values, places = values.copy(), self.places_of_numbers
        values[:, places] = change(self.normal_scores, values[:, places])
        return values

    def _codes(self, X):
        """The number of each category, `UNKNOWN` for new ones, NaN where it is missing."""
        values = self._values(X)
        codes = self._call(self._encoder.transform, values)
        # NaN differs from itself; where none was there in fit, the encoder calls it unknown.
        codes[values != values] = np.nan
        return codes

    def _values(self, X):
        """The columns of categories as objects, NaN where one is missing."""
        values = objects_of(X, np.flatnonzero(self.is_categorical))
        return np.where(values == self.missing_values, np.nan, values)

    def _call(self, method, values):
        """Call a method of the encoder."""
        try:
            return method(values)
        except TypeError as error:
            raise TypeError(
                "X has a column of categories of several types, which cannot be sorted "
                f"({error}): turn its values into strings."
            ) from error

    def _numbers(self, estimator, X, dtype):
        if self.is_categorical.all():
            return np.empty((X.shape[0], 0), np.float64 if isinstance(dtype, list) else dtype)
        columns = np.flatnonzero(~self.is_categorical)
        is_objects = isinstance(X, np.ndarray) and X.dtype.kind == "O"
        if isinstance(dtype, list) and frame_kind(X):
            dtype = float_type(X, columns)
        numbers = objects_of(X, columns) if is_objects else _safe_indexing(X, columns, axis=1)
        try:
            return check_array(
                numbers,
                dtype=dtype,
                ensure_all_finite=False,
                input_name="X",
                estimator=estimator,
            )
        except (TypeError, ValueError) as error:
            if not any(word in str(error) for word in ("convert", "cast", "argument must be")):
                raise
            raise ValueError(
                f"X has values in columns {self._names(estimator)[columns].tolist()}, which are "
                f"numbers, that are none ({error}): name the columns of categories in "
                "categorical_features before fit, or correct the values."
            ) from error

    def _names(self, estimator):
        return getattr(estimator, "feature_names_in_", np.arange(len(self.starts)))

    def _warn_of_unknown(self, estimator, codes):
        is_unknown = (codes == UNKNOWN).any(axis=0)
        if is_unknown.any():
            columns = np.flatnonzero(self.is_categorical)[is_unknown]
            names = self._names(estimator)[columns].tolist()
            warnings.warn(
                f"X has categories in {names} that were not there in fit: they "
                "are taken for missing ones. Fit on rows that have them all.",
                UserWarning,
                stacklevel=6,
            )


def learn_ranked_numbers(estimator, X):
    """Set the `ColumnEncoder` of an array without categories whose numbers are ranked."""
    estimator._columns = ColumnEncoder(np.zeros(X.shape[1], dtype=bool), X, is_ranked=True)


def encoded_rows(estimator, X, dtype, reset):
    """The encoded form of a table, its names and number of columns learned or checked."""
    if not (frame_kind(X) or hasattr(X, "shape")):
        X = np.asarray(X, dtype=object)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    if X.shape[0] == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}): pass at least one row.")
    return estimator._columns.encode(estimator, X, dtype)


def _most_likely(values, categories):
    if not len(categories):
        return np.full(len(values), None)
    return categories[values.argmax(axis=1)]
