"""The epochs: order of rows, patience, best weights, schedules, divergence."""

import gc
import math
import weakref

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA

from skautoencoder import AdaptiveSchedule, AutoencoderTransformer, ConstantSchedule, CosineSchedule
from skautoencoder.network.autoencoder import Autoencoder
from skautoencoder.network.bottleneck import GaussianCode, PlainCode
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.elementwise_solvers import SGD, ElementwiseSolver
from skautoencoder.network.fallback import Fallback, Measured, is_better, student_margin
from skautoencoder.network.heads import Head
from skautoencoder.network.losses import SquaredError
from skautoencoder.network.parameters import Parameters, layer_shapes
from skautoencoder.network.thread_pool import ThreadPool
from skautoencoder.network.trainer import (
    BestWeights,
    DivergenceError,
    Run,
    Snapshot,
    Trainer,
    TrainingSettings,
)


class RecordingRows(Dataset):
    """Rows that remember which were asked for in training."""

    def __init__(self, X):
        super().__init__(X)
        self.batches = []

    def take(self, index, out):
        if not isinstance(index, slice):
            self.batches.append(index.copy())
        return super().take(index, out)


class RecordingSolver(ElementwiseSolver):
    """A solver that changes nothing and remembers its learning rates."""

    def __init__(self):
        self.rates = []

    def step(self, parameters, gradients, state, learning_rate, pool):
        state["step"] += 1
        self.rates.append(learning_rate)


def make_trainer(X, solver=None, schedule=None, rows=None, **settings):
    parameters = Parameters(layer_shapes([X.shape[1], 2], [2, X.shape[1]]), X.dtype)
    parameters.flat[:] = np.random.default_rng(0).normal(size=parameters.flat.shape)
    solver = SGD(momentum=0) if solver is None else solver
    values = {
        "learning_rate_init": 0.1,
        "batch_size": 4,
        "alpha": 0.0,
        "shuffle": True,
        "max_iter": 5,
        "tol": 0.0,
        "n_iter_no_change": 10,
        **settings,
    }
    settings = TrainingSettings(
        solver=solver,
        schedule=schedule or ConstantSchedule(),
        **values,
    )
    autoencoder = Autoencoder.build(parameters, ["identity", "identity"], 1, [Head(SquaredError())])
    return Trainer(
        autoencoder,
        parameters,
        rows or Dataset(X),
        settings,
        solver.init_state(parameters),
        np.random.default_rng(1),
        ThreadPool(),
    )


@pytest.fixture
def X(rng):
    return rng.normal(size=(10, 3))


@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (10, 5), (3, 3), (1, 1), (9, 2)])
def test_every_row_is_used_once_an_epoch_the_last_batch_included(n, batch_size, rng):
    rows = RecordingRows(rng.normal(size=(n, 3)))
    trainer = make_trainer(rows.X, rows=rows, batch_size=batch_size, max_iter=3)
    trainer.fit(Run(np.arange(n)))
    n_batches = math.ceil(n / batch_size)
    assert len(rows.batches) == 3 * n_batches
    for epoch in range(3):
        seen = np.concatenate(rows.batches[epoch * n_batches : (epoch + 1) * n_batches])
        assert sorted(seen) == list(range(n))
    assert trainer.history.n_rows_seen == 3 * n


def test_rows_are_shuffled_anew_each_epoch_only_if_asked(X):
    for shuffle in (True, False):
        rows = RecordingRows(X)
        make_trainer(X, rows=rows, batch_size=5, max_iter=2, shuffle=shuffle).fit(
            Run(np.arange(10))
        )
        first, second = np.concatenate(rows.batches[:2]), np.concatenate(rows.batches[2:])
        assert (list(first) == list(second) == list(range(10))) is not shuffle


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows(X):
    trainer = make_trainer(X, solver=RecordingSolver(), max_iter=1)
    trainer.fit(Run(np.arange(10)))
    weights, biases = trainer.parameters.to_arrays()
    rebuilt = (X @ weights[0] + biases[0]) @ weights[1] + biases[1]
    expected = 0.5 * np.square(X - rebuilt).sum(axis=1).mean()
    assert trainer.history.loss_curve == [pytest.approx(expected)]


def test_one_epoch_of_full_batch_descent_computed_by_hand():
    X = np.array([[2.0]])
    trainer = make_trainer(X, max_iter=2, batch_size=1)
    parameters = trainer.parameters
    parameters.flat[:] = [1.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0]  # rebuilds 2 as 2: loss 0
    parameters.flat[-1] = 1.0  # ... and now as 3
    trainer.fit(Run(np.arange(1)))
    # residual 1: gradients 0.5 * 2 = 1 for the first weights, 0.5 for their biases, 2 for
    # the second weights, 1 for the last bias. The first epoch's loss is 0.5, the second's lower.
    assert trainer.history.loss_curve[0] == pytest.approx(0.5)
    rebuilt = 2 * (0.9 * 2 - 0.05) * (0.5 - 0.2) + 0.9
    assert trainer.history.loss_curve[1] == pytest.approx(0.5 * (rebuilt - 2) ** 2)


def interrupt():
    raise KeyboardInterrupt


def patience_run(losses, n_iter_no_change, tol=0.0):
    """How many epochs a run would make over these losses."""
    best, parameters = BestWeights(tol), Parameters([(1, 1), (1, 1)], float)
    for n_epochs, loss in enumerate(losses, start=1):
        best.update(loss, parameters, {}, PlainCode())
        if best.n_stale >= n_iter_no_change:
            return n_epochs
    return None


def test_patience_is_exact():
    assert patience_run([3, 2, 2, 2, 2, 2], n_iter_no_change=3) == 5
    assert patience_run([3, 2, 2, 1, 1, 1], n_iter_no_change=3) is None
    assert patience_run([3, 2.95, 2.9, 2.85, 2.8], n_iter_no_change=2, tol=0.1) == 3
    assert patience_run([3, 3.0], n_iter_no_change=1) == 2


def test_training_stops_after_exactly_n_iter_no_change_stale_epochs(X):
    # Nothing moves: the first epoch stays the best one.
    trainer = make_trainer(
        X, solver=RecordingSolver(), max_iter=50, n_iter_no_change=7, shuffle=False
    )
    trainer.fit(Run(np.arange(10)))
    assert len(trainer.history.loss_curve) == 1 + 7


def test_the_best_weights_and_their_solver_state_are_restored(X):
    """A rate that explodes slowly: training gets worse and worse."""
    trainer = make_trainer(
        X, solver=SGD(), learning_rate_init=0.02, max_iter=30, shuffle=False, batch_size=10
    )
    snapshots = []
    trainer.fit(
        Run(
            np.arange(10),
            on_epoch=lambda history, rate: snapshots.append(
                (trainer.parameters.flat.copy(), trainer.state["velocity"].copy())
            ),
        ),
    )
    best = int(np.argmin(trainer.history.loss_curve))
    np.testing.assert_array_equal(trainer.parameters.flat, snapshots[best][0])
    np.testing.assert_array_equal(trainer.state["velocity"], snapshots[best][1])
    assert trainer.history.best_loss == min(trainer.history.loss_curve)


def test_what_the_bottleneck_had_learned_by_the_best_epoch_is_restored(X):
    best, parameters = BestWeights(0.0), Parameters([(1, 1), (1, 1)], float)
    bottleneck = GaussianCode(1.0, 0.0, is_gaussian=True)
    for loss, noise_variance in ((3.0, 0.5), (2.0, 0.25), (4.0, 0.125)):
        bottleneck.noise_variance = noise_variance
        best.update(loss, parameters, {}, bottleneck)
    best.restore(parameters, bottleneck)
    assert bottleneck.noise_variance == 0.25


def test_of_epochs_as_good_as_each_other_the_first_is_kept():
    best, parameters = BestWeights(0.0), Parameters([(1, 1), (1, 1)], float)
    for value, loss in enumerate([3.0, 2.0, 2.0]):
        parameters.flat[:] = value
        best.update(loss, parameters, {}, PlainCode())
    best.restore(parameters, PlainCode())
    np.testing.assert_array_equal(parameters.flat, 1)


def test_whatever_comes_after_the_best_epoch_its_weights_and_state_are_restored():
    """Copies take the memory of earlier ones, and must not be written to by later epochs."""
    losses = [5.0, 4.0, 4.5, 3.0, 2.0, 1.0, 6.0, 1.0]
    for n_epochs in range(1, len(losses) + 1):
        best, parameters = BestWeights(0.0), Parameters([(1, 1), (1, 1)], float)
        state, bottleneck = {"step": 0, "velocity": np.zeros(4)}, GaussianCode(1.0, 0.0, True)
        for epoch, loss in enumerate(losses[:n_epochs]):
            parameters.flat[:] = bottleneck.noise_variance = state["step"] = epoch
            state["velocity"][:] = epoch
            best.update(loss, parameters, state, bottleneck)
        restored = best.restore(parameters, bottleneck)
        expected = int(np.argmin(losses[:n_epochs]))
        assert restored["step"] == bottleneck.noise_variance == expected
        np.testing.assert_array_equal(restored["velocity"], expected)
        np.testing.assert_array_equal(parameters.flat, expected)


def test_weights_that_are_copied_when_a_run_is_interrupted_are_not_the_best(monkeypatch):
    best, parameters, bottleneck = (
        BestWeights(0.0),
        Parameters([(1, 1), (1, 1)], float),
        PlainCode(),
    )
    for loss in (3.0, 2.0, 1.0):
        parameters.flat[:] = loss
        best.update(loss, parameters, {}, bottleneck)
    parameters.flat[:] = 0.5
    with monkeypatch.context() as patch:
        patch.setattr(bottleneck, "state", interrupt)
        with pytest.raises(KeyboardInterrupt):
            best.update(0.5, parameters, {}, bottleneck)
    best.restore(parameters, bottleneck)
    assert best.loss == 1.0
    np.testing.assert_array_equal(parameters.flat, 1.0)


def test_a_snapshot_does_not_follow_what_it_was_taken_of():
    parameters, state = Parameters([(1, 1), (1, 1)], float), {"step": 1, "velocity": np.ones(4)}
    parameters.flat[:] = 1
    snapshot = Snapshot.of(parameters, state, PlainCode())
    parameters.flat += 1
    state["velocity"] += 1
    state["step"] += 1
    assert snapshot.restore(parameters, PlainCode())["step"] == 1
    np.testing.assert_array_equal(snapshot.state["velocity"], 1)
    np.testing.assert_array_equal(parameters.flat, 1)


@pytest.mark.parametrize("is_weighted", [True, False])
def test_the_spread_of_the_validation_loss_is_that_of_twenty_parts(rng, is_weighted):
    X, weights = rng.normal(size=(100, 3)), rng.uniform(size=100) if is_weighted else None
    trainer, rows = make_trainer(X), Dataset(X, sample_weight=weights)
    measured = trainer._measured(rows, margin=2.0)
    assert measured.parts[3] == pytest.approx(trainer._mean_loss(rows.select(np.arange(15, 20))))
    assert measured.parts.shape == (20,)
    # Without a margin nobody asks for it.
    (mean,) = trainer._measured(rows, margin=0.0).parts
    assert mean == trainer._mean_loss(rows)


def test_validation_decides_which_weights_are_best(X, rng):
    other = Dataset(rng.normal(size=(6, 3)))
    trainer = make_trainer(X, learning_rate_init=0.3, max_iter=20, n_iter_no_change=4)
    snapshots = []
    history = trainer.fit(
        Run(np.arange(10), other, lambda *_: snapshots.append(trainer.parameters.flat.copy()))
    )
    curve = history.validation_loss_curve
    assert len(curve) == len(history.loss_curve)
    assert history.best_loss == min(curve)
    np.testing.assert_array_equal(trainer.parameters.flat, snapshots[int(np.argmin(curve))])
    assert len(curve) < 20
    assert len(curve) - 1 - np.argmin(curve) == 4


def test_a_validation_loss_that_overflows_is_divergence_too(X):
    far = Dataset(np.full((2, 3), 1e200))
    with pytest.raises(DivergenceError, match="epoch 1 "):
        make_trainer(X, max_iter=1).fit(Run(np.arange(10), far))


@pytest.fixture
def converged(X):
    """Parameters near the optimum, to fall back on."""
    trainer = make_trainer(X, max_iter=200, batch_size=10)
    trainer.fit(Run(np.arange(10)))
    return trainer.parameters.flat.copy()


@pytest.mark.parametrize("validated", [True, False])
def test_a_run_falls_back_on_weights_that_it_has_not_bettered(X, converged, validated):
    # From near the optimum, a rate this high only makes it worse.
    trainer = make_trainer(X, learning_rate_init=0.4, max_iter=3, batch_size=2)
    trainer.parameters.flat[:] = converged
    state = {"step": 7}
    validation_rows = Dataset(X) if validated else None
    history = trainer.fit(
        Run(np.arange(10), validation_rows, fallback=Fallback(Snapshot(converged, state, None)))
    )
    watched = history.validation_loss_curve if validated else history.loss_curve
    assert history.best_loss < min(watched)
    np.testing.assert_array_equal(trainer.parameters.flat, converged)
    assert trainer.state is state


@pytest.mark.parametrize("validated", [True, False])
def test_a_run_keeps_weights_that_are_better_than_the_fallback(X, converged, validated):
    trainer = make_trainer(X, max_iter=200, batch_size=10)
    fallback = Fallback(Snapshot(converged + 1, {"step": 0}, None), margin=2)
    trainer.fit(Run(np.arange(10), Dataset(X) if validated else None, fallback=fallback))
    np.testing.assert_allclose(trainer.parameters.flat, converged)


def test_a_fallback_with_a_margin_is_not_given_up_for_a_lucky_draw(X, converged):
    """Lower by the mean over few validation rows, but by less than its standard error."""
    validation = X[:4] + np.array([[0.5], [0.5], [0.5], [-0.6]])

    def kept(margin):
        trainer = make_trainer(X, max_iter=1, batch_size=10, learning_rate_init=1e-12)
        trainer.parameters.flat[:] = converged
        earlier = converged.copy()
        earlier[-3:] -= 0.01  # the output's biases: worse by the mean of validation, not by much
        trainer.fit(
            Run(
                np.arange(10),
                Dataset(validation),
                fallback=Fallback(Snapshot(earlier, {}, None), margin),
            ),
        )
        return np.allclose(trainer.parameters.flat, converged)

    assert kept(margin=0)
    assert not kept(margin=10)


def test_the_loss_at_the_end_is_without_the_penalty(X):
    trainer = make_trainer(X, alpha=0.5, learning_rate_init=1e-12, max_iter=2)
    history = trainer.fit(Run(np.arange(10)))
    penalty = trainer._gradient.penalty()
    assert penalty > 0.01
    assert history.end_loss == pytest.approx(history.loss_curve[-1] - penalty)


def test_a_callback_that_ends_the_run_is_its_reason(X):
    history = make_trainer(X, max_iter=9).fit(Run(np.arange(10), on_epoch=lambda *args: True))
    assert (len(history.loss_curve), history.stop_reason) == (1, "callback")


class TestBetter:
    """Whether 20 parts of 100 held-out rows show that ours are better."""

    def measured(self, rows, objective=1.0, weights=None):
        return Measured(objective, rows.reshape(20, 5).mean(axis=1), rows, weights)

    def losses(self, rng, tail):
        """Theirs, some of them large, and ours, a tenth lower but for the large ones."""
        theirs = rng.uniform(0.5, 1.5, 100)
        ours = 0.9 * theirs
        theirs[[7, 61]] = [60.0, 50.0]
        ours[[7, 61]] = [60.0 + tail, 50.0 - 0.9 * tail]
        return ours, theirs

    def test_a_difference_that_most_rows_show_counts_beside_large_losses(self, rng):
        ours, theirs = map(self.measured, self.losses(rng, tail=9))
        gains = theirs.parts - ours.parts
        assert 0 < gains.mean() < student_margin(2, gains)
        assert is_better(ours, theirs, 2)

    def test_but_not_where_the_mean_is_worse(self, rng):
        ours, theirs = map(self.measured, self.losses(rng, tail=300))
        assert not is_better(ours, theirs, 2)

    def test_nor_where_the_objective_is(self, rng):
        ours, theirs = self.losses(rng, tail=9)
        assert not is_better(self.measured(ours, 1.1), self.measured(theirs, 1.0), 2)

    def test_nor_where_the_rows_do_not_agree(self, rng):
        theirs = rng.uniform(0.5, 1.5, 100)
        ours = theirs * np.tile([0.78, 1.2], 50)
        assert ours.mean() < theirs.mean()
        assert not is_better(self.measured(ours), self.measured(theirs), 2)

    def test_rows_of_small_losses_count_from_a_thousandth_of_the_mean_on(self):
        theirs = np.tile([0.01, 1.0], 50)
        ours = theirs * np.tile([0.5, 1.06], 50)
        theirs[7], ours[7] = 60, 51
        assert is_better(self.measured(ours), self.measured(theirs), 2)
        scale = np.tile([0.01, 1.0], 50)
        assert not is_better(self.measured(scale * ours), self.measured(scale * theirs), 2)

    def test_nor_where_there_are_no_more_rows_than_parts(self, rng):
        ours, theirs = (Measured(1.0, rows, rows) for rows in self.losses(rng, tail=9))
        assert not is_better(ours, theirs, 2)

    @pytest.mark.parametrize("size", [1, 1e-30, 1e30])
    def test_the_rows_count_by_weight(self, rng, size):
        ours, theirs = self.losses(rng, tail=9)
        worse = np.arange(100) % 10 < 4
        ours[worse] = 1.2 * theirs[worse]
        ours[7], theirs[7] = 65.0, 70.0
        assert not is_better(self.measured(ours), self.measured(theirs), 2)
        for weights, expected in (
            (np.where(worse, 0.1, 1), True),
            (np.where(worse, 1, 0.1), False),
        ):
            pair = (self.measured(each, weights=size * weights) for each in (ours, theirs))
            assert is_better(*pair, 2) == expected

    def test_weights_that_leave_one_row_show_nothing(self, rng):
        weights = np.full(100, 1e-300)
        weights[0] = 1
        pair = (self.measured(each, weights=weights) for each in self.losses(rng, tail=9))
        assert not is_better(*pair, 2)

    def test_equal_weights_are_none_and_rows_that_hardly_weigh_are_absent(self, rng):
        values = rng.normal(size=30)
        expected = pytest.approx(student_margin(2, values))
        assert student_margin(2, values, np.full(30, 0.3)) == expected
        longer, weights = np.r_[values, rng.normal(size=9)], np.r_[np.ones(30), np.full(9, 1e-12)]
        assert student_margin(2, longer, weights) == expected

    def test_the_error_of_a_weighted_mean_is_the_one_that_is_seen(self, rng):
        weights = rng.uniform(0.05, 1, 40)
        means = [np.average(each, weights=weights) for each in rng.normal(size=(20000, 40))]
        margins = [student_margin(0.5, each, weights) for each in rng.normal(size=(500, 40))]
        assert np.mean(margins) == pytest.approx(0.5 * np.std(means), rel=0.04)

    def test_rows_that_are_rebuilt_to_rounding_do_not_count(self, rng):
        ours, theirs = self.losses(rng, tail=9)
        theirs[:3], ours[:3] = 1e-30, 1e-12
        assert is_better(self.measured(ours), self.measured(theirs), 2)


def test_a_network_is_kept_that_is_better_on_most_rows_of_rare_categories():
    rng = np.random.default_rng(3)
    first, rare = rng.integers(0, 6, 1000), rng.zipf(1.7, 1000).clip(0, 60)
    second = (first + rng.integers(0, 2, 1000)) % 6
    X = np.hstack([np.eye(61)[column] for column in (first, second, rare)])
    X = X[:, X.any(axis=0)]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    autoencoder = AutoencoderTransformer(5, random_state=3).fit(X[:700])
    assert autoencoder.kept_ == "network"
    pca = PCA(5).fit(X[:700])
    errors = np.square(X[700:] - pca.inverse_transform(pca.transform(X[700:])))
    assert autoencoder.reconstruction_error(X[700:]).mean() < 0.7 * errors.mean()


@pytest.mark.parametrize("n", [2, 5, 20])
def test_the_margin_is_a_quantile_of_students_distribution(n, rng):
    values = rng.normal(size=n)
    confidence = stats.norm.cdf(2)
    expected = stats.t.ppf(confidence, n - 1) * stats.sem(values)
    assert student_margin(2, values) == pytest.approx(expected)
    assert student_margin(2, values) > 2 * stats.sem(values)
    assert student_margin(0, values) == pytest.approx(0, abs=1e-9)
    assert student_margin(2, values[:1]) == student_margin(2, np.ones(3)) == 0


def test_the_schedule_sees_the_steps_of_the_whole_run(X):
    solver, schedule = RecordingSolver(), CosineSchedule(warmup=0.2)
    make_trainer(X, solver=solver, schedule=schedule, max_iter=4).fit(Run(np.arange(10)))
    np.testing.assert_allclose(solver.rates, [0.1 * schedule.factor(s, 12) for s in range(12)])


def test_adaptive_cuts_the_rate_after_each_plateau_and_then_stops(X):
    solver = RecordingSolver()
    trainer = make_trainer(
        X,
        solver=solver,
        schedule=AdaptiveSchedule(decay=0.1, max_decays=2),
        batch_size=10,
        max_iter=50,
        n_iter_no_change=3,
    )
    trainer.fit(Run(np.arange(10)))
    np.testing.assert_allclose(solver.rates, [0.1] * 4 + [0.01] * 3 + [0.001] * 3)


@pytest.mark.filterwarnings("error")
def test_divergence_names_epoch_rate_and_what_to_do(X):
    trainer = make_trainer(X, learning_rate_init=1e3, max_iter=50)
    message = r"Non-finite loss in epoch \d+ at learning rate 1e\+03: lower learning_rate_init or"
    with pytest.raises(DivergenceError, match=message):
        trainer.fit(Run(np.arange(10)))


def test_weights_that_overflow_in_the_last_step_are_divergence_too(X):
    class Exploding(RecordingSolver):
        def step(self, parameters, *rest):
            super().step(parameters, *rest)
            parameters.flat[0] = np.inf

    with pytest.raises(DivergenceError, match="epoch 1 "):
        make_trainer(X, solver=Exploding(), batch_size=10, max_iter=1).fit(Run(np.arange(10)))


def interrupting(n_epochs):
    def on_epoch(history, learning_rate):
        if len(history.loss_curve) == n_epochs:
            raise KeyboardInterrupt

    return on_epoch


def test_an_interrupt_keeps_the_best_weights_so_far(X):
    trainer = make_trainer(X, max_iter=50)
    history = trainer.fit(Run(np.arange(10), on_epoch=interrupting(3)))
    assert history.interrupted
    assert len(history.loss_curve) == 3
    reference = make_trainer(X, max_iter=3)
    reference.fit(Run(np.arange(10)))
    np.testing.assert_array_equal(trainer.parameters.flat, reference.parameters.flat)


def test_an_interrupt_after_worse_epochs_keeps_the_best(X):
    trainer = make_trainer(X, solver=SGD(), learning_rate_init=0.02, max_iter=50, batch_size=10)
    snapshots = []

    def on_epoch(history, learning_rate):
        snapshots.append(trainer.parameters.flat.copy())
        if len(snapshots) > 2 and history.loss_curve[-1] > 1.01 * min(history.loss_curve):
            raise KeyboardInterrupt

    history = trainer.fit(Run(np.arange(10), on_epoch=on_epoch))
    best = int(np.argmin(history.loss_curve))
    assert history.interrupted
    assert best < len(snapshots) - 1
    np.testing.assert_array_equal(trainer.parameters.flat, snapshots[best])


def test_an_interrupt_before_the_first_epoch_ends_is_passed_on(X):
    class Interrupting(RecordingSolver):
        def step(self, *arguments):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_trainer(X, solver=Interrupting()).fit(Run(np.arange(10)))


def test_a_pass_without_planned_end_runs_at_the_peak_rate(X):
    solver = RecordingSolver()
    trainer = make_trainer(X, solver=solver, schedule=CosineSchedule())
    trainer.fit_pass(np.arange(10))
    assert solver.rates == [0.1] * 3
    assert len(trainer.history.loss_curve) == 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_rows_are_let_go_when_training_is_over(method, rng):
    """Pieces of a stream would otherwise pile up until Python looks for cycles."""
    autoencoder = AutoencoderTransformer(2, hidden_layer_sizes=4, max_iter=1, random_state=0)
    X = rng.random((100, 6))
    kept = weakref.ref(X)
    gc.collect()
    gc.disable()
    try:
        getattr(autoencoder, method)(X)
        del X
        assert kept() is None
    finally:
        gc.enable()
