"""What errors and scores say of parameters that are objects, of codes, and of single rows."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score

import skautoencoder
from skautoencoder import (
    Adam,
    AutoencoderTransformer,
    MaskingNoise,
    VariationalAutoencoderTransformer,
    reconstruction_scores,
)
from skautoencoder.network.corruption import Corruption
from skautoencoder.network.penalties import CodePenalty
from skautoencoder.network.schedules import Schedule
from skautoencoder.network.solvers import Solver

KINDS = [AutoencoderTransformer, VariationalAutoencoderTransformer]


@pytest.fixture
def X(rng):
    return rng.normal(size=(30, 4))


class TestObjectsAsParameters:
    @pytest.mark.parametrize(
        ("name", "base"),
        [
            ("corruption", Corruption),
            ("code_penalty", CodePenalty),
            ("solver", Solver),
            ("learning_rate", Schedule),
        ],
    )
    @pytest.mark.parametrize("wrong", ["masking", 0.5, MaskingNoise, AutoencoderTransformer()])
    def test_a_wrong_one_names_what_can_be_written(self, name, base, wrong, X):
        with pytest.raises(ValueError, match=rf"{name!r} parameter .* Got .* instead") as caught:
            AutoencoderTransformer(**{name: wrong}).fit(X)
        said = str(caught.value).split("Got")[0]
        named = re.findall(r"(\w+)\(\)", said.split("an object such as ")[1])
        public = [getattr(skautoencoder, each) for each in skautoencoder.__all__]
        kinds = [each for each in public if isinstance(each, type) and issubclass(each, base)]
        assert sorted(named) == sorted(each.__name__ for each in kinds)
        assert "network." not in said

    def test_one_of_another_kind_is_wrong(self, X):
        with pytest.raises(ValueError, match=r"'code_penalty' .* L1Sparsity\(\).* MaskingNoise"):
            AutoencoderTransformer(code_penalty=MaskingNoise()).fit(X)

    def test_a_subclass_of_one_s_own_is_taken_and_not_named(self, X):
        class Mine(Adam):
            """A user's solver."""

        assert AutoencoderTransformer(2, solver=Mine(), max_iter=1).fit(X).n_iter_ == 1
        with pytest.raises(ValueError, match=r"Adam\(\)") as caught:
            AutoencoderTransformer(solver=3).fit(X)
        assert "Mine" not in str(caught.value)

    @pytest.mark.parametrize(
        ("params", "advice"),
        [
            (
                {"corruption__rate": 0.3},
                r"corruption is None, which has no parameters: set corruption=MaskingNoise\(rate="
                r"\.\.\.\) or corruption=SaltAndPepperNoise\(rate=\.\.\.\) or corruption=SwapNoise",
            ),
            ({"corruption": None, "corruption__scale": 1}, r"set corruption=GaussianNoise\(scale="),
            ({"solver__momentum": 0.5}, r"solver is 'adam', .* set solver=SGD\(momentum=\.\.\.\)"),
            ({"code_penalty__alpha": 0.5}, r"'code_penalty__alpha' cannot be set"),
            ({"solver__speed": 0.5}, r"solver takes no object that has 'speed'"),
            ({"alpha__x": 1}, r"alpha is 0\.0, which has no parameters"),
        ],
    )
    def test_parameters_of_no_object_cannot_be_set(self, params, advice):
        autoencoder = AutoencoderTransformer()
        before = vars(autoencoder).copy()
        with pytest.raises(ValueError, match=advice):
            autoencoder.set_params(**params)
        assert vars(autoencoder) == before

    def test_those_of_an_object_set_along_with_them_can(self):
        autoencoder = AutoencoderTransformer()
        autoencoder.set_params(corruption=MaskingNoise(), corruption__rate=0.7, max_iter=3)
        assert autoencoder.corruption.rate == 0.7
        assert autoencoder.max_iter == 3

    @pytest.mark.parametrize("name", ["speed", "speed__x"])
    def test_an_unknown_parameter_is_scikit_learn_s_to_refuse(self, name):
        with pytest.raises(ValueError, match="Invalid parameter 'speed' for estimator"):
            AutoencoderTransformer().set_params(**{name: 1})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_codes_must_be_finite(kind, wrong, X):
    autoencoder = kind(2, max_iter=1).fit(X)
    codes = autoencoder.transform(X)
    codes[3, 1] = wrong
    with pytest.raises(ValueError, match=r"X has codes that are NaN or infinite, .* pass what tra"):
        autoencoder.inverse_transform(codes)


def test_large_codes_whose_sum_is_infinite_are_finite():
    X = np.array([[1.0], [2.0]])
    autoencoder = AutoencoderTransformer(1, hidden_layer_sizes=(), max_iter=1).fit(X[:, [0, 0]])
    assert np.isfinite(autoencoder.inverse_transform(np.full((2, 1), 1e308))).all()


class TestScoresOfSingleRows:
    @pytest.mark.parametrize("kind", KINDS)
    def test_they_are_nan_with_a_warning(self, kind, X):
        autoencoder = kind(2, max_iter=1).fit(X)
        with pytest.warns(UndefinedMetricWarning, match="not defined for a single row, and is NaN"):
            assert np.isnan(autoencoder.score(X[:1]))
        assert np.isfinite(autoencoder.score(X[:2]))

    def test_rows_without_weight_do_not_count(self, X):
        autoencoder = AutoencoderTransformer(2, max_iter=1).fit(X)
        with pytest.warns(UndefinedMetricWarning):
            assert np.isnan(autoencoder.score(X[:3], sample_weight=[0, 1, 0]))

    def test_a_leave_one_out_search_has_no_score(self, X):
        with pytest.warns(UndefinedMetricWarning):
            scores = cross_val_score(AutoencoderTransformer(2, max_iter=1), X[:4], cv=LeaveOneOut())
        assert np.isnan(scores).all()

    def test_rows_of_one_value_are_still_rebuilt_exactly_or_not(self, X):
        autoencoder = AutoencoderTransformer(2, max_iter=1).fit(X)
        assert autoencoder.score(np.tile(X[:1], (3, 1))) == 0


class TestScorers:
    @pytest.fixture
    def search(self):
        return GridSearchCV(
            AutoencoderTransformer(max_iter=5, random_state=0), {"n_components": [2, 20]}, cv=2
        )

    def test_a_line_with_a_callable(self, search):
        search.scoring = lambda ae, X, y=None: ae.score_samples(X).mean()
        search.fit(load_digits().data)
        assert search.best_params_ == {"n_components": 20}
        assert (search.cv_results_["mean_test_score"] < 0).all()

    def test_several_scores_at_once(self, search):
        search.set_params(scoring=reconstruction_scores, refit="explained_variance")
        search.fit(load_digits().data)
        assert search.best_params_ == {"n_components": 20}
        assert (search.cv_results_["mean_test_mean_squared_error"] > 0).all()

    def test_pca_has_no_r2_either(self, X):
        with pytest.warns(UserWarning, match="Scoring failed"):
            assert np.isnan(cross_val_score(PCA(2), X, scoring="r2", cv=2)).all()
