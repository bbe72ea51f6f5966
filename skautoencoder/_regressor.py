"""AutoencoderRegressor: a code that has seen the numbers to be predicted."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_consistent_length

from ._dask.dispatch import computed, takes_collections
from ._supervised import SupervisedAutoencoder, has_supervised_partial_fit, refuse_no_target
from .network.floating_point import quiet_overflow
from .network.losses import SquaredError


@takes_collections
class AutoencoderRegressor(RegressorMixin, SupervisedAutoencoder):
    r"""An autoencoder whose code has seen the target: a transformer and a regressor.

    One network rebuilds X from the code and predicts y from it [1]_, so that a few numbers both
    predict and rebuild the rows. y may have several columns.

    Parameters
    ----------
    n_components : int, float or "auto", default="auto"
        Width of the code, or a share of the variance, for as many units as principal components
        are needed to explain it.

    target_weight : float, default=1.0
        Weight of the target, at least 0: of half the mean squared error of the standardised y,
        beside the loss of X as a mean over the features, half the squared error in the network's
        units unless `loss` says otherwise. With more of it the code tells less of X; with 0 it is
        that of :class:`AutoencoderTransformer`, and the head a linear regression fitted to it.

    head_layer_sizes : int or sequence of int, default=()
        Widths of the layers between code and prediction; without any, the prediction is linear in
        the code.

    hidden_layer_sizes : int or sequence of int, default=(50, 40)
        Widths of the encoder's layers before the code.

    decoder_layer_sizes : int, sequence of int or None, default=None
        Widths of the decoder's layers after the code; None mirrors the encoder.

    activation : str, default="auto"
        Activation of the hidden layers, including those of the head.

    code_activation : str, default="auto"
        Activation of the code.

    output_activation : str, default="auto"
        Activation of the output, from which X is rebuilt.

    loss : str, loss or list of (loss, columns), default="squared_error"
        Loss of the reconstruction: a name, an object such as ``Huber(delta=0.5)``, "mixed" or a
        list of (loss, columns), as for :class:`AutoencoderTransformer`.

    column_weights : array-like of shape (n_features,), dict or None, default=None
        Weights of the columns beside each other, as for :class:`AutoencoderTransformer`.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that are categories, as for :class:`AutoencoderTransformer`.

    skip_connections : bool or "auto", default="auto"
        Whether linear maps lead past the layers, from X to the code and from there to the output.

    weight_init : str, default="auto"
        How the first weights are drawn.

    scale : str or None, default="auto"
        How X is scaled inside the network.

    tied_weights : bool, default=False
        Whether the decoder has the encoder's weights, transposed.

    corruption : corruption or None, default=None
        What training does to its input.

    code_penalty : code penalty or None, default=None
        What a code costs in training.

    dropout : float or "auto", default="auto"
        Share of the hidden layers' values that are set to 0 at random in each training step.
        "auto" is 0.1, and 0 where `target_weight` is 0 or the solver takes all rows at once.

    pretrain_iter : int, default=0
        Epochs in which each layer, with the decoder's that mirrors it, is trained by itself first.

    alpha : float, default=0.0
        Weight of half the squared norm of all weights.

    solver : str or solver, default="adam"
        What turns a gradient into a step.

    learning_rate : str or schedule, default="cosine"
        How the learning rate changes.

    learning_rate_init : float or "auto", default="auto"
        The largest learning rate.

    batch_size : int or "auto", default="auto"
        Rows in a step.

    max_iter : int, default=80
        Most epochs.

    tol : float, default=1e-4
        By less than this, an epoch's loss is no better.

    n_iter_no_change : int or "auto", default="auto"
        Epochs without a better loss after which training ends.

    early_stopping : bool or "auto", default="auto"
        Whether rows are held out, whose objective, of both parts, says which weights are best.

    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`.

    shuffle : bool, default=True
        Whether rows are put into another order before each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, held-out rows and order. An int makes results the same each time.

    verbose : bool or int, default=False
        Whether to show a line while training.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.

    Attributes
    ----------
    target_mean_, target_scale_ : ndarray of shape (n_outputs,)
        Mean and standard deviation of y, by which it is standardised inside.

    target_coefs_, target_intercepts_ : list of ndarray
        Weights and biases of the layers from the code to the prediction.

    target_activations_ : list of str
        Their activations, the last before y's units.

    coefs_, intercepts_, skip_coefs_, skip_intercepts_ : list of ndarray
        Weights and biases of encoder and decoder, as those of :class:`AutoencoderTransformer`,
        whose further attributes this estimator has too.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, where X has names that are all strings.

    See Also
    --------
    AutoencoderTransformer : A code that has not seen the target.
    AutoencoderClassifier : The same for classes.
    sklearn.cross_decomposition.PLSRegression : Linear codes for numbers.

    References
    ----------
    .. [1] Le, Patterson, White (2018), Supervised autoencoders: improving generalization
       performance with unsupervised regularizers. NeurIPS 31.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from skautoencoder import AutoencoderRegressor
    >>> X, y = make_friedman1(600, random_state=0)
    >>> regressor = AutoencoderRegressor(2, random_state=0).fit(X[:400], y[:400])
    >>> regressor.score(X[400:], y[400:]) > 0.8
    True
    >>> regressor.transform(X[400:]).shape
    (200, 2)
    """

    @available_if(has_supervised_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one pass over X, from where the last call of any fit left off.

        As in :meth:`AutoencoderTransformer.partial_fit`. The first call fixes by which mean and
        deviation y is standardised.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to learn from.

        y : {array-like, Dask collection} of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to each other.

        Returns
        -------
        self : AutoencoderRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._partial_fit(X, computed(y), sample_weight)

    def predict(self, X):
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs), of the dtype of X
            The predictions, in the shape of the y of `fit`.
        """
        predicted = self._predicted(X) * self.target_scale_ + self.target_mean_
        return predicted[:, 0] if self._has_one_output else predicted

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination, R², of the predictions for X.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to predict.

        y : {array-like, Dask collection} of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        r2 : float
            1 at best, 0 for predictions of the mean, with no lower bound; the mean over several
            outputs.
        """
        # Here, so that importing skautoencoder needs no sklearn.metrics.
        from sklearn.metrics import r2_score

        y, predicted, weights = map(computed, (y, self.predict(X), sample_weight))
        return r2_score(y, predicted, sample_weight=weights)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @property
    def _n_outputs(self):
        return len(self.target_mean_)

    @property
    def _outputs_per_target(self):
        # The mean over the outputs, not their sum.
        return self._n_outputs

    def _target_loss(self):
        return SquaredError()

    def _checked_target(self, y):
        refuse_no_target(self, y)
        y = check_array(
            y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=type(self).__name__
        )
        if y.ndim > 2:
            raise ValueError(
                f"y must have shape (n_samples,) or (n_samples, n_outputs). Got {y.shape} instead."
            )
        return y

    def _with_targets(self, rows, y, reset):
        check_consistent_length(range(rows.n_given), y)
        targets = y.reshape(len(y), -1)
        if reset:
            self._learn_units(rows, targets, y.ndim == 1)
        if targets.shape[1] != self._n_outputs or (y.ndim == 1) != self._has_one_output:
            shape = "(n_samples,)" if self._has_one_output else f"(n_samples, {self._n_outputs})"
            raise ValueError(
                f"Training cannot go on: y has shape {y.shape}, but that of the first call had "
                f"{shape}. Pass y of that shape, or call fit with warm_start=False."
            )
        targets = (targets - self.target_mean_) / self.target_scale_
        return rows.with_targets(targets.astype(rows.dtype))

    def _learn_units(self, rows, targets, has_one_output):
        """Mean and deviation of each output, by which it is standardised."""
        own = rows.with_targets(targets)
        weights = own.weights(slice(None))
        with quiet_overflow():
            mean = np.average(own.all_targets(), axis=0, weights=weights)
            squares = np.square(own.all_targets() - mean)
            deviation = np.sqrt(np.average(squares, axis=0, weights=weights))
        if not np.isfinite(deviation).all():
            raise ValueError(
                "y has values whose squares are more than float64 can hold: divide y by its "
                "largest absolute value first."
            )
        self.target_mean_ = mean.astype(rows.dtype)
        self.target_scale_ = np.where(deviation > 0, deviation, 1).astype(rows.dtype)
        self._has_one_output = has_one_output

    def _constant_output(self, rows):
        """The mean of the standardised targets."""
        return np.zeros(self._n_outputs)

    def _fit_head(self, codes, rows):
        from sklearn.linear_model import LinearRegression

        head = LinearRegression()
        head.fit(codes, rows.all_targets(), sample_weight=rows.weights(slice(None)))
        return head.coef_.T, head.intercept_
