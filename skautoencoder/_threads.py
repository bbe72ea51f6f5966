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
_users = 0
_limiter = None
_n_allowed = 1


@functools.cache
def _controller():
    """Looking through the loaded libraries takes milliseconds: once is enough."""
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def single_threaded_blas():
    """Limit BLAS to one thread, and yield how many threads it was allowed before.

    Calls may overlap on several threads: the first sets the limit, the last lifts it.
    """
    global _users, _limiter, _n_allowed
    with _lock:
        if _users == 0:
            libraries = _controller().lib_controllers
            _n_allowed = max((library.num_threads for library in libraries), default=1)
            _limiter = _controller().limit(limits=1)
        _users += 1
        n_allowed = _n_allowed
    try:
        yield n_allowed
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limiter.restore_original_limits()
