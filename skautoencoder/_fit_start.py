"""What training starts from: scaling and first weights, or the fit before."""

import numpy as np

from ._architecture import (
    code_width,
    draw_parameters,
    first_parameters,
    layer_activations,
    weight_ties,
)
from ._column_losses import asked_loss, fitted_losses, trained_loss
from ._constant_features import admitted_to_state, newly_varying
from ._data_validation import apply_scaling, check_range
from ._parameter_validation import warn_of_wide_code
from ._training_settings import PCA_MARGIN
from .network.activations import ACTIVATIONS
from .network.fallback import Fallback
from .network.floating_point import quiet_overflow
from .network.scaling import deviations, fit_scaling, means, varies
from .network.trainer import Snapshot


class InitializationMixin:
    """The first steps of a fit: a fresh network, or going on from the fitted one."""

    def _begin(self, rows, rng):
        """Learn scaling, draw the first weights, and set the attributes of a fresh network.

        Returns the rows of the features that vary, and the PCA to fall back on, or None.
        """
        with quiet_overflow():
            mean = means(rows)
            deviation = deviations(rows, mean)
        self.mean_ = mean.astype(rows.dtype)
        self.is_constant_ = ~varies(deviation, mean, rows.dtype)
        trained = self._trained_features()
        rows = rows.restricted_to(trained)
        output = self._choose_output(rows)
        of_trained = slice(None) if trained is None else trained
        self._fit_scaling(rows, mean[of_trained], deviation[of_trained], output)
        rows = apply_scaling(self, rows)
        check_range(rows, trained_loss(self, trained), self.loss)
        n_columns = trained_loss(self, trained).count(rows.n_features)
        warn_of_wide_code(self, rows.n_features)
        is_table = n_columns < rows.n_features and self.n_components == "auto"
        self.n_components_ = code_width(self.n_components, n_columns, None if is_table else rows)
        parameters, pca = first_parameters(self, rows, layer_activations(self, output), rng)
        self._start(parameters, output)
        if pca is None:
            return rows, None
        weights = Snapshot.of(pca, self._solver_state, self._bottleneck())
        return rows, Fallback(weights, PCA_MARGIN, "pca")

    def _fit_scaling(self, rows, mean, deviation, output):
        """Set shift and scale of the features; those that do not vary are centred alone."""
        if self.column_losses_ is not None:
            self._fit_scaling_by_column(rows, mean, deviation)
            return
        # What a loss with a range needs is for the user to say: nothing is scaled unasked.
        unasked = self.scale == "auto" and asked_loss(self).has_range
        kind = None if unasked else self.scale
        scaling = fit_scaling(kind, rows, mean, deviation, ACTIVATIONS[output])
        self.shift_ = self.scale_ = None
        if scaling is not None:
            self.shift_ = self.mean_.copy()
            self.scale_ = np.ones_like(self.mean_)
            if not self.is_constant_.all():
                varying = ~self.is_constant_
                self.shift_[varying], self.scale_[varying] = scaling.shift, scaling.scale

    def _fit_scaling_by_column(self, rows, mean, deviation):
        """The same where columns have losses of their own: those of any value are scaled alone.

        "auto" is "standard", so that every column weighs the same.
        """
        kind = "standard" if self.scale in ("auto", "quantile") else self.scale
        free = trained_loss(self, self._trained_features()).free_columns
        self.shift_ = self.scale_ = None
        if kind is None or not len(free):
            return
        own = free if rows.features is None else rows.features[free]
        output = ACTIVATIONS["identity"]
        scaling = fit_scaling(kind, rows.restricted_to(own), mean[free], deviation[free], output)
        self.shift_ = np.where(self.is_constant_, self.mean_, 0).astype(rows.dtype)
        self.scale_ = np.ones_like(self.mean_)
        self.shift_[own], self.scale_[own] = scaling.shift, scaling.scale

    def _go_on(self, rows, rng):
        """Rows of the features that are trained on, and what a warm start falls back on."""
        drawn = None
        if self.is_constant_.any():
            drawn = self._admit_varying(rows, rng)
        fallback = self._earlier_fit()
        if drawn is not None:
            self.coefs_ = [drawn, *self.coefs_[1:]]
        trained = self._trained_features()
        rows = apply_scaling(self, rows.restricted_to(trained))
        check_range(rows, trained_loss(self, trained), self.loss)
        return rows, fallback

    def _admit_varying(self, rows, rng):
        """Let features take part that have not varied before, and do in these rows.

        Returns the first layer's weights with some drawn for them, or None where there are none:
        the network is not yet changed by it.
        """
        newly = newly_varying(rows, self.is_constant_, self.mean_)
        if not newly.any():
            return None
        before = self._trained_features()
        self._scale_newly_varying(rows, newly)
        self.is_constant_ = self.is_constant_ & ~newly
        trained = self._trained_features()
        self._solver_state = admitted_to_state(
            *(self._solver_state, *self._all_layers(), self._layout()),
            *(before, trained, weight_ties(self)),
        )
        bias = self.intercepts_[-1].copy()
        bias[newly] = self._output_start(newly)
        self.intercepts_ = [*self.intercepts_[:-1], bias]
        trained = np.arange(len(newly)) if trained is None else trained
        names, weights = self.activations_, self.coefs_[0].copy()
        drawn = draw_parameters(self, len(trained), names, rng, weights.dtype).weights[0]
        weights[newly] = drawn[newly[trained]]
        return weights

    def _output_start(self, features):
        """Biases of the output from which features that begin to vary are learned."""
        center = self.mean_[features]
        if self.shift_ is not None:
            center = (center - self.shift_[features]) / self.scale_[features]
        if self.column_losses_ is not None:
            return fitted_losses(self).of(np.flatnonzero(features)).output_of(center)
        inverse = ACTIVATIONS[self.output_activation_].inverse
        return center if inverse is None else inverse(center)

    def _scale_newly_varying(self, rows, newly):
        """Set shift and scale of features that begin to vary, by how far they are from before."""
        if self.shift_ is None:
            return
        kind, features = self.scale, np.flatnonzero(newly)
        if self.column_losses_ is not None:
            kind = "standard" if kind in ("auto", "quantile") else kind
            is_free = np.isin(features, fitted_losses(self).free_columns)
            self.shift_ = np.where(newly, 0, self.shift_).astype(self.shift_.dtype)
            features = features[is_free]
            if not len(features):
                return
        output = ACTIVATIONS[self.output_activation_]
        rows, mean = rows.restricted_to(features), self.mean_[features].astype(np.float64)
        deviation = deviations(rows, mean)
        is_common = kind == "common" or (kind == "auto" and np.isinf(output.low))
        scaling = fit_scaling(kind, rows, mean, deviation, output)
        shift, scale = (0, 1) if scaling is None else (scaling.shift, scaling.scale)
        if is_common and not self.is_constant_.all():
            # Not more than one unit, lest what was constant drown what has been learned.
            scale = np.maximum(deviation, self.scale_[~self.is_constant_].max())
        self.shift_, self.scale_ = self.shift_.copy(), self.scale_.copy()
        self.shift_[features], self.scale_[features] = shift, scale

    def _earlier_fit(self):
        """The weights so far: nothing where the losses are without the penalty."""
        if self.code_penalty is not None:
            return None
        return Fallback(Snapshot.of(self._parameters(), self._solver_state, self._bottleneck()))
