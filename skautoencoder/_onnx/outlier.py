"""Outlier scores written in ONNX operators."""

import numpy as np

from .._outlier import DEGREES_OF_FREEDOM
from .graph import add_network, add_scaled_rows, add_shifted


def add_labels_and_scores(graph, detector, X):
    """What skl2onnx has for outlier detectors: `predict` and `decision_function`, in columns."""
    from onnx import TensorProto

    scores = graph.add("Sub", _add_score_samples(graph, detector, X), detector.offset_)
    labels = graph.add("Where", graph.add("Less", scores, 0), -1, 1)
    return [graph.add("Cast", labels, to=TensorProto.INT64), scores]


def _add_score_samples(graph, detector, X):
    """Minus the mean over members and observed cells of what errors and distances cost."""
    n_members, n_features = detector.centers_.shape
    rows = graph.add("Div", add_shifted(graph, X, detector.mean_), detector.scale_)
    is_missing = graph.add("IsNaN", rows)
    ones, total = np.ones((n_features, 1)), np.zeros((1, 1))
    for number, part_weights in enumerate(detector.part_weights_):
        costs = _add_costs(graph, detector, number, X, rows)
        for cost, weight in zip(costs, part_weights, strict=True):
            cost = graph.add("Where", is_missing, 0, cost)
            total = graph.add("Gemm", cost, -weight / n_members * ones, total)
    is_observed = graph.add("Where", is_missing, 0, 1)
    n_observed = graph.add("MatMul", is_observed, ones)
    return graph.add("Div", total, graph.add("Max", n_observed, 1))


def _add_costs(graph, detector, number, X, rows):
    """What a member makes of each cell's error, and of the distance from its center."""
    rebuilt = _add_rebuilt(graph, detector, number, X)
    errors = graph.add("Sub", rows, rebuilt)
    distances = graph.add("Sub", rebuilt, detector.centers_[number])
    return [
        _add_student_cost(graph, errors, detector.error_variances_[number]),
        _add_student_cost(graph, distances, detector.distance_variances_[number]),
    ]


def _add_rebuilt(graph, detector, number, X):
    """A member's reconstruction in standardised units, not by way of the units of X.

    There, float32 would lose digits of features that are far from 0.
    """
    member = detector.estimators_[number]
    encoder, decoder = member._networks()
    code = add_network(graph, encoder, add_scaled_rows(graph, member, X))
    scaling, shift, scale = member._scaling(), -detector.mean_, 1 / detector.scale_
    if scaling is not None:
        shift, scale = shift + scaling.shift, scale * scaling.scale
    rebuilt = graph.add("Mul", add_network(graph, decoder, code), scale)
    return graph.add("Add", rebuilt, shift / detector.scale_)


def _add_student_cost(graph, deviations, variances):
    """log(1 + a^2) for a = |z| / (sqrt(degrees) sigma), without a^2, which may overflow.

    With m = max(a, 1) it is 2 log(m) + log(m^-2 + (a / m)^2).
    """
    a = graph.add("Abs", graph.add("Div", deviations, np.sqrt(DEGREES_OF_FREEDOM * variances)))
    m = graph.add("Max", a, 1)
    parts = [graph.add("Div", each, m) for each in (1, a)]
    squares = [graph.add("Mul", each, each) for each in parts]
    logs = [graph.add("Log", each) for each in (m, graph.add("Add", *squares))]
    return graph.add("Add", graph.add("Add", logs[0], logs[0]), logs[1])
