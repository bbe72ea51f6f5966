"""Methods of a fitted estimator on the blocks of a Dask collection, computed when asked for."""

import copy
import warnings

import numpy as np
import pandas as pd
from dask import delayed
from sklearn.utils.validation import check_is_fitted

from .blocks import is_frame, sample_block, whole_rows

# Methods whose columns are those of the classes.
CLASS_METHODS = ("predict_proba", "predict_log_proba", "decision_function")


def lazily(estimator, method, X, *args, **options):
    """What a method gives for X, as a lazy Dask collection.

    Parameters
    ----------
    estimator : estimator
        A fitted one. Later fits of it do not change the collection.
    method : str
    X : dask.array.Array or dask.dataframe.DataFrame
    *args, **options
        Further arguments of the method.

    Returns
    -------
    collection : dask.array.Array, dask.dataframe.DataFrame or dask.dataframe.Series
        An array for an array, with the same blocks of rows; for a dataframe one with its index.
    """
    check_is_fitted(estimator)
    call = BlockCall(method, args, options)
    return (_map_frame if is_frame(X) else _map_array)(estimator, call, X)


class BlockCall:
    """A method with its arguments, and what it gives for no rows at all."""

    def __init__(self, method, args, options):
        self.method = method
        self.args = args
        self.options = options
        self.empty = None

    def __call__(self, block, estimator):
        """Call it for a block, which filters may have left without rows."""
        if block.shape[0] == 0:
            return self.empty
        return self.values(block, estimator)

    def values(self, block, estimator):
        """What the method gives for rows."""
        return getattr(estimator, self.method)(block, *self.args, **self.options)


class FrameCall(BlockCall):
    """The same, with the index of the block and names of the columns."""

    def __init__(self, call, columns):
        super().__init__(call.method, call.args, call.options)
        self.columns = columns

    def values(self, block, estimator):
        return self.framed(super().values(block, estimator), block.index)

    def framed(self, values, index):
        """The values with index and names, which a table already has."""
        if isinstance(values, pd.DataFrame):
            return values
        if values.ndim == 1:
            return pd.Series(values, index=index, name=self.method)
        return pd.DataFrame(values, index=index, columns=self.columns)


def _map_array(estimator, call, X):
    X = whole_rows(X)
    # Also tells of a wrong width or of missing names, once and before anything is computed.
    sample = of_made_up(call.values, X, detached(estimator))
    if not isinstance(sample, np.ndarray):
        raise ValueError(
            f"{call.method} gives a frame, as fit saw one. Got a Dask array: pass a dataframe, for "
            "example by X.to_dask_dataframe()."
        )
    call.empty = sample[:0]
    chunks = (X.chunks[0], *((width,) for width in sample.shape[1:]))
    return X.map_blocks(
        call,
        as_one_task(detached(estimator, with_names=False)),
        dtype=sample.dtype,
        chunks=chunks,
        drop_axis=[1] if sample.ndim == 1 else None,
        meta=call.empty,
        token=call.method,
    )


def _map_frame(estimator, call, X):
    estimator = detached(estimator)
    sample = of_made_up(call.values, X, estimator)
    call = FrameCall(call, _columns(estimator, call.method, sample))
    call.empty = call.framed(sample, X._meta_nonempty.index)[:0]
    return X.map_partitions(call, as_one_task(estimator), meta=call.empty, token=call.method)


def of_made_up(function, X, *args):
    """What a function gives for made-up rows of X, whose categories are nobody's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X has categories in", category=UserWarning)
        return function(sample_block(X), *args)


def _columns(estimator, method, sample):
    """Names of what a method returns: of codes, classes, targets or features."""
    if method == "transform":
        return estimator.get_feature_names_out()
    if method == "reconstruct_proba":
        return estimator.get_encoded_feature_names()
    if method in CLASS_METHODS:
        return estimator.classes_
    if method == "predict":
        return [f"y{i}" for i in range(sample.shape[-1])]
    names = getattr(estimator, "feature_names_in_", None)
    return [f"x{i}" for i in range(estimator.n_features_in_)] if names is None else names


def detached(estimator, with_names=True):
    """A copy that gives plain arrays, and that later fits and callbacks have no part in.

    Blocks of arrays have no names: whoever wants to hear of it is told once, for all of them.
    """
    estimator = copy.copy(estimator)
    for name in ("_sklearn_output_config", "_skl_callbacks"):
        vars(estimator).pop(name, None)
    estimator.set_output(transform="default")
    if not with_names:
        vars(estimator).pop("feature_names_in_", None)
    return estimator


def as_one_task(estimator):
    """One task for all blocks, so that a worker gets the estimator once."""
    return delayed(estimator, pure=True, traverse=False)
