"""scikit-learn's logistic regression as a layer from a finished code to classes."""

import numpy as np


def logistic_head(codes, rows, n_classes):
    """Weights and bias of a layer that leads from codes to the logits of classes.

    `rows` have the numbers of the classes as targets; a class without rows is never predicted.
    """
    # Its import takes longer than that of this package.
    from sklearn.linear_model import LogisticRegression

    bias = np.full(n_classes, np.log(np.finfo(codes.dtype).tiny))
    weights = np.zeros((codes.shape[1], n_classes))
    mean, scale = codes.mean(axis=0), codes.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    numbers = rows.all_targets()
    seen = np.unique(numbers)
    bias[seen] = 0
    if len(seen) > 1:
        head = LogisticRegression(max_iter=1000)
        head.fit((codes - mean) / scale, numbers, sample_weight=rows.weights(slice(None)))
        # Of two classes, the first one's logit is 0.
        is_binary = len(seen) == 2
        weights[:, seen[1:] if is_binary else seen] = head.coef_.T / scale[:, np.newaxis]
        bias[seen] = [0, *head.intercept_] if is_binary else head.intercept_
        bias[seen] -= mean @ weights[:, seen]
    return weights, bias
