"""What an estimator from a file says of single columns: their categories, and their losses."""

from numbers import Real

import numpy as np

from .._category_encoding import ColumnEncoder
from .._column_losses import BY_NAME
from .._normal_scores import NormalScores
from ..network.losses import ElementwiseLoss
from ..utils.data_frames import ColumnType
from .conditions import is_array, is_mask, is_whole, require

KINDS = (None, "pandas", "polars")


def network_width(estimator):
    """Number of columns that the network sees; ValueError where that is not known."""
    table = vars(estimator).get("_columns")
    if table is None:
        return estimator.n_features_in_
    _check_columns(table, estimator.n_features_in_)
    return table.width


def _check_columns(table, n_columns):
    require(type(table) is ColumnEncoder, "_columns are not those of a table")
    require(is_mask(table.is_categorical, n_columns), "_columns are not one for each feature")
    marker = getattr(table, "missing_values", None)
    require(isinstance(marker, (Real, str)), "missing_values are neither a number nor a string")
    known = type(table.categories) is list and table.kind in KINDS
    require(known and len(table.categories) == table.is_categorical.sum(), "categories are missing")
    own = [each for each in table.categories if type(each) is np.ndarray and each.ndim == 1]
    require(len(own) == len(table.categories), "categories are no vectors")
    widths = np.ones(n_columns, dtype=int)
    widths[table.is_categorical] = [max(1, len(each)) for each in own]
    fits = type(table.starts) is np.ndarray and np.array_equal(
        table.starts, np.cumsum(widths) - widths
    )
    require(fits and table.width == widths.sum(), "categories and columns do not match")
    _check_types(table, n_columns)
    if table.categories:
        _check_encoder(table)
    _check_normal_scores(table)


def _check_types(table, n_columns):
    if table.kind is None:
        require(table.types is None, "there are types of a frame, and no frame")
        return
    known = type(table.types) is list and all(type(each) is ColumnType for each in table.types)
    require(known and len(table.types) == n_columns, "types are not one for each column")
    require(all(type(each.dtype) is str for each in table.types), "types have no names")


def _check_encoder(table):
    """The encoder has the same categories, NaN among them where some were missing."""
    found = [
        [each for each in own if each == each]
        for own in getattr(table._encoder, "categories_", [[]])
    ]
    own = [each.tolist() for each in table.categories]
    require(found == own, "the encoder has other categories")


def _check_normal_scores(table):
    """Increasing values and scores for each number, where numbers are ranked."""
    known = table.normal_scores
    require(type(table.is_ranked) is bool and table.is_ranked == (known is not None), "no scores")
    if known is None:
        return
    require(type(known) is NormalScores, "normal_scores are none")
    n_numbers = int((~table.is_categorical).sum())
    own = known.values, known.scores, known.deviations
    fits = all(type(each) is list and len(each) == n_numbers for each in own)
    require(fits, "normal_scores are not one for each number")
    for values, scores, deviation in zip(*own, strict=True):
        fits = is_array(values, 1, np.float64) and is_array(scores, 1, np.float64)
        fits = fits and len(values) == len(scores) > 0
        fits = fits and bool((np.diff(values) > 0).all() and (np.diff(scores) > 0).all())
        require(fits, "normal_scores do not increase")
        require(isinstance(deviation, float) and deviation > 0, "a deviation is not positive")


def check_column_losses(estimator):
    """Every column that the network sees has one loss, and a weight that may be one."""
    losses, weights = estimator.column_losses_, estimator.column_weights_
    has_table = vars(estimator).get("_columns") is not None
    require((losses is None) == (weights is None), "column_losses_ without column_weights_")
    require(losses is not None or not has_table, "a table without column_losses_")
    if losses is None:
        return
    width = network_width(estimator)
    require(type(losses) is list and losses, "column_losses_ are no list")
    for entry in losses:
        require(type(entry) is tuple and len(entry) == 2, "column_losses_ are no pairs")
        loss, columns = entry
        is_named = type(loss) is str and loss in BY_NAME
        require(is_named or isinstance(loss, ElementwiseLoss), "column_losses_ name no loss")
        is_vector = type(columns) is np.ndarray and columns.ndim == 1 and columns.dtype.kind == "i"
        require(is_vector, "column_losses_ have no columns")
    owned = np.sort(np.concatenate([columns for _, columns in losses]))
    require(np.array_equal(owned, np.arange(width)), "column_losses_ are not one for each column")
    fits = is_array(weights, 1, np.float64) and len(weights) == width and (weights >= 0).all()
    require(fits and is_whole(width, 1), "column_weights_ are not one for each column")
