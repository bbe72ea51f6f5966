import numpy as np
import pytest

from skautoencoder.network.parameters import Parameters, layer_shapes, mirrored_ties


def test_weights_and_biases_are_views_that_tile_the_flat_vector():
    parameters = Parameters(layer_shapes([3, 4], [4, 2]), np.float32)
    assert parameters.flat.shape == ((3 + 1) * 4 + (4 + 1) * 2,)
    assert parameters.flat.dtype == np.float32
    for number, view in enumerate([*parameters.weights, *parameters.biases], start=1):
        view += number
    assert not (parameters.flat == 0).any()
    assert sorted(parameters.flat) == [1] * 12 + [2] * 8 + [3] * 4 + [4] * 2
    assert parameters.shapes == [(3, 4), (4, 2)]


def test_arrays_round_trip_without_sharing_memory(rng):
    coefs = [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]
    intercepts = [rng.normal(size=4), rng.normal(size=2)]
    parameters = Parameters.from_arrays(coefs, intercepts)
    for given, returned in zip((coefs, intercepts), parameters.to_arrays(), strict=True):
        for before, after in zip(given, returned, strict=True):
            np.testing.assert_array_equal(before, after)
            assert not np.shares_memory(after, parameters.flat)
            assert after.base is None


def tied_parameters(rng):
    shapes = layer_shapes([5, 4, 3], [3, 4, 5], has_skips=True)
    parameters = Parameters(shapes, np.float64, mirrored_ties(2, has_skips=True))
    parameters.flat[:] = rng.normal(size=parameters.flat.shape)
    return parameters


def test_tied_weights_are_held_once_and_seen_transposed(rng):
    parameters = tied_parameters(rng)
    for number, other in {3: 0, 2: 1, 5: 4}.items():
        assert np.shares_memory(parameters.weights[number], parameters.weights[other])
        np.testing.assert_array_equal(parameters.weights[number], parameters.weights[other].T)
    n_biases = 4 + 3 + 4 + 5 + 3 + 5
    assert len(parameters.flat) == 5 * 4 + 4 * 3 + 5 * 3 + n_biases
    again = Parameters.from_arrays(*parameters.to_arrays(), parameters.ties)
    np.testing.assert_array_equal(again.flat, parameters.flat)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n_parts", [1, 2, 3, 7, 100])
def test_parts_tile_the_vector_and_cut_no_row_and_no_biases(n_parts, tied):
    ties = mirrored_ties(2, has_skips=True) if tied else None
    parameters = Parameters(layer_shapes([5, 4, 3], [3, 4, 5], has_skips=True), np.float64, ties)
    parts = parameters.parts(n_parts)
    assert 1 <= len(parts) <= n_parts
    assert np.concatenate([parameters.flat[part] for part in parts]).size == parameters.flat.size
    assert [part.stop for part in parts[:-1]] == [part.start for part in parts[1:]]
    for part in parts:
        parameters.flat[part] += 1
        for number in parameters.own_weights:
            parameters.weights[number][parameters.rows_within(number, part)] -= 1
        for number, biases in enumerate(parameters.biases):
            biases -= parameters.has_biases_within(number, part)
    np.testing.assert_array_equal(parameters.flat, 0)


def test_two_parts_are_about_equal():
    parameters = Parameters(layer_shapes([784, 128, 32], [32, 128, 784]), np.float32)
    lengths = [part.stop - part.start for part in parameters.parts(2)]
    assert abs(lengths[0] - lengths[1]) <= 784
