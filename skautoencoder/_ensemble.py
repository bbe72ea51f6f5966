"""Members of an ensemble: the widths of their codes, and the rows that they are trained on."""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from ._architecture import code_width
from .network.pca import principal_components
from .network.scaling import total_variation

# What "auto" stands for. Narrow codes cannot copy outliers, wide ones leave small errors in which
# small deviations show: the ensemble has both.
AUTO_SHARES = (0.4, 0.6, 0.8, 0.9)
# The widest code that a share of the variance stands for.
MAX_SHARED_WIDTH = 100


def widths_in_turn(asked, autoencoder, rows):
    """Widths that the members take in turn, for scaled rows.

    `asked` is the parameter `n_components`, whose "auto" depends on the autoencoder given.
    """
    if isinstance(asked, str):
        asked = AUTO_SHARES if autoencoder is None else autoencoder.n_components
    if isinstance(asked, str):
        return [code_width(asked, rows.n_features)]
    asked = as_list(asked)
    if all(isinstance(entry, Integral) for entry in asked):
        return [int(entry) for entry in asked]
    explained = explained_shares(rows)
    return [
        int(entry)
        if isinstance(entry, Integral)
        else min(int(np.searchsorted(explained, entry)) + 1, len(explained))
        for entry in asked
    ]


def check_widths(n_components):
    """Raise ValueError unless all widths are positive integers or shares of the variance."""
    if isinstance(n_components, str) and n_components == "auto":
        return
    entries = as_list(n_components)
    if not entries or not all(_is_width(entry) or _is_share(entry) for entry in entries):
        raise ValueError(
            "The 'n_components' parameter must be a positive integer, a share of the variance in "
            f"(0, 1), a sequence of these, or 'auto'. Got {n_components!r} instead."
        )


def as_list(value):
    """The entries of a sequence, or the value alone."""
    return list(value) if isinstance(value, Sequence) or np.ndim(value) == 1 else [value]


def _is_width(entry):
    return isinstance(entry, Integral) and not isinstance(entry, bool) and entry > 0


def _is_share(entry):
    return isinstance(entry, Real) and 0 < entry < 1


def explained_shares(rows):
    """Shares of the variance that 1, 2, ... principal components of the scaled rows explain.

    Fewer than there are features: a code as wide as X could copy every row.
    """
    n_components = min(MAX_SHARED_WIDTH, len(rows), max(1, rows.n_features - 1))
    mean, _, variances = principal_components(rows, n_components)
    total = total_variation(rows, mean) / rows.total_weight()
    return np.cumsum(variances) / (total or 1.0)


def with_widths_and_seeds(autoencoder, widths, seeds):
    """Unfitted clones, one for each seed, that take the widths in turn."""
    return [
        clone(autoencoder).set_params(
            n_components=widths[number % len(widths)], random_state=int(seed)
        )
        for number, seed in enumerate(seeds)
    ]


def trained(members, X, weights, n_rows, n_jobs, rng):
    """The members, each trained on the rows that have weight, or on so many of them."""
    chosen = [draw(weights, n_rows, rng) for _ in members]
    is_whole = np.count_nonzero(weights) <= n_rows
    return Parallel(n_jobs=n_jobs)(
        delayed(_train)(member, *((X, weights) if is_whole else (X[rows], weights[rows])))
        for member, rows in zip(members, chosen, strict=True)
    )


def _train(member, X, weights):
    return member.fit(X, sample_weight=weights)


def draw(weights, n_rows, rng):
    """Numbers of rows that have weight, in order: all of them, or so many drawn."""
    chosen = np.flatnonzero(weights)
    return chosen if len(chosen) <= n_rows else np.sort(rng.choice(chosen, n_rows, replace=False))
