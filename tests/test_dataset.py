import numpy as np
import pytest
from scipy import sparse

from skautoencoder.network.dataset import BLOCK_ELEMENTS, Dataset, block_slices
from skautoencoder.network.scaling import Scaling

FORMS = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "negative strides": lambda X: X[::-1].copy()[::-1],
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "CSR": sparse.csr_array,
    "CSR matrix": sparse.csr_matrix,
}


@pytest.fixture
def X(rng):
    X = rng.normal(size=(20, 6))
    X[X < 0.3] = 0
    return X


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("index", [slice(3, 9), np.array([7, 0, 7, 19])], ids=["slice", "indices"])
def test_gathers_the_same_rows_from_every_form_of_X(form, index, X):
    out = np.full_like(X[index], np.nan)
    Dataset(FORMS[form](X)).take(index, out)
    np.testing.assert_array_equal(out, X[index])


@pytest.mark.parametrize("form", FORMS)
def test_gathered_rows_are_scaled_and_X_is_untouched(form, X):
    given = FORMS[form](X)
    out = np.empty((4, 6))
    Dataset(given, Scaling(np.arange(6.0), np.arange(1.0, 7))).take(np.arange(4), out)
    np.testing.assert_allclose(out, (X[:4] - np.arange(6)) / np.arange(1, 7))
    back = given.toarray() if sparse.issparse(given) else given
    np.testing.assert_array_equal(back, X)


@pytest.mark.parametrize("form", ["C order", "CSR"])
def test_a_slice_may_change_the_dtype(form, X):
    out = np.empty((5, 6), np.float32)
    Dataset(FORMS[form](X)).take(slice(0, 5), out)
    np.testing.assert_array_equal(out, X[:5].astype(np.float32))


def test_a_subset_renumbers_rows_and_weights(X):
    weights = np.arange(20.0)
    rows = Dataset(X, sample_weight=weights, subset=np.arange(0, 20, 2)).select(np.array([1, 3, 4]))
    out = np.empty((2, 6))
    rows.take(np.array([2, 0]), out)
    np.testing.assert_array_equal(out, X[[8, 2]])
    assert len(rows) == 3
    np.testing.assert_array_equal(rows.weights(slice(0, 3)), [2, 6, 8])
    assert rows.total_weight() == 16
    assert rows.total_weight(np.array([0, 2])) == 10


def test_without_weights_the_total_is_the_number_of_rows(X):
    assert Dataset(X).total_weight() == 20
    assert Dataset(X).total_weight(np.array([4, 5])) == 2
    assert Dataset(X).weights(slice(0, 3)) is None


@pytest.mark.parametrize(("n_rows", "width"), [(1, 1), (70_000, 1), (100, 10**6), (5000, 64)])
def test_block_slices_cover_every_row_once_in_bounded_blocks(n_rows, width):
    parts = block_slices(n_rows, width)
    np.testing.assert_array_equal(
        np.concatenate([np.arange(part.start, part.stop) for part in parts]), np.arange(n_rows)
    )
    assert max(part.stop - part.start for part in parts) <= max(16, BLOCK_ELEMENTS // width)


@pytest.mark.parametrize("shuffle", [False, True])
def test_rows_are_held_out_at_random_and_the_others_stay_in_order_unless_shuffled(shuffle, X):
    rows = Dataset(X)
    order, held_out = rows.hold_out(3, np.random.default_rng(0), shuffle)
    assert (len(held_out), len(order)) == (3, len(X) - 3)
    np.testing.assert_array_equal(np.sort(np.r_[order, held_out.subset]), np.arange(len(X)))
    assert (np.diff(held_out.subset) > 0).all()
    assert (np.diff(order) > 0).all() == (not shuffle)
