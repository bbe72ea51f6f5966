"""Shares: the rows that one worker trains on. Pure functions that run on the workers."""

import copy
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array

from .._data_validation import check_finite, check_magnitude, native
from ..network.dataset import Dataset, evenly_mixed
from .blocks import block_weights


class Partition(Dataset):
    """Rows on one worker; `known` holds results that are those of all partitions together."""

    known = {}

    def map_reduce(self, function, *args, merge=None):
        """What is known of all partitions, or else of this one alone."""
        return self.known[function] if function in self.known else function(self, *args)

    def seen(self, view):
        """The same rows with attributes of their own, as the network sees them."""
        partition = copy.copy(self)
        vars(partition).update(view)
        return partition

    def __sizeof__(self):
        """By which Dask judges what it costs to move a share."""
        X = self.X
        parts = [X.data, X.indices, X.indptr] if sparse.issparse(X) else [X]
        parts += [self.sample_weight, self.subset, self.targets]
        return sum(part.nbytes for part in parts if part is not None)


@dataclass
class Reader:
    """How blocks become arrays.

    `name` is that of the estimator, for errors; `columns`, of a table, its `ColumnEncoder`.
    """

    dtype: np.dtype
    name: str
    columns: object = None

    def width(self, X):
        """Number of columns that become of those of X."""
        return X.shape[1] if self.columns is None else self.columns.width

    def read(self, block):
        """A block as an array."""
        if self.columns is not None:
            return self.columns.encode(self.name, block, self.dtype)
        return check_array(
            native(block),
            accept_sparse="csr",
            dtype=self.dtype,
            order="C",
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name="X",
        )


def load(blocks, weights, reader):
    """A share of blocks of rows and of the weights of each (None: no weights)."""
    X = _stack([reader.read(block) for block in blocks])
    has_missing = check_finite(X, reader.name)
    check_magnitude(X)
    if weights[0] is None:
        return Partition(X, has_missing=has_missing)
    pairs = zip(weights, blocks, strict=True)
    sample_weight = [block_weights(own, block.shape[0]) for own, block in pairs]
    return Partition(X, sample_weight=np.concatenate(sample_weight), has_missing=has_missing)


def _stack(blocks):
    if len(blocks) == 1:
        return blocks[0]
    return sparse.vstack(blocks, "csr") if sparse.issparse(blocks[0]) else np.concatenate(blocks)


def describe(partition):
    """Whether cells are missing, the number of rows that count, smallest and largest weight."""
    weights = partition.sample_weight
    if weights is None or not len(weights):
        return partition.has_missing, len(partition), 1.0, 1.0
    return partition.has_missing, np.count_nonzero(weights), weights.min(), weights.max()


def weigh(partition, largest):
    """The share with weights of at most 1, and without the rows of weight 0."""
    weights = (partition.sample_weight / largest).astype(partition.dtype)
    partition = partition.seen({"sample_weight": weights, "subset": None})
    return partition if weights.all() else partition.select(np.flatnonzero(weights))


def unweighted(partition):
    """The partition where all rows of all partitions weigh the same."""
    return partition.seen({"sample_weight": None})


def weighted_by(partition, factors):
    """The share with its weights, so far 1 for none, multiplied: yet to be taken into account."""
    weights = partition.sample_weight
    return partition.seen({"sample_weight": factors if weights is None else factors * weights})


def with_targets(partition, targets):
    """The share with targets, one for each row of its X."""
    return partition.seen({"targets": targets})


def all_weights(partition):
    """The weights of all rows of the share."""
    return partition.weights(slice(None))


def split(partition, n_held_out, shuffle, is_stratified, seed):
    """Numbers of the share's rows to train on, and of those held out."""
    if not n_held_out:
        return {"training": np.arange(len(partition)), "validation": np.arange(0)}
    number = np.random.default_rng(seed).permutation(len(partition))
    if is_stratified:
        number = evenly_mixed(number, partition.all_targets())
    training, validation = number[n_held_out:], np.sort(number[:n_held_out])
    return {"training": training if shuffle else np.sort(training), "validation": validation}
