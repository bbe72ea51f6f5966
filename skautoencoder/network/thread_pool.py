"""Work shared among a few Python threads; NumPy releases the lock inside its loops."""

import threading
from itertools import pairwise
from queue import Empty, SimpleQueue

import numpy as np

from .floating_point import quiet_overflow

THREAD_NAME = "skautoencoder worker"


class ThreadPool:
    """Runs a function over items on `n_threads` threads, the caller's among them.

    The threads live from the first work for them to the end of the context, in which nothing is
    said of overflow or underflow. Work is handed over by queues alone: the futures of an executor
    cost a step of training about a fifteenth of its time.
    """

    def __init__(self, n_threads=1):
        self.n_threads = n_threads
        self._is_open = False
        self._jobs = SimpleQueue()
        self._threads = []
        self._quiet = quiet_overflow()

    def __enter__(self):
        self._quiet.__enter__()
        self._is_open = True
        return self

    def __exit__(self, *exception):
        self._is_open = False
        try:
            self._stop()
        finally:
            self._quiet.__exit__(*exception)

    def __reduce__(self):
        """In another process there is the caller's thread alone."""
        return ThreadPool, ()

    def map(self, function, items):
        """Return the results in the order of the items.

        The caller runs the first, and then what no other thread has begun.
        """
        if not self._is_open or self.n_threads == 1 or len(items) == 1:
            return [function(item) for item in items]
        outcomes, results = SimpleQueue(), [None] * len(items)
        try:
            self._start()
            for position in range(1, len(items)):
                self._jobs.put((function, items[position], position, outcomes))
            results[0] = function(items[0])
            _do_what_is_left(self._jobs)
            done = [outcomes.get() for _ in items[1:]]
        except BaseException:
            # Also when interrupted: nobody may still write where the caller goes on.
            self._stop()
            raise
        for position, result, error in done:
            if error is not None:
                raise error
            results[position] = result
        return results

    def _start(self):
        """Start the threads that are not there yet."""
        while len(self._threads) < self.n_threads - 1:
            thread = threading.Thread(
                name=THREAD_NAME, target=_serve, args=(self._jobs,), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _stop(self):
        """Let the threads do what has been asked for already, and end."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            # One whose start was interrupted has nothing to do yet, and ends by itself.
            if thread.is_alive():
                thread.join()
        # Such a one may never have begun: no later thread should find what was meant for it.
        self._threads, self._jobs = [], SimpleQueue()


def _serve(jobs):
    """Do jobs until one is None."""
    # A thread does not inherit the floating-point error state of its starter.
    np.seterr(all="ignore")
    for job in iter(jobs.get, None):
        _do(*job)
        # Nothing of a job is held until the next one comes.
        del job


def _do_what_is_left(jobs):
    """Do jobs until there are none."""
    while True:
        try:
            job = jobs.get_nowait()
        except Empty:
            return
        _do(*job)


def _do(function, item, position, outcomes):
    try:
        outcome = position, function(item), None
    except BaseException as error:
        outcome = position, None, error
    outcomes.put(outcome)


def even_slices(n, n_parts):
    """Cut range(n) into up to n_parts contiguous slices of nearly equal length."""
    n_parts = max(1, min(n_parts, n))
    edges = [n * part // n_parts for part in range(n_parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
