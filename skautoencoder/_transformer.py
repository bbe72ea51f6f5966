"""AutoencoderTransformer: the facade that scikit-learn sees."""

from numbers import Integral

from ._base import BaseAutoencoder
from ._category_encoding import CATEGORICAL_FEATURES
from ._layer_weights_mixin import LayerWeightsMixin
from .network.activations import HIDDEN_ACTIVATIONS
from .network.corruption import Corruption
from .network.initializers import INITIALIZERS
from .network.losses import LOSSES, ElementwiseLoss
from .network.penalties import CodePenalty
from .utils.compat import Interval, StrOptions
from .utils.parameter_constraints import ObjectOf


class AutoencoderTransformer(LayerWeightsMixin, BaseAutoencoder):
    """Dimensionality reduction with an autoencoder, a nonlinear relative of PCA.

    A dense network squeezes X through a narrow code and rebuilds it; the code is what
    `transform` returns, and `inverse_transform` leads from a code back to the units of X.

    Parameters
    ----------
    n_components : int, float or "auto", default="auto"
        Width of the code. A share of the variance in (0, 1) asks, as in `PCA`, for as many
        units as it takes principal components to explain it, in the network's units (see
        `scale`) and fewer than there are features. "auto" is the original network's 36 for 64
        features or more; for fewer, it is nine sixteenths of them, rounded down, and at least
        1.

    hidden_layer_sizes : int or sequence of int, default=(50, 40)
        Widths of the encoder's layers before the code; () for none. The decoder mirrors
        them.

    decoder_layer_sizes : int, sequence of int or None, default=None
        Widths of the decoder's layers between code and output, where it should not
        mirror the encoder.

    activation : str, default="auto"
        Activation of the hidden layers: "identity", "tanh", "sigmoid", "relu",
        "leaky_relu", "elu", "selu", "silu", "gelu" or "softplus". "auto" is "silu" beside
        skip connections and "tanh" without them.

    code_activation : str, default="auto"
        Activation of the code, one of the same names; "auto" is "identity" beside skip
        connections, and the one of the hidden layers without them. A `code_penalty` may have
        its own: "relu" for :class:`L1Sparsity`, "sigmoid" for :class:`KLSparsity`.

    output_activation : str, default="auto"
        Activation of the output, one of the same names or "exp". "auto" is "sigmoid" for
        `loss="binary_cross_entropy"`, "exp" for `loss="poisson"`, "identity" beside skip
        connections, and without them "sigmoid" where all of X lies in [0, 1] and `scale` does
        not move it elsewhere, else "identity".

    loss : str, loss or list of (loss, columns), default="squared_error"
        What training minimises: its mean over the rows, where the loss of a row is the
        sum over its features, in the network's units (see `scale`).

        - "squared_error": half the squared error.
        - "absolute_error": the absolute error, on which single cells that are far off have less
          influence.
        - "huber": half the squared error up to an error of 1, the absolute error minus 0.5
          beyond that.
        - "binary_cross_entropy": the cross entropy; needs X in [0, 1] and a sigmoid
          output.
        - "poisson": half the Poisson deviance, for counts; needs X in [0, inf) and an
          exponential output.
        - "mixed": the categorical cross entropy for neighbouring columns of zeros and ones that
          sum to 1 in every row, the binary one for other columns of zeros and ones, the squared
          error for the rest; `column_losses_` says what was found.
        - a list of (loss, columns), where columns are given as to `ColumnTransformer`, and
          "categorical_cross_entropy" is for the columns of one category; the squared error for
          columns that are in none.

    column_weights : array-like of shape (n_features,), dict or None, default=None
        Weights of the columns relative to each other, 0 or more; in a dict by name or index,
        with 1 for the others. None is 1 for all. Where columns have losses or weights of their
        own, each is divided by what the loss is for a column whose mean alone is known (1/2 for
        numbers, the entropy of a category), so that all count alike.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that are categories: indices, names or a mask. "from_dtype" takes the columns of a
        pandas or polars frame whose type is category, string, boolean or enum. They are encoded
        inside and come back as categories; a missing or unknown one is a missing cell.

    skip_connections : bool or "auto", default="auto"
        Whether the network has skip connections beside its layers: from the input to the
        code, added to the last layer of the encoder, and from the code to the output,
        added to the last of the decoder. They start along the principal components, and
        `fit` ends with PCA itself, which they hold, where it has found nothing better:
        where the loss over the training data is not below PCA's, or where the loss over
        held-out rows (see `early_stopping`) is not by two standard errors (more where the
        rows are few), nor at all, with most rows clearly better. With the loss
        "binary_cross_entropy" the second path is added before the output's activation, and
        there is no PCA to end with. "auto" is False for the loss "poisson", which cannot
        have them, where `output_activation` asks for an output that they would change, for
        a `code_penalty` with a code activation of its own, and with `pretrain_iter`.
        Without them the network on 64 features is the original 64-50-40-36-40-50-64.

    weight_init : str, default="auto"
        How weights are drawn: "glorot", "he" or "lecun" followed by "_uniform" or
        "_normal", or "orthogonal". "auto" chooses by the activation of each layer: he
        for relu and leaky_relu, lecun for selu, glorot for the others. Biases start at 0;
        those of the output with the losses "binary_cross_entropy" and "poisson" start
        where the output is the mean of each feature. "pca" draws as "auto" does, but
        sets the last layers of encoder and decoder to 0 and the skip connections to PCA's,
        so that training starts exactly at PCA's reconstruction.

    scale : {"auto", "common", "standard", "minmax", "quantile"} or None, default="auto"
        Scaling of the features inside the network, undone by `inverse_transform`.
        "common" gives each mean 0 and divides all by one number, so that their variances
        are 1 on average and errors weigh as in X, as in PCA. "standard" gives each mean 0
        and variance 1, "minmax" maps each onto [0, 1] (or onto the range of a bounded
        output). "auto" is "common" where the output is unbounded, and maps onto the
        output's range where it is bounded and X is not within it already; for a loss that
        needs X in a range it leaves X as it is. For a table with categories it is "standard".
        "quantile" gives each number of a dense X the quantile of a standard normal distribution
        that its rank stands for: for features with long tails. Errors and scores are then in
        these units, and what is rebuilt lies within the range of the training data.

    tied_weights : bool, default=False
        Whether the decoder's weights are the encoder's, transposed, and the second skip
        connection's the first's. Half as many weights, and each learns from both uses. The
        decoder must mirror the encoder.

    corruption : corruption object or None, default=None
        What is done to the input in training, afresh each time that a row is seen, while
        the target stays clean: :class:`GaussianNoise`, :class:`MaskingNoise`,
        :class:`SaltAndPepperNoise` or :class:`SwapNoise`, whose parameters a search
        reaches as ``corruption__rate``. Held-out rows are corrupted too, the same way each
        time. `transform` and the other methods never corrupt.

    code_penalty : penalty object or None, default=None
        A penalty on the code, added to the loss in training: :class:`L1Sparsity` or
        :class:`KLSparsity` for sparse codes, :class:`ContractivePenalty` for codes that move
        little when the input does. The validation loss does not include it, and `fit` does not
        fall back on PCA.

    dropout : float, default=0.0
        Share of the hidden layers' values that are set to 0 at random in each training
        step, in [0, 1).

    pretrain_iter : int, default=0
        Epochs, or iterations of "lbfgs", for which each layer of the encoder, from the outside
        in, is first trained by itself, with the layer of the decoder that mirrors it, to
        rebuild the output of the layers before it [2]_; 0 for none. It helps deep networks of
        saturating units. It needs a decoder that mirrors the encoder, no skip connections
        (which "auto" then leaves out), and memory for the values of one layer for all rows.

    alpha : float, default=0.0
        Strength of the L2 penalty: ``alpha / 2 * (W ** 2).sum()`` over all weights is
        added to the mean loss.

    solver : {"adam", "adamw", "lbfgs", "muon", "sgd", "shampoo"} or solver object, default="adam"
        How a gradient becomes a step: a name, or an :class:`Adam`, :class:`AdamW`,
        :class:`LBFGS`, :class:`Muon`, :class:`SGD` or :class:`Shampoo` with parameters of its
        own, which a search then reaches as ``solver__momentum``. "shampoo" needs a fraction of
        Adam's epochs where layers are hundreds of units wide. "lbfgs" uses all rows at each
        step, for small data: there `learning_rate`, `learning_rate_init`, `batch_size` and
        `shuffle` have no effect, and there is no `partial_fit`.

    learning_rate : str or schedule object, default="cosine"
        Schedule of the learning rate: "constant", "invscaling", "adaptive", "cosine" or
        "one_cycle", or an object such as :class:`CosineSchedule`.

    learning_rate_init : float or "auto", default="auto"
        The learning rate that the schedule starts from or rises to. "auto" is
        ``0.08 / sqrt(widest layer)`` for Adam, 0.02 for Muon and Shampoo, and
        ``0.5 * (1 - momentum) / max(10, widest layer)`` for SGD, or 0.3 of it where no
        schedule lowers it: for "constant", and in `partial_fit` unless the schedule is
        "invscaling".

    batch_size : int or "auto", default="auto"
        Rows in a batch; with as many as there are, or more, every step uses the whole training
        set. "auto" is 64; for fewer than 2048 rows it is one in 32, at least 8.

    max_iter : int, default=80
        Number of epochs, each of which uses every row once; for "lbfgs" the number of
        its iterations, which stand for epochs everywhere.

    tol : float, default=1e-4
        Smallest decrease of the loss that counts as an improvement.

    n_iter_no_change : int or "auto", default="auto"
        Training stops after this many epochs in a row without an improvement. "auto" is
        10, as in `MLPRegressor`, except where the schedule has a planned end ("cosine",
        "one_cycle"): there it is a third of `max_iter` where that is more, because a
        loss that stalls at a high rate improves again as the rate falls. For "lbfgs" it
        is always 10.

    early_stopping : bool or "auto", default="auto"
        Whether to hold out rows and watch the loss on them instead of on the training rows.
        "auto" does so where there are at least 20 rows but fewer than weights.

    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`.

    shuffle : bool, default=True
        Whether to visit the rows in a new order each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the order of the rows and the choice of held-out rows. Pass an int
        for the same results each time. The global random state of NumPy is neither read nor
        changed.

    verbose : bool, default=False
        Whether `fit` shows a live line of progress.

    warm_start : bool, default=False
        Whether `fit` continues from the weights and the solver state of the previous fit, for
        `max_iter` more epochs. Scaling and activations stay as they were; a schedule with a
        planned end starts anew. The weights that it goes on from are kept where no epoch is
        better, unless there is a `code_penalty`.

    Attributes
    ----------
    n_components_ : int
        Width of the code.

    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, the encoder's first.

    intercepts_ : list of ndarray of shape (n_out,)
        Biases of every layer.

    skip_coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of the skip connections, to the code and to the output; empty without them.

    skip_intercepts_ : list of ndarray of shape (n_out,)
        Biases of the skip connections.

    loss_curve_ : list of float
        Mean loss over the training rows in each epoch, with the penalty of `alpha`,
        while the weights were changing; for "lbfgs" after each iteration.

    validation_loss_curve_ : list of float or None
        Mean loss over the held-out rows after each epoch; None where none were held out.

    best_loss_ : float
        Loss of the weights that the last call kept, over the held-out rows where there are
        any, else over the training rows: for the network, the lowest of its curve; for PCA and
        for earlier weights, what these reach. In `partial_fit`, the loss of its pass.

    kept_ : {"network", "pca", "earlier"}
        Which weights the last call kept: those that it has trained; PCA's, see
        `skip_connections`; or those that a warm start went on from.

    stop_reason_ : str or None
        What ended training: "max_iter"; "no_change" in `n_iter_no_change` epochs;
        "line_search" where "lbfgs" found nothing lower; "callback"; "interrupted" by Ctrl-C;
        "pass" of `partial_fit`. None after `from_layer_weights`.

    n_iter_ : int
        Number of epochs run.

    t_ : int
        Number of training rows seen, counted each time; for "lbfgs" each time that the
        loss was evaluated, of which an iteration needs one or more.

    n_layers_ : int
        Number of layers, including those of input and output.

    activations_ : list of str
        Activation of every layer after the input.

    output_activation_ : str
        Activation of the output, the last of them.

    shift_, scale_ : ndarray of shape (`n_features_in_`,) or None
        The network sees ``(X - shift_) / scale_``; None where X is not scaled.

    mean_ : ndarray of shape (`n_features_in_`,) or None
        Mean of each feature over the cells observed in the first fit, which stands in for
        missing cells; None after `from_layer_weights`.

    is_constant_ : ndarray of bool of shape (`n_features_in_`,)
        Features that did not vary in `fit`, except by rounding: training leaves them out, their
        weights to the first layer are 0, and they come back as they were.

    column_losses_ : list of (loss, ndarray of int) or None
        The loss of each column that the network sees, where columns have losses of their own; the
        columns of a category are one entry.

    column_weights_ : ndarray of float or None
        Their weights relative to each other, where columns have losses of their own.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, if X has feature names that are all strings.

    See Also
    --------
    sklearn.decomposition.PCA : The best linear code, found at once.

    Notes
    -----
    Few parameters need to be set: see :ref:`which_parameter`. `fit` ends with the weights of the
    epoch with the lowest validation loss where rows are held out, else the lowest training loss.

    Large batches are shared among threads, as many as BLAS is allowed to use; see
    `threadpoolctl.threadpool_limits`.

    References
    ----------
    .. [1] Hinton, Salakhutdinov (2006), Reducing the Dimensionality of Data with Neural
       Networks. Science 313.
    .. [2] Bengio, Lamblin, Popovici, Larochelle (2007), Greedy layer-wise training of deep
       networks. NeurIPS 19.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skautoencoder import AutoencoderTransformer
    >>> X = load_digits().data / 16
    >>> autoencoder = AutoencoderTransformer(10, max_iter=50, random_state=0)
    >>> autoencoder.fit_transform(X).shape
    (1797, 10)
    >>> autoencoder.reconstruct(X).shape
    (1797, 64)
    >>> autoencoder.score(X) > 0.8
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "code_activation": [StrOptions({"auto", *HIDDEN_ACTIVATIONS})],
        "loss": [StrOptions({*LOSSES, "mixed"}), ObjectOf(ElementwiseLoss), list],
        "column_weights": ["array-like", dict, None],
        "categorical_features": CATEGORICAL_FEATURES,
        "skip_connections": ["boolean", StrOptions({"auto"})],
        "weight_init": [StrOptions({"auto", "pca", *INITIALIZERS})],
        "tied_weights": ["boolean"],
        "corruption": [ObjectOf(Corruption), None],
        "code_penalty": [ObjectOf(CodePenalty), None],
        "pretrain_iter": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_components="auto",
        *,
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
        dropout=0.0,
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
