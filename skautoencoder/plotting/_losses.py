"""LossCurveDisplay: the loss, epoch by epoch."""

import numpy as np

from .._pipeline_inspection import split_fitted
from ._checks import check_vector
from ._style import BLUE, ORANGE, VERMILLION, one_axes

KEPT_LABELS = {"network": "weights", "pca": "PCA", "earlier": "earlier weights"}


class LossCurveDisplay:
    """The loss of training and held-out rows in each epoch, the best epoch marked.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        Loss over the training rows in each epoch.

    validation_loss_curve : array-like of shape (n_validated_epochs,) or None, default=None
        Loss over the held-out rows after each epoch. A shorter one than `loss_curve` is that
        of the first epochs.

    best_loss : float or None, default=None
        Loss of the weights that were kept. None is the lowest validation loss, or the lowest
        training loss where there is none.

    kept : {"network", "pca", "earlier"}, default="network"
        Which weights these are, as in the estimator's `kept_`: only those of the network are
        an epoch's.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where the curves are.

    axes_ : matplotlib Axes
        Axes of the curves. The loss has a logarithmic scale where it is positive and its largest
        value more than ten times its smallest.

    Examples
    --------
    >>> from skautoencoder.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay([3.0, 2.0, 1.5, 1.2], [3.1, 2.3, 2.1, 2.2])
    >>> display.plot().axes_.get_legend().get_texts()[-1].get_text()
    'best: epoch 3'
    """

    def __init__(self, loss_curve, validation_loss_curve=None, best_loss=None, kept="network"):
        self.loss_curve = check_vector(loss_curve, "loss_curve")
        self.validation_loss_curve = None
        if validation_loss_curve is not None:
            curve = check_vector(validation_loss_curve, "validation_loss_curve")
            if len(curve) > len(self.loss_curve):
                raise ValueError(
                    "validation_loss_curve must not have more epochs than loss_curve, "
                    f"{len(self.loss_curve)}. Got {len(curve)}: pass both curves of one estimator."
                )
            self.validation_loss_curve = curve
        watched = self._curves()[0]
        if kept not in KEPT_LABELS:
            raise ValueError(
                f"kept must be one of {sorted(KEPT_LABELS)}. Got {kept!r} instead: pass the "
                "estimator's kept_."
            )
        self.kept = kept
        self.best_loss = float(watched.min() if best_loss is None else best_loss)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the curves of a fitted estimator.

        Where `fit` has kept PCA, or the weights that a warm start went on from, no epoch is the
        best, and a line shows the loss of the weights that were kept.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted autoencoder, or a pipeline that ends with one.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LossCurveDisplay
            With the curves drawn.
        """
        _, autoencoder = split_fitted(estimator)
        if not autoencoder.loss_curve_:
            raise ValueError(
                "estimator has no loss curve: its weights were read, not trained. Call "
                "partial_fit or fit first."
            )
        curves = autoencoder.loss_curve_, autoencoder.validation_loss_curve_
        return cls(*curves, autoencoder.best_loss_, autoencoder.kept_).plot(ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LossCurveDisplay
            Itself.
        """
        ax = one_axes(ax, (6.4, 4.2))
        self._draw_curve(ax, self.loss_curve, BLUE, "training")
        if self.validation_loss_curve is not None:
            self._draw_curve(ax, self.validation_loss_curve, ORANGE, "validation")
        self._mark_best(ax)
        ax.set(xlabel="epoch", ylabel="loss", title="Loss of each epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if self._spans_decades():
            ax.set_yscale("log")
        ax.legend(loc="upper right")
        self.figure_, self.axes_ = ax.figure, ax
        return self

    def _draw_curve(self, ax, curve, color, label):
        # A line needs two points.
        marker = "o" if len(curve) == 1 else None
        ax.plot(np.arange(1, len(curve) + 1), curve, color=color, marker=marker, label=label)

    def _curves(self):
        """The curve that training watches, and the other one if there is one."""
        curves = [self.validation_loss_curve, self.loss_curve]
        return [curve for curve in curves if curve is not None]

    def _spans_decades(self):
        values = np.concatenate([*self._curves(), [self.best_loss]])
        return values.min() > 0 and values.max() > 10 * values.min()

    def _mark_best(self, ax):
        """Mark the epoch of `best_loss`, or draw a line where it is no epoch's."""
        for curve in self._curves() if self.kept == "network" else []:
            epochs = np.flatnonzero(curve == self.best_loss)
            if len(epochs):
                label = f"best: epoch {epochs[0] + 1}"
                style = {"marker": "D", "linestyle": "none", "color": VERMILLION, "zorder": 3}
                ax.plot(epochs[:1] + 1, [self.best_loss], label=label, **style)
                return
        style = {"linestyle": "--", "color": VERMILLION}
        label = f"{KEPT_LABELS[self.kept]} kept: {self.best_loss:.4g}"
        ax.axhline(self.best_loss, label=label, **style)
