import numpy as np
import pytest
from sklearn._loss.loss import HalfBinomialLoss, HalfSquaredError

from skautoencoder.network.losses import LOSSES

# scikit-learn's own losses, elementwise: value and gradient.
REFERENCES = {"squared_error": HalfSquaredError, "binary_cross_entropy": HalfBinomialLoss}


def reference(name, target, output):
    loss, gradient = REFERENCES[name]().loss_gradient(
        np.ascontiguousarray(target.ravel()), np.ascontiguousarray(output.ravel())
    )
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
    total = LOSSES[name].function(target, output, weights, gradient)

    assert total == pytest.approx(row_weights @ expected_loss.sum(axis=1))
    np.testing.assert_allclose(gradient, row_weights[:, np.newaxis] * expected_gradient)


@pytest.mark.parametrize("name", LOSSES)
def test_float32_is_kept(name, target_and_output):
    target, output = (array.astype(np.float32) for array in target_and_output)
    gradient = np.empty_like(output)
    expected, _ = reference(name, *target_and_output)
    total = LOSSES[name].function(target, output, None, gradient)
    assert gradient.dtype == np.float32
    assert total == pytest.approx(expected.sum(), rel=1e-5)


def test_cross_entropy_of_extreme_logits_is_exact():
    logits = np.array([[-800.0, 800.0, 800.0]])
    target = np.array([[0.0, 1.0, 0.0]])
    gradient = np.empty_like(logits)
    with np.errstate(over="ignore"):
        total = LOSSES["binary_cross_entropy"].function(target, logits, None, gradient)
    assert total == 800
    np.testing.assert_array_equal(gradient, [[0, 0, 1]])
