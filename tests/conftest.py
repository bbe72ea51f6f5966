import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """The 1797 digits in [0, 1], float64."""
    return load_digits().data / 16


@pytest.fixture
def rng():
    return np.random.default_rng(0)
