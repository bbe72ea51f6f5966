"""What a saved estimator says of the version that saved it."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from skautoencoder import AutoencoderTransformer, VariationalAutoencoderTransformer
from skautoencoder.utils import saved_version as _versions

ESTIMATORS = [AutoencoderTransformer, VariationalAutoencoderTransformer]


@pytest.fixture(params=ESTIMATORS)
def fitted(request, rng):
    return request.param(2, hidden_layer_sizes=3, max_iter=1).fit(rng.normal(size=(20, 4)))


def copies(estimator, path):
    yield pickle.loads(pickle.dumps(estimator))
    yield copy.copy(estimator)
    yield copy.deepcopy(estimator)
    joblib.dump(estimator, path)
    yield joblib.load(path)


def test_copies_and_files_of_the_same_version_warn_of_nothing_and_hold_nothing_new(
    fitted, tmp_path
):
    for again in copies(fitted, tmp_path / "model.joblib"):
        assert vars(again).keys() == vars(fitted).keys()
    assert clone(fitted).get_params() == fitted.get_params()


@pytest.mark.parametrize("version", ["0.0.9", "99.0"])
def test_another_version_warns_and_says_what_may_differ(fitted, version, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(_versions, "__version__", version)
        saved = pickle.dumps(fitted)
    name = type(fitted).__name__
    with pytest.warns(UserWarning, match=f"{name} was saved by skautoencoder '{version}'.*fail"):
        pickle.loads(saved)


def test_a_pickle_from_before_versions_were_kept_is_loaded_with_a_warning(fitted, rng):
    again = type(fitted).__new__(type(fitted))
    with pytest.warns(UserWarning, match="saved by an unknown version of skautoencoder"):
        again.__setstate__(BaseEstimator.__getstate__(fitted))
    X = rng.normal(size=(5, 4))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))


def test_a_state_that_is_loaded_is_not_changed(fitted):
    state = fitted.__getstate__()
    before = dict(state)
    type(fitted).__new__(type(fitted)).__setstate__(state)
    assert state == before


def test_a_version_that_is_no_version_is_shown_short_and_harmless(fitted):
    state = {**fitted.__getstate__(), "_skautoencoder_version": "\x1b[31m" + 1000 * "9"}
    with pytest.warns(UserWarning, match="saved by") as record:
        type(fitted).__new__(type(fitted)).__setstate__(state)
    message = str(record[0].message)
    assert "\x1b" not in message
    assert len(message) < 400
