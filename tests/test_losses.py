import numpy as np
import pytest
from sklearn._loss.loss import (
    AbsoluteError,
    HalfBinomialLoss,
    HalfPoissonLoss,
    HalfSquaredError,
    HuberLoss,
)

from skautoencoder.network.activations import ACTIVATIONS
from skautoencoder.network.losses import LOSSES, as_loss

# scikit-learn's own losses, elementwise: value and gradient.
REFERENCES = {
    "squared_error": HalfSquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": HuberLoss(delta=1),
    "binary_cross_entropy": HalfBinomialLoss(),
    "poisson": HalfPoissonLoss(),
}


def reference(name, target, output):
    x, z = np.ascontiguousarray(target.ravel()), np.ascontiguousarray(output.ravel())
    loss, gradient = REFERENCES[name].loss_gradient(x, z)
    if name == "poisson":
        # Terms of the target alone, which scikit-learn keeps apart.
        loss += REFERENCES[name].constant_to_optimal_zero(x)
    return loss.reshape(target.shape), gradient.reshape(target.shape)


@pytest.fixture
def target_and_output(rng):
    return rng.uniform(size=(12, 5)), 3 * rng.normal(size=(12, 5))


def test_every_loss_has_a_reference():
    assert REFERENCES.keys() == LOSSES.keys()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_agree_with_scikit_learn(name, weighted, target_and_output, rng):
    target, output = target_and_output
    weights = rng.uniform(size=12) if weighted else None
    expected_loss, expected_gradient = reference(name, target, output)
    row_weights = np.ones(12) if weights is None else weights

    gradient = np.empty_like(output)
    total = as_loss(name).value(target, output, weights, gradient)

    assert total == pytest.approx(row_weights @ expected_loss.sum(axis=1))
    np.testing.assert_allclose(gradient, row_weights[:, np.newaxis] * expected_gradient)


@pytest.mark.parametrize("name", LOSSES)
def test_of_missing_cells_nothing_counts_and_of_the_others_the_rows_weight(
    name, target_and_output, rng
):
    target, output = target_and_output
    weights, observed = rng.uniform(size=12), rng.random((12, 5)) < 0.7
    expected_loss, expected_gradient = reference(name, target, output)
    factors, gradient = weights[:, np.newaxis] * observed, np.empty_like(output)
    total = as_loss(name).compute(target, output, weights, observed, gradient)
    assert total == pytest.approx((factors * expected_loss).sum())
    np.testing.assert_allclose(gradient, factors * expected_gradient)


@pytest.mark.parametrize("name", LOSSES)
def test_float32_is_kept(name, target_and_output):
    target, output = (array.astype(np.float32) for array in target_and_output)
    gradient = np.empty_like(output)
    expected, _ = reference(name, *target_and_output)
    total = as_loss(name).value(target, output, None, gradient)
    assert gradient.dtype == np.float32
    assert total == pytest.approx(expected.sum(), rel=1e-5)


def evaluate(name, target, output):
    output = np.array(output)
    gradient = np.empty_like(output)
    total = as_loss(name).value(np.array(target), output, None, gradient)
    return total, gradient


def test_huber_computed_by_hand():
    total, gradient = evaluate("huber", [[1.0, 1.0, 1.0, 1.0]], [[0.5, 2.0, 4.0, -1.0]])
    assert total == 0.125 + 0.5 + 2.5 + 1.5
    np.testing.assert_array_equal(gradient, [[-0.5, 1, 1, -1]])


@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber"])
def test_a_perfect_reconstruction_has_no_loss_and_no_gradient(name):
    total, gradient = evaluate(name, [[-2.0, 0.0, 3.5]], [[-2.0, 0.0, 3.5]])
    assert total == 0
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_poisson_is_zero_for_a_perfect_reconstruction_and_positive_for_any_other(dtype):
    x = np.array([[1e-30, 1e-3, 1.0, 50.0, 1e4]], dtype)
    total, gradient = evaluate("poisson", x, np.log(x))
    eps = float(np.finfo(dtype).eps)
    assert total == pytest.approx(0, abs=1e5 * eps)
    np.testing.assert_allclose(gradient, 0, atol=1e5 * eps)
    for shift in (-0.1, 0.1):
        assert evaluate("poisson", x, np.log(x) + dtype(shift))[0] > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_poisson_takes_zeros_and_what_rounding_leaves_of_them(dtype):
    total, gradient = evaluate(
        "poisson", np.array([[0.0, -1e-8]], dtype), np.array([[0.0, 1.0]], dtype)
    )
    assert total == pytest.approx(1 + np.e, rel=1e-5)
    np.testing.assert_allclose(gradient, [[1, np.e]], rtol=1e-6)


def test_poisson_that_overflows_is_infinite_and_not_a_number_less():
    with np.errstate(over="ignore"):
        total, _ = evaluate("poisson", [[0.0, 2.0]], [[800.0, 800.0]])
    assert total == np.inf


def test_every_activation_that_a_loss_is_fused_with_has_an_inverse():
    fused = {loss.link for loss in LOSSES.values()} - {"identity"}
    assert all(ACTIVATIONS[name].inverse for name in fused)


def test_cross_entropy_of_extreme_logits_is_exact():
    logits = np.array([[-800.0, 800.0, 800.0]])
    target = np.array([[0.0, 1.0, 0.0]])
    gradient = np.empty_like(logits)
    with np.errstate(over="ignore"):
        total = as_loss("binary_cross_entropy").value(target, logits, None, gradient)
    assert total == 800
    np.testing.assert_array_equal(gradient, [[0, 0, 1]])
