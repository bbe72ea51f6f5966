"""Classifiers and regressors that come back from files."""

import copy

import numpy as np
import pytest
from equality import assert_same
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_persistence import WAYS

from skautoencoder import AutoencoderClassifier, AutoencoderRegressor, load_model, save_model

pytest.importorskip("skops", reason="files of models need skops, of the extra 'io'")

SMALL = {"n_components": 2, "hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
MODELS = [
    AutoencoderClassifier(**SMALL, head_layer_sizes=(4,)),
    AutoencoderClassifier(**SMALL, target_weight=0),
    AutoencoderRegressor(**SMALL),
]


@pytest.fixture
def X(rng):
    return rng.normal(size=(40, 5))


def target_of(model, X):
    if isinstance(model, AutoencoderRegressor):
        return np.c_[X[:, 0], 3 + X[:, 1]]
    return np.where(X[:, 0] > 0.5, "high", np.where(X[:, 0] < 0, "low", "middle"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_they_come_back_to_the_last_bit_and_train_on(model, way, dtype, X, tmp_path):
    X, y = X.astype(dtype), target_of(model, X)
    fitted = clone(model).fit(X, y)
    again = way(fitted, tmp_path / "model.skops")
    assert_same(vars(again), vars(fitted))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    if model.target_weight:
        assert_same(vars(again.partial_fit(X, y)), vars(fitted.partial_fit(X, y)))


def test_at_the_end_of_a_pipeline(X, tmp_path):
    y = target_of(MODELS[0], X)
    pipeline = make_pipeline(StandardScaler(), clone(MODELS[0])).fit(X, y)
    save_model(pipeline, tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(again.predict_proba(X), pipeline.predict_proba(X))


def change(name, value):
    return lambda model: setattr(model, name, value(getattr(model, name)))


FORGED = {
    "no layer": (0, change("target_coefs_", lambda coefs: [])),
    "one activation": (0, change("target_activations_", lambda names: names[:1])),
    "unknown activation": (0, change("target_activations_", lambda names: ["x", "identity"])),
    "another end": (0, change("target_activations_", lambda names: ["silu", "silu"])),
    "narrow": (0, change("target_coefs_", lambda coefs: [coefs[0][:1], coefs[1]])),
    "nan": (0, change("target_intercepts_", lambda biases: [biases[0] * np.nan, biases[1]])),
    "float32": (0, change("target_coefs_", lambda coefs: [each.astype("f4") for each in coefs])),
    "far": (0, change("target_coefs_", lambda coefs: [coefs[0] * 1e300, coefs[1] * 1e300])),
    "two classes": (0, change("classes_", lambda classes: classes[:2])),
    "unsorted classes": (0, change("classes_", lambda classes: classes[::-1])),
    "classes in a table": (0, change("classes_", lambda classes: classes[:, np.newaxis])),
    "mean of one": (2, change("target_mean_", lambda mean: mean[:1])),
    "no scale": (2, change("target_scale_", lambda scale: 0 * scale)),
    "one output": (2, change("_has_one_output", lambda known: True)),
    "half an output": (2, change("_has_one_output", lambda known: 0)),
}


@pytest.mark.parametrize(("number", "forge"), FORGED.values(), ids=FORGED)
def test_attributes_that_do_not_fit_together_are_refused(number, forge, X, tmp_path):
    model = clone(MODELS[number])
    model.fit(X, target_of(model, X))
    forged = copy.deepcopy(model)
    forge(forged)
    save_model(model, tmp_path / "model.skops")
    content = (tmp_path / "model.skops").read_bytes()
    with pytest.raises(ValueError, match="cannot be saved"):
        save_model(forged, tmp_path / "model.skops")
    assert (tmp_path / "model.skops").read_bytes() == content
