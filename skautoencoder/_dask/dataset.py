"""ClusterDataset: the rows of a Dask collection, each partition of them on a worker."""

import copy

import numpy as np
from dask import delayed
from sklearn.utils.validation import validate_data

from .._data_validation import refuse_wrong_weights
from ..network.dataset import Dataset
from ..network.floating_point import quiet_overflow
from ..network.solvers import batch_solvers, is_full_batch
from ..utils.threads import single_threaded_blas
from . import worker_rows
from .blocks import float_dtype, is_frame, row_blocks, sample_block, weight_blocks
from .cluster import concatenated, find_client, keep, merged
from .learn_categories import learn_table, refuse_ranks, survey


def cluster_dataset(estimator, X, sample_weight, dtype, reset):
    """Validated rows of a Dask collection, in one share on each worker.

    Parameters
    ----------
    estimator : BaseAutoencoder
    X : dask.array.Array or dask.dataframe.DataFrame
    sample_weight : array-like, Dask array or series of shape (n_samples,), or None
    dtype : dtype or list
        What the estimator goes on in; a list asks for that of X.
    reset : bool
        Whether names and number of the features are learned or checked.

    Returns
    -------
    rows : ClusterDataset
    """
    _refuse_one_machine(estimator)
    example = X._meta if is_frame(X) else X
    validate_data(estimator, example, reset=reset, skip_check_array=True)
    client = find_client()
    lengths, found = survey(estimator, X, reset)
    if not sum(lengths):
        raise ValueError(f"Found array with 0 sample(s) where {X!r} should have at least one.")
    dtype = _learn_dtype(estimator, sample_block(X) if found is None else found, dtype, reset)
    weights = weight_blocks(sample_weight, lengths)
    reader = worker_rows.Reader(dtype, type(estimator).__name__, estimator._columns)
    loaded, spans = _load(client, row_blocks(X), weights, lengths, reader)
    rows = ClusterDataset(client, X, dtype, loaded, spans, reader.width(X))
    return _weigh(rows, sample_weight is not None)


def _learn_dtype(estimator, rows, dtype, reset):
    """The dtype in which the network sees rows like these, whose categories are learned first."""
    if reset:
        learn_table(estimator, rows)
    if estimator._columns is not None:
        # Also warns of unknown categories, once and not on every worker.
        return estimator._columns.encode(estimator, rows, dtype).dtype
    return float_dtype(rows) if isinstance(dtype, list) else dtype


def _refuse_one_machine(estimator):
    """Raise ValueError for what sees all rows in one place."""
    if estimator.pretrain_iter:
        raise ValueError(
            f"pretrain_iter={estimator.pretrain_iter!r} trains layer by layer on one machine. Got "
            "a Dask collection: set pretrain_iter=0, or fit X.compute() where it fits in memory."
        )
    if estimator.scale == "quantile":
        refuse_ranks(estimator)
    if is_full_batch(estimator.solver):
        raise ValueError(
            f"solver={estimator.solver!r} needs all rows on one machine. Got a Dask collection: "
            f"use solver={batch_solvers()}, or fit X.compute() where it fits in memory."
        )


def _load(client, blocks, weights, lengths, reader):
    """Futures of the partitions, and the slice of the rows of X that each has.

    A partition is blocks that follow each other; they are cut as evenly as they can be.

    The tasks that make a share, such as reading its files, are to run on the worker that
    will train on it; where that one is lost, on any other.
    """
    addresses = sorted(client.nthreads())
    middles = np.cumsum(lengths) - np.asarray(lengths) / 2
    numbers = (middles * len(addresses) / sum(lengths)).astype(int)
    futures, spans, start = [], [], 0
    for number, address in enumerate(addresses):
        own = np.flatnonzero((numbers == number) & (np.asarray(lengths) > 0))
        if len(own):
            parts = [blocks[i] for i in own], [weights[i] for i in own]
            partition = delayed(worker_rows.load)(*parts, reader)
            futures.append(client.compute(partition, workers=[address], allow_other_workers=True))
            spans.append(slice(start, start + sum(lengths[i] for i in own)))
            start = spans[-1].stop
    return futures, spans


def _weigh(rows, has_weights):
    """Take weights into account, once those of all partitions are known."""
    client = rows.client
    found = client.gather([client.submit(worker_rows.describe, each) for each in rows.partitions])
    has_missing, counts, low, high = zip(*found, strict=True)
    rows.has_missing = any(has_missing)
    if has_weights:
        refuse_wrong_weights(min(low), max(high))
        rows.is_weighted = min(low) != max(high)
        change, options = worker_rows.unweighted, ()
        if rows.is_weighted:
            change, options = worker_rows.weigh, (max(high),)
        rows.partitions = [
            client.submit(change, each, *options, pure=False) for each in rows.partitions
        ]
    return rows.restricted(counts)


class ClusterDataset:
    """Rows that lie on the workers of a cluster, with the interface of `Dataset`.

    Parameters
    ----------
    client : distributed.Client
    X : dask.array.Array or dask.dataframe.DataFrame
    dtype : dtype
    partitions : list of Future of Partition
    spans : list of slice
        Which rows of X each of them has.
    width : int
        Number of the features that the network sees: of the columns of X, or of the encoded ones.
    """

    scaling = feature_means = features = column_of = None
    # Rows know their weights, here only each share does.
    sample_weight = None
    is_weighted = False
    has_missing = False

    def __init__(self, client, X, dtype, partitions, spans, width):
        self.client = client
        self.X = X
        self.dtype = dtype
        self.partitions = partitions
        self.spans = spans
        self.width = width
        self.n_given = spans[-1].stop
        self.counts = None
        self.part = None
        self._splits = [None] * len(partitions)
        self._known = {}

    def __len__(self):
        return int(sum(self.counts))

    @property
    def n_features(self):
        return self.width if self.features is None else len(self.features)

    in_network_units = Dataset.in_network_units
    scaled_by = Dataset.scaled_by
    with_columns = Dataset.with_columns
    columns = Dataset.columns

    def restricted_to(self, features):
        """The same rows with some of their features alone; None for all of them."""
        rows = copy.copy(self)
        rows.features, rows._known = features, {}
        return rows

    def restricted(self, counts, splits=None, part=None):
        """A part of these rows, with so many of each partition, without those that have none."""
        rows = copy.copy(self)
        splits = self._splits if splits is None else splits
        used = [number for number, count in enumerate(counts) if count]
        rows.partitions = [self.partitions[number] for number in used]
        rows._splits = [splits[number] for number in used]
        rows.spans = [self.spans[number] for number in used]
        rows.counts = [int(counts[number]) for number in used]
        rows.part, rows._known = part, {}
        return rows

    def with_targets(self, targets):
        """The same rows with targets, one for each row of X: an array that is cut here."""
        return self._changed(worker_rows.with_targets, targets)

    def weighted_by(self, factors):
        """The same rows with their weights multiplied; rows whose weight is 0 are left out."""
        return _weigh(self._changed(worker_rows.weighted_by, factors), True)

    def _changed(self, change, values):
        """The same rows after ``change(partition, values)``, with values for each row of X."""
        rows = copy.copy(self)
        rows._known = {}
        rows.partitions = [
            self.client.submit(change, partition, keep(self.client, values[span]), pure=False)
            for partition, span in zip(self.partitions, self.spans, strict=True)
        ]
        return rows

    def all_targets(self):
        """The targets of all these rows, brought here."""
        return self.map_reduce(Dataset.all_targets, merge=concatenated)

    def weights(self, index=slice(None)):
        """The weights of all these rows, brought here, or None."""
        if not self.is_weighted:
            return None
        return self.map_reduce(worker_rows.all_weights, merge=concatenated)

    def view(self):
        """How a network sees the rows, and what is known of all of them."""
        found = self._known.items()
        known = {function: value for (function, by), value in found if by is self.scaling}
        seen = {
            "scaling": self.scaling,
            "feature_means": self.feature_means,
            "features": self.features,
            "column_of": self.column_of,
        }
        return {**seen, "known": known}

    def map_reduce(self, function, *args, merge=np.add):
        """``function(share, *args)`` on every worker, put together by `merge`.

        A result without arguments is kept for as long as the scaling stays the same.
        """
        key = function, self.scaling
        if key not in self._known or args:
            view = {**self.view(), "known": {}}
            futures = [
                self.client.submit(
                    _on_share, partition, split, self.part, view, function, *args, pure=False
                )
                for partition, split in zip(self.partitions, self._splits, strict=True)
            ]
            found = merged(self.client, merge, futures).result()
            if args:
                return found
            self._known[key] = found
        return copy.deepcopy(self._known[key])

    def total_weight(self, indices=None):
        """Sum of the weights of the rows, or of those of some indices."""
        rows = self if indices is None else indices.rows
        return rows.map_reduce(Dataset.total_weight) if self.is_weighted else float(len(rows))

    def indices(self):
        """All rows, to be trained on."""
        return self._split([0] * len(self.partitions), True, 0)[0]

    def hold_out(self, n_held_out, rng, shuffle, is_stratified=False):
        """Rows to train on, and so many others, the same proportion of each partition."""
        ends = np.rint(np.cumsum(self.counts) * (n_held_out / len(self))).astype(int)
        seed = int(rng.integers(2**63))
        return self._split(np.diff(ends, prepend=0), shuffle, seed, is_stratified)

    def _split(self, held_out, shuffle, seed, is_stratified=False):
        how = shuffle, is_stratified
        splits = [
            self.client.submit(worker_rows.split, partition, int(n), *how, [seed, i], pure=False)
            for i, (partition, n) in enumerate(zip(self.partitions, held_out, strict=True))
        ]
        training = np.subtract(self.counts, held_out)
        indices = ClusterIndices(self.restricted(training, splits, "training"))
        return indices, self.restricted(held_out, splits, "validation")


class ClusterIndices:
    """Rows to train on; `seed` makes a new order of them in every partition, None leaves them."""

    def __init__(self, rows):
        self.rows = rows
        self.seed = None

    def __len__(self):
        return len(self.rows)

    def numbers(self):
        """Futures of the numbers of each partition's rows, in this order."""
        submit, splits = self.rows.client.submit, self.rows._splits
        return [submit(_shuffled, s, self.seed, i, pure=False) for i, s in enumerate(splits)]


def _on_share(partition, split, part, view, function, *args):
    rows = partition.seen(view)
    with single_threaded_blas(), quiet_overflow():
        return function(rows if part is None else rows.select(split[part]), *args)


def _shuffled(split, seed, number):
    if seed is None:
        return split["training"]
    return np.random.default_rng([seed, number]).permutation(split["training"])
