"""ArchitectureDisplay: the network as a drawing."""

from itertools import pairwise
from numbers import Integral

import numpy as np

from .._architecture import (
    code_width,
    has_skip_connections,
    head_activations,
    hidden_head_widths,
    layer_activations,
    network_widths,
)
from .._parameter_validation import check_parameters
from .._pipeline_inspection import split
from .._reconstruction import target_network
from .._supervised import SupervisedAutoencoder
from ._style import BLUE, GRAY, GREEN, ORANGE, PURPLE, SMALL, VERMILLION, one_axes

BAR_WIDTH = 0.36
MIN_HEIGHT = 0.04
INCHES_PER_LETTER = 0.07
# Where the lines of skip connections run, in units of the tallest bar.
PATH_GAP, PATH_HEIGHT = 0.14, 0.72
# Room above the bars, and that of a head's labels between these and its own bars.
ROOM, ROOM_WITH_PATHS, LABEL_ROOM = 0.7, 0.92, 0.26
INCHES_PER_UNIT = 2.2


class ArchitectureDisplay:
    """The network as a drawing: a bar for each layer, the narrower the lower.

    Heights go by the root of the width, so that 2 units are seen beside 784; the width stands
    above each bar, and below it what the layer is and its activation.

    Parameters
    ----------
    widths : sequence of int
        Number of units of every layer, those of input and output included.

    activations : sequence of str
        Activation of every layer after the input.

    code_layer : int
        Number of the layer that is the code, counted from 0 for the input.

    has_skip_connections : bool, default=False
        Whether there are skip connections from the input to the code and from there to the output.

    title : str, default="Network"
        What stands above the drawing.

    head_widths : sequence of int, default=()
        Number of units of the layers that lead from the code to a prediction; None for a last one
        that is not known yet.

    head_activations : sequence of str, default=()
        Their activations.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where the drawing is.

    axes_ : matplotlib Axes
        Axes of the drawing.

    Examples
    --------
    >>> from skautoencoder.plotting import ArchitectureDisplay
    >>> display = ArchitectureDisplay([64, 2, 64], ["tanh", "identity"], 1).plot()
    >>> [text.get_text() for text in display.axes_.texts]
    ['64', '2', '64']
    """

    def __init__(
        self,
        widths,
        activations,
        code_layer,
        has_skip_connections=False,
        title="Network",
        head_widths=(),
        head_activations=(),
    ):
        self.widths, self.activations = list(widths), [str(name) for name in activations]
        self.code_layer = code_layer
        self.has_skip_connections = has_skip_connections
        self.title = title
        self.head_widths = list(head_widths)
        self.head_activations = [str(name) for name in head_activations]
        self._check()

    @classmethod
    def from_estimator(cls, estimator, *, n_features=None, ax=None):
        """Draw the network of an estimator, which need not be fitted.

        Parameters
        ----------
        estimator : estimator or Pipeline
            An autoencoder, or a pipeline that ends with one. Of a variational autoencoder
            the code is drawn with its means alone. Above the decoder stands what leads from the
            code to the prediction of a classifier or a regressor.

        n_features : int or None, default=None
            Number of features that the autoencoder will see, where it is not fitted yet.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ArchitectureDisplay
            With the network drawn. An output activation that only `fit` will choose is
            called "auto", and the number of classes, or of outputs, that `fit` will find "?".
        """
        _, autoencoder = split(estimator)
        if hasattr(autoencoder, "coefs_"):
            shape = fitted_network(autoencoder)
            check_n_features(n_features, shape[0][0])
        else:
            shape = planned_network(autoencoder, n_features)
        head = head_layers(autoencoder)
        return cls(*shape, type(autoencoder).__name__, *head).plot(ax)

    def plot(self, ax=None):
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ArchitectureDisplay
            Itself.
        """
        tops = self._half_heights(self.widths)
        head_tops = self._half_heights(self.head_widths)
        room = ROOM_WITH_PATHS if self.has_skip_connections else ROOM
        middle = room + LABEL_ROOM + max(head_tops, default=0)
        top = middle + max(head_tops) + PATH_GAP if self.head_widths else room
        last = max(len(tops), self.code_layer + 1 + len(head_tops)) - 1
        ax = one_axes(ax, (max(5.0, 0.95 * (last + 1)), 3.6 + INCHES_PER_UNIT * (top - room)))
        self._draw_layers(ax, tops)
        draw_connections(ax, tops)
        if self.has_skip_connections:
            self._draw_skip_connections(ax, tops)
        if self.head_widths:
            self._draw_head(ax, tops[self.code_layer], head_tops, middle)
        ax.set(xlim=(-0.6, last + 0.6), ylim=(-0.55, top), yticks=[], title=self.title)
        self._label_layers(ax)
        ax.spines[:].set_visible(False)
        self.figure_, self.axes_ = ax.figure, ax
        return self

    def _half_heights(self, widths):
        """Half the heights of bars; that of an unknown width is the least."""
        known = np.array([width or 0 for width in widths], dtype=float)
        largest = max(width or 0 for width in self.widths + self.head_widths)
        return np.maximum(np.sqrt(known / largest), MIN_HEIGHT) / 2

    def _check(self):
        are_widths = all(isinstance(width, Integral) and width > 0 for width in self.widths)
        if len(self.widths) < 3 or not are_widths:
            raise ValueError(
                "widths must be positive integers, one for each layer from input to output and "
                f"at least 3. Got {self.widths!r} instead."
            )
        if len(self.activations) != len(self.widths) - 1:
            raise ValueError(
                f"activations must name one for each of the {len(self.widths) - 1} layers after "
                f"the input. Got {self.activations!r} instead."
            )
        last = len(self.widths) - 2
        if not isinstance(self.code_layer, Integral) or not 1 <= self.code_layer <= last:
            raise ValueError(
                f"code_layer must be a number from 1 to {last}, of a layer between input and "
                f"output. Got {self.code_layer!r} instead."
            )
        self._check_head()

    def _check_head(self):
        known = self.head_widths[:-1]
        known += [width for width in self.head_widths[-1:] if width is not None]
        if not all(isinstance(width, Integral) and width > 0 for width in known):
            raise ValueError(
                "head_widths must be positive integers, the last of which may be None. Got "
                f"{self.head_widths!r} instead."
            )
        if len(self.head_activations) != len(self.head_widths):
            raise ValueError(
                f"head_activations must name one for each of the {len(self.head_widths)} layers "
                f"of the head. Got {self.head_activations!r} instead."
            )

    def _roles(self):
        """What each layer is."""
        n_after = len(self.widths) - self.code_layer - 2
        encoder, decoder = ["encoder"] * (self.code_layer - 1), ["decoder"] * n_after
        return ["input", *encoder, "code", *decoder, "output"]

    def _draw_layers(self, ax, tops):
        colors = {"encoder": BLUE, "code": VERMILLION, "decoder": GREEN}
        colors = [colors.get(role, GRAY) for role in self._roles()]
        ax.bar(range(len(tops)), 2 * tops, BAR_WIDTH, -tops, color=colors)
        for x, (top, width) in enumerate(zip(tops, self.widths, strict=True)):
            name_width(ax, x, top, width, "bold" if x == self.code_layer else "normal")

    def _draw_head(self, ax, code_top, tops, middle):
        """From above the code up to a row of bars of its own."""
        first = self.code_layer + 1
        places = first + np.arange(len(tops))
        corner = (self.code_layer, middle)
        ax.plot([self.code_layer] * 2, [code_top + PATH_GAP, middle], color=PURPLE)
        style = {"arrowstyle": "->", "color": PURPLE, "linewidth": 1.5, "shrinkA": 0}
        ax.annotate("", (first - BAR_WIDTH / 2, middle), corner, arrowprops=style)
        ax.bar(places, 2 * tops, BAR_WIDTH, middle - tops, color=PURPLE)
        draw_connections(ax, tops, first, middle)
        roles = ["head"] * (len(tops) - 1) + ["prediction"]
        for i, x in enumerate(places):
            name_width(ax, x, middle + tops[i], self.head_widths[i] or "?")
            text = f"{roles[i]}\n{self.head_activations[i]}"
            place = {"xytext": (0, -3), "textcoords": "offset points", "ha": "center", "va": "top"}
            ax.annotate(text, (x, middle - tops[i]), fontsize=SMALL + 1, **place)

    def _draw_skip_connections(self, ax, tops):
        """From above the input down to the code, and from there to above the output."""
        last, code = len(tops) - 1, self.code_layer
        style = {"arrowstyle": "->", "color": ORANGE, "linewidth": 1.5}
        for start, end in ((0, code - 0.1), (code + 0.1, last)):
            from_top, to_top = tops[round(start)] + PATH_GAP, tops[round(end)] + PATH_GAP
            ax.plot([start, start, end], [from_top, PATH_HEIGHT, PATH_HEIGHT], color=ORANGE)
            ax.annotate("", (end, to_top), (end, PATH_HEIGHT), arrowprops=style)
            middle = ((start + end) / 2, PATH_HEIGHT + 0.03)
            ax.text(*middle, "skip connection", ha="center", va="bottom", fontsize=SMALL)

    def _label_layers(self, ax):
        names = ["", *self.activations]
        labels = [f"{role}\n{name}" for role, name in zip(self._roles(), names, strict=True)]
        inches = ax.get_window_extent().width / ax.figure.dpi / np.ptp(ax.get_xlim())
        longest = max(len(name) for name in (*self.activations, "encoder"))
        rotation = 0 if inches > INCHES_PER_LETTER * longest else 90
        ax.set_xticks(range(len(labels)), labels, fontsize=SMALL + 1, rotation=rotation)
        ax.tick_params(length=0)
        ax.get_xticklabels()[self.code_layer].set_fontweight("bold")


def name_width(ax, x, top, width, weight="normal"):
    """Write the number of units above a bar."""
    place = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center"}
    ax.annotate(str(width), (x, top), va="bottom", fontweight=weight, **place)


def draw_connections(ax, tops, first=0, middle=0.0):
    """Shade what lies between neighbouring bars."""
    side = BAR_WIDTH / 2
    for x, (top, next_top) in enumerate(pairwise(tops), first):
        ends = [x + side, x + 1 - side]
        edge = np.array([top, next_top])
        ax.fill_between(ends, middle - edge, middle + edge, color=GRAY, alpha=0.25, linewidth=0)


def head_layers(autoencoder):
    """Widths and activations of the layers from the code to a prediction, None for unknown."""
    if not isinstance(autoencoder, SupervisedAutoencoder):
        return [], []
    if hasattr(autoencoder, "target_coefs_"):
        widths, names = target_network(autoencoder).widths[1:], autoencoder.target_activations_
    else:
        widths, names = [*hidden_head_widths(autoencoder), None], head_activations(autoencoder)
    return widths, [*names[:-1], autoencoder._target_loss().link]


def fitted_network(autoencoder):
    """Widths, activations, number of the code's layer, and whether there are skip connections."""
    encoder, decoder = autoencoder._networks()
    widths = encoder.widths + decoder.widths[1:]
    return widths, autoencoder.activations_, len(encoder.layers), encoder.skip is not None


def planned_network(autoencoder, n_features):
    """The same by the parameters, of an autoencoder that is not fitted."""
    if not isinstance(n_features, Integral) or n_features < 1:
        raise ValueError(
            f"n_features must be a positive integer where the {type(autoencoder).__name__} is not "
            f"fitted. Got {n_features!r} instead: pass the number of columns of its input."
        )
    check_parameters(autoencoder)
    asked, n_features = autoencoder.n_components, int(n_features)
    if not isinstance(asked, (Integral, str)):
        raise ValueError(
            f"n_components={asked!r} is a share of the variance, whose width is known after fit "
            "only: fit the estimator, or set n_components to an int."
        )
    encoder, decoder = network_widths(autoencoder, n_features, code_width(asked, n_features))
    output = autoencoder._choose_output(None) or "auto"
    activations = layer_activations(autoencoder, output)
    widths = [*encoder[:-1], *decoder]
    return widths, activations, len(encoder) - 1, has_skip_connections(autoencoder)


def check_n_features(n_features, fitted):
    """Raise ValueError where the estimator was fitted on another number of features."""
    if n_features not in (None, fitted):
        raise ValueError(
            f"n_features={n_features!r} is not the {fitted} features that the estimator was "
            "fitted on: leave it at None, or pass a clone that is not fitted."
        )
