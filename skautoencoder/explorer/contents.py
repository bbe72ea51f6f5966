"""What the page holds: rows, codes and decoder, in a form that JSON can carry."""

import base64
from copy import copy

import numpy as np

from .._reconstruction import run, target_network
from .._supervised import SupervisedAutoencoder
from ..network.dataset import Dataset
from ..network.floating_point import quiet_overflow
from ..network.inference import outputs
from ..network.layers import Network

# float32 serves where it changes nothing by more than this share of the values' spread: a
# tenth of what the page promises.
TOLERANCE = 1e-6

# Numbers with more distinct values than this are a scale of colours, others are classes.
MAX_NUMBER_CLASSES = 12

# So many are told apart by the page's seven colours and five shapes.
MAX_CLASSES = 35

# Sliders reach this share of the codes' range beyond it, on both sides.
SLIDER_MARGIN = 0.15


def page_contents(estimator, rows, shown, index, target, feature_names, image_shape, undo=None):
    """Everything that the page's scripts read, as a dict for JSON.

    `index` says which of the validated rows it has, and of the target, which may be None. `shown`
    is what it shows of all rows, as they come to the estimator. `undo` is the scaling that leads
    from there to the units to show, None where they are these.
    """
    chosen = rows.select(index)
    encoder, decoder = estimator._networks()
    codes = run(outputs, [encoder], chosen)
    return {
        "estimator": type(estimator).__name__,
        "rowNumbers": packed(index.astype(np.int32)),
        "rows": packed(compact(dense_rows(shown, index, undo))),
        "codes": packed(codes),
        "limits": packed(slider_limits(encoder, codes)),
        "projection": projection(codes),
        "decoder": packed_decoder(estimator, decoder, codes, undo),
        "table": packed_table(estimator._columns),
        "head": packed_head(estimator, codes),
        "target": None if target is None else packed_target(target, index),
        "featureNames": None if feature_names is None else list(map(str, feature_names)),
        "imageShape": image_shape,
    }


def packed(values):
    """An array as type, shape and little-endian bytes in base64."""
    values = np.asarray(values)
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return {
        "dtype": values.dtype.name,
        "shape": list(values.shape),
        "base64": base64.b64encode(data).decode("ascii"),
    }


def compact(X):
    """X in float32, or as it is where that would change a feature visibly."""
    with np.errstate(over="ignore"):
        single = X.astype(np.float32)
    errors = np.abs(single.astype(np.float64) - X)
    spread = np.fmax.reduce(X, axis=0) - np.fmin.reduce(X, axis=0)
    # A feature that does not vary is measured by its value.
    scale = np.where(spread > 0, spread, np.fmax.reduce(np.abs(X), axis=0))
    return single if np.all((errors <= TOLERANCE * scale) | np.isnan(X)) else X


def packed_table(table):
    """Of each feature the column that it is of, and which of these are categories; None for none.

    A row's error is a mean over columns.
    """
    if table is None or not table.has_categories:
        return None
    return {
        "columnOf": table.column_of.tolist(),
        "isCategory": table.is_categorical.tolist(),
    }


def dense_rows(X, index, undo):
    """Some of the rows in the units to show, NaN where cells are missing."""
    X = X[index]
    X = X if isinstance(X, np.ndarray) else X.toarray()
    return X if undo is None else X * undo.scale + undo.shift


def slider_limits(encoder, codes):
    """Lowest and highest value of each slider: the codes' range and a little more.

    They stay within the range of the code's activation, which no row's code leaves.
    """
    low, high = codes.min(axis=0).astype(np.float64), codes.max(axis=0).astype(np.float64)
    width = high - low
    # A unit that does not vary has a slider too, to see whether the decoder heeds it.
    margin = np.where(width > 0, SLIDER_MARGIN * width, np.maximum(1, np.abs(low)))
    low, high = low - margin, high + margin
    if encoder.skip is None:
        activation = encoder.layers[-1].activation
        low, high = np.maximum(low, activation.low), np.minimum(high, activation.high)
    return np.stack([low, high])


def projection(codes):
    """Mean, directions and shares of variance of the codes' first two principal components.

    None where they have at most two units or one row, which need no projection.
    """
    if codes.shape[1] <= 2 or len(codes) < 2:
        return None
    mean = codes.mean(axis=0, dtype=np.float64)
    _, deviations, directions = np.linalg.svd(codes - mean, full_matrices=False)
    directions = directions[:2]
    # Signs that do not depend on the platform: each direction's largest weight is positive.
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[[0, 1], largest])[:, np.newaxis]
    variances = np.square(deviations)
    shares = variances[:2] / max(variances.sum(), np.finfo(np.float64).tiny)
    return {"mean": packed(mean), "directions": packed(directions), "shares": packed(shares)}


def packed_decoder(estimator, decoder, codes, undo=None):
    """The decoder, and how its outputs become rows in the units to show."""
    names = estimator.activations_[estimator._n_encoder_layers :]
    scaling = estimator._output_scaling()
    units = None if scaling is None else (scaling.shift, scaling.scale)
    if undo is not None:
        shift, scale = (0, 1) if units is None else units
        units = shift * undo.scale + undo.shift, scale * undo.scale
    scores = packed_scores(estimator._columns)
    return {**packed_network(decoder, names, units, codes), "scores": scores}


def packed_scores(table):
    """Features that are normal scores, and the numbers that some of these stand for."""
    if table is None or table.normal_scores is None:
        return []
    features = table.places_of_numbers.tolist()
    own = zip(features, table.normal_scores.scores, table.normal_scores.values, strict=True)
    return [
        {"feature": feature, "scores": packed(scores), "numbers": packed(numbers)}
        for feature, scores, numbers in own
    ]


def packed_head(estimator, codes):
    """What leads from the code to y, and what its outputs are called; None without a target."""
    if not isinstance(estimator, SupervisedAutoencoder):
        return None
    if hasattr(estimator, "classes_"):
        kind, names, units = "classes", class_names(estimator.classes_), None
    else:
        units = estimator.target_mean_, estimator.target_scale_
        kind, names = "numbers", [f"y{i}" for i in range(len(estimator.target_mean_))]
    network = target_network(estimator)
    layers = packed_network(network, estimator.target_activations_, units, codes)
    return {"kind": kind, "names": names, **layers}


def packed_links(losses):
    """Which columns of the outputs go through which function; a softmax's are one category."""
    return [{"link": link, "columns": columns.tolist()} for link, columns in losses.links]


def packed_network(network, activations, units, codes):
    """Layers, skip connection, and shift and scale of the outputs: float32 where that does."""
    dtype = np.float32 if float32_serves(network, codes) else np.float64
    shift, scale = (None, None) if units is None else map(packed, units)
    return {
        "layers": [
            {"activation": name, **packed_dense(layer, dtype)}
            for name, layer in zip(activations, network.layers, strict=True)
        ],
        "skip": None if network.skip is None else packed_dense(network.skip, dtype),
        "isSkipInside": bool(network.is_skip_inside),
        "links": [] if network.links is None else packed_links(network.links),
        "shift": shift,
        "scale": scale,
    }


def packed_dense(dense, dtype):
    """Weights and bias."""
    return {
        "weights": packed(dense.weights.astype(dtype, copy=False)),
        "bias": packed(dense.bias.astype(dtype, copy=False)),
    }


def float32_serves(network, codes):
    """Whether weights rounded to float32 make the same of these codes."""
    if network.dtype == np.float32:
        return True
    with quiet_overflow():
        exact = run(outputs, [network], Dataset(codes))
        error = np.abs(run(outputs, [rounded(network)], Dataset(codes)) - exact)
        spread = exact.max(axis=0) - exact.min(axis=0)
        # Not "greater", so that NaN asks for all digits.
        return bool(error.max() <= TOLERANCE * spread.max())


def rounded(network):
    """The network with weights rounded to float32, in float64."""
    skip = None if network.skip is None else rounded_dense(network.skip)
    layers = [rounded_dense(each) for each in network.layers]
    return Network(layers, skip, network.is_skip_inside, network.constants, network.links)


def rounded_dense(dense):
    """A dense layer with weights rounded to float32, in float64."""
    result = copy(dense)
    result.weights = dense.weights.astype(np.float32).astype(np.float64)
    result.bias = dense.bias.astype(np.float32).astype(np.float64)
    return result


def check_classes(target):
    """Raise ValueError where a target has more classes than can be told apart."""
    n_classes = 0 if is_scale(target) else len(np.unique(class_values(target)))
    if n_classes > MAX_CLASSES:
        raise ValueError(
            f"y has {n_classes} classes, and {MAX_CLASSES} can be told apart: pass numbers for a "
            "scale of colours, or y=None."
        )


def is_scale(target):
    """Whether a target is of numbers, and of many different ones."""
    return target.dtype.kind in "fiu" and len(np.unique(target)) > MAX_NUMBER_CLASSES


def class_values(target):
    """A target's values, or the names of objects, which need not have an order themselves."""
    return target if target.dtype.kind in "fiub" else target.astype(str)


def packed_target(target, index):
    """Numbers where there are many different ones, else classes: their names, and each row's."""
    if is_scale(target):
        return {"kind": "numbers", "values": packed(target[index].astype(np.float64))}
    classes, numbers = np.unique(class_values(target)[index], return_inverse=True)
    return {
        "kind": "classes",
        "names": class_names(classes),
        "index": packed(numbers.astype(np.int32)),
    }


def class_names(classes):
    """What the page calls classes."""
    return [f"{each:g}" if classes.dtype.kind == "f" else str(each) for each in classes]
