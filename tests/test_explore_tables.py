"""The page that explore writes of a table: its numbers are those of the estimator."""

import base64
import json
import re

import numpy as np
import polars as pl
import pytest
from javascript import needs_node, run_in_node
from made_up_tables import hidden_numbers_table
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    explore,
)

BRIEF = {"hidden_layer_sizes": 6, "max_iter": 10, "random_state": 0}


@pytest.fixture
def table():
    """With holes in columns of both kinds, a column of one category and a constant number."""
    table = hidden_numbers_table()[:60].assign(country="here", year=2024)
    table.loc[table.index[3], ["size", "length"]] = np.nan
    return table


@pytest.fixture
def path(tmp_path):
    return tmp_path / "explorer.html"


def contents_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="contents">(.*?)</script>', text, re.DOTALL)[1])


def unpack(array):
    values = np.frombuffer(base64.b64decode(array["base64"]), array["dtype"])
    return values.reshape(array["shape"])


def decoded_in_node(contents):
    """What the page makes of each row's code, and the error that it gives."""
    result = run_in_node(
        """
        const network = unpackNetwork(input.decoder);
        const [codes, rows] = [unpack(input.codes), unpack(input.rows)];
        const numbers = Array.from({ length: codes.shape[0] }, (_, i) => i);
        const all = numbers.map((i) => decode(network, rowOf(codes, i)));
        const errors = all.map((output, i) => rowError(rowOf(rows, i), output, input.table));
        console.log(JSON.stringify([all.map((output) => Array.from(output)), errors]));""",
        contents,
    )
    return map(np.array, result)


@needs_node
@pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
@pytest.mark.parametrize("loss", ["squared_error", [("poisson", ["small"])]])
def test_the_page_decodes_numbers_and_probabilities(make, loss, table, path):
    X = make(table)
    fitted = AutoencoderTransformer(2, loss=loss, **BRIEF).fit(X)
    contents = contents_of(explore(fitted, X, path))
    decoded, errors = decoded_in_node(contents)
    expected = fitted.reconstruct_proba(X)
    np.testing.assert_allclose(decoded, expected, atol=1e-4)
    np.testing.assert_allclose(errors, fitted.reconstruction_error(X), rtol=1e-3)
    assert contents["featureNames"] == fitted.get_encoded_feature_names().tolist()
    assert contents["decoder"]["layers"][0]["weights"]["dtype"] == "float32"


@needs_node
@pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoderTransformer])
def test_numbers_stand_in_the_place_of_their_normal_scores(kind, table, path):
    fitted = kind(2, scale="quantile", **BRIEF).fit(table)
    contents = contents_of(explore(fitted, table, path))
    decoded, _ = decoded_in_node(contents)
    np.testing.assert_allclose(decoded, fitted.reconstruct_proba(table), atol=1e-4)
    numbers = [contents["featureNames"].index(name) for name in ("length", "count", "year")]
    own = unpack(contents["rows"])[:, numbers]
    np.testing.assert_allclose(own, table[["length", "count", "year"]], rtol=1e-6)


@needs_node
@pytest.mark.parametrize("steps", [(), (StandardScaler(),)], ids=["alone", "pipeline"])
def test_arrays_whose_quantiles_are_scaled(steps, path, rng):
    X = np.exp(rng.normal(size=(60, 3)))
    pipeline = make_pipeline(*steps, AutoencoderTransformer(2, scale="quantile", **BRIEF)).fit(X)
    contents = contents_of(explore(pipeline, X, path))
    inputs = X if not steps else pipeline[0].transform(X)
    np.testing.assert_allclose(unpack(contents["rows"]), inputs, rtol=1e-5)
    decoded, errors = decoded_in_node(contents)
    np.testing.assert_allclose(decoded, pipeline[-1].reconstruct(inputs), atol=1e-5)
    np.testing.assert_allclose(errors, np.square(decoded - inputs).mean(axis=1), rtol=1e-4)
    assert contents["table"] is None
    assert contents["isAfterSteps"] == bool(steps)


def test_of_a_classifier_and_behind_a_step_that_does_nothing(table, path):
    X, y = table.drop(columns="letter"), table["letter"]
    pipeline = make_pipeline(FunctionTransformer(), AutoencoderClassifier(2, **BRIEF)).fit(X, y)
    contents = contents_of(explore(pipeline, X, path, y=y))
    assert contents["head"]["names"] == list("wxyz")
    assert contents["table"]["isCategory"] == [True, False, True, False, False, True, False]
    assert contents["table"]["columnOf"] == [0, 0, 0, 1, 2, 2, 3, 4, 5, 6]
