"""CodeDisplay: codes in the plane, on the classes that a head gives to them."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from sklearn.base import clone

from .._pipeline_inspection import split_fitted
from ..utils.array_conversion import dense
from ._checks import as_labels, check_matrix
from ._regions import area_handles, check_regions, draw_regions, regions_around, shows_regions
from ._style import (
    COLORS,
    GRAY,
    MARKERS,
    MAX_CLASSES,
    add_colorbar,
    colormap,
    one_axes,
    short,
)

# More different whole numbers than these are no classes, but a quantity.
MAX_NUMERIC_CLASSES = 20


class CodeDisplay:
    """Codes as points in the plane, coloured by a target.

    Parameters
    ----------
    codes : array-like of shape (n_samples, 2)
        Codes, or what a projection has made of them.

    y : array-like of shape (n_samples,) or None, default=None
        What to colour the points by; a pandas Series gives its name to the legend. Classes get
        a colour, a marker and an entry of the legend each; fractions, or more than 20 different
        numbers, a colour bar. Where a number is missing (NaN), the point is gray.

    axis_names : pair of str, default=("code unit 0", "code unit 1")
        What the two axes show.

    regions : tuple of four arrays or None, default=None
        What a classifier makes of the plane, drawn behind the points: the places of a grid's
        columns and of its rows, the labels of its points, of shape (n_rows, n_columns), and all
        classes that there are, those in y included.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where the points are.

    axes_ : matplotlib Axes
        Axes of the points.

    Examples
    --------
    >>> from skautoencoder.plotting import CodeDisplay
    >>> display = CodeDisplay(
    ...     [[0, 1], [1, 0], [2, 2]], y=["cat", "dog", "cat"]
    ... ).plot()
    >>> [text.get_text() for text in display.axes_.get_legend().get_texts()]
    ['cat', 'dog']
    """

    def __init__(self, codes, y=None, axis_names=("code unit 0", "code unit 1"), regions=None):
        self.codes = check_matrix(codes, "codes")
        if self.codes.shape[1] != 2:
            raise ValueError(
                f"codes must have 2 columns. Got {self.codes.shape[1]}: choose two of them, or "
                "use from_estimator with a projection."
            )
        self._y_name = str(getattr(y, "name", None) or "y")
        self.y = None if y is None else check_target(y, len(self.codes))
        self.axis_names = axis_names
        self.regions = None if regions is None else check_regions(regions, self.y)

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, projection=None, decision_regions="auto", ax=None
    ):
        """Draw the codes of X.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted autoencoder, or a pipeline that ends with one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to encode.

        y : array-like of shape (n_samples,) or None, default=None
            What to colour the points by.

        projection : pair of int, transformer or None, default=None
            How codes of more than two units come into the plane: the numbers of two units, or
            any transformer to two columns such as ``PCA(2)``, of which a clone is fitted on the
            codes (and on y, for those that use it).

        decision_regions : bool or "auto", default="auto"
            Whether to fill the plane behind the points in light colours of the classes that the
            head of an :class:`~skautoencoder.AutoencoderClassifier` gives to it. "auto" does so
            where the code has two units, both are shown as they are, and y, if given, has none
            but its classes.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CodeDisplay
            With the points drawn.
        """
        _, autoencoder = split_fitted(estimator)
        codes = dense(estimator.transform(X))
        points, y, axis_names = project(codes, y, projection)
        regions = None
        if shows_regions(decision_regions, autoencoder, y, projection):
            regions = regions_around(autoencoder, points, projection)
        return cls(points, y, axis_names, regions).plot(ax)

    def plot(self, ax=None, *, cmap="viridis"):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        cmap : str or matplotlib Colormap, default="viridis"
            Colours of a target of numbers.

        Returns
        -------
        display : CodeDisplay
            Itself.
        """
        cmap = colormap(cmap)
        ax = one_axes(ax, (6.4, 4.8))
        # Many points cover each other unless they are small.
        style = {"s": np.clip(25_000 / len(self.codes), 4, 30)}
        if self.regions is not None:
            draw_regions(ax, self.regions)
        if self.y is None:
            self._draw_alike(ax, style)
        elif self.regions is None and is_continuous(self.y):
            self._draw_numbers(ax, cmap, style)
        else:
            self._draw_classes(ax, style)
        ax.set(xlabel=self.axis_names[0], ylabel=self.axis_names[1])
        ax.set_title(f"Codes of {len(self.codes)} rows")
        self.figure_, self.axes_ = ax.figure, ax
        return self

    def _draw_alike(self, ax, style):
        if self.regions is None:
            ax.scatter(*self.codes.T, color=COLORS[0], **style)
            return
        ax.scatter(*self.codes.T, color=GRAY, **style)
        add_legend(ax, "predicted", area_handles(self.regions.classes))

    def _draw_numbers(self, ax, cmap, style):
        known = np.isfinite(self.y)
        if not known.all():
            ax.scatter(*self.codes[~known].T, color=GRAY, **style)
        points = ax.scatter(*self.codes[known].T, c=self.y[known], cmap=cmap, **style)
        add_colorbar(points, ax, self._y_name)

    def _draw_classes(self, ax, style):
        classes = np.unique(self.y) if self.regions is None else self.regions.classes
        points = []
        for i, name in enumerate(classes):
            color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
            # When the colours come round again, every second time markers are hollow.
            is_hollow = i // len(COLORS) % 2 == 1
            look = {"facecolors": "none"} if is_hollow else {"linewidths": 0, "facecolors": color}
            look |= {"edgecolors": color, "marker": marker, "label": short(name), **style}
            points.append(ax.scatter(*self.codes[self.y == name].T, **look))
        for handle in add_legend(ax, self._y_name, points).legend_handles:
            handle.set_sizes([30])


def add_legend(ax, title, handles):
    """Beside the points, so that it covers none of them."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0}
    return ax.legend(handles=handles, title=title, ncols=1 + (len(handles) - 1) // 20, **place)


def check_target(y, n_samples):
    """Return y as a vector, of few enough classes to tell apart."""
    y = as_labels(y)
    if y.shape != (n_samples,):
        raise ValueError(
            f"y must have one value for each of the {n_samples} rows. Got shape {y.shape} instead."
        )
    n_classes = len(np.unique(y))
    if not is_continuous(y) and n_classes > MAX_CLASSES:
        raise ValueError(
            f"y has {n_classes} classes, and {MAX_CLASSES} can be told apart: pass numbers for a "
            "colour bar, or y=None."
        )
    return y


def is_continuous(y):
    """Whether y is a quantity: fractions, or more whole numbers than classes would have."""
    if y.dtype.kind not in "fiu":
        return False
    known = y[np.isfinite(y)]
    has_fractions = len(known) < len(y) or not np.array_equal(known, np.round(known))
    return has_fractions or len(np.unique(known)) > MAX_NUMERIC_CLASSES


def project(codes, y, projection):
    """Points in the plane, y, and what their axes show."""
    if projection is None:
        projection = (0, 1)
        if codes.shape[1] != 2:
            raise ValueError(
                f"projection must say how codes of {codes.shape[1]} units come into the plane. "
                "Got None: name two units, as in projection=(0, 1), or pass a transformer to two "
                "columns, such as projection=PCA(2)."
            )
    if hasattr(projection, "fit_transform"):
        points = dense(clone(projection).fit_transform(codes, y))
        name = type(projection).__name__
        return points, y, (f"{name} of the code, 0", f"{name} of the code, 1")
    first, second = check_units(projection, codes.shape[1])
    return codes[:, [first, second]], y, (f"code unit {first}", f"code unit {second}")


def check_units(projection, n_units):
    """The numbers of two units."""
    is_pair = isinstance(projection, Sequence | np.ndarray) and len(projection) == 2
    if not is_pair or not all(isinstance(i, Integral) and 0 <= i < n_units for i in projection):
        raise ValueError(
            f"projection must be a pair of unit numbers from 0 to {n_units - 1}, or a "
            f"transformer. Got {projection!r} instead: try projection=(0, 1) or PCA(2)."
        )
    return projection
