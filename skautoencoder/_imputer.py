"""AutoencoderImputer: fills missing cells with what an autoencoder makes of the others."""

from itertools import islice
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ._compat import Interval, StrOptions
from ._random import generators
from ._transformer import AutoencoderTransformer
from ._validation import check_finite, check_sample_weight, unchanged_on_failure
from .network.corruption import Corruption, MaskingNoise
from .network.normal import NormalModel, fit_normal
from .network.rows import Rows
from .network.scaling import means, standard_scaling

# With more features, the equations that the normal distribution has for each row take too long.
MAX_NORMAL_FEATURES = 256

# Of the cells of the held-out rows, this share is hidden to measure the rounds, so many times.
HIDDEN_SHARE = 0.2
N_HIDINGS = 4

MIN_ROWS_TO_HOLD_OUT = 20

RATE=0.3
EPOCH_ROWS=60_000


class AutoencoderImputer(TransformerMixin, BaseEstimator):
    """Fills missing values with what an autoencoder makes of the observed ones."""

    _parameter_constraints = {
        "autoencoder": [AutoencoderTransformer, None],
        "missing_values": [Real],
        "initial_fill": [StrOptions({"auto", "mean", "normal"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        missing_values=np.nan,
        initial_fill="auto",
        max_iter=10,
        tol=1e-3,
        validation_fraction=0.1,
        add_indicator=False,
        keep_empty_features=False,
        random_state=None,
    ):
        self.autoencoder = autoencoder
        self.missing_values = missing_values
        self.initial_fill = initial_fill
        self.max_iter = max_iter
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Learn to fill the missing values of X."""
        with unchanged_on_failure(self):
            self._validate_params()
            X = self._with_nan(X, reset=True)
            weights = _row_weights(sample_weight, X)
            X, weights = X[weights > 0], weights[weights > 0]
            self._fit_indicator(X)
            self._is_filled = ~np.isnan(X).all(axis=0)
            self._fit_cells(self._fillable(X), weights)
        return self

    def transform(self, X):
        """Fill the missing values of X."""
        check_is_fitted(self)
        X = self._with_nan(X, reset=False)
        filled = self._fill(self._fillable(X))
        if self.keep_empty_features:
            complete = np.zeros_like(X)
            complete[:, self._is_filled] = filled
            filled = complete
        if self.indicator_ is None:
            return filled
        return np.hstack([filled, self.indicator_.transform(X).astype(X.dtype)])

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that `transform` returns."""
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        kept = names if self.keep_empty_features else names[self._is_filled]
        if self.indicator_ is None:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = bool(np.isnan(self.missing_values))
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _with_nan(self, X, reset):
        """Validated X, with NaN where values are missing."""
        is_nan = np.isnan(self.missing_values)
        X = validate_data(
            self,
            X,
            dtype=[np.float64, np.float32],
            reset=reset,
            ensure_all_finite="allow-nan" if is_nan else True,
        )
        return X if is_nan else np.where(X == self.missing_values, X.dtype.type(np.nan), X)

    def _fit_indicator(self, X):
        """As the imputers of scikit-learn do."""
        # Its import takes longer than that of this package.
        from sklearn.impute import MissingIndicator

        self.indicator_ = None
        if self.add_indicator:
            self.indicator_ = MissingIndicator(error_on_new=False).fit(X)

    def _fillable(self, X):
        """The columns that had observed values in fit."""
        return X if self._is_filled.all() else X[:, self._is_filled]

    def _fit_cells(self, X, weights):
        """Fit the initial fill, the autoencoder and the number of rounds."""
        if X.shape[1] == 0:
            raise ValueError("X has no observed value: pass rows that have some.")
        split_rng, _ = generators(self.random_state, 0)
        scaling = standard_scaling(*_rows_and_means(X, weights))
        self._fit_initial_fill(X, weights, scaling)
        train, held_out = self._split(X, split_rng)
        self._fit_autoencoder(X[train], weights[train])
        self._choose_rounds(np.tile(X[held_out], (N_HIDINGS, 1)), scaling.scale, split_rng)

    def _fit_initial_fill(self, X, weights, scaling):
        self.mean_, self.covariance_ = scaling.shift, None
        if self.initial_fill == "normal" or (
            self.initial_fill == "auto" and X.shape[1] <= MAX_NORMAL_FEATURES
        ):
            standardised = (X - scaling.shift) / scaling.scale
            model = fit_normal(standardised, np.isnan(X), weights)
            model = model.rescaled(-scaling.shift / scaling.scale, 1 / scaling.scale)
            self.mean_, self.covariance_ = model.mean, model.covariance

    def _split(self, X, rng):
        """Indices of the rows for the autoencoder and of those that judge it."""
        order = rng.permutation(len(X))
        n_held_out = max(1, round(self.validation_fraction * len(X)))
        train, held_out = np.sort(order[n_held_out:]), order[:n_held_out]
        if len(X) < MIN_ROWS_TO_HOLD_OUT or np.isnan(X[train]).all(axis=0).any():
            return np.arange(len(X)), order
        return train, held_out

    def _fit_autoencoder(self, X, weights):
        if self.autoencoder is None:
            autoencoder = _default_autoencoder(*X.shape, self.covariance_ is not None)
        else:
            autoencoder = clone(self.autoencoder)
        if self.random_state is not None:
            autoencoder.set_params(random_state=self.random_state)
        corruption = autoencoder.corruption
        if self.covariance_ is not None:
            autoencoder.set_params(corruption=_Refill(corruption, self._model()))
        self.autoencoder_ = autoencoder.fit(X, sample_weight=weights)
        autoencoder.set_params(corruption=corruption)

    def _choose_rounds(self, X, scale, rng):
        """Count the rounds that bring hidden cells of X nearer to what they are."""
        hidden = ~np.isnan(X) & (rng.random(X.shape) < HIDDEN_SHARE)
        self.error_curve_ = []
        for filled in islice(self._rounds(X, np.isnan(X) | hidden), self.max_iter + 1):
            errors = ((filled - X) / scale)[hidden]
            error = float(np.sqrt(np.square(errors).sum() / max(1, len(errors))))
            converged = bool(self.error_curve_) and error >= (1 - self.tol) * self.error_curve_[-1]
            self.error_curve_.append(error)
            if converged:
                break
        self.n_iter_ = len(self.error_curve_) - 1
        self.best_iter_ = self.n_iter_ - converged

    def _rounds(self, X, missing):
        """Yield X after the initial fill, then after each refill from its reconstruction."""
        filled = np.where(missing, self.mean_.astype(X.dtype), X)
        if self.covariance_ is not None:
            self._model().fill(filled, missing)
        while True:
            yield filled
            filled = np.where(missing, self.autoencoder_.reconstruct(filled), filled)

    def _fill(self, X):
        missing = np.isnan(X)
        rows = np.flatnonzero(missing.any(axis=1))
        filled = X.copy()
        if len(rows):
            rounds = self._rounds(X[rows], missing[rows])
            filled[rows] = next(islice(rounds, self.best_iter_, None))
        return filled

    def _model(self):
        return NormalModel(self.mean_, self.covariance_)


class _Refill(Corruption):
    """Cells that are missing or masked get what the normal distribution expects there.

    So training sees rows as `transform` does after the initial fill.
    """

    def __init__(self, corruption=None, model=None):
        self.corruption = corruption
        self.model = model

    @property
    def is_random(self):
        return self.corruption is not None and self.corruption.is_random

    def check(self):
        if self.corruption is not None:
            self.corruption.check()

    def corrupter(self, rows):
        model, center = self._model_in_units_of(rows), rows.center
        inner = None if self.corruption is None else self.corruption.corrupter(rows)

        def corrupt(clean, corrupted, rng):
            if inner is None:
                np.copyto(corrupted, clean)
            else:
                inner(clean, corrupted, rng)
            # Missing cells stand at the center, as do those that MaskingNoise(value="mean") hits.
            model.fill(corrupted, (clean == center) | (corrupted == center))

        return corrupt

    def _model_in_units_of(self, rows):
        if rows.scaling is None:
            shift, scale = np.zeros(rows.n_features), np.ones(rows.n_features)
        else:
            shift, scale = rows.scaling.shift, rows.scaling.scale
        return self.model.rescaled(shift.astype(rows.dtype), scale.astype(rows.dtype))


def _default_autoencoder(n_rows, n_features, refines):
    """What fills cells if nobody asks for anything else.

    After the normal distribution, it starts from the identity and learns what that missed;
    after the means, it has a narrow code and learns everything.
    """
    if refines:
        return AutoencoderTransformer(
            n_features,
            hidden_layer_sizes=2 * n_features,
            weight_init="pca",
            scale="standard",
            corruption=MaskingNoise(RATE, "mean"),
            alpha=1e-3,
            learning_rate_init=0.01,
            batch_size=512,
            max_iter=int(np.clip(EPOCH_ROWS // n_rows, 20, 300)),
            early_stopping=False,
        )
    return AutoencoderTransformer(
        max(1, min(64, n_features // 8)),
        hidden_layer_sizes=256,
        scale="standard",
        corruption=MaskingNoise(0.5, "mean"),
    )


def _rows_and_means(X, weights):
    rows = Rows(X, sample_weight=weights, has_missing=True)
    return rows, means(rows)


def _row_weights(sample_weight, X):
    """One weight for each row, as given."""
    check_sample_weight(sample_weight, X)
    return np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
