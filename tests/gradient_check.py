"""Gradients of batches, checked by central differences."""

from itertools import pairwise

import numpy as np
import pytest

from skautoencoder import (
    ContractivePenalty,
    GaussianNoise,
    KLSparsity,
    L1Sparsity,
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
)
from skautoencoder.network.autoencoder import Autoencoder
from skautoencoder.network.backprop import BatchGradient
from skautoencoder.network.dataset import Dataset
from skautoencoder.network.heads import Head
from skautoencoder.network.losses import as_loss
from skautoencoder.network.parameters import Parameters, layer_shapes, mirrored_ties
from skautoencoder.network.thread_pool import ThreadPool

ENCODER, DECODER = [5, 7, 3], [3, 6, 5]
CORRUPTIONS = [GaussianNoise(), MaskingNoise(), SaltAndPepperNoise(), SwapNoise(rate=0.4)]
PENALTIES = [
    L1Sparsity(weight=0.7),
    KLSparsity(weight=0.7),
    ContractivePenalty(weight=0.3),
    ContractivePenalty(weight=0.3, n_directions=5),
]


def batch_gradient(
    X, activations, loss, *, encoder=ENCODER, decoder=DECODER, has_skips=False, tied=False, **parts
):
    """`loss` is a name or a list of heads; `parts` are those of `Autoencoder`, and weights, alpha,
    seed, and of a target: its values, and widths of the layers that lead to it."""
    weights, alpha = parts.pop("weights", None), parts.pop("alpha", 0.0)
    rng = np.random.default_rng(parts.pop("seed", 0))
    targets, widths = parts.pop("targets", None), parts.pop("target_widths", [])
    ties = mirrored_ties(len(encoder) - 1, has_skips) if tied else None
    parameters = Parameters(
        [*layer_shapes(encoder, decoder, has_skips), *pairwise(widths)], X.dtype, ties
    )
    parameters.flat[:] = rng.normal(scale=0.5, size=parameters.flat.shape)
    heads = [Head(as_loss(loss))] if isinstance(loss, str) else loss
    autoencoder = Autoencoder.build(parameters, activations, len(encoder) - 1, heads, **parts)
    rows = Dataset(X, sample_weight=weights, has_missing=np.isnan(X).any(), targets=targets)
    rows = rows.scaled_by(None, np.nanmean(X, axis=0))
    gradient = BatchGradient(autoencoder, parameters, rows, alpha, ThreadPool())
    gradient.allocate(len(X))
    return gradient


def compute(gradient, n_rows):
    """The mean objective and its gradients, with the same random numbers at every call."""
    gradient.rng = np.random.default_rng(3)
    gradient.allocate(n_rows)
    total, gradients = gradient.compute(np.arange(n_rows), float(n_rows))
    gradients.all_completed(gradient.pool)
    return total / n_rows, gradients


def check_gradient(gradient, n_rows, rel=2e-6):
    """Directional derivative from the gradient against a central difference."""
    flat = gradient.parameters.flat
    _, gradients = compute(gradient, n_rows)
    analytic, start = gradients.flat.copy(), flat.copy()
    rng, step = np.random.default_rng(1), 1e-6
    for _ in range(3):
        direction = rng.normal(size=flat.shape)
        ends = []
        for sign in (1, -1):
            flat[:] = start + sign * step * direction
            ends.append(compute(gradient, n_rows)[0])
        numeric = (ends[0] - ends[1]) / (2 * step)
        assert analytic @ direction == pytest.approx(numeric, rel=rel, abs=1e-8)
    flat[:] = start
