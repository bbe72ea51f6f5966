"""Dask: lazy methods, and training on a cluster. Imported only where a Dask collection comes.

Scheduling, retries and the moving of data are Dask's; what runs on its workers are pure
functions of their arguments, so that whatever is lost with a worker can be computed again.
"""

from .dataset import cluster_dataset
from .lazy import lazily
from .scoring import score
from .training import ClusterTrainer

__all__ = ["ClusterTrainer", "cluster_dataset", "lazily", "score"]
