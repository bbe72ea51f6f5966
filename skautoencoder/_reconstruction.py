"""What every fitted autoencoder can do with rows: encode, decode, rebuild, score."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._threads import single_threaded_blas
from ._validation import code_rows, inference_rows
from .network.inference import outputs, squared_errors
from .network.layers import Network
from .network.parallel import Workers
from .network.rows import Rows
from .network.scaling import Scaling, moments


class ReconstructionMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Encoding, decoding and errors of a fitted network.

    It reads `coefs_`, `intercepts_`, `linear_coefs_`, `linear_intercepts_`, `activations_`,
    `shift_`, `scale_`, `_n_encoder_layers` and `_has_bounded_paths`, and changes nothing:
    several threads may share an estimator.
    """

    def transform(self, X):
        """Encode X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components), of the dtype of X
            The code of each row.
        """
        check_is_fitted(self)
        rows = inference_rows(self, X, self._scaling())
        return _run(outputs, self._network().part(0, self._n_encoder_layers), rows)

    def inverse_transform(self, X):
        """Decode codes, into the units of the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as returned by `transform`.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features), of the dtype of X
            The row that each code stands for.
        """
        check_is_fitted(self)
        rows = code_rows(self, X, self._n_features_out)
        decoder = self._network().part(self._n_encoder_layers, len(self.coefs_))
        return _run(outputs, decoder, rows, scaling=self._scaling())

    def reconstruct(self, X):
        """Encode X and decode it again.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to rebuild.

        Returns
        -------
        X_rebuilt : ndarray of shape (n_samples, n_features), of the dtype of X
            What the network makes of each row.
        """
        check_is_fitted(self)
        scaling = self._scaling()
        rows = inference_rows(self, X, scaling)
        return _run(outputs, self._network(), rows, scaling=scaling)

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
        error : ndarray of shape (n_samples,) or (n_samples, n_features), of the dtype of X
            The mean squared error of each row, or the squared error of each cell.
        """
        check_is_fitted(self)
        rows = inference_rows(self, X, self._scaling())
        errors = _run(squared_errors, self._network(), rows, per_feature=per_feature)
        return errors.astype(rows.X.dtype, copy=False)

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
        does not vary at all it is 1 for an exact reconstruction and 0 otherwise.

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
        """
        check_is_fitted(self)
        rows = inference_rows(self, X, self._scaling(), sample_weight)
        errors = _run(squared_errors, self._network(), rows)
        residual = np.average(errors, weights=rows.sample_weight)
        _, deviation = moments(Rows(rows.X, sample_weight=rows.sample_weight))
        variance = np.mean(np.square(deviation))
        if variance == 0:
            return 1.0 if residual == 0 else 0.0
        return float(1 - residual / variance)

    @property
    def _n_features_out(self):
        return len(self.intercepts_[self._n_encoder_layers - 1])

    def _network(self):
        coefs = self.coefs_ + self.linear_coefs_
        intercepts = self.intercepts_ + self.linear_intercepts_
        code, bounded = self._n_encoder_layers, self._has_bounded_paths
        return Network.build(coefs, intercepts, self.activations_, code, bounded)

    def _scaling(self):
        return None if self.shift_ is None else Scaling(self.shift_, self.scale_)


def _run(function, network, rows, **options):
    """Call an inference function with the threads that we may use."""
    with single_threaded_blas() as n_threads, Workers(n_threads) as workers:
        return function(network, rows, workers, **options)
