"""Features that do not vary in `fit` matter to nothing but themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits, load_iris

from skautoencoder import (
    AutoencoderTransformer,
    ContractivePenalty,
    GaussianNoise,
    MaskingNoise,
    SwapNoise,
    VariationalAutoencoderTransformer,
)
from skautoencoder._constant_features import admitted_to_state

DIABETES = load_diabetes().data * 20
# Each of its columns varies.
DIGITS = load_digits().data[:300, [2, 3, 4, 5, 10, 11, 12, 13, 18, 19, 20, 21]] / 16

CONSTANTS = {
    "a year": [2023.0],
    "nanoseconds": [1_700_000_000_000_000_000.0],
    "zero and one": [0.0, 1.0],
    "tiny": [1e-200],
    "negative and large": [-1e12, 1e4, 3.0],
}


def with_constants(X, values, position=None):
    """X with columns of these values, the first at the front and the rest at the end."""
    columns = np.tile(np.asarray(values, X.dtype), (len(X), 1))
    return np.hstack([columns[:, :1], X, columns[:, 1:]])


def rounded_columns(n_rows):
    """A column that varies by rounding alone: sums of the same numbers in other orders."""
    rng = np.random.default_rng(0)
    summands = rng.uniform(0.1, 2, 30) * 1e9
    return np.array([[rng.permutation(summands).cumsum()[-1]] for _ in range(n_rows)])


@pytest.mark.parametrize("values", CONSTANTS.values(), ids=CONSTANTS)
@pytest.mark.parametrize("scale", ["auto", "common", "standard", "minmax", None])
def test_constant_features_change_no_code(scale, values):
    plain, wide = (
        AutoencoderTransformer(3, scale=scale, max_iter=5, random_state=0).fit(X)
        for X in (DIABETES, with_constants(DIABETES, values))
    )
    codes = plain.transform(DIABETES)
    assert_allclose(wide.transform(with_constants(DIABETES, values)), codes, atol=1e-9)
    assert_array_equal(wide.is_constant_, [True, *[False] * 10, *[True] * (len(values) - 1)])


VARIANTS = {
    "muon": {"solver": "muon"},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "no skip connections": {"skip_connections": False},
    "sigmoid output": {"output_activation": "sigmoid"},
    "softplus output": {"output_activation": "softplus"},
    "cross entropy": {"loss": "binary_cross_entropy"},
    "counts": {"loss": "poisson"},
    "far values": {"loss": "huber"},
    "tied": {"tied_weights": True},
    "starts at PCA": {"weight_init": "pca"},
    "orthogonal": {"weight_init": "orthogonal"},
    "noise": {"corruption": GaussianNoise()},
    "masked": {"corruption": MaskingNoise(value="mean")},
    "swapped": {"corruption": SwapNoise()},
    "dropout": {"dropout": 0.2},
    "contractive": {"code_penalty": ContractivePenalty()},
    "pretrained": {"pretrain_iter": 2},
    "weight decay": {"alpha": 0.1},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
def test_constant_features_change_no_code_in_any_variant(params):
    X = with_constants(DIGITS, [0.25, 0.0])
    plain, wide = (
        AutoencoderTransformer(3, max_iter=4, random_state=0, **params).fit(A) for A in (DIGITS, X)
    )
    assert_allclose(wide.transform(X), plain.transform(DIGITS), rtol=1e-6, atol=1e-9)
    assert_array_equal(wide.reconstruct(X)[:, [0, -1]], X[:, [0, -1]])


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy"])
def test_constant_features_change_no_bound_of_a_variational_autoencoder(loss):
    X = with_constants(DIGITS, [0.25, 1.0])
    plain, wide = (
        VariationalAutoencoderTransformer(3, loss=loss, max_iter=4, random_state=0).fit(A)
        for A in (DIGITS, X)
    )
    assert_allclose(wide.score_samples(X), plain.score_samples(DIGITS), rtol=1e-6)
    assert_allclose(wide.code_variance_, plain.code_variance_, rtol=1e-6)
    assert_array_equal(wide.sample(20, random_state=0)[:, [0, -1]], X[:20, [0, -1]])


@pytest.mark.parametrize("scale", ["auto", "standard", "minmax", None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_features_come_back_exactly(scale, dtype):
    values = [0.1, -7e3, 1.7e18]
    X = with_constants(DIABETES.astype(dtype), values)
    ae = AutoencoderTransformer(3, scale=scale, max_iter=3, random_state=0).fit(X)
    constant = ae.is_constant_
    assert_array_equal(ae.reconstruct(X)[:, constant], X[:, constant])
    assert_array_equal(ae.inverse_transform(ae.transform(X))[:, constant], X[:, constant])
    assert_array_equal(ae.reconstruction_error(X, per_feature=True)[:, constant], 0)


@pytest.mark.parametrize("skip_connections", [True, False])
def test_weights_from_constant_features_are_zero(skip_connections):
    X = with_constants(DIABETES, [5.0, 6.0])
    ae = AutoencoderTransformer(3, skip_connections=skip_connections, max_iter=3).fit(X)
    for weights in (ae.coefs_[0], *ae.skip_coefs_[:1]):
        assert_array_equal(weights[[0, -1]], 0)
        assert (weights[1:-1] != 0).any(axis=1).all()


def test_a_constant_feature_that_varies_later_has_its_own_error_alone():
    X = with_constants(DIABETES, [2023.0])
    ae = AutoencoderTransformer(5, max_iter=10, random_state=0).fit(X)
    later = X.copy()
    later[:, 0] = 2024
    assert_array_equal(ae.transform(later), ae.transform(X))
    errors, errors_later = (ae.reconstruction_error(A, per_feature=True) for A in (X, later))
    assert_array_equal(errors_later[:, 1:], errors[:, 1:])
    assert_array_equal(errors_later[:, 0], 1)


def test_columns_of_rounding_noise_are_constant():
    noise = rounded_columns(len(DIABETES))
    assert len(np.unique(noise)) > 2
    X = np.hstack([noise, DIABETES])
    plain, wide = (
        AutoencoderTransformer(3, max_iter=5, random_state=0).fit(A) for A in (DIABETES, X)
    )
    assert wide.is_constant_[0]
    assert_allclose(wide.transform(X), plain.transform(DIABETES), atol=1e-9)
    assert wide.score(X) == pytest.approx(plain.score(DIABETES), abs=1e-12)
    assert_allclose(wide.reconstruct(X)[:, :1], noise, rtol=1e-14)


def test_noise_is_judged_by_each_feature_itself():
    X = np.c_[1e-9 * load_iris().data, np.full(150, 1e9)]
    score = AutoencoderTransformer(2, max_iter=30, random_state=0).fit(X).score(X)
    assert score > 0.95


def test_timestamps_that_vary_are_learned():
    days = 1.7e18 + 8.64e13 * np.arange(200.0)
    X = np.c_[days, -days, np.full(200, 1.7e18)]
    ae = AutoencoderTransformer(1, scale="standard", max_iter=60, random_state=0).fit(X)
    assert_array_equal(ae.is_constant_, [False, False, True])
    assert ae.score(X) > 0.99


def test_missing_cells_of_a_constant_feature_are_no_matter():
    X = with_constants(DIABETES, [2023.0])
    holes = X.copy()
    holes[::3, 0] = np.nan
    full, holed = (AutoencoderTransformer(3, max_iter=5, random_state=0).fit(A) for A in (X, holes))
    assert_array_equal(holed.transform(holes), full.transform(X))
    assert_array_equal(holed.reconstruct(holes)[:, 0], 2023)


def test_constant_features_of_sparse_rows_are_left_out():
    X = with_constants(DIGITS, [0.0, 0.5])
    dense, thin = (
        AutoencoderTransformer(3, max_iter=5, random_state=0).fit(A)
        for A in (X, sparse.csr_array(X))
    )
    assert_array_equal(thin.is_constant_, dense.is_constant_)
    assert_allclose(thin.transform(sparse.csr_array(X)), dense.transform(X))


def test_where_nothing_varies_every_row_comes_back():
    X = np.full((30, 4), [0.1, 5, -3, 1e6])
    ae = AutoencoderTransformer(2, max_iter=3, random_state=0).fit(X)
    assert_array_equal(ae.reconstruct(X), X)
    assert ae.score(X) == 1.0


class TestStreams:
    """Features that are constant in the first piece, and vary in later ones."""

    @staticmethod
    def pieces(scale=1.0):
        rng = np.random.default_rng(0)
        t = rng.uniform(-1, 1, (1200, 1))
        X = np.hstack([t, np.sin(3 * t), t**2, 7 + scale * t**3])
        X[:200, 3] = 7
        return X

    @pytest.mark.parametrize(
        ("scale", "solver", "n_passes", "least"),
        [
            ("auto", "adam", 40, 0.8),
            ("standard", "sgd", 40, 0.3),
            ("minmax", "muon", 20, 0.8),
            (None, "adam", 40, 0.8),
        ],
    )
    def test_they_are_learned_from_then_on(self, scale, solver, n_passes, least):
        X = self.pieces()
        ae = AutoencoderTransformer(2, scale=scale, solver=solver, random_state=0)
        ae.partial_fit(X[:200])
        assert_array_equal(ae.is_constant_, [False, False, False, True])
        for _ in range(n_passes):
            ae.partial_fit(X[200:])
        assert not ae.is_constant_.any()
        later = X[200:]
        share = (
            1 - ae.reconstruction_error(later, per_feature=True)[:, 3].mean() / later[:, 3].var()
        )
        assert share > least

    @pytest.mark.parametrize("unit", [1e-6, 1e9])
    def test_their_unit_drowns_nothing(self, unit):
        X = self.pieces(unit)
        ae = AutoencoderTransformer(2, random_state=0).partial_fit(X[:200])
        for _ in range(20):
            ae.partial_fit(X[200:])
        errors = ae.reconstruction_error(X[200:], per_feature=True).mean(axis=0)
        assert (errors[:3] / X[200:, :3].var(axis=0) < 0.3).all()

    @pytest.mark.parametrize("unit", [1e-3, 1e3])
    def test_their_unit_is_the_common_one_or_their_deviation_if_larger(self, unit):
        X = self.pieces(unit)
        ae = AutoencoderTransformer(2, random_state=0).partial_fit(X[:200])
        common = ae.scale_[0]
        ae.partial_fit(X[200:])
        deviation = np.sqrt(np.square(X[200:, 3] - 7).mean())
        assert_allclose(ae.scale_, [common] * 3 + [max(common, deviation)])

    def test_codes_of_old_rows_stay_until_training_changes_them(self):
        X = self.pieces()
        ae = AutoencoderTransformer(2, learning_rate_init=1e-12, random_state=0)
        before = ae.partial_fit(X[:200]).transform(X[:200])
        assert_allclose(ae.partial_fit(X[200:]).transform(X[:200]), before, atol=1e-8)

    def test_moments_of_the_others_are_kept(self):
        X = self.pieces()
        ae = AutoencoderTransformer(2, hidden_layer_sizes=4, random_state=0)
        ae.partial_fit(X[:200])
        first = ae._solver_state["first"][: 3 * 4].reshape(3, 4)
        state = ae._solver_state
        assert state["step"] == 25
        arrays = ae._all_layers()
        grown = admitted_to_state(state, *arrays, ae._layout(), np.arange(3), None, {})
        assert_array_equal(grown["first"][: 4 * 4].reshape(4, 4)[:3], first)
        assert_array_equal(grown["first"][3 * 4 : 4 * 4], 0)

    def test_a_warm_start_may_admit_them(self):
        X = self.pieces()
        ae = AutoencoderTransformer(2, warm_start=True, max_iter=40, random_state=0).fit(X[:200])
        ae.fit(X[200:])
        assert not ae.is_constant_.any()
        assert ae.score(X[200:]) > 0.9

    def test_single_rows_can_be_learned_from(self):
        X = self.pieces()[200:]
        ae = AutoencoderTransformer(2, hidden_layer_sizes=8, random_state=0)
        for row in X[:600]:
            ae.partial_fit(row[np.newaxis])
        assert not ae.is_constant_.any()
        assert ae.score(X) > 0
