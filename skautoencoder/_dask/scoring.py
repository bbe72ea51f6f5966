"""Sums of squares over a Dask collection, from one pass over its blocks.

References
----------
.. [1] Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance: analysis and
   recommendations. The American Statistician 37.
"""

from functools import reduce

import dask
import numpy as np

from .._data_validation import inference_rows, refuse_wrong_weights
from ..network.scaling import beyond_noise
from .blocks import block_weights, is_frame, known_lengths, row_blocks, weight_blocks
from .lazy import as_one_task, detached, of_made_up


def residual_and_variation(estimator, X, sample_weight=None):
    """Squared error of the reconstruction of X, and what it varies about its mean.

    Parameters
    ----------
    estimator : ReconstructionMixin
        A fitted one.
    X : dask.array.Array or dask.dataframe.DataFrame
    sample_weight : array-like, Dask array or series of shape (n_samples,), default=None

    Returns
    -------
    residual : float
        Weighted sum over rows and features.
    variation : float
        The same of the squared distances from the mean of X.
    n_rows : int
        Number of rows with a positive weight.
    """
    of_made_up(lambda rows: inference_rows(estimator, rows), X)
    blocks = row_blocks(X)
    weights = [None] * len(blocks)
    if sample_weight is not None:
        weights = weight_blocks(sample_weight, known_lengths(X))
    sums = dask.delayed(_block_sums)
    model = as_one_task(detached(estimator, with_names=is_frame(X)))
    parts = [sums(block, own, model) for block, own in zip(blocks, weights, strict=True)]
    (whole,) = dask.compute(dask.delayed(_merge_all)(parts))
    if whole is None:
        raise ValueError("X has no rows with a positive weight: pass at least one.")
    (residual, n_rows), totals, mean, sums = whole
    variation = beyond_noise(sums, totals, mean, estimator.coefs_[0].dtype).sum()
    return float(residual), float(variation), n_rows


def _block_sums(block, weights, estimator):
    """The sums of one block; None where no row of it counts."""
    if block.shape[0] == 0:
        return None
    if weights is not None:
        weights = block_weights(weights, block.shape[0])
        if not weights.any():
            return None
        refuse_wrong_weights(weights.min(), weights.max())
    return estimator._sums_of_squares(block, weights)


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
