"""How many threads we may use, and BLAS kept to one of them.

The products of small networks run slower on two BLAS threads than on one, and those of
large ones are shared among our own threads, whole rows at a time, together with the
elementwise work between them. So BLAS runs single-threaded while we compute, and we start
no more threads than it was allowed to use: `threadpoolctl.threadpool_limits`, the
OPENBLAS_NUM_THREADS family of variables and joblib's limits hold for us too.
"""

import functools
import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_n_users = 0
_limiter = None
_n_allowed = 1


@functools.cache
def _blas():
    """Looking through the loaded libraries takes milliseconds: once is enough."""
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def single_threaded_blas():
    """Limit BLAS to one thread, and yield how many threads we may use instead.

    Calls may overlap on several threads: the first sets the limit, the last lifts it.
    """
    global _n_users, _limiter, _n_allowed
    with _lock:
        if _n_users == 0:
            n_before = _n_blas_threads()
            _limiter = _blas().limit(limits=1)
            _release_control()
            # Another thread may hold BLAS at its own limit: then the threads are BLAS's.
            _n_allowed = n_before if _n_blas_threads() == 1 else 1
        _n_users += 1
        n_allowed = _n_allowed
    try:
        yield n_allowed
    finally:
        with _lock:
            _n_users -= 1
            if _n_users == 0:
                _limiter.restore_original_limits()
                _release_control()


def _n_blas_threads():
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


def _release_control():
    """Let any thread set the next limit: the last user need not be the first.

    Since threadpoolctl 3.8 the thread that has limited OpenBLAS is the only one that can
    until it lets go.
    """
    for library in _blas().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()
