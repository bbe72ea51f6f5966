"""BaseAutoencoder: fitting, shared by all estimators that train a network."""

import warnings
from dataclasses import replace
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if

from ._architecture import (
    choose_output,
    decoder_widths,
    dropout_rate,
    layer_activations,
    n_encoder_layers,
    n_target_layers,
    network_widths,
    weight_ties,
)
from ._callbacks import CallbackSupportMixin, FitTasks, with_callbacks
from ._checkpoint.checkpoint import active_checkpoint
from ._column_losses import asked_loss, column_numbers, learn_column_losses, trained_loss
from ._constant_features import (
    Layout,
    insert_constants,
    of_features,
    output_biases,
    trained_features,
)
from ._convergence import warn_of_bad_end
from ._dask.dispatch import dask_side, is_collection
from ._data_validation import training_rows
from ._fit_start import InitializationMixin
from ._parameter_validation import (
    check_parameters,
    has_partial_fit,
    refuse_other_network,
    unchanged_on_failure,
)
from ._reconstruction import ReconstructionMixin
from ._training_settings import hold_out, training_settings
from .network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from .network.autoencoder import Autoencoder
from .network.bottleneck import PlainCode
from .network.column_losses import heads_of
from .network.initializers import INITIALIZERS
from .network.lbfgs import trainer_for
from .network.parameters import Parameters
from .network.pretraining import pretrain
from .network.schedules import SCHEDULES, Schedule
from .network.solvers import SOLVERS, Solver, as_solver
from .network.thread_pool import ThreadPool
from .network.trainer import Run
from .utils.compat import Interval, StrOptions
from .utils.parameter_constraints import ObjectOf, refuse_parameters_of_nothing
from .utils.progress import progress_line
from .utils.random import generators
from .utils.saved_version import VersionedMixin
from .utils.site_links import DocumentedMixin
from .utils.threads import single_threaded_blas


class BaseAutoencoder(
    CallbackSupportMixin,
    InitializationMixin,
    ReconstructionMixin,
    DocumentedMixin,
    VersionedMixin,
    BaseEstimator,
):
    """Fitting of a network by the estimator's parameters.

    What a subclass does not take as a parameter, it has as a class attribute.
    """

    # How many of the encoder's outputs a unit of the code takes.
    _outputs_per_code_unit = 1
    _n_target_outputs = 0  # Of the layers from the code to a target: none here.
    # Whether scale="auto" is "quantile" for a table with categories.
    _ranks_numbers = False
    column_weights = None  # The same for all columns.
    # Whether the same share of each class is held out.
    _is_stratified = False
    # What "auto" is for the hidden layers where there are no skip connections.
    _plain_activation = "tanh"

    _parameter_constraints = {
        # scikit-learn has no constraint for shares beside widths: see `check_width`.
        "n_components": "no_validation",
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "decoder_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left"), None],
        "activation": [StrOptions({"auto", *HIDDEN_ACTIVATIONS})],
        "output_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "weight_init": [StrOptions({"auto", *INITIALIZERS})],
        "scale": [StrOptions({"auto", "common", "standard", "minmax", "quantile"}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS)), ObjectOf(Solver)],
        "learning_rate": [StrOptions(set(SCHEDULES)), ObjectOf(Schedule)],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    @with_callbacks
    def fit(self, X, y=None, sample_weight=None):
        """Train the network to rebuild X.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask collection} of shape (n_samples, n_features)
            Training data; for a Dask array or dataframe the workers of its cluster train
            together. float32 and float64 are kept; a C-contiguous array is not
            copied, and a sparse matrix is made dense a batch at a time. Missing values
            (NaN) count neither in the loss nor in the scaling, and enter the network as
            their feature's mean.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; a weight of 2 counts like having the row twice: exactly in full
            batches without random numbers, else in the mean.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            Where a parameter, X or sample_weight is not as it must be, or where training
            diverges. The estimator is then as it was before the call.

        Warns
        -----
        UserWarning
            Where Ctrl-C ended training early; the best weights so far are kept.

        ConvergenceWarning
            Where training ended with a network that is worse than the mean of every feature,
            so that its `score` is below 0 on the training rows, or where it diverged and PCA
            or the weights from before are kept.
        """
        return self._fit(X, None, sample_weight)

    def _fit(self, X, y, sample_weight):
        """Train on rows, and on their targets where there are any."""
        with unchanged_on_failure(self), active_checkpoint() as kept:
            continues = self.warm_start and hasattr(self, "coefs_")
            seed = kept.seed(self.random_state)
            with single_threaded_blas() as n_threads, ThreadPool(n_threads) as pool:
                rows, split_rng, rng, fallback = self._prepare(X, y, sample_weight, continues, seed)
                trainer = self._trainer(rows, rng, pool, in_fit=True)
                indices, validation_rows = hold_out(
                    self, rows, trainer.autoencoder.n_weights, split_rng
                )
                kept.begin(self, rows, trainer, indices)
                if self.pretrain_iter and not (continues or kept.is_resumed):
                    self._pretrain(trainer, indices)
                tasks = FitTasks(self, trainer, rows.X, self._given_target(y), sample_weight)
                if not kept.is_over:
                    self._train(trainer, indices, validation_rows, fallback, tasks, kept)
                history = trainer.history
                self._store(trainer)
                self._finish(rows, pool)
                warn_of_bad_end(self, rows, trainer, pool)
            self.best_loss_ = history.best_loss
            tasks.end()
        if history.interrupted:
            warnings.warn(
                f"Training was interrupted after {len(history.loss_curve)} epochs: "
                "the best weights so far are kept.",
                stacklevel=3,
            )
        return self

    @available_if(has_partial_fit)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one pass over X, from where the last call of any fit left off.

        The first call draws the weights and fixes scaling and output activation by its
        rows, so these should be typical. No rows are held out: `early_stopping` has no
        effect here, nor have `max_iter`, `tol` and `n_iter_no_change`. The solver's
        state is carried on. A schedule with a planned end ("cosine", "one_cycle") has
        none here and stays at `learning_rate_init`, as does "adaptive".

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to learn from.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to each other.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._partial_fit(X, None, sample_weight)

    def _partial_fit(self, X, y, sample_weight):
        """One pass over rows, and their targets where there are any."""
        with unchanged_on_failure(self):
            with single_threaded_blas() as n_threads, ThreadPool(n_threads) as pool:
                continues, seed = hasattr(self, "coefs_"), self.random_state
                rows, _, rng, _ = self._prepare(X, y, sample_weight, continues, seed)
                trainer = self._trainer(rows, rng, pool, in_fit=False)
                trainer.fit_pass(rows.indices())
                self._store(trainer)
                self._finish(rows, pool)
            self.best_loss_ = self.loss_curve_[-1]
        return self

    def set_params(self, **params):
        """Set parameters, and those of objects among them, such as ``solver__momentum``.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError
            Where there is no such parameter, or where a parameter of an object is to be set
            and there is no object: ``corruption__rate`` with ``corruption=None``.
        """
        refuse_parameters_of_nothing(self, params)
        return super().set_params(**params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.scale != "quantile"
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _prepare(self, X, y, sample_weight, continues, seed):
        """Validated rows in the network's units, two generators, and weights to fall back on.

        Sets the attributes of an initialised network, unless training continues.
        """
        if not continues:
            self._columns = None
        check_parameters(self)
        dtype = self.coefs_[0].dtype if continues else [np.float64, np.float32]
        rows = self._training_rows(X, y, sample_weight, dtype, reset=not continues)
        if self._columns is not None:
            check_parameters(self)
        split_rng, rng = generators(seed, self.n_iter_ if continues else 0)
        if continues:
            refuse_other_network(self, rows.n_features)
        else:
            learn_column_losses(self, X, rows)
        rows = rows.with_columns(column_numbers(self, rows.n_features))
        rows, fallback = (self._go_on if continues else self._begin)(rows, rng)
        return rows, split_rng, rng, fallback

    def _training_rows(self, X, y, sample_weight, dtype, reset):
        """The rows to train on, validated; of a Dask collection, on its cluster."""
        if is_collection(X):
            return dask_side().cluster_dataset(self, X, sample_weight, dtype, reset)
        return training_rows(self, X, sample_weight, dtype, reset)

    def _train(self, trainer, indices, validation_rows, fallback, tasks, kept):
        """Run the epochs, and tell of them: on the line of `verbose`, to callbacks, in a file."""

        def before_epoch():
            kept.before_epoch()
            tasks.begin_epoch()

        n_before = len(trainer.history.loss_curve)
        with progress_line(self.verbose, self.max_iter, n_before) as show:

            def on_epoch(history, learning_rate):
                if show is not None:
                    show(history, learning_rate)
                return tasks.end_epoch()

            run = Run(indices, validation_rows, on_epoch, fallback, before_epoch)
            history = trainer.fit(run)
            if show is not None:
                show.end(history)
        kept.end()

    def _pretrain(self, trainer, indices):
        """Train the layers one by one, on the rows that the whole network will be trained on."""
        n_epochs = int(self.pretrain_iter)
        settings = replace(trainer.settings, max_iter=n_epochs, n_iter_no_change=n_epochs)
        pretrain(
            trainer.parameters,
            self.activations_,
            trainer.rows.select(indices),
            trained_loss(self, self._trained_features()),
            settings,
            trainer.rng,
            trainer.pool,
            self.corruption,
        )

    def _trained_encoder(self):
        """The encoder for rows of the features that training sees."""
        (encoder, _), features = self._networks(), self._trained_features()
        for dense in (encoder.layers[0], encoder.skip):
            if features is not None and dense is not None:
                dense.weights = dense.weights[features]
        return encoder

    def _trained_features(self):
        """Indices of the features that training sees; None for all."""
        return trained_features(self.is_constant_)

    def _start(self, parameters, output):
        """Set the fitted attributes of a network that has not been trained here yet."""
        self.activations_ = layer_activations(self, output)
        self.output_activation_ = output
        self._set_parameters(parameters)
        self.n_layers_ = len(self.coefs_) + 1
        self._n_encoder_layers = n_encoder_layers(self)
        self._has_bounded_skips = asked_loss(self).is_linked
        self._has_tied_weights = bool(self.tied_weights)
        self.loss_curve_, self.validation_loss_curve_ = [], None
        self.n_iter_ = self.t_ = 0
        self._solver_state = as_solver(self.solver).init_state(parameters)

    def _parameters(self):
        """A copy of the weights and biases that are trained, in one flat vector."""
        own = of_features(*self._all_layers(), self._layout(), self._trained_features())
        return Parameters.from_arrays(*own, weight_ties(self))

    def _layout(self):
        return Layout(len(self.coefs_), bool(self.skip_coefs_))

    def _target_layers(self):
        """Weights and biases of the layers from the code to a target: here there is none."""
        return [], []

    def _all_layers(self):
        """Weights and biases, then those of the skip connections, and those to a target."""
        of_target = self._target_layers()
        return (
            self.coefs_ + self.skip_coefs_ + of_target[0],
            self.intercepts_ + self.skip_intercepts_ + of_target[1],
        )

    def _set_parameters(self, parameters):
        """Take over what was trained; features that do not vary have weights of 0."""
        coefs, intercepts = parameters.to_arrays()
        n_layers = 1 + n_encoder_layers(self) + len(decoder_widths(self))
        is_constant = self.is_constant_
        if is_constant.any():
            values = self.mean_[is_constant]
            values = values if self.shift_ is None else np.zeros_like(values)
            biases = output_biases(values, self.output_activation_)
            layout = Layout(n_layers, len(coefs) - n_target_layers(self) > n_layers)
            coefs, intercepts = insert_constants(coefs, intercepts, layout, is_constant, biases)
        self.coefs_, self.intercepts_ = coefs[:n_layers], intercepts[:n_layers]
        skips = slice(n_layers, len(coefs) - n_target_layers(self))
        self.skip_coefs_, self.skip_intercepts_ = coefs[skips], intercepts[skips]
        self._take_target_layers(coefs[skips.stop :], intercepts[skips.stop :])

    def _take_target_layers(self, coefs, intercepts):
        """Take over the layers from the code to a target: here there is none."""

    def _choose_output(self, rows):
        """Name of the output's activation."""
        return choose_output(self, rows)

    def _bottleneck(self):
        """What happens at the code while the network trains."""
        return PlainCode(self.code_penalty)

    def _given_target(self, y):
        """The target as it was passed to `fit`."""
        return y

    def _losses_of_target(self, rows, trainer, pool):
        """Mean losses of what the code predicts, and of what would without it: here nothing."""
        return np.zeros(2)

    def _target(self):
        """Activations, loss and weight of the layers from the code to a target, or None."""
        return

    def _network_maker(self):
        """What makes networks, as training sees them, of parameters."""
        return partial(
            Autoencoder.build,
            activations=self.activations_,
            n_encoder_layers=self._n_encoder_layers,
            heads=heads_of(trained_loss(self, self._trained_features())),
            target=self._target(),
            bottleneck=self._bottleneck(),
            dropout=dropout_rate(self),
            corruption=self.corruption,
        )

    def _trainer(self, rows, rng, pool, in_fit):
        parameters = self._parameters()
        encoder, decoder = network_widths(self, rows.n_features)
        settings = training_settings(self, [*encoder, *decoder], len(rows), in_fit)
        state = settings.solver.continue_state(self._solver_state, parameters)
        make = self._network_maker()
        if is_collection(rows.X):
            trainer = dask_side().ClusterTrainer
            return trainer(make, parameters, rows, settings, state, rng, pool)
        trainer = trainer_for(settings.solver)
        return trainer(make(parameters), parameters, rows, settings, state, rng, pool)

    def _finish(self, rows, pool):
        """Learn what a fitted network says about the rows it was trained on: here nothing."""

    def _store(self, trainer):
        """Take over what training has changed."""
        history = trainer.history
        self._set_parameters(trainer.parameters)
        self._solver_state = trainer.state
        self.kept_, self.stop_reason_ = history.kept, history.stop_reason
        self.loss_curve_ = self.loss_curve_ + history.loss_curve
        if history.validation_loss_curve:
            earlier = self.validation_loss_curve_ or []
            self.validation_loss_curve_ = earlier + history.validation_loss_curve
        self.n_iter_ += len(history.loss_curve)
        self.t_ += history.n_rows_seen
