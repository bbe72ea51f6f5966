"""What a run falls back on unless it has found something better, and how that is judged."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from .thread_pool import even_slices

# Share of the mean loss that is added to each row's before two of them are divided: rows that are
# rebuilt to rounding tell nothing of which is better.
RATIO_FLOOR = 1e-3
# The spread of the losses of so many parts of the validation rows tells how sure their mean is.
VALIDATION_PARTS = 20


@dataclass
class Fallback:
    """Weights, a `Snapshot`, that a run returns to unless it has found better ones.

    `margin` is the number of standard errors by which the validation loss must be lower
    where there are validation rows: a simple model is not given up for a lucky draw. Few
    rows tell their own spread badly, and need as much more as Student's distribution says.
    Where a few rows with large losses hide a difference that most rows show, the logarithms of
    the ratios of the rows' losses, by weight, may be lower by as much in place of the loss itself;
    this takes more rows than parts.
    `kept` is what is then kept, one of `KEPT`.
    """

    weights: object
    margin: float = 0.0
    kept: str = "earlier"


@dataclass
class Measured:
    """What parameters reach: an objective over all rows, and losses of the validation rows.

    `parts` are mean losses of parts of them, and `weights` theirs, None where all weigh the same.
    """

    objective: float
    parts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray | None = None


def means_of_parts(losses, weights):
    """Mean of each of some parts of the losses of rows."""
    parts = even_slices(len(losses), VALIDATION_PARTS)
    own = [None if weights is None else weights[part] for part in parts]
    return np.array([np.average(losses[p], weights=w) for p, w in zip(parts, own, strict=True)])


def is_better(ours, theirs, margin):
    """Whether our parameters are better than theirs by a margin: see `Fallback`."""
    if not ours.objective <= theirs.objective:
        return False
    gains = theirs.parts - ours.parts
    if gains.sum() >= student_margin(margin, gains) * len(gains):
        return True
    weights = ours.weights
    gain = gains.sum() if weights is None else weights @ (theirs.rows - ours.rows)
    # Where each part is a single row, the rows tell no more than the parts.
    if gain <= 0 or len(ours.rows) <= len(ours.parts):
        return False
    floor = RATIO_FLOOR * np.average(theirs.rows, weights=weights)
    ratios = np.log((theirs.rows + floor) / (ours.rows + floor))
    mean = np.average(ratios, weights=weights)
    return mean >= student_margin(margin, ratios, weights) > 0


def student_margin(margin, values, weights=None):
    """As many standard errors of the mean as hold with the confidence of `margin` normal ones.

    Of Student's t-distribution; 0 for less than two values or where they do not differ. Of the
    weights only the proportions count: few that are large leave as many degrees of freedom as
    their effective number, (sum w)^2 / sum w^2, in place of the number of values.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    n, standard_error = len(values), values.std(ddof=1) / math.sqrt(len(values))
    if weights is not None:
        shares = weights / weights.sum(dtype=np.float64)
        n = max(1.0, 1 / np.dot(shares, shares))
        distances = shares * (values - shares @ values)
        standard_error = math.sqrt(np.dot(distances, distances) * n / (n - 1)) if n > 1 else 0.0
    return stdtrit(n - 1, ndtr(margin)) * standard_error
