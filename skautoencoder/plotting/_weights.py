"""WeightsDisplay: what each unit of a layer has learned."""

import math
from numbers import Integral

import numpy as np

from .._pipeline_inspection import has_categories, names_of_inputs, split_fitted
from ..utils.image_shape import check_image_shape
from ._checks import check_feature_names, check_matrix
from ._sensitivity import unit_pictures
from ._style import LIGHT_GRAY, MAX_LABELS, add_colorbar, label_axis, one_axes, pyplot

# At so many tiles in a row, names of each would touch.
MAX_TILE_LABELS = 12
# More than these are drawn on a larger figure.
MAX_SMALL_TILES = 144


class WeightsDisplay:
    """What each unit of a layer has learned, as one image each or as a column of a heat map.

    Parameters
    ----------
    weights : array-like of shape (n_units, n_features)
        One picture for each unit.

    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels) of the images that the features are, with
        1 channel, or 3 for colours. None draws a heat map, one column for each unit.

    feature_names : sequence of str or None, default=None
        Names of the rows of the heat map; None is "x0", "x1", and so on.

    title : str, default="Weights of each unit"
        What the pictures show.

    value_name : str, default="weight"
        What their values are.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where the pictures are.

    axes_ : matplotlib Axes
        Axes of all pictures. White is 0. The number of a unit is that at the left of its row
        plus that below its column.

    Examples
    --------
    >>> import numpy as np
    >>> from skautoencoder.plotting import WeightsDisplay
    >>> display = WeightsDisplay(np.eye(4), image_shape=(2, 2)).plot()
    >>> display.axes_.images[0].get_array().shape
    (5, 5)
    """

    def __init__(
        self,
        weights,
        *,
        image_shape=None,
        feature_names=None,
        title="Weights of each unit",
        value_name="weight",
    ):
        self.weights = check_matrix(weights, "weights")
        self.image_shape = check_image_shape(image_shape, self.weights.shape[1])
        self.feature_names = check_feature_names(feature_names, self.weights.shape[1])
        self.title = title
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls, estimator, X=None, *, layer="code", image_shape=None, feature_names=None, ax=None
    ):
        """Draw what the units of a layer have learned.

        - Layers before the code: which change of the input raises a unit most. This is the
          gradient of the unit before its activation, with respect to the input; for the first
          layer it is exactly the unit's weights.
        - The code and the layers after it: what a unit changes in the reconstruction. This is
          the gradient of the output with respect to the unit; for the last hidden layer it is
          the unit's weights to the output, times the slope of the output's activation.

        Skip connections are part of the code's pictures. Everything is in the network's units
        (see `scale`), where features can be compared. Of a table with categories each category
        is a feature of its own, of which a unit changes the probability.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted autoencoder, or a pipeline that ends with one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features) or None, default=None
            Rows over which gradients are averaged, a hundred of them at most. None is one row,
            the mean of the training data.

        layer : int or "code", default="code"
            Number of the layer, from 1 for the first after the input to ``n_layers_ - 2`` for
            the last before the output.

        image_shape : tuple of int or None, default=None
            (height, width) or (height, width, n_channels); None draws a heat map.

        feature_names : sequence of str or None, default=None
            Names of the rows of the heat map; None is those that the autoencoder was fitted on, of
            a table with categories those of `get_encoded_feature_names`.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : WeightsDisplay
            With the pictures drawn.
        """
        steps, autoencoder = split_fitted(estimator)
        layer = check_layer(layer, autoencoder)
        if X is not None and steps is not None:
            X = steps.transform(X)
        if feature_names is None:
            feature_names = names_of_inputs(steps, autoencoder)
            if has_categories(autoencoder):
                feature_names = autoencoder.get_encoded_feature_names()
        display = cls(
            unit_pictures(autoencoder, layer, X),
            image_shape=image_shape,
            feature_names=feature_names,
            title=layer_title(layer, autoencoder._n_encoder_layers),
            value_name="weight" if layer == 1 < autoencoder._n_encoder_layers else "gradient",
        )
        return display.plot(ax)

    def plot(self, ax=None, *, common_scale=True, cmap="RdBu_r"):
        """Draw the pictures.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        common_scale : bool, default=True
            Whether all units share one scale, so that a unit which the network hardly uses is
            seen to be pale. False divides each unit's picture by the largest of its values.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colours of a weight, whose middle is 0. Of no effect where images have colours.

        Returns
        -------
        display : WeightsDisplay
            Itself.
        """
        weights, name = self.weights, self.value_name
        if not common_scale:
            weights, name = weights / unit_sizes(weights), f"{name} / largest of the unit"
        limit = np.nanmax(np.abs(weights)) or 1.0
        style = {"cmap": pyplot().get_cmap(cmap).with_extremes(bad=LIGHT_GRAY)}
        style |= {"vmin": -limit, "vmax": limit}
        draw = draw_heat_map if self.image_shape is None else draw_images
        labels = self.feature_names if self.image_shape is None else self.image_shape
        ax, image = draw(ax, weights, labels, style)
        if image.get_array().ndim == 2:
            add_colorbar(image, ax, name)
        ax.set_title(self.title)
        self.figure_, self.axes_ = ax.figure, ax
        return self


def unit_sizes(weights):
    """The largest absolute value of each unit; rounding errors beside the others are no size."""
    sizes = np.abs(weights).max(axis=1, keepdims=True)
    return np.maximum(sizes, 1e-6 * sizes.max()) if sizes.max() else 1.0


def draw_images(ax, weights, image_shape, style):
    """Tiles of one mosaic."""
    images = weights.reshape(-1, *image_shape)
    if images.ndim == 4:  # colours, which have no negative values: gray is 0
        images = 0.5 + 0.5 * images / style["vmax"]
    n_columns = columns_of_mosaic(len(images), image_shape)
    side = 6.4 if len(images) <= MAX_SMALL_TILES else 9.6
    ax = one_axes(ax, (side + 1, side))
    image = ax.imshow(mosaic(images, n_columns), **style)
    label_tiles(ax, len(images), n_columns, image_shape)
    return ax, image


def draw_heat_map(ax, weights, feature_names, style):
    """A column for each unit."""
    n_units, n_features = weights.shape
    height = 1.5 + 0.18 * np.clip(n_features, 6, MAX_LABELS)
    ax = one_axes(ax, (np.clip(3.5 + 0.2 * n_units, 5, 9), height))
    image = ax.imshow(weights.T, aspect="auto", **style)
    label_axis(ax.yaxis, feature_names)
    label_axis(ax.xaxis, range(n_units), max_labels=2 * MAX_TILE_LABELS)
    ax.set_xlabel("unit")
    return ax, image


def check_layer(layer, autoencoder):
    """The number of a layer between input and output."""
    code, last = autoencoder._n_encoder_layers, autoencoder.n_layers_ - 2
    if isinstance(layer, str) and layer == "code":
        return code
    if not isinstance(layer, Integral) or isinstance(layer, bool) or not 1 <= layer <= last:
        raise ValueError(
            f"layer must be 'code' or a number from 1 to {last}, of a layer between input and "
            f"output. Got {layer!r} instead: the code of this network is layer {code}."
        )
    return int(layer)


def layer_title(layer, code):
    """What the pictures of a layer show."""
    if layer == code:
        return "What each unit of the code changes in the output"
    if layer > code:
        return f"Layer {layer}, decoder: what each unit changes in the output"
    return f"Layer {layer}, encoder: what raises each unit"


def columns_of_mosaic(n_images, image_shape):
    """How many images stand in a row of a mosaic that is about square."""
    height, width = image_shape[:2]
    return min(n_images, math.ceil(math.sqrt(n_images * (height + 1) / (width + 1))))


def mosaic(images, n_columns):
    """One image of all, row by row, with lines of NaN (white, for colours) between them."""
    n_images, height, width = images.shape[:3]
    n_rows, channels = math.ceil(n_images / n_columns), images.shape[3:]
    blank = 1.0 if channels else np.nan
    tiles = np.full((n_rows * n_columns, height + 1, width + 1, *channels), blank)
    tiles[:n_images, :height, :width] = images
    grid = tiles.reshape(n_rows, n_columns, height + 1, width + 1, *channels)
    whole = grid.swapaxes(1, 2).reshape(n_rows * (height + 1), n_columns * (width + 1), *channels)
    return whole[:-1, :-1]


def label_tiles(ax, n_images, n_columns, image_shape):
    """Number the rows by their first unit, and the columns by what is to be added."""
    height, width = image_shape[:2]
    first_units = list(range(0, n_images, n_columns))
    offsets = [f"+{i}" for i in range(n_columns)]
    for axis, names, size in ((ax.yaxis, first_units, height), (ax.xaxis, offsets, width)):
        centers = [i * (size + 1) + (size - 1) / 2 for i in range(len(names))]
        label_axis(axis, names, centers, MAX_TILE_LABELS)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="unit: number at the left plus number below")
