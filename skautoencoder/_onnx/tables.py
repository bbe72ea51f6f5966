"""Tables in ONNX: an input for each column, and categories as columns of zeros and ones.

A tensor of strings or integers has no missing values: what is no category stands for one.
"""

import numpy as np

from .._category_encoding import ColumnEncoder
from .._data_validation import check_rows
from .._outlier import AutoencoderOutlierDetector

BY_HAND = (
    "Fit it on columns of numbers, which a OneHotEncoder in a ColumnTransformer makes of "
    "categories, with loss='mixed', and convert that"
)


def takes_table(model):
    """Whether the model was fitted on a table with categories, or takes numbers by their ranks."""
    # Other estimators, such as ColumnTransformer, have a list of this name.
    return isinstance(getattr(model, "_columns", None), ColumnEncoder)


def refuse_table(model, gives_rows):
    """Raise ValueError where the model is of a table, and ONNX cannot have what is asked for.

    `gives_rows` says whether that is a table again.
    """
    if not takes_table(model):
        return
    name, table = type(model).__name__, model._columns
    if table.is_ranked:
        raise ValueError(
            f"This {name} takes numbers by their ranks, which are not converted to ONNX. Fit it "
            "with scale='standard' instead of 'quantile' (which 'auto' is for "
            "VariationalAutoencoderTransformer of a table), or behind a QuantileTransformer."
        )
    if isinstance(model, AutoencoderOutlierDetector):
        raise ValueError(
            f"This {name} takes a table with categories, and its scores are converted to ONNX for "
            f"numbers alone. {BY_HAND}."
        )
    if gives_rows:
        raise ValueError(
            f"This {name} rebuilds a table with categories, for which ONNX has no single output: "
            f"'transform' and 'predict' can be converted. {BY_HAND}: it gives probabilities."
        )
    kinds = zip(np.flatnonzero(table.is_categorical), table.categories, strict=True)
    columns = [int(number) for number, own in kinds if own.dtype.kind not in "Uiubf"]
    if columns:
        raise ValueError(
            f"ONNX has categories that are strings, numbers or booleans. Got others in the columns "
            f"{_names(model)[columns].tolist()} of this {name}: turn them into strings before fit."
        )


def table_inputs(model, X):
    """Name and type of the input for each column, as skl2onnx takes them.

    Numbers are float32 where all of those in X are, else float64.
    """
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    # As in transform, which also says what is wrong with X.
    rows, _ = check_rows(model, X[:1], [np.float64, np.float32], reset=False)
    number = FloatTensorType if rows.dtype == np.float32 else DoubleTensorType
    kinds = np.full(model.n_features_in_, number)
    table = model._columns
    own = zip(table.categories, table.has_missing, strict=True)
    kinds[table.is_categorical] = [_category_type(*each) or number for each in own]
    return [(str(name), kind([None, 1])) for name, kind in zip(_names(model), kinds, strict=True)]


def table_dtype(table, types):
    """In which a graph computes that gets a table in inputs of these types of skl2onnx."""
    is_double = any(type(each).__name__ == "DoubleTensorType" for each in types)
    return np.float64 if is_double or table.is_categorical.all() else np.float32


def add_encoded(graph, table, inputs):
    """The encoded form of columns, each in an input of its own or some side by side."""
    columns = [column for each in inputs for column in _add_single_columns(graph, each)]
    n_columns = len(table.is_categorical)
    if len(columns) != n_columns:
        raise ValueError(
            f"The autoencoder takes a table of {n_columns} columns. Got inputs of {len(columns)} "
            "columns instead: pass initial_types, or a frame, of the columns that it was fitted on."
        )
    categories = iter(table.categories)
    parts = [
        _add_category(graph, *column, next(categories))
        if is_category
        else _as_number(graph, column[0])
        for column, is_category in zip(columns, table.is_categorical, strict=True)
    ]
    return graph.add("Concat", *parts, axis=1)


def _names(model):
    own = getattr(model, "feature_names_in_", None)
    return np.array([f"x{i}" for i in range(model.n_features_in_)]) if own is None else own


def _category_type(categories, has_missing):
    """The type of the input of a category, None for that of numbers."""
    from skl2onnx.common.data_types import BooleanTensorType, Int64TensorType, StringTensorType

    kind = categories.dtype.kind
    if kind == "U" or not len(categories):
        return StringTensorType
    if kind == "b" and not has_missing:
        return BooleanTensorType
    return None if kind == "f" else Int64TensorType


def _add_single_columns(graph, given):
    """Name and type of each column of an input."""
    width, kind = given.type.shape[1], type(given.type).__name__
    if width == 1:
        return [(given.full_name, kind)]
    return [
        (graph.add("Gather", given.full_name, graph.integers([number]), axis=1), kind)
        for number in range(width)
    ]


def _add_category(graph, column, kind, categories):
    """Zeros and a one; NaN in all columns where there is no such category."""
    if not len(categories):
        return _add_nan(graph, column)
    if categories.dtype.kind == "U":
        marks = _add_marks_of_strings(graph, column, kind, categories)
    else:
        marks = _add_marks_of_numbers(graph, column, kind, categories)
    is_known = graph.add("Greater", graph.add("MatMul", marks, np.ones((len(categories), 1))), 0)
    return graph.add("Where", is_known, marks, np.nan)


def _add_marks_of_strings(graph, column, kind, categories):
    if kind != "StringTensorType":
        raise ValueError(
            f"The categories {categories[:3].tolist()} come in a tensor of strings. Got a {kind} "
            "instead: pass X to to_onnx, which finds the types, or strings in initial_types."
        )
    texts = [str(each).encode() for each in categories]
    marks = graph.add("OneHotEncoder", column, op_domain="ai.onnx.ml", cats_strings=texts, zeros=1)
    return _as_number(graph, graph.add("Reshape", marks, graph.integers([-1, len(texts)])))


def _add_marks_of_numbers(graph, column, kind, categories):
    """Integers are compared as such: floats cannot tell large ones apart."""
    if categories.dtype.kind == "f" or kind in ("FloatTensorType", "DoubleTensorType"):
        is_own = graph.add("Equal", _as_number(graph, column), categories[np.newaxis])
    else:
        from onnx import TensorProto

        column = graph.add("Cast", column, to=TensorProto.INT64)
        is_own = graph.add("Equal", column, graph.integers(categories[np.newaxis]))
    return graph.add("Where", is_own, 1, 0)


def _add_nan(graph, column):
    """A column of NaN."""
    from onnx import numpy_helper

    value = numpy_helper.from_array(np.array([np.nan], graph.dtype))
    return graph.add("ConstantOfShape", graph.add("Shape", column), value=value)


def _as_number(graph, column):
    """The column in the type in which the graph computes."""
    from onnx.helper import np_dtype_to_tensor_dtype

    return graph.add("Cast", column, to=np_dtype_to_tensor_dtype(np.dtype(graph.dtype)))
