"""AutoencoderImputer: fills missing cells with what an autoencoder makes of the others."""

from itertools import islice
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ._compat import Interval, StrOptions, check_feature_names_in
from ._documentation import DocumentedMixin
from ._random import generators
from ._transformer import AutoencoderTransformer
from ._validation import check_magnitude, check_sample_weight, native, unchanged_on_failure
from ._versions import VersionedMixin
from .network.corruption import Corruption, MaskingNoise
from .network.normal import NormalModel, fit_normal
from .network.parallel import quiet_overflow
from .network.rows import Rows
from .network.scaling import means, standard_scaling

# With more features, the equations that the normal distribution has for each row take too long.
MAX_NORMAL_FEATURES = 256

# Of the cells of the held-out rows, this share is hidden to measure the rounds, so many times.
HIDDEN_SHARE = 0.2
N_HIDINGS = 4

MIN_ROWS_TO_HOLD_OUT = 20

# What lies beyond all observed values is less likely true than far off, unless tails are heavy.
BOUND_MARGINS = (0.0, 1.0)

# The default autoencoder sees about so many rows in training, in 20 to 200 epochs; fewer where
# there are more than 64 features.
ROWS_SEEN = 30_000


class AutoencoderImputer(TransformerMixin, DocumentedMixin, VersionedMixin, BaseEstimator):
    """Fills missing values with what an autoencoder makes of the observed ones.

    Missing cells are first filled with what a normal distribution expects there, given the
    observed cells of the row. Then, round by round, the autoencoder rebuilds the filled row
    and its missing cells take the values of the reconstruction. Observed cells are never
    changed.

    Parameters
    ----------
    autoencoder : AutoencoderTransformer or None, default=None
        What rebuilds the rows; a clone of it is fitted. None is a denoising one that starts
        from the initial fill itself and learns what that has missed: as wide as the data,
        with one hidden layer of twice the width, trained on rows from which
        :class:`MaskingNoise` takes further cells. After an initial fill with the mean it
        has a code of 16, or less than X, and no corruption instead.

    missing_values : int, float or np.nan, default=np.nan
        What stands for a missing value. With another number than NaN, X may hold no NaN.

    initial_fill : {"auto", "mean", "normal"}, default="auto"
        What missing cells hold before the autoencoder sees them, in its training too:

        - "normal": the expectation, given the observed cells of the row, of a normal
          distribution that is estimated by expectation maximisation [2]_. Takes time that
          grows with the cube of the number of features.
        - "mean": the mean of the feature over its observed cells.
        - "auto": "normal" for up to 256 features, else "mean".

    max_iter : int, default=10
        Largest number of rounds that `fit` tries.

    tol : float, default=0.01
        Share by which a round must lower the error on hidden cells to be worth having. `fit`
        hides observed cells of rows that it holds out, fills them, and stops at the first
        round that does less.

    validation_fraction : float, default=0.2
        Share of the rows held out for that. With fewer than 20 rows all are used for both.

    add_indicator : bool, default=False
        Whether `transform` appends columns of 1 where a value was missing and 0 elsewhere,
        for each feature that had missing values in `fit`: those of
        :class:`sklearn.impute.MissingIndicator`.

    keep_empty_features : bool, default=False
        Whether features without any observed value in `fit` are kept, filled with 0,
        instead of left out.

    random_state : int, RandomState instance or None, default=None
        Seeds the choice of rows and cells, and the autoencoder; with None a given
        autoencoder keeps its own.

    Attributes
    ----------
    autoencoder_ : AutoencoderTransformer
        The fitted autoencoder.

    mean_ : ndarray of shape (n_filled_features,)
        Mean of each feature that has observed values.

    covariance_ : ndarray of shape (n_filled_features, n_filled_features) or None
        Their covariance in the normal distribution; None where the initial fill is the mean.

    fill_min_, fill_max_ : ndarray of shape (n_filled_features,)
        What bounds the values filled in: the smallest and largest observed ones, or these
        and as much again on either side, whichever errs less on hidden cells.

    error_curve_ : list of float
        Root mean squared error on hidden cells, in standard deviations of their features:
        after the initial fill, and after each round.

    n_iter_ : int
        Number of rounds that `fit` tried.

    best_iter_ : int
        Number of rounds that `transform` makes: the last that lowered the error by `tol`;
        0 leaves the initial fill as it is.

    indicator_ : MissingIndicator or None
        Tells where values are missing; None without `add_indicator`.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, where X has names that are all strings.

    See Also
    --------
    sklearn.impute.KNNImputer : Fills with means of the nearest rows.
    sklearn.impute.IterativeImputer : Predicts each feature from the others in turn.

    Notes
    -----
    Each row is filled by itself: a row that `fit` has not seen gets the same values whatever
    rows come along with it.

    References
    ----------
    .. [1] Gondara, Wang (2018), MIDA: Multiple imputation using denoising autoencoders.
       Pacific-Asia Conference on Knowledge Discovery and Data Mining.

    .. [2] Dempster, Laird, Rubin (1977), Maximum likelihood from incomplete data via the EM
       algorithm. Journal of the Royal Statistical Society B 39.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skautoencoder import AutoencoderImputer
    >>> X = load_iris().data
    >>> X[::3, 2] = np.nan
    >>> filled = AutoencoderImputer(random_state=0).fit_transform(X)
    >>> bool(np.isnan(filled).any())
    False
    >>> bool(np.abs(filled - load_iris().data).max() < 2)
    True
    """

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
        tol=1e-2,
        validation_fraction=0.2,
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
        """Learn to fill the missing values of X and of rows like them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, with or without missing values. float32 and float64 are kept.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; a weight of 0 leaves a row out.

        Returns
        -------
        self : AutoencoderImputer
            The fitted imputer.

        Raises
        ------
        ValueError
            Where a parameter, X or sample_weight is not as it must be. The imputer is then as
            it was before the call.
        """
        with unchanged_on_failure(self):
            self._validate_params()
            X = self._with_nan(X, reset=True)
            check_magnitude(X)
            weights = _row_weights(sample_weight, X)
            X, weights = X[weights > 0], weights[weights > 0]
            self._fit_indicator(X)
            self._is_filled = ~np.isnan(X).all(axis=0)
            self._fit_cells(self._fillable(X), weights)
        return self

    def transform(self, X):
        """Fill the missing values of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to complete; they need not be those of `fit`.

        Returns
        -------
        X_filled : ndarray of shape (n_samples, n_features_out), of the dtype of X
            The rows, with observed values as they were, without the features that had none in
            `fit` unless these are kept, and with the indicator's columns last.
        """
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
        """Names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features of X; those seen in `fit`, or "x0", "x1", ... by default.

        Returns
        -------
        feature_names_out : ndarray of str objects
            Names of the features that are kept, then ``missingindicator_`` and the name of each
            feature that has an indicator.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        kept = names if self.keep_empty_features else names[self._is_filled]
        if self.indicator_ is None:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._is_nan_missing()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _with_nan(self, X, reset):
        """Validated X, with NaN where values are missing."""
        is_nan = self._is_nan_missing()
        with quiet_overflow():
            X = validate_data(
                self,
                native(X),
                dtype=[np.float64, np.float32],
                reset=reset,
                ensure_all_finite="allow-nan" if is_nan else True,
            )
        return X if is_nan else np.where(self.missing_values == X, X.dtype.type(np.nan), X)

    def _is_nan_missing(self):
        return isinstance(self.missing_values, Real) and bool(np.isnan(self.missing_values))

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
            raise ValueError(
                f"X has no observed value: all cells are {self.missing_values!r}, which is what "
                "missing_values says. Pass rows that have some, or correct missing_values."
            )
        split_rng, _ = generators(self.random_state, 0)
        scaling = standard_scaling(*_rows_and_means(X, weights))
        train, held_out = self._split(X, split_rng)
        # The rounds are judged by rows that neither initial fill nor autoencoder has seen.
        self._fit_initial_fill(X[train], weights[train], scaling)
        self._fit_autoencoder(X[train], weights[train])
        held_out = np.tile(X[held_out], (N_HIDINGS, 1))
        margin = self._choose_margin_and_rounds(X[train], held_out, scaling.scale, split_rng)
        self._set_bounds(X, margin)
        self._fit_initial_fill(X, weights, scaling)

    def _fit_initial_fill(self, X, weights, scaling):
        """Set the means of the features, and their covariance if the fill is to be normal."""
        self.mean_, self.covariance_ = scaling.shift, None
        is_narrow = X.shape[1] <= MAX_NORMAL_FEATURES
        if self.initial_fill == "normal" or (self.initial_fill == "auto" and is_narrow):
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

    def _choose_margin_and_rounds(self, X, held_out, scale, rng):
        """Find what brings hidden cells of the held-out rows nearest to what they are."""
        hidden = ~np.isnan(held_out) & (rng.random(held_out.shape) < HIDDEN_SHARE)
        curves = {}
        for margin in BOUND_MARGINS:
            self._set_bounds(X, margin)
            curves[margin] = self._measure_rounds(held_out, hidden, scale)
        margin = min(curves, key=lambda margin: min(curves[margin]))
        self.error_curve_ = curves[margin]
        self.n_iter_ = len(self.error_curve_) - 1
        self.best_iter_ = self.n_iter_ - self._has_converged(self.error_curve_)
        return margin

    def _measure_rounds(self, X, hidden, scale):
        """Errors on the hidden cells after the initial fill and after each round."""
        curve = []
        for filled in islice(self._rounds(X, np.isnan(X) | hidden), self.max_iter + 1):
            errors = ((filled - X) / scale)[hidden]
            curve.append(float(np.sqrt(np.square(errors).sum() / max(1, len(errors)))))
            if self._has_converged(curve):
                break
        return curve

    def _has_converged(self, curve):
        return len(curve) > 1 and curve[-1] >= (1 - self.tol) * curve[-2]

    def _set_bounds(self, X, margin):
        """Let filled values lie so many spans of their feature beyond the observed ones."""
        low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
        # In float64, where the span of no float32 is infinite.
        span = margin * np.subtract(high, low, dtype=np.float64)
        with quiet_overflow():
            self.fill_min_, self.fill_max_ = (
                bound.astype(X.dtype) for bound in (low - span, high + span)
            )

    def _rounds(self, X, missing):
        """Yield X after the initial fill, then after each refill from its reconstruction."""
        fill = np.where(missing, self.mean_.astype(X.dtype), X)
        if self.covariance_ is not None:
            with quiet_overflow():
                self._model().fill(fill, missing)
            # What overflows beside observed values far off tells nothing more than the mean.
            np.copyto(fill, self.mean_, where=missing & np.isnan(fill), casting="same_kind")
        while True:
            filled = np.where(missing, np.clip(fill, self.fill_min_, self.fill_max_), X)
            yield filled
            fill = self.autoencoder_.reconstruct(filled)

    def _fill(self, X):
        """X with its missing cells filled; X itself stays as it is."""
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


def _rows_and_means(X, weights):
    rows = Rows(X, sample_weight=weights / weights.max(), has_missing=True)
    return rows, means(rows)


def _row_weights(sample_weight, X):
    """One weight for each row, as given."""
    check_sample_weight(sample_weight, X)
    return np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
