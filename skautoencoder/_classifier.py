"""AutoencoderClassifier: a code that has seen the classes."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length

from ._dask.dispatch import computed, takes_collections
from ._labels import Labels, checked_classes, class_numbers, refuse_other_classes
from ._logistic_head import logistic_head
from ._parameter_validation import check_parameters, unchanged_on_failure
from ._supervised import SupervisedAutoencoder, has_supervised_partial_fit, refuse_no_target
from .network.activations import softmax
from .network.losses import CategoricalCrossEntropy
from .utils.compat import StrOptions

# Of the shares of the classes that the head starts from: what is not seen yet may come.
UNSEEN_SHARE = 0.01


@takes_collections
class AutoencoderClassifier(ClassifierMixin, SupervisedAutoencoder):
    r"""An autoencoder whose code has seen the classes: a transformer and a classifier.

    One network rebuilds X from the code and predicts y from it [1]_, so that a few numbers both
    classify and rebuild the rows. Like `LinearDiscriminantAnalysis` it can stand at the end of a
    pipeline, or before another classifier.

    Parameters
    ----------
    n_components : int, float or "auto", default="auto"
        Width of the code, or the share of the variance that principal components are to explain.

    target_weight : float, default=1.0
        Weight of the target, at least 0: of the cross-entropy, in nats, beside the loss of X as a
        mean over the features, half the squared error in the network's units unless `loss` says
        otherwise. The more of it, the less the code tells of X; with 0 it is the code of
        :class:`AutoencoderTransformer`, and the head a logistic regression fitted to it.

    head_layer_sizes : int or sequence of int, default=()
        Widths of the layers between code and prediction; without any, the prediction is linear in
        the code, up to a softmax.

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
        Share of the rows held out by `early_stopping`, of each class alike.

    shuffle : bool, default=True
        Whether rows are put into another order before each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, held-out rows and order. An int makes results the same each time.

    verbose : bool or int, default=False
        Whether to show a line while training.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes' rows; "balanced": inversely proportional to their numbers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.

    target_coefs_, target_intercepts_ : list of ndarray
        Weights and biases of the layers from the code to the prediction.

    target_activations_ : list of str
        Their activations, the last before a softmax.

    coefs_, intercepts_, skip_coefs_, skip_intercepts_ : list of ndarray
        Weights and biases of encoder and decoder, as those of :class:`AutoencoderTransformer`,
        whose further attributes this estimator has too.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, where X has names that are all strings.

    See Also
    --------
    AutoencoderTransformer : A code that has not seen the classes.
    AutoencoderRegressor : The same for numbers.
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : The best linear code for classes.

    Notes
    -----
    With a row :math:`x` of d features in the network's units, its reconstruction :math:`r`, and the
    probability :math:`p_y` that the head gives to its class, training minimises the mean of

    .. math::

        \frac{1}{2} \sum_j (x_j - r_j)^2 - d \, w \log p_y

    with :math:`w` the `target_weight`. Where rows are held out, the same mean over these says which
    weights are best.

    References
    ----------
    .. [1] Le, Patterson, White (2018), Supervised autoencoders: improving generalization
       performance with unsupervised regularizers. NeurIPS 31.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import train_test_split
    >>> from skautoencoder import AutoencoderClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> train, test, y_train, y_test = train_test_split(
    ...     X, y, random_state=0, stratify=y
    ... )
    >>> classifier = AutoencoderClassifier(2, scale="standard", random_state=0)
    >>> classifier.fit(train, y_train).score(test, y_test) > 0.9
    True
    >>> classifier.transform(test).shape
    (45, 2)
    """

    _parameter_constraints = {
        **SupervisedAutoencoder._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    _outputs_per_target = 1  # What the loss of the target is divided by.

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
        class_weight=None,
    ):
        super().__init__(
            n_components,
            target_weight=target_weight,
            head_layer_sizes=head_layer_sizes,
            hidden_layer_sizes=hidden_layer_sizes,
            decoder_layer_sizes=decoder_layer_sizes,
            activation=activation,
            code_activation=code_activation,
            output_activation=output_activation,
            loss=loss,
            column_weights=column_weights,
            categorical_features=categorical_features,
            skip_connections=skip_connections,
            weight_init=weight_init,
            scale=scale,
            tied_weights=tied_weights,
            corruption=corruption,
            code_penalty=code_penalty,
            dropout=dropout,
            pretrain_iter=pretrain_iter,
            alpha=alpha,
            solver=solver,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            shuffle=shuffle,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
        )
        self.class_weight = class_weight

    @available_if(has_supervised_partial_fit)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one pass over X, as :meth:`AutoencoderTransformer.partial_fit` does.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to learn from.

        y : {array-like, Dask collection} of shape (n_samples,)
            Their classes.

        classes : array-like of shape (n_classes,), default=None
            All classes that will come; needed in the first call, and may be left out later.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to each other.

        Returns
        -------
        self : AutoencoderClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`, and where `classes` is missing, other than in the call before, or without
            some of those in y.
        """
        with unchanged_on_failure(self):
            check_parameters(self)
            if not hasattr(self, "classes_") and classes is None:
                raise ValueError(
                    "classes must be passed on the first call to partial_fit: all that will occur."
                )
            return self._partial_fit(X, Labels(computed(y), classes), sample_weight)

    def predict(self, X):
        """Predict the class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The most probable of `classes_`.
        """
        logits = self._predicted(X)
        return self.classes_[logits.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), of the dtype of X
            Probabilities of the `classes_`, in their order.
        """
        logits = self._predicted(X)
        softmax(logits)
        return logits

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes), of the dtype of X
            Logarithms of what `predict_proba` returns, exact also where that is 0.
        """
        logits = self._predicted(X)
        return logits - softmax(logits.copy())[:, np.newaxis]

    def decision_function(self, X):
        """What the head makes of each row, before the softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes), of the dtype of X
            For two classes the logarithm of their odds, positive for the second; else a value for
            each of the `classes_`.
        """
        logits = self._predicted(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def score(self, X, y, sample_weight=None):
        """Accuracy of the predictions for X.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Rows to classify.

        y : {array-like, Dask collection} of shape (n_samples,)
            Their classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            The share of rows, by weight, whose class is predicted.
        """
        from sklearn.metrics import accuracy_score  # Here: importing skautoencoder is to be fast.

        y, predicted, weights = map(computed, (y, self.predict(X), sample_weight))
        return accuracy_score(y, predicted, sample_weight=weights)

    def _fit(self, X, y, sample_weight):
        return super()._fit(X, Labels(y), sample_weight)

    def _given_target(self, labels):
        return labels.y

    @property
    def _n_outputs(self):
        return len(self.classes_)

    def _target_loss(self):
        return CategoricalCrossEntropy()

    def _checked_target(self, labels):
        refuse_no_target(self, labels.y)
        return labels._replace(y=checked_classes(self, labels.y))

    def _with_targets(self, rows, labels, reset):
        y, classes = labels
        check_consistent_length(range(rows.n_given), y)
        if reset or classes is not None:
            found = np.unique(y if classes is None else classes)
            refuse_other_classes(self, found, None if reset else self.classes_)
            self.classes_ = found
        rows = rows.with_targets(class_numbers(y, self.classes_))
        if self.class_weight is None:
            return rows
        return rows.weighted_by(compute_sample_weight(self.class_weight, y))

    @property
    def _is_stratified(self):
        return bool(self.target_weight)

    def _constant_output(self, rows):
        """Logarithms of the shares of the classes, mixed with a little of equal ones."""
        weights = rows.weights(slice(None))
        counts = np.bincount(rows.all_targets(), weights, minlength=len(self.classes_))
        shares = counts / counts.sum()
        return np.log((1 - UNSEEN_SHARE) * shares + UNSEEN_SHARE / len(shares))

    def _fit_head(self, codes, rows):
        return logistic_head(codes, rows, self._n_outputs)
