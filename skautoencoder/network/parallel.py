"""Work shared among a few Python threads; NumPy releases the lock inside its loops."""

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

import numpy as np


def quiet_overflow():
    """Context in which infinities and NaN arise silently: what diverges is seen by its loss."""
    return np.errstate(over="ignore", invalid="ignore")


class Workers:
    """Runs a function over items on `n_threads` threads, the caller's among them.

    The threads live while the context is open. With one thread nothing is started.
    """

    def __init__(self, n_threads=1):
        self.n_threads = n_threads
        self._pool = None

    def __enter__(self):
        if self.n_threads > 1:
            # A thread does not inherit the floating-point error state of its starter.
            self._pool = ThreadPoolExecutor(
                self.n_threads - 1, initializer=lambda: np.seterr(over="ignore", invalid="ignore")
            )
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __reduce__(self):
        """In another process there is the caller's thread alone."""
        return Workers, ()

    def map(self, function, items):
        """Return the results in the order of the items; the caller runs the first."""
        if self._pool is None or len(items) == 1:
            return [function(item) for item in items]
        futures = []
        try:
            for item in items[1:]:
                futures.append(self._pool.submit(function, item))  # noqa: PERF401, see finally
            first = function(items[0])
        finally:
            # Also when interrupted: nobody may still write where the caller goes on.
            wait_for_all(futures)
        return [first, *(future.result() for future in futures)]


def wait_for_all(futures):
    """Wait until all are done; Ctrl-C counts only then."""
    try:
        wait(futures)
    except KeyboardInterrupt:
        wait(futures)
        raise


def even_slices(n, n_parts):
    """Cut range(n) into up to n_parts contiguous slices of nearly equal length."""
    n_parts = max(1, min(n_parts, n))
    edges = [n * part // n_parts for part in range(n_parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
