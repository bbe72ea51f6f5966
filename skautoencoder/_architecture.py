"""From an estimator's parameters to the network's shape and first weights."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral, Real

import numpy as np

from ._column_losses import asked_loss, is_by_column, trained_loss
from .network.activations import ACTIVATIONS
from .network.floating_point import quiet_overflow
from .network.initializers import INITIALIZERS
from .network.parameters import Parameters, layer_shapes, mirrored_ties
from .network.pca import end_in_zeros, lay_skip_connections, n_components_for, principal_components
from .network.scaling import extremes, means
from .network.solvers import is_full_batch

# Of PCA's skip connections: with much more, curved data keep the code that PCA gives them, with
# nothing some keep a constant one (docs/defaults.rst).
START_SHARE = 0.3

# With a target there is more that a network can learn by heart (docs/defaults.rst).
AUTO_TARGET_DROPOUT = 0.1

# The width of the code that "auto" stands for is the original network's, nine sixteenths of its 64
# features, but no more than that.
AUTO_WIDTH_SHARE = (9, 16)
MAX_AUTO_WIDTH = 36


def check_width(estimator):
    """Raise ValueError unless `n_components` is a width, a share of the variance or "auto"."""
    asked = estimator.n_components
    is_share = isinstance(asked, Real) and 0 < asked < 1
    if not (_is_width(asked) or is_share or (isinstance(asked, str) and asked == "auto")):
        raise ValueError(
            f"The 'n_components' parameter of {type(estimator).__name__} must be a positive "
            "integer, a share of the variance in (0, 1) or 'auto'. Got "
            f"{asked!r} instead: use 'auto' if you prefer no width."
        )


def code_width(n_components, n_features, rows=None):
    """The width of the code that `n_components` stands for where so many features vary.

    A share of the variance is that of the `rows` in the network's units. X of 64 features, as
    digits, has the whole of the automatic width even where some of them do not vary.
    """
    if isinstance(n_components, str):
        part, whole = AUTO_WIDTH_SHARE
        n_all = n_features if rows is None else rows.X.shape[1]
        if part * n_all // whole >= MAX_AUTO_WIDTH < n_features:
            return MAX_AUTO_WIDTH
        return max(1, min(part * n_features // whole, MAX_AUTO_WIDTH))
    if isinstance(n_components, Integral):
        return int(n_components)
    return n_components_for(rows, n_components)


def hidden_widths(estimator):
    """Widths of the encoder's layers before the code."""
    return _layer_sizes("hidden_layer_sizes", estimator.hidden_layer_sizes)


def n_encoder_layers(estimator):
    """Number of the encoder's layers, the code's included."""
    return len(hidden_widths(estimator)) + 1


def decoder_widths(estimator):
    """Widths of the decoder's hidden layers: the encoder's mirrored unless given."""
    if estimator.decoder_layer_sizes is None:
        return hidden_widths(estimator)[::-1]
    return _layer_sizes("decoder_layer_sizes", estimator.decoder_layer_sizes)


def network_widths(estimator, n_features, code=None):
    """Widths of all layers of the encoder and of the decoder, their inputs included.

    The width of the code is the one asked for, or the fitted one where "auto" or a share was.
    The encoder may have more outputs than there are code units: what each unit takes.
    """
    if code is None:
        asked = estimator.n_components
        code = int(asked) if isinstance(asked, Integral) else estimator.n_components_
    outputs = code * estimator._outputs_per_code_unit
    encoder = [n_features, *hidden_widths(estimator), outputs]
    return encoder, [code, *decoder_widths(estimator), n_features]


def target_widths(estimator):
    """Widths of the layers from the code to a target, the code included; [] without a target."""
    n_outputs = estimator._n_target_outputs
    if not n_outputs:
        return []
    return [estimator.n_components_, *hidden_head_widths(estimator), n_outputs]


def hidden_head_widths(estimator):
    """Widths of the layers between the code and a prediction."""
    return _layer_sizes("head_layer_sizes", estimator.head_layer_sizes)


def n_target_layers(estimator):
    """Number of the layers from the code to a target."""
    return max(0, len(target_widths(estimator)) - 1)


def dropout_rate(estimator):
    """The share of hidden values that are dropped; "auto": some where a target is trained on."""
    if estimator.dropout != "auto":
        return float(estimator.dropout)
    has_target = bool(estimator.target_weight) and not is_full_batch(estimator.solver)
    return AUTO_TARGET_DROPOUT if has_target else 0.0


def weight_ties(estimator):
    """Which weights are another layer's, transposed: see `Parameters`."""
    if not estimator.tied_weights:
        return {}
    return mirrored_ties(n_encoder_layers(estimator), has_skip_connections(estimator))


def layer_activations(estimator, output):
    """Names of the activations of all layers after the input.

    "auto" is silu around an identity code beside skip connections, and tanh everywhere, as in
    the original network, without them. A penalty may have a code activation of its own.
    """
    hidden, code = estimator.activation, estimator.code_activation
    if code == "auto":
        code = _auto_code_activation(estimator)
    hidden, code = (_auto_activation(estimator) if a == "auto" else a for a in (hidden, code))
    n_encoder, n_decoder = n_encoder_layers(estimator), len(decoder_widths(estimator))
    return [hidden] * (n_encoder - 1) + [code] + [hidden] * n_decoder + [output]


def _auto_activation(estimator):
    return "silu" if has_skip_connections(estimator) else estimator._plain_activation


def _auto_code_activation(estimator):
    penalty = estimator.code_penalty
    if penalty is not None and penalty.code_activation is not None:
        return penalty.code_activation
    return "identity" if has_skip_connections(estimator) else estimator.activation


def has_skip_connections(estimator):
    """Whether the network has skip connections; "auto": unless output or code were asked for."""
    if estimator.skip_connections != "auto":
        return bool(estimator.skip_connections)
    penalty = estimator.code_penalty
    if estimator.pretrain_iter or (penalty is not None and penalty.code_activation is not None):
        return False
    loss = asked_loss(estimator)
    is_free = estimator.output_activation in ("auto", "identity", loss.link)
    return loss.takes_skip_connections and (is_free or estimator.weight_init == "pca")


def choose_output(estimator, rows):
    """Name of the output's activation; "auto" looks at loss, skips, scaling and rows, in turn.

    Without rows (None) it is None where these would decide.
    """
    if estimator.output_activation != "auto":
        return estimator.output_activation
    loss = asked_loss(estimator)
    if loss.is_linked:
        return loss.link
    if is_by_column(estimator):
        return "identity"
    if has_skip_connections(estimator) or estimator.scale in ("standard", "common"):
        return "identity"
    if rows is None:
        return None
    low, high = extremes(rows)
    return "sigmoid" if low.min() >= 0 and high.max() <= 1 else "identity"


def draw_parameters(estimator, n_features, activations, rng, dtype):
    """Weights drawn by the initialiser, or by the one that fits each activation; biases 0."""
    widths = network_widths(estimator, n_features)
    shapes = layer_shapes(*widths, has_skips=has_skip_connections(estimator))
    of_target = list(pairwise(target_widths(estimator)))
    parameters = Parameters([*shapes, *of_target], dtype, weight_ties(estimator))
    own = [each for each in enumerate(activations) if each[0] not in parameters.ties]
    own += enumerate(target_activations(estimator), len(shapes))
    for number, activation in own:
        name = estimator.weight_init
        if name in ("auto", "pca"):
            name = ACTIVATIONS[activation].initializer
        weights = parameters.weights[number]
        weights[...] = INITIALIZERS[name](*weights.shape, rng)
    return parameters


def target_activations(estimator):
    """Activations of the layers from the code to a target; [] without a target."""
    return head_activations(estimator) if n_target_layers(estimator) else []


def head_activations(estimator):
    """Activations of the layers from the code to a prediction; the last is left to the loss."""
    hidden = estimator.activation
    hidden = _auto_activation(estimator) if hidden == "auto" else hidden
    return [*[hidden] * len(hidden_head_widths(estimator)), "identity"]


def first_parameters(estimator, rows, activations, rng):
    """Parameters that training starts from, and those that it must not end worse than, or None.

    With skip connections these last are PCA's, unless the loss has a range, which PCA would leave,
    or the code a penalty, of which PCA knows nothing.
    """
    parameters = draw_parameters(estimator, rows.n_features, activations, rng, rows.dtype)
    code = n_encoder_layers(estimator)
    loss = trained_loss(estimator, estimator._trained_features())
    start_at_the_mean(parameters.biases[len(activations) - 1], rows, loss)
    has_target = n_target_layers(estimator) > 0
    if has_target:
        parameters.biases[-1][...] = estimator._constant_output(rows)
    if not has_skip_connections(estimator):
        return parameters, None
    components = principal_components(rows, estimator.n_components_)
    if not loss.starts_at_pca:
        lay_skip_connections(
            parameters, activations, code, components, share=START_SHARE, bounded=True
        )
        return parameters, None
    pca = parameters.copy()
    lay_skip_connections(pca, activations, code, components)
    end_in_zeros(pca, activations, code)
    fallback = pca if estimator.code_penalty is None and not has_target else None
    if estimator.weight_init == "pca":
        return pca, fallback
    lay_skip_connections(parameters, activations, code, components, share=START_SHARE)
    return parameters, fallback


def start_at_the_mean(bias, rows, loss):
    """Set the output's bias so that it gives the mean of each feature, for a loss with a link.

    Scaling cannot centre what such a loss needs in a range, and a network that has first
    to find the size of each feature ends worse.
    """
    if not loss.starts_at_pca:
        with quiet_overflow():
            bias[...] = loss.output_of(means(rows))


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
