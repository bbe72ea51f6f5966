"""What must hold for data frames of any columns: what comes back is a frame of the same kind."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from made_up_frames import FLOATS, INTEGERS, tables
from sklearn.base import clone

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)

TINY = {"hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
MODELS = {
    kind.__name__: kind(1, **TINY)
    for kind in (
        AutoencoderTransformer,
        VariationalAutoencoderTransformer,
        AutoencoderClassifier,
        AutoencoderRegressor,
    )
}
BRIEF = AutoencoderTransformer(1, hidden_layer_sizes=3, max_iter=2)
BRIEFLY = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def assert_same_kind(found, X):
    """Names, order, types and, of pandas, the index."""
    assert type(found) is type(X)
    if isinstance(X, pl.DataFrame):
        assert found.schema == X.schema
        return
    pd.testing.assert_index_equal(found.columns, X.columns, exact="equiv")
    pd.testing.assert_series_equal(found.dtypes, X.dtypes)


def values_of(frame, number):
    """A column as a list, None where a cell is missing."""
    if isinstance(frame, pl.DataFrame):
        column = frame.to_series(number).to_list()
    else:
        column = frame.iloc[:, number].astype(object).tolist()
    return [None if pd.isna(each) else each for each in column]


def assert_plausible(found, table):
    """Categories that were there, no missing cell where any value was, finite numbers."""
    for number, column in enumerate(table.columns):
        values, seen = values_of(found, number), set(column.values) - {None}
        if column.kind in INTEGERS + FLOATS:
            assert np.isfinite(np.array(values, dtype=float)).all()
        else:
            assert set(values) <= (seen or {None})


def assert_equal_frames(first, second):
    """Of one library and another, or of the same."""
    assert list(map(str, first.columns)) == list(map(str, second.columns))
    for number in range(first.shape[1]):
        assert values_of(first, number) == values_of(second, number)


def fitted(model, X):
    y = np.arange(len(X)) % 2
    needs_y = isinstance(model, AutoencoderClassifier | AutoencoderRegressor)
    return clone(model).fit(X, y) if needs_y else clone(model).fit(X)


@pytest.mark.parametrize("name", MODELS)
@BRIEFLY
@given(table=tables(), n_components=st.integers(1, 2))
def test_what_is_rebuilt_is_a_frame_of_the_same_kind(name, table, n_components):
    model, found = MODELS[name].set_params(n_components=n_components), {}
    for X in (table.pandas(), table.polars()):
        before = X.copy() if isinstance(X, pd.DataFrame) else X.clone()
        estimator = fitted(model, X)
        codes = estimator.transform(X)
        assert codes.shape == (len(X), n_components)
        assert np.isfinite(codes).all()
        rebuilt, decoded = estimator.reconstruct(X), estimator.inverse_transform(codes)
        for each in (rebuilt, decoded):
            assert_same_kind(each, X)
            assert_plausible(each, table)
        assert_equal_frames(rebuilt, decoded)
        assert_equal_frames(rebuilt, fitted(model, X).reconstruct(X))
        assert before.equals(X)
        errors = estimator.reconstruction_error(X, per_feature=True)
        np.testing.assert_array_equal(np.isnan(errors), table.missing())
        found[type(X)] = codes, rebuilt
    rebuilt = found[pd.DataFrame][1]
    pd.testing.assert_index_equal(rebuilt.index, table.pandas().index)
    np.testing.assert_array_equal(*(codes for codes, _ in found.values()))
    assert_equal_frames(*(rebuilt for _, rebuilt in found.values()))


@BRIEFLY
@given(table=tables(), seed=st.integers(0, 9))
def test_made_up_rows_are_rows_of_the_frame(table, seed):
    model, found = MODELS["VariationalAutoencoderTransformer"], []
    for X in (table.pandas(), table.polars()):
        rows = fitted(model, X).sample(5, random_state=seed)
        assert len(rows) == 5
        assert_same_kind(rows, X)
        assert_plausible(rows, table)
        found.append(rows)
    assert_equal_frames(*found)


@pytest.mark.parametrize("sample", [False, True])
@BRIEFLY
@given(table=tables())
def test_what_is_filled_is_the_frame_without_holes(sample, table):
    assume(not table.missing().all())
    imputer = AutoencoderImputer(
        BRIEF, sample=sample, max_iter=1, keep_empty_features=True, random_state=0
    )
    found = []
    for X in (table.pandas(), table.polars()):
        filled = clone(imputer).fit_transform(X)
        assert_same_kind(filled, X)
        assert_plausible(filled, table)
        if isinstance(X, pd.DataFrame):
            pd.testing.assert_index_equal(filled.index, X.index)
        for number, column in enumerate(table.columns):
            for was, now in zip(column.values, values_of(filled, number), strict=True):
                assert was is None or was == now
        found.append(filled)
    assert_equal_frames(*found)


@BRIEFLY
@given(table=tables())
def test_scores_are_finite_numbers_of_the_same_rows(table):
    detector = AutoencoderOutlierDetector(BRIEF, n_estimators=1, random_state=0)
    found = []
    for X in (table.pandas(), table.polars()):
        estimator = clone(detector).fit(X)
        scores = estimator.score_samples(X)
        assert np.isfinite(scores).all()
        contributions = estimator.feature_contributions(X)
        assert contributions.shape == X.shape
        # Of a row that costs nothing at all no cell is to blame.
        is_blamed = contributions.any(axis=1)
        np.testing.assert_allclose(contributions.sum(axis=1)[is_blamed], -scores[is_blamed])
        np.testing.assert_array_equal(clone(detector).fit(X).score_samples(X), scores)
        found.append(scores)
    np.testing.assert_array_equal(*found)
