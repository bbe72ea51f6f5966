"""Dropout by itself; layers are tested by the gradient checks and by what estimators compute."""

import numpy as np
import pytest

from skautoencoder.network.layers import Dropout


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_the_mean_and_treats_derivatives_alike(dtype, rng):
    values, derivative = np.full((200, 50), 2, dtype), np.full((200, 50), 3, dtype)
    Dropout(0.4, rng).apply(values, derivative)
    assert (values == 0).mean() == pytest.approx(0.4, abs=0.02)
    np.testing.assert_allclose(values[values != 0], 2 / 0.6, rtol=1e-6)
    np.testing.assert_allclose(derivative, 1.5 * values, rtol=1e-6)
    assert values.dtype == derivative.dtype == dtype
