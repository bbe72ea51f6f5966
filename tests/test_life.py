"""An estimator's whole life, its methods in any order, against a simple model of what must hold."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skautoencoder import AutoencoderTransformer, VariationalAutoencoderTransformer

pytestmark = pytest.mark.filterwarnings("ignore:n_components=.* is no less than:UserWarning")

WIDTHS = (3, 5)
ROWS = {width: np.random.default_rng(width).normal(size=(24, width)) for width in WIDTHS}
BAD_VALUES = [
    ({"n_components": 0}, "'n_components' parameter"),
    ({"max_iter": 2.5}, "'max_iter' parameter"),
    ({"solver": "newton"}, "'solver' parameter"),
    ({"hidden_layer_sizes": (4, 0)}, "'hidden_layer_sizes' parameter"),
    ({"loss": "hinge"}, "'loss' parameter"),
]


class Life(RuleBasedStateMachine):
    """The model: what the last successful fit was on, and what it has left behind."""

    make = AutoencoderTransformer

    @initialize(
        skip_connections=st.booleans(),
        early_stopping=st.booleans(),
        scale=st.sampled_from(["auto", None]),
    )
    def begin(self, skip_connections, early_stopping, scale):
        params = {"early_stopping": early_stopping, "scale": scale, "hidden_layer_sizes": 3}
        if self.make is AutoencoderTransformer:
            params["skip_connections"] = skip_connections
        self.estimator = self.make(2, max_iter=1, random_state=0, **params)
        self.fitted_width = self.fitted_components = None
        self.n_epochs = self.n_validations = self.n_rows_seen = 0
        self.codes = None

    def is_fitted(self):
        return self.fitted_width is not None

    def can_go_on(self, width):
        """Whether training goes on from what was fitted on so many features."""
        return width == self.fitted_width and (
            self.estimator.n_components == self.fitted_components
        )

    def refuse(self, call, error, match):
        """What fails changes nothing, to the last bit."""
        before = pickle.dumps(self.estimator)
        with pytest.raises(error, match=match):
            call()
        assert pickle.dumps(self.estimator) == before

    def learned(self, width, n_epochs, n_validations, n_rows, goes_on):
        """Take over what a training that has succeeded must have left behind."""
        if not goes_on:
            self.n_epochs = self.n_validations = self.n_rows_seen = 0
        self.n_epochs += n_epochs
        self.n_validations += n_validations
        self.n_rows_seen += n_rows
        self.fitted_width, self.fitted_components = width, self.estimator.n_components
        self.codes = self.estimator.transform(ROWS[width])

    @rule(width=st.sampled_from(WIDTHS))
    def fit(self, width):
        estimator, X = self.estimator, ROWS[width]
        goes_on = estimator.warm_start and self.is_fitted()
        if goes_on and not self.can_go_on(width):
            self.refuse(lambda: estimator.fit(X), ValueError, "features|Training cannot go on")
            return
        assert estimator.fit(X) is estimator
        n_held_out = round(estimator.validation_fraction * len(X)) * estimator.early_stopping
        n_validations = estimator.max_iter * estimator.early_stopping
        n_rows = estimator.max_iter * (len(X) - n_held_out)
        self.learned(width, estimator.max_iter, n_validations, n_rows, goes_on)

    @rule(width=st.sampled_from(WIDTHS), n_rows=st.integers(1, 24))
    def partial_fit(self, width, n_rows):
        estimator, X = self.estimator, ROWS[width][:n_rows]
        if self.is_fitted() and not self.can_go_on(width):
            message = "features|Training cannot go on"
            self.refuse(lambda: estimator.partial_fit(X), ValueError, message)
            return
        assert estimator.partial_fit(X) is estimator
        self.learned(width, 1, 0, n_rows, goes_on=True)

    @rule(n_components=st.integers(1, 4), max_iter=st.integers(1, 3), warm_start=st.booleans())
    def set_params(self, **params):
        """What is fitted does not change by it: see the invariants."""
        self.estimator.set_params(**params)

    @rule(bad=st.sampled_from(BAD_VALUES), method=st.sampled_from(["fit", "partial_fit"]))
    def set_a_bad_value_and_take_it_back(self, bad, method):
        params, message = bad
        good = {name: self.estimator.get_params()[name] for name in params}
        self.estimator.set_params(**params)
        width = self.fitted_width or WIDTHS[0]
        self.refuse(lambda: getattr(self.estimator, method)(ROWS[width]), ValueError, message)
        self.estimator.set_params(**good)

    @rule()
    def set_an_unknown_parameter(self):
        self.refuse(lambda: self.estimator.set_params(n_layers=3), ValueError, "Invalid parameter")

    @rule(method=st.sampled_from(["fit", "partial_fit", "transform", "score"]))
    def pass_infinity(self, method):
        X = ROWS[self.fitted_width or WIDTHS[0]].copy()
        X[-1, -1] = np.inf
        error = ValueError if self.is_fitted() or "fit" in method else NotFittedError
        match = "infinity|Training cannot go on" if error is ValueError else "not fitted yet"
        self.refuse(lambda: getattr(self.estimator, method)(X), error, match)

    @precondition(is_fitted)
    @rule(method=st.sampled_from(["transform", "partial_fit", "score", "reconstruct"]))
    def pass_another_width(self, method):
        X = np.ones((4, self.fitted_width + 1))
        self.refuse(lambda: getattr(self.estimator, method)(X), ValueError, r"X has \d features")

    @precondition(is_fitted)
    @rule()
    def pass_codes_of_another_width(self):
        codes = np.ones((4, self.fitted_components + 1))
        message = rf"the codes of this \w+ have {self.fitted_components}: pass what transform"
        self.refuse(lambda: self.estimator.inverse_transform(codes), ValueError, message)

    @precondition(lambda self: not self.is_fitted())
    @rule(method=st.sampled_from(["transform", "inverse_transform", "reconstruct", "score"]))
    def use_before_the_fit(self, method):
        use = getattr(self.estimator, method)
        self.refuse(lambda: use(ROWS[WIDTHS[0]]), NotFittedError, "is not fitted yet")

    @rule()
    def go_on_with_a_copy_from_a_pickle(self):
        self.estimator = pickle.loads(pickle.dumps(self.estimator))

    @rule()
    def go_on_with_a_clone(self):
        earlier, self.estimator = self.estimator, clone(self.estimator)
        assert self.estimator.get_params() == earlier.get_params()
        self.fitted_width = self.fitted_components = self.codes = None
        self.n_epochs = self.n_validations = self.n_rows_seen = 0

    @precondition(is_fitted)
    @rule()
    def decode(self):
        """Codes lead to the reconstruction, and errors and score are those of it."""
        estimator, X = self.estimator, ROWS[self.fitted_width]
        rebuilt = estimator.inverse_transform(self.codes)
        np.testing.assert_allclose(rebuilt, estimator.reconstruct(X), rtol=1e-9, atol=1e-12)
        residual = np.square(X - rebuilt)
        np.testing.assert_allclose(estimator.reconstruction_error(X), residual.mean(axis=1))
        explained = 1 - residual.sum() / np.square(X - X.mean(axis=0)).sum()
        assert estimator.score(X) == pytest.approx(explained, abs=1e-9)

    @invariant()
    def codes_are_those_of_the_last_fit(self):
        if self.is_fitted():
            X = ROWS[self.fitted_width]
            np.testing.assert_array_equal(self.estimator.transform(X), self.codes)
            assert self.codes.shape == (24, self.fitted_components)
            assert len(self.estimator.get_feature_names_out()) == self.fitted_components
            assert self.estimator.n_features_in_ == self.fitted_width

    @invariant()
    def counts_and_curves_are_those_of_all_trainings(self):
        estimator = self.estimator
        if not self.is_fitted():
            assert not [name for name in vars(estimator) if name.endswith("_")]
            return
        assert estimator.n_iter_ == len(estimator.loss_curve_) == self.n_epochs
        assert len(estimator.validation_loss_curve_ or []) == self.n_validations
        assert estimator.t_ == self.n_rows_seen
        assert np.isfinite(estimator.loss_curve_).all()


class VariationalLife(Life):
    make = VariationalAutoencoderTransformer


# The same examples each time: no run fails by chance alone.
SETTINGS = settings(
    max_examples=25,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestLife = Life.TestCase
TestLife.settings = SETTINGS
TestVariationalLife = VariationalLife.TestCase
TestVariationalLife.settings = SETTINGS
