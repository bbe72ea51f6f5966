"""Dask: lazy methods, and training on a cluster. Imported only where a Dask collection comes.

Scheduling, retries and the moving of data are Dask's; what runs on its workers are pure
functions of their arguments, so that whatever is lost with a worker can be computed again.
"""

from .lazy import lazily
from .scoring import score

__all__ = ["lazily", "score"]
