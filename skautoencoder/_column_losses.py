"""Which loss each column of X has: as a list says, as its values say, or the same for all."""

from numbers import Real

import numpy as np

from .network.binary_columns import binary_columns
from .network.column_losses import CATEGORY, ColumnLosses
from .network.losses import LOSSES, CategoricalCrossEntropy, ElementwiseLoss, as_loss
from .network.scaling import means
from .utils.data_frames import column_indices

# Of a column that hardly varies, in nats: it is not to outweigh all others.
LEAST_ENTROPY = 0.1

BY_NAME = (CATEGORY, *LOSSES)


def is_by_column(estimator):
    """Whether columns have losses or weights of their own."""
    loss, weights = estimator.loss, estimator.column_weights
    is_own = isinstance(loss, list) or loss == "mixed" or weights is not None
    return is_own or estimator._columns is not None


def asked_loss(estimator):
    """The loss that the parameters ask for; of columns, as far as it is known without X."""
    if not is_by_column(estimator):
        return as_loss(estimator.loss)
    given = estimator.loss
    if isinstance(given, list):
        losses = [loss for loss, _ in given]
    else:
        losses = ["binary_cross_entropy"] if given == "mixed" else [given]
    if estimator._columns is not None:
        losses.append(CATEGORY)
    return ColumnLosses([(loss, np.arange(0)) for loss in losses], np.ones(0))


def trained_loss(estimator, features):
    """The loss of the features (None: of all) that a fit has begun to train on."""
    if estimator.column_losses_ is None:
        return as_loss(estimator.loss)
    return fitted_losses(estimator).of(features)


def fitted_losses(estimator):
    """The losses of all columns together, which have been found in `fit`."""
    return ColumnLosses(estimator.column_losses_, estimator.column_weights_)


def column_numbers(estimator, n_features):
    """Which features of the network are parts of one category; None where there is none."""
    groups = [own for loss, own in estimator.column_losses_ or [] if loss == CATEGORY]
    if not groups:
        return None
    numbers = np.arange(n_features)
    for group in groups:
        numbers[group] = group[0]
    return numbers


def check_column_losses(estimator):
    """Raise ValueError for losses of columns that are not as they must be, whatever X is."""
    if not isinstance(estimator.loss, list):
        return
    for entry in estimator.loss:
        if not (isinstance(entry, tuple) and len(entry) == 2 and _is_loss(entry[0])):
            raise ValueError(
                "The 'loss' parameter must be one loss, 'mixed', or a list of (loss, columns). Got "
                f"{entry!r} in the list instead: a loss is one of {', '.join(map(repr, BY_NAME))} "
                "or an object such as Huber(delta=0.5)."
            )
        if not isinstance(entry[0], str):
            entry[0].check()


def _is_loss(loss):
    if isinstance(loss, str):
        return loss in BY_NAME
    return isinstance(loss, ElementwiseLoss)


def learn_column_losses(estimator, X, rows):
    """Set `column_losses_` and `column_weights_`; None where one loss is that of all columns.

    Both are of the columns of the network: for a table, of its encoded form.
    """
    if "column_weights" in vars(estimator):
        estimator.column_losses_ = estimator.column_weights_ = None
    if not is_by_column(estimator):
        return
    table, given = estimator._columns, estimator.loss
    places = np.arange(rows.n_features) if table is None else table.starts
    numeric = np.ones(len(places), dtype=bool) if table is None else ~table.is_categorical
    if isinstance(given, list):
        losses = _losses_of_list(given, X, numeric)
    elif given == "mixed":
        losses = _losses_of_values(rows.restricted_to(places[numeric]), np.flatnonzero(numeric))
    else:
        losses = [(given, np.flatnonzero(numeric))] if numeric.any() else []
    weights = _column_weights(estimator.column_weights, X, len(places))
    parts = [(loss, places[own]) for loss, own in losses]
    if table is not None:
        parts += [(CATEGORY, group) for group in table.groups]
        weights = weights[table.column_of]
    _refuse_weights_within(parts, weights)
    estimator.column_losses_ = parts
    estimator.column_weights_ = weights * _balance(parts, means(rows))


def _losses_of_list(given, X, numeric):
    """Losses and indices of columns; squared errors for the numbers that are in no entry."""
    owners = np.full(len(numeric), -1)
    losses = []
    for number, (loss, columns) in enumerate(given):
        indices = column_indices(X, columns(X) if callable(columns) else columns, "loss")
        taken = indices[owners[indices] >= 0]
        if len(taken):
            raise ValueError(
                f"loss has entries that overlap: column {taken[0]} is in entry "
                f"{owners[taken[0]]} and in entry {number}. Leave it in one of them."
            )
        if not numeric[indices].all():
            raise ValueError(
                f"loss gives columns {indices[~numeric[indices]].tolist()} a loss of numbers, but "
                "they are categories by categorical_features: leave them out of the list."
            )
        owners[indices] = number
        if len(indices):
            losses.append((loss, indices))
    rest = np.flatnonzero(numeric & (owners < 0))
    return [*losses, ("squared_error", rest)] if len(rest) else losses


def _losses_of_values(rows, columns):
    """Cross-entropies of columns of zeros and ones, alone or as groups; else squared errors."""
    is_binary, groups = binary_columns(rows)
    is_alone = is_binary.copy()
    is_alone[np.concatenate([np.arange(0), *groups])] = False
    alike = [("squared_error", ~is_binary), ("binary_cross_entropy", is_alone)]
    losses = [(loss, columns[own]) for loss, own in alike if own.any()]
    return losses + [(CATEGORY, columns[group]) for group in groups]


def _column_weights(given, X, n_features):
    """A weight for each column: 1 where none is given."""
    weights = np.ones(n_features)
    if given is None:
        return weights
    if isinstance(given, dict):
        for column, weight in given.items():
            weights[column_indices(X, [column], "column_weights")] = _checked_weight(weight)
        return weights
    given = np.asarray(given)
    if given.shape != (n_features,):
        raise ValueError(
            f"column_weights must have one weight for each column of X, shape ({n_features},). Got "
            f"shape {given.shape} instead: pass a dict to name some columns alone."
        )
    return np.array([_checked_weight(weight) for weight in given])


def _checked_weight(weight):
    if not (isinstance(weight, Real) and np.isfinite(weight) and weight >= 0):
        raise ValueError(
            f"column_weights must be finite numbers of 0 or more. Got {weight!r} instead: use 0 "
            "for a column that is not to be rebuilt."
        )
    return float(weight)


def _balance(parts, mean):
    """Weights by which each column has the same loss where all that is known of it is its mean.

    That of a number in units of its deviation is 1/2, that of a category its entropy.
    """
    weights = np.ones(len(mean))
    for loss, columns in parts:
        kind = CategoricalCrossEntropy() if loss == CATEGORY else as_loss(loss)
        groups = [columns] if isinstance(kind, CategoricalCrossEntropy) else columns[:, np.newaxis]
        for own in groups:
            entropy = kind.entropy(mean[own].clip(0, 1))
            weights[own] = 1.0 if entropy is None else 0.5 / max(entropy, LEAST_ENTROPY)
    return weights


def _refuse_weights_within(parts, weights):
    """Raise ValueError where columns of one category have weights that differ."""
    for loss, columns in parts:
        if loss == CATEGORY and len(columns) and np.ptp(weights[columns]) > 0:
            raise ValueError(
                f"column_weights must be the same for the columns {columns.tolist()}, which are "
                f"one category. Got {weights[columns].tolist()} instead."
            )
