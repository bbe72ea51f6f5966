"""AutoencoderImputer: fills missing cells with what an autoencoder makes of the others."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._category_encoding import CATEGORICAL_FEATURES, learn_columns
from ._dask.dispatch import refuse_collection
from ._data_validation import check_magnitude, check_sample_weight, native
from ._imputation.imputer_mixin import FeatureFillingMixin
from ._imputation.tables import completed_table, encoded_table, is_nan
from ._parameter_validation import unchanged_on_failure
from ._transformer import AutoencoderTransformer
from .network.floating_point import quiet_overflow
from .utils.compat import Interval, StrOptions, check_feature_names_in
from .utils.parameter_constraints import ObjectOf
from .utils.saved_version import VersionedMixin
from .utils.site_links import DocumentedMixin


class AutoencoderImputer(
    FeatureFillingMixin, TransformerMixin, DocumentedMixin, VersionedMixin, BaseEstimator
):
    """Fills missing values with what an autoencoder makes of the observed ones.

    Missing cells are first filled with what a normal distribution expects there, given the
    observed cells of the row. Then, round by round, the autoencoder rebuilds the filled row
    and its missing cells take the values of the reconstruction. Observed cells are never
    changed.

    Of a table, columns that are categories are filled with categories, the most probable ones,
    and a frame comes back as a frame with the types of its columns.

    Parameters
    ----------
    autoencoder : AutoencoderTransformer or None, default=None
        What rebuilds the rows; a clone of it is fitted. None is a denoising one that starts
        from the initial fill itself and learns what that has missed: as wide as the data,
        with one hidden layer of twice the width, trained on rows from which
        :class:`MaskingNoise` takes further cells. After an initial fill with the mean it
        has a code of 16, or less than X, and no corruption instead.

    missing_values : int, float, str or np.nan, default=np.nan
        What stands for a missing value. With another number than NaN, no number in X may be NaN;
        a string stands for missing categories. None, NaN and NA are missing categories always.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that are categories, as for :class:`AutoencoderTransformer`. A category that was
        not there in `fit` counts as missing, and is filled.

    sample : bool, default=False
        Whether missing categories are drawn, as probable as they are, instead of taken to be the
        most probable one. Numbers are filled with what is expected either way.

    initial_fill : {"auto", "mean", "normal"}, default="auto"
        What missing cells hold before the autoencoder sees them, in its training too:

        - "normal": the expectation, given the observed cells of the row, of a normal
          distribution that is estimated by expectation maximisation [2]_. Takes time that
          grows with the cube of the number of features.
        - "mean": the mean of the feature over its observed cells.
        - "auto": "normal" for up to 256 features that vary, else "mean".

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
        Whether features without any observed value in `fit` are kept, missing cells filled
        with 0, instead of left out with a warning.

    min_value : float or array-like of shape (n_features,), default=-np.inf
        The smallest value that is filled in, for all features or one for each; None is no
        limit. Not for the zeros in features without observed values.

    max_value : float or array-like of shape (n_features,), default=np.inf
        The largest one, likewise.

    random_state : int, RandomState instance or None, default=None
        Seeds the choice of rows and cells, and the autoencoder; with None a given
        autoencoder keeps its own.

    Attributes
    ----------
    autoencoder_ : AutoencoderTransformer or None
        The fitted autoencoder of the features that vary; None where none does.

    mean_ : ndarray of shape (n_filled_features,)
        Mean of each feature that has observed values.

    covariance_ : ndarray of shape (n_filled_features, n_filled_features) or None
        Their covariance in the normal distribution, 0 for features that do not vary; None
        where the initial fill is the mean.

    fill_min_, fill_max_ : ndarray of shape (n_filled_features,)
        What bounds the values filled in: the smallest and largest observed ones, unless hidden
        cells are nearer, by more than two standard errors, where there is as much room again
        on that side. No bound has another sign than all observed values, and `min_value` and
        `max_value` go before all else.

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

    Gross cells, which are taken for typing errors, come back as they are, but are treated as
    missing where anything is learnt or filled from them. These are cells ten times as far from
    the median of their feature as all but a few others. The few are at most three or 2 % of
    those that are not at the median, whichever is more, and no more than a tenth of them, or
    one; with fewer than ten observed cells there are none.

    Features that do not vary in `fit`, or by rounding alone, are filled with their own value
    and change nothing for the others.

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
        "autoencoder": [ObjectOf(AutoencoderTransformer), None],
        "missing_values": [Real, str],
        "categorical_features": CATEGORICAL_FEATURES,
        "sample": ["boolean"],
        "initial_fill": [StrOptions({"auto", "mean", "normal"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "min_value": [None, Interval(Real, None, None, closed="both"), "array-like"],
        "max_value": [None, Interval(Real, None, None, closed="both"), "array-like"],
        "random_state": ["random_state"],
    }

    # How a table with categories is encoded: X is none.
    _columns = None

    def __init__(
        self,
        autoencoder=None,
        *,
        missing_values=np.nan,
        categorical_features="from_dtype",
        sample=False,
        initial_fill="auto",
        max_iter=10,
        tol=1e-2,
        validation_fraction=0.2,
        add_indicator=False,
        keep_empty_features=False,
        min_value=-np.inf,
        max_value=np.inf,
        random_state=None,
    ):
        self.autoencoder = autoencoder
        self.missing_values = missing_values
        self.categorical_features = categorical_features
        self.sample = sample
        self.initial_fill = initial_fill
        self.max_iter = max_iter
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.min_value = min_value
        self.max_value = max_value
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
            Weights of the rows; a weight of 0 leaves a row out. Only their ratios matter, so
            that equal ones of any size are as good as none. What the fill learns from a weight
            of 2 is therefore not quite what it learns from a row that comes twice, which adds
            to the number of rows against which a weak prior is counted.

        Returns
        -------
        self : AutoencoderImputer
            The fitted imputer.

        Raises
        ------
        TypeError
            Where X is a Dask collection.

        ValueError
            Where a parameter, X or sample_weight is not as it must be. The imputer is then as
            it was before the call.

        Warns
        -----
        UserWarning
            Where features have no observed value and are not kept.
        """
        with unchanged_on_failure(self):
            refuse_collection(
                self, X, "it is not trained on Dask collections. Pass X.compute() instead"
            )
            self._validate_params()
            self._learn_columns(X)
            X = self._with_nan(X, reset=True)
            check_magnitude(X)
            weights = _row_weights(sample_weight, X)
            X, weights = X[weights > 0], weights[weights > 0]
            self._fit_indicator(X)
            self._is_filled = ~np.isnan(X).all(axis=0)
            self._refuse_only_empty_features()
            self._warn_of_empty_features()
            self._fit_features(self._fillable(X), weights)
        return self

    def fit_transform(self, X, y=None, sample_weight=None):
        """Learn to fill the missing values of X, and fill them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`.

        Returns
        -------
        X_filled : ndarray of shape (n_samples, n_features_out), of the dtype of X
            What `transform` returns.
        """
        return self.fit(X, y, sample_weight)._completed(X)

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

        Raises
        ------
        TypeError
            Where X is a Dask collection.

        Warns
        -----
        UserWarning
            Where features had no observed value in `fit` and are left out.
        """
        check_is_fitted(self)
        advice = "for a lazy result, call X.map_blocks(imputer.transform)"
        refuse_collection(self, X, f"{advice}, or X.map_partitions of a dataframe")
        self._warn_of_empty_features()
        return self._completed(X)

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
        kept = names[self._is_kept()]
        if self.indicator_ is None:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = is_nan(self.missing_values)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _completed(self, X):
        """What `transform` returns."""
        given, X = X, self._with_nan(X, reset=False)
        filled = self._fill(self._fillable(X))
        if self._columns is not None:
            return completed_table(self, given, X, filled)
        if self.keep_empty_features:
            complete = np.where(np.isnan(X), X.dtype.type(0), X)
            complete[:, self._is_filled] = filled
            filled = complete
        if self.indicator_ is None:
            return filled
        return np.hstack([filled, self.indicator_.transform(X).astype(X.dtype)])

    def _with_nan(self, X, reset):
        """Validated X, with NaN where values are missing."""
        if self._columns is not None:
            return encoded_table(self, X, reset)
        is_missing_nan = is_nan(self.missing_values)
        with quiet_overflow():
            X = validate_data(
                self,
                native(X),
                dtype=[np.float64, np.float32],
                reset=reset,
                ensure_all_finite="allow-nan" if is_missing_nan else True,
            )
        return X if is_missing_nan else np.where(self.missing_values == X, X.dtype.type(np.nan), X)

    def _learn_columns(self, X):
        """Set `_columns`, which is None where X has no categories."""
        self._columns = learn_columns(self, X)
        if self._columns is None and isinstance(self.missing_values, str):
            raise ValueError(
                f"missing_values={self.missing_values!r} stands for a missing category, but X has "
                "no column of categories: name them in categorical_features, or leave "
                "missing_values at NaN."
            )

    def _fit_indicator(self, X):
        """As the imputers of scikit-learn do."""
        # Its import takes longer than that of this package.
        from sklearn.impute import MissingIndicator

        self.indicator_ = None
        if self.add_indicator:
            indicator = MissingIndicator(error_on_new=False).set_output(transform="default")
            self.indicator_ = indicator.fit(self._by_column(X))

    def _by_column(self, X):
        """One number for each column of X: of a category any of its encoded form."""
        return X if self._columns is None else X[:, self._columns.starts]

    def _fillable(self, X):
        """The columns that had observed values in fit."""
        return X if self._is_filled.all() else X[:, self._is_filled]

    def _is_kept(self):
        """Which columns of X `transform` returns."""
        if self.keep_empty_features:
            return np.ones(self.n_features_in_, dtype=bool)
        return self._by_column(self._is_filled[np.newaxis])[0]

    def _refuse_only_empty_features(self):
        if not self._is_filled.any():
            raise ValueError(
                f"X has no observed value: all cells are {self.missing_values!r}, which is what "
                "missing_values says. Pass rows that have some, or correct missing_values."
            )

    def _warn_of_empty_features(self):
        """As SimpleImputer does."""
        is_kept = self._is_kept()
        if not is_kept.all():
            names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
            warnings.warn(
                f"Skipping features without any observed values: {names[~is_kept]}. Leave "
                "them out of X, or set keep_empty_features=True.",
                UserWarning,
                stacklevel=3,
            )


def _row_weights(sample_weight, X):
    """One weight for each row, as given."""
    check_sample_weight(sample_weight, X)
    return np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
