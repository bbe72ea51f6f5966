"""How the imputer learns to fill: all choices are made by cells of held-out rows."""

from itertools import islice

import numpy as np
from sklearn.base import clone

from .._transformer import AutoencoderTransformer
from ..network.corruption import MaskingNoise
from ..network.dataset import Dataset
from ..network.scaling import deviations, means
from ..utils.random import generators
from .filler import Filler, _Refill, find_bounds
from .gaussian_em import N_STEPS, em_steps
from .hidden_cells import HiddenCells

# With more features, the equations that the normal distribution has for each row take too long.
MAX_NORMAL_FEATURES = 256

MIN_ROWS_TO_HOLD_OUT = 20

# Expectation maximisation goes on by so many steps as long as hidden cells gain, to so many.
MORE_STEPS = 3
MAX_STEPS = 30

# So many spans of the observed values may filled ones lie beyond these: either none, or, where
# hidden cells speak for it, as far as heavy tails need.
WIDE_MARGIN = 1.0
# Errors, in standard deviations, below which a fill is more likely right than a bound.
NEARLY_EXACT = 0.1

# The default autoencoder sees about so many rows in training, in 20 to 200 epochs; fewer where
# there are more than 64 features.
ROWS_SEEN = 30_000


class FillerFit:
    """One fit to rows of features that vary.

    Parameters
    ----------
    imputer : AutoencoderImputer
        Whose parameters are read.
    X : ndarray of shape (n, n_features)
        With NaN where cells are missing.
    weights : ndarray of shape (n,)
    limits : ndarray of shape (2, n_features)
        The user's, on what is filled in.
    columns : ndarray of int of shape (n_features,) or None
        Numbers of the columns that the features are parts of; None where each is one.
    """

    def __init__(self, imputer, X, weights, limits, columns=None):
        self.imputer = imputer
        self.X = X
        self.weights = weights
        self.limits = limits
        self.columns = columns
        self.scaling = moments(X, weights)
        rng, _ = generators(imputer.random_state, 0)
        train, held_out = self._split(rng)
        self.train = X[train], weights[train]
        # All is judged by rows that neither initial fill nor autoencoder has seen.
        self.has_held_out = len(train) < len(X)
        self.hidden = HiddenCells(X[held_out], weights[held_out], self.scaling[1], rng, columns)

    def run(self):
        """The filler, its errors on hidden cells after each round, and the number of rounds."""
        filler, n_steps = self._first_filler()
        filler.autoencoder = self._fit_autoencoder(filler.model)
        margins, curve = self._choose_margins(filler)
        mean, covariance = self.scaling[0], None
        if n_steps:
            distributions = normal_distributions(self.X, self.weights, self.scaling)
            mean, covariance = nth(distributions, n_steps)
        bounds = find_bounds(self.X, margins, self.limits)
        filler = Filler(mean, covariance, bounds, filler.autoencoder)
        return filler, curve, len(curve) - 1 - self._has_converged(curve)

    def _split(self, rng):
        """Indices of the rows for the autoencoder and of those that judge it."""
        X = self.X
        order = rng.permutation(len(X))
        n_held_out = max(1, round(self.imputer.validation_fraction * len(X)))
        train, held_out = np.sort(order[n_held_out:]), order[:n_held_out]
        if len(X) < MIN_ROWS_TO_HOLD_OUT or np.isnan(X[train]).all(axis=0).any():
            return np.arange(len(X)), order
        return train, held_out

    def _first_filler(self):
        """One without an autoencoder, and the steps that its normal distribution has taken."""
        # Wide ones, lest errors at a bound hide all others.
        bounds = self._bounds(WIDE_MARGIN)
        initial_fill, n_features = self.imputer.initial_fill, self.X.shape[1]
        if initial_fill == "mean" or (initial_fill == "auto" and n_features > MAX_NORMAL_FEATURES):
            return Filler(self.scaling[0], None, bounds), 0
        return self._choose_distribution(bounds)

    def _choose_distribution(self, bounds):
        """The filler that comes nearest to hidden cells, and after how many steps.

        More than the usual number, under a weaker prior, are made as long as they lower the
        error clearly, and by the share `tol`.
        """
        hidden, distributions = self.hidden, normal_distributions(*self.train, self.scaling)
        n_steps, filler = N_STEPS, Filler(*nth(distributions, N_STEPS), bounds)
        fill = next(filler.rounds(hidden.X, hidden.missing))
        while self.has_held_out and n_steps < MAX_STEPS:
            further = Filler(*nth(distributions, MORE_STEPS), bounds)
            further_fill = next(further.rounds(hidden.X, hidden.missing))
            if not self._is_worth_it(further_fill, fill):
                break
            filler, fill, n_steps = further, further_fill, n_steps + MORE_STEPS
        return filler, n_steps

    def _is_worth_it(self, after, before):
        """Whether errors fall from one fill to the other by the share `tol`, and clearly."""
        losses = [self.hidden.losses(filled).sum() for filled in (before, after)]
        lowers = losses[1] < (1 - self.imputer.tol) ** 2 * losses[0]
        return lowers and self.hidden.is_clearly_better(after, before)

    def _fit_autoencoder(self, model):
        (X, weights), imputer = self.train, self.imputer
        if imputer.autoencoder is None:
            autoencoder = default_autoencoder(*X.shape, refines=model is not None)
        else:
            autoencoder = clone(imputer.autoencoder)
        if imputer.random_state is not None:
            autoencoder.set_params(random_state=imputer.random_state)
        corruption = autoencoder.corruption
        if model is not None:
            columns = None if self.columns is None else self.columns.tolist()
            autoencoder.set_params(corruption=_Refill(corruption, model, columns))
        autoencoder.fit(X, sample_weight=weights)
        return autoencoder.set_params(corruption=corruption)

    def _bounds(self, margins):
        return find_bounds(
            self.train[0], np.broadcast_to(margins, (2, self.X.shape[1])), self.limits
        )

    def _choose_margins(self, filler):
        """Room for fills beyond the observed values, and the errors of the rounds with it."""
        narrow, wide = (self._measure(filler, margin) for margin in (0, WIDE_MARGIN))
        margins = WIDE_MARGIN * self._sides_to_widen(narrow[1], wide[1])
        if margins.all():
            return margins, wide[0]
        return margins, (self._measure(filler, margins) if margins.any() else narrow)[0]

    def _sides_to_widen(self, narrow, wide):
        """Whether there is to be room below and above the observed values of each feature.

        There is where it clearly lowers the errors; and in features that are found nearly
        exactly, unless it raises them.
        """
        low, high = self._bounds(0)
        losses = [self.hidden.losses(filled) for filled in (narrow, wide)]
        is_exact = self.hidden.feature_errors(wide) < NEARLY_EXACT
        sides = []
        for beyond in (wide < low, wide > high):
            before, after = (np.where(beyond, each, 0).sum() for each in losses)
            is_better = self.hidden.is_clearly_better(wide, narrow, beyond)
            sides.append(is_better | (is_exact & (after <= before)))
        return np.array(sides)

    def _measure(self, filler, margins):
        """Errors on hidden cells after the initial fill and each round, and the best fill."""
        filler.bounds, curve, best = self._bounds(margins), [], None
        rounds = filler.rounds(self.hidden.X, self.hidden.missing)
        for filled in islice(rounds, self.imputer.max_iter + 1):
            curve.append(self.hidden.error(filled))
            if self._has_converged(curve):
                break
            best = filled
        return curve, best

    def _has_converged(self, curve):
        return len(curve) > 1 and curve[-1] >= (1 - self.imputer.tol) * curve[-2]


def moments(X, weights):
    """Weighted mean and standard deviation of each feature over its observed cells."""
    rows = Dataset(X, sample_weight=weights / weights.max(), has_missing=True)
    mean = means(rows)
    return mean, deviations(rows, mean)


def normal_distributions(X, weights, scaling):
    """Yield mean and covariance of the rows after each step of their estimation."""
    mean, scale = scaling
    for model in em_steps((X - mean) / scale, np.isnan(X), weights, X.dtype):
        model = model.rescaled(-mean / scale, 1 / scale)
        yield model.mean, model.covariance


def nth(iterator, n):
    """What comes n-th from here."""
    return next(islice(iterator, n - 1, None))


def default_autoencoder(n_rows, n_features, refines):
    """What fills cells if nobody asks for anything else.

    After the normal distribution, it starts from the identity and learns what that missed;
    after the means, it has a narrow code, and its rounds converge as they do for PCA.
    """
    if not refines:
        width = min(16, max(1, n_features - 1))
        return AutoencoderTransformer(width, hidden_layer_sizes=128, scale="standard")
    rows_seen = ROWS_SEEN * min(1, (64 / n_features) ** 2)
    n_epochs = int(np.clip(rows_seen // n_rows, 20, 200))
    return AutoencoderTransformer(
        n_features,
        hidden_layer_sizes=2 * n_features,
        weight_init="pca",
        scale="standard",
        corruption=MaskingNoise(0.3, "mean"),
        solver="muon",
        activation="relu",
        batch_size=512,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs,
        early_stopping=False,
    )
