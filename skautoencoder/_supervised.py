"""SupervisedAutoencoder: what the classifier and the regressor have in common.

One network has two heads: the decoder rebuilds X from the code, and further layers, most often a
single one, predict y from it.
"""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._architecture import target_activations
from ._base import BaseAutoencoder
from ._callbacks import with_callbacks
from ._column_losses import trained_loss
from ._dask.dispatch import computed, is_collection, takes_collections
from ._data_validation import code_rows, inference_rows
from ._parameter_validation import has_partial_fit
from ._reconstruction import finite_outputs, target_network
from ._transformer import AutoencoderTransformer
from .network.evaluation import target_losses_beside_a_constant
from .network.inference import outputs
from .utils.compat import Interval, StrOptions


@takes_collections
class SupervisedAutoencoder(BaseAutoencoder):
    """Fitting with a target, and predictions from the code.

    A subclass encodes the target, names the loss of its head, and decodes predictions. It has

    - `_checked_target(y)`, which validates y before any work, and `_with_targets(rows, y, reset)`,
      which returns the rows with y as numbers; where `reset`, it learns what y is made of.
    - `_n_outputs`, of the head, and `_outputs_per_target`, by which its loss is divided: 1, or as
      many as there are where the loss is a mean over them.
    - `_target_loss()`; `_constant_output(rows)`, the outputs that predict best without X; and
      `_fit_head(codes, rows)`, weights and biases for finished codes, where `target_weight` is 0.
    - `predict`, from the outputs that `_predicted` returns, `score` and `partial_fit`.
    """

    _parameter_constraints = {
        **AutoencoderTransformer._parameter_constraints,
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "target_weight": [Interval(Real, 0, None, closed="left")],
        "head_layer_sizes": BaseAutoencoder._parameter_constraints["hidden_layer_sizes"],
    }

    def __init__(
        self,
        n_components="auto",
        *,
        target_weight=1.0,
        head_layer_sizes=(),
        hidden_layer_sizes=(50, 40),
        decoder_layer_sizes=None,
        activation="auto",
        code_activation="auto",
        output_activation="auto",
        loss="squared_error",
        column_weights=None,
        categorical_features="from_dtype",
        skip_connections="auto",
        weight_init="auto",
        scale="auto",
        tied_weights=False,
        corruption=None,
        code_penalty=None,
        dropout="auto",
        pretrain_iter=0,
        alpha=0.0,
        solver="adam",
        learning_rate="cosine",
        learning_rate_init="auto",
        batch_size="auto",
        max_iter=80,
        tol=1e-4,
        n_iter_no_change="auto",
        early_stopping="auto",
        validation_fraction=0.1,
        shuffle=True,
        random_state=None,
        verbose=False,
        warm_start=False,
    ):
        self.n_components = n_components
        self.target_weight = target_weight
        self.head_layer_sizes = head_layer_sizes
        self.hidden_layer_sizes = hidden_layer_sizes
        self.decoder_layer_sizes = decoder_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.output_activation = output_activation
        self.loss = loss
        self.column_weights = column_weights
        self.categorical_features = categorical_features
        self.skip_connections = skip_connections
        self.weight_init = weight_init
        self.scale = scale
        self.tied_weights = tied_weights
        self.corruption = corruption
        self.code_penalty = code_penalty
        self.dropout = dropout
        self.pretrain_iter = pretrain_iter
        self.alpha = alpha
        self.solver = solver
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Train the network to rebuild X and to predict y, both from the code.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Training data, as for :class:`AutoencoderTransformer`: float32 and float64 are kept,
            missing values (NaN) count neither in the loss nor in the scaling.

        y : {array-like, Dask collection} of shape (n_samples,) or (n_samples, n_outputs)
            What is to be predicted: classes for the classifier, numbers for the regressor, which
            alone takes several outputs.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in both parts of the objective.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            Where a parameter, X, y or sample_weight is not as it must be, or where training
            diverges. The estimator is then as it was before the call.

        Warns
        -----
        UserWarning
            Where Ctrl-C ended training early; the best weights so far are kept.

        ConvergenceWarning
            Where training ended with a network that is worse than the mean of every feature and
            the shares of the classes, or the mean of y.
        """
        return self._fit(X, computed(y), sample_weight)

    def fit_transform(self, X, y, sample_weight=None):
        """Fit to X and y, and return the codes of X.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Training data.

        y : {array-like, Dask collection} of shape (n_samples,) or (n_samples, n_outputs)
            What is to be predicted.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components), of the dtype of X
            The code of each row.
        """
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def explained_variance(self, X, sample_weight=None):
        """Share of the variance of X that the reconstruction explains.

        What `score` is for :class:`AutoencoderTransformer`.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to rebuild.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        share : float
            1 at best, with no lower bound; NaN, with a warning, for a single row.
        """
        return self._explained_variance(X, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    @property
    def _n_target_outputs(self):
        """How many outputs are trained beside X's: none where the code is not to see them."""
        return self._n_outputs if self.target_weight else 0

    def _training_rows(self, X, y, sample_weight, dtype, reset):
        self._refuse_unseen_target()
        if is_collection(X) and not self.target_weight:
            raise ValueError(
                "target_weight=0 fits the head to the codes of all rows on one machine. Got a Dask "
                "collection: raise target_weight, or fit X.compute() where it fits in memory."
            )
        y = self._checked_target(y)
        rows = super()._training_rows(X, y, sample_weight, dtype, reset)
        return self._with_targets(rows, y, reset)

    def _refuse_unseen_target(self):
        """Raise ValueError for what makes no sense where the target has no weight."""
        if not self.target_weight and len(np.atleast_1d(self.head_layer_sizes)):
            raise ValueError(
                f"head_layer_sizes={self.head_layer_sizes!r} needs a target that is trained on. "
                "Got target_weight=0: raise it, or leave head_layer_sizes at ()."
            )

    def _target(self):
        if not self._n_target_outputs:
            return None
        features = self._trained_features()
        n_features = len(self.is_constant_) if features is None else len(features)
        # The loss of X is a sum over its features: its mean is what the target is weighed against.
        n_columns = trained_loss(self, features).count(n_features)
        weight = self.target_weight * n_columns / self._outputs_per_target
        return target_activations(self), self._target_loss(), weight

    def _target_layers(self):
        if not self._n_target_outputs:
            return [], []
        return self.target_coefs_, self.target_intercepts_

    def _take_target_layers(self, coefs, intercepts):
        if coefs:
            self.target_coefs_, self.target_intercepts_ = coefs, intercepts

    def _start(self, parameters, output):
        super()._start(parameters, output)
        if self._n_target_outputs:
            self.target_activations_ = target_activations(self)

    def _finish(self, rows, pool):
        if self._n_target_outputs:
            return
        codes = outputs([self._trained_encoder()], rows, pool)
        weights, bias = self._fit_head(codes, rows)
        dtype = self.coefs_[0].dtype
        self.target_coefs_ = [weights.astype(dtype)]
        self.target_intercepts_ = [bias.astype(dtype)]
        self.target_activations_ = ["identity"]

    def _losses_of_target(self, rows, trainer, pool):
        head = trainer.autoencoder.target_head
        if head is None:
            return np.zeros(2)
        networks = [self._trained_encoder(), head.network]
        constant = self._constant_output(rows).astype(rows.dtype)
        return target_losses_beside_a_constant(networks, rows, head, constant, pool)

    def _predicted(self, X):
        """What the head makes of the codes of rows, before the link of its loss."""
        check_is_fitted(self)
        encoder, _ = self._networks()
        return finite_outputs([encoder, target_network(self)], inference_rows(self, X))

    def _predicted_from_codes(self, codes):
        """The same of codes, as `transform` returns them."""
        rows = code_rows(self, codes, self._n_features_out)
        return finite_outputs([target_network(self)], rows)


def has_supervised_partial_fit(estimator):
    """Raise AttributeError where one pass over some rows cannot train both parts."""
    if not estimator.target_weight:
        raise AttributeError(
            "partial_fit trains code and head together, but target_weight=0 fits the head to the "
            "finished code: raise target_weight, or use AutoencoderTransformer."
        )
    return has_partial_fit(estimator)


def refuse_no_target(estimator, y):
    """Raise ValueError where there is no target."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None: pass "
            "what is to be predicted, or use AutoencoderTransformer, which needs none."
        )
