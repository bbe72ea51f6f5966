"""The blocks of a Dask collection: whole rows of it, each a task."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
from sklearn.utils.validation import check_array


def is_frame(X):
    """Whether X is a Dask dataframe; TypeError where it is no array of rows either."""
    if isinstance(X, (dd.DataFrame, da.Array)):
        if X.ndim != 2:
            raise ValueError(
                f"Expected 2D array, got {X.ndim}D Dask array instead: reshape it to one row for "
                "each sample and one column for each feature."
            )
        return isinstance(X, dd.DataFrame)
    raise TypeError(
        f"Of Dask's collections X must be an array or a dataframe. Got {type(X).__name__} "
        "instead: turn it into one of these, or compute it."
    )


def whole_rows(X):
    """The array with one block of columns: a block is then some rows of all features."""
    return X if len(X.chunks[1]) == 1 else X.rechunk({1: X.shape[1]})


def row_blocks(X):
    """The blocks of rows as Delayed objects."""
    if is_frame(X):
        return X.to_delayed()
    return list(whole_rows(X).to_delayed().ravel())


def block_lengths(X):
    """Number of rows of every block; None where an array's or a dataframe's are not known."""
    if is_frame(X) or np.isnan(X.chunks[0]).any():
        return None
    return list(X.chunks[0])


def sample_block(X):
    """A few made-up rows in the form of a block: what they turn into tells of dtypes and names."""
    if is_frame(X):
        return X._meta_nonempty
    return np.ones((1, X.shape[1]), X.dtype)


def float_dtype(rows):
    """In which the network sees rows: float32 stays, everything else becomes float64."""
    return check_array(
        rows, dtype=[np.float64, np.float32], input_name="X", ensure_min_features=0
    ).dtype


def weight_blocks(sample_weight, lengths):
    """Weights of the rows of every block, as Delayed objects or arrays; None for no weights.

    `lengths` are the rows of every block of X. A Dask collection's blocks are to be the same.
    """
    if sample_weight is None:
        return [None] * len(lengths)
    if not hasattr(type(sample_weight), "__dask_graph__"):
        edges = np.cumsum(lengths)[:-1]
        return np.split(_vector(np.asarray(sample_weight), sum(lengths)), edges)
    if isinstance(sample_weight, da.Array) and not np.isnan(sample_weight.shape[0]):
        sample_weight = _vector(sample_weight, sum(lengths)).rechunk((tuple(lengths),))
    blocks = np.ravel(sample_weight.to_delayed())
    if len(blocks) != len(lengths):
        raise ValueError(
            f"sample_weight must have the blocks of X, {len(lengths)}. Got {len(blocks)} blocks "
            "instead: repartition it as X is, or pass a NumPy array."
        )
    return list(blocks)


def block_weights(weights, n_rows):
    """Weights of a block's rows, in float64."""
    weights = check_array(
        weights,
        ensure_2d=False,
        dtype=np.float64,
        input_name="sample_weight",
        ensure_min_samples=0,
    )
    return _vector(weights, n_rows)


def _vector(sample_weight, n_rows):
    if sample_weight.shape != (n_rows,):
        raise ValueError(
            f"sample_weight must have one weight for each row, shape ({n_rows},). "
            f"Got shape {sample_weight.shape} instead."
        )
    return sample_weight


def known_lengths(X):
    """Number of rows of every block, which are counted where X does not know it."""
    lengths = block_lengths(X)
    if lengths is None:
        (lengths,) = dask.compute([dask.delayed(n_rows_of)(block) for block in row_blocks(X)])
    return lengths


def n_rows_of(block):
    """Number of rows; sparse matrices have no len."""
    return block.shape[0]
