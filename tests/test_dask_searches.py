import runpy
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import AutoencoderTransformer

distributed = pytest.importorskip("distributed")

EXAMPLE = Path(__file__).parents[1] / "examples" / "scale" / "plot_search_on_a_cluster.py"
WIDTHS = {"autoencodertransformer__n_components": [3, 6]}


@pytest.fixture
def pipeline():
    autoencoder = AutoencoderTransformer(max_iter=3, random_state=0)
    return make_pipeline(StandardScaler(), autoencoder)


def assert_same_scores(one, other):
    """Of all folds, and their means and ranks; of all that is found only times may differ."""
    names = [name for name in other.cv_results_ if name.endswith("_score")]
    assert len(names) >= 5
    for name in names:
        np.testing.assert_array_equal(one.cv_results_[name], other.cv_results_[name])
    assert one.best_params_ == other.best_params_


@pytest.mark.parametrize(
    "make_search",
    [
        lambda model: GridSearchCV(model, WIDTHS, cv=2, return_train_score=True),
        lambda model: RandomizedSearchCV(model, WIDTHS, n_iter=2, cv=2, random_state=0),
        lambda model: HalvingGridSearchCV(
            model,
            WIDTHS,
            resource="autoencodertransformer__max_iter",
            min_resources=2,
            max_resources=6,
            cv=2,
            random_state=0,
        ),
    ],
    ids=["grid", "random", "halving"],
)
def test_searches_score_the_same_on_a_cluster(make_search, pipeline, digits, client):
    X = digits[:400]
    alone = make_search(pipeline).fit(X)
    with joblib.parallel_config(backend="dask"):
        together = make_search(pipeline).fit(X)
    assert_same_scores(together, alone)


def test_a_pipeline_with_a_classifier_is_searched_the_same(digits, client):
    from sklearn.datasets import load_digits

    y = load_digits().target[:300]
    model = make_pipeline(
        AutoencoderTransformer(max_iter=2, random_state=0), LogisticRegression(max_iter=500)
    )
    alone = GridSearchCV(model, WIDTHS, cv=2).fit(digits[:300], y)
    with joblib.parallel_config(backend="dask"):
        together = GridSearchCV(model, WIDTHS, cv=2).fit(digits[:300], y)
    assert_same_scores(together, alone)


def test_the_rows_travel_once_whatever_the_number_of_fits(pipeline, digits, client, monkeypatch):
    scattered, submitted = [], []
    scatter, submit = distributed.Client.scatter, distributed.Client.submit

    def watched_scatter(self, data, *args, **options):
        values = data if isinstance(data, list) else [data]
        scattered.extend(np.shape(each) for each in values if isinstance(each, np.ndarray))
        return scatter(self, data, *args, **options)

    def watched_submit(self, *args, **options):
        submitted.append(args)
        return submit(self, *args, **options)

    monkeypatch.setattr(distributed.Client, "scatter", watched_scatter)
    monkeypatch.setattr(distributed.Client, "submit", watched_submit)
    with joblib.parallel_config(backend="dask"):
        GridSearchCV(pipeline, WIDTHS, cv=3, refit=False).fit(digits)
    assert scattered.count(digits.shape) == 1
    assert submitted
    assert not any(holds_rows(args) for args in submitted)


def holds_rows(value):
    """Whether there is an array of many rows in what is sent with a task."""
    if isinstance(value, np.ndarray):
        return value.ndim == 2 and len(value) > 100
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, (list, tuple)) and any(map(holds_rows, value))


def test_successive_halving_over_passes_keeps_the_better_half(digits, client):
    halving = runpy.run_path(str(EXAMPLE))["successive_halving"]
    X, X_test = digits[:600], digits[600:800]
    candidates = [
        AutoencoderTransformer(n_components, learning_rate_init=rate, random_state=0)
        for n_components in (2, 8)
        for rate in (1e-4, 1e-2)
    ]
    best, history = halving(client, candidates, X, X_test, n_passes=2)
    assert best.get_params()["n_components"] == 8
    assert best.n_iter_ == 2 + 4  # twice as many passes for the two that are left
    assert [len(each) for each in history] == [4, 2]
    expected = AutoencoderTransformer(**best.get_params())
    for _ in range(6):
        expected.partial_fit(X)
    assert best.score(X_test) == expected.score(X_test)
