"""VariationalAutoencoderTransformer: an autoencoder that is a distribution of rows."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._category_encoding import CATEGORICAL_FEATURES
from ._column_losses import trained_loss
from ._dask.dispatch import takes_collections
from ._data_validation import apply_scaling, inference_rows
from ._reconstruction import run
from ._variational_tables import drawn_rows, likelihood_of, noise_of_columns
from .network.bottleneck import MIN_NOISE_VARIANCE, GaussianCode, moments
from .network.floating_point import quiet_overflow
from .network.inference import column_variances, evidence_lower_bounds, outputs
from .network.layers import Dense
from .network.likelihoods import balanced_draws
from .network.losses import LOSSES, as_loss
from .network.scaling import deviations
from .utils.compat import Interval, StrOptions, validate_parameter_constraints
from .utils.random import generators


@takes_collections
class VariationalAutoencoderTransformer(BaseAutoencoder):
    """Dimensionality reduction with a variational autoencoder, which can also make new rows.

    The encoder gives each row a normal distribution of codes, of which `transform` returns
    the mean; the decoder gives each code a distribution of rows. Training maximises a
    bound on the probability of the rows, with codes distributed as N(0, 1) in each unit [1]_.

    Parameters
    ----------
    n_components : int, float or "auto", default="auto"
        Width of the code, as for :class:`AutoencoderTransformer`; units that are not needed
        fall idle, see `code_variance_`.

    hidden_layer_sizes : int or sequence of int, default=(50, 40)
        Widths of the encoder's layers before the code; () for none. The decoder mirrors
        them.

    decoder_layer_sizes : int, sequence of int or None, default=None
        Widths of the decoder's layers between code and output, where it should not
        mirror the encoder.

    activation : str, default="auto"
        Activation of the hidden layers, as for :class:`AutoencoderTransformer`; "auto" is
        "silu".

    output_activation : str, default="auto"
        Activation of the output, the mean of the rows' distribution; "auto" is "sigmoid" for
        `loss="binary_cross_entropy"` and else "identity".

    loss : {"squared_error", "binary_cross_entropy"}, default="squared_error"
        Distribution of a row given its code. "squared_error": normal, with a common variance
        that is learned from the errors, `noise_variance_` [2]_. "binary_cross_entropy":
        Bernoulli, for X in [0, 1].

    beta : float, default=1.0
        Weight of the divergence between the codes' distributions and N(0, 1), above 0.
        With 1, training maximises the evidence lower bound; more makes for fewer units in use
        and less dependent ones [3]_.

    kl_warmup : float, default=0.1
        Share of the steps of a `fit` over which that weight rises from 0 to `beta`, in
        [0, 1], so that no unit is given up before the decoder has learned to use it. It has
        no effect in `partial_fit`.

    weight_init : str, default="auto"
        As for :class:`AutoencoderTransformer`, but for "pca".

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that are categories, as for :class:`AutoencoderTransformer`. The decoder's output
        is a distribution over their categories, and losses of columns are balanced in training.

    scale : {"auto", "common", "standard", "minmax", "quantile"} or None, default="auto"
        As for :class:`AutoencoderTransformer`, but that "auto" is "quantile" for a table with
        categories: made-up numbers are then distributed as those of the training data are,
        skewed or not.

    dropout : float, default=0.0
        Share of the hidden layers' values that are set to 0 at random in each training
        step, in [0, 1).

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights.

    solver : {"adam", "adamw", "muon", "sgd", "shampoo"} or solver object, default="adam"
        As for :class:`AutoencoderTransformer`; :class:`LBFGS`, which needs the same loss from
        the same weights, is refused.

    learning_rate : str or schedule object, default="cosine"
        Schedule of the learning rate.

    learning_rate_init : float or "auto", default="auto"
        The learning rate that the schedule starts from or rises to.

    batch_size : int or "auto", default="auto"
        Rows in a batch.

    max_iter : int, default=80
        Number of epochs, each of which uses every row once.

    tol : float, default=1e-4
        Smallest decrease of the loss that counts as an improvement.

    n_iter_no_change : int or "auto", default="auto"
        Training stops after this many epochs in a row without an improvement.

    early_stopping : bool or "auto", default="auto"
        Whether to hold out rows and watch the bound on them. "auto" does where there are
        fewer rows than weights, and at least 20.

    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`.

    shuffle : bool, default=True
        Whether to visit the rows in a new order each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, samples, order of rows and held-out rows. The global random state of
        NumPy is neither read nor changed.

    verbose : bool, default=False
        Whether `fit` shows a live line of progress.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and the solver state of the fit before.

    Attributes
    ----------
    n_components_ : int
        Width of the code.

    code_variance_ : ndarray of shape (n_components,)
        Variance over the training rows of each code unit's mean: near 0 for units that the
        network does not use, whose codes are N(0, 1) whatever the row.

    noise_variance_ : float or None
        Variance of the cells about the decoder's output, in the network's units; None for the
        Bernoulli distribution.

    column_noise_variance_ : ndarray of shape (n_encoded_features,) or None
        The same for each column that the network sees, of a table; None otherwise.

    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, the encoder's first. The last of the encoder has
        ``2 * n_components`` outputs: the means, then the logarithms of the variances.

    intercepts_ : list of ndarray of shape (n_out,)
        Biases of every layer.

    skip_coefs_, skip_intercepts_ : list
        Empty: there are no skip connections.

    loss_curve_ : list of float
        Minus the evidence lower bound of a training row in each epoch, in the network's
        units and with the divergence times `beta`, while the weights were changing.

    validation_loss_curve_ : list of float or None
        The same for the held-out rows after each epoch; None where none were held out.

    best_loss_ : float
        Loss of the weights that the last call kept, over the held-out rows where there are
        any, else over the training rows.

    kept_ : {"network", "earlier"}
        Which weights the last call kept: those that it has trained, or those that a warm
        start went on from.

    stop_reason_ : str
        What ended the last training: "max_iter", "no_change", "callback", "interrupted" or
        "pass", as for :class:`AutoencoderTransformer`.

    n_iter_ : int
        Number of epochs run.

    t_ : int
        Number of training rows seen, counted each time.

    n_layers_ : int
        Number of layers, those of input and output included.

    activations_ : list of str
        Activation of every layer after the input.

    output_activation_ : str
        Activation of the output, the last of them.

    shift_, scale_ : ndarray of shape (`n_features_in_`,) or None
        The network sees ``(X - shift_) / scale_``; None where X is not scaled.

    mean_ : ndarray of shape (`n_features_in_`,)
        Mean of each feature over the cells observed in the first fit, as which missing
        cells enter the network.

    is_constant_ : ndarray of bool of shape (`n_features_in_`,)
        Features that did not vary in `fit`, but for rounding: training leaves them out, their
        weights to the first layer are 0, and they come back as they were.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, where X has names that are all strings.

    See Also
    --------
    AutoencoderTransformer : Closer reconstructions from the same width of code.
    sklearn.decomposition.PCA : The same with linear maps, and its `score_samples`.

    References
    ----------
    .. [1] Kingma, Welling (2014), Auto-encoding variational Bayes. ICLR.
    .. [2] Rybkin, Daniilidis, Levine (2021), Simple and effective VAE training with
       calibrated decoders. ICML.
    .. [3] Higgins, Matthey, Pal, Burgess, Glorot, Botvinick, Mohamed, Lerchner (2017),
       beta-VAE. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skautoencoder import VariationalAutoencoderTransformer
    >>> X = load_digits().data / 16
    >>> vae = VariationalAutoencoderTransformer(
    ...     2, loss="binary_cross_entropy", max_iter=20
    ... )
    >>> vae.fit_transform(X).shape
    (1797, 2)
    >>> vae.sample(5).shape
    (5, 64)
    """

    _outputs_per_code_unit = 2
    _plain_activation = "silu"
    _ranks_numbers = True

    # What is fixed here, and a parameter of AutoencoderTransformer.
    skip_connections = False
    tied_weights = False
    corruption = None
    code_penalty = None
    code_activation = "identity"
    pretrain_iter = 0

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "loss": [StrOptions({name for name, kind in LOSSES.items() if kind.log_likelihood})],
        "categorical_features": CATEGORICAL_FEATURES,
        "beta": [Interval(Real, 0, None, closed="neither")],
        "kl_warmup": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        n_components="auto",
        *,
        hidden_layer_sizes=(50, 40),
        decoder_layer_sizes=None,
        activation="auto",
        output_activation="auto",
        loss="squared_error",
        beta=1.0,
        kl_warmup=0.1,
        weight_init="auto",
        categorical_features="from_dtype",
        scale="auto",
        dropout=0.0,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.decoder_layer_sizes = decoder_layer_sizes
        self.activation = activation
        self.output_activation = output_activation
        self.loss = loss
        self.beta = beta
        self.kl_warmup = kl_warmup
        self.weight_init = weight_init
        self.categorical_features = categorical_features
        self.scale = scale
        self.dropout = dropout
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

    def code_distribution(self, X):
        """Mean and standard deviation of the code of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to encode.

        Returns
        -------
        mean, deviation : ndarray of shape (n_samples, n_components), of the dtype of X
            Of the normal distribution of each code unit; `transform` returns the mean.
        """
        check_is_fitted(self)
        rows = inference_rows(self, X)
        encoder, _ = super()._networks()
        mean, log_variance = moments(run(outputs, [encoder], rows))
        return mean.copy(), np.exp(0.5 * log_variance)

    def sample(self, n_samples=1, random_state=None):
        """Draw codes from N(0, 1) and decode them; of a table, draw rows.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows to make.

        random_state : int, RandomState instance or None, default=None
            Seeds the codes.

        Returns
        -------
        X : ndarray or frame of shape (n_samples, n_features), of the dtype of the training data
            The mean of the rows' distribution for each code, in the units of X; for the
            Bernoulli distribution these are the probabilities of 1. Where X has categories, or
            scale is "quantile", each row is a draw from that distribution, in a frame of the same
            types where `fit` saw one.

        Raises
        ------
        ValueError
            Where n_samples is not a positive integer.
        """
        check_is_fitted(self)
        validate_parameter_constraints(
            {"n_samples": [Interval(Integral, 1, None, closed="left")]},
            {"n_samples": n_samples},
            caller_name="sample",
        )
        _, rng = generators(random_state, 0)
        shape = (n_samples, self._n_features_out)
        codes = rng.standard_normal(shape, dtype=self.coefs_[0].dtype)
        if self._columns is None:
            return self.inverse_transform(codes)
        return drawn_rows(self, codes, rng)

    def score_samples(self, X):
        """Evidence lower bound of each row: at most the logarithm of its probability.

        The expected log-likelihood is estimated from the same draws for all rows, so that a
        row's bound does not depend on the others: 64 of them, or four for each code unit,
        of mean 0 and covariance 1, so that the estimate is exact for a linear decoder.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        bound : ndarray of shape (n_samples,), of the dtype of X
            In nats, of the density in the units of X, over each row's observed cells;
            higher is better; minus infinity where numbers overflow on the way to it. Of a
            category it has the logarithm of its probability; with scale "quantile" the density is
            that of the numbers' normal scores.
        """
        check_is_fitted(self)
        rows = inference_rows(self, X).restricted_to(self._trained_features())
        rows, autoencoder = apply_scaling(self, rows), self._network_maker()(self._parameters())
        bounds = run(
            evidence_lower_bounds,
            autoencoder.networks,
            rows,
            likelihood=likelihood_of(self),
            variance=autoencoder.bottleneck.noise_variance,
            draws=balanced_draws(self._n_features_out).astype(self.coefs_[0].dtype),
        )
        with quiet_overflow():
            return bounds.astype(rows.dtype)

    def _choose_output(self, rows):
        if self.output_activation != "auto":
            return self.output_activation
        return as_loss(self.loss).link

    def _networks(self):
        """Encoder, of the means alone, and decoder."""
        encoder, decoder = super()._networks()
        last, n_components = encoder.layers[-1], self._n_features_out
        weights, bias = last.weights[:, :n_components], last.bias[:n_components]
        encoder.layers[-1] = Dense(weights, bias, "identity")
        return encoder, decoder

    def _bottleneck(self):
        is_gaussian = as_loss(self.loss).has_variance
        variance = self.noise_variance_ if is_gaussian else 1.0
        trained = self._trained_features()
        n_cells = len(self.is_constant_) if trained is None else len(trained)
        share = trained_loss(self, trained).count(n_cells) / n_cells
        own = variance, self._gradient_norm, share
        return GaussianCode(self.beta, self.kl_warmup, is_gaussian, *own)

    def _begin(self, rows, rng):
        rows, fallback = super()._begin(rows, rng)
        self.noise_variance_, self._gradient_norm = None, 0.0
        if as_loss(self.loss).has_variance:
            # Before it has learned anything, the network's errors are the rows' deviations.
            variance = float(np.square(deviations(rows, rows.feature_means)).mean())
            self.noise_variance_ = max(variance, MIN_NOISE_VARIANCE)
        return rows, fallback

    def _store(self, trainer):
        super()._store(trainer)
        bottleneck = trainer.autoencoder.bottleneck
        self._gradient_norm = bottleneck.gradient_norm
        if as_loss(self.loss).has_variance:
            self.noise_variance_ = bottleneck.noise_variance

    def _finish(self, rows, pool):
        rows = apply_scaling(self, rows.restricted_to(None))
        variances = column_variances([self._networks()[0]], rows, pool)
        self.code_variance_ = variances.astype(rows.dtype)
        self.column_noise_variance_ = None
        if self.column_losses_ is not None:
            self.column_noise_variance_ = noise_of_columns(self, rows, pool)
