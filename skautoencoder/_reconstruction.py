"""What every fitted autoencoder can do with rows: encode, decode, rebuild, score."""

import warnings

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_is_fitted

from ._column_losses import fitted_losses
from ._constant_features import trained_features
from ._dask.dispatch import dask_side, is_collection, takes_collections
from ._data_validation import code_rows, inference_rows
from .network.floating_point import quiet_overflow
from .network.inference import outputs, row_errors, squared_errors
from .network.layers import ConstantOutputs, network_from, networks_of
from .network.scaling import ROUNDINGS, Scaling, means, total_variation, weighted_sums
from .network.thread_pool import ThreadPool
from .utils.data_frames import index_of
from .utils.set_output import as_features
from .utils.threads import single_threaded_blas

# A cell may be so many times as far from its feature's mean as the deviation of a constant feature.
CELL_ROUNDINGS = 4 * ROUNDINGS
# BLAS shares no product of so few multiply-adds among threads: it need not be told.
MAX_UNTHREADED_PRODUCT = 8192


@takes_collections
class ReconstructionMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Encoding, decoding and errors of a fitted network.

    It reads `coefs_`, `intercepts_`, `skip_coefs_`, `skip_intercepts_`, `activations_`,
    `shift_`, `scale_`, `mean_`, `is_constant_`, `column_losses_`, `_n_encoder_layers` and
    `_has_bounded_skips`, and changes nothing: several threads may share an estimator. Of a Dask
    array or dataframe, methods return a lazy one; after `set_output`, what has a column for each
    feature is a frame.
    """

    # Which columns are categories, and how a table with such columns is encoded: none here.
    categorical_features = None
    _columns = None
    # Losses of single columns, and their weights: one loss for all here.
    column_losses_ = column_weights_ = None

    def transform(self, X):
        """Encode X.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components), of the dtype of X
            The code of each row; of a Dask array or dataframe a lazy one, here as in the
            other methods that return something for each row.
        """
        check_is_fitted(self)
        encoder, _ = self._networks()
        return finite_outputs([encoder], inference_rows(self, X))

    def inverse_transform(self, X):
        """Decode codes, into the units of the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as returned by `transform`.

        Returns
        -------
        X_original : ndarray or frame of shape (n_samples, n_features), of the dtype of X
            The row that each code stands for; a data frame, with the names of the features and
            the index of X, where `set_output` asks for one, here as in the other methods that
            return a column for each feature. Of a table with categories the most likely ones, in
            a frame of the same types where `fit` saw one.
        """
        check_is_fitted(self)
        _, decoder = self._networks()
        rows = code_rows(self, X, self._n_features_out)
        return self._decoded(finite_outputs([decoder], rows, scaling=self._scaling()), X)

    def reconstruct(self, X):
        """Encode X and decode it again.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        X_rebuilt : ndarray or frame of shape (n_samples, n_features), of the dtype of X
            What the network makes of each row; of a table with categories the most likely ones, in
            a frame of the same types where `fit` saw one.
        """
        check_is_fitted(self)
        return self._decoded(self._rebuilt(X), X)

    def reconstruct_proba(self, X):
        """The numbers that `reconstruct` gives, and the probability of each category.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        X_rebuilt : ndarray of shape (n_samples, n_encoded_features)
            One column for each number and each category, named by `get_encoded_feature_names`.
            Without categories it is what `reconstruct` returns.
        """
        check_is_fitted(self)
        values = self._rebuilt(X)
        return values if self._columns is None else self._columns.numbers(values)

    def _rebuilt(self, X):
        """What the network makes of each row, as an array."""
        rows = inference_rows(self, X)
        return finite_outputs(self._networks(), rows, scaling=rows.scaling)

    def get_encoded_feature_names(self):
        """Names of the columns that the network sees.

        Returns
        -------
        names : ndarray of str of shape (n_encoded_features,)
            Those of the features; of a category, one for each of its values, as those of
            `sklearn.preprocessing.OneHotEncoder`.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        return names if self._columns is None else self._columns.feature_names(names)

    def reconstruction_error(self, X, per_feature=False):
        """Squared error of the reconstruction, in squared units of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        per_feature : bool, default=False
            Whether to return the error of every cell instead of each row's mean. Its
            mean over the rows says which feature is badly rebuilt.

        Returns
        -------
        error : ndarray of shape (n_samples,), or ndarray or frame of (n_samples, n_features)
            Of the dtype of X: the mean squared error of each row over its observed cells (0
            where it has none), or the squared error of each cell (NaN where it is missing); of a
            category half the squared error of its probabilities, at most 1. It is infinite where
            this dtype cannot hold it: float32 from errors of 2e19 on, float64 from 1e154 on.
        """
        check_is_fitted(self)
        rows = inference_rows(self, X)
        if per_feature or self._columns is not None:
            errors = self._by_column(run(squared_errors, self._networks(), rows))
            errors = errors if per_feature else observed_mean(errors)
        else:
            sums, counts = run(row_errors, self._networks(), rows)
            errors = sums / np.maximum(counts, 1)
        with quiet_overflow():
            errors = errors.astype(rows.dtype, copy=False)
        return as_features(self, errors, X) if per_feature else errors

    def score_samples(self, X):
        """Minus the mean squared reconstruction error of each row: higher is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        score : ndarray of shape (n_samples,)
            The negated error, in squared units of X.
        """
        return -self.reconstruction_error(X)

    def score(self, X, y=None, sample_weight=None):
        """Share of the variance of X that the reconstruction explains: higher is better.

        One minus the ratio of the squared reconstruction error to the squared distance
        from the mean of X, both summed over all rows and features. For a linear
        autoencoder at its optimum on its training data this is the sum of PCA's
        `explained_variance_ratio_`. It is 1 at best and has no lower bound; where X
        does not vary at all it is 1 for an exact reconstruction and 0 otherwise. Of a single
        row it is NaN, with a warning. Of a table with categories, errors and distances are taken
        in the network's units, and a category's are those of its shares.

        A search maximises it unless `scoring` is given. Names such as "r2" or
        "neg_mean_squared_error" compare y with `predict`, which there is none of, and give
        NaN: pass a function of (estimator, X, y) instead, such as
        ``lambda ae, X, y=None: ae.score_samples(X).mean()`` or
        :func:`reconstruction_scores`, which has several scores and needs `refit` to name one.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            The explained share of the variance.

        Warns
        -----
        UndefinedMetricWarning
            Where there is but one row, of positive weight.
        """
        return self._explained_variance(X, sample_weight)

    def _explained_variance(self, X, sample_weight):
        check_is_fitted(self)
        if is_collection(X):
            return explained_share(*dask_side().residual_and_variation(self, X, sample_weight))
        errors, rows = self._compared(inference_rows(self, X, sample_weight))
        with quiet_overflow():
            residual = float(
                errors.sum() if rows.sample_weight is None else errors @ rows.sample_weight
            )
            variation = float(total_variation(rows, means(rows)))
        return explained_share(residual, variation, n_weighted(rows))

    def _compared(self, rows):
        """The squared error of each row, and the rows in its units."""
        if self._columns is None:
            errors, _ = run(row_errors, self._networks(), rows)
            return errors, rows.scaled_by(None)
        # A table has no units of its own: those of the network, in which columns are alike.
        errors = run(squared_errors, self._networks(), rows)
        return np.nansum(errors / np.square(self._scale_or_ones()), axis=1), rows

    def _sums_of_squares(self, X, sample_weight):
        """What can be put together with that of other rows, whose weights are as they came.

        Squared error and number of the rows; weight, mean and variation of every feature.
        """
        errors, rows = self._compared(inference_rows(self, X))
        residual = errors.sum() if sample_weight is None else errors @ sample_weight
        rows.sample_weight = sample_weight
        mean = means(rows)
        variations, totals = weighted_sums(rows, lambda cells: np.square(cells - mean))
        return np.array([residual, n_weighted(rows)]), totals, mean, variations

    def _decoded(self, values, X):
        """Rows that the network has made, with categories where X has them."""
        table = self._columns
        if table is None or not table.has_categories:
            return as_features(self, values if table is None else table.numbers(values), X)
        decoded = table.decode(values, index_of(X))
        return decoded if table.kind else as_features(self, decoded, X)

    def _by_column(self, errors):
        """Squared errors of every column of X: of a category, half their sum over its shares."""
        if self._columns is None:
            return errors
        sums = np.add.reduceat(errors, self._columns.starts, axis=1)
        return np.where(self._columns.is_categorical, sums / 2, sums)

    @property
    def _n_features_out(self):
        return self.coefs_[self._n_encoder_layers].shape[0]

    def _networks(self):
        """Encoder and decoder."""
        encoder, decoder, _ = networks_of(
            self.coefs_ + self.skip_coefs_,
            self.intercepts_ + self.skip_intercepts_,
            self.activations_,
            self._n_encoder_layers,
            self._has_bounded_skips,
        )
        if self.column_losses_ is not None:
            varying = trained_features(self.is_constant_)
            decoder.links = fitted_losses(self).of(varying, is_renumbered=False)
        if self.is_constant_.any():
            decoder.constants = constant_outputs(self.is_constant_, self.mean_, self._scaling())
        return encoder, decoder

    def _scaling(self):
        return None if self.shift_ is None else Scaling(self.shift_, self.scale_)

    def _scale_or_ones(self):
        return np.ones_like(self.mean_) if self.scale_ is None else self.scale_

    def _output_scaling(self):
        """The scaling that leads a network's outputs, of whatever kind, to the units of X.

        Features that do not vary come out of it as what they are. None for no scaling.
        """
        is_constant, scaling = self.is_constant_, self._scaling()
        if not is_constant.any():
            return scaling
        shift, scale = np.zeros_like(self.mean_), np.ones_like(self.mean_)
        if scaling is not None:
            shift, scale = scaling.shift, scaling.scale
        return Scaling(np.where(is_constant, self.mean_, shift), np.where(is_constant, 0, scale))


def observed_mean(errors):
    """The mean of each row over its observed cells, 0 where it has none."""
    observed = ~np.isnan(errors)
    sums = np.where(observed, errors, 0).sum(axis=1)
    return sums / np.maximum(observed.sum(axis=1), 1)


def target_network(estimator):
    """The network that leads from the code to what an estimator predicts."""
    return network_from(
        estimator.target_coefs_, estimator.target_intercepts_, estimator.target_activations_
    )


def constant_outputs(is_constant, mean, scaling):
    """What a decoder gives for features that do not vary: their means."""
    features = np.flatnonzero(is_constant)
    own = mean[features]
    # Scaling, where there is any, centres them.
    values = own if scaling is None else np.zeros_like(own)
    return ConstantOutputs(features, values, CELL_ROUNDINGS * np.finfo(own.dtype).eps * np.abs(own))


def finite_outputs(networks, rows, **options):
    """Values of the last network for all rows; ValueError where these are infinite or NaN."""
    values = run(outputs, networks, rows, **options)
    refuse_infinite(values, "what the network makes of them")
    return values


def refuse_infinite(values, what):
    """Raise ValueError unless all values, which rows of X have led to, are finite."""
    with quiet_overflow():
        # A sum needs no memory, but may be infinite where no value is.
        is_finite = np.isfinite(values.sum()) or np.isfinite(values).all()
    if not is_finite:
        raise ValueError(
            f"X has values that are too large, or too far from those of the fit: {what} is more "
            f"than {values.dtype} can hold. Correct these rows, or leave them out."
        )


def n_weighted(rows):
    """Number of the rows that have a positive weight."""
    return len(rows) if rows.sample_weight is None else int(np.count_nonzero(rows.sample_weight))


def explained_share(residual, variation, n_rows):
    """Share of the variation that is not left in the residual; NaN, with a warning, of one row.

    Raises ValueError where one of both is infinite.
    """
    if n_rows < 2:
        warnings.warn(
            "The score, a share of the variance of X, is not defined for a single row, and is NaN: "
            "pass two rows or more, or use score_samples.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
        return float("nan")
    refuse_infinite(np.array([residual, variation]), "the sum of their squared errors")
    if variation == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / variation


def run(function, networks, rows, **options):
    """Call an inference function with the threads that we may use."""
    if len(rows) * max(network.largest_layer for network in networks) <= MAX_UNTHREADED_PRODUCT:
        return function(networks, rows, ThreadPool(), **options)
    with single_threaded_blas() as n_threads, ThreadPool(n_threads) as pool:
        return function(networks, rows, pool, **options)
