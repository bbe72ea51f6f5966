import os

# Without it scikit-learn skips its checks of array API input; scipy reads it once, when imported.
os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import pytest
from sklearn.datasets import load_digits

# Read by pyright alone; pytest would run it in search of doctests.
collect_ignore = ["typed_usage.py"]


@pytest.fixture(scope="session")
def digits():
    """The 1797 digits in [0, 1], float64."""
    return load_digits().data / 16


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def start_cluster(**options):
    """Two worker processes of one thread each; patient, for machines that are busy."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    timeouts = {f"distributed.comm.timeouts.{name}": "120s" for name in ("connect", "tcp")}
    with dask.config.set(timeouts):
        return distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: another run may have the usual one
            **options,
        )


@pytest.fixture(scope="session")
def cluster():
    """A cluster for all tests."""
    with start_cluster() as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    """The current client, for one test."""
    from distributed import Client

    with Client(cluster) as client:
        yield client


@pytest.fixture
def fragile_client():
    """The client of a cluster whose workers may be killed, which it would complain of."""
    from distributed import Client

    with start_cluster(silence_logs=50) as cluster, Client(cluster) as client:
        yield client
