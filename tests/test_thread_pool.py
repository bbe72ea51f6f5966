import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skautoencoder import (
    AutoencoderTransformer,
    ContractivePenalty,
    GaussianNoise,
    KLSparsity,
    SwapNoise,
    VariationalAutoencoderTransformer,
)
from skautoencoder.network.thread_pool import ThreadPool, even_slices
from skautoencoder.utils.threads import single_threaded_blas


def blas_threads():
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_results_come_in_the_order_of_the_items(n_threads):
    with ThreadPool(n_threads) as pool:
        assert pool.map(lambda item: item**2, list(range(7))) == [i**2 for i in range(7)]


def test_items_run_at_the_same_time_and_the_caller_takes_part():
    barrier = threading.Barrier(2, timeout=10)

    def meet(_):
        barrier.wait()
        return threading.current_thread()

    with ThreadPool(2) as pool:
        threads = pool.map(meet, [0, 1])
    assert threads[0] is threading.current_thread()
    assert threads[1] is not threads[0]


def threads_beside_a_busy_worker(n_items, at_last):
    """Which thread did each item, where the worker is busy with item 1 until the last is begun."""
    begun, over, threads = threading.Event(), threading.Event(), {}

    def work(item):
        threads[item] = threading.current_thread()
        if item == 0:
            assert begun.wait(10)
        elif item == 1:
            begun.set()
            assert over.wait(10)
        elif item == n_items - 1:
            over.set()
            at_last()

    with ThreadPool(2) as pool:
        pool.map(work, list(range(n_items)))
    return [threads[item] for item in range(n_items)]


def test_the_caller_does_what_no_other_thread_has_begun():
    threads = threads_beside_a_busy_worker(4, at_last=lambda: None)
    caller = threading.current_thread()
    assert [thread is caller for thread in threads] == [True, False, True, True]


def test_an_error_in_what_is_left_for_the_caller_reaches_it():
    def fail():
        raise RuntimeError("last")

    with pytest.raises(RuntimeError, match="last"):
        threads_beside_a_busy_worker(3, at_last=fail)


def test_an_error_waits_for_the_other_items():
    done = []

    def work(item):
        if item == 0:
            raise RuntimeError("first")
        time.sleep(0.05)
        done.append(item)

    with ThreadPool(2) as pool:
        with pytest.raises(RuntimeError, match="first"):
            pool.map(work, [0, 1, 2])
        assert done == [1, 2]


def test_an_error_on_another_thread_reaches_the_caller():
    def work(item):
        if item:
            raise RuntimeError("second")

    with ThreadPool(2) as pool, pytest.raises(RuntimeError, match="second"):
        pool.map(work, [0, 1])


def test_overflow_on_a_thread_of_ours_is_silent():
    # Warnings are errors in this suite. The barrier makes all four threads take part.
    barrier = threading.Barrier(4, timeout=10)

    def overflow(_):
        barrier.wait()
        return np.exp(np.full(3, 1e4))

    with ThreadPool(4) as pool, np.errstate(over="ignore"):
        values = pool.map(overflow, [0, 1, 2, 3])
    assert np.isinf(values).all()


@pytest.mark.parametrize(("n", "n_parts"), [(1, 1), (5, 2), (3, 8), (100, 7)])
def test_even_slices_cover_everything_once(n, n_parts):
    lengths = [part.stop - part.start for part in even_slices(n, n_parts)]
    assert sum(lengths) == n
    assert len(lengths) == min(n, n_parts)
    assert max(lengths) - min(lengths) <= 1


def test_blas_is_limited_inside_and_restored_after_overlapping_uses():
    with threadpool_limits(2, user_api="blas"):
        first, second = single_threaded_blas(), single_threaded_blas()
        assert first.__enter__() == 2
        assert second.__enter__() == 2
        first.__exit__(None, None, None)
        assert blas_threads() == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == {2}


def test_the_first_user_s_thread_need_not_be_the_last_s():
    before, context = blas_threads(), single_threaded_blas()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(context.__enter__).result()
        assert blas_threads() == {1}
        context.__exit__(None, None, None)
        assert blas_threads() == before
        with pool.submit(single_threaded_blas).result():
            assert blas_threads() == {1}
    assert blas_threads() == before


def test_where_another_thread_controls_blas_we_start_no_threads():
    with ThreadPoolExecutor(1) as pool:
        limit = pool.submit(threadpool_limits, 2, "blas").result()
        with single_threaded_blas() as n_threads:
            assert n_threads * max(blas_threads()) <= 2
        pool.submit(limit.unregister).result()


def test_a_limit_on_blas_is_a_limit_on_us():
    with threadpool_limits(1, user_api="blas"), single_threaded_blas() as n_threads:
        assert n_threads == 1


def test_the_limit_is_lifted_after_an_error():
    before = blas_threads()
    with pytest.raises(RuntimeError, match="inside"), single_threaded_blas():
        raise RuntimeError("inside")
    assert blas_threads() == before


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"corruption": SwapNoise(), "dropout": 0.2, "tied_weights": True},
        {"code_penalty": KLSparsity(), "corruption": GaussianNoise()},
        {"code_penalty": ContractivePenalty(), "missing": True},
        {"cls": VariationalAutoencoderTransformer},
    ],
    ids=repr,
)
def test_a_fit_on_two_threads_is_that_on_one(params, rng):
    """Batches that are large enough to be shared, each shard with random numbers of its own."""
    params = dict(params)
    cls = params.pop("cls", AutoencoderTransformer)
    X = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 200))
    if params.pop("missing", False):
        X[rng.uniform(size=X.shape) < 0.1] = np.nan
    codes = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            autoencoder = cls(
                10, hidden_layer_sizes=100, batch_size=100, max_iter=3, random_state=0, **params
            )
            codes.append(autoencoder.fit_transform(X))
    np.testing.assert_allclose(*codes, rtol=1e-9, atol=1e-12)
