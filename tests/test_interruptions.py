"""Ctrl-C and errors at every stage of a fit: the earlier state, or the best weights so far."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import skautoencoder
from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)
from skautoencoder.network.thread_pool import ThreadPool

PACKAGE = str(Path(skautoencoder.__file__).parent)
SMALL = {"n_components": 2, "hidden_layer_sizes": 3, "max_iter": 2}


def transformer(**params):
    return AutoencoderTransformer(**{**SMALL, "random_state": 0, **params})


ESTIMATORS = {
    "transformer": lambda: transformer(early_stopping=True),
    "pretrained": lambda: transformer(skip_connections=False, pretrain_iter=1, dropout=0.1),
    "lbfgs": lambda: transformer(solver="lbfgs"),
    "variational": lambda: VariationalAutoencoderTransformer(**SMALL, random_state=0),
    "detector": lambda: AutoencoderOutlierDetector(
        AutoencoderTransformer(**SMALL), n_estimators=1, random_state=0
    ),
    "imputer": lambda: AutoencoderImputer(
        AutoencoderTransformer(**SMALL), max_iter=1, random_state=0
    ),
}


@pytest.fixture
def X(rng):
    X = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 4))
    X[::9, 1] = np.nan
    return X


def call_and_raise(action, error, at):
    """Call it, and let one of the package's lines, counted from 0, raise an error; count them.

    A signal's handler runs between two lines in the same way.
    """
    count = -1

    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            count += 1
            if count == at:
                raise error
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(earlier)
    return count


def blas_threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def outcome(estimator, X, error, at):
    """How a fit has ended in which a line has raised: "error", "warning" or "done"."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call_and_raise(lambda: estimator.fit(X), error, at)
        except type(error):
            return "error"
    messages = [str(each.message) for each in caught]
    if messages:
        assert all("the best weights so far are kept" in message for message in messages)
        return "warning"
    return "done"


@pytest.mark.skipif(sys.gettrace() is not None, reason="something else traces the lines")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError("no memory")], ids=repr)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_error_in_any_line_leaves_the_earlier_state_or_a_whole_fit(name, error, X):
    """Lines all over the fit: validation, scaling, first weights, epochs, validation, storing."""
    other = np.nan_to_num(X[:30, :3])
    # What has been through a pickle once gives the same one again.
    earlier = pickle.loads(pickle.dumps(ESTIMATORS[name]().fit(other)))
    before, n_blas_threads = pickle.dumps(earlier), blas_threads()
    n_lines = call_and_raise(lambda: earlier.fit(X), error, at=-2) + 1
    whole = pickle.dumps(earlier)
    seen = set()
    for at in np.linspace(0, n_lines - 1, 12).astype(int):
        estimator = pickle.loads(before)
        how = outcome(estimator, X, error, at)
        seen.add(how)
        after = pickle.dumps(estimator)
        assert blas_threads() == n_blas_threads
        if how == "error":
            assert after in (before, whole)  # whole, if there was only the return left
        else:
            assert how == "warning" if isinstance(error, KeyboardInterrupt) else "done"
            if isinstance(estimator, AutoencoderTransformer):
                curve = estimator.validation_loss_curve_ or estimator.loss_curve_
                assert 1 <= estimator.n_iter_ <= 2
                assert np.isfinite(curve).all()
        assert pickle.dumps(pickle.loads(after).fit(X)) == whole
    assert "error" in seen


@pytest.mark.parametrize("at_event", range(8))
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_errors_from_callbacks_at_every_stage(error, at_event, X):
    """Setup, and begin and end of the fit and of its two epochs, and what comes after."""
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    estimator = transformer().fit(np.nan_to_num(X[:, :3]))
    estimator.set_callbacks(Failing(at_event, error))
    before = state(estimator)
    is_between_epochs = at_event in (3, 4, 5)
    if error is KeyboardInterrupt and is_between_epochs:
        with pytest.warns(UserWarning, match=r"interrupted after [12] epochs: the best weights"):
            estimator.fit(X)
        assert len(estimator.loss_curve_) == estimator.n_iter_ == (2 if at_event == 5 else 1)
    else:
        with pytest.raises(error, match="at event"):
            estimator.fit(X)
        if at_event < 7:  # after the end of the fit, at teardown, it is over
            assert state(estimator) == before
    estimator.set_callbacks()
    np.testing.assert_array_equal(estimator.fit(X).transform(X), transformer().fit(X).transform(X))


class Failing:
    """A callback that raises an error at one of the events."""

    def __init__(self, at_event, error):
        self.at_event, self.error, self.n_events = at_event, error, 0

    def _event(self):
        self.n_events += 1
        if self.n_events == self.at_event + 1:
            raise self.error("at event")

    def setup(self, estimator, context):
        self._event()

    def on_fit_task_begin(self, estimator, context, **seen):
        self._event()

    def on_fit_task_end(self, estimator, context, **seen):
        self._event()

    def teardown(self, estimator, context):
        self._event()


def state(estimator):
    kept = {k: v for k, v in vars(estimator).items() if not k.startswith(("_skl_", "_callback"))}
    return pickle.dumps(kept)


# Fits again and again until a signal comes, sooner or later each time.
SIGNALS = """
import pickle, signal, sys, threading, time, warnings
import numpy as np
from threadpoolctl import threadpool_limits
from skautoencoder import AutoencoderTransformer

def transformer(**params):
    params = {"early_stopping": True, "solver": sys.argv[2], "random_state": 0, **params}
    return AutoencoderTransformer(3, **params)

def fit_until_interrupted(estimator, delay):
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        estimator.fit(X)
    except KeyboardInterrupt:
        return "error"
    return "warning"

# An alarm is what Ctrl-C is, without a thread of the test's own that could be interrupted itself.
signal.signal(signal.SIGALRM, signal.default_int_handler)
warnings.simplefilter("always")
n_threads, width = int(sys.argv[1]), 400 if sys.argv[1] == "2" else 5
rng = np.random.default_rng(0)
X = rng.normal(size=(2400, 30))
few = {"max_iter": 2, "hidden_layer_sizes": width, "batch_size": 256}
with threadpool_limits(n_threads, user_api="blas"):
    expected = transformer(**few).fit(X).transform(X)
    earlier = pickle.dumps(transformer(**few).fit(X[:50, :4]).set_params(max_iter=10**7, tol=0,
        n_iter_no_change=10**7))
    n_warnings = 0
    # Long enough, in the end, for an epoch on any machine.
    for delay in np.geomspace(1e-4, 20, 14):
        estimator = pickle.loads(earlier)
        with warnings.catch_warnings(record=True) as caught:
            how = fit_until_interrupted(estimator, delay)
        print(how)
        if how == "error":
            assert pickle.dumps(estimator) == earlier
        else:
            assert ["the best weights so far" in str(each.message) for each in caught] == [True]
            assert len(estimator.validation_loss_curve_) == estimator.n_iter_ >= 1
            assert np.isfinite(estimator.transform(X)).all()
        again = estimator.set_params(**few, n_iter_no_change="auto", tol=1e-4).fit(X)
        assert np.array_equal(again.transform(X), expected)
        # A thread whose start was interrupted ends by itself, a moment later.
        for _ in range(1000):
            alive = [thread for thread in threading.enumerate() if thread.is_alive()]
            if len(alive) == 1:
                break
            time.sleep(0.005)
        assert alive == [threading.main_thread()]
        n_warnings += how == "warning"
        if n_warnings == 3:
            break
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize(("n_threads", "solver"), [(1, "adam"), (2, "adam"), (1, "lbfgs")])
def test_signals_at_any_time_leave_the_earlier_state_or_the_best_weights(n_threads, solver):
    command = [sys.executable, "-c", SIGNALS, str(n_threads), solver]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) == {"error", "warning"}


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_while_waiting_for_other_threads_still_waits():
    """Else they might write to weights that have been restored already."""
    done, begun = [], threading.Event()

    def work(item):
        if item == 0:
            assert begun.wait(10)  # or the caller may do item 1 itself
        elif item == 1:
            begun.set()
            time.sleep(0.05)  # the caller is waiting by now
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            time.sleep(0.05)
        done.append(item)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ThreadPool(2) as pool:
            with pytest.raises(KeyboardInterrupt):
                pool.map(work, [0, 1, 2])
            assert sorted(done) == [0, 1, 2]
            assert pool.map(abs, [-1, -2]) == [1, 2]
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupted_start_of_a_thread_leaves_none_waiting(monkeypatch):
    """`Thread.start` waits for the thread to begin; the system may take its time for that."""
    begin = threading.Event.set

    def interrupted(self, timeout=None):
        raise KeyboardInterrupt

    def begin_late(self):
        time.sleep(0.05)
        begin(self)

    earlier = set(threading.enumerate())
    with ThreadPool(2) as pool:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Event, "wait", interrupted)
            patch.setattr(threading.Event, "set", begin_late)
            with pytest.raises(KeyboardInterrupt):
                pool.map(abs, [-1, -2])
            time.sleep(0.1)
        left = set(threading.enumerate()) - earlier
        assert pool.map(abs, [-1, -2]) == [1, 2]
    assert not left
