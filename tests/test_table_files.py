"""Tables in files, as numbers in ONNX, and on the explorer's page."""

import numpy as np
import polars as pl
import pytest
from javascript import needs_node, run_in_node
from made_up_tables import ROWS, encoded_by_hand, hidden_numbers_table

from skautoencoder import AutoencoderTransformer, explore, load_model, save_model, to_onnx
from skautoencoder.explorer.contents import packed_decoder


@pytest.fixture(scope="module")
def table():
    return hidden_numbers_table()


@pytest.fixture(scope="module")
def fitted(table):
    return AutoencoderTransformer(2, random_state=0).fit(table)


@pytest.fixture(scope="module")
def encoded(table):
    return encoded_by_hand(table)


@pytest.fixture(scope="module")
def mixed(encoded):
    return AutoencoderTransformer(2, loss="mixed", random_state=0).fit(encoded)


class TestFiles:
    @pytest.mark.parametrize("is_polars", [False, True])
    def test_a_table_comes_back_to_the_last_bit_and_trains_on(self, is_polars, table, tmp_path):
        X = pl.from_pandas(table) if is_polars else table
        fitted = AutoencoderTransformer(2, max_iter=2, random_state=0).fit(X)
        save_model(fitted, tmp_path / "table.skops")
        loaded = load_model(tmp_path / "table.skops")
        np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
        assert loaded.reconstruct(X).equals(fitted.reconstruct(X))
        np.testing.assert_array_equal(
            loaded.partial_fit(X).transform(X), fitted.partial_fit(X).transform(X)
        )

    @pytest.mark.parametrize(
        "forge",
        [
            lambda model: model._columns.categories.pop(),
            lambda model: model._columns.categories.__setitem__(0, np.array(["a", "b", "c"])),
            lambda model: setattr(model._columns, "width", 5),
            lambda model: setattr(model._columns, "types", model._columns.types[1:]),
            lambda model: setattr(model, "_columns", None),
            lambda model: setattr(model, "column_losses_", model.column_losses_[1:]),
            lambda model: setattr(model, "column_losses_", None),
            lambda model: setattr(model, "column_weights_", -model.column_weights_),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, forge, table, tmp_path):
        fitted = AutoencoderTransformer(2, max_iter=1, random_state=0).fit(table)
        forge(fitted)
        path = tmp_path / "forged.skops"
        pytest.importorskip("skops.io").dump(fitted, path)
        with pytest.raises(ValueError, match=r"forged\.skops"):
            load_model(path)


class TestOnnx:
    def outputs(self, model, X, output):
        runtime = pytest.importorskip("onnxruntime")
        content = to_onnx(model, X[:1], output=output).SerializeToString()
        session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
        return session.run(None, {"X": X})[0]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_probabilities_are_those_of_reconstruct(self, mixed, encoded, dtype):
        X = encoded.astype(dtype)
        found = self.outputs(mixed, X, "reconstruct")
        atol = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(found, mixed.reconstruct(X), rtol=1e-4, atol=atol)
        decoded = self.outputs(mixed, mixed.transform(X), "inverse_transform")
        np.testing.assert_allclose(decoded, found, rtol=1e-4, atol=atol)

    def test_a_column_that_does_not_vary(self, encoded):
        X = np.c_[encoded, np.full(ROWS, 7.0)]
        model = AutoencoderTransformer(2, loss="mixed", max_iter=2, random_state=0).fit(X)
        np.testing.assert_allclose(
            self.outputs(model, X, "reconstruct"), model.reconstruct(X), atol=1e-10
        )


class TestExplorer:
    @needs_node
    def test_the_page_decodes_to_probabilities(self, fitted, table):
        wider = table.assign(country="here")
        model = AutoencoderTransformer(2, max_iter=3, random_state=0).fit(wider)
        codes = model.transform(wider)[:40]
        case = {
            "decoder": packed_decoder(model, model._networks()[1], codes),
            "codes": codes.tolist(),
        }
        rows = run_in_node(
            """
            const network = unpackNetwork(input.decoder);
            const rows = input.codes.map((code) => Array.from(decode(network, code)));
            console.log(JSON.stringify(rows));
            """,
            case,
        )
        np.testing.assert_allclose(rows, model.reconstruct_proba(wider)[:40], rtol=1e-4, atol=1e-5)

    def test_a_category_has_a_bar_for_each_value(self, fitted, table, tmp_path):
        path = explore(fitted, table, tmp_path / "table.html", max_rows=10)
        page = path.read_text()
        for name in fitted.get_encoded_feature_names():
            assert f'"{name}"' in page
