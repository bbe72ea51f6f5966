"""What the estimators call where a Dask collection comes; importing it imports Dask."""

from .dataset import cluster_dataset
from .lazy import lazily
from .scoring import residual_and_variation
from .training import ClusterTrainer

__all__ = ["ClusterTrainer", "cluster_dataset", "lazily", "residual_and_variation"]
