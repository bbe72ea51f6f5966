import numpy as np

from skautoencoder.network.parameters import Parameters, layer_shapes


def test_weights_and_biases_are_views_that_tile_the_flat_vector():
    parameters = Parameters(layer_shapes([3, 4, 2]), np.float32)
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
