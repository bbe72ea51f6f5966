"""Heads: what of a row is predicted, from what, by which loss, and what it weighs.

The objective of a network is the sum over its heads. Most networks have one, which predicts all
of X from the decoder's output by one loss.

References
----------
.. [1] Le, Patterson, White (2018), Supervised autoencoders: improving generalization performance
   with unsupervised regularizers. NeurIPS 31.
"""

import numpy as np


class Head:
    """Predicts columns of X from the decoder's output.

    Parameters
    ----------
    loss : Loss
    columns : slice, ndarray of int or None
        Of X and of the output; None for all of them.
    weight : float or ndarray of float
        Of the head, or of each of its columns.
    """

    def __init__(self, loss, columns=None, weight=1.0):
        self.loss = loss
        self.columns = columns
        self.weight = weight

    def value(self, target, output, sample_weight, observed, gradient):
        """Fill the gradient of the head's columns; return the sum over the rows, by weight.

        The output may be overwritten.
        """
        if self.columns is None:
            total = self.loss.compute(target, output, sample_weight, observed, gradient)
            if self.weight != 1:
                np.multiply(gradient, gradient.dtype.type(self.weight), out=gradient)
            return self.weight * total
        own = [np.ascontiguousarray(each[:, self.columns]) for each in (target, output)]
        observed = None if observed is None else observed[:, self.columns]
        own_gradient = np.empty_like(own[1])
        if np.ndim(self.weight):
            weights = self.weight.astype(own_gradient.dtype, copy=False)
            total = self.loss.compute(*own, sample_weight, observed, own_gradient, weights)
            gradient[:, self.columns] = own_gradient
            return total
        total = self.loss.compute(*own, sample_weight, observed, own_gradient)
        gradient[:, self.columns] = self.weight * own_gradient
        return self.weight * total


class TargetHead:
    """Predicts targets, which are no columns of X, from the code.

    Parameters
    ----------
    network : Network
        From the code to the targets, the loss's link left out.
    loss : Loss
    weight : float
    """

    def __init__(self, network, loss, weight=1.0):
        self.network = network
        self.loss = loss
        self.weight = weight

    def value(self, target, output, sample_weight, gradient):
        """As `Head.value`; targets are all observed."""
        total = self.loss.value(target, output, sample_weight, gradient)
        np.multiply(gradient, gradient.dtype.type(self.weight), out=gradient)
        return self.weight * total


def sum_of_heads(heads, target, output, sample_weight, observed, gradient):
    """The objective of the decoder's output, and its gradient: between them all columns."""
    if len(heads) == 1:
        return heads[0].value(target, output, sample_weight, observed, gradient)
    parts = [head.value(target, output, sample_weight, observed, gradient) for head in heads]
    return float(sum(parts))
