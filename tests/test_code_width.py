"""Which width of the code "auto", shares of the variance and integers stand for."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from skautoencoder import (
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    L1Sparsity,
    MaskingNoise,
    VariationalAutoencoderTransformer,
)

KINDS = [AutoencoderTransformer, VariationalAutoencoderTransformer]


def fitted(X, n_components="auto", kind=AutoencoderTransformer, **params):
    params = {"hidden_layer_sizes": 4, "max_iter": 1, "random_state": 0, **params}
    return kind(n_components, **params).fit(X)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n_features", "width"),
    [(1, 1), (2, 1), (4, 2), (10, 5), (30, 16), (63, 35), (64, 36), (65, 36), (500, 36)],
)
def test_auto_is_the_original_s_36_or_its_share_of_fewer_features(kind, n_features, width, rng):
    autoencoder = fitted(rng.normal(size=(20, n_features)), kind=kind)
    assert autoencoder.n_components == "auto"
    assert autoencoder.n_components_ == width
    assert autoencoder.transform(rng.normal(size=(3, n_features))).shape == (3, width)
    assert len(autoencoder.get_feature_names_out()) == width


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.8, np.float32(0.95), 0.999])
def test_a_share_of_the_variance_is_as_many_units_as_pca_needs(kind, share):
    X = load_digits().data
    autoencoder = fitted(X, share, kind)
    assert autoencoder.n_components_ == PCA(float(share), svd_solver="full").fit(X).n_components_


def test_the_share_is_that_of_the_scaled_features(rng):
    X = rng.normal(size=(200, 6)) * [1, 1, 1, 1, 1, 100]
    assert fitted(X, 0.9).n_components_ == 1
    assert fitted(X, 0.9, scale="standard").n_components_ == 5


def test_the_share_is_that_of_weighted_rows():
    X = load_digits().data[:200]
    weights = np.repeat([1.0, 0.0], 100)
    autoencoder = AutoencoderTransformer(0.9, max_iter=1).fit(X, sample_weight=weights)
    assert autoencoder.n_components_ == fitted(X[:100], 0.9).n_components_


def test_more_components_are_found_than_are_looked_at_first(rng):
    X = rng.normal(size=(400, 150))
    expected = PCA(0.95, svd_solver="full").fit(X).n_components_
    assert fitted(X, 0.95).n_components_ == expected > 64


@pytest.mark.parametrize(("n_features", "width"), [(4, 3), (20, 19), (1, 1)])
def test_a_share_asks_for_fewer_units_than_features(n_features, width, rng):
    assert fitted(rng.normal(size=(60, n_features)), 0.9999999).n_components_ == width


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", [None, 1.0, 0, 0.0, -1, 1.5, "all", True, np.nan, [3]])
def test_anything_else_is_an_error_that_says_what_to_use(kind, asked, rng):
    autoencoder = kind(asked)
    message = (
        f"The 'n_components' parameter of {kind.__name__} must be a positive integer, a share of "
        r"the variance in \(0, 1\) or 'auto'. Got .* instead: use 'auto'"
    )
    with pytest.raises(ValueError, match=message):
        autoencoder.fit(rng.normal(size=(20, 4)))
    assert not hasattr(autoencoder, "n_components_")


class TestGoingOn:
    @pytest.mark.parametrize("asked", ["auto", 0.9])
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_width_stays_what_it_was(self, asked, kind):
        X = load_digits().data
        autoencoder = fitted(X, asked, kind, warm_start=True)
        width = autoencoder.n_components_
        autoencoder.fit(X[:50] ** 2).partial_fit(X[:7])
        assert autoencoder.n_components_ == width
        autoencoder.set_params(n_components=width).fit(X)
        autoencoder.set_params(n_components=0.1).fit(X)
        assert autoencoder.transform(X).shape == (1797, width)

    def test_partial_fit_takes_it_from_the_first_rows(self):
        X = load_digits().data
        autoencoder = AutoencoderTransformer(0.9).partial_fit(X[:100]).partial_fit(X)
        assert autoencoder.n_components_ == fitted(X[:100], 0.9).n_components_

    def test_an_integer_that_differs_is_refused(self, rng):
        X = rng.normal(size=(20, 8))
        autoencoder = fitted(X, warm_start=True).set_params(n_components=3)
        with pytest.raises(ValueError, match=r"widths \[8, 4, 3, 4, 8\], but .* \[8, 4, 4, 4, 8\]"):
            autoencoder.fit(X)
        assert autoencoder.n_components_ == 4

    def test_a_new_fit_looks_at_its_own_rows(self, rng):
        autoencoder = fitted(rng.normal(size=(20, 8))).fit(rng.normal(size=(20, 16)))
        assert autoencoder.n_components_ == 9


def test_a_search_over_all_three(rng):
    X = load_digits().data[:120]
    grid = {"n_components": [0.8, "auto", 5]}
    search = GridSearchCV(AutoencoderTransformer(max_iter=2, random_state=0), grid, cv=2)
    assert np.isfinite(search.fit(X).cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.n_components_ == 36


def test_of_layer_weights_it_is_what_they_have(rng):
    weights = fitted(rng.normal(size=(20, 8)), 3, skip_connections=False).to_layer_weights()
    read = AutoencoderTransformer.from_layer_weights(weights, 3, output_activation="identity")
    assert read.n_components_ == 3


def test_a_detector_takes_auto_from_its_autoencoder(rng):
    autoencoder = AutoencoderTransformer(max_iter=1)
    detector = AutoencoderOutlierDetector(autoencoder, n_estimators=2, random_state=0)
    detector.fit(rng.normal(size=(50, 8)))
    assert [each.n_components_ for each in detector.estimators_] == [4, 4]


class TestWideCodes:
    def warnings_of(self, X, autoencoder):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            autoencoder.fit(X)
        return [str(each.message) for each in caught if "n_components" in str(each.message)]

    @pytest.mark.parametrize("width", [4, 36])
    def test_a_code_no_narrower_than_X_warns_once(self, width):
        autoencoder = AutoencoderTransformer(width, max_iter=1, warm_start=True)
        (message,) = self.warnings_of(load_iris().data, autoencoder)
        assert message.startswith(f"n_components={width} is no less than the 4 features of X that")
        assert "use n_components='auto' or fewer than 4, or set corruption, code_penalty" in message
        assert self.warnings_of(load_iris().data, autoencoder) == []

    def test_partial_fit_warns_at_first(self):
        autoencoder = AutoencoderTransformer(4)
        with pytest.warns(UserWarning, match="n_components=4 is no less than the 4 features"):
            autoencoder.partial_fit(load_iris().data)
        autoencoder.partial_fit(load_iris().data)

    @pytest.mark.parametrize(
        "autoencoder",
        [
            AutoencoderTransformer(),
            AutoencoderTransformer(3),
            AutoencoderTransformer(0.999999),
            AutoencoderTransformer(36, corruption=MaskingNoise(0.2)),
            AutoencoderTransformer(36, code_penalty=L1Sparsity()),
            AutoencoderTransformer(36, dropout=0.2),
            VariationalAutoencoderTransformer(36),
        ],
    )
    def test_others_do_not(self, autoencoder):
        assert self.warnings_of(load_iris().data, clone(autoencoder).set_params(max_iter=1)) == []

    def test_a_single_feature_has_no_narrower_code(self, rng):
        assert (
            self.warnings_of(rng.normal(size=(30, 1)), AutoencoderTransformer(1, max_iter=1)) == []
        )

    @pytest.mark.filterwarnings("error")
    def test_as_an_error_it_leaves_the_estimator_as_it_was(self):
        autoencoder = AutoencoderTransformer(36)
        with pytest.raises(UserWarning, match="n_components=36"):
            autoencoder.fit(load_iris().data)
        assert vars(autoencoder) == vars(AutoencoderTransformer(36))
