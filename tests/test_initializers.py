import numpy as np
import pytest

from skautoencoder import AutoencoderTransformer
from skautoencoder._architecture import draw_parameters
from skautoencoder.network.activations import ACTIVATIONS
from skautoencoder.network.initializers import INITIALIZERS

N_IN, N_OUT = 300, 200
VARIANCES = {"glorot": 2 / (N_IN + N_OUT), "he": 2 / N_IN, "lecun": 1 / N_IN}


@pytest.mark.parametrize("family", VARIANCES)
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_weights_have_the_variance_of_their_paper(family, kind, rng):
    weights = INITIALIZERS[f"{family}_{kind}"](N_IN, N_OUT, rng)
    assert weights.shape == (N_IN, N_OUT)
    # 60 000 draws: the standard error of the variance is below one percent.
    assert weights.var() == pytest.approx(VARIANCES[family], rel=0.03)
    assert weights.mean() == pytest.approx(0, abs=4 * weights.std() / np.sqrt(weights.size))


@pytest.mark.parametrize("family", VARIANCES)
def test_uniform_weights_are_bounded_and_normal_ones_are_not(family, rng):
    bound = np.sqrt(3 * VARIANCES[family])
    assert np.abs(INITIALIZERS[f"{family}_uniform"](N_IN, N_OUT, rng)).max() <= bound
    assert np.abs(INITIALIZERS[f"{family}_normal"](N_IN, N_OUT, rng)).max() > bound


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)])
def test_orthogonal_weights_have_singular_values_of_one(shape, rng):
    weights = INITIALIZERS["orthogonal"](*shape, rng)
    assert weights.shape == shape
    np.testing.assert_allclose(np.linalg.svd(weights, compute_uv=False), 1)


def test_orthogonal_draws_have_no_preferred_sign(rng):
    first = [INITIALIZERS["orthogonal"](3, 3, rng)[0, 0] for _ in range(400)]
    assert abs(np.mean(np.sign(first))) < 0.2


def test_auto_follows_the_activation_of_each_layer():
    names = ["relu", "selu", "tanh"]
    estimator = AutoencoderTransformer(
        40, hidden_layer_sizes=30, decoder_layer_sizes=(), skip_connections=False
    )
    drawn = draw_parameters(estimator, 20, names, np.random.default_rng(1), np.float64)
    rng = np.random.default_rng(1)
    for weights, name, initializer in zip(
        drawn.weights, names, ["he_uniform", "lecun_normal", "glorot_uniform"], strict=True
    ):
        np.testing.assert_array_equal(weights, INITIALIZERS[initializer](*weights.shape, rng))
        assert ACTIVATIONS[name].initializer == initializer
    assert not any(bias.any() for bias in drawn.biases)
