"""The explained share of the variance of a Dask collection, from one pass over its blocks.

References
----------
.. [1] Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance: analysis and
   recommendations. The American Statistician 37.
"""

from functools import reduce

import dask
import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._reconstruction import explained_share, n_weighted, run
from .._validation import inference_rows, refuse_wrong_weights
from ..network.inference import row_errors
from ..network.scaling import beyond_noise, means, weighted_sums
from .blocks import block_weights, is_frame, known_lengths, row_blocks, sample_block, weight_blocks
from .lazy import as_one_task, detached


def score(estimator, X, sample_weight=None):
    """Share of the variance of X that the reconstruction explains; computed at once.

    Parameters
    ----------
    estimator : estimator
    X : dask.array.Array or dask.dataframe.DataFrame
    sample_weight : array-like, Dask array or series of shape (n_samples,), default=None

    Returns
    -------
    score : float
    """
    check_is_fitted(estimator)
    inference_rows(estimator, sample_block(X))
    blocks = row_blocks(X)
    weights = [None] * len(blocks)
    if sample_weight is not None:
        weights = weight_blocks(sample_weight, known_lengths(X))
    measure = dask.delayed(_measure)
    model = as_one_task(detached(estimator, with_names=is_frame(X)))
    parts = [measure(block, own, model) for block, own in zip(blocks, weights, strict=True)]
    (whole,) = dask.compute(dask.delayed(_merge_all)(parts))
    if whole is None:
        raise ValueError("X has no rows with a positive weight: pass at least one.")
    (residual, n_rows), totals, mean, sums = whole
    variation = beyond_noise(sums, totals, mean, estimator.coefs_[0].dtype).sum()
    return explained_share(float(residual), float(variation), n_rows)


def _measure(block, weights, estimator):
    """Squared error and number of a block's rows; weight, mean and variation of every feature."""
    if block.shape[0] == 0:
        return None
    rows = inference_rows(estimator, block)
    if weights is not None:
        rows.sample_weight = block_weights(weights, len(rows))
        if not rows.sample_weight.any():
            return None
        refuse_wrong_weights(rows.sample_weight.min(), rows.sample_weight.max())
    errors, _ = run(row_errors, estimator._networks(), rows)
    residual = errors.sum() if weights is None else errors @ rows.sample_weight
    rows = rows.scaled_by(None)
    mean = means(rows)
    variations, totals = weighted_sums(rows, lambda cells: np.square(cells - mean))
    return np.array([residual, n_weighted(rows)]), totals, mean, variations


def _merge_all(parts):
    return reduce(_merge, (part for part in parts if part is not None), None)


def _merge(one, other):
    """Put two parts together: their squares about a mean become those about the joint one."""
    if one is None:
        return other
    residual, totals, _, variations = map(np.add, one, other)
    weights = np.divide(other[1], totals, out=np.zeros_like(totals), where=totals > 0)
    step = other[2] - one[2]
    return residual, totals, one[2] + step * weights, variations + one[1] * weights * step**2
