"""Outlier scores written in ONNX operators."""

import numpy as np

from .._outlier_scores import (
    DEGREES_OF_FREEDOM,
    N_NEIGHBOURS,
    N_REBUILT_NEIGHBOURS,
    ONSET,
    PART_WEIGHTS,
    neighbourhood,
)
from .graph import add_network, add_scaled_rows, add_shifted


def add_labels_and_scores(graph, detector, X):
    """What skl2onnx has for outlier detectors: `predict` and `decision_function`, in columns."""
    from onnx import TensorProto

    scores = graph.add("Sub", _add_score_samples(graph, detector, X), detector.offset_)
    labels = graph.add("Where", graph.add("Less", scores, 0), -1, 1)
    return [graph.add("Cast", labels, to=TensorProto.INT64), scores]


def _add_score_samples(graph, detector, X):
    """Minus the length of what the four parts of a row's costs exceed the onset by."""
    rows = graph.add("Div", add_shifted(graph, X, detector.mean_), detector.scale_)
    squares = [
        graph.add("Mul", weight, graph.add("Mul", excess, excess))
        for weight, excess in zip(PART_WEIGHTS, _add_excess(graph, detector, X, rows), strict=True)
    ]
    return graph.add("Neg", graph.add("Sqrt", graph.add("Sum", *squares)))


def _add_excess(graph, detector, X, rows):
    """How far each part exceeds the onset, in its spreads, in columns."""
    is_missing = graph.add("IsNaN", rows)
    is_observed = graph.add("Where", is_missing, 0, 1)
    n_observed = graph.add("MatMul", is_observed, ~detector.is_constant_[:, np.newaxis])
    n_observed = graph.add("Max", n_observed, 1)
    ones = np.ones((detector.n_features_in_, 1))
    parts = zip(
        _add_parts(graph, detector, X, rows),
        detector.part_medians_,
        detector.part_spreads_,
        strict=True,
    )
    for costs, median, spread in parts:
        sums = graph.add("MatMul", graph.add("Where", is_missing, 0, costs), ones)
        part = graph.add("Sub", graph.add("Div", sums, n_observed), median + ONSET * spread)
        yield graph.add("Div", graph.add("Relu", part), spread)


def _add_parts(graph, detector, X, rows):
    """What each cell costs by the four parts."""
    n_members = len(detector.estimators_)
    clean = _add_without_gross(graph, detector, X)
    rebuilt = [_add_rebuilt(graph, detector, number, clean) for number in range(n_members)]
    scales = n_members * detector.error_spreads_
    errors = [
        graph.add("Div", _add_student_cost(graph, graph.add("Sub", rows, each), variances), scale)
        for each, variances, scale in zip(rebuilt, detector.error_variances_, scales, strict=True)
    ]
    mean_rebuilt = graph.add("Div", graph.add("Sum", *rebuilt), n_members)
    searched = graph.add("Div", add_shifted(graph, clean, detector.mean_), detector.scale_)
    searched = graph.add("Where", graph.add("IsNaN", searched), 0, searched)
    weights, (own, of_rebuilt) = detector.reference_weights_, detector.neighbour_variances_
    yield graph.add("Sum", *errors)
    shares = _add_shares(graph, searched, detector.references_, weights, N_NEIGHBOURS)
    distances = _add_distances(graph, rows, shares, detector.references_)
    yield _add_student_cost(graph, distances, own)
    references = detector.rebuilt_references_
    shares = _add_shares(graph, mean_rebuilt, references, weights, N_REBUILT_NEIGHBOURS)
    distances = _add_distances(graph, mean_rebuilt, shares, references)
    yield _add_student_cost(graph, distances, of_rebuilt)
    is_small = graph.add("Less", rows, detector.medians_)
    variances = graph.add("Where", is_small, *detector.median_variances_)
    yield _add_student_cost(graph, graph.add("Sub", rows, detector.medians_), variances)


def _add_without_gross(graph, detector, X):
    """X with NaN in place of gross cells."""
    largest = np.finfo(graph.dtype).max
    low, high = np.clip(detector._fences, -largest, largest)
    is_gross = graph.add("Or", graph.add("Less", X, low), graph.add("Greater", X, high))
    return graph.add("Where", is_gross, np.nan, X)


def _add_shares(graph, rows, references, weights, n_neighbours):
    """How much each reference counts among the neighbours of each row."""
    n_nearest, amount = neighbourhood(weights, n_neighbours)
    squares = np.square(references).sum(axis=1)
    distances = graph.add("Gemm", rows, -2 * references.T, squares)
    nearest = graph.add_nearest(distances, n_nearest)
    own = graph.add("Gather", weights, nearest)
    if n_nearest > 1:
        own = graph.add("Mul", own, np.arange(n_nearest) > 0)
    before = graph.add("Sub", graph.add("CumSum", own, graph.integers(1)), own)
    left = graph.add("Max", graph.add("Sub", amount, before), 0)
    own = graph.add("Min", left, own)
    own = graph.add("Div", own, graph.add("MatMul", own, np.ones((n_nearest, 1))))
    nothing = graph.add("Mul", distances, 0)
    return graph.add("ScatterElements", nothing, nearest, own, axis=1)


def _add_distances(graph, rows, shares, references):
    """Root mean square, over a row's neighbours, of the distances in each feature."""
    mean = graph.add("MatMul", shares, references)
    # About the middle of the references, where float32 loses few digits.
    square = graph.add("MatMul", shares, np.square(references))
    variance = graph.add("Relu", graph.add("Sub", square, graph.add("Mul", mean, mean)))
    return _add_length(graph, graph.add("Sub", rows, mean), graph.add("Sqrt", variance))


def _add_length(graph, one, other):
    """The square root of the sum of two squares, which may overflow."""
    one = graph.add("Abs", one)
    larger = graph.add("Max", one, other, np.finfo(graph.dtype).tiny)
    squares = [
        graph.add("Mul", each, each) for each in (graph.add("Div", v, larger) for v in (one, other))
    ]
    return graph.add("Mul", larger, graph.add("Sqrt", graph.add("Sum", *squares)))


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
    units = graph.add("Sqrt", graph.add("Mul", variances, DEGREES_OF_FREEDOM))
    a = graph.add("Abs", graph.add("Div", deviations, units))
    m = graph.add("Max", a, 1)
    parts = [graph.add("Div", each, m) for each in (1, a)]
    squares = [graph.add("Mul", each, each) for each in parts]
    logs = [graph.add("Log", each) for each in (m, graph.add("Add", *squares))]
    return graph.add("Add", graph.add("Add", logs[0], logs[0]), logs[1])
