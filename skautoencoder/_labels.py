"""The classes of rows, as the classifier takes them: checked, and numbered."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite


class Labels(NamedTuple):
    """The classes of rows, and all that there are; None for those of the rows."""

    y: object
    classes: object = None


def checked_classes(estimator, y):
    """The class of each row as a vector; ValueError where one is missing or y is continuous."""
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y", estimator_name=type(estimator).__name__)
    if y.dtype == object and any(label is None for label in y):
        raise ValueError("Input y contains None: every row needs a class, or must be left out.")
    check_classification_targets(y)
    return y


def refuse_other_classes(estimator, classes, known):
    """Raise ValueError where classes are not those that are known, if any are, or only one."""
    if known is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={classes.tolist()} are not those of the first call, {known.tolist()}: leave "
            "classes out, or start with a new estimator."
        )
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes. Got y with one class, "
            f"{classes.tolist()}: use AutoencoderTransformer, which needs no y."
        )


def class_numbers(y, classes):
    """Where the class of each row is in `classes`, which are sorted."""
    numbers = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    is_known = classes[numbers] == y
    if not np.all(is_known):
        unknown = np.unique(y[~is_known]).tolist()
        raise ValueError(
            f"y has classes {unknown} that are not among the {classes.tolist()} of the first call: "
            "leave these rows out, or call fit with warm_start=False."
        )
    return numbers
