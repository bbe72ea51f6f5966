"""scikit-learn's callbacks: what they are told, when, and that they can stop a fit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import (
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    reconstruction_scores,
)

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from version 1.9 on"
)


class Recorder:
    """Remembers what it is told; asks to stop after some epochs."""

    def __init__(self, stop_after=None, fail_in=None):
        self.events = []
        self.fitted = []
        self.stop_after = stop_after
        self.fail_in = fail_in

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.events.append(f"begin {context.task_name}")
        if self.fail_in == len(self.events):
            raise RuntimeError("out of order")
        assert y is X
        self.metadata = metadata

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        self.fitted.append(fitted_estimator)
        return self.events.count("end epoch") == self.stop_after


class StopAfterTwo(Recorder):
    """Looks at what it is given only, as processes do not share what they remember."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **seen):
        return len(fitted_estimator.loss_curve_) == 2


def autoencoder(**params):
    params = {"hidden_layer_sizes": 8, "max_iter": 4, "random_state": 0, **params}
    return AutoencoderTransformer(3, **params)


@pytest.fixture
def X(rng):
    return rng.normal(size=(80, 3)) @ rng.normal(size=(3, 6))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_and_each_of_its_epochs_is_a_task(solver, X):
    recorder = Recorder()
    fitted = autoencoder(solver=solver).set_callbacks(recorder).fit(X)
    epochs = ["begin epoch", "end epoch"] * fitted.n_iter_
    assert recorder.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    assert fitted.n_iter_ > 1


def test_callbacks_see_the_estimator_as_if_it_had_been_stopped_there(X):
    recorder = Recorder()
    params = {"skip_connections": False, "early_stopping": False, "learning_rate": "constant"}
    fitted = autoencoder(**params).set_callbacks(recorder).fit(X)
    for n_epochs, seen in enumerate(recorder.fitted[:-1], start=1):
        assert seen.n_iter_ == len(seen.loss_curve_) == n_epochs
        expected = autoencoder(**{**params, "max_iter": n_epochs}).fit(X)
        if expected.best_loss_ == expected.loss_curve_[-1]:
            np.testing.assert_array_equal(seen.transform(X), expected.transform(X))
    np.testing.assert_array_equal(recorder.fitted[-1].transform(X), fitted.transform(X))


def test_what_callbacks_are_given_is_theirs(X):
    """Copies: neither training nor the fitted estimator is changed by what is done to them."""
    recorder = Recorder()
    watched = autoencoder().set_callbacks(recorder).fit(X)
    for seen in recorder.fitted[:-1]:
        seen.coefs_[0][...] = np.nan
        seen._solver_state["first"][...] = np.nan
    np.testing.assert_array_equal(watched.transform(X), autoencoder().fit(X).transform(X))
    watched.partial_fit(X)
    assert np.isfinite(watched.coefs_[0]).all()


def test_a_callback_can_stop_training_and_the_best_weights_are_kept(X):
    recorder = Recorder(stop_after=2)
    fitted = autoencoder(max_iter=50).set_callbacks(recorder).fit(X)
    assert fitted.n_iter_ == 2
    assert recorder.events[-2:] == ["end fit", "teardown"]
    assert np.isfinite(fitted.transform(X)).all()


@pytest.mark.slow
def test_a_callback_stops_training_in_a_pipeline_and_in_two_processes(X):
    inner = autoencoder(max_iter=50).set_callbacks(StopAfterTwo())
    pipeline = make_pipeline(StandardScaler(), inner)
    assert pipeline.fit(X)[-1].n_iter_ == 2
    search = GridSearchCV(
        pipeline, {"autoencodertransformer__n_components": [1, 2]}, cv=2, n_jobs=2
    )
    assert search.fit(X).best_estimator_[-1].n_iter_ == 2
    unwatched = pipeline.set_params(autoencodertransformer=autoencoder(max_iter=2))
    expected = [
        cross_val_score(unwatched.set_params(**params), X, cv=2).mean()
        for params in search.cv_results_["params"]
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected)


def test_lbfgs_can_be_stopped_too(X):
    fitted = autoencoder(solver="lbfgs", max_iter=50).set_callbacks(Recorder(stop_after=3)).fit(X)
    assert fitted.n_iter_ == 3


@pytest.mark.parametrize("fail_in", [2, 3, 5])
def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(fail_in, X):
    fitted = autoencoder().fit(X)
    code, before = fitted.transform(X), set(vars(fitted))
    recorder = Recorder(fail_in=fail_in)
    with pytest.raises(RuntimeError, match="out of order"):
        fitted.set_callbacks(recorder).set_params(n_components=2).fit(X)
    assert recorder.events[-1] == "teardown"
    assert set(vars(fitted)) - before == {"_skl_callbacks"}
    np.testing.assert_array_equal(fitted.transform(X), code)


def test_training_is_the_same_watched_or_not(X):
    watched = autoencoder().set_callbacks(Recorder()).fit(X)
    np.testing.assert_array_equal(watched.transform(X), autoencoder().fit(X).transform(X))


def test_sample_weights_are_passed_on(X, rng):
    recorder, weights = Recorder(), rng.uniform(size=80)
    autoencoder().set_callbacks(recorder).fit(X, sample_weight=weights)
    np.testing.assert_array_equal(recorder.metadata["sample_weight"], weights)


def test_partial_fit_tells_nobody(X):
    recorder = Recorder()
    autoencoder().set_callbacks(recorder).partial_fit(X)
    assert recorder.events == []


def scores_of(fitted, X):
    return pytest.approx(reconstruction_scores(fitted, X))


def logged(row):
    return {name: row[name] for name in ("explained_variance", "mean_squared_error")}


@pytest.mark.parametrize("cls", [AutoencoderTransformer, VariationalAutoencoderTransformer])
def test_the_monitor_scores_every_epoch(cls, X):
    monitor, recorder = callback.ScoringMonitor(scoring=reconstruction_scores), Recorder()
    estimator = cls(3, hidden_layer_sizes=8, max_iter=4, random_state=0)
    estimator.set_callbacks(monitor, recorder).fit(X)
    log = monitor.get_logs().data_as_pandas
    epochs, whole = log[log.task_name == "epoch"], log[log.task_name == "fit"]
    assert (len(epochs), len(whole)) == (estimator.n_iter_, 1)
    for (_, row), seen in zip(epochs.iterrows(), recorder.fitted[:-1], strict=True):
        assert logged(row) == scores_of(seen, X)
    assert logged(whole.iloc[0]) == scores_of(estimator, X)


def test_the_monitor_works_in_a_pipeline(X):
    monitor = callback.ScoringMonitor(scoring=reconstruction_scores)
    inner = autoencoder().set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), inner).fit(X)
    log = monitor.get_logs().data_as_pandas
    assert (log.task_name == "epoch").sum() == pipeline[-1].n_iter_
    (whole,) = (row for _, row in log[log.task_name == "fit"].iterrows())
    assert logged(whole) == scores_of(pipeline[-1], pipeline[0].transform(X))


@pytest.mark.slow
def test_the_monitor_reaches_into_a_search_with_two_processes(X):
    monitor = callback.ScoringMonitor(scoring=reconstruction_scores)
    inner = autoencoder(early_stopping=False).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), inner)
    grid = {"autoencodertransformer__n_components": [1, 2]}
    folds = KFold(2)
    GridSearchCV(pipeline, grid, cv=folds, n_jobs=2, refit=False).fit(X)
    log = monitor.get_logs().data_as_pandas
    got = [tuple(logged(row).values()) for _, row in log[log.task_name == "fit"].iterrows()]
    expected = []
    for train, _ in folds.split(X):
        Z = StandardScaler().fit_transform(X[train])
        for n_components in (1, 2):
            fitted = clone(inner).set_callbacks().set_params(n_components=n_components).fit(Z)
            expected.append(tuple(reconstruction_scores(fitted, Z).values()))
    np.testing.assert_allclose(sorted(got), sorted(expected))
    assert (log.task_name == "epoch").sum() == 4 * 4


def test_scores_are_those_of_the_reconstruction(X, rng):
    fitted, weights = autoencoder().fit(X), rng.uniform(size=80)
    scores = reconstruction_scores(fitted, X, sample_weight=weights)
    errors = np.square(fitted.reconstruct(X) - X).mean(axis=1)
    assert scores["mean_squared_error"] == pytest.approx(np.average(errors, weights=weights))
    assert scores["explained_variance"] == fitted.score(X, sample_weight=weights)


def test_the_progress_bar_shows_the_fit_alone_and_in_a_pipeline(X, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    for model in (autoencoder(), make_pipeline(StandardScaler(), autoencoder())):
        model.set_callbacks(callback.ProgressBar()).fit(X)
        shown = capsys.readouterr().out
        assert "AutoencoderTransformer - fit" in shown
        assert "100%" in shown


@pytest.mark.slow
def test_the_progress_bar_reaches_into_a_search_with_two_processes(X, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    pipeline = make_pipeline(StandardScaler(), autoencoder())
    grid = {"autoencodertransformer__n_components": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2)
    search.set_callbacks(callback.ProgressBar()).fit(X)
    assert "GridSearchCV" in capsys.readouterr().out
    assert search.best_params_ == {"autoencodertransformer__n_components": 2}


def test_clones_keep_their_callbacks_and_pickles_can_be_made(X):
    fitted = autoencoder().set_callbacks(Recorder()).fit(X)
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(fitted, "_callback_fit_ctx")
