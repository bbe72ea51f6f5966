"""Inputs at the edge: tiny, huge, constant, repeated, of any form; weights of any size.

What can be computed is the same as for a plain input; what cannot ends in one clear error, and
nothing in a silent NaN.
"""

import pickle
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from skautoencoder import (
    LBFGS,
    SGD,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    Muon,
    Shampoo,
    VariationalAutoencoderTransformer,
)
from skautoencoder._data_validation import check_magnitude
from skautoencoder.network.trainer import DivergenceError

SMALL = {"n_components": 2, "hidden_layer_sizes": 4, "max_iter": 3}


def transformer(**params):
    return AutoencoderTransformer(**{**SMALL, "random_state": 0, **params})


ESTIMATORS = {
    "transformer": transformer,
    "without paths": lambda: transformer(skip_connections=False),
    "variational": lambda: VariationalAutoencoderTransformer(**SMALL, random_state=0),
    "detector": lambda: AutoencoderOutlierDetector(
        AutoencoderTransformer(**SMALL), n_estimators=2, random_state=0
    ),
    "imputer": lambda: AutoencoderImputer(AutoencoderTransformer(**SMALL), random_state=0),
    "imputer from means": lambda: AutoencoderImputer(
        AutoencoderTransformer(**SMALL), initial_fill="mean", random_state=0
    ),
}
AUTOENCODERS = ["transformer", "without paths", "variational"]
OUTPUTS = ("transform", "reconstruct", "score_samples", "feature_contributions")


def with_gaps(estimator, X):
    """X, for an imputer with something to fill in."""
    if isinstance(estimator, AutoencoderImputer):
        X = np.array(X, copy=True)
        X[:: max(2, len(X) // 9), 0] = np.nan
    return X


def outputs(estimator, X):
    return [getattr(estimator, name)(X) for name in OUTPUTS if hasattr(estimator, name)]


def fitted_outputs(name, X, **fit_params):
    """What a fresh estimator, fitted on X, makes of it."""
    estimator = ESTIMATORS[name]()
    return outputs(estimator.fit(X, **fit_params), X)


def assert_same_bits(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 3)) @ rng.normal(size=(3, 5)) + rng.normal(size=5)


@pytest.fixture(params=ESTIMATORS)
def name(request):
    return request.param


class TestShapes:
    @pytest.mark.parametrize("shape", [(1, 5), (60, 1), (1, 1), (2, 5)])
    def test_a_row_or_a_feature_is_enough(self, name, shape, X):
        X = X[: shape[0], : shape[1]]
        for values in fitted_outputs(name, X):
            assert len(values) == shape[0]
            assert np.isfinite(values).all()

    @pytest.mark.parametrize("name", AUTOENCODERS)
    def test_a_single_row_is_rebuilt_as_it_is(self, name, X):
        """It is its own mean, where an untrained network with paths begins; others learn it."""
        autoencoder = ESTIMATORS[name]().set_params(max_iter=200).fit(X[:1])
        np.testing.assert_allclose(autoencoder.reconstruct(X[:1]), X[:1], atol=0.05)

    @pytest.mark.parametrize("n_components", [2, 5, 9])
    def test_a_single_feature_is_rebuilt_exactly_whatever_the_width_of_the_code(
        self, n_components, X
    ):
        autoencoder = transformer(n_components=n_components).fit(X[:, :1])
        np.testing.assert_allclose(autoencoder.reconstruct(X[:, :1]), X[:, :1], atol=1e-12)


class TestConstantsAndRepetitions:
    @pytest.mark.parametrize("scale", ["common", "standard", "minmax"])
    @pytest.mark.parametrize("value", [0.0, 0.1, -1e8])
    def test_constant_columns_are_rebuilt_to_rounding(self, scale, value, X):
        """PCA, from which training starts here, rebuilds them; so does the best network."""
        X[:, 1] = X[:, 4] = value
        autoencoder = transformer(scale=scale, weight_init="pca").fit(X)
        rebuilt = autoencoder.reconstruct(X)[:, [1, 4]]
        np.testing.assert_allclose(rebuilt, value, rtol=1e-9, atol=1e-9)

    def test_rows_that_do_not_vary_at_all_are_rebuilt_and_encoded_alike(self, name):
        X = np.full((30, 4), 3.7)
        for values in fitted_outputs(name, X):
            assert np.isfinite(values).all()
            np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape))
        autoencoder = transformer().fit(X)
        np.testing.assert_allclose(autoencoder.reconstruct(X), X)
        assert autoencoder.score(X) == 1

    @pytest.mark.parametrize("name", ["transformer", "without paths"])
    @pytest.mark.parametrize("n_copies", [2, 3])
    def test_repeated_rows_are_rows_of_that_weight_in_full_batch(self, name, n_copies, X):
        """Of a network without random numbers: a variational one draws them for each row."""
        params = {"batch_size": 10**6, "early_stopping": False, "max_iter": 20}
        weights = np.ones(60)
        weights[::4] = n_copies
        weighted = ESTIMATORS[name]().set_params(**params).fit(X, sample_weight=weights)
        repeated = ESTIMATORS[name]().set_params(**params)
        repeated.fit(np.repeat(X, weights.astype(int), axis=0))
        np.testing.assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-6)
        np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_)

    def test_equal_rows_have_equal_results(self, name, X):
        X = np.concatenate([X, X[::-1]])
        for values in fitted_outputs(name, X):
            np.testing.assert_allclose(values[60:], values[59::-1], rtol=1e-9, atol=1e-12)


def read_only(X):
    X = X.copy()
    X.setflags(write=False)
    return X


def unaligned(X):
    memory = np.frombuffer(bytearray(X.nbytes + 1), X.dtype, X.size, offset=1).reshape(X.shape)
    memory[...] = X
    return memory


FORMS = {
    "Fortran order": np.asfortranarray,
    "negative strides": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "objects": lambda X: X.astype(object),
    "read-only": read_only,
    "unaligned": unaligned,
    "lists": lambda X: X.tolist(),
}


class TestForms:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("missing", [False, True])
    def test_the_form_of_X_changes_no_bit(self, name, form, missing, X):
        if missing:
            X[::7, 1] = np.nan
        given = FORMS[form](X)
        estimator = ESTIMATORS[name]().fit(given)
        assert_same_bits(outputs(estimator, given), fitted_outputs(name, X))

    @pytest.mark.parametrize("form", ["Fortran order", "big-endian", "read-only", "unaligned"])
    def test_nor_does_that_of_float32(self, name, form, X):
        X = X.astype(np.float32)
        estimator = ESTIMATORS[name]().fit(FORMS[form](X))
        assert_same_bits(outputs(estimator, FORMS[form](X)), fitted_outputs(name, X))

    @pytest.mark.parametrize("dtype", ["i1", "u2", ">i4", "i8", "u8", "?", "f2", "g"])
    def test_numbers_of_other_kinds_are_their_float64_copy(self, name, dtype, X):
        X = np.abs(10 * X).astype(dtype)
        expected = fitted_outputs(name, X.astype(np.float64))
        assert_same_bits(fitted_outputs(name, X), expected)

    @pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
    @pytest.mark.parametrize("dtype", ["i4", "?", "u1"])
    def test_sparse_matrices_of_other_kinds_too(self, form, dtype, X):
        X = np.abs(10 * X).astype(dtype)
        expected = transformer().fit(sparse.csr_array(X.astype(np.float64))).transform(X)
        np.testing.assert_array_equal(transformer().fit(form(X)).transform(form(X)), expected)

    def test_objects_that_are_no_numbers_are_refused(self, name, X):
        X = X.astype(object)
        X[3, 2] = "four"
        with pytest.raises(ValueError, match="could not convert string to float"):
            ESTIMATORS[name]().fit(X)

    def test_complex_numbers_are_refused(self, name, X):
        with pytest.raises(ValueError, match="Complex data not supported"):
            ESTIMATORS[name]().fit(X + 1j)


# Prints the memory, in bytes, that fitting and using an autoencoder takes beside what Python has.
TF_IDF = """
import resource
import sys

import numpy as np
from scipy import sparse

from skautoencoder import AutoencoderTransformer

def peak():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

n, d, rng = {n_rows}, {n_features}, np.random.default_rng(0)
terms = np.concatenate([rng.choice(d, 50, replace=False) for _ in range(n)])
weights = rng.uniform(size=50 * n).astype(np.float32)
X = sparse.csr_array((weights, terms, np.arange(0, 50 * n + 1, 50)), shape=(n, d))
autoencoder = AutoencoderTransformer(2, hidden_layer_sizes=4, max_iter=1, batch_size=16)
before = peak()
codes = autoencoder.fit(X).transform(X)
assert np.isfinite(codes).all() and np.ptp(codes[:, 0]) > 0
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs resource, which POSIX systems have")
def test_100_000_sparse_features_take_the_memory_of_weights_and_a_few_batches():
    n_rows, n_features = 800, 100_000
    script = TF_IDF.format(n_rows=n_rows, n_features=n_features)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    # To and from four hidden units and, by the skip connections, two of the code; biases.
    weights, batch = 4 * n_features * (2 * (4 + 2) + 2), 4 * 16 * n_features
    # The estimator's, those in training, gradients, Adam's two moments; the last four and PCA's
    # are kept for the best epoch; and copies on the way between these.
    bound = 14 * weights + 8 * batch
    assert int(run.stdout) < bound < 4 * n_rows * n_features / 2


class TestMagnitudes:
    # Of float32: squares that leave its range, the largest values, and subnormal ones.
    @pytest.mark.parametrize(
        ("dtype", "factor"),
        [
            *((np.float32, factor) for factor in (1e38, 1e20, 1e-20, 1e-37)),
            *((np.float64, factor) for factor in (1e150, 1e-150)),
        ],
    )
    def test_values_of_any_size_are_rebuilt_as_those_of_usual_size(self, dtype, factor, X):
        """Scaled, they are the same; the factors are rounded to powers of two."""
        X = (X / np.abs(X).max()).astype(dtype)
        factor = dtype(2.0 ** np.round(np.log2(factor)))
        usual, far = transformer().fit(X), transformer().fit(X * factor)
        np.testing.assert_allclose(far.transform(X * factor), usual.transform(X), rtol=1e-4)
        np.testing.assert_allclose(
            far.reconstruct(X * factor) / factor, usual.reconstruct(X), rtol=1e-3, atol=1e-5
        )
        assert far.score(X * factor) == pytest.approx(usual.score(X), rel=1e-4)

    @pytest.mark.parametrize("factor", [1e-200, 1e-307, 1e-310])
    @pytest.mark.parametrize("solver", ["adam", "sgd", "muon", "shampoo", "lbfgs"])
    @pytest.mark.parametrize("scale", ["auto", None])
    def test_values_whose_squares_are_0_are_a_constant_0(self, factor, solver, scale, X):
        autoencoder = transformer(solver=solver, scale=scale).fit(X * factor)
        np.testing.assert_allclose(autoencoder.reconstruct(X * factor), 0, atol=1e-9)
        assert np.isfinite(autoencoder.transform(X * factor)).all()

    @pytest.mark.parametrize("factor", [1e-10, 1e-20, 1e-37, 1e-40])
    def test_small_float32_values_train_without_scaling_too(self, factor, X):
        autoencoder = transformer(scale=None).fit((X * factor).astype(np.float32))
        assert all(np.isfinite(weights).all() for weights in autoencoder.skip_coefs_)
        assert autoencoder.reconstruct(X.astype(np.float32) * factor).max() < 1e-5

    @pytest.mark.parametrize("factor", [1e-70, 1e70])
    def test_float64_values_of_such_sizes_end_no_worse_than_pca_without_it(self, factor, X):
        """Fourth powers overflow where the losses of PCA and of the network are compared."""
        autoencoder = transformer(scale=None).fit(X * factor)
        explained = PCA(2).fit(X).explained_variance_ratio_.sum()
        assert autoencoder.score(X * factor) >= explained - 1e-9

    def test_subnormal_cells_among_usual_ones_are_zeros(self, name, X):
        X[::9] = 0
        with_subnormals = np.where(X == 0, 5e-324, X)
        found, expected = fitted_outputs(name, with_subnormals), fitted_outputs(name, X)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("largest", [1e154, 1e307, np.finfo(np.float64).max])
    @pytest.mark.parametrize("form", ["all", "one cell"])
    def test_float64_values_whose_squares_overflow_are_refused(self, name, largest, form, X):
        far = X / np.abs(X).max() * largest if form == "all" else X.copy()
        far[0, 0] = -largest
        estimator = ESTIMATORS[name]()
        before = pickle.dumps(estimator)
        with pytest.raises(ValueError, match=r"X has values of up to 1\S*e\+\d+, whose squares "):
            estimator.fit(far)
        assert pickle.dumps(estimator) == before

    def test_sparse_ones_too(self, X):
        with pytest.raises(ValueError, match=r"Divide X by its largest absolute value first"):
            transformer().fit(sparse.csr_array(X * 1e200))

    @pytest.mark.parametrize("params", [{"scale": "minmax"}, {"scale": None}, {"loss": "poisson"}])
    def test_what_float32_cannot_scale_or_train_on_says_what_to_do(self, params, X):
        X = (X / np.abs(X).max() * 3e38).astype(np.float32)
        X = np.abs(X) if "loss" in params else X
        with pytest.raises(ValueError, match=r"cannot be scaled in float32|or scale X"):
            transformer(**params).fit(X)

    @pytest.mark.parametrize("size", [1e200, 1e308, -np.finfo(np.float64).max])
    def test_rows_far_beyond_those_of_the_fit_have_infinite_errors(self, size, X):
        autoencoder = transformer().fit(X)
        far = X.copy()
        far[3, 1] = size
        others = np.arange(60) != 3
        for method, value in [("reconstruction_error", np.inf), ("score_samples", -np.inf)]:
            errors = getattr(autoencoder, method)(far)
            assert errors[3] == value
            np.testing.assert_array_equal(errors[others], getattr(autoencoder, method)(X)[others])
        assert np.isinf(autoencoder.reconstruction_error(far, per_feature=True)[3, 1])
        with pytest.raises(ValueError, match="the sum of their squared errors is more than float"):
            autoencoder.score(far)

    @pytest.mark.parametrize("size", [1e10, 1e100, 1e308])
    def test_the_bound_of_an_impossible_row_is_very_low_and_not_nan(self, size, X):
        autoencoder = ESTIMATORS["variational"]().fit(X)
        signs = np.array(list(product([-1, 1], repeat=5)))
        bounds = autoencoder.score_samples(np.concatenate([X[:3], size * signs]))
        assert (bounds[3:] < -size).all()
        assert np.isinf(bounds.min()) == (size > 1e154)  # whose square float64 cannot hold
        np.testing.assert_allclose(bounds[:3], autoencoder.score_samples(X[:3]))

    @pytest.mark.parametrize("name", ["detector", "imputer", "imputer from means"])
    def test_the_largest_float32_values_are_as_good_as_others(self, name, X):
        X = with_gaps(ESTIMATORS[name](), 1.9 * X / np.abs(X).max()).astype(np.float32)
        factor = np.float32(2.0**127)
        found, expected = fitted_outputs(name, X * factor), fitted_outputs(name, X)
        for values, usual in zip(found, expected, strict=True):
            unit = factor if name.startswith("imputer") else 1
            np.testing.assert_allclose(values / unit, usual, rtol=1e-3, atol=1e-3)

    @pytest.mark.parametrize(("dtype", "size"), [(np.float32, 3e38), (np.float64, 1e308)])
    def test_the_detector_takes_them_for_outliers(self, dtype, size, X):
        detector = ESTIMATORS["detector"]().fit(X.astype(dtype))
        far = X.astype(dtype)
        far[3, 1] = size
        usual = detector.predict(X.astype(dtype))
        assert detector.predict(far)[3] == -1
        np.testing.assert_array_equal(np.delete(detector.predict(far), 3), np.delete(usual, 3))
        assert not np.isnan(detector.feature_contributions(far)).any()

    @pytest.mark.parametrize("name", ["imputer", "imputer from means"])
    @pytest.mark.parametrize("size", [1e200, 1e308])
    def test_the_imputer_fills_beside_them_within_its_bounds(self, name, size, X):
        imputer = ESTIMATORS[name]().fit(with_gaps(ESTIMATORS[name](), X))
        far = X[:4].copy()
        far[0] = [np.nan, size, -size, size, size]
        filled = imputer.transform(far)
        assert imputer.fill_min_[0] <= filled[0, 0] <= imputer.fill_max_[0]
        np.testing.assert_array_equal(filled[1:], far[1:])

    def test_codes_and_rows_that_come_out_infinite_are_refused(self, X):
        autoencoder = transformer(activation="relu").fit(X)
        huge = np.finfo(np.float64).max
        with pytest.raises(ValueError, match=r"what the network makes of them .* Correct these"):
            autoencoder.inverse_transform([[huge, -huge]])
        autoencoder.skip_coefs_[0][...] = 2
        for method in (autoencoder.transform, autoencoder.reconstruct):
            with pytest.raises(ValueError, match=r"too far from those of the fit: what the networ"):
                method(np.full((1, 5), huge))


def bad_cells(X, value):
    bad = X.copy()
    bad[-1, 2] = value
    return bad


class TestInfinitiesAndNaN:
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinity_is_refused_in_X(self, name, value, X):
        form = np.asarray if name.startswith("imputer") else sparse.csr_array
        fitted = ESTIMATORS[name]().fit(X)
        before = pickle.dumps(fitted)
        for method in ("fit", *OUTPUTS):
            if hasattr(fitted, method):
                for bad in (bad_cells(X, value), form(bad_cells(X, value))):
                    with pytest.raises(ValueError, match="Input X contains infinity"):
                        getattr(fitted, method)(bad)
        assert pickle.dumps(fitted) == before

    def test_infinities_of_both_signs_are_refused(self, name, X):
        X[0, 0], X[1, 1], X[2, 2] = np.inf, -np.inf, np.nan
        with pytest.raises(ValueError, match="Input X contains infinity"):
            ESTIMATORS[name]().fit(X)

    @pytest.mark.parametrize("name", AUTOENCODERS)
    @pytest.mark.parametrize("value", [np.inf, 1e300])
    def test_a_later_batch_that_is_refused_costs_nothing(self, name, value, X):
        """The stream goes on as if the batch had never come."""
        stream, expected = ESTIMATORS[name](), ESTIMATORS[name]()
        for batch in (X[:20], X[20:40]):
            stream.partial_fit(batch)
            expected.partial_fit(batch)
        before = pickle.dumps(stream)
        with pytest.raises(ValueError, match=r"Input X contains infinity|X has values of up to 1e"):
            stream.partial_fit(bad_cells(X[40:], value))
        assert pickle.dumps(stream) == before
        assert_same_bits(
            outputs(stream.partial_fit(X[40:]), X), outputs(expected.partial_fit(X[40:]), X)
        )

    @pytest.mark.parametrize("name", AUTOENCODERS)
    def test_missing_cells_in_a_later_batch_alone_are_their_means(self, name, X):
        stream, filled = (ESTIMATORS[name]().partial_fit(X[:40]) for _ in range(2))
        later = bad_cells(X[40:], np.nan)
        complete = np.where(np.isnan(later), filled.mean_, later)
        np.testing.assert_allclose(stream.transform(later), filled.transform(complete), atol=1e-12)
        stream.partial_fit(later)
        assert np.isfinite(stream.loss_curve_).all()
        assert np.isfinite(stream.reconstruct(later)).all()

    def test_codes_may_not_be_infinite(self, X):
        with pytest.raises(ValueError, match="X has codes that are NaN or infinite"):
            transformer().fit(X).inverse_transform([[1.0, np.inf]])


class TestWeights:
    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (np.nan, "Input sample_weight contains NaN"),
            (np.inf, "Input sample_weight contains infinity"),
            (-np.inf, "Input sample_weight contains infinity"),
            (-1e-300, r"sample_weight must not be negative. Got -1e-300: use 0 to leave a row out"),
        ],
    )
    def test_bad_weights_are_refused_by_name(self, name, value, message, X):
        estimator = ESTIMATORS[name]().fit(X)
        before, weights = pickle.dumps(estimator), np.ones(60)
        weights[7] = value
        with pytest.raises(ValueError, match=message):
            estimator.fit(X, sample_weight=weights)
        assert pickle.dumps(estimator) == before

    def test_weights_that_are_all_zero_are_refused(self, name, X):
        with pytest.raises(ValueError, match="zero for every row: at least one must be positive"):
            ESTIMATORS[name]().fit(X, sample_weight=np.zeros(60))

    @pytest.mark.parametrize("size", [5e-324, 1e-300, 1e300, np.finfo(np.float64).max])
    def test_equal_weights_of_any_size_are_no_weights(self, name, size, X):
        X = with_gaps(ESTIMATORS[name](), X)
        found = fitted_outputs(name, X, sample_weight=np.full(60, size))
        assert_same_bits(found, fitted_outputs(name, X))

    @pytest.mark.parametrize("factor", [2.0**-1000, 2.0**1000, 1e-300, 1e300])
    def test_only_their_ratios_count(self, name, factor, X, rng):
        X, weights = with_gaps(ESTIMATORS[name](), X), rng.integers(0, 5, size=60).astype(float)
        found = fitted_outputs(name, X, sample_weight=factor * weights)
        for one, other in zip(found, fitted_outputs(name, X, sample_weight=weights), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)

    def test_rows_of_weight_1e_300_beside_1e300_are_as_good_as_left_out(self, name, X):
        weights = np.where(np.arange(60) < 20, 1e-300, 1e300)
        found = fitted_outputs(name, X, sample_weight=weights)
        kept = fitted_outputs(name, X, sample_weight=np.where(weights < 1, 0, 1e300))
        for one, other in zip(found, kept, strict=True):
            assert np.isfinite(one).all()
            assert one.shape == other.shape
        # The held-out rows are others, so results are near where none are held out.
        pair = [
            transformer(early_stopping=False, batch_size=60, max_iter=1).fit(X, sample_weight=each)
            for each in (weights, np.where(weights < 1, 0, 1.0))
        ]
        np.testing.assert_allclose(pair[0].mean_, pair[1].mean_)
        np.testing.assert_allclose(*(each.transform(X) for each in pair), rtol=1e-6, atol=1e-9)


class TestLearningRates:
    def test_a_variational_one_whose_steps_are_bounded_says_that_it_is_bad(self, X):
        estimator = ESTIMATORS["variational"]().set_params(solver=SGD(), learning_rate_init=1e30)
        with pytest.warns(ConvergenceWarning, match="lower learning_rate_init"):
            estimator.fit(X)

    @pytest.mark.parametrize("name", [name for name in AUTOENCODERS if name != "variational"])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize("fitted", [False, True])
    def test_a_rate_too_high_says_where_and_what_to_do(self, name, method, fitted, X):
        estimator = ESTIMATORS[name]()
        estimator.set_params(solver=SGD(), activation="relu", max_iter=300, n_iter_no_change=300)
        if fitted:
            estimator.set_params(learning_rate_init=1e-4).fit(X)
        estimator.set_params(learning_rate_init=1e30)
        before = pickle.dumps(estimator)
        message = r"^Non-finite loss in epoch \d+ at learning rate 1e\+30: lower learning_rate_init"
        with pytest.raises(DivergenceError, match=message):
            getattr(estimator, method)(X)
        assert pickle.dumps(estimator) == before

    @pytest.mark.parametrize("name", ["detector", "imputer", "imputer from means"])
    def test_so_say_those_that_have_an_autoencoder(self, name, X):
        estimator = ESTIMATORS[name]().fit(X)
        # They keep what they were; the parameter is that of the user's own autoencoder.
        estimator.autoencoder.set_params(
            solver="sgd", activation="relu", learning_rate_init=1e30, max_iter=300
        )
        before = pickle.dumps(estimator)
        with pytest.raises(DivergenceError, match=r"at learning rate 1e\+30: lower learning_rate"):
            estimator.fit(X)
        assert pickle.dumps(estimator) == before

    @pytest.mark.parametrize("solver", [Muon(), Shampoo(), "adam"])
    def test_solvers_with_steps_of_bounded_length_survive_or_say_so(self, solver, X):
        autoencoder = transformer(solver=solver, learning_rate_init=1e3, max_iter=50)
        try:
            rebuilt = autoencoder.fit(X).reconstruct(X)
        except DivergenceError as error:
            assert "lower learning_rate_init" in str(error)  # noqa: PT017
        else:
            # No worse than PCA, which is what is kept where training has found nothing better.
            pca = transformer(weight_init="pca", learning_rate_init=1e-12, max_iter=1).fit(X)
            assert np.isfinite(rebuilt).all()
            assert autoencoder.score(X) >= pca.score(X) - 1e-9

    def test_lbfgs_has_no_rate_to_be_too_high(self, X):
        usual, high = (
            transformer(solver=LBFGS(), learning_rate_init=rate).fit(X) for rate in (1e-3, 1e30)
        )
        np.testing.assert_array_equal(usual.transform(X), high.transform(X))


class TestFloatingPointState:
    """Nothing is said of numbers too large or too small, whatever the caller asks NumPy for."""

    @pytest.mark.parametrize("state", ["raise", "warn"])
    @pytest.mark.parametrize("unit", [1, 1e-30])
    @pytest.mark.parametrize("name", ESTIMATORS)
    def test_results_are_those_of_any_other_state(self, name, unit, state, X):
        X = with_gaps(ESTIMATORS[name](), np.float32(unit) * X.astype(np.float32))
        expected = fitted_outputs(name, X)
        with np.errstate(all=state):
            found = fitted_outputs(name, X)
        for values, usual in zip(found, expected, strict=True):
            np.testing.assert_array_equal(values, usual)

    @pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "elu", "gelu"])
    @pytest.mark.parametrize("solver", ["adam", "muon", "shampoo", "lbfgs"])
    def test_no_activation_and_no_solver_raises(self, activation, solver, X):
        X = (1e-30 * X).astype(np.float32)
        autoencoder = transformer(activation=activation, solver=solver, skip_connections=False)
        expected = autoencoder.fit(X).transform(X)
        with np.errstate(all="raise"):
            found = autoencoder.fit(X).transform(X)
        np.testing.assert_array_equal(found, expected)


def test_squares_of_distances_from_the_mean_may_add_up_to_the_largest_float():
    """Which may be twice as large as the values themselves."""
    largest = np.sqrt(np.finfo(np.float64).max / 6)
    signs = np.tile([[1.0], [-1.0]], (1, 3))
    check_magnitude(0.49 * largest * signs)
    with pytest.raises(ValueError, match="whose squares add up to more than float64 can hold"):
        check_magnitude(0.51 * largest * signs)
