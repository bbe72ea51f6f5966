"""What an imputer fills into each of its features, and how it learns that."""

from itertools import islice

import numpy as np

from .filler import Filler, find_bounds, find_limits
from .fit_filler import FillerFit, moments
from .gross_cells import find_fences, without_gross
from .tables import encoded_limits


class FeatureFillingMixin:
    """Filling of the features that have observed values: those of X, of a table the encoded ones.

    It reads `_is_filled` and `_columns` beside the parameters, and sets the attributes that the
    imputer documents, `_varies` and `_fences`.
    """

    def _fit_features(self, X, weights):
        """Fit what is filled into each feature: of those that do not vary, their own value."""
        limits, columns, is_share = self._limits(), None, None
        if self._columns is not None:
            columns = self._columns.column_of[self._is_filled]
            is_share = self._columns.is_share[self._is_filled]
        self._fences = find_fences(X, is_share)
        X = without_gross(X, self._fences)
        self.mean_, deviation = moments(X, weights)
        self._varies = deviation > 10 * np.finfo(X.dtype).eps * np.abs(self.mean_)
        self.fill_min_, self.fill_max_ = find_bounds(X, (0, 0), limits)
        self.autoencoder_ = self.covariance_ = None
        self.error_curve_, self.n_iter_, self.best_iter_ = [0.0], 0, 0
        varies = self._varies
        if varies.any():
            columns = None if columns is None else columns[varies]
            fit = FillerFit(self, X[:, varies], weights, limits[:, varies], columns)
            filler, self.error_curve_, self.best_iter_ = fit.run()
            self.n_iter_ = len(self.error_curve_) - 1
            self._keep(filler)

    def _limits(self):
        """The user's limits of what is filled into each of these features."""
        limits = find_limits(self.min_value, self.max_value, self.n_features_in_)
        if self._columns is not None:
            limits = encoded_limits(self._columns, limits)
        return limits[:, self._is_filled]

    def _keep(self, filler):
        """Set the attributes of the features that vary."""
        varies = self._varies
        self.mean_[varies] = filler.mean
        self.fill_min_[varies], self.fill_max_[varies] = filler.bounds
        self.autoencoder_ = filler.autoencoder
        if filler.covariance is not None:
            self.covariance_ = np.zeros((len(varies), len(varies)))
            self.covariance_[np.ix_(varies, varies)] = filler.covariance

    def _filler(self):
        """The one that the attributes describe, of the features that vary."""
        varies, covariance = self._varies, self.covariance_
        if covariance is not None:
            covariance = covariance[np.ix_(varies, varies)]
        bounds = self.fill_min_[varies], self.fill_max_[varies]
        return Filler(self.mean_[varies], covariance, bounds, self.autoencoder_)

    def _fill(self, X):
        """X with its missing cells filled; X itself stays as it is."""
        missing, varies = np.isnan(X), self._varies
        own_values = np.clip(self.mean_, self.fill_min_, self.fill_max_).astype(X.dtype)
        filled = np.where(missing, own_values, X)
        rows = np.flatnonzero((missing & varies).any(axis=1))
        if len(rows):
            known = without_gross(X[rows], self._fences)[:, varies]
            rounds = self._filler().rounds(known, np.isnan(known))
            cells = np.ix_(rows, varies)
            filled[cells] = np.where(
                missing[cells], next(islice(rounds, self.best_iter_, None)), X[cells]
            )
        return filled
