"""A fit that is killed goes on from its file, and ends as if it had not been, to the last bit."""

import copy
import errno
import hashlib
import io
import json
import os
import pickle
import re
import secrets
import subprocess
import sys
import threading
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from equality import assert_same
from ids import without_addresses
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skautoencoder
from skautoencoder import (
    LBFGS,
    SGD,
    AdaptiveSchedule,
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    Checkpoint,
    ContractivePenalty,
    GaussianNoise,
    KLSparsity,
    L1Sparsity,
    MaskingNoise,
    Muon,
    SaltAndPepperNoise,
    Shampoo,
    SwapNoise,
    VariationalAutoencoderTransformer,
    _base,
)
from skautoencoder._checkpoint import fingerprint as _fingerprint
from skautoencoder._checkpoint.file_format import MAGIC, decode, encode
from skautoencoder._checkpoint.fingerprint import describe
from skautoencoder.network import backprop as gradients
from skautoencoder.network.trainer import Trainer
from skautoencoder.utils import files as _files
from skautoencoder.utils.files import sole_use, write_whole

SMALL = {"n_components": 2, "hidden_layer_sizes": 5, "max_iter": 7, "random_state": 0}
PLATEAUS = {"learning_rate": AdaptiveSchedule(max_decays=9), "tol": 1e3, "n_iter_no_change": 2}


def autoencoder(**params):
    # With skip connections the end might be PCA's weights, whatever has been trained.
    return AutoencoderTransformer(**{**SMALL, "skip_connections": False, **params})


def variational(**params):
    return VariationalAutoencoderTransformer(**{**SMALL, **params})


MODELS = [
    autoencoder(skip_connections="auto"),
    autoencoder(solver=SGD(), **PLATEAUS),
    autoencoder(learning_rate=AdaptiveSchedule(), tol=1e3, n_iter_no_change=1),
    autoencoder(solver="muon", learning_rate="one_cycle", tied_weights=True),
    autoencoder(solver=Shampoo(update_interval=3), tied_weights=True, alpha=0.01),
    autoencoder(solver=Muon(momentum=0.9), learning_rate="invscaling", alpha=0.01),
    autoencoder(learning_rate="constant", shuffle=False, early_stopping=False, batch_size=9),
    autoencoder(dropout=0.3, corruption=GaussianNoise(), early_stopping=True),
    autoencoder(tied_weights=True, corruption=MaskingNoise(), pretrain_iter=2),
    autoencoder(corruption=SaltAndPepperNoise(), code_penalty=KLSparsity(), solver="sgd"),
    autoencoder(hidden_layer_sizes=(5, 4), code_penalty=ContractivePenalty(), dropout=0.1),
    autoencoder(corruption=SwapNoise(), code_penalty=L1Sparsity(), early_stopping=True),
    autoencoder(skip_connections="auto", loss="huber", weight_init="pca", activation="relu"),
    autoencoder(loss="binary_cross_entropy", scale="minmax", random_state=np.random.RandomState(3)),
    variational(kl_warmup=0.6, early_stopping=True),
    variational(loss="binary_cross_entropy", scale="minmax", solver="muon", dropout=0.2),
]


class Killed(BaseException):
    """Like a kill, nobody handles it."""


class Fuse:
    """Counts the gradient steps of all training, and kills it when none are left."""

    def __init__(self, monkeypatch):
        self.left, self.n_steps = np.inf, 0
        step = Trainer._step

        def counted(trainer, *args):
            if self.left <= 0:
                raise Killed
            self.left -= 1
            self.n_steps += 1
            return step(trainer, *args)

        monkeypatch.setattr(Trainer, "_step", counted)


@pytest.fixture
def fuse(monkeypatch):
    return Fuse(monkeypatch)


@pytest.fixture
def X(rng):
    return rng.normal(size=(70, 4)) @ rng.normal(size=(4, 6))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


def fit_with(path, estimator, X, **params):
    """Fit in a block that writes after every epoch."""
    with Checkpoint(path, every=1):
        return estimator.fit(X, **params)


def fit_and_kill(fit, path, fuse, after, every=1):
    """Call `fit` again and again, killed after each of these numbers of steps in turn."""
    for n_steps in after:
        fuse.left = n_steps
        with pytest.raises(Killed), Checkpoint(path, every=every):
            fit()
    fuse.left = np.inf


def fit_killed_thrice(fit, path, fuse, every=1):
    """What a fit gives that was killed in its first epoch, amid the run, and near its end."""
    fit_and_kill(fit, path, fuse, (3, 33, 14), every)
    with Checkpoint(path, every=every):
        return fit()


class TestGoingOn:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("model", MODELS, ids=without_addresses)
    def test_a_killed_fit_ends_where_one_left_alone_ends(self, model, dtype, X, path, fuse):
        X = X.astype(dtype)
        whole = clone(model).fit(X)
        resumed = fit_killed_thrice(lambda: clone(model).fit(X), path, fuse)
        assert whole.n_iter_ > 5
        assert_same(vars(whole), vars(resumed))

    def test_the_adaptive_schedule_among_them_has_met_plateaus(self, X):
        """Otherwise its counter would be kept untested: another schedule would do the same."""
        constant = clone(MODELS[1]).set_params(learning_rate="constant", n_iter_no_change=99)
        with pytest.raises(AssertionError):
            assert_same(clone(MODELS[1]).fit(X).loss_curve_, constant.fit(X).loss_curve_)

    @pytest.mark.parametrize(
        "model",
        [
            AutoencoderClassifier(**SMALL, early_stopping=True, class_weight="balanced"),
            AutoencoderClassifier(**SMALL, target_weight=0),
            AutoencoderRegressor(**SMALL, head_layer_sizes=3, corruption=SwapNoise()),
        ],
        ids=str,
    )
    def test_with_a_target(self, model, X, path, fuse):
        y = np.where(X[:, 0] > 0, 2.0, 7.0)
        whole = clone(model).fit(X, y)
        resumed = fit_killed_thrice(lambda: clone(model).fit(X, y), path, fuse)
        assert_same(vars(whole), vars(resumed))

    @pytest.mark.parametrize("kind", ["sparse", "fortran", "missing"])
    def test_on_rows_of_any_kind(self, kind, X, path, fuse):
        if kind == "sparse":
            X = sparse.csr_array(np.maximum(X, 0))
        elif kind == "fortran":
            X = np.asfortranarray(X)
        else:
            X[X > 2] = np.nan
        whole = autoencoder(dropout=0.1).fit(X)
        resumed = fit_killed_thrice(lambda: autoencoder(dropout=0.1).fit(X), path, fuse)
        assert_same(vars(whole), vars(resumed))

    def test_with_sample_weights_some_of_them_zero(self, X, path, fuse, rng):
        weights = np.append(rng.uniform(size=65), np.zeros(5))
        whole = autoencoder().fit(X, sample_weight=weights)
        resumed = fit_killed_thrice(lambda: autoencoder().fit(X, sample_weight=weights), path, fuse)
        assert_same(vars(whole), vars(resumed))

    def test_in_micro_batches_with_generators_of_their_own(self, X, path, fuse, monkeypatch):
        monkeypatch.setattr(gradients, "WORK_PER_MICRO_BATCH", 1)
        monkeypatch.setattr(gradients, "MIN_ROWS_PER_MICRO_BATCH", 2)
        model = autoencoder(dropout=0.2, batch_size=8, early_stopping=False)
        whole = clone(model).fit(X)
        resumed = fit_killed_thrice(lambda: clone(model).fit(X), path, fuse)
        assert len(decode(path.read_bytes())["run"]["generators"]) == 3
        assert_same(vars(whole), vars(resumed))

    def test_from_the_weights_of_the_fit_before(self, X, path, fuse):
        fitted = autoencoder(warm_start=True, dropout=0.1).fit(X)
        whole = copy.deepcopy(fitted).fit(X)
        resumed = fit_killed_thrice(lambda: copy.deepcopy(fitted).fit(X), path, fuse)
        assert whole.n_iter_ == 2 * SMALL["max_iter"]
        assert_same(vars(whole), vars(resumed))

    def test_without_a_random_state_by_the_seed_of_the_run_that_was_begun(self, X, path, fuse):
        model = autoencoder(random_state=None, early_stopping=True)
        fit_and_kill(lambda: clone(model).fit(X), path, fuse, [3])
        begun, ends = path.read_bytes(), []
        for kills in ([], [12, 20]):
            path.write_bytes(begun)
            fit_and_kill(lambda: clone(model).fit(X), path, fuse, kills)
            with Checkpoint(path):
                ends.append(clone(model).fit(X))
        assert_same(vars(ends[0]), vars(ends[1]))

    def test_only_what_was_not_yet_done_is_done(self, X, path, fuse):
        fit = lambda: autoencoder(batch_size=7, early_stopping=False).fit(X)  # noqa: E731
        fit_and_kill(fit, path, fuse, [57], every=2)
        assert len(decode(path.read_bytes())["run"]["history"]["loss_curve"]) == 4
        fuse.n_steps = 0
        with Checkpoint(path, every=2):
            fit()
        assert fuse.n_steps == 30

    def test_what_was_just_read_is_not_written_again(self, X, begun, fuse):
        number = begun.stat().st_ino
        fit_and_kill(lambda: masked().fit(X), begun, fuse, [0])
        assert begun.stat().st_ino == number
        fit_and_kill(lambda: masked().fit(X), begun, fuse, [10])
        assert begun.stat().st_ino != number

    def test_pretraining_that_is_over_is_not_done_again(self, X, path, fuse):
        model = autoencoder(batch_size=7, early_stopping=False, pretrain_iter=3)
        fit_and_kill(lambda: clone(model).fit(X), path, fuse, [61])
        fuse.n_steps = 0
        with Checkpoint(path):
            clone(model).fit(X)
        assert fuse.n_steps == 70

    @pytest.mark.parametrize("stops_early", [False, True])
    def test_a_finished_fit_returns_at_once_and_leaves_its_file(
        self, stops_early, X, path, fuse, capsys
    ):
        params = {"tol": 1e3, "n_iter_no_change": 2} if stops_early else {}
        with Checkpoint(path):
            whole = autoencoder(**params).fit(X)
        assert whole.n_iter_ == (3 if stops_early else SMALL["max_iter"])
        content, fuse.n_steps = path.read_bytes(), 0
        fit_with(path, autoencoder(**params), X)
        assert capsys.readouterr().out == ""
        again = fit_with(path, autoencoder(verbose=True, **params), X)
        said = f"'{path}' is the checkpoint of a finished fit, which is returned as it is: delete"
        assert said in capsys.readouterr().out
        assert fuse.n_steps == 0
        assert path.read_bytes() == content
        assert_same(vars(whole), vars(again.set_params(verbose=False)))
        assert pickle.dumps(whole) == pickle.dumps(again)

    def test_the_line_of_progress_knows_how_many_epochs_were_over(self, X, begun, monkeypatch):
        n_over = len(decode(begun.read_bytes())["run"]["history"]["loss_curve"])
        seen, progress_line = [], _base.progress_line

        def recorded(*args):
            seen.append(args)
            return progress_line(*args)

        monkeypatch.setattr(_base, "progress_line", recorded)
        fit_with(begun, masked(), X)
        masked().fit(X)
        assert n_over > 0
        assert seen == [(False, 7, n_over), (False, 7, 0)]

    def test_after_ctrl_c_a_fit_may_go_on(self, X, path, monkeypatch):
        whole = autoencoder().fit(X)
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "_step", self.interrupted_after(30))
            with pytest.warns(UserWarning, match="interrupted"), Checkpoint(path, every=1):
                assert 0 < autoencoder().fit(X).n_iter_ < whole.n_iter_
        assert_same(vars(whole), vars(fit_with(path, autoencoder(), X)))

    @staticmethod
    def interrupted_after(n_steps):
        steps, step = iter(range(n_steps)), Trainer._step

        def interrupted(trainer, *args):
            if next(steps, None) is None:
                raise KeyboardInterrupt
            return step(trainer, *args)

        return interrupted

    def test_beside_callbacks_whose_errors_end_a_fit_like_any_other(self, X, path):
        pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
        whole, failing = autoencoder().fit(X), FailingCallback(in_epoch=4)
        with pytest.raises(RuntimeError, match="by a callback"), Checkpoint(path, every=1):
            autoencoder().set_callbacks(failing).fit(X)
        assert failing.n_epochs == 4
        resumed = fit_with(path, autoencoder().set_callbacks(failing), X)
        # The epoch in which it failed was not recorded: a kill at this point costs an epoch.
        assert failing.n_epochs == 4 + 4
        del resumed._skl_callbacks
        assert_same(vars(whole), vars(resumed))


class FailingCallback:
    """Counts epochs, and fails in one of them."""

    def __init__(self, in_epoch):
        self.in_epoch, self.n_epochs = in_epoch, 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **seen):
        pass

    def on_fit_task_end(self, estimator, context, **seen):
        self.n_epochs += context.task_name == "epoch"
        if self.n_epochs == self.in_epoch and context.task_name == "epoch":
            raise RuntimeError("stopped by a callback")


class TestAutoencodersWithinOthers:
    def test_a_pipeline(self, X, path, fuse):
        def fit():
            return make_pipeline(StandardScaler(), autoencoder(dropout=0.1)).fit(X)

        whole = fit()
        assert_same(whole.transform(X), fit_killed_thrice(fit, path, fuse).transform(X))

    def test_the_imputer(self, X, path, fuse, rng):
        X[rng.uniform(size=X.shape) < 0.2] = np.nan

        def fit():
            return AutoencoderImputer(masked(), random_state=0).fit(X)

        whole = fit()
        fit_and_kill(fit, path, fuse, [3, 5])
        with Checkpoint(path, every=1):
            assert_same(whole.transform(X), fit().transform(X))

    def test_the_detector_whose_members_have_a_file_each(self, X, path, fuse):
        def fit():
            model = autoencoder(early_stopping=False, batch_size=7)
            return AutoencoderOutlierDetector(model, n_estimators=2, random_state=0).fit(X)

        fuse.n_steps = 0
        whole, n_steps = fit(), fuse.n_steps
        fit_and_kill(fit, path, fuse, [33, 61], every=1)
        assert sorted(each.name for each in path.parent.iterdir()) == ["run.ckpt", "run.ckpt.2"]
        fuse.n_steps = 0
        with Checkpoint(path, every=1):
            resumed = fit()
        # 70 rows make ten steps an epoch, and in the second round 63 make nine.
        assert fuse.n_steps == n_steps - 70 - 18
        assert_same(whole.score_samples(X), resumed.score_samples(X))

    def test_a_search(self, X, path, fuse):
        def fit():
            return GridSearchCV(autoencoder(), {"alpha": [0, 0.1]}, cv=2).fit(X)

        whole = fit()
        resumed = fit_killed_thrice(fit, path, fuse)
        assert len(list(path.parent.iterdir())) == 5
        for name in ("mean_test_score", "std_test_score"):
            assert_same(whole.cv_results_[name], resumed.cv_results_[name])


class TestBlocks:
    def test_outside_of_it_nothing_is_written(self, X, path):
        with Checkpoint(path):
            autoencoder().fit(X)
        written = path.read_bytes()
        autoencoder(alpha=0.1).fit(X)
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        assert path.read_bytes() == written

    def test_the_innermost_one_counts(self, X, path):
        with pytest.warns(UserWarning, match="No autoencoder"), Checkpoint(path):  # noqa: SIM117
            with Checkpoint(path.with_name("inner")):
                autoencoder().fit(X)
        assert [each.name for each in path.parent.iterdir()] == ["inner"]

    def test_it_may_be_opened_again(self, X, path, fuse):
        block = Checkpoint(path, every=1)
        for n_steps in (20, 20, np.inf):
            fuse.left = n_steps
            try:
                with block:
                    resumed = autoencoder().fit(X)
            except Killed:
                continue
        assert_same(vars(autoencoder().fit(X)), vars(resumed))

    def test_it_says_so_where_there_was_no_fit_of_its_own_thread(self, X, path):
        thread = threading.Thread(target=lambda: autoencoder().fit(X))
        message = r"in the block of Checkpoint\('.*n_jobs=None"
        with pytest.warns(UserWarning, match=message), Checkpoint(path):  # noqa: PT031
            thread.start()
            thread.join()
        assert not path.exists()

    def test_it_is_silent_about_that_where_there_was_an_error(self, path):
        with pytest.raises(KeyError), Checkpoint(path):
            raise KeyError

    def test_partial_fit_writes_nothing(self, X, path):
        with Checkpoint(path):
            fitted = autoencoder().fit(X)
            fitted.partial_fit(X)
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"path": None}, "'path' parameter of Checkpoint must be"),
            ({"path": "x", "every": 0}, "'every' parameter of Checkpoint must be an int in the"),
            ({"path": "x", "every": 1.5}, "'every' parameter of Checkpoint"),
        ],
    )
    def test_wrong_parameters_are_named(self, params, message):
        with pytest.raises(ValueError, match=message), Checkpoint(**params):
            raise AssertionError("not reached")

    def test_lbfgs_is_refused_before_a_file_is_written(self, X, path):
        for solver in ("lbfgs", LBFGS()):
            message = r"solver=.*inside SciPy.*'adam', 'adamw', 'muon', 'sgd' or 'shampoo'"
            with pytest.raises(ValueError, match=message), Checkpoint(path):
                autoencoder(solver=solver).fit(X)
        assert not path.exists()


OTHER_FITS = [
    ({"max_iter": 8}, "another fit: max_iter is 7 there and 8 here. Fit as"),
    ({"random_state": 1}, "random_state is 0 there and 1 here"),
    ({"random_state": None}, "random_state is 0 there and None here"),
    ({"hidden_layer_sizes": (5, 5)}, r"hidden_layer_sizes is 5 there and \[5, 5\] here"),
    ({"corruption": MaskingNoise(0.3)}, "corruption is {'type': 'MaskingNoise', 'rate': 0.2"),
    ({"solver": SGD()}, "solver is 'adam' there and {'type': 'SGD'"),
    ({"alpha": 0.1, "tol": 0.0}, "alpha is 0.0 there and 0.1 here; tol is 0.0001 there"),
]


@pytest.fixture
def begun(X, path, fuse):
    """The file of a fit that was killed after some epochs."""
    fit_and_kill(lambda: masked().fit(X), path, fuse, [40])
    return path


def masked(**params):
    return autoencoder(**{"corruption": MaskingNoise(0.2), **params})


def refusal(path, estimator, X, **params):
    """The message with which a fit refuses a file; file and estimator are then as they were."""
    content, before = path.read_bytes(), set(vars(estimator))
    with pytest.raises(ValueError) as error, Checkpoint(path, every=1):  # noqa: PT011
        estimator.fit(X, **params)
    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert set(vars(estimator)) == before
    assert repr(str(path)) in str(error.value)
    return str(error.value)


class TestOtherFits:
    @pytest.mark.parametrize(("params", "message"), OTHER_FITS)
    def test_of_other_parameters(self, params, message, begun, X):
        assert re.search(message, refusal(begun, masked(**params), X))

    def test_of_other_rows(self, begun, X):
        other = X.copy()
        other[-1, -1] = np.nextafter(other[-1, -1], 9)
        assert "another fit: X is not the same. Fit" in refusal(begun, masked(), other)
        assert "the shape of X is [70, 6] there and [69, 6] here" in refusal(begun, masked(), X[1:])
        message = refusal(begun, masked(), X.astype(np.float32))
        assert "the dtype of X is 'float64' there and 'float32' here" in message
        assert "X is not the same" in refusal(begun, masked(), sparse.csr_array(X))

    @pytest.mark.parametrize("kind", [AutoencoderClassifier, AutoencoderRegressor])
    def test_of_another_target(self, kind, X, path, fuse):
        y = (X[:, 0] > 0).astype(int)
        fit_and_kill(lambda: kind(**SMALL).fit(X, y), path, fuse, [20])
        other = y.copy()
        other[-1] = 1 - y[-1]
        assert "another fit: y is not the same. Fit" in refusal(path, kind(**SMALL), X, y=other)

    def test_of_sparse_rows_that_differ_in_their_columns_alone(self, X, path):
        X = sparse.csr_array(np.where(np.arange(6) % 2, X, 0))
        with Checkpoint(path):
            masked().fit(X)
        other = sparse.csr_array((X.data, X.indices - 1, X.indptr), X.shape)
        assert "another fit: X is not the same" in refusal(path, masked(), other)

    def test_of_other_weights(self, begun, X, rng):
        message = refusal(begun, masked(), X, sample_weight=rng.uniform(size=70))
        assert "sample_weight is not the same" in message

    def test_of_another_class(self, begun, X):
        message = refusal(begun, variational(), X)
        assert "estimator is 'AutoencoderTransformer' there and 'Variational" in message

    def test_from_another_start(self, begun, X):
        fitted = masked(warm_start=True).fit(X)
        assert "another fit: what training starts from is not" in refusal(begun, fitted, X)

    def test_of_another_version(self, begun, X, monkeypatch):
        monkeypatch.setattr(_fingerprint, "__version__", "9.9")
        assert "skautoencoder is '0.1.0' there and '9.9' here" in refusal(begun, masked(), X)

    def test_in_another_number_of_micro_batches_or_chunks(self, begun, X, monkeypatch):
        monkeypatch.setattr(gradients, "PARAMETERS_PER_CHUNK", 10)
        assert "BLAS threads, is [1, 1] there and [1, 2] here" in refusal(begun, masked(), X)
        monkeypatch.setattr(gradients, "WORK_PER_MICRO_BATCH", 1)
        monkeypatch.setattr(gradients, "MIN_ROWS_PER_MICRO_BATCH", 2)
        assert "BLAS threads, is [1, 1] there and [2, 2] here" in refusal(begun, masked(), X)

    def test_of_another_state_of_a_random_state(self, X, path):
        first, second, third = (np.random.RandomState(3) for _ in range(3))
        for state in (first, second):
            with Checkpoint(path):
                autoencoder(random_state=state).fit(X)
        assert_same(first, second)
        third.randint(9)
        assert "random_state is [" in refusal(path, autoencoder(random_state=third), X)


class TestDescriptions:
    def test_are_of_plain_values(self):
        values = [np.int64(3), np.float32(0.5), np.bool_(True), (1, [None, "a"]), Fraction(1, 2)]
        assert describe(values) == [3, 0.5, True, [1, [None, "a"]], 0.5]
        assert describe(np.array([3, "a"], dtype=object)) == [3, "a"]
        assert describe({"b": np.int8(1)}) == {"type": "dict", "b": 1}

    def test_name_what_they_cannot_look_into(self):
        assert describe(len) == {"type": "len"}
        assert describe(np.tanh) == describe(np.tanh) != describe(np.sin)

    def test_tell_arrays_apart_by_values_shape_and_type(self):
        zeros = np.zeros((2, 3))
        others = [zeros.T, zeros.astype("f4"), zeros.astype(">f8"), zeros + 1, np.zeros(())]
        assert describe(zeros) == describe(np.asfortranarray(zeros))
        assert all(describe(zeros) != describe(other) for other in others)


def put(*keys, value):
    """A change of what is captured, where the keys lead to, with a checksum that is right."""

    def change(path):
        content = decode(path.read_bytes())
        part = content
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value(part[keys[-1]]) if callable(value) else value
        path.write_bytes(encode(content))

    return change


def write_body(text, arrays=b""):
    """Another JSON text, with a checksum that is right."""

    def change(path):
        body = len(text).to_bytes(8, "little") + text + arrays
        path.write_bytes(MAGIC + hashlib.sha256(body).digest() + body)

    return change


def first_nan(array):
    array[0] = np.nan
    return array


def first_again(order):
    order[0] = order[1]
    return order


def nested(depth):
    """A list in a list, and so on."""
    return [nested(depth - 1)] if depth else []


def sizes(n_dimensions):
    """The text of an array whose sizes have four thousand digits each."""
    return json.dumps({"array": ["<f8", *n_dimensions * [10**4000]]}).encode()


HUGE = 10**400
HOSTILE = [
    (put("run", "parameters", value=lambda array: array[:-1]), "run.parameters"),
    (put("run", "parameters", value=lambda array: array.astype("f4")), "run.parameters"),
    (put("run", "parameters", value=[1.0]), "run.parameters"),
    (put("run", "parameters", value=first_nan), "run.parameters"),
    (put("run", "indices", value=lambda order: order + 1), "run.indices"),
    (put("run", "indices", value=first_again), "run.indices"),
    (put("run", "indices", value=lambda order: order.astype("f8")), "run.indices"),
    (put("run", "indices", value=lambda order: order.tolist()), "run.indices"),
    (put("run", "state", "step", value=True), "run.state.step"),
    (put("run", "state", "step", value=1.5), "run.state.step"),
    (put("run", "state", "step", value=-1), "run.state.step"),
    (put("run", "state", "step", value=HUGE), "run.state.step"),
    (put("run", "state", value={}), "run.state"),
    (put("run", "state", "second", value=first_nan), "run.state.second"),
    (put("run", "bottleneck", value=1.0), "run.bottleneck"),
    (put("run", "counters", "fit", value=1), "run.counters"),
    (put("run", "counters", "_rate_factor", value="1"), "run.counters._rate_factor"),
    (put("run", "counters", "_rate_factor", value=np.inf), "run.counters._rate_factor"),
    (put("run", "counters", "_run_step", value=lambda step: step + 1), "number of steps"),
    (put("run", "counters", "_n_plateaus", value=7), "number of plateaus"),
    (put("run", "best", "copy", 0, value=first_nan), "run.best.copy.0"),
    (put("run", "best", "copy", value=[]), "run.best.copy"),
    (put("run", "best", "copy", value=None), "best weights"),
    (put("run", "best", "loss", value=None), "run.best.loss"),
    (put("run", "best", "loss", value=np.inf), "best loss"),
    (put("run", "best", "n_stale", value=7), "number of stale epochs"),
    (put("run", "history", "loss_curve", value=["a"]), "run.history.loss_curve"),
    (put("run", "history", "loss_curve", value=[np.inf]), "run.history.loss_curve"),
    (put("run", "history", "loss_curve", value=[HUGE]), "run.history.loss_curve"),
    (put("run", "history", "loss_curve", value=8 * [1.0]), "number of epochs"),
    (put("run", "history", "loss_curve", value=[]), "number of "),
    (
        put("run", "history", "validation_loss_curve", value={}),
        "run.history.validation_loss_curve",
    ),
    (put("run", "history", "validation_loss_curve", value=[]), "number of validation losses"),
    (put("run", "history", "n_rows_seen", value=0), "number of rows seen"),
    (put("run", "history", "best_loss", value=np.nan), "run.history.best_loss"),
    (put("run", "history", "interrupted", value=True), "run.history"),
    (put("run", "history", "kept", value="others"), "run.history.kept"),
    (put("run", "history", "stop_reason", value=["pass"]), "run.history.stop_reason"),
    (put("run", "history", "stop_reason", value="max_iter"), "reason for its end"),
    (put("is_over", value=True), "reason for its end"),
    (put("run", "generators", value=[]), "run.generators"),
    (
        put("run", "generators", 0, "bit_generator", value="MT19937"),
        "run.generators.0.bit_generator",
    ),
    (
        put("run", "generators", 0, "state", "state", value=-1),
        "run.generators.0.state.state",
    ),
    (put("run", "generators", 0, "state", "inc", value=2), "run.generators.0.state.inc"),
    (put("run", value={}), "run"),
    (put("run", value=[]), "run"),
    (put("entropy", value=-1), "entropy"),
    (put("entropy", value="os.system"), "entropy"),
    (put("fingerprint", value=None), "fingerprint"),
    (put("fingerprint", "alpha", value=np.zeros(3)), "fingerprint"),
    (put("fingerprint", "alpha", value=nested(100)), "fingerprint"),
    (put("is_over", value=1), "is_over"),
    (write_body(b"[]"), "whole"),
    (write_body(b"{}"), "whole"),
]
UNREADABLE = [
    (write_body(b"["), "JSONDecodeError"),
    (write_body(b"[" * 100_000), "RecursionError"),
    (write_body(b'{"array": ["|O", 1]}', bytes(8)), "an array of unknown kind"),
    (write_body(b'{"array": [["<f8"], 1]}', bytes(8)), "TypeError"),
    (write_body(b'{"array": ["<f8", -1]}', bytes(8)), "an array of unknown kind"),
    (write_body(b'{"array": ["<f8", true]}', bytes(8)), "an array of unknown kind"),
    (write_body(b'{"array": ["<f8", 4000000000, 4000000000]}'), "larger than the file"),
    (write_body(sizes(8)), "larger than the file"),
    (write_body(sizes(1000)), "an array of unknown kind"),
    (write_body(b"{}", bytes(1)), "bytes after its end"),
]


class Hostile:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


class TestDamage:
    def test_cut_short_anywhere(self, begun, X, rng):
        content = begun.read_bytes()
        for length in [*range(0, 70, 3), *rng.integers(70, len(content), size=30)]:
            begun.write_bytes(content[:length])
            assert "no checkpoint that can be used" in refusal(begun, masked(), X)

    def test_any_bit_flipped(self, begun, X, rng):
        content = begun.read_bytes()
        places = [*range(len(MAGIC) + 50), *rng.integers(len(content), size=150)]
        assert len(places) > 200
        for place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1 << rng.integers(8)
            begun.write_bytes(flipped)
            assert "no checkpoint that can be used" in refusal(begun, masked(), X)

    @pytest.mark.parametrize(("change", "place"), HOSTILE)
    def test_changed_by_someone_who_knows_the_checksum(self, change, place, begun, X):
        change(begun)
        assert re.search(f"{place}.*cannot be that of this fit", refusal(begun, masked(), X))

    @pytest.mark.parametrize("state", [[0.0, 1.0], [1.0, -1.0], [np.inf, 1.0]])
    def test_a_variance_or_length_that_is_none_is_refused(self, state, X, path, fuse):
        fit_and_kill(lambda: variational().fit(X), path, fuse, [40])
        put("run", "bottleneck", value=np.array(state))(path)
        assert "run.bottleneck cannot be that of this fit" in refusal(path, variational(), X)

    @pytest.mark.parametrize(("change", "message"), UNREADABLE)
    def test_made_up_by_someone_who_knows_the_checksum(self, change, message, begun, X):
        change(begun)
        assert message in refusal(begun, masked(), X)

    def test_control_characters_of_a_file_are_not_shown(self, begun, X):
        put("fingerprint", "alpha", value="\x1b[2J" * 99)(begun)
        message = refusal(begun, masked(), X)
        assert "\x1b" not in message
        assert len(message) < 500

    def test_pickles_and_archives_of_them_are_not_run(self, begun, X, tmp_path_factory):
        trace = tmp_path_factory.mktemp("elsewhere") / "trace"
        pickled = pickle.dumps(Hostile(trace))
        archive = io.BytesIO()
        np.savez(archive, parameters=np.array([Hostile(trace)]))
        for content in (pickled, MAGIC + pickled, archive.getvalue()):
            begun.write_bytes(content)
            refusal(begun, masked(), X)
        write_body(pickled)(begun)
        refusal(begun, masked(), X)
        assert not trace.exists()
        pickle.loads(pickled)
        assert trace.exists()

    def test_the_right_file_afterwards_is_used(self, begun, X):
        content = begun.read_bytes()
        begun.write_bytes(content[:-1])
        refusal(begun, masked(), X)
        begun.write_bytes(content)
        assert_same(vars(masked().fit(X)), vars(fit_with(begun, masked(), X)))


def environment():
    """Of another process, which has this package, and BLAS on one thread."""
    paths = [str(Path(skautoencoder.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}


def places(part, *keys):
    """Yield the keys that lead to each value of a tree."""
    inner = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in inner:
        yield *keys, key
        if isinstance(value, (dict, list)):
            yield from places(value, *keys, key)


NUMBERS = [0, 1, -1, 2**62, 2**63, HUGE, 0.5, -0.0, 1e-320, 1e308, np.nan, np.inf, -np.inf]
ODD_VALUES = [*NUMBERS, None, True, "", "a", [], {}, [1], [np.zeros(2)], {"step": 0}, nested(60)]


def mutated(value, rng):
    """Something else in place of a value, and for the most part of its kind."""
    if isinstance(value, np.ndarray):
        changed = value.copy()
        changed[rng.integers(len(changed))] = rng.choice([0, 1, -9]) * 10.0 ** rng.choice([0, 9])
        reordered = rng.permutation(value)
        return [changed, reordered, value[:-1], value.reshape(1, -1)][rng.integers(4)]
    if isinstance(value, list) and value and rng.random() < 0.7:
        return [value[:-1], value + value, value[::-1]][rng.integers(3)]
    return ODD_VALUES[rng.integers(len(ODD_VALUES))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestMutations:
    @pytest.mark.parametrize("is_over", [False, True])
    @pytest.mark.parametrize(
        "model",
        [masked(early_stopping=True), MODELS[1], MODELS[4], variational(early_stopping=True)],
        ids=["masked", "plateaus", "muon", "variational"],
    )
    def test_a_value_in_place_of_another_is_refused_or_trained_on(
        self, model, is_over, X, path, fuse, rng
    ):
        fit_and_kill(lambda: clone(model).fit(X), path, fuse, [20])
        if is_over:
            fit_with(path, clone(model), X)
        content, n_refusals = path.read_bytes(), 0
        everywhere = list(places(decode(content)))
        for _ in range(50):
            path.write_bytes(content)
            keys = everywhere[rng.integers(len(everywhere))]
            put(*keys, value=partial(mutated, rng=rng))(path)
            try:
                fitted = fit_with(path, clone(model), X)
            except ValueError:
                n_refusals += 1
            else:
                assert 0 < fitted.n_iter_ == len(fitted.loss_curve_) <= SMALL["max_iter"]
                assert np.isfinite(fitted.transform(X)).all()
        assert 20 < n_refusals < 50


def fail_in(monkeypatch, name, error):
    """Let a function of `os` raise from now on."""

    def fail(*args, **params):
        raise error

    monkeypatch.setattr(os, name, fail)


@contextmanager
def small_files(n_bytes):
    """No file can be written beyond so many bytes."""
    resource = pytest.importorskip("resource", reason="Windows has no limits of this kind")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestFullDisk:
    def test_a_folder_that_is_not_there_ends_the_fit_before_it_trains(self, X, tmp_path, fuse):
        fuse.n_steps = 0
        path = tmp_path / "missing" / "run.ckpt"
        message = r"cannot be written.*make its folder"
        with pytest.raises(FileNotFoundError, match=message), Checkpoint(path):
            autoencoder().fit(X)
        assert fuse.n_steps == 0

    def test_files_that_may_not_grow_as_large_cost_a_warning_and_no_result(self, begun, X):
        whole, content = masked().fit(X), begun.read_bytes()
        message = "after epoch .*File too large.*goes on"
        with pytest.warns(UserWarning, match=message) as caught, small_files(len(content) // 2):
            resumed = fit_with(begun, masked(), X)
        assert len(caught) == 1
        assert_same(vars(whole), vars(resumed))
        assert begun.read_bytes() == content
        assert [each.name for each in begun.parent.iterdir()] == [begun.name]
        assert_same(vars(whole), vars(fit_with(begun, masked(), X)))

    @pytest.mark.parametrize("name", ["fsync", "replace"])
    @pytest.mark.parametrize("error", [Killed(), OSError(errno.ENOSPC, "No space left")])
    def test_whatever_fails_in_writing_the_last_file_is_whole(
        self, name, error, begun, X, monkeypatch
    ):
        content = begun.read_bytes()
        with monkeypatch.context() as patch:
            fail_in(patch, name, error)
            expects = pytest.raises(Killed) if isinstance(error, Killed) else pytest.warns()
            with expects, Checkpoint(begun, every=1):
                masked().fit(X)
        assert begun.read_bytes() == content
        assert [each.name for each in begun.parent.iterdir()] == [begun.name]
        assert_same(vars(masked().fit(X)), vars(fit_with(begun, masked(), X)))

    def test_when_there_is_room_again_it_is_written_again(self, begun, X, monkeypatch):
        calls, replace = iter([OSError(errno.ENOSPC, "No space left")]), os.replace

        def fail_once(*args):
            for error in calls:
                raise error
            return replace(*args)

        monkeypatch.setattr(os, "replace", fail_once)
        with pytest.warns(UserWarning, match="No space left"), Checkpoint(begun, every=1):
            masked().fit(X)
        assert decode(begun.read_bytes())["is_over"]

    def test_what_a_kill_left_behind_is_removed_and_not_written_to(self, X, path, tmp_path_factory):
        other = tmp_path_factory.mktemp("elsewhere") / "other"
        other.write_text("not ours")
        path.with_name("run.ckpt.0123456789abcdef.part").symlink_to(other)
        path.with_name("run.ckpt.2.0123456789abcdef.part").write_text("another fit's")
        path.with_name("run.ckpt.lock").touch()
        with Checkpoint(path):
            autoencoder().fit(X)
        assert other.read_text() == "not ours"
        left = {"run.ckpt", "run.ckpt.2.0123456789abcdef.part"}
        assert {each.name for each in path.parent.iterdir()} == left

    def test_nor_is_a_link_that_someone_has_put_there_meanwhile(
        self, X, path, tmp_path_factory, monkeypatch
    ):
        other = tmp_path_factory.mktemp("elsewhere") / "other"
        other.write_text("not ours")
        monkeypatch.setattr(secrets, "token_hex", lambda n_bytes: "known")
        link = path.with_name("run.ckpt.known.part")
        link.symlink_to(other)
        with pytest.raises(FileExistsError, match="cannot be written"), Checkpoint(path):
            autoencoder().fit(X)
        assert other.read_text() == "not ours"
        assert link.is_symlink()


class Neighbour:
    """Another process with a fit of its own, halted in its first step until it is killed."""

    PROGRAM = """
import sys, numpy as np
from skautoencoder import AutoencoderTransformer, Checkpoint
from skautoencoder.network.trainer import Trainer

def halt(*args):
    print("training", flush=True)
    sys.stdin.read()

Trainer._step = halt
with Checkpoint(sys.argv[1], every=1):
    AutoencoderTransformer(2).fit(np.eye(9))
"""

    def __init__(self, path):
        command = [sys.executable, "-c", self.PROGRAM, str(path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment(), **pipes)
        assert self._process.stdout.readline() == "training\n"

    def kill(self):
        self._process.kill()
        self._process.communicate()


class TestOneFitAFile:
    IN_USE = "in use by another fit.*choose another path"

    def test_a_file_that_another_process_uses_is_refused_until_that_is_killed(self, X, path):
        neighbour = Neighbour(path)
        content = path.read_bytes()
        estimator = autoencoder()
        before = dict(vars(estimator))
        try:
            with pytest.raises(BlockingIOError, match=self.IN_USE), Checkpoint(path):
                estimator.fit(X)
        finally:
            neighbour.kill()
        assert path.read_bytes() == content
        assert_same(before, vars(estimator))
        assert path.with_name("run.ckpt.lock").exists()
        path.unlink()
        fit_with(path, estimator, X)
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    def test_two_threads_with_one_path_are_told_apart_too(self, X, path, monkeypatch):
        refusals, step = [], Trainer._step

        def fit_beside(trainer, *args):
            monkeypatch.setattr(Trainer, "_step", step)
            thread = threading.Thread(target=other_fit)
            thread.start()
            thread.join()
            return step(trainer, *args)

        def other_fit():
            with pytest.raises(BlockingIOError) as refusal, Checkpoint(path):
                autoencoder(alpha=0.1).fit(X)
            refusals.append(str(refusal.value))

        whole = autoencoder().fit(X)
        monkeypatch.setattr(Trainer, "_step", fit_beside)
        assert_same(vars(whole), vars(fit_with(path, autoencoder(), X)))
        assert len(refusals) == 1
        assert re.search(self.IN_USE, refusals[0])

    def test_a_link_to_the_file_is_the_same_file(self, X, path):
        link = path.with_name("link")
        link.symlink_to(path)
        with sole_use(path), pytest.raises(BlockingIOError), Checkpoint(link):
            autoencoder().fit(X)
        fit_with(link, autoencoder(), X)
        assert link.is_symlink()
        assert decode(path.read_bytes())["is_over"]

    def test_a_fit_that_fails_frees_its_file(self, X, path, fuse):
        fit_and_kill(lambda: autoencoder().fit(X), path, fuse, [3])
        with sole_use(path) as is_alone:
            assert is_alone

    def test_where_nothing_can_be_locked_a_fit_is_kept_all_the_same(self, X, path, monkeypatch):
        fcntl = pytest.importorskip("fcntl", reason="Windows has locks of its own")

        def refuse(*args):
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(fcntl, "flock", refuse)
        left = path.with_name("run.ckpt.0123456789abcdef.part")
        left.write_text("perhaps of a fit that goes on")
        fit_with(path, autoencoder(), X)
        assert {each.name for each in path.parent.iterdir()} == {path.name, left.name}

    def test_a_lock_file_that_was_removed_meanwhile_is_none(self, path, monkeypatch):
        """Between opening and locking it, the fit that had it may have come to its end."""
        lock, name = _files._lock, path.with_name("run.ckpt.lock")
        first = iter([True])

        def lock_late(descriptor):
            if next(first, False):
                name.unlink()
            lock(descriptor)

        monkeypatch.setattr(_files, "_lock", lock_late)
        with sole_use(path), pytest.raises(BlockingIOError), sole_use(path):
            raise AssertionError("not reached")

    def test_each_writing_has_a_name_of_its_own(self, path, monkeypatch):
        names, fsync = [], os.fsync

        def write_beside(descriptor):
            names.extend(each.name for each in path.parent.iterdir())
            if len(names) == 1:
                write_whole(path, b"the second")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", write_beside)
        write_whole(path, b"the first")
        assert path.read_bytes() == b"the first"
        assert len({name for name in names if name.endswith(".part")}) == 2
        assert [each.name for each in path.parent.iterdir()] == [path.name]


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def kill_fits(folder, n_trials, n_kills):
    """What the script of this name reports, run by an interpreter without threads."""
    script = Path(__file__).with_name("killed_fits.py")
    command = [sys.executable, str(script), str(folder), str(n_trials), str(n_kills)]
    output = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=True
    ).stdout
    return json.loads(output)


@needs_fork
class TestKills:
    def test_killed_again_and_again_at_random_times(self, tmp_path):
        report = kill_fits(tmp_path, n_trials=3, n_kills=3)
        assert report["identical"] == 3
        assert report["kills"] >= 3
        assert not any(name.endswith(".part") for name in report["files"])

    @pytest.mark.slow
    def test_killed_eight_times_with_eight_identical_results(self, tmp_path):
        report = kill_fits(tmp_path, n_trials=8, n_kills=1)
        assert report["identical"] == 8
        assert report["kills"] == 8
