"""How pictures look: colours, fresh or given axes, labels that do not overlap."""

import math

# Okabe and Ito's colours, which the colour-blind can tell apart. Their black is left out: it is
# not seen on a dark background.
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, GRAY = "#CC79A7", "#56B4E9", "#F0E442", "#999999"
LIGHT_GRAY = "#C8C8C8"
COLORS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
# One more than colours, so that 7 x 8 classes differ in one or the other.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MAX_CLASSES = len(COLORS) * len(MARKERS)

SMALL = 8
MAX_LABELS = 40
MAX_LABEL_LENGTH = 32


def pyplot():
    """Import matplotlib, or say how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Drawing needs matplotlib, which is not installed: pip install 'skautoencoder[plot]'."
        ) from error
    return plt


def one_axes(ax, figsize):
    """The axes that were given, or those of a fresh figure."""
    plt = pyplot()
    if ax is None:
        return plt.subplots(figsize=figsize, layout="constrained")[1]
    if not isinstance(ax, plt.Axes):
        raise TypeError(
            f"ax must be a matplotlib Axes, or None for a fresh figure. Got {ax!r} instead: pass "
            "one of the axes that matplotlib.pyplot.subplots makes."
        )
    return ax


def grid_of_axes(ax, height_ratios, n_columns, figsize):
    """An array of axes that share the place of `ax`, of one row for each of the heights."""
    ax = one_axes(ax, figsize)
    ax.set_axis_off()
    spec, shape = ax.get_subplotspec(), (len(height_ratios), n_columns)
    if spec is None:  # axes that were put somewhere by hand
        box = ax.get_position()
        place = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
        grid = ax.figure.add_gridspec(*shape, height_ratios=height_ratios, **place)
    else:
        grid = spec.subgridspec(*shape, height_ratios=height_ratios)
    return grid.subplots(sharex="row", sharey="row", squeeze=False)


def short(name):
    """The name, its middle left out where it is long."""
    name, half = str(name), MAX_LABEL_LENGTH // 2
    return name if len(name) <= MAX_LABEL_LENGTH else f"{name[: half - 1]}…{name[-half:]}"


def label_axis(axis, names, positions=None, max_labels=MAX_LABELS):
    """Name the places along an axis; every second, third, ... where there are too many."""
    positions = range(len(names)) if positions is None else positions
    step = math.ceil(len(names) / max_labels)
    names, positions = [short(name) for name in names[::step]], positions[::step]
    axis.set_ticks(positions, names, fontsize=font_size(axis, len(names)))
    axis.set_tick_params(length=0)


def font_size(axis, n_labels):
    """Points: small, or smaller where labels stand above each other with less room."""
    if axis.axis_name == "x":
        return SMALL
    inches = axis.axes.get_window_extent().height / axis.axes.figure.dpi
    return min(SMALL, max(4, 0.95 * 72 * inches / n_labels))


def colormap(name, bad=SKY):
    """A colour map by name; missing values are sky blue, which no map for values has."""
    return pyplot().get_cmap(name).with_extremes(bad=bad)


def to_rgb(color):
    """A colour as three numbers in [0, 1]."""
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def add_colorbar(image, ax, label):
    """A colour bar that takes its place from these axes."""
    ax.figure.colorbar(image, ax=ax, label=label, shrink=0.8)
