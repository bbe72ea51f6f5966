"""A loss for each column: numbers, shares and counts, and groups of columns that are a category.

A category is a group of columns of zeros and ones, one of which is 1, and the outputs of a group
go through a softmax. The objective of a row is the sum over its columns, a group counting as one.
"""

import numpy as np

from .heads import Head, sum_of_heads
from .losses import CategoricalCrossEntropy, Loss, as_loss


class ColumnLosses(Loss):
    """The sum of several losses, each of columns of its own.

    Parameters
    ----------
    parts : list of (str or Loss, ndarray of int, float)
        Losses with their columns and weights. The columns of one
        "categorical_cross_entropy" are one group.
    """

    def __init__(self, parts):
        self.parts = parts
        self.heads = _heads(parts)

    @property
    def takes_skip_connections(self):
        return all(head.loss.takes_skip_connections for head in self.heads)

    @property
    def starts_at_pca(self):
        return all(head.loss.starts_at_pca for head in self.heads)

    def compute(self, target, output, sample_weight, observed, gradient):
        return sum_of_heads(self.heads, target, output, sample_weight, observed, gradient)

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
        for loss, columns, weight in self.parts:
            kept = columns[np.isin(columns, features)]
            if len(kept):
                kept = np.searchsorted(features, kept) if is_renumbered else kept
                parts.append((loss, kept, weight))
        return ColumnLosses(parts)

    @property
    def free_columns(self):
        """Columns whose loss takes any value: those that scaling is for."""
        free = [head.columns for head in self.heads if not head.loss.has_range]
        return np.sort(np.concatenate(free)) if free else np.arange(0)


def heads_of(loss):
    """The heads that a loss of the decoder's output consists of."""
    return loss.heads if isinstance(loss, ColumnLosses) else [Head(loss)]


def _heads(parts):
    """One head for each loss and weight, so that columns of one kind are computed together."""
    alike = {}
    for loss, columns, weight in parts:
        alike.setdefault((repr(loss), float(weight)), []).append((loss, columns))
    heads = []
    for (_, weight), own in alike.items():
        loss, groups = own[0][0], [columns for _, columns in own]
        starts = np.cumsum([0, *map(len, groups[:-1])])
        is_category = loss == "categorical_cross_entropy"
        loss = CategoricalCrossEntropy(starts) if is_category else as_loss(loss)
        heads.append(Head(loss, np.concatenate(groups), weight))
    return heads
