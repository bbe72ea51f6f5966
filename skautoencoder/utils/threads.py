"""How many threads we may use, and BLAS kept to one of them.

The products of small networks run slower on two BLAS threads than on one, and those of
large ones are shared among our own threads, whole rows at a time, together with the
elementwise work between them. So BLAS runs single-threaded while we compute, and we start
no more threads than it was allowed to use: `threadpoolctl.threadpool_limits`, the
OPENBLAS_NUM_THREADS family of variables and joblib's limits hold for us too.
"""

import functools
import os
import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_users = set()
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
    user = object()
    try:
        yield _enter(user)
    finally:
        _leave(user)


def _enter(user):
    global _limiter, _n_allowed
    with _lock:
        is_first = not _users
        # Before the limit is set, so that Ctrl-C in between leaves nothing limited.
        _users.add(user)
        if is_first:
            n_before = _n_blas_threads()
            _limiter = _blas().limit(limits=1)
            _release_control()
            # Another thread may hold BLAS at its own limit: then the threads are BLAS's.
            _n_allowed = n_before if _n_blas_threads() == 1 else 1
        return _n_allowed


def _leave(user):
    with _lock:
        _users.discard(user)
        if not _users:
            _lift_limit()


def _lift_limit():
    global _limiter
    if _limiter is not None:
        _limiter.restore_original_limits()
        _release_control()
        _limiter = None


def _forget_other_threads():
    """In a forked process, the threads that used or locked anything here do not exist."""
    global _lock
    _lock = threading.Lock()
    _users.clear()
    _lift_limit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


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
