"""The cluster: its client, values that outlive a worker, results put together on the workers."""

from functools import reduce

import dask
import numpy as np
from distributed import get_client

# Results are put together in a tree: with so many branches the transfers of one node are short
# and the tree of 64 workers has two levels.
FAN_IN = 8


def find_client():
    """The client of the cluster to train on; ValueError where there is none."""
    try:
        return get_client()
    except ValueError as error:
        raise ValueError(
            "Training on a Dask collection needs a cluster, and there is no client of one: make "
            "it with distributed.Client(), which starts workers on this machine unless an address "
            "is given. Where X fits in memory, fit X.compute() instead."
        ) from error


def keep(client, value):
    """A future of the value that Dask can make again when a worker is lost.

    What is scattered is lost with its worker. So the value goes into a task instead, which
    stays with the scheduler; Dask warns of large ones, here for no reason.
    """
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
        return client.submit(_itself, value, pure=False)


def _itself(value):
    return value


def merged(client, merge, futures):
    """The future of what `merge` makes of all results, two at a time and always in one order."""
    while len(futures) > 1:
        groups = [futures[start : start + FAN_IN] for start in range(0, len(futures), FAN_IN)]
        futures = [
            client.submit(_merge_group, merge, group, pure=False) if len(group) > 1 else group[0]
            for group in groups
        ]
    return futures[0]


def concatenated(one, other):
    """Results that follow each other, for `merged`."""
    return np.concatenate([one, other])


def _merge_group(merge, results):
    return reduce(merge, results)
