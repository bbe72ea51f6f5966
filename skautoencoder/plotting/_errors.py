"""ErrorDisplay: which features are badly rebuilt."""

from numbers import Integral

import numpy as np
from sklearn.utils import gen_batches

from ..utils.image_shape import check_image_shape
from ._checks import check_feature_names, check_vector
from ._model import Model
from ._style import BLUE, add_colorbar, colormap, label_axis, one_axes

ROWS_AT_A_TIME = 1024


class ErrorDisplay:
    """The error of each feature: as an image, or as bars with the worst on top.

    Parameters
    ----------
    errors : array-like of shape (n_features,)
        Error of each feature; NaN where there is none, as for a feature without observed cells.

    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels) of the image that the features are, with
        1 channel, or 3 for colours, whose errors are averaged. None draws bars.

    feature_names : sequence of str or None, default=None
        Names of the bars; None is "x0", "x1", and so on.

    error_name : str, default="mean squared error"
        What the errors are.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where the errors are.

    axes_ : matplotlib Axes
        Axes of the image or of the bars.

    Examples
    --------
    >>> from skautoencoder.plotting import ErrorDisplay
    >>> display = ErrorDisplay(
    ...     [0.1, 0.3, 0.2], feature_names=["age", "height", "weight"]
    ... )
    >>> [text.get_text() for text in display.plot().axes_.get_yticklabels()]
    ['height', 'weight', 'age']
    """

    def __init__(
        self, errors, *, image_shape=None, feature_names=None, error_name="mean squared error"
    ):
        self.errors = check_vector(errors, "errors")
        self.image_shape = check_image_shape(image_shape, len(self.errors))
        self.feature_names = check_feature_names(feature_names, len(self.errors))
        self.error_name = error_name

    @classmethod
    def from_estimator(
        cls, estimator, X, *, relative="auto", image_shape=None, feature_names=None, ax=None
    ):
        """Draw the mean squared error of each feature over the rows of X.

        Errors that are not relative are in squared units of X, also for a pipeline whose first
        steps can be undone; else in those of the autoencoder's input. Missing cells (NaN) do not
        count. A category has one bar, of half the squared error of its probabilities, and its
        variance is half the sum of those of its shares.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted autoencoder, or a pipeline that ends with one.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        relative : bool or "auto", default="auto"
            Whether to divide each error by the variance of the feature in X, which makes
            features of different units comparable: 0 is exact, 1 no better than the mean.
            A feature that does not vary has none. "auto" does so unless `image_shape` says
            that the features are pixels, which have one unit.

        image_shape : tuple of int or None, default=None
            (height, width) or (height, width, n_channels); None draws bars.

        feature_names : sequence of str or None, default=None
            Names of the bars; None is those that the estimator was fitted on.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ErrorDisplay
            With the errors drawn.
        """
        if not (isinstance(relative, bool) or relative == "auto"):
            raise ValueError(
                f"relative must be True, False or 'auto'. Got {relative!r} instead: leave it at "
                "'auto', which draws shares of the variance except for images."
            )
        model = Model(estimator, X)
        errors, variances = mean_errors(model)
        name = "mean squared error"
        if image_shape is None if relative == "auto" else relative:
            varies = variances > 0
            errors = np.divide(errors, variances, out=np.full_like(errors, np.nan), where=varies)
            name = "mean squared error / variance"
        names = model.feature_names if feature_names is None else feature_names
        display = cls(errors, image_shape=image_shape, feature_names=names, error_name=name)
        return display.plot(ax)

    def plot(self, ax=None, *, max_features=30, cmap="cividis"):
        """Draw the errors.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        max_features : int, default=30
            So many bars are drawn at most, those of the worst features.

        cmap : str or matplotlib Colormap, default="cividis"
            Colours of an image.

        Returns
        -------
        display : ErrorDisplay
            Itself.
        """
        if not isinstance(max_features, Integral) or max_features < 1:
            raise ValueError(
                f"max_features must be a positive integer. Got {max_features!r} instead."
            )
        if self.image_shape is None:
            n_bars = min(len(self.errors), max_features)
            ax = one_axes(ax, (6.4, 1.2 + 0.2 * n_bars))
            self._draw_bars(ax, n_bars)
        else:
            cmap = colormap(cmap)
            ax = one_axes(ax, (5.2, 4.4))
            self._draw_image(ax, cmap)
        self.figure_, self.axes_ = ax.figure, ax
        return self

    def _draw_image(self, ax, cmap):
        errors = self.errors.reshape(self.image_shape)
        errors = errors.mean(axis=2) if errors.ndim == 3 else errors
        image = ax.imshow(errors, cmap=cmap, vmin=0)
        ax.set(xticks=[], yticks=[], title="Error of each pixel")
        add_colorbar(image, ax, self.error_name)

    def _draw_bars(self, ax, n_bars):
        # NaN is sorted to the end: features without an error come after the best.
        worst = np.argsort(-self.errors, kind="stable")[:n_bars]
        ax.barh(np.arange(n_bars), np.nan_to_num(self.errors[worst]), color=BLUE)
        names = [self.feature_names[i] for i in worst]
        missing = np.isnan(self.errors[worst])
        names = [f"{name} (none)" if no else name for name, no in zip(names, missing, strict=True)]
        label_axis(ax.yaxis, names)
        ax.set(ylim=(n_bars - 0.4, -0.6), xlabel=self.error_name)
        few = n_bars < len(self.errors)
        ax.set_title(
            f"The {n_bars} worst of {len(self.errors)} features" if few else "Error of each feature"
        )


def mean_errors(model):
    """Mean squared error of each feature over its observed cells, and the feature's variance."""
    sums, moments, center = 0, 0, None
    for batch in gen_batches(model.n_rows, ROWS_AT_A_TIME):
        values, errors = model.values_and_errors(batch)
        # Squares of values far from 0 would cancel in the variance.
        center = np.nan_to_num(values[:1]) if center is None else center
        deviations = np.subtract(values, center, dtype=float)
        sums = sums + sums_and_counts(errors)
        moments = moments + sums_and_counts(deviations, np.square(deviations))
    (error,), (shift, square) = means_of(sums), means_of(moments)
    variances = np.maximum(square - np.square(shift), 0)
    return error, model.by_column(variances[np.newaxis])[0]


def sums_and_counts(cells, *others):
    """How many cells of each column are observed, and the sums over these, also of others."""
    counted = [np.isfinite(cells), cells, *others]
    return np.stack([np.nansum(each, axis=0, dtype=float) for each in counted])


def means_of(sums):
    """Means from counts and sums; NaN where nothing was counted."""
    return sums[1:] / np.where(sums[0] > 0, sums[0], np.nan)
