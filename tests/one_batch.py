"""Fits on a cluster that are what one machine has, to rounding."""

import contextlib

import pytest

from skautoencoder import SGD

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


def one_batch(n_rows, **options):
    """Parameters of one batch of so many rows, which all steps take.

    Its gradient is the mean of the shares' by rows, and momentum is linear in it.
    """
    batch = {"solver": SGD(), "batch_size": n_rows, "max_iter": 4, "early_stopping": False}
    return {**batch, "random_state": 0, **options}


@contextlib.contextmanager
def averaged_every_step():
    """A round of one step: the average after each is the step of one machine."""
    with dask.config.set({"skautoencoder.round-steps": 1}):
        yield


def in_blocks(X, length=100):
    """A Dask array of whole rows."""
    return da.from_array(X, chunks=(length, *X.shape[1:]))
