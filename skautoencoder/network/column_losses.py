"""A loss for each column: numbers, shares and counts, and groups of columns that are a category.

A category is a group of columns of zeros and ones, one of which is 1, and the outputs of a group
go through a softmax. The objective of a row is the sum over its columns, a group counting as one.
"""

import numpy as np

from .heads import Head, sum_of_heads
from .losses import CategoricalCrossEntropy, Loss, as_loss

CATEGORY = "categorical_cross_entropy"


class ColumnLosses(Loss):
    """The sum of several losses, each of columns of its own.

    Parameters
    ----------
    parts : list of (str or Loss, ndarray of int)
        Losses with their columns. Those of one "categorical_cross_entropy" are one group.
    weights : ndarray of float
        Of every column, the same for those of a group.
    """

    def __init__(self, parts, weights):
        self.parts = parts
        self.weights = weights
        self.heads = _heads(parts, weights)

    @property
    def takes_skip_connections(self):
        return all(head.loss.takes_skip_connections for head in self.heads)

    @property
    def starts_at_pca(self):
        return all(head.loss.starts_at_pca for head in self.heads)

    def compute(self, target, output, sample_weight, observed, gradient, column_weights=None):
        return sum_of_heads(self.heads, target, output, sample_weight, observed, gradient)

    @property
    def links(self):
        """Names of inverse links with the columns that they are for: of a softmax, one group."""
        named = [("softmax" if p == CATEGORY else as_loss(p).link, own) for p, own in self.parts]
        return [(link, columns) for link, columns in named if link != "identity"]

    def log_likelihoods(self):
        """Functions and the columns that each is for: of a category, one group."""
        kinds = [CategoricalCrossEntropy() if p == CATEGORY else as_loss(p) for p, _ in self.parts]
        groups = [columns for _, columns in self.parts]
        return [(kind.log_likelihood, own) for kind, own in zip(kinds, groups, strict=True)]

    def predict(self, output):
        for head in self.heads:
            if head.loss.is_linked:
                own = output[:, head.columns]
                head.loss.predict(own)
                output[:, head.columns] = own

    def output_of(self, means):
        outputs = np.empty_like(means)
        for head in self.heads:
            outputs[head.columns] = head.loss.output_of(means[head.columns])
        return outputs

    def of(self, features, is_renumbered=True):
        """The same of some features alone, numbered as they are among these; None for all."""
        if features is None:
            return self
        parts = []
        for loss, columns in self.parts:
            kept = columns[np.isin(columns, features)]
            if len(kept):
                parts.append((loss, np.searchsorted(features, kept) if is_renumbered else kept))
        return ColumnLosses(parts, self.weights[features] if is_renumbered else self.weights)

    def count(self, n_features):
        return sum(1 if loss == CATEGORY else len(columns) for loss, columns in self.parts)

    @property
    def free_columns(self):
        """Columns whose loss takes any value: those that scaling is for."""
        free = [head.columns for head in self.heads if not head.loss.has_range]
        return np.sort(np.concatenate(free)) if free else np.arange(0)


def heads_of(loss):
    """The heads that a loss of the decoder's output consists of."""
    return loss.heads if isinstance(loss, ColumnLosses) else [Head(loss)]


def _heads(parts, weights):
    """One head for each loss, so that columns of one kind are computed together."""
    alike = {}
    for loss, columns in parts:
        alike.setdefault(repr(loss), []).append((loss, columns))
    heads = []
    for own in alike.values():
        loss, groups = own[0][0], [columns for _, columns in own]
        starts = np.cumsum([0, *map(len, groups[:-1])])
        columns = np.concatenate(groups)
        loss = CategoricalCrossEntropy(starts) if loss == CATEGORY else as_loss(loss)
        is_plain = (weights[columns] == 1).all()
        heads.append(Head(loss, columns, 1.0 if is_plain else weights[columns]))
    return heads
