"""Predictions of classifiers and regressors written in ONNX operators."""

import numpy as np

from .._reconstruction import target_network
from .graph import add_network, add_scaled_rows


def add_label_and_probabilities(graph, classifier, X):
    """What skl2onnx has for classifiers: `predict`, and `predict_proba`."""
    logits = _add_outputs(graph, classifier, X)
    number = graph.add("ArgMax", logits, axis=1, keepdims=0)
    label = graph.add("Gather", graph.labels(classifier.classes_), number)
    return [label, graph.add("Softmax", logits, axis=1)]


def add_prediction(graph, regressor, X):
    """`predict`, in a column for each output."""
    scaled = graph.add("Mul", _add_outputs(graph, regressor, X), regressor.target_scale_)
    return [graph.add("Add", scaled, regressor.target_mean_)]


def _add_outputs(graph, estimator, X):
    """What the head makes of the codes, before the link of its loss."""
    encoder, _ = estimator._networks()
    code = add_network(graph, encoder, add_scaled_rows(graph, estimator, X))
    return add_network(graph, target_network(estimator), code)


def label_type(classes):
    """The type of skl2onnx that labels have, and that of NumPy; ValueError where there is none."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    if np.issubdtype(classes.dtype, np.integer) or classes.dtype == bool:
        return Int64TensorType, np.int64
    if all(isinstance(each, str) for each in classes):
        return StringTensorType, object
    raise ValueError(
        f"ONNX has labels that are integers or strings. Got classes {classes.tolist()} instead: "
        "fit with y.astype(int) or y.astype(str)."
    )
