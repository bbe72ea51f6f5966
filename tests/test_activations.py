"""Activations have their textbook values and derivatives, in NumPy, ONNX and JavaScript."""

import numpy as np
import pytest
from javascript import needs_node, run_in_node
from scipy import special, stats

from skautoencoder import AutoencoderTransformer, to_onnx
from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS

# Independent definitions, from textbooks and SciPy.
REFERENCES = {
    "identity": lambda z: z,
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: (
        1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))
    ),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "softplus": lambda z: np.logaddexp(0, z),
    "exp": np.exp,
}

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def evaluate(name, z):
    values, derivative = z.copy(), np.empty_like(z)
    with np.errstate(over="ignore"):
        ACTIVATIONS[name].function(values, derivative)
    return values, derivative


def test_every_activation_has_a_reference():
    assert REFERENCES.keys() == ACTIVATIONS.keys()


@every_activation
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
def test_values_agree_with_the_reference(name, dtype, tolerance):
    z = np.linspace(-20, 20, 401).reshape(-1, 1).astype(dtype)
    values, _ = evaluate(name, z)
    assert values.dtype == dtype
    expected = REFERENCES[name](z.astype(np.float64))
    np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)


@every_activation
def test_derivative_agrees_with_a_central_difference(name):
    # None of these points is a kink.
    z = np.linspace(-6, 6, 240).reshape(20, 12)
    _, derivative = evaluate(name, z)
    step = 1e-6
    difference = (REFERENCES[name](z + step) - REFERENCES[name](z - step)) / (2 * step)
    np.testing.assert_allclose(derivative, difference, rtol=1e-6, atol=1e-8)


@every_activation
def test_curvature_agrees_with_a_central_difference_of_the_derivative(name):
    z = np.linspace(-6, 6, 240).reshape(20, 12)
    step = 1e-6
    difference = (evaluate(name, z + step)[1] - evaluate(name, z - step)[1]) / (2 * step)
    second_derivative = ACTIVATIONS[name].second_derivative(z)
    np.testing.assert_allclose(second_derivative, difference, rtol=1e-6, atol=1e-8)
    assert ACTIVATIONS[name].second_derivative(z.astype(np.float32)).dtype == np.float32


@every_activation
def test_values_are_the_same_with_and_without_derivative(name, rng):
    z = rng.normal(size=(30, 7)).astype(np.float32)
    expected, _ = evaluate(name, z)
    ACTIVATIONS[name].function(z)
    np.testing.assert_array_equal(z, expected)


@every_activation
def test_far_from_zero_values_and_derivatives_are_the_limits(name):
    z = np.array([[-1e4, 1e4]])
    values, derivative = evaluate(name, z)
    with np.errstate(over="ignore"):
        expected = REFERENCES[name](z)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert np.isfinite(derivative[np.isfinite(expected)]).all()
    assert not np.isnan(derivative).any()


@every_activation
def test_values_stay_within_the_stated_range_and_come_close_to_its_ends(name):
    activation = ACTIVATIONS[name]
    values, _ = evaluate(name, np.linspace(-50, 50, 100001).reshape(-1, 1))
    assert values.min() >= activation.low
    assert values.max() <= activation.high
    if np.isfinite(activation.low):
        assert values.min() == pytest.approx(activation.low, abs=1e-3)
    if np.isfinite(activation.high):
        assert values.max() == pytest.approx(activation.high, abs=1e-3)


def in_onnx(name, z):
    """Values of an activation in the graph of a network of which nothing else is left."""
    pytest.importorskip("skl2onnx", reason="export needs skl2onnx, of the extra 'onnx'")
    runtime = pytest.importorskip("onnxruntime", reason="graphs are run in onnxruntime")
    keep = np.array([[1, 0]], z.dtype)
    others = {"activation": "identity", "code_activation": "identity", "n_components": 1}
    model = AutoencoderTransformer.from_layer_weights(
        [keep, keep], output_activation=name, **others
    )
    graph = to_onnx(model, z, "reconstruct").SerializeToString()
    session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: z})[0]


def in_javascript(name, z):
    values = f"input.map((z) => ACTIVATIONS[{name!r}](z))"
    values = run_in_node(f"console.log(JSON.stringify({values}))", z[:, 0].tolist())
    return np.array(values, dtype=float).reshape(z.shape)


# The runtime's sigmoid is 0 from where it is too small to be added to 1; silu is z times it.
FORMS = [
    pytest.param(in_onnx, np.float32, 1e-5, id="onnx-float32"),
    pytest.param(in_onnx, np.float64, 1e-12, id="onnx-float64"),
    pytest.param(in_javascript, np.float64, 1e-12, marks=needs_node, id="javascript"),
]


@every_activation
@pytest.mark.parametrize(("form", "dtype", "tolerance"), FORMS)
def test_onnx_and_javascript_give_the_values_of_numpy(name, form, dtype, tolerance):
    ends = 80 if name == "exp" else 300
    around_zero = [-1e-3, -1e-9, 0, 1e-9, 1e-3]
    z = np.concatenate([np.linspace(-ends, ends, 2001), np.linspace(-9, 9, 2001), around_zero])
    z = z.astype(dtype)[:, np.newaxis]
    expected, _ = evaluate(name, z)
    values = form(name, z)
    assert np.asarray(values).dtype == dtype
    np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("name", [name for name, a in ACTIVATIONS.items() if a.inverse])
def test_inverses_lead_back_and_stay_finite_at_the_ends_of_the_range(name):
    z = np.linspace(-6.9, 6.9, 20)
    np.testing.assert_allclose(ACTIVATIONS[name].inverse(REFERENCES[name](z)), z)
    ends = np.array([ACTIVATIONS[name].low, min(ACTIVATIONS[name].high, 1e300)])
    assert np.isfinite(ACTIVATIONS[name].inverse(ends)).all()


def test_exp_is_for_the_output_alone():
    assert ACTIVATIONS.keys() - set(HIDDEN_ACTIVATIONS) == {"exp"}


def test_only_the_identity_is_marked_as_identity():
    assert [name for name, a in ACTIVATIONS.items() if a.is_identity] == ["identity"]
