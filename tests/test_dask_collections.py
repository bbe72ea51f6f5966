import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import UndefinedMetricWarning

from skautoencoder import AutoencoderTransformer, VariationalAutoencoderTransformer

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

CLASSES = [AutoencoderTransformer, VariationalAutoencoderTransformer]
METHODS = ["transform", "reconstruct", "reconstruction_error", "score_samples"]
ROWS = 400


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="sync"):
        yield


@pytest.fixture(scope="module")
def fitted(digits):
    """One fitted estimator of each class."""
    return {cls: cls(5, max_iter=2, random_state=0).fit(digits) for cls in CLASSES}


@pytest.fixture
def frame(digits):
    names = [f"pixel{i}" for i in range(64)]
    index = pd.Index(2 * np.arange(ROWS), name="number")
    return pd.DataFrame(digits[:ROWS], columns=names, index=index)


def fail(block):
    raise AssertionError("a block was computed")


def never(shape, chunks):
    return da.map_blocks(
        fail, da.zeros(shape, chunks=chunks), dtype=float, meta=np.empty((0, 0)), name="never"
    )


def assert_lazy_like(lazy, expected):
    """Shape, dtype, chunks and values: the metadata are those of what is computed."""
    computed = lazy.compute()
    assert lazy.dtype == lazy._meta.dtype == computed.dtype == expected.dtype
    assert lazy.ndim == lazy._meta.ndim
    np.testing.assert_array_equal(computed, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cls", CLASSES)
def test_each_block_becomes_what_the_method_makes_of_it(cls, method, dtype, fitted, digits):
    X = (16 * digits[:ROWS]).astype(dtype)
    call = getattr(fitted[cls], method)
    lazy = call(da.from_array(X, chunks=(150, 64)))
    parts = [call(X[start : start + 150]) for start in range(0, ROWS, 150)]
    assert lazy.chunks[0] == (150, 150, 100)
    assert lazy.chunks[1:] == tuple((width,) for width in parts[0].shape[1:])
    assert_lazy_like(lazy, np.concatenate(parts))


@pytest.mark.parametrize("cls", CLASSES)
def test_codes_lead_back_to_the_units_of_X(cls, fitted, digits):
    codes = fitted[cls].transform(digits[:ROWS]).astype(np.float32)
    lazy = fitted[cls].inverse_transform(da.from_array(codes, chunks=(ROWS, 2)))
    assert lazy.chunks == ((ROWS,), (64,))
    assert_lazy_like(lazy, fitted[cls].inverse_transform(codes))


def test_options_of_the_method_are_passed_on(fitted, digits):
    autoencoder, X = fitted[AutoencoderTransformer], digits[:ROWS]
    lazy = autoencoder.reconstruction_error(da.from_array(X, chunks=(ROWS, 64)), per_feature=True)
    assert lazy.chunks == ((ROWS,), (64,))
    assert_lazy_like(lazy, autoencoder.reconstruction_error(X, per_feature=True))


@pytest.mark.parametrize("method", [*METHODS, "inverse_transform"])
def test_nothing_is_computed_before_it_is_asked_for(method, fitted):
    width = 5 if method == "inverse_transform" else 64
    lazy = getattr(fitted[AutoencoderTransformer], method)(never((30, width), (10, width)))
    assert lazy.shape[0] == 30
    with pytest.raises(AssertionError, match="a block was computed"):
        lazy.compute()


def test_columns_in_several_chunks_are_brought_together(fitted, digits):
    X, autoencoder = digits[:ROWS], fitted[AutoencoderTransformer]
    lazy = autoencoder.transform(da.from_array(X, chunks=(ROWS, 20)))
    assert_lazy_like(lazy, autoencoder.transform(X))


def test_blocks_of_unknown_and_of_no_rows(fitted, digits):
    X, autoencoder = digits[:ROWS], fitted[AutoencoderTransformer]
    chosen = (np.arange(ROWS) % 3 == 0) & (np.arange(ROWS) < 250)
    lazy = autoencoder.transform(da.from_array(X, chunks=(100, 64))[da.from_array(chosen, 100)])
    assert np.isnan(lazy.chunks[0]).all()
    parts = [autoencoder.transform(X[:100][chosen[:100]]) for X, chosen in _hundreds(X, chosen)]
    np.testing.assert_array_equal(lazy.compute(), np.concatenate(parts))


def _hundreds(X, chosen):
    return [(X[i : i + 100], chosen[i : i + 100]) for i in (0, 100, 200)]


def test_sparse_blocks_give_what_dense_ones_give(fitted, digits):
    X, autoencoder = digits[:ROWS], fitted[AutoencoderTransformer]
    lazy = autoencoder.transform(da.from_array(X, chunks=(ROWS, 64)).map_blocks(sparse.csr_array))
    assert_lazy_like(lazy, autoencoder.transform(sparse.csr_array(X)))


def test_dataframes_keep_their_index_and_have_names(frame):
    autoencoder = AutoencoderTransformer(5, max_iter=1, random_state=0).fit(frame)
    lazy = dd.from_pandas(frame, npartitions=3)
    codes, rebuilt = autoencoder.transform(lazy), autoencoder.reconstruct(lazy)
    assert list(codes.columns) == list(autoencoder.get_feature_names_out())
    assert list(rebuilt.columns) == list(frame.columns)
    assert codes.divisions == lazy.divisions
    assert list(autoencoder.inverse_transform(codes).columns) == list(frame.columns)
    assert (codes.dtypes == codes.compute().dtypes).all()
    parts = [autoencoder.transform(lazy.get_partition(i).compute()) for i in range(3)]
    np.testing.assert_array_equal(codes.compute().to_numpy(), np.concatenate(parts))
    errors = autoencoder.reconstruction_error(lazy).compute()
    assert (errors.name, *errors.index[:2]) == ("reconstruction_error", 0, 2)
    assert codes.compute().index.equals(frame.index)


def test_columns_of_an_estimator_without_names_are_numbered(fitted, digits):
    autoencoder = fitted[AutoencoderTransformer]
    codes = dd.from_pandas(pd.DataFrame(autoencoder.transform(digits[:10])), npartitions=1)
    assert list(autoencoder.inverse_transform(codes).columns[:2]) == ["x0", "x1"]


def test_float32_stays_in_dataframes(frame):
    frame = frame.astype(np.float32)
    autoencoder = AutoencoderTransformer(5, max_iter=1).fit(frame)
    codes = autoencoder.transform(dd.from_pandas(frame, npartitions=2))
    assert (codes.dtypes == np.float32).all()
    assert (codes.compute().dtypes == np.float32).all()


def test_containers_are_those_of_the_input_whatever_set_output_says(frame):
    autoencoder = AutoencoderTransformer(5, max_iter=1, random_state=0).fit(frame)
    autoencoder.set_output(transform="pandas")
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        codes = autoencoder.transform(da.from_array(frame.to_numpy(), chunks=(100, 64)))
    # Told once: here a second warning would be an error.
    assert type(codes.compute()) is np.ndarray
    assert isinstance(autoencoder.transform(dd.from_pandas(frame, npartitions=2)), dd.DataFrame)


def test_a_later_fit_does_not_change_what_was_asked_for(digits):
    autoencoder = AutoencoderTransformer(5, max_iter=1, random_state=0).fit(digits)
    expected = autoencoder.transform(digits[:ROWS])
    lazy = autoencoder.transform(da.from_array(digits[:ROWS], chunks=(ROWS, 64)))
    autoencoder.partial_fit(digits)
    np.testing.assert_array_equal(lazy.compute(), expected)


def test_the_graph_holds_the_estimator_once(digits):
    wide = AutoencoderTransformer(5, hidden_layer_sizes=300, max_iter=1).fit(digits)
    lazy = wide.transform(da.zeros((1000, 64), chunks=(10, 64)))
    assert len(lazy.chunks[0]) == 100
    size = len(pickle.dumps(lazy.__dask_graph__()))
    assert size < 2 * len(pickle.dumps(wide))


@pytest.mark.parametrize(
    ("X", "message"),
    [(never((30, 63), (10, 63)), "X has 63 features"), (da.zeros(30), "got 1D Dask array")],
    ids=["width", "dimensions"],
)
def test_what_cannot_work_is_refused_before_anything_is_computed(X, message, fitted):
    with pytest.raises(ValueError, match=message):
        fitted[AutoencoderTransformer].transform(X)


def test_other_collections_are_refused(fitted):
    bag = pytest.importorskip("dask.bag").from_sequence([[0.0] * 64])
    with pytest.raises(TypeError, match=r"array or a dataframe\. Got Bag"):
        fitted[AutoencoderTransformer].transform(bag)


def test_dataframes_with_other_names_or_with_strings_are_refused(frame):
    autoencoder = AutoencoderTransformer(5, max_iter=1).fit(frame)
    other = dd.from_pandas(frame.rename(columns={"pixel0": "other"}), npartitions=1)
    with pytest.raises(ValueError, match="feature names should match"):
        autoencoder.transform(other)
    words = dd.from_pandas(frame.assign(pixel0="word"), npartitions=1)
    with pytest.raises(ValueError, match="could not convert string"):
        autoencoder.transform(words)


@pytest.mark.parametrize("weighted", ["unweighted", "array", "dask", "series"])
@pytest.mark.parametrize("missing", [False, True])
def test_score_is_that_of_all_rows(missing, weighted, fitted, digits, rng):
    X = digits[:ROWS].copy()
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
        X[:100, 0] = np.nan
    weights = None
    if weighted != "unweighted":
        weights = rng.random(ROWS)
        weights[:120] = 0
    forms = {"dask": lambda w: da.from_array(w, 77), "series": as_series}
    given = forms.get(weighted, lambda w: w)(weights)
    score = fitted[AutoencoderTransformer].score(da.from_array(X, chunks=(100, 64)), None, given)
    expected = fitted[AutoencoderTransformer].score(X, sample_weight=weights)
    assert score == pytest.approx(expected, rel=1e-12)


def as_series(weights):
    return dd.from_pandas(pd.Series(weights), npartitions=4)


def test_score_of_a_filtered_array(fitted, digits):
    X = da.from_array(digits, chunks=(300, 64))
    score = fitted[AutoencoderTransformer].score(X[X[:, 20] > 0.5])
    expected = fitted[AutoencoderTransformer].score(digits[digits[:, 20] > 0.5])
    assert score == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"shape \(400,\)"),
        (-np.ones(ROWS), "must not be negative. Got -1"),
        (np.zeros(ROWS), "no rows with a positive weight"),
        (pd.Series(np.ones(ROWS)), "must have the blocks of X, 4"),
    ],
    ids=["length", "negative", "zero", "blocks"],
)
def test_wrong_weights_are_refused(weights, message, fitted, digits):
    X = da.from_array(digits[:ROWS], chunks=(100, 64))
    if isinstance(weights, pd.Series):
        weights = dd.from_pandas(weights, npartitions=3)
    with pytest.raises(ValueError, match=message):
        fitted[AutoencoderTransformer].score(X, sample_weight=weights)


WITHOUT_DASK = """
import sys
for name in ("dask", "distributed"):
    sys.modules[name] = None  # what is None here cannot be imported
import numpy as np
from skautoencoder import AutoencoderTransformer

X = np.random.default_rng(0).random((50, 4))
autoencoder = AutoencoderTransformer(2, hidden_layer_sizes=(), max_iter=1).fit(X)
autoencoder.transform(X)


class Collection:
    npartitions = 2

    def __dask_graph__(self):
        return {}


for method in (autoencoder.transform, autoencoder.fit, autoencoder.partial_fit, autoencoder.score):
    try:
        method(Collection())
    except ImportError as error:
        assert "pip install 'skautoencoder[dask]'" in str(error), error
    else:
        raise AssertionError(method)
print("done")
"""


def test_without_dask_all_else_works_and_the_error_names_the_extra():
    run = subprocess.run([sys.executable, "-c", WITHOUT_DASK], capture_output=True, text=True)
    assert run.stdout == "done\n", run.stderr


def test_the_score_of_a_single_row_is_nan():
    X = np.random.default_rng(0).normal(size=(30, 4))
    autoencoder = AutoencoderTransformer(2, max_iter=1).fit(X)
    weights = np.array([0.0, 2.0, 0.0])
    for one, weight in ((X[:1], None), (X[:3], weights)):
        with pytest.warns(UndefinedMetricWarning, match="a single row"):
            score = autoencoder.score(da.from_array(one, chunks=(1, 4)), sample_weight=weight)
        assert np.isnan(score)
    two = autoencoder.score(da.from_array(X[:2], chunks=(1, 4)))
    assert two == pytest.approx(autoencoder.score(X[:2]))
