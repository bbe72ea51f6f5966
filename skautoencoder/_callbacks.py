"""scikit-learn's callbacks, which it has from 1.9 on; before, nobody is told of anything.

Only `fit` has tasks: one for the whole of it, and one for each epoch within.
"""

import copy

import numpy as np
from sklearn.base import is_classifier

from .network.solver_base import copy_state

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands where scikit-learn has no callbacks; there is no `set_callbacks`."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class FitTasks:
    """Tells an estimator's callbacks of a fit and of its epochs; most often there are none.

    Parameters
    ----------
    estimator : BaseAutoencoder
        With the attributes of a network that is about to be trained.
    trainer : Trainer
    X : {ndarray, sparse matrix}
    y : array-like or None
    sample_weight : array-like or None
    """

    def __init__(self, estimator, trainer, X, y, sample_weight):
        self._estimator = estimator
        self._trainer = trainer
        # A monitor scores only where there is a y: without one the target of an autoencoder is X.
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._seen = {
            "estimator": estimator,
            "X": X,
            "y": X if y is None else y,
            "metadata": metadata,
        }
        self._is_heard = bool(getattr(estimator, "_skl_callbacks", None))
        self._task = self._epoch = None
        if hasattr(estimator, "_init_callback_context"):
            self._task = estimator._init_callback_context(max_subtasks=int(estimator.max_iter))
        if self._is_heard:
            self._task.call_on_fit_task_begin(**self._seen)

    def begin_epoch(self):
        """Open the task of an epoch."""
        if self._is_heard:
            self._epoch = self._task.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._seen)

    def end_epoch(self):
        """Close it; return whether a callback wants training to stop."""
        return self._is_heard and self._epoch.call_on_fit_task_end(
            **self._seen, reconstruction_attributes=self._attributes
        )

    def end(self):
        """Close the task of the fit, with the weights that are kept."""
        if self._is_heard:
            self._task.call_on_fit_task_end(
                **self._seen, reconstruction_attributes=lambda: dict(vars(self._estimator))
            )

    def _attributes(self):
        """What makes a copy of the estimator one that was fitted up to this epoch."""
        fitted = copy.copy(self._estimator)
        fitted._store(self._trainer)
        fitted._solver_state = copy_state(fitted._solver_state)
        fitted.best_loss_ = fitted.loss_curve_[-1]
        return vars(fitted)


def reconstruction_scores(estimator, X, y=None, sample_weight=None):
    """Scores of a reconstruction, in the form that `sklearn.callback.ScoringMonitor` takes.

    Parameters
    ----------
    estimator : autoencoder
        A fitted estimator of this package that has `reconstruct`.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows to rebuild.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        What a classifier or a regressor is to predict; ignored for others.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    scores : dict of str to float
        "explained_variance", the share of the variance that the reconstruction explains
        (the `score` of a transformer), and "mean_squared_error", over rows and features, in
        squared units of X. Where y is given, also "accuracy" or "r2", of the predictions.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skautoencoder import AutoencoderTransformer, reconstruction_scores
    >>> X = load_digits().data / 16
    >>> autoencoder = AutoencoderTransformer(10, max_iter=5, random_state=0).fit(X)
    >>> sorted(reconstruction_scores(autoencoder, X))
    ['explained_variance', 'mean_squared_error']

    In each epoch, with scikit-learn 1.9 or newer::

        from sklearn.callback import ScoringMonitor

        monitor = ScoringMonitor(scoring=reconstruction_scores)
        autoencoder.set_callbacks(monitor).fit(X)
        monitor.get_logs().data_as_pandas
    """
    errors = estimator.reconstruction_error(X)
    scores = {
        "explained_variance": estimator._explained_variance(X, sample_weight),
        "mean_squared_error": float(np.average(errors, weights=sample_weight)),
    }
    if y is not None and hasattr(estimator, "predict"):
        name = "accuracy" if is_classifier(estimator) else "r2"
        scores[name] = estimator.score(X, y, sample_weight=sample_weight)
    return scores
