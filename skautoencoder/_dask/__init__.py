"""Dask: lazy methods, and training on a cluster. Dask itself is imported where a collection comes.

Scheduling, retries and the moving of data are Dask's; what runs on its workers are pure
functions of their arguments, so that whatever is lost with a worker can be computed again.
"""
