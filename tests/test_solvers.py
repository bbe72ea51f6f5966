import math

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.optimize import rosen, rosen_der
from sklearn.datasets import load_digits

from skautoencoder import AutoencoderTransformer
from skautoencoder.network import elementwise_solvers, matrix_solvers, solvers
from skautoencoder.network.elementwise_solvers import BLOCK_SIZE, ElementwiseSolver
from skautoencoder.network.matrix_solvers import MatrixSolver, inverse_root, orthogonalise
from skautoencoder.network.parameters import Gradients, Parameters, layer_shapes
from skautoencoder.network.solvers import LBFGS, SGD, SOLVERS, Adam, AdamW, Muon, Shampoo, Solver
from skautoencoder.network.thread_pool import ThreadPool


def vector(values, dtype=np.float64):
    """Parameters, or gradients, of one layer whose flat vector holds the values."""
    parameters = Gradients([(len(values) - 1, 1)], dtype)
    parameters.flat[:] = values
    return parameters


def minimise(solver, gradient_of, start, learning_rate, n_steps):
    parameters, gradients = vector(start), vector(start)
    state = solver.init_state(parameters)
    for step in range(n_steps):
        gradients.flat[:] = gradient_of(parameters.flat)
        rate = learning_rate * 0.5 * (1 + math.cos(math.pi * step / n_steps))
        solver.step(parameters, gradients, state, rate, ThreadPool())
    return parameters.flat


def without_decay(solver):
    """The solver itself, whose steps then depend on gradients alone."""
    return solver.set_params(weight_decay=0) if "weight_decay" in solver.get_params() else solver


# A full-batch solver makes no steps of its own: tests/test_lbfgs.py.
BATTERY = [without_decay(kind()) for kind in SOLVERS.values() if not kind.is_full_batch]
every_solver = pytest.mark.parametrize("solver", BATTERY, ids=repr)


def test_every_solver_has_a_name_and_so_is_in_the_battery():
    modules = (elementwise_solvers, matrix_solvers, solvers)
    classes = [each for module in modules for each in vars(module).values()]
    kinds = {each for each in classes if isinstance(each, type) and issubclass(each, Solver)}
    assert set(SOLVERS.values()) == kinds - {Solver, ElementwiseSolver, MatrixSolver}


@every_solver
def test_reaches_the_minimum_of_a_parabola(solver):
    scales = np.array([1.0, 10.0, 0.5])
    found = minimise(solver, lambda p: scales * (p - [1, -2, 3]), [0, 0, 0], 0.05, 1500)
    np.testing.assert_allclose(found, [1, -2, 3], atol=1e-3)


@every_solver
def test_reaches_the_minimum_of_rosenbrock(solver):
    rate = {Adam: 0.05, AdamW: 0.05, SGD: 3e-4, Muon: 0.02, Shampoo: 0.02}[type(solver)]
    found = minimise(solver, rosen_der, [-1.2, 1.0], rate, 8000)
    assert rosen(found) < 1e-4


def test_adam_steps_computed_by_hand():
    parameters, solver = vector([1.0, 2.0]), Adam(beta_1=0.5, beta_2=0.75, epsilon=0.1)
    state = solver.init_state(parameters)
    solver.step(parameters, vector([4.0, -2.0]), state, 0.1, ThreadPool())
    # After one step both corrected moments are the gradient's own: g / (|g| + epsilon).
    np.testing.assert_allclose(parameters.flat, [1 - 0.1 * 4 / 4.1, 2 + 0.1 * 2 / 2.1])
    solver.step(parameters, vector([0.0, 0.0]), state, 0.1, ThreadPool())
    # m = 0.5 * 0.5 g, corrected by 1 - 0.25; v = 0.75 * 0.25 g^2, corrected by 1 - 0.5625.
    m, v = 0.25 * 4 / 0.75, 0.1875 * 16 / 0.4375
    expected = 1 - 0.1 * 4 / 4.1 - 0.1 * m / (math.sqrt(v) + 0.1)
    assert parameters.flat[0] == pytest.approx(expected)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_steps_computed_by_hand(nesterov):
    parameters, solver = vector([1.0, 0.0]), SGD(momentum=0.5, nesterovs_momentum=nesterov)
    state = solver.init_state(parameters)
    solver.step(parameters, vector([2.0, 0.0]), state, 0.1, ThreadPool())
    # v = -0.2; the plain step is v, Nesterov's 0.5 v - 0.2.
    first = 1 + (0.5 * -0.2 - 0.2 if nesterov else -0.2)
    assert parameters.flat[0] == pytest.approx(first)
    solver.step(parameters, vector([1.0, 0.0]), state, 0.1, ThreadPool())
    velocity = 0.5 * -0.2 - 0.1
    assert parameters.flat[0] == pytest.approx(
        first + (0.5 * velocity - 0.1 if nesterov else velocity)
    )


@pytest.mark.parametrize("solver", [Adam(), SGD()], ids=repr)
def test_blocks_and_threads_change_nothing(solver, rng):
    n = 5 * BLOCK_SIZE + 3
    start, gradient = rng.normal(size=n), rng.normal(size=n)
    small = vector(start[-10:])
    state = solver.init_state(small)
    solver.step(small, vector(gradient[-10:]), state, 0.1, ThreadPool())
    large = vector(start)
    with ThreadPool(2) as pool:
        solver.step(large, vector(gradient), solver.init_state(large), 0.1, pool)
    np.testing.assert_array_equal(large.flat[-10:], small.flat)


@pytest.mark.parametrize("shape", [(5, 5), (3, 40), (40, 3), (1, 6), (64, 50)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orthogonalised_matrices_keep_their_singular_vectors(shape, dtype, rng):
    matrix = rng.normal(size=shape)
    result = orthogonalise(matrix.astype(dtype), 5)
    assert result.dtype == dtype
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    in_their_basis = u.T @ result @ vh.T
    moved = np.diag(in_their_basis)
    assert ((moved > 0.6) & (moved < 1.3))[s > 0.1 * s.max()].all()
    np.testing.assert_allclose(in_their_basis, np.diag(moved), atol=1e-4)


def test_orthogonalising_nothing_gives_nothing():
    np.testing.assert_array_equal(orthogonalise(np.zeros((3, 4)), 5), np.zeros((3, 4)))


def test_muon_steps_computed_by_hand(rng):
    parameters, gradients = Parameters([(4, 9)], float), Gradients([(4, 9)], float)
    solver = Muon(momentum=0.5, beta_2=0.75)
    state = solver.init_state(parameters)
    first = rng.normal(size=parameters.flat.shape)
    gradients.flat[:] = first
    solver.step(parameters, gradients, state, 0.1, ThreadPool())
    # Orthogonalising does not see the length, so 1.5 g and g give the same direction; the
    # layer widens 4 values to 9, so its rate is sqrt(9 / 4) times the given one.
    direction = orthogonalise(first[:36].reshape(4, 9), 5)
    np.testing.assert_allclose(parameters.weights[0], -0.1 * 1.5 * direction)
    np.testing.assert_allclose(parameters.biases[0], -0.1 * np.sign(first[36:]), rtol=1e-6)
    bias = parameters.biases[0].copy()
    gradients.flat[:] = 0
    solver.step(parameters, gradients, state, 0.1, ThreadPool())
    # Momentum 0.5 g, looked ahead 0.25 g of a possible 1.75; second moment 0.1875 g^2 over
    # 1 - 0.5625.
    moved = 0.1 * 0.25 / 1.75 / math.sqrt(0.1875 / 0.4375)
    np.testing.assert_allclose(parameters.biases[0], bias - moved * np.sign(first[36:]), rtol=1e-6)


def test_shampoo_steps_computed_by_hand(rng):
    """Against inverse roots of scipy's, of layers that widen, narrow, and do neither."""
    shapes = [(3, 5), (5, 3), (3, 3)]
    parameters, gradients = Parameters(shapes, float), Gradients(shapes, float)
    solver = Shampoo(momentum=0.5, beta_2=0.75, epsilon=1e-3, update_interval=3)
    state = solver.init_state(parameters)
    weights, roots = [np.zeros(shape) for shape in shapes], [None] * 3
    covariances, momenta = [np.zeros((3, 3))] * 3, [np.zeros(shape) for shape in shapes]
    for step in (1, 2, 3, 4, 5):
        gradients.flat[:] = rng.normal(size=parameters.flat.shape)
        for layer, given in enumerate(gradients.weights):
            gradient = given.copy()
            square = gradient @ gradient.T if layer == 0 else gradient.T @ gradient
            covariances[layer] = 0.75 * covariances[layer] + square
            # Anew in the first, second and third step, and then in the sixth.
            if step <= 3:
                largest = np.linalg.norm(covariances[layer], 2)
                floored = covariances[layer] + 1e-3 * largest * np.eye(3)
                roots[layer] = np.linalg.inv(sqrtm(floored).real)
            momenta[layer] = 0.5 * momenta[layer] + gradient
            looked_ahead = gradient + 0.5 * momenta[layer]
            pair = (roots[0], looked_ahead) if layer == 0 else (looked_ahead, roots[layer])
            direction = pair[0] @ pair[1]
            direction *= math.sqrt(3) / np.linalg.norm(direction)
            weights[layer] -= 0.1 * (math.sqrt(5 / 3) if layer == 0 else 1) * direction
        solver.step(parameters, gradients, state, 0.1, ThreadPool())
        for found, expected in zip(parameters.weights, weights, strict=True):
            np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("interval", "due"), [(1, range(1, 13)), (5, [1, 2, 4, 5, 10]), (8, [1, 2, 4, 8])]
)
def test_shampoo_computes_roots_anew_in_some_steps(interval, due, rng):
    shapes = [(4, 4)]
    parameters, gradients = Parameters(shapes, float), Gradients(shapes, float)
    solver = Shampoo(update_interval=interval)
    state = solver.init_state(parameters)
    changed = []
    for step in range(1, 13):
        before = state["roots"].copy()
        gradients.flat[:] = rng.normal(size=parameters.flat.shape)
        solver.step(parameters, gradients, state, 0.1, ThreadPool())
        if not np.array_equal(before, state["roots"]):
            changed.append(step)
    assert changed == list(due)


def test_inverse_roots_of_what_has_no_inverse(rng):
    """Directions without any gradient are not amplified beyond the share that epsilon is."""
    thin = rng.normal(size=(6, 2))
    root = inverse_root(thin @ thin.T, 1e-4)
    largest = np.linalg.norm(thin, 2) ** 2
    expected = 1 / np.sqrt(np.append(np.linalg.svd(thin)[1] ** 2, [0] * 4) + 1e-4 * largest)
    np.testing.assert_allclose(np.linalg.eigvalsh(root), np.sort(expected), rtol=1e-6)
    # Eigenvalues of 0 come out a little below.
    thin = rng.normal(size=(50, 2)).astype(np.float32)
    assert np.isfinite(inverse_root(thin @ thin.T, 1e-12)).all()
    assert np.isfinite(inverse_root(np.zeros((3, 3), np.float32), 1e-6)).all()
    assert np.isnan(inverse_root(np.full((3, 3), np.inf), 1e-6)).all()


@pytest.mark.parametrize("solver", [Muon(), Shampoo()], ids=repr)
def test_matrices_of_all_layers_move_alike_on_one_thread_and_two(solver, rng):
    results = []
    for n_threads in (1, 2):
        shapes = layer_shapes([6, 5, 4], [4, 6])
        parameters, gradients = Parameters(shapes, float), Gradients(shapes, float)
        gradients.flat[:] = np.random.default_rng(0).normal(size=gradients.flat.shape)
        with ThreadPool(n_threads) as pool:
            solver.step(parameters, gradients, solver.init_state(parameters), 0.1, pool)
        results.append(parameters.flat)
    np.testing.assert_array_equal(*results)


def test_shampoo_needs_fewer_epochs_than_adam_on_wide_layers():
    X = (load_digits().data / 16).astype(np.float32)
    plain = {"skip_connections": False, "early_stopping": False, "random_state": 0}
    losses = [
        AutoencoderTransformer(
            10, hidden_layer_sizes=(300, 100), solver=solver, max_iter=n_epochs, **plain
        )
        .fit(X)
        .best_loss_
        for solver, n_epochs in (("shampoo", 4), ("adam", 8))
    ]
    assert losses[0] < losses[1]


@every_solver
def test_float32_stays_float32_with_numpy_scalars_as_parameters(solver):
    changed = type(solver)(
        **{
            name: np.float64(value) if isinstance(value, float) else value
            for name, value in solver.get_params().items()
        }
    )
    exact, scalar = vector([1.0, 2.0], np.float32), vector([1.0, 2.0], np.float32)
    for parameters, variant in ((exact, solver), (scalar, changed)):
        gradients = vector([0.3, -0.7], np.float32)
        variant.step(parameters, gradients, variant.init_state(parameters), 0.1, ThreadPool())
    np.testing.assert_array_equal(exact.flat, scalar.flat)
    assert scalar.flat.dtype == np.float32


@every_solver
def test_a_continued_state_is_a_copy_and_another_solvers_state_is_dropped(solver):
    parameters = vector([1.0, 2.0])
    state = solver.init_state(parameters)
    solver.step(parameters, vector([1.0, 1.0]), state, 0.1, ThreadPool())
    again = solver.continue_state(state, parameters)
    assert again["step"] == 1
    for name in state.keys() - {"step"}:
        np.testing.assert_array_equal(again[name], state[name])
        assert not np.shares_memory(again[name], state[name])
    assert solver.continue_state({"step": 7, "other": None}, parameters)["step"] == 0


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        (Adam(beta_1=1.0), "beta_1"),
        (Adam(beta_2=-0.1), "beta_2"),
        (Adam(epsilon=0), "epsilon"),
        (LBFGS(memory=0), "memory"),
        (LBFGS(memory=2.5), "memory"),
        (Muon(momentum=1), "momentum"),
        (Muon(beta_2=1), "beta_2"),
        (Muon(n_iterations=0), "n_iterations"),
        (Muon(n_iterations=2.5), "n_iterations"),
        (Shampoo(momentum=1), "momentum"),
        (Shampoo(beta_2=1), "beta_2"),
        (Shampoo(epsilon=0), "epsilon"),
        (Shampoo(update_interval=0), "update_interval"),
        (Shampoo(update_interval=2.5), "update_interval"),
        (SGD(momentum=1), "momentum"),
        (SGD(momentum="much"), "momentum"),
        (SGD(momentum=True), "momentum"),
        (SGD(momentum=math.nan), "momentum"),
        (SGD(nesterovs_momentum="no"), "nesterovs_momentum"),
    ],
)
def test_a_parameter_out_of_range_is_named(solver, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {type(solver).__name__} must"):
        solver.check()


@every_solver
@pytest.mark.parametrize("n_threads", [1, 2])
def test_each_share_of_the_gradients_is_completed_in_the_step(solver, n_threads):
    given, asked = vector([1.0, 2.0, 3.0, 4.0]), vector([1.0, 2.0, 3.0, 4.0])
    gradients, late = vector([0.5, -1.0, 2.0, 4.0]), vector([9.0, 9.0, 9.0, 9.0])
    late.source = lambda part: np.copyto(late.flat[part], [0.5, -1.0, 2.0, 4.0][part])
    late.shares = late.parts(2)
    with ThreadPool(n_threads) as pool:
        for parameters, each in ((given, gradients), (asked, late)):
            solver.step(parameters, each, solver.init_state(parameters), 0.1, pool)
    np.testing.assert_array_equal(asked.flat, given.flat)


def test_adamw_takes_a_share_off_weights_and_not_off_biases(rng):
    """Against Adam's step, with the weights shrunk by learning rate times weight decay."""
    shapes = [(3, 4), (4, 2)]
    start = rng.normal(size=4 * 4 + 5 * 2)
    gradient = rng.normal(size=start.shape)
    found = []
    for solver in (Adam(), AdamW(weight_decay=0.5)):
        parameters, gradients = Parameters(shapes, float), Gradients(shapes, float)
        parameters.flat[:], gradients.flat[:] = start, gradient
        solver.step(parameters, gradients, solver.init_state(parameters), 0.1, ThreadPool())
        found.append(parameters)
    before = Parameters(shapes, float)
    before.flat[:] = start
    for number in range(2):
        shrunk = found[0].weights[number] - 0.05 * before.weights[number]
        np.testing.assert_allclose(found[1].weights[number], shrunk)
        np.testing.assert_array_equal(found[1].biases[number], found[0].biases[number])
