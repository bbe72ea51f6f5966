"""Fitted networks as ONNX graphs, which run without Python.

The graph computes in the type of its input, float32 or float64. To export another kind of
estimator, or another method, add an entry to `_converters`.
"""

from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._base import BaseAutoencoder
from .._classifier import AutoencoderClassifier
from .._imputer import AutoencoderImputer
from .._outlier import AutoencoderOutlierDetector
from .._regressor import AutoencoderRegressor
from .._supervised import SupervisedAutoencoder
from .._transformer import AutoencoderTransformer
from .._variational import VariationalAutoencoderTransformer
from .graph import Graph, add_network, add_scaled_rows, add_unscaled
from .outlier import add_labels_and_scores
from .supervised import add_label_and_probabilities, add_prediction, label_type
from .tables import add_encoded, refuse_table, table_dtype, table_inputs, takes_table


def to_onnx(model, X, output="auto", **options):
    """Convert a fitted autoencoder, or a pipeline with one in it, to an ONNX model.

    Parameters
    ----------
    model : estimator
        A fitted autoencoder or outlier detector of this package, or a fitted `Pipeline` or
        other estimator of scikit-learn that skl2onnx can convert.

    X : array-like of shape (n_samples, n_features)
        Input of the kind that the ONNX model will get, of which one row is enough: its type,
        float32 or float64, and its width are taken. For `output="inverse_transform"` these
        are codes. Of a table with categories a row of that table, in a frame where `fit` saw
        one.

    output : {"auto", "transform", "predict", "inverse_transform", "reconstruct"}, default="auto"
        The method that the ONNX model computes; the last two are those of an autoencoder.
        "predict" brings along what skl2onnx gives for such a model: for outlier detectors
        their `decision_function`, for classifiers the probabilities. "auto" is "transform"
        for models that have it, also for classifiers and regressors of this package, and
        "predict" for others.

    **options
        Further arguments of `skl2onnx.to_onnx`, for example ``target_opset=17``.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Takes an array "X" of any number of rows and returns one array, of the type of X. An
        outlier detector returns two, of one column: "label", -1 for outliers and 1 for others,
        and "scores", which are negative for outliers. A classifier's "predict" returns "label", a
        vector of integers or strings, and "probabilities". What was fitted on a table with
        categories takes an input of one column for each column of it, with its name: see Notes.
        ``onnx_model.SerializeToString()`` is what a runtime loads.

    Raises
    ------
    ImportError
        Where skl2onnx is not installed: it comes with ``pip install 'skautoencoder[onnx]'``.

    ValueError
        Where `model` has no such output, where it is an `AutoencoderImputer` or has one in it,
        where X is not of the width that the output takes, or where a model of a table with
        categories is to rebuild that, is an outlier detector, or has scale="quantile".

    See Also
    --------
    register_onnx_converters : For calling skl2onnx oneself.

    Notes
    -----
    Missing values (NaN) in X become the features' means, as in `transform`, unless the
    estimator was made by `from_layer_weights`, which does not know them. The arithmetic is that
    of the input's type, also where the network was trained in another one.

    Of a table with categories, the inputs are tensors of strings or of int64 for categories that
    are these; of bool for booleans, or of int64 where some were missing in `fit`; and of float64
    for numbers, or float32 where all of those in X are. Strings and integers that are no category,
    such as "", are missing values, and become the feature's mean.

    Examples
    --------
    >>> import numpy as np
    >>> from skautoencoder import AutoencoderTransformer, to_onnx
    >>> X = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    >>> autoencoder = AutoencoderTransformer(2, max_iter=5).fit(X)
    >>> onnx_model = to_onnx(autoencoder, X[:1], output="reconstruct")
    >>> [each.name for each in onnx_model.graph.input]
    ['X']
    """
    skl2onnx = _import_skl2onnx()
    register_onnx_converters()
    _check_output(model, output)
    check_is_fitted(model)
    refuse_table(model, output in PARTS)
    part = (
        PARTS[output](model) if output in PARTS else _encoding_where_codes_are_asked(model, output)
    )
    first = _first_step(model)
    if takes_table(first):
        refuse_table(first, False)
        return skl2onnx.to_onnx(part, **{"initial_types": table_inputs(first, X), **options})
    if isinstance(model, OWN):
        X = _checked_input(model, X, output)
    return skl2onnx.to_onnx(part, X[:1], **options)


def register_onnx_converters():
    """Tell skl2onnx how the autoencoders of this package are converted.

    `to_onnx` does this by itself. Call it before `skl2onnx.to_onnx` or
    `skl2onnx.convert_sklearn` on a pipeline with an autoencoder in it.

    Raises
    ------
    ImportError
        Where skl2onnx is not installed: it comes with ``pip install 'skautoencoder[onnx]'``.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skautoencoder import AutoencoderTransformer, register_onnx_converters
    >>> X = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    >>> pipeline = make_pipeline(
    ...     StandardScaler(), AutoencoderTransformer(2, max_iter=5)
    ... ).fit(X)
    >>> register_onnx_converters()
    >>> onnx_model = skl2onnx.to_onnx(pipeline, X[:1])
    """
    register = _import_skl2onnx().update_registered_converter
    for kind, (widths, add_outputs) in _converters().items():
        declare, convert = partial(_declare, widths), partial(_convert, add_outputs)
        register(kind, f"Skautoencoder{kind.__name__}", declare, convert)


def _import_skl2onnx():
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            "Conversion to ONNX needs skl2onnx: pip install 'skautoencoder[onnx]'."
        ) from error
    return skl2onnx


def _encoding_where_codes_are_asked(model, output):
    """The model, with its codes in place of predictions where these are not what is asked for.

    Within a pipeline they are asked for of all steps but the last.
    """
    if isinstance(model, SupervisedAutoencoder):
        return model if output == "predict" else Encoding(model)
    # Here, so that importing skautoencoder needs no sklearn.preprocessing.
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline):
        return model
    *steps, (name, last) = model.steps
    steps = [(each, _encoding_where_codes_are_asked(step, "transform")) for each, step in steps]
    return Pipeline([*steps, (name, _encoding_where_codes_are_asked(last, output))])


def _first_step(model):
    """The model, or of a pipeline the step that X comes to."""
    steps = getattr(model, "steps", None)
    return _first_step(steps[0][1]) if steps else model


class _Part(TransformerMixin, BaseEstimator):
    """What of an autoencoder is converted, where this is not its `transform`."""

    def __init__(self, autoencoder):
        self.autoencoder = autoencoder

    def __sklearn_is_fitted__(self):
        return True


class Encoding(_Part):
    """Stands for `transform` where the estimator itself is converted to its predictions."""


class Decoder(_Part):
    """Stands for `inverse_transform`."""


class Reconstruction(_Part):
    """Stands for `reconstruct`."""


PARTS = {"inverse_transform": Decoder, "reconstruct": Reconstruction}


OWN = (BaseAutoencoder, AutoencoderOutlierDetector)


def _converters():
    """For each kind of estimator, the widths of its outputs and what adds these to a graph."""
    return {
        AutoencoderTransformer: (_width_of_code, _add_code),
        VariationalAutoencoderTransformer: (_width_of_code, _add_code),
        Decoder: (_width_of_rows, _add_decoded),
        Reconstruction: (_width_of_rows, _add_reconstruction),
        Encoding: (lambda part: _width_of_code(part.autoencoder), _add_encoding),
        AutoencoderClassifier: (_widths_of_classes, add_label_and_probabilities),
        AutoencoderRegressor: (lambda regressor: [regressor._n_outputs], add_prediction),
        AutoencoderOutlierDetector: (lambda detector: [1, 1], add_labels_and_scores),
        AutoencoderImputer: (_refuse_imputer, None),
    }


def _width_of_code(estimator):
    return [estimator._n_features_out]


def _widths_of_classes(classifier):
    """None stands for a vector, of labels."""
    return [None, len(classifier.classes_)]


def _width_of_rows(part):
    return [part.autoencoder.n_features_in_]


def _refuse_imputer(imputer):
    raise ValueError(
        f"{type(imputer).__name__} cannot be converted to ONNX: to fill a row, it solves equations "
        "in the observed cells of this row, for which ONNX has no operator. Use "
        "sklearn.impute.SimpleImputer before the autoencoder, or leave missing values (NaN) in X: "
        "the other estimators of this package take them."
    )


def _add_code(graph, estimator, X):
    encoder, _ = estimator._networks()
    return [add_network(graph, encoder, add_scaled_rows(graph, estimator, X))]


def _add_encoding(graph, part, X):
    return _add_code(graph, part.autoencoder, X)


def _add_rows(graph, estimator, code):
    _, decoder = estimator._networks()
    return [add_unscaled(graph, estimator, add_network(graph, decoder, code))]


def _add_decoded(graph, part, code):
    return _add_rows(graph, part.autoencoder, code)


def _add_reconstruction(graph, part, X):
    return _add_rows(graph, part.autoencoder, *_add_code(graph, part.autoencoder, X))


def _declare(widths, operator):
    """Tell skl2onnx the shapes of an operator's outputs, of which it knows the types."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    from skl2onnx.common.utils import check_input_and_output_numbers

    part, estimator = operator.raw_operator, _estimator_of(operator)
    refuse_table(estimator, isinstance(part, (Decoder, Reconstruction)))
    widths, is_table = widths(part), takes_table(estimator)
    check_input_and_output_numbers(
        operator,
        input_count_range=[1, None] if is_table else 1,
        output_count_range=len(widths),
    )
    shape = operator.inputs[0].type.shape
    n_rows = shape[0] if shape else None
    for output, width in zip(operator.outputs, widths, strict=True):
        if width is None:
            output.type = label_type(part.classes_)[0]([n_rows])
        elif is_table:
            is_double = _dtype_of(operator) == np.float64
            output.type = (DoubleTensorType if is_double else FloatTensorType)([n_rows, width])
        else:
            output.type.shape = [n_rows, width]


def _estimator_of(operator):
    """The fitted estimator, whatever part of it an operator stands for."""
    part = operator.raw_operator
    return part.autoencoder if isinstance(part, _Part) else part


def _dtype_of(operator):
    """In which an operator computes."""
    from skl2onnx.common.data_types import guess_tensor_type

    estimator, types = _estimator_of(operator), [each.type for each in operator.inputs]
    if takes_table(estimator):
        return table_dtype(estimator._columns, types)
    declared = guess_tensor_type(types[0])
    return np.float64 if type(declared).__name__ == "DoubleTensorType" else np.float32


def _convert(add_outputs, scope, operator, container):
    """Add an operator's nodes to the container of skl2onnx."""
    graph, estimator = Graph(scope, container, _dtype_of(operator)), _estimator_of(operator)
    if takes_table(estimator):
        X = add_encoded(graph, estimator._columns, operator.inputs)
    else:
        X = _add_rows_of(graph, operator.inputs[0])
    results = add_outputs(graph, operator.raw_operator, X)
    for result, output in zip(results, operator.outputs, strict=True):
        graph.add("Identity", result, result=output.full_name)


def _add_rows_of(graph, given):
    """The rows of an input, in the type in which the graph computes."""
    from skl2onnx.common.data_types import guess_proto_type, guess_tensor_type

    declared = guess_proto_type(guess_tensor_type(given.type))
    if guess_proto_type(given.type) == declared:
        return given.full_name
    # Integers and booleans, for example from a step before.
    return graph.add("Cast", given.full_name, to=declared)


def _check_output(model, output):
    """Raise ValueError unless the model has such an output."""
    allowed = ["auto", "transform", "predict", *PARTS]
    if output not in allowed:
        raise ValueError(f"output must be one of {allowed}. Got {output!r} instead.")
    name = type(model).__name__
    if output in PARTS and not isinstance(model, BaseAutoencoder):
        hint = ": pass its last step" if hasattr(model, "steps") else ""
        raise ValueError(
            f"output={output!r} is that of an autoencoder. Got a {name} instead{hint}, or use "
            "output='auto'."
        )
    if output in ("transform", "predict") and not hasattr(model, output):
        raise ValueError(f"output={output!r} is not what this {name} has: leave output at 'auto'.")


def _checked_input(model, X, output):
    """X as an array of float32 or float64; ValueError where it has not the right width."""
    X = np.asarray(X)
    width = model._n_features_out if output == "inverse_transform" else model.n_features_in_
    if X.ndim != 2 or X.shape[1] != width or not len(X):
        raise ValueError(
            f"X must have at least one row, and the {width} columns that output={output!r} of "
            f"this {type(model).__name__} takes. Got shape {X.shape} instead."
        )
    return X if X.dtype == np.float32 else X.astype(np.float64)
