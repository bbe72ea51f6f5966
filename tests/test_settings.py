"""What "auto" stands for, as the docstring says, seen by a solver that records its steps."""

import numpy as np
import pytest

from skautoencoder import LBFGS, SGD, Adam, AutoencoderTransformer, Muon, Shampoo

WIDEST = 100


def recording(solver):
    """The solver, which also remembers the learning rates of its steps, in `rates`."""

    class _Recording(type(solver)):
        def step(self, parameters, gradients, state, learning_rate, pool):
            self.rates.append(learning_rate)
            super().step(parameters, gradients, state, learning_rate, pool)

    solver = _Recording(**solver.get_params())
    solver.rates = []
    return solver


def rates_of(solver, X, method="fit", **params):
    """Learning rates of the steps of one epoch."""
    solver = recording(solver)
    plain = {"skip_connections": False, "early_stopping": False, "hidden_layer_sizes": WIDEST}
    params = {"max_iter": 1, "random_state": 0, **plain, **params}
    getattr(AutoencoderTransformer(2, solver=solver, **params), method)(X)
    return solver.rates


@pytest.fixture
def X(rng):
    return rng.normal(size=(40, 6))


AUTO_RATES = [
    (Adam(), 0.08 / np.sqrt(WIDEST)),
    (Muon(), 0.02),
    (Shampoo(), 0.02),
    (SGD(), 0.5 * 0.1 / WIDEST),
    (SGD(momentum=0.6), 0.5 * 0.4 / WIDEST),
]
of_every_solver = pytest.mark.parametrize(("solver", "rate"), AUTO_RATES, ids=repr)


@of_every_solver
@pytest.mark.parametrize("schedule", ["invscaling", "adaptive"])
def test_the_auto_rate_is_the_solvers_for_the_widest_layer(solver, rate, schedule, X):
    assert rates_of(solver, X, learning_rate=schedule)[0] == pytest.approx(rate)


@of_every_solver
def test_a_rate_that_nothing_lowers_is_three_tenths_of_it(solver, rate, X):
    held = pytest.approx(0.3 * rate)
    assert rates_of(solver, X, learning_rate="constant") == [held] * 5
    for schedule in ("constant", "adaptive", "cosine", "one_cycle"):
        assert rates_of(solver, X, "partial_fit", learning_rate=schedule) == [held] * 5
    falling = rates_of(solver, X, "partial_fit", learning_rate="invscaling")
    assert falling[0] == pytest.approx(rate)


def test_a_rate_that_is_given_is_taken_as_it_is(X):
    for method in ("fit", "partial_fit"):
        rates = rates_of(Adam(), X, method, learning_rate="constant", learning_rate_init=0.01)
        assert rates == [0.01] * 5


def test_the_widest_layer_may_be_the_input_and_counts_as_ten_at_least_for_sgd(rng):
    def rate(solver, n_features):
        X = rng.normal(size=(20, n_features))
        return rates_of(solver, X, learning_rate="adaptive", hidden_layer_sizes=4)[0]

    assert rate(Adam(), 64) == pytest.approx(0.01)
    assert rate(Adam(), 4) == pytest.approx(0.04)
    assert rate(SGD(), 50) == pytest.approx(0.05 / 50)
    assert rate(SGD(), 4) == pytest.approx(0.05 / 10)


@pytest.mark.parametrize(
    ("n_rows", "batch_size"),
    [(5, 5), (100, 8), (256, 8), (320, 10), (2047, 63), (2048, 64), (4000, 64)],
)
def test_an_auto_batch_is_one_row_in_32_between_8_and_64(n_rows, batch_size, rng):
    X = rng.normal(size=(n_rows, 3))
    n_steps = len(rates_of(Adam(), X, hidden_layer_sizes=3))
    assert n_steps == -(-n_rows // batch_size)


@pytest.mark.parametrize(
    ("n_rows", "share", "n_held_out"), [(60, 0.1, 6), (18, 0.1, 2), (12, 0.1, 1), (3, 0.1, 1)]
)
def test_the_held_out_share_is_rounded_and_at_least_one_row(n_rows, share, n_held_out, rng):
    autoencoder = AutoencoderTransformer(
        1, max_iter=1, early_stopping=True, validation_fraction=share, skip_connections=False
    ).fit(rng.normal(size=(n_rows, 3)))
    assert autoencoder.t_ == n_rows - n_held_out


def test_lbfgs_sees_a_bounded_number_of_rows_at_a_time(rng, monkeypatch):
    """So that its memory does not grow with the rows."""
    from skautoencoder.network.dataset import Dataset

    take, sizes = Dataset.take, []

    def watched(self, index, out):
        if not isinstance(index, slice):
            sizes.append(len(index))
        return take(self, index, out)

    monkeypatch.setattr(Dataset, "take", watched)
    AutoencoderTransformer(
        1, solver=LBFGS(), max_iter=1, hidden_layer_sizes=2, skip_connections=False
    ).fit(rng.normal(size=(1100, 3)))
    assert sizes[:3] == [512, 512, 76]


def test_a_rate_that_falls_with_the_steps_goes_on_falling_where_training_does(X):
    solver = recording(Adam())
    params = {"skip_connections": False, "learning_rate": "invscaling", "learning_rate_init": 0.1}
    autoencoder = AutoencoderTransformer(2, solver=solver, random_state=0, **params)
    autoencoder.partial_fit(X).partial_fit(X)
    np.testing.assert_allclose(solver.rates, 0.1 / np.sqrt(np.arange(1, 11)))
