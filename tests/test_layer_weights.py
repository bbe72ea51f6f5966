"""Reading the original's weights, and nothing else."""

import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from forged_layer_weights import F8, FORGERIES, NUMBERS, ROW, array, file_of
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from skautoencoder import AutoencoderTransformer, augment_with_shifts, read_layer_weights

ORIGINAL = Path(__file__).parents[2] / "shared" / "data" / "layer_weights.npy"
needs_original = pytest.mark.skipif(
    not ORIGINAL.exists(), reason="the original's file of weights is not part of the package"
)


def matrices(shapes, dtype=np.float64):
    rng = np.random.default_rng(0)
    array = np.empty(len(shapes), dtype=object)
    for i, shape in enumerate(shapes):
        array[i] = rng.normal(size=shape).astype(dtype)
    return array


NETWORK = [(5, 7), (3, 6), (5, 4), (6, 6)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "layer_weights.npy"


def original_split():
    X = augment_with_shifts(load_digits().images).reshape(-1, 64)
    return train_test_split(MinMaxScaler().fit_transform(X), test_size=0.2, random_state=42)


def l2(autoencoder, X):
    return 0.5 * np.square(X - autoencoder.reconstruct(X)).sum(axis=1).mean()


@needs_original
class TestTheOriginal:
    def test_its_weights_have_its_test_error(self):
        train, test = original_split()
        autoencoder = AutoencoderTransformer.from_layer_weights(read_layer_weights(ORIGINAL))
        assert l2(autoencoder, test) == pytest.approx(1.12068, abs=5e-6)
        assert l2(autoencoder, train) == pytest.approx(0.90359, abs=5e-6)

    def test_its_matrices_are_read_exactly(self):
        # Trusted here: the file is ours.
        expected = np.load(ORIGINAL, allow_pickle=True)
        for ours, theirs in zip(read_layer_weights(ORIGINAL), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_training_goes_on_from_it(self):
        train, test = original_split()
        autoencoder = AutoencoderTransformer.from_layer_weights(
            read_layer_weights(ORIGINAL), random_state=0
        )
        for _ in range(3):
            autoencoder.partial_fit(train)
        assert l2(autoencoder, test) < 1.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_saves_is_read_back(path, dtype, order):
    given = matrices(NETWORK, dtype)
    given[1] = np.asarray(given[1], order=order)
    np.save(path, given)
    for before, after in zip(given, read_layer_weights(path), strict=True):
        np.testing.assert_array_equal(before, after)
        assert after.dtype.isnative
        assert after.flags.writeable


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_since_python_3_is_read(path, protocol):
    given = matrices(NETWORK)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"shape": (4,), "fortran_order": False, "descr": "|O"}
        )
        pickle.dump(given, file, protocol=protocol)
    if protocol == 5:
        # numpy.save itself never uses it; its buffers are another format.
        with pytest.raises(ValueError, match="holds no layer weights"):
            read_layer_weights(path)
        return
    for before, after in zip(given, read_layer_weights(path), strict=True):
        np.testing.assert_array_equal(before, after)


def test_matrices_of_one_shape_are_stored_without_a_pickle_and_read_too(path):
    np.save(path, np.ones((2, 3, 4)))
    assert [matrix.shape for matrix in read_layer_weights(path)] == [(3, 4), (3, 4)]


class Hostile:
    """Runs code when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("place", ["inside", "instead", "dtype"])
def test_a_hostile_file_is_refused_and_runs_nothing(path, tmp_path, place):
    marker = tmp_path / "ran"
    array = matrices(NETWORK)
    if place == "inside":
        array[2] = Hostile(marker)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"shape": (4,), "fortran_order": False, "descr": "|O"}
        )
        content = {"inside": array, "instead": Hostile(marker), "dtype": [array, Hostile(marker)]}
        pickle.dump(content[place], file)
    with pytest.raises(ValueError, match=r"holds no layer weights.*Nothing of it was run"):
        read_layer_weights(path)
    assert not marker.exists()
    np.load(path, allow_pickle=True)  # what this reader is there for
    assert marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        [np.ones((2, 3)), "text"],
        [np.ones((2, 3)), np.ones(3)],
        [np.ones((2, 3)), np.array([["a", "b"]])],
        [np.ones((2, 3)), np.array([[1, 2]])],
        [np.ones((2, 3)), np.array([[np.nan, 2.0]])],
        [np.ones((2, 3)), None],
    ],
    ids=["text", "vector", "strings", "integers", "NaN", "None"],
)
def test_anything_but_finite_float_matrices_is_refused(path, content):
    array = np.empty(len(content), dtype=object)
    array[:] = content
    np.save(path, array)
    with pytest.raises(ValueError, match="holds no layer weights"):
        read_layer_weights(path)


def test_damaged_files_are_refused_and_never_misread(path):
    np.save(path, matrices(NETWORK))
    content, original = path.read_bytes(), read_layer_weights(path)
    rng = np.random.default_rng(0)
    refusals = []
    for trial in range(400):
        damaged = bytearray(content)
        if trial % 2:
            damaged = damaged[: rng.integers(len(damaged))]
        else:
            # Mostly in the structure: flips within the numbers cannot be noticed.
            position = rng.integers(min(500, len(damaged)) if trial % 4 else len(damaged))
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            matrices_read = read_layer_weights(path)
        except ValueError as error:
            refusals.append(str(error))
        else:
            assert len(matrices_read) == len(original)
            assert all(np.isfinite(matrix).all() for matrix in matrices_read)
    assert len(refusals) > 200
    assert all("holds no layer weights" in refusal for refusal in refusals)


def test_a_pickle_with_more_than_arrays_need_is_refused_before_it_is_loaded(path):
    array = matrices(NETWORK)
    array[1] = {"a": 1}
    np.save(path, array)
    with pytest.raises(ValueError, match="unexpected opcode EMPTY_DICT"):
        read_layer_weights(path)


def test_a_memo_index_beyond_reason_is_refused_before_it_is_loaded(path):
    np.save(path, matrices(NETWORK))
    header = path.read_bytes()[:128]
    path.write_bytes(header + b"\x80\x04Nr\xff\xff\xff\x7f.")
    with pytest.raises(ValueError, match="a memo index out of range"):
        read_layer_weights(path)


def test_a_pickle_that_is_too_long_for_its_matrices_is_refused_before_it_is_loaded(path):
    np.save(path, matrices(NETWORK))
    header = path.read_bytes()[:128]
    path.write_bytes(header + b"\x80\x04N" + 100_000 * b"\x85" + b".")
    with pytest.raises(ValueError, match="more opcodes than its matrices need"):
        read_layer_weights(path)


def test_a_header_that_promises_more_numbers_than_there_are_reserves_no_memory(path):
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"shape": (9999, 10**6, 10**6), "fortran_order": False, "descr": "<f8"}
        )
    with pytest.raises(ValueError, match="its size is not that of its numbers"):
        read_layer_weights(path)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_file_is_refused_in_memory_that_is_in_proportion_to_it(path, name):
    content = FORGERIES[name]
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="holds no layer weights"):
            read_layer_weights(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A header, which NumPy reads, may have ten thousand characters.
    assert peak < 5_000_000 + 100 * len(content)


def test_the_right_file_of_the_same_making_is_read(path):
    path.write_bytes(file_of(3 * array(ROW, F8, NUMBERS), 3))
    assert [matrix.tolist() for matrix in read_layer_weights(path)] == 3 * [[[0.0, 0.0]]]


@pytest.mark.parametrize("array", [np.ones((2, 3, 4), "f2"), np.empty(0, dtype=object)])
def test_other_floats_and_no_matrices_at_all_are_refused(path, array):
    np.save(path, array)
    with pytest.raises(ValueError, match="holds no layer weights"):
        read_layer_weights(path)


def test_what_a_file_says_of_itself_is_shown_short_and_harmless(path):
    class Loud:
        def __reduce__(self):
            return eval, ("1",)

    array = matrices(NETWORK)
    array[0] = Loud()
    np.save(path, array)
    content = path.read_bytes().replace(b"\x08builtins", b"\x08os\x1b[31mx")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="holds no layer weights") as refusal:
        read_layer_weights(path)
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_a_missing_file_is_a_missing_file(path):
    with pytest.raises(FileNotFoundError):
        read_layer_weights(path)


class TestConversion:
    def test_matrices_round_trip_through_an_estimator_and_a_file(self, path, rng):
        given = matrices(NETWORK)
        autoencoder = AutoencoderTransformer.from_layer_weights(given, n_components=3)
        np.save(path, autoencoder.to_layer_weights())
        for before, after in zip(given, read_layer_weights(path), strict=True):
            np.testing.assert_array_equal(before, after)

    def test_the_estimator_computes_what_the_matrices_say(self, rng):
        given, X = matrices(NETWORK), rng.uniform(size=(8, 6))
        autoencoder = AutoencoderTransformer.from_layer_weights(given, n_components=3)
        values = X.T
        for i, matrix in enumerate(given):
            z = matrix @ np.vstack([values, np.ones(8)])
            values = np.tanh(z) if i < 3 else 1 / (1 + np.exp(-z))
            if i == 1:
                np.testing.assert_allclose(autoencoder.transform(X), values.T)
        np.testing.assert_allclose(autoencoder.reconstruct(X), values.T)
        assert autoencoder.hidden_layer_sizes == (5,)
        assert autoencoder.get_params()["decoder_layer_sizes"] == (5,)

    def test_a_fitted_estimator_s_scaling_is_worked_in(self, rng):
        X = rng.normal(size=(50, 6)) * [1, 10, 100, 1, 1, 1] + 5
        autoencoder = AutoencoderTransformer(
            3, hidden_layer_sizes=5, skip_connections=False, scale="standard", max_iter=3
        ).fit(X)
        assert autoencoder.output_activation_ == "identity"
        unscaled = AutoencoderTransformer.from_layer_weights(
            autoencoder.to_layer_weights(), n_components=3, output_activation="identity"
        )
        np.testing.assert_allclose(unscaled.reconstruct(X), autoencoder.reconstruct(X))

    def test_linear_paths_are_refused(self, rng):
        autoencoder = AutoencoderTransformer(3, max_iter=1).fit(rng.normal(size=(50, 6)))
        with pytest.raises(
            ValueError, match="no place for skip connections: fit with skip_connections="
        ):
            autoencoder.to_layer_weights()

    def test_a_scaling_that_no_matrix_can_undo_is_refused(self, rng):
        autoencoder = AutoencoderTransformer(
            3, hidden_layer_sizes=5, max_iter=1, output_activation="tanh"
        ).fit(10 * rng.normal(size=(50, 6)))
        with pytest.raises(ValueError, match="output_activation='tanh': fit with scale=None"):
            autoencoder.to_layer_weights()

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            ([(5, 7)], "at least two matrices"),
            ([(5, 7), (3, 5), (6, 4)], "Got shapes"),
            ([(5, 7), (3, 6), (7, 4)], "Got shapes"),
        ],
    )
    def test_matrices_that_make_no_autoencoder_are_refused(self, shapes, message):
        with pytest.raises(ValueError, match=message):
            AutoencoderTransformer.from_layer_weights(matrices(shapes), n_components=3)

    def test_a_code_width_that_does_not_occur_is_refused_with_those_that_do(self):
        with pytest.raises(ValueError, match=r"n_components=4 is not .* choose one of \[3, 5\]"):
            AutoencoderTransformer.from_layer_weights(matrices(NETWORK), n_components=4)

    def test_of_several_layers_of_the_width_the_middle_one_is_the_code(self):
        shapes = [(4, 7), (4, 5), (4, 5), (6, 5)]
        autoencoder = AutoencoderTransformer.from_layer_weights(matrices(shapes), n_components=4)
        assert autoencoder.hidden_layer_sizes == (4,)
        assert autoencoder.decoder_layer_sizes == (4,)

    def test_matrices_that_are_not_finite_and_real_are_refused(self):
        given = matrices(NETWORK)
        for wrong in (np.full((5, 7), np.nan), np.ones((5, 7), complex)):
            given[0] = wrong
            with pytest.raises(ValueError, match="layer_weights must be matrices of finite real"):
                AutoencoderTransformer.from_layer_weights(given, n_components=3)

    def test_wrong_parameters_are_refused(self):
        with pytest.raises(ValueError, match="'activation' parameter"):
            AutoencoderTransformer.from_layer_weights(
                matrices(NETWORK), n_components=3, activation="sine"
            )
