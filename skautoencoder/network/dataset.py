"""The rows that a network sees: gathered, made dense and scaled a batch at a time."""

import copy

import numpy as np
from scipy import sparse

# Rows are taken in blocks of about this many elements wherever statistics, codes or
# errors are computed: small enough for a core's cache, large enough for fast products.
BLOCK_ELEMENTS = 65536


def block_slices(n_rows, width):
    """Slices over the rows, each holding about `BLOCK_ELEMENTS` elements of that width."""
    size = max(16, BLOCK_ELEMENTS // width)
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def count_cells(cells, observed, sample_weight):
    """Number of observed cells (all of them for None), each row by its weight."""
    counts = np.full(len(cells), cells.shape[1]) if observed is None else observed.sum(axis=1)
    return float(counts.sum() if sample_weight is None else counts @ sample_weight)


class Dataset:
    """Rows of a dense array or a CSR matrix, with their scaling and weights.

    X is neither copied nor changed; it may be read-only or memory-mapped. Missing cells, which
    are NaN in X, become `feature_means` once that is set.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, n_features)
    scaling : Scaling or None
    sample_weight : ndarray of shape (n,) or None
    subset : ndarray of int or None
        Restricts the rows to X[subset], without copying them.
    has_missing : bool
        Whether X may have cells that are NaN.
    feature_means : ndarray of shape (n_features,) or None
        The mean of each feature in the network's units.
    features : ndarray of int or None
        Restricts them to X[:, features], which is what n_features then counts.
    targets : ndarray of shape (n, n_targets), or of int of shape (n,), or None
        What is predicted beside X: numbers, or the number of each row's class.

    Attributes
    ----------
    column_of : ndarray of int of shape (X.shape[1],) or None
        Which features are parts of one column, such as a category: those of the same number.
    """

    column_of = None

    def __init__(
        self,
        X,
        scaling=None,
        sample_weight=None,
        subset=None,
        has_missing=False,
        feature_means=None,
        features=None,
        targets=None,
    ):
        self.X = X
        self.scaling = scaling
        self.sample_weight = sample_weight
        self.subset = subset
        self.has_missing = has_missing
        self.feature_means = feature_means
        self.features = features
        self.targets = targets
        self._is_sparse = sparse.issparse(X)
        # take would copy a whole X that is not C-contiguous.
        self._can_take = not self._is_sparse and X.flags.c_contiguous

    def __len__(self):
        return self.X.shape[0] if self.subset is None else len(self.subset)

    @property
    def n_given(self):
        """Number of the rows of X, those that are left out included."""
        return self.X.shape[0]

    @property
    def n_features(self):
        return self.X.shape[1] if self.features is None else len(self.features)

    @property
    def dtype(self):
        return self.X.dtype

    def map_reduce(self, function, *args, merge=np.add):
        """``function(rows, *args)``.

        Rows that lie in several places have it for each of them, and return what `merge`
        makes of these results, two at a time.
        """
        return function(self, *args)

    def indices(self):
        """The order in which the rows are trained on at first: as they come."""
        return np.arange(len(self))

    def hold_out(self, n_held_out, rng, shuffle, is_stratified=False):
        """Order of the rows to train on, and as many others, drawn at random.

        Where it is stratified the same share of each class is held out.
        """
        indices = rng.permutation(len(self))
        if is_stratified:
            indices = evenly_mixed(indices, self.all_targets())
        indices[:n_held_out].sort()
        if not shuffle:
            indices[n_held_out:].sort()
        return indices[n_held_out:], self.select(indices[:n_held_out])

    def with_columns(self, column_of):
        """The same rows where some features are parts of one column."""
        rows = copy.copy(self)
        rows.column_of = column_of
        return rows

    def columns(self):
        """Which of these features are parts of one column, numbered from 0; None where none is."""
        if self.column_of is None:
            return None
        own = self.column_of if self.features is None else self.column_of[self.features]
        return np.unique(own, return_inverse=True)[1]

    def select(self, subset):
        """Some of these rows, not copied."""
        rows = copy.copy(self)
        rows.subset = self._locate(subset)
        return rows

    def restricted_to(self, features):
        """The same rows with some of their features alone, not copied; None for all of them."""
        rows = copy.copy(self)
        rows.features = features
        return rows

    def scaled_by(self, scaling, feature_means=None):
        """The same rows with another scaling, or none, and other means for missing cells."""
        rows = copy.copy(self)
        rows.scaling, rows.feature_means = scaling, feature_means
        return rows

    def with_targets(self, targets):
        """The same rows with targets, one for each row of X."""
        rows = copy.copy(self)
        rows.targets = targets
        return rows

    def weighted_by(self, factors):
        """The same rows with their weights multiplied; rows whose weight is 0 are left out."""
        rows = copy.copy(self)
        weights = factors if self.sample_weight is None else factors * self.sample_weight
        own = weights[self._locate(slice(None))]
        if own.min() == own.max():
            rows.sample_weight = None
            return rows
        rows.sample_weight = (weights / own.max()).astype(self.dtype)
        return rows.select(np.flatnonzero(rows.weights(slice(None))))

    def all_targets(self):
        """The targets of all these rows."""
        return self.targets[self._locate(slice(None))]

    def take_targets(self, index, out):
        """Fill `out` with the targets of the rows of a slice or an index array."""
        own = self.targets[self._locate(index)]
        if own.ndim == 2:
            np.copyto(out, own, casting="same_kind")
        else:
            out.fill(0)
            out[np.arange(len(own)), own] = 1

    def in_network_units(self, values):
        """One value for each feature, scaled."""
        values = np.asarray(values, dtype=np.float64)
        if self.scaling is not None:
            values = (values - self.scaling.shift) / self.scaling.scale
        return values.astype(self.dtype)

    def take(self, index, out):
        """Fill the C-contiguous `out` with the scaled rows of a slice or an index array.

        Returns which of their cells are observed, or None where all are.
        """
        index = self._locate(index)
        if self.features is not None:
            self._gather_features(index, out)
        elif self._is_sparse:
            self.X[index].astype(out.dtype, copy=False).toarray(out=out)
        elif self._can_take and not isinstance(index, slice) and out.dtype == self.X.dtype:
            # The indices are our own: "clip" only spares take its buffered check.
            self.X.take(index, axis=0, out=out, mode="clip")
        else:
            np.copyto(out, self.X[index], casting="same_kind")
        if self.scaling is not None:
            self.scaling.apply(out)
        return self._fill(out) if self.has_missing else None

    def _gather_features(self, index, out):
        """Fill `out` with some features of rows of X."""
        if self._is_sparse:
            whole = self.X[index].toarray()
        elif self._can_take and not isinstance(index, slice):
            whole = self.X.take(index, axis=0, mode="clip")
        else:
            whole = self.X[index]
        if whole.dtype == out.dtype:
            whole.take(self.features, axis=1, out=out, mode="clip")
        else:
            np.copyto(out, whole[:, self.features], casting="same_kind")

    def read(self, part, out):
        """The scaled rows of a slice, and which of their cells are observed (None: all).

        They are in X's own memory where nothing is to be done, else in `out`.
        """
        is_plain = self.subset is self.scaling is self.features is None
        if self._can_take and is_plain:
            rows = self.X[part]
            if rows.dtype == out.dtype and rows.flags.aligned and not self.has_missing:
                return rows, None
        return out, self.take(part, out)

    def _fill(self, out):
        """Put the means where cells are missing, once there are means."""
        missing = np.isnan(out)
        if self.feature_means is not None:
            np.copyto(out, self.feature_means, where=missing, casting="same_kind")
        return ~missing

    def weights(self, index):
        """Weights of the rows of a slice or an index array, or None."""
        return None if self.sample_weight is None else self.sample_weight[self._locate(index)]

    def total_weight(self, index=slice(None)):
        """Sum of the weights of the rows: their number where there are no weights."""
        if self.sample_weight is None:
            return float(len(self) if isinstance(index, slice) else len(index))
        return float(self.weights(index).sum(dtype=np.float64))

    def blocks(self):
        """Yield (weights, rows in float64) block by block; NaN is left in unless means are set."""
        slices = block_slices(len(self), self.n_features)
        memory = np.empty((slices[0].stop, self.n_features), dtype=np.float64)
        for part in slices:
            rows = memory[: part.stop - part.start]
            self.take(part, rows)
            yield self.weights(part), rows

    def _locate(self, index):
        return index if self.subset is None else self.subset[index]


def evenly_mixed(indices, classes):
    """Indices in an order in which every class is spread evenly over the whole."""
    groups = classes[indices]
    by_group = np.argsort(groups, kind="stable")
    counts = np.bincount(groups)
    ranks = np.empty(len(indices))
    starts = np.cumsum(counts) - counts
    ranks[by_group] = np.arange(len(indices)) - starts[groups[by_group]]
    return indices[np.argsort((ranks + 0.5) / counts[groups], kind="stable")]
