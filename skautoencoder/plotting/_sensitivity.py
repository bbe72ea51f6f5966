"""What a unit answers to in the input, and what it changes in the output."""

import numpy as np
from scipy.special import softmax

from .._data_validation import apply_scaling, inference_rows
from ..network.activations import ACTIVATIONS
from ..network.dataset import Dataset
from ..network.layers import Buffers

# A mean over more rows looks the same.
MAX_ROWS = 100


def unit_pictures(autoencoder, layer, X=None):
    """One row for each unit of a layer, one column for each feature, in the network's units.

    Of a layer before the code: the gradient of a unit before its activation with respect to
    the input, which for the first layer is its weights. Of the code and the layers after it:
    the gradient of the output with respect to the unit. Both are means over the rows of X;
    None is the one row that the means of the training data make.
    """
    encoder, decoder = autoencoder._networks()
    n_encoder = len(encoder.layers)
    if layer == 1 < n_encoder:
        return encoder.layers[0].weights.T
    inputs = reference_inputs(autoencoder, X)
    codes, slopes = run(encoder, inputs)
    if layer < n_encoder:
        return mean_gradient(encoder.layers[:layer], slopes[: layer - 1]).T
    start = layer - n_encoder
    links, decoder.links = decoder.links, None
    outputs, slopes = run(decoder, codes)
    skip = decoder.skip if start == 0 else None
    return output_gradient(decoder, start, slopes, skip, links, outputs)


def reference_inputs(autoencoder, X):
    """Rows, as the network sees them, at which gradients are taken."""
    if X is not None:
        rows = inference_rows(autoencoder, X)
    elif autoencoder.mean_ is not None:
        rows = apply_scaling(autoencoder, Dataset(autoencoder.mean_[np.newaxis]))
    else:
        raise ValueError(
            f"This {type(autoencoder).__name__} was made of weights alone and does not know the "
            "means of its features: pass X, rows at which to look."
        )
    rows = rows.select(np.linspace(0, len(rows) - 1, min(len(rows), MAX_ROWS)).astype(int))
    memory = np.empty((len(rows), rows.n_features), autoencoder.coefs_[0].dtype)
    return rows.read(slice(0, len(rows)), memory)[0]


def run(network, inputs):
    """The network's values, and the slope of every layer's activations, at these inputs."""
    buffers = Buffers.for_training(network, len(inputs), drops=True)
    buffers.values[0] = inputs
    return network.forward(buffers), buffers.derivatives


def mean_gradient(layers, slopes):
    """Mean of the gradient of the last layer's sums with respect to the inputs of the first.

    `slopes` are those of all layers but the last, for each row.
    """
    if len(layers) == 1:
        return layers[0].weights
    total = 0
    for row in zip(*slopes, strict=True):
        gradient = layers[0].weights
        for slope, layer in zip(row, layers[1:], strict=True):
            gradient = (gradient * slope) @ layer.weights
        total = total + gradient
    return total / len(slopes[0])


def output_gradient(decoder, start, slopes, skip, links, outputs):
    """Mean gradient of predictions with respect to the inputs of layer `start` of the decoder.

    `links` lead from the outputs of each row to predictions; None where these are the outputs.
    """
    total = 0
    for row, own in zip(zip(*slopes[start:], strict=True), outputs, strict=True):
        gradient = mean_gradient(decoder.layers[start:], [slope[np.newaxis] for slope in row[:-1]])
        if skip is not None and decoder.is_skip_inside:
            gradient = gradient + skip.weights
        gradient = gradient * row[-1]
        if skip is not None and not decoder.is_skip_inside:
            gradient = gradient + skip.weights
        total = total + (gradient if links is None else linked(gradient, links, own))
    return total / len(outputs)


def linked(gradient, links, outputs):
    """The gradient of a row's predictions from that of its outputs."""
    gradient = gradient.copy()
    for link, columns in links.links:
        own, z = gradient[:, columns], outputs[columns]
        if link == "softmax":
            shares = softmax(z)
            gradient[:, columns] = shares * (own - (own @ shares)[:, np.newaxis])
        else:
            slope = np.empty_like(z)
            ACTIVATIONS[link].function(z.copy(), slope)
            gradient[:, columns] = slope * own
    return gradient
