"""What must hold for data of any shape, order and kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skautoencoder import AutoencoderTransformer
from skautoencoder.network.activations import HIDDEN_ACTIVATIONS


@st.composite
def datasets(draw):
    shape = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = {
        "normal": lambda: rng.normal(size=shape),
        "unit": lambda: rng.uniform(size=shape),
        "constant": lambda: np.full(shape, 3.0),
        "heavy": lambda: rng.standard_cauchy(size=shape),
        "large": lambda: 1e8 * rng.normal(size=shape) + 1e9,
        "counts": lambda: rng.poisson(1.0, size=shape).astype(float),
    }
    X = kinds[draw(st.sampled_from(sorted(kinds)))]()
    forms = {
        "C": np.ascontiguousarray,
        "F": np.asfortranarray,
        "reversed": lambda X: X[::-1],
        "csr": sparse.csr_array,
        "csc": sparse.csc_array,
    }
    form = draw(st.sampled_from(sorted(forms)))
    return forms[form](X.astype(draw(st.sampled_from([np.float32, np.float64]))))


@pytest.mark.filterwarnings("ignore:n_components=:UserWarning")
@settings(max_examples=80, deadline=None)
@given(
    X=datasets(),
    n_components=st.integers(1, 14),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    activation=st.sampled_from(HIDDEN_ACTIVATIONS),
    batch_size=st.one_of(st.just("auto"), st.integers(1, 50)),
)
def test_shapes_dtypes_and_units_hold(X, n_components, hidden, activation, batch_size):
    autoencoder = AutoencoderTransformer(
        n_components,
        hidden_layer_sizes=hidden,
        activation=activation,
        batch_size=batch_size,
        max_iter=2,
        random_state=0,
    ).fit(X)
    codes = autoencoder.transform(X)
    rebuilt = autoencoder.inverse_transform(codes)
    n_rows, n_features = X.shape
    assert codes.shape == (n_rows, n_components)
    assert rebuilt.shape == (n_rows, n_features)
    assert codes.dtype == rebuilt.dtype == X.dtype
    n_held_out = 0 if autoencoder.validation_loss_curve_ is None else max(1, round(n_rows / 10))
    assert autoencoder.t_ == 2 * (n_rows - n_held_out)
    assert np.isfinite(rebuilt).all()
    dense = X.toarray() if sparse.issparse(X) else X
    # Rebuilt rows are in the units of X: no further off than X is wide, give or take.
    reach = np.abs(dense).max() + 10 * np.ptp(dense) + 10
    assert np.abs(rebuilt).max() <= reach * (1 + 1e-5)
    error = np.square(dense.astype(float) - rebuilt).mean(axis=1)
    np.testing.assert_allclose(
        autoencoder.reconstruction_error(X), error, rtol=1e-2, atol=1e-5 * reach**2
    )
    if n_rows > 1:
        assert autoencoder.score(X) <= 1
