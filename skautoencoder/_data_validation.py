"""Checks of rows, their weights and codes, before any work; no estimator's parameters."""

from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.utils.validation import assert_all_finite, check_array, validate_data

from ._category_encoding import encoded_rows, learn_columns, learn_ranked_numbers
from .network.column_losses import heads_of
from .network.dataset import Dataset
from .network.floating_point import quiet_overflow
from .network.scaling import extremes


def training_rows(estimator, X, sample_weight, dtype, reset):
    """Validated rows to train on, those with zero weight left out."""
    X, has_missing = check_rows(estimator, X, dtype, reset)
    check_magnitude(X)
    weights, table = check_sample_weight(sample_weight, X), estimator._columns
    if table is not None:
        if reset and table.is_ranked:
            table.learn_ranks(X, weights)
        X = table.ranked(X)
    rows = Dataset(X, sample_weight=weights, has_missing=has_missing)
    return rows if weights is None or weights.all() else rows.select(np.flatnonzero(weights))


def inference_rows(estimator, X, sample_weight=None):
    """Validated rows of the width that the estimator was fitted on, as its network sees them."""
    X, has_missing = check_rows(estimator, X, [np.float64, np.float32], reset=False)
    weights = check_sample_weight(sample_weight, X)
    if estimator._columns is not None:
        X = estimator._columns.ranked(X)
    rows = Dataset(X, sample_weight=weights, has_missing=has_missing)
    return apply_scaling(estimator, rows)


def check_rows(estimator, X, dtype, reset):
    """X as validated, with NaN but no infinities, and whether it has missing values, NaN.

    Where it is a table with categories, its encoded form; numbers are not ranked yet.
    """
    if reset:
        columns = learn_columns(estimator, X)
        if columns is not estimator._columns:
            estimator._columns = columns
    table = estimator._columns
    if table is not None and table.has_categories:
        X = encoded_rows(estimator, X, dtype, reset)
        return X, check_finite(X, type(estimator).__name__)
    is_ranked = getattr(estimator, "scale", None) == "quantile" if reset else table is not None
    X = validate_data(
        estimator,
        native(X),
        accept_sparse=False if is_ranked else "csr",
        dtype=dtype,
        reset=reset,
        ensure_all_finite=False,
    )
    if reset and is_ranked:
        learn_ranked_numbers(estimator, X)
    return X, check_finite(X, type(estimator).__name__)


def native(X):
    """X in the byte order of this machine: scikit-learn would make float64 of other float32."""
    if isinstance(X, np.ndarray) and not X.dtype.isnative:
        return X.astype(X.dtype.newbyteorder("="))
    return X


def apply_scaling(estimator, rows):
    """The same rows with the scaling, and the means of their features, of the fit."""
    scaling, mean = estimator._scaling(), estimator.mean_
    rows = rows.scaled_by(scaling and scaling.of(rows.features))
    if mean is not None:
        own = mean if rows.features is None else mean[rows.features]
        return rows.scaled_by(rows.scaling, rows.in_network_units(own))
    if rows.has_missing:
        raise ValueError(
            f"X has missing values (NaN), but this {type(estimator).__name__} was made of weights "
            "alone and does not know the means to put in their place: fill them first, for example "
            "with sklearn.impute.SimpleImputer."
        )
    return rows


def check_finite(X, name):
    """Raise ValueError where X is infinite; return whether it has missing values, NaN.

    `name` is that of the estimator.
    """
    values = X.data if sparse.issparse(X) else X
    with quiet_overflow():
        if np.isfinite(values.sum()):
            return False
        assert_all_finite(X, allow_nan=True, estimator_name=name, input_name="X")
    return bool(np.isnan(values.min()))


def check_magnitude(X):
    """Raise ValueError where the squares of X add up to more than float64 can hold.

    Statistics are computed in float64: float32 values cannot be too large.
    """
    values = X.data if sparse.issparse(X) else X
    if X.dtype == np.float32 or values.size == 0:
        return
    largest = max(-np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None))
    # A value may be as far from the mean again as it is from 0.
    if 2 * float(largest) > np.sqrt(np.finfo(np.float64).max / X.shape[0] / X.shape[1]):
        raise ValueError(
            f"X has values of up to {largest:.3g}, whose squares add up to more than {X.dtype} can "
            "hold. Divide X by its largest absolute value first."
        )


def code_rows(estimator, X, n_components):
    """Validated `Dataset` of codes."""
    with quiet_overflow():
        X = check_array(
            native(X),
            dtype=[np.float64, np.float32],
            input_name="X",
            estimator=estimator,
            ensure_all_finite=False,
        )
        if not (np.isfinite(X.sum()) or np.isfinite(X).all()):
            raise ValueError(
                "X has codes that are NaN or infinite, and codes must be finite: pass what "
                f"transform of this {type(estimator).__name__} returns."
            )
    if X.shape[1] != n_components:
        raise ValueError(
            f"X has {X.shape[1]} features, but the codes of this "
            f"{type(estimator).__name__} have {n_components}: pass what transform returns."
        )
    return Dataset(X)


def check_sample_weight(sample_weight, X):
    """Weights as a vector of X's dtype, at most 1; None where all rows weigh the same."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        raise ValueError(
            f"sample_weight must have one weight for each row, shape ({X.shape[0]},). Got the "
            f"scalar {sample_weight!r} instead: leave it out where all rows weigh the same."
        )
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.shape != (X.shape[0],):
        raise ValueError(
            f"sample_weight must have one weight for each row, shape ({X.shape[0]},). "
            f"Got shape {weights.shape} instead."
        )
    low, high = weights.min(), weights.max()
    refuse_wrong_weights(low, high)
    return None if low == high else (weights / high).astype(X.dtype)


def refuse_wrong_weights(low, high):
    """Raise ValueError where the smallest or the largest weight says that weights are wrong."""
    if low < 0:
        raise ValueError(
            f"sample_weight must not be negative. Got {low:g}: use 0 to leave a row out."
        )
    if high == 0:
        raise ValueError("sample_weight is zero for every row: at least one must be positive.")


def check_range(rows, loss, asked):
    """Raise ValueError where the rows leave the range that the loss needs, asked for as it is."""
    parts = [(head.loss, head.columns) for head in heads_of(loss) if head.loss.has_range]
    if not parts:
        return
    extremes_of_all = extremes(rows)
    for part, columns in parts:
        own = slice(None) if columns is None else columns
        smallest, largest = (each[own] for each in extremes_of_all)
        _refuse_out_of_range(rows, part, smallest.min(), largest.max(), asked)


def _refuse_out_of_range(rows, loss, low, high, asked):
    # Scaling maps the largest value onto the bound to within rounding.
    slack = 4 * np.finfo(rows.dtype).eps
    if low < loss.low - slack or high > loss.high + slack:
        if np.isfinite(loss.high):
            end, advice = "]", "scale X, set scale='minmax' before the first fit"
        else:
            end, advice = ")", f"pass no values below {loss.low:g}, leave scale at 'auto'"
        scaled = "" if rows.scaling is None else " after scaling"
        raise ValueError(
            f"loss={asked!r} needs X in [{loss.low:g}, {loss.high:g}{end}. Got values from "
            f"{low:g} to {high:g}{scaled} instead: {advice}, or use loss='squared_error'."
        )
