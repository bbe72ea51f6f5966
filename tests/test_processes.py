"""Processes, threads and long lives: the same bits, no more threads than cores, no memory lost."""

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)
from skautoencoder.network.thread_pool import THREAD_NAME, ThreadPool
from skautoencoder.utils.threads import single_threaded_blas

SMALL = {"n_components": 2, "hidden_layer_sizes": 4, "max_iter": 3}
ESTIMATORS = {
    "transformer": lambda: AutoencoderTransformer(**SMALL, random_state=0),
    "variational": lambda: VariationalAutoencoderTransformer(**SMALL, random_state=0),
    "detector": lambda: AutoencoderOutlierDetector(
        AutoencoderTransformer(**SMALL), n_estimators=2, random_state=0
    ),
    "imputer": lambda: AutoencoderImputer(AutoencoderTransformer(**SMALL), random_state=0),
}


def large():
    """Batches so large that threads share them."""
    return AutoencoderTransformer(
        10, hidden_layer_sizes=100, batch_size=100, max_iter=2, random_state=0
    )


def output(estimator, X):
    method = "transform" if hasattr(estimator, "transform") else "score_samples"
    return getattr(estimator, method)(X)


def fit_and_use(estimator, X):
    """What a fit makes of X, and what a pickle of it makes of X."""
    fitted = estimator.fit(X)
    return output(fitted, X), output(pickle.loads(pickle.dumps(fitted)), X)


@pytest.fixture
def X(rng):
    X = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 6))
    X[::7, 1] = np.nan
    return X


@pytest.fixture
def wide(rng):
    return rng.normal(size=(200, 5)) @ rng.normal(size=(5, 200))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_gives_the_same_bits(method, X, wide):
    """After fits that used threads, in whose locks a forked child might wait for ever."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} here")
    with threadpool_limits(2, user_api="blas"):
        jobs = [(large(), wide), *((make(), X) for make in ESTIMATORS.values())]
        expected = [fit_and_use(clone(estimator), data)[0] for estimator, data in jobs]
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            futures = [pool.submit(fit_and_use, *job) for job in jobs]
            found = [future.result(timeout=300) for future in futures]
    for results, result in zip(found, expected, strict=True):
        for each in results:
            np.testing.assert_array_equal(each, result)


# Forks while another thread holds the lock under which the limit of BLAS is set.
FORK = """
import os, sys, threading, warnings
import numpy as np
from skautoencoder import AutoencoderTransformer
from skautoencoder.utils import threads as _threads

X = np.random.default_rng(0).normal(size=(50, 4))
held, over = threading.Event(), threading.Event()

def hold():
    with _threads.single_threaded_blas(), _threads._lock:
        held.set()
        over.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
warnings.simplefilter("ignore")
child = os.fork()
if child == 0:
    before = _threads._n_blas_threads()
    AutoencoderTransformer(2, max_iter=2).fit(X)
    os._exit(0 if _threads._n_blas_threads() == before == int(sys.argv[1]) else 1)
_, status = os.waitpid(child, 0)
over.set()
thread.join()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_amid_the_fit_of_another_thread_neither_hangs_nor_keeps_its_limit():
    limits = {f"{name}_NUM_THREADS": "2" for name in ("OPENBLAS", "OMP", "MKL")}
    probe = "from skautoencoder.utils import threads; print(threads._n_blas_threads())"
    n_threads = subprocess.run(
        [sys.executable, "-c", probe], env={**os.environ, **limits}, capture_output=True, text=True
    ).stdout.strip()
    run = subprocess.run(
        [sys.executable, "-c", FORK, n_threads],
        env={**os.environ, **limits},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ESTIMATORS)
def test_eight_threads_share_an_estimator_and_fit_clones_at_once(name, X):
    fitted = ESTIMATORS[name]().fit(X)
    expected, before = output(fitted, X), pickle.dumps(fitted)
    start = threading.Barrier(8, timeout=300)

    def work(_):
        start.wait()
        return output(fitted, X), fit_and_use(clone(fitted), X)[0], output(fitted, X)

    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(work, range(8)):
            for result in results:
                np.testing.assert_array_equal(result, expected)
    assert pickle.dumps(fitted) == before


def test_threads_that_use_threads_give_the_same_too(wide):
    n_before = threading.active_count()
    with threadpool_limits(2, user_api="blas"):
        expected = fit_and_use(large(), wide)[0]
        with ThreadPoolExecutor(4) as pool:
            for codes, _ in pool.map(lambda _: fit_and_use(large(), wide), range(8)):
                np.testing.assert_array_equal(codes, expected)
    assert threading.active_count() == n_before


class Watched(AutoencoderTransformer):
    """Counts, while it is fitted, the threads that compute: our own, and those of BLAS."""

    def _train(self, trainer, *arguments):
        self.n_computing_ = 0
        run = trainer._run_epochs

        def watched(whole):
            on_epoch = whole.on_epoch

            def count(history, learning_rate):
                ours = sum(t.name == THREAD_NAME for t in threading.enumerate())
                self.n_computing_ = max(self.n_computing_, (1 + ours) * max(blas_threads()))
                return on_epoch(history, learning_rate)

            return run(replace(whole, on_epoch=count))

        trainer._run_epochs = watched
        super()._train(trainer, *arguments)

    def score(self, X, y=None):
        """Minus the number of threads, so that a search collects it."""
        return -self.n_computing_


def blas_threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_threads_are_counted_where_they_are_used(wide):
    """What the next test measures is not 1 because nothing is seen."""
    watched = Watched(10, hidden_layer_sizes=100, batch_size=100, max_iter=2)
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            assert watched.fit(wide).score(wide) == -max(blas_threads())


@pytest.mark.slow
def test_a_search_in_processes_uses_no_more_threads_than_cores(wide):
    """joblib gives each of its processes a share of the cores, which holds for our threads too."""
    n_jobs = 2
    watched = Watched(10, hidden_layer_sizes=100, batch_size=100, max_iter=2, random_state=0)
    search = GridSearchCV(watched, {"n_components": [5, 10]}, n_jobs=n_jobs, cv=2, refit=False)
    # Were it not for joblib, each process might use as many threads as there are cores.
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENBLAS", "OMP", "MKL", "BLIS"):
            patch.delenv(f"{name}_NUM_THREADS", raising=False)
        search.fit(wide)
    n_threads = -min(search.cv_results_[f"split{number}_test_score"].min() for number in (0, 1))
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= n_threads <= max(1, n_cores // n_jobs)


# Interpreter and libraries keep some tens of thousands of bytes, whatever the number of calls.
KEPT = 300_000


def growth(action, n_calls):
    """Bytes that are held after so many calls beyond those after some."""
    for _ in range(3):
        action()
    tracemalloc.start()
    try:
        action()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(n_calls):
            action()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.fixture
def broad(rng):
    """Rows whose networks are large enough to be missed, if they were kept."""
    return rng.normal(size=(40, 60))


@pytest.mark.slow
def test_200_fits_hold_no_more_memory_than_one(broad):
    autoencoder = ESTIMATORS["transformer"]().set_params(max_iter=1, skip_connections=False)
    assert growth(lambda: autoencoder.fit(broad), 200) < KEPT < 200 * autoencoder.coefs_[0].nbytes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["variational", "detector", "imputer"])
def test_nor_do_many_fits_of_the_others(name, broad):
    estimator = ESTIMATORS[name]()
    assert growth(lambda: estimator.fit(broad), 25) < KEPT < 25 * len(pickle.dumps(estimator))


def test_nor_do_fits_that_fail(broad):
    autoencoder = ESTIMATORS["transformer"]().fit(broad)
    late = clone(autoencoder).set_params(solver="sgd", learning_rate_init=1e30, scale=None)

    def fail():
        with pytest.raises(ValueError, match="infinity"):
            autoencoder.fit(np.where(broad > 2, np.inf, broad))
        with pytest.raises(ValueError, match="Non-finite loss"):
            late.fit(broad)

    assert growth(fail, 50) < KEPT < 50 * autoencoder.coefs_[0].nbytes * 10


def test_200_passes_keep_their_losses_and_nothing_else(broad):
    autoencoder = ESTIMATORS["transformer"]().set_params(batch_size=40)
    # A float of 24 bytes and up to two pointers a pass.
    assert growth(lambda: autoencoder.partial_fit(broad), 200) < KEPT + 200 * 40
    assert len(autoencoder.loss_curve_) == autoencoder.n_iter_ == 204


def test_200_transforms_hold_nothing(broad):
    autoencoder = ESTIMATORS["transformer"]().fit(broad)
    codes = autoencoder.transform(broad)
    assert growth(lambda: autoencoder.inverse_transform(codes), 200) < KEPT < 200 * broad.nbytes


# Prints by how many bytes the process has grown between the 100th and the 300th fit.
RESIDENT = """
import os
import numpy as np
from skautoencoder import AutoencoderTransformer

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

X = np.random.default_rng(0).normal(size=(100, 200))
autoencoder = AutoencoderTransformer(5, hidden_layer_sizes=20, max_iter=1, batch_size=50)
for number in range(300):
    autoencoder.fit(X)
    if number == 100:
        before = resident()
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_300_fits_do_not_make_the_process_grow():
    """Memory that Python does not know of included; the weights alone would be 16 MB."""
    run = subprocess.run([sys.executable, "-c", RESIDENT], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 1e7


def test_workers_and_limits_end_with_the_fit(wide):
    before, n_before = blas_threads(), threading.active_count()
    with threadpool_limits(2, user_api="blas"):
        for _ in range(20):
            large().set_params(max_iter=1).fit(wide)
            assert threading.active_count() == n_before
    with single_threaded_blas() as n_threads, ThreadPool(n_threads):
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before
