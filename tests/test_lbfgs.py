"""L-BFGS on all rows: what it reaches, when it stops, what it leaves behind."""

import os
import pickle
import signal
import threading

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from skautoencoder import LBFGS, AutoencoderTransformer
from skautoencoder.network.autoencoder import Autoencoder
from skautoencoder.network.backprop import n_micro_batches_for
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.heads import Head
from skautoencoder.network.lbfgs import LBFGSTrainer
from skautoencoder.network.losses import SquaredError
from skautoencoder.network.parameters import Parameters, layer_shapes
from skautoencoder.network.schedules import CosineSchedule
from skautoencoder.network.thread_pool import ThreadPool
from skautoencoder.network.trainer import DivergenceError, Run, TrainingSettings


def small(**params):
    plain = {"skip_connections": False, "early_stopping": False}
    params = {"n_components": 2, "hidden_layer_sizes": 4, "max_iter": 30, **plain, **params}
    return AutoencoderTransformer(solver="lbfgs", random_state=0, **params)


def make_trainer(X, *, widths=None, names=("tanh", "identity"), pool=None, **settings):
    widths, code = widths or [X.shape[1], 2, X.shape[1]], len(names) // 2
    parameters = Parameters(layer_shapes(widths[: code + 1], widths[code:]), X.dtype)
    parameters.flat[:] = np.random.default_rng(0).normal(scale=0.3, size=parameters.flat.shape)
    settings = TrainingSettings(
        **{
            "solver": LBFGS(),
            "schedule": CosineSchedule(),
            "learning_rate_init": 1.0,
            "batch_size": 512,
            "alpha": 0.0,
            "shuffle": True,
            "max_iter": 15,
            "tol": 0.0,
            "n_iter_no_change": 10,
            **settings,
        }
    )
    pool = ThreadPool() if pool is None else pool
    rng = np.random.default_rng(1)
    autoencoder = Autoencoder.build(parameters, list(names), code, [Head(SquaredError())])
    return LBFGSTrainer(autoencoder, parameters, Dataset(X), settings, {"step": 0}, rng, pool)


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)


def test_the_gradient_over_chunks_and_shards_is_that_of_all_rows(rng):
    trainer = make_trainer(rng.uniform(size=(250, 300)), widths=[300, 100, 300], batch_size=100)
    start, order = trainer.parameters.flat.copy(), np.arange(250)
    assert n_micro_batches_for(trainer.autoencoder, 100, 1) == 2
    _, gradient = trainer._evaluate(start, order)
    direction = rng.normal(size=start.shape)
    ends = [trainer._evaluate(start + step * direction, order)[0] for step in (1e-6, -1e-6)]
    assert gradient @ direction == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_a_linear_network_reaches_pcas_optimum(X):
    autoencoder = small(
        hidden_layer_sizes=(), activation="identity", scale=None, max_iter=1000, tol=1e-12
    ).fit(X)
    pca = PCA(2).fit(X)
    residual = X - pca.inverse_transform(pca.transform(X))
    optimum = 0.5 * np.square(residual).sum(axis=1).mean()
    assert autoencoder.best_loss_ == pytest.approx(optimum, rel=1e-6)
    assert autoencoder.score(X) == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-6)


def test_it_is_scipys_minimiser_of_the_loss_written_out(X):
    trainer, alpha = make_trainer(X, alpha=0.1), 0.1
    shapes, start = [(6, 2), (2,), (2, 6), (6,)], trainer.parameters.flat.copy()

    def objective(flat):
        ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
        parts = np.split(flat, ends)
        W, b, V, c = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
        code = np.tanh(X @ W + b)
        delta = (code @ V + c - X) / len(X)
        inner = (delta @ V.T) * (1 - code**2)
        loss = 0.5 * len(X) * np.sum(delta**2) + 0.5 * alpha * (np.sum(W**2) + np.sum(V**2))
        gradients = [X.T @ inner + alpha * W, inner.sum(0), code.T @ delta + alpha * V]
        return loss, np.concatenate([g.ravel() for g in (*gradients, delta.sum(0))])

    options = {"maxcor": 10, "maxiter": 15, "ftol": 0, "gtol": 0}
    expected = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    history = trainer.fit(Run(np.arange(60)))
    np.testing.assert_allclose(trainer.parameters.flat, expected.x, rtol=1e-5, atol=1e-7)
    assert history.best_loss == pytest.approx(expected.fun)
    assert history.n_rows_seen == 60 * expected.nfev
    assert len(history.loss_curve) == trainer.state["step"] == expected.nit == 15


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_taken_in_chunks_give_the_same(X, rng, weighted):
    curves = []
    weights = rng.uniform(size=60) if weighted else None
    for batch_size in (60, 7):
        trainer = make_trainer(X, batch_size=batch_size, alpha=0.1)
        trainer.rows.sample_weight = weights
        curves.append(trainer.fit(Run(np.arange(60))).loss_curve)
    np.testing.assert_allclose(*curves, rtol=1e-8)


def test_memory_is_passed_on(X):
    flats = []
    for memory in (1, 10):
        trainer = make_trainer(X, solver=LBFGS(memory=memory))
        trainer.fit(Run(np.arange(60)))
        flats.append(trainer.parameters.flat)
    assert not np.allclose(*flats)


def test_one_thread_and_two_agree(rng):
    X = rng.uniform(size=(300, 300))
    results = []
    for n_threads in (1, 2):
        with ThreadPool(n_threads) as pool:
            trainer = make_trainer(X, widths=[300, 100, 300], pool=pool, max_iter=5)
            trainer.fit(Run(np.arange(300)))
        results.append(trainer.parameters.flat)
    np.testing.assert_allclose(*results, rtol=1e-9)


def test_the_loss_falls_in_each_iteration_and_is_that_of_the_weights(X):
    autoencoder = small(scale=None).fit(X)
    curve = autoencoder.loss_curve_
    assert len(curve) == autoencoder.n_iter_ == 30
    assert (np.diff(curve) < 0).all()
    loss = 3 * autoencoder.reconstruction_error(X).mean()  # 0.5 * 6 features
    assert loss == pytest.approx(curve[-1]) == pytest.approx(autoencoder.best_loss_)
    assert autoencoder.t_ >= 30 * 60
    assert autoencoder.t_ % 60 == 0


@pytest.mark.parametrize("max_iter", [20, 90])
def test_patience_is_exact_and_ten_whatever_the_schedule(X, max_iter):
    # With a tolerance that nothing exceeds, the first iteration is the only improvement.
    assert small(tol=1e9, max_iter=max_iter).fit(X).n_iter_ == 11
    assert small(tol=1e9, max_iter=max_iter, n_iter_no_change=3).fit(X).n_iter_ == 4


def test_early_stopping_restores_the_best_weights_of_the_validation_curve(rng):
    X = rng.normal(size=(30, 6))
    autoencoder = small(early_stopping=True, n_iter_no_change=5, max_iter=500, scale=None).fit(X)
    curve = autoencoder.validation_loss_curve_
    best = int(np.argmin(curve))
    assert len(curve) == len(autoencoder.loss_curve_) == best + 1 + 5 < 500
    assert autoencoder.best_loss_ == curve[best]
    assert autoencoder.t_ % 27 == 0
    held_out = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(0,))).permutation(30)[:3]
    loss = 3 * autoencoder.reconstruction_error(X[held_out]).mean()
    assert loss == pytest.approx(curve[best])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_warm_start_goes_on_from_the_weights(X, early_stopping):
    autoencoder = small(warm_start=True, early_stopping=early_stopping, max_iter=10).fit(X)
    first, n_first = autoencoder.best_loss_, autoencoder.n_iter_
    autoencoder.fit(X)
    assert autoencoder.best_loss_ <= first
    assert autoencoder.loss_curve_[n_first] < 0.6 * autoencoder.loss_curve_[0]
    assert autoencoder.n_iter_ == len(autoencoder.loss_curve_) == n_first + 10


def test_weights_of_another_solver_are_gone_on_from_and_the_other_way_round(X):
    autoencoder = small(warm_start=True).set_params(solver="adam").fit(X)
    before = autoencoder.best_loss_
    assert autoencoder.set_params(solver="lbfgs").fit(X).best_loss_ < before
    autoencoder.set_params(solver="adam", learning_rate_init=1e-4).fit(X)
    assert autoencoder.n_iter_ > 60


def test_a_start_that_is_a_minimum_is_one_iteration():
    # Zeros are rebuilt by zero biases, whatever the weights.
    autoencoder = small(scale=None, output_activation="identity").fit(np.zeros((5, 3)))
    assert autoencoder.n_iter_ == 1
    assert autoencoder.loss_curve_ == [0]
    assert autoencoder.best_loss_ == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_X_is_kept(X, dtype):
    autoencoder = small().fit(X.astype(dtype))
    arrays = [*autoencoder.coefs_, *autoencoder.intercepts_, autoencoder.transform(X.astype(dtype))]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert autoencoder.best_loss_ == pytest.approx(small().fit(X).best_loss_, rel=1e-2)


def test_sparse_rows_give_what_dense_ones_give(X):
    X = np.where(X > 0.5, X, 0)
    dense, other = small().fit(X), small().fit(sparse.csr_array(X))
    np.testing.assert_allclose(other.transform(X), dense.transform(X))


def test_parameters_of_the_other_solvers_have_no_effect(X):
    changed = small(
        learning_rate="constant", learning_rate_init=7.0, batch_size=1, shuffle=False
    ).fit(X)
    np.testing.assert_array_equal(changed.transform(X), small().fit(X).transform(X))


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()])
def test_there_is_no_partial_fit_and_the_reason_is_said(X, solver):
    autoencoder = AutoencoderTransformer(solver=solver)
    assert not hasattr(autoencoder, "partial_fit")
    with pytest.raises(AttributeError) as error:
        autoencoder.partial_fit(X)
    assert "needs all rows at once: use solver='adam'" in str(error.value.__cause__)
    assert hasattr(autoencoder.set_params(solver="adam"), "partial_fit")
    with pytest.raises(ValueError, match="The 'solver' parameter"):
        autoencoder.set_params(solver="newton").partial_fit(X)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e200, 1e110])  # the loss overflows, or the gradient's norm
def test_a_start_that_is_not_finite_says_what_to_do(size):
    X = np.full((4, 3), size)
    with pytest.raises(DivergenceError, match="in iteration 1 of L-BFGS: scale X or change"):
        make_trainer(X, names=("identity", "identity")).fit(Run(np.arange(4)))


@pytest.mark.filterwarnings("error")
def test_a_validation_loss_that_overflows_is_divergence_too(X):
    far = Dataset(np.full((2, 6), 1e200))
    with pytest.raises(DivergenceError, match="iteration 1 "):
        make_trainer(X).fit(Run(np.arange(60), far))


@pytest.mark.filterwarnings("error")
def test_a_step_to_where_exp_overflows_is_shortened(monkeypatch):
    X = np.random.default_rng(0).poisson(np.geomspace(0.1, 100, 6), size=(50, 6)).astype(float)
    losses, evaluate = [], LBFGSTrainer._evaluate

    def watched(self, *arguments):
        losses.append(evaluate(self, *arguments)[0])
        return evaluate(self, *arguments)

    monkeypatch.setattr(LBFGSTrainer, "_evaluate", watched)
    autoencoder = small(loss="poisson", hidden_layer_sizes=(), code_activation="identity")
    with pytest.warns(
        ConvergenceWarning, match="worse than the mean .* raise max_iter, change wei"
    ):
        autoencoder.fit(X)
    assert not np.isfinite(losses).all()
    assert autoencoder.best_loss_ < 1e-3 * autoencoder.loss_curve_[0]


def test_a_callback_that_ends_the_run_is_its_reason(X):
    history = make_trainer(X, max_iter=9).fit(Run(np.arange(60), on_epoch=lambda *args: True))
    assert (len(history.loss_curve), history.stop_reason) == (1, "callback")


def test_an_interrupt_keeps_the_best_weights_so_far(X):
    def interrupt(history, learning_rate):
        assert learning_rate is None
        if len(history.loss_curve) == 3:
            raise KeyboardInterrupt

    trainer, reference = make_trainer(X), make_trainer(X, max_iter=3)
    history = trainer.fit(Run(np.arange(60), on_epoch=interrupt))
    reference.fit(Run(np.arange(60)))
    assert history.interrupted
    assert len(history.loss_curve) == 3
    np.testing.assert_array_equal(trainer.parameters.flat, reference.parameters.flat)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_keeps_the_best_weights_with_a_warning(digits):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    autoencoder = small(n_components=10, max_iter=10**6, tol=0).set_params(hidden_layer_sizes=50)
    autoencoder.set_params(max_iter=1).fit(digits)  # SciPy is imported by now
    timer.start()
    with pytest.warns(UserWarning, match=r"interrupted after \d+ epochs: the best weights"):
        autoencoder.set_params(max_iter=10**6).fit(digits)
    assert autoencoder.best_loss_ == min(autoencoder.loss_curve_)


def test_verbose_shows_no_learning_rate(X, capsys):
    small(verbose=True).fit(X)
    line = capsys.readouterr().out
    assert "epoch 30/30" in line
    assert "loss" in line
    assert "rate" not in line


def test_memory_can_be_searched_over_and_is_checked(X):
    autoencoder = AutoencoderTransformer(solver=LBFGS())
    assert clone(autoencoder).set_params(solver__memory=3).solver.memory == 3
    with pytest.raises(ValueError, match="The 'memory' parameter of LBFGS must"):
        autoencoder.set_params(solver__memory=0).fit(X)


def test_a_pickled_estimator_goes_on(X):
    autoencoder = small(warm_start=True).fit(X)
    restored = pickle.loads(pickle.dumps(autoencoder)).fit(X)
    np.testing.assert_array_equal(restored.transform(X), autoencoder.fit(X).transform(X))


def test_where_no_step_lowers_the_loss_the_start_is_kept(X):
    trainer = make_trainer(X)
    start, evaluate = trainer.parameters.flat.copy(), trainer._evaluate

    def evaluate_uphill(flat, order):
        loss, gradient = evaluate(flat, order)
        return loss, -gradient

    trainer._evaluate = evaluate_uphill
    history = trainer.fit(Run(np.arange(60)))
    assert (len(history.loss_curve), history.stop_reason) == (1, "line_search")
    np.testing.assert_array_equal(trainer.parameters.flat, start)
