"""From an estimator's parameters to the network's shape and first weights."""

from itertools import pairwise
from numbers import Integral

from .network.activations import ACTIVATIONS
from .network.initializers import INITIALIZERS
from .network.losses import LOSSES
from .network.parameters import Parameters
from .network.scaling import extremes


def encoder_widths(estimator):
    """Widths of the encoder's layers, the code's last."""
    sizes = _layer_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)
    return [*sizes, estimator.n_components]


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
    """Name of the output's activation; "auto" looks at the loss, then at the rows."""
    if estimator.output_activation != "auto":
        return estimator.output_activation
    if LOSSES[estimator.loss].fused_activation is not None:
        return LOSSES[estimator.loss].fused_activation
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


def _layer_sizes(name, value):
    sizes = [value] if isinstance(value, Integral) else list(value)
    if not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(
            f"The {name!r} parameter must hold positive integers, one for each layer. "
            f"Got {value!r} instead."
        )
    return [int(size) for size in sizes]
