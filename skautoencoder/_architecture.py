"""From an estimator's parameters to the network's shape and first weights."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral

import numpy as np

from .network.activations import ACTIVATIONS
from .network.initializers import INITIALIZERS
from .network.losses import LOSSES
from .network.parallel import quiet_overflow
from .network.parameters import Parameters
from .network.scaling import extremes, moments


def encoder_widths(estimator):
    """Widths of the encoder's layers, the code's last."""
    sizes = _layer_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)
    return [*sizes, int(estimator.n_components)]


def decoder_widths(estimator):
    """Widths of the decoder's hidden layers: the encoder's mirrored unless given."""
    if estimator.decoder_layer_sizes is None:
        return encoder_widths(estimator)[-2::-1]
    return _layer_sizes("decoder_layer_sizes", estimator.decoder_layer_sizes)


def layer_widths(estimator, n_features):
    """Widths of all layers, input and output included."""
    return [n_features, *encoder_widths(estimator), *decoder_widths(estimator), n_features]


def layer_activations(estimator, output):
    """Names of the activations of all layers after the input."""
    hidden, code = estimator.activation, estimator.code_activation
    n_encoder, n_decoder = len(encoder_widths(estimator)), len(decoder_widths(estimator))
    code = hidden if code == "auto" else code
    return [hidden] * (n_encoder - 1) + [code] + [hidden] * n_decoder + [output]


def choose_output(estimator, rows):
    """Name of the output's activation; "auto" looks at loss, scaling and rows, in turn."""
    if estimator.output_activation != "auto":
        return estimator.output_activation
    if LOSSES[estimator.loss].fused_activation is not None:
        return LOSSES[estimator.loss].fused_activation
    if estimator.scale == "standard":
        return "identity"
    low, high = extremes(rows)
    return "sigmoid" if low.min() >= 0 and high.max() <= 1 else "identity"


def draw_parameters(widths, activations, weight_init, rng, dtype):
    """Weights drawn by the initialiser, or by the one that fits each activation; biases 0."""
    parameters = Parameters(widths, dtype)
    shapes = pairwise(widths)
    for weights, (n_in, n_out), activation in zip(
        parameters.weights, shapes, activations, strict=True
    ):
        name = ACTIVATIONS[activation].initializer if weight_init == "auto" else weight_init
        weights[...] = INITIALIZERS[name](n_in, n_out, rng)
    return parameters


def start_at_the_mean(bias, rows, loss):
    """Set the output's bias so that it gives the mean of each feature, for a fused loss.

    Scaling cannot centre what such a loss needs in a range, and a network that has first
    to find the size of each feature ends worse.
    """
    if loss.fused_activation is not None:
        with quiet_overflow():
            bias[...] = ACTIVATIONS[loss.fused_activation].inverse(moments(rows)[0])


def _layer_sizes(name, value):
    is_sequence = isinstance(value, Sequence) or np.ndim(value) == 1
    sizes = list(value) if is_sequence else [value]
    if not all(_is_width(size) for size in sizes):
        raise ValueError(
            f"The {name!r} parameter must be a positive integer or a sequence of them, one for "
            f"each layer. Got {value!r} instead."
        )
    return [int(size) for size in sizes]


def _is_width(size):
    return isinstance(size, Integral) and not isinstance(size, bool) and size > 0
