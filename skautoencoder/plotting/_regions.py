"""The classes that a head gives to the codes of a plane: areas behind points."""

from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

from ._checks import as_labels
from ._style import COLORS, MAX_CLASSES, pyplot, short

POINTS_PER_SIDE = 250
# Share of the codes' extent that is shown beyond them.
MARGIN = 0.05
# Opacity of the areas and of their hatches.
FILL, HATCH_STRENGTH = 0.22, 0.45
# One for each time that the colours come round.
HATCHES = ("", "///", "\\\\\\", "...", "xxx", "---", "|||", "+++")


class DecisionRegions(NamedTuple):
    """The class of every point of a grid.

    `x` and `y` are the places of its columns and rows, `labels` has shape (len(y), len(x)), and
    `classes` are all that there are.
    """

    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    classes: np.ndarray


def regions_around(autoencoder, points, projection):
    """Regions of a classifier's head around codes of two units, in the order they are shown in."""
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    x, y = widened(x0, x1), widened(y0, y1)
    first, second = (0, 1) if projection is None else projection
    grid = np.empty((len(y), len(x), 2), points.dtype)
    grid[..., first], grid[..., second] = np.meshgrid(x, y)
    outputs = autoencoder._predicted_from_codes(grid.reshape(-1, 2))
    labels = autoencoder.classes_[outputs.argmax(axis=1)].reshape(grid.shape[:2])
    return DecisionRegions(x, y, labels, autoencoder.classes_)


def widened(low, high):
    """Points from a little below `low` to a little above `high`."""
    margin = MARGIN * (high - low if high > low else 1)
    return np.linspace(low - margin, high + margin, POINTS_PER_SIDE)


def shows_regions(asked, autoencoder, y, projection):
    """Whether to draw the regions; "auto": where they can be drawn."""
    if not (isinstance(asked, bool | np.bool_) or asked == "auto"):
        raise ValueError(f'decision_regions must be True, False or "auto". Got {asked!r} instead.')
    reason = why_no_regions(autoencoder, y, projection)
    if asked == "auto":
        return reason is None
    if asked and reason is not None:
        raise ValueError(
            f"decision_regions=True cannot be drawn, since {reason}: pass False, or the codes of a "
            "fitted AutoencoderClassifier with n_components=2 and a y of its classes, or none."
        )
    return bool(asked)


def why_no_regions(autoencoder, y, projection):
    """Why the head's classes cannot be drawn behind the points, or None where they can."""
    if not is_classifier(autoencoder):
        return f"{type(autoencoder).__name__} predicts no classes"
    if autoencoder._n_features_out != 2:
        return f"the code has {autoencoder._n_features_out} units and the plane has two"
    if projection is not None and not is_both_units(projection):
        return f"no way leads back from projection={projection!r} to the code"
    if len(autoencoder.classes_) > MAX_CLASSES:
        return f"there are {len(autoencoder.classes_)} classes, of which {MAX_CLASSES} look unlike"
    if y is not None and not are_among(y, autoencoder.classes_):
        return "y has values that are not among the classes of the estimator"
    return None


def are_among(values, classes):
    """Whether all values are classes; a number and its name are two things."""
    return set(as_labels(values).ravel().tolist()) <= set(as_labels(classes).tolist())


def is_both_units(projection):
    """Whether a projection shows both units of the code, in any order."""
    return not hasattr(projection, "fit_transform") and sorted(projection) == [0, 1]


def check_regions(regions, y):
    """Return `DecisionRegions` that fit each other and y."""
    x_places, y_places, labels, classes = regions
    labels, classes = as_labels(labels), as_labels(classes)
    shape = (len(y_places), len(x_places))
    if labels.shape != shape:
        raise ValueError(f"The labels of regions must have shape {shape}. Got {labels.shape}.")
    for name, values in (("the labels of regions", labels), ("y", y)):
        if values is not None and not are_among(values, classes):
            raise ValueError(f"All of {name} must be among the classes of regions, {classes}.")
    return DecisionRegions(np.asarray(x_places), np.asarray(y_places), labels, classes)


def draw_regions(ax, regions):
    """Fill the area of each class in a light shade of its colour."""
    for i, name in enumerate(regions.classes):
        is_own = regions.labels == name
        if is_own.any():
            fill, edge, hatch = look_of_area(i)
            values, style = is_own.astype(float), {"colors": [fill], "hatches": [hatch]}
            area = ax.contourf(regions.x, regions.y, values, [0.5, 1.5], zorder=0, **style)
            area.set_edgecolor(edge)
            area.set_linewidth(0)
    ax.set(xlim=regions.x[[0, -1]], ylim=regions.y[[0, -1]])


def look_of_area(i):
    """Colours of area and hatch of class number i; hatched where colours have come round again."""
    color, hatch = COLORS[i % len(COLORS)], HATCHES[i // len(COLORS)]
    return (color, FILL), (color, HATCH_STRENGTH), hatch


def area_handles(classes):
    """What stands for the areas in a legend."""
    handles = []
    for i, name in enumerate(classes):
        fill, edge, hatch = look_of_area(i)
        look = {"facecolor": fill, "edgecolor": edge, "hatch": hatch, "linewidth": 0}
        handles.append(pyplot().Rectangle((0, 0), 1, 1, label=short(name), **look))
    return handles
