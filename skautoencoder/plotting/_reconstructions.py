"""ReconstructionDisplay: rows, their codes, and what is rebuilt from these."""

import math
from collections.abc import Sequence
from numbers import Integral

import numpy as np
from scipy import sparse

from .._reconstruction import observed_mean
from ..utils.image_shape import check_image_shape
from ._checks import check_feature_names, check_matrix, check_vector
from ._model import Model, squared_errors
from ._style import (
    BLUE,
    GRAY,
    GREEN,
    MAX_LABELS,
    SKY,
    SMALL,
    VERMILLION,
    colormap,
    grid_of_axes,
    label_axis,
    to_rgb,
)

# From this width on, a code is a picture beside images unless asked otherwise.
MIN_PICTURE = 12


class ReconstructionDisplay:
    """Rows, their codes and their reconstructions side by side, with the error of each.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows to show, a column of the display each. Missing values (NaN) stay blank, in
        images sky blue.

    X_rebuilt : array-like of shape (n_samples, n_features)
        What has become of them.

    codes : array-like of shape (n_samples, n_components) or None, default=None
        Their codes; None leaves these out.

    errors : array-like of shape (n_samples,) or None, default=None
        Error of each row; None is the mean squared error over its observed cells.

    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels) of the images that rows are, with 1 channel,
        or 3 for colours. None draws the features as points, one line for each.

    code_shape : tuple of int, "bars" or "auto", default="auto"
        (height, width) of the picture that a code is drawn as, with room for all its units,
        row by row; or "bars". "auto" is about a square beside images where there are 12 units
        or more, else "bars". The place of a unit in the picture means nothing.

    feature_names : sequence of str or None, default=None
        Names of the features; None is "x0", "x1", and so on.

    row_names : sequence of str or None, default=None
        What stands above each row; None is "row 0", "row 1", and so on.

    value_name : str, default="value"
        What the values of features are that are not drawn as images.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where everything is.

    axes_ : ndarray of matplotlib Axes, of shape (n_parts, n_samples)
        One column for each row of X. From top to bottom these are image, code and
        reconstruction; or the features of row and reconstruction together, and the code.

    Examples
    --------
    >>> from skautoencoder.plotting import ReconstructionDisplay
    >>> X, X_rebuilt = (
    ...     [[1, 0, 0, 1], [0, 1, 1, 0]],
    ...     [[0.8, 0, 0, 1], [0, 1, 1, 0.2]],
    ... )
    >>> display = ReconstructionDisplay(X, X_rebuilt, image_shape=(2, 2)).plot()
    >>> [ax.get_xlabel() for ax in display.axes_[-1]]
    ['MSE 0.01', 'MSE 0.01']
    """

    def __init__(
        self,
        X,
        X_rebuilt,
        codes=None,
        errors=None,
        *,
        image_shape=None,
        code_shape="auto",
        feature_names=None,
        row_names=None,
        value_name="value",
    ):
        self.X = check_matrix(X, "X")
        n_rows, n_features = self.X.shape
        self.X_rebuilt = check_matrix(X_rebuilt, "X_rebuilt", self.X.shape)
        self.image_shape = check_image_shape(image_shape, n_features)
        self.codes, self.code_shape = codes, code_shape
        if codes is not None:
            self.codes = check_matrix(codes, "codes")
            self.codes = check_matrix(codes, "codes", (n_rows, self.codes.shape[1]))
            is_image = self.image_shape is not None
            self.code_shape = check_code_shape(code_shape, self.codes.shape[1], is_image)
        errors = observed_mean(squared_errors(self.X, self.X_rebuilt)) if errors is None else errors
        self.errors = check_vector(errors, "errors", n_rows)
        self.feature_names = check_feature_names(feature_names, n_features)
        self.row_names = check_row_names(row_names, n_rows)
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        rows=8,
        image_shape=None,
        code_shape="auto",
        feature_names=None,
        standardize=True,
        ax=None,
    ):
        """Draw rows of X, their codes and their reconstructions.

        For a pipeline this is in the units of X where its first steps can be undone, else in
        those of the autoencoder's input. Of a table with categories each category has a line: 1 for
        that of the row and 0 for others beside their probabilities, of which half the squared
        error counts as that of one column.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted autoencoder, or a pipeline that ends with one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to choose from.

        rows : int or sequence of int, default=8
            How many to show, the first so many of X; or their numbers.

        image_shape : tuple of int or None, default=None
            (height, width) or (height, width, n_channels); None draws the features as points.

        code_shape : tuple of int, "bars" or "auto", default="auto"
            (height, width) of the picture of a code, or "bars"; see the class.

        feature_names : sequence of str or None, default=None
            Names of the features; None is those that the estimator was fitted on, of a table with
            categories those of `get_encoded_feature_names`.

        standardize : bool, default=True
            Whether points are drawn in standard deviations from the mean, both over all of X, so
            that features of different units have place in one picture, and count alike in the
            error. Images and probabilities of categories never are.

        ax : matplotlib Axes or None, default=None
            Where to draw, all in the place of this one; None makes a figure.

        Returns
        -------
        display : ReconstructionDisplay
            With the rows drawn.
        """
        model = Model(estimator, X)
        rows = check_rows(rows, model.n_rows)
        X, X_rebuilt = model.encoded_rows(rows) if model.has_categories else model.rows(rows)
        value_name = "value"
        if standardize and image_shape is None:
            mean, deviation, value_name = units_of(model)
            X, X_rebuilt = ((each - mean) / deviation for each in (X, X_rebuilt))
        errors = model.by_column(squared_errors(X, X_rebuilt))
        if feature_names is None:
            feature_names = model.feature_names
            if model.has_categories:
                feature_names = model.autoencoder.get_encoded_feature_names()
        display = cls(
            X,
            X_rebuilt,
            model.codes(rows),
            observed_mean(errors),
            image_shape=image_shape,
            code_shape=code_shape,
            feature_names=feature_names,
            row_names=[f"row {i}" for i in rows],
            value_name=value_name,
        )
        return display.plot(ax)

    def plot(self, ax=None, *, cmap="gray_r"):
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw, all in the place of this one; None makes a figure.

        cmap : str or matplotlib Colormap, default="gray_r"
            Colours of images that have none of their own.

        Returns
        -------
        display : ReconstructionDisplay
            Itself.
        """
        if self.image_shape is None:
            self.axes_ = self._draw_points(ax)
        else:
            self.axes_ = self._draw_images(ax, colormap(cmap))
        self.figure_ = self.axes_[0, 0].figure
        return self

    def _draw_images(self, ax, cmap):
        n_rows, has_codes = len(self.X), self.codes is not None
        heights = [1, 1, 1] if has_codes else [1, 1]
        figsize = (1 + 0.9 * n_rows, 0.6 + 1.1 * len(heights))
        axes = grid_of_axes(ax, heights, n_rows, figsize)
        limits = value_range(self.X)
        parts = ((axes[0], self.X, "original"), (axes[-1], self.X_rebuilt, "reconstruction"))
        for row_axes, images, name in parts:
            row_axes[0].set_ylabel(name, fontsize=SMALL + 1)
            for each, values in zip(row_axes, images, strict=True):
                show_image(each, values.reshape(self.image_shape), limits, cmap)
        if has_codes:
            self._draw_codes(axes[1])
        for each, name, error in zip(axes.T, self.row_names, self.errors, strict=True):
            each[0].set_title(name, fontsize=SMALL + 1)
            each[-1].set_xlabel(f"MSE {error:.3g}", fontsize=SMALL)
        return axes

    def _draw_points(self, ax):
        (n_rows, n_features), has_codes = self.X.shape, self.codes is not None
        height = 0.2 * np.clip(n_features, 8, MAX_LABELS)
        heights = [height, 1.2] if has_codes else [height]
        axes = grid_of_axes(ax, heights, n_rows, (3 + 1.2 * n_rows, 1.4 + sum(heights)))
        for each, x, x_rebuilt in zip(axes[0], self.X, self.X_rebuilt, strict=True):
            draw_row(each, x, x_rebuilt)
            each.set_xlabel(self.value_name, fontsize=SMALL)
        label_axis(axes[0, 0].yaxis, self.feature_names)
        axes[0, 0].set_ylim(n_features - 0.5, -0.5)
        axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=SMALL)
        if has_codes:
            self._draw_codes(axes[1])
        for each, name, error in zip(axes[0], self.row_names, self.errors, strict=True):
            each.set_title(f"{name}\nMSE {error:.3g}", fontsize=SMALL + 1)
        return axes

    def _draw_codes(self, axes):
        if self.code_shape == "bars":
            for ax, code in zip(axes, self.codes, strict=True):
                ax.bar(np.arange(len(code)), code, color=GREEN, width=0.8)
                ax.set_xticks([])
                ax.tick_params(labelsize=SMALL)
            axes[0].set_ylabel("code", fontsize=SMALL + 1)
            return
        limits, cmap = (self.codes.min(), self.codes.max()), colormap("cividis", bad="none")
        for ax, code in zip(axes, self.codes, strict=True):
            show_image(ax, picture_of_code(code, self.code_shape), limits, cmap)
        low, high = (f"{limit:.2g}" for limit in limits)
        axes[0].set_ylabel(f"code\n{low} to {high}", fontsize=SMALL + 1)


def draw_row(ax, x, x_rebuilt):
    """A row's values and the reconstruction's, one line for each feature."""
    features = np.arange(len(x))
    ax.hlines(features, x, x_rebuilt, color=GRAY, linewidth=1)
    ax.plot(x, features, "o", color=BLUE, markersize=5, label="original")
    style = {"color": VERMILLION, "markersize": 5, "fillstyle": "none"}
    ax.plot(x_rebuilt, features, "D", label="reconstruction", **style)
    ax.tick_params(labelsize=SMALL)


def show_image(ax, values, limits, cmap):
    """Draw an image without ticks; colours are brought into [0, 1]."""
    low, high = limits
    if values.ndim == 3:
        missing = np.isnan(values).any(axis=2)
        values = np.clip((values - low) / ((high - low) or 1), 0, 1)
        values[missing] = to_rgb(SKY)
    ax.imshow(values, cmap=cmap, vmin=low, vmax=high)
    ax.set(xticks=[], yticks=[])


def value_range(X):
    """The values that are the darkest and the brightest: [0, 1] where X lies in it."""
    if not np.isfinite(X).any():
        return 0, 1
    low, high = np.nanmin(X), np.nanmax(X)
    return (0, 1) if low >= 0 and high <= 1 else (low, high)


def picture_of_code(code, shape):
    """The code row by row, NaN where the shape has more room."""
    picture = np.full(math.prod(shape), np.nan)
    picture[: len(code)] = code
    return picture.reshape(shape)


def check_code_shape(code_shape, n_units, is_image):
    """Return "bars" or the shape of a picture of the code."""
    if isinstance(code_shape, str) and code_shape == "bars":
        return code_shape
    if isinstance(code_shape, str) and code_shape == "auto":
        n_columns = math.ceil(math.sqrt(n_units))
        is_picture = is_image and n_units >= MIN_PICTURE
        return (math.ceil(n_units / n_columns), n_columns) if is_picture else "bars"
    shape = tuple(code_shape) if isinstance(code_shape, Sequence) else (code_shape,)
    is_shape = len(shape) == 2 and all(isinstance(n, Integral) and n > 0 for n in shape)
    if not is_shape or math.prod(shape) < n_units:
        raise ValueError(
            f"code_shape must be 'auto', 'bars' or (height, width) with room for {n_units} units. "
            f"Got {code_shape!r} instead."
        )
    return shape


def check_rows(rows, n_rows):
    """Numbers of the rows to show."""
    if isinstance(rows, Integral) and not isinstance(rows, bool) and rows > 0:
        return np.arange(min(rows, n_rows))
    indices = np.asarray(rows)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or len(indices) == 0:
        raise ValueError(
            f"rows must be a positive integer or a sequence of row numbers. Got {rows!r} instead."
        )
    if indices.min() < 0 or indices.max() >= n_rows:
        raise ValueError(
            f"rows must be numbers from 0 to {n_rows - 1}, of rows of X. Got {rows!r} instead."
        )
    return indices


def check_row_names(row_names, n_rows):
    """Return the names as a list, the numbers of the rows where there are none."""
    names = [f"row {i}" for i in range(n_rows)] if row_names is None else [*map(str, row_names)]
    if len(names) != n_rows:
        raise ValueError(
            f"row_names must have one name for each of the {n_rows} rows. Got {len(names)} names."
        )
    return names


def units_of(model):
    """Mean and deviation of each line of a row, and what values in these units are."""
    if not model.has_categories:
        return *means_and_deviations(model.shown), "s.d. from mean"
    table = model.autoencoder._columns
    is_number = ~table.is_share
    mean, deviation = means_and_deviations(model.encoded(slice(None)))
    mean, deviation = np.where(is_number, mean, 0), np.where(is_number, deviation, 1)
    return mean, deviation, "s.d. from mean,\nor share" if is_number.any() else "share"


def means_and_deviations(X):
    """Of each feature over its observed cells; a deviation of 0 becomes 1."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(with_mean=not sparse.issparse(X)).fit(X)
    return scaler.mean_, scaler.scale_
