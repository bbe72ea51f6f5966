"""Losses: the value over a batch, and the gradient with respect to the network's output.

The loss of a row is the sum over its features, so the squared error of one row is
``0.5 * ((x - r) ** 2).sum()``. Whatever depends on the loss is asked of it: the range that its
targets must lie in, the inverse link through which the output leads to a prediction, the
likelihood that it belongs to. To add one, write a subclass and an entry of `LOSSES`.
"""

import math

import numpy as np
from scipy.special import entr

from .activations import ACTIVATIONS, exp, log, sigmoid, softmax
from .component import Component, check_number
from .likelihoods import bernoulli, categorical, gaussian


class Loss(Component):
    """Base class: what training asks of a loss.

    `link` names the inverse link: the activation that leads from the network's output to a
    prediction. All but "identity" are left to the loss, which sees what comes before it.
    """

    low = -math.inf
    high = math.inf
    link = "identity"
    # Of `targets`, `output`, `observed` and a variance, where the loss belongs to a likelihood.
    log_likelihood = None
    # Whether that likelihood has a variance, which the errors tell.
    has_variance = False

    @property
    def is_linked(self):
        """Whether the last activation is left to the loss."""
        return self.link != "identity"

    @property
    def starts_at_pca(self):
        """Whether PCA's reconstruction is an output of the network, and so may be its start."""
        return not self.is_linked

    @property
    def takes_skip_connections(self):
        """Whether a network with skip connections can be trained: not for an unbounded range."""
        return not self.is_linked or math.isfinite(self.high)

    @property
    def has_range(self):
        """Whether targets must lie in a range."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    def predict(self, output):
        """Turn the network's output into predictions, in place."""
        ACTIVATIONS[self.link].function(output)

    def output_of(self, means):
        """The output that predicts these values, one for each column."""
        return ACTIVATIONS[self.link].inverse(means) if self.is_linked else means

    def count(self, n_features):
        """Number of columns that each add a loss; those of a category are one."""
        return n_features

    def entropy(self, means):
        """The least loss of a row for outputs that are always the same; None where not known.

        Of columns of these means, for losses that tell it from the means alone.
        """
        return

    def value(self, target, output, sample_weight, gradient):
        """Fill `gradient`, and return the sum over the rows, both by their weights (or None).

        `output` may be overwritten.
        """
        raise NotImplementedError

    def compute(self, target, output, sample_weight, observed, gradient, column_weights=None):
        """As `value`, where only the rows count whose cells are `observed`; None: all are.

        `column_weights` are for losses that are sums over columns.
        """
        if observed is None:
            return self.value(target, output, sample_weight, gradient)
        weights = observed[:, 0].astype(target.dtype)
        if sample_weight is not None:
            weights *= sample_weight
        return self.value(target, output, weights, gradient)


class ElementwiseLoss(Loss):
    """Base class of losses that are sums over the cells, some of which may be missing."""

    def compute(self, target, output, sample_weight, observed, gradient, column_weights=None):
        """As `value`, where only the cells that are `observed` count; None: all are."""
        if observed is None and column_weights is None:
            return self.value(target, output, sample_weight, gradient)
        # A row's loss is a sum over its cells, so each cell can be a row of its own.
        weights = np.ones_like(target) if observed is None else observed.astype(target.dtype)
        if column_weights is not None:
            weights *= column_weights
        if sample_weight is not None:
            weights *= sample_weight[:, np.newaxis]
        target, output, gradient = (a.reshape(-1, 1) for a in (target, output, gradient))
        return self.value(target, output, weights.ravel(), gradient)


class SquaredError(ElementwiseLoss):
    """Half the squared error, 0.5 * (output - target)^2.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, SquaredError
    >>> AutoencoderTransformer(loss=SquaredError())
    AutoencoderTransformer(loss=SquaredError())
    """

    log_likelihood = staticmethod(gaussian)
    has_variance = True

    def value(self, target, output, sample_weight, gradient):
        np.subtract(output, target, out=gradient)
        if sample_weight is None:
            return 0.5 * float(np.dot(gradient.ravel(), gradient.ravel()))
        np.multiply(gradient, gradient, out=output)
        total = 0.5 * float(np.dot(output.sum(axis=1), sample_weight))
        np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
        return total


class AbsoluteError(ElementwiseLoss):
    """The absolute error, ``|output - target|``: a median instead of a mean.

    Examples
    --------
    >>> from skautoencoder import AbsoluteError, AutoencoderTransformer
    >>> AutoencoderTransformer(loss=AbsoluteError())
    AutoencoderTransformer(loss=AbsoluteError())
    """

    def value(self, target, output, sample_weight, gradient):
        np.subtract(output, target, out=output)
        np.sign(output, out=gradient)
        np.abs(output, out=output)
        return _weighted_sum(output.sum(axis=1), sample_weight, gradient)


class Huber(ElementwiseLoss):
    """Half the square of small errors e, ``delta * (|e| - delta / 2)`` of larger ones.

    A few values that are far off have less influence [1]_ than on the squared error.

    Parameters
    ----------
    delta : float, default=1.0
        Errors, in the network's units, up to which they are squared, above 0.

    References
    ----------
    .. [1] Huber (1964), Robust estimation of a location parameter. Annals of Mathematical
       Statistics 35.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, Huber
    >>> AutoencoderTransformer(loss=Huber(delta=0.5)).get_params()["loss__delta"]
    0.5
    """

    def __init__(self, delta=1.0):
        self.delta = delta

    def check(self):
        check_number(self, "delta", 0, math.inf, closed="neither")

    def value(self, target, output, sample_weight, gradient):
        # With the gradient g = clip(e, -delta, delta), the loss is g (e - g / 2).
        delta = float(self.delta)
        np.subtract(output, target, out=output)
        np.clip(output, -delta, delta, out=gradient)
        np.add(output, output, out=output)
        np.subtract(output, gradient, out=output)
        np.multiply(output, gradient, out=output)
        return _weighted_sum(0.5 * output.sum(axis=1), sample_weight, gradient)


class BinaryCrossEntropy(ElementwiseLoss):
    """Cross-entropy of a share in [0, 1], for each feature; the output is a probability.

    Computed from the logits z as ``max(z, 0) - x z + log(1 + exp(-|z|))``, without clipping.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, BinaryCrossEntropy
    >>> AutoencoderTransformer(loss=BinaryCrossEntropy())
    AutoencoderTransformer(loss=BinaryCrossEntropy())
    """

    low, high, link = 0, 1, "sigmoid"
    log_likelihood = staticmethod(bernoulli)

    def entropy(self, means):
        return float((entr(means) + entr(1 - means)).sum())

    def value(self, target, output, sample_weight, gradient):
        np.abs(output, out=gradient)
        np.negative(gradient, out=gradient)
        np.exp(gradient, out=gradient)
        np.log1p(gradient, out=gradient)
        rows = gradient.sum(axis=1)
        np.clip(output, 0, np.inf, out=gradient)
        rows += gradient.sum(axis=1)
        rows -= np.einsum("ij,ij->i", target, output)
        sigmoid(output)
        np.subtract(output, target, out=gradient)
        return _weighted_sum(rows, sample_weight, gradient)


class PoissonDeviance(ElementwiseLoss):
    """Half the Poisson deviance of counts, for each feature; the output is a rate.

    With the logarithm z of the rate it is x log(x) - x z + exp(z) - x. The terms of x alone
    make a perfect reconstruction's loss 0.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, PoissonDeviance
    >>> AutoencoderTransformer(loss=PoissonDeviance())
    AutoencoderTransformer(loss=PoissonDeviance())
    """

    low, link = 0, "exp"

    def value(self, target, output, sample_weight, gradient):
        # Where x is 0 its product with any finite logarithm is 0, which is the limit.
        np.maximum(target, np.finfo(target.dtype).tiny, out=gradient)
        np.log(gradient, out=gradient)
        np.subtract(gradient, output, out=gradient)
        np.multiply(gradient, target, out=gradient)
        rows = gradient.sum(axis=1)
        exp(output)
        np.subtract(output, target, out=gradient)
        rows += gradient.sum(axis=1)
        return _weighted_sum(rows, sample_weight, gradient)


class CategoricalCrossEntropy(Loss):
    """Cross-entropy of one category among several: the outputs of a row are a softmax's.

    The target of a row has the categories' shares, which sum to 1: one of them is 1 where the
    category is known. Computed from the logits z as log(sum(exp(z))) - x z.

    Parameters
    ----------
    starts : ndarray of int or None
        Where the columns of each of several groups begin, the first at 0; each is a category.
        None for one group.
    """

    low, high, link = 0, 1, "softmax"
    log_likelihood = staticmethod(categorical)

    def __init__(self, starts=None):
        self.starts = starts

    def predict(self, output):
        self._softmax(output)

    def output_of(self, means):
        return log(means)

    def entropy(self, means):
        return float(entr(means).sum())

    def compute(self, target, output, sample_weight, observed, gradient, column_weights=None):
        if self.starts is None:
            return super().compute(target, output, sample_weight, observed, gradient)
        # Rows as they come, groups in columns.
        losses = -np.add.reduceat(target * output, self.starts, axis=1)
        losses += self._softmax(output)
        np.subtract(output, target, out=gradient)
        if observed is sample_weight is column_weights is None:
            return float(losses.sum())
        weights = np.ones_like(losses)
        if observed is not None:
            weights *= observed[:, self.starts]
        if column_weights is not None:
            weights *= column_weights[self.starts]
        if sample_weight is not None:
            weights *= sample_weight[:, np.newaxis]
        np.multiply(gradient, self._spread(weights, gradient.shape[1]), out=gradient)
        return float(np.einsum("ij,ij->", losses, weights))

    def _softmax(self, z):
        """Make shares of every group of z, in place; return the logarithms of their sums."""
        if self.starts is None:
            return softmax(z)
        highest = np.maximum.reduceat(z, self.starts, axis=1)
        np.subtract(z, self._spread(highest, z.shape[1]), out=z)
        np.exp(z, out=z)
        totals = np.add.reduceat(z, self.starts, axis=1)
        np.divide(z, self._spread(totals, z.shape[1]), out=z)
        return np.log(totals) + highest

    def _spread(self, values, n_columns):
        """A value for each column of values for each group."""
        return np.repeat(values, np.diff(self.starts, append=n_columns), axis=1)

    def value(self, target, output, sample_weight, gradient):
        rows = -np.einsum("ij,ij->i", target, output)
        rows += softmax(output)
        np.subtract(output, target, out=gradient)
        return _weighted_sum(rows, sample_weight, gradient)


def _weighted_sum(rows, sample_weight, gradient):
    """Sum of the rows' losses times their weights, which go into the gradient too."""
    if sample_weight is None:
        return float(rows.sum())
    np.multiply(gradient, sample_weight[:, np.newaxis], out=gradient)
    return float(np.dot(rows, sample_weight))


# Those that a whole table may have, by the names that users know them by.
LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "binary_cross_entropy": BinaryCrossEntropy,
    "poisson": PoissonDeviance,
}


def as_loss(loss):
    """The loss that a name stands for, or the object itself."""
    return LOSSES[loss]() if isinstance(loss, str) else loss


def losses_that_start_at_pca():
    """The names of the losses whose output may take any value, as an error lists them."""
    *names, last = (repr(name) for name, kind in LOSSES.items() if kind.link == "identity")
    return f"{', '.join(names)} or {last}"
