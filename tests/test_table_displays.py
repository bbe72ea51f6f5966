"""Displays of estimators that were fitted on tables with categories."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from made_up_tables import hidden_numbers_table
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    plotting,
)
from skautoencoder.plotting._sensitivity import run

NUMBERS = ["length", "count", "small"]
BRIEF = {"hidden_layer_sizes": 6, "max_iter": 10, "random_state": 0}


@pytest.fixture(autouse=True)
def figures():
    """Every test starts without figures and leaves none."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    """With a few holes in columns of both kinds."""
    table = hidden_numbers_table()
    table.loc[table.index[:5], ["size", "length"]] = np.nan
    return table


@pytest.fixture(scope="module")
def fitted(table):
    return AutoencoderTransformer(2, **BRIEF).fit(table)


def bars_of(display):
    """Lengths of the bars by their names."""
    names = [text.get_text() for text in display.axes_.get_yticklabels()]
    lengths = [bar.get_width() for bar in display.axes_.patches]
    return dict(zip(names, lengths, strict=True))


class TestErrors:
    @pytest.mark.parametrize("scale", ["standard", "quantile"])
    @pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
    def test_there_is_one_bar_for_each_column(self, table, scale, make):
        X = make(table)
        fitted = AutoencoderTransformer(2, scale=scale, **BRIEF).fit(X)
        display = plotting.ErrorDisplay.from_estimator(fitted, X, relative=False)
        errors = np.nanmean(fitted.reconstruction_error(X, per_feature=True), axis=0)
        assert bars_of(display) == pytest.approx(dict(zip(table, errors, strict=True)), rel=1e-5)

    def test_a_category_varies_as_much_as_its_shares(self, fitted, table):
        display = plotting.ErrorDisplay.from_estimator(fitted, table)
        errors = np.nanmean(fitted.reconstruction_error(table, per_feature=True), axis=0)
        variances = [
            table[name].var(ddof=0)
            if name in NUMBERS
            else (1 - table[name].value_counts(normalize=True).pow(2).sum()) / 2
            for name in table
        ]
        expected = dict(zip(table, errors / variances, strict=True))
        assert bars_of(display) == pytest.approx(expected, rel=1e-5)

    def test_frames_that_set_output_asks_for_change_nothing(self, fitted, table):
        framed = clone(fitted).set_output(transform="pandas").fit(table)
        bars = [bars_of(plotting.ErrorDisplay.from_estimator(e, table)) for e in (fitted, framed)]
        assert bars[0] == bars[1]

    def test_steps_that_leave_a_table_as_it_is(self, fitted, table):
        pipeline = make_pipeline(FunctionTransformer(), clone(fitted)).fit(table)
        bars = [bars_of(plotting.ErrorDisplay.from_estimator(e, table)) for e in (fitted, pipeline)]
        assert bars[0] == bars[1]


class TestReconstructions:
    def test_each_category_has_a_line(self, fitted, table):
        display = plotting.ReconstructionDisplay.from_estimator(
            fitted, table, rows=[0, 7], standardize=False
        )
        names = [text.get_text() for text in display.axes_[0, 0].get_yticklabels()]
        assert names == fitted.get_encoded_feature_names().tolist()
        np.testing.assert_array_equal(
            display.X_rebuilt, fitted.reconstruct_proba(table.iloc[[0, 7]])
        )
        assert np.isnan(display.X[0, :4]).all()
        truth = [name.split("_")[-1] == table["size"].iloc[7] for name in names[:3]]
        np.testing.assert_array_equal(display.X[1, :3], truth)
        errors = fitted.reconstruction_error(table.iloc[[0, 7]])
        np.testing.assert_allclose(display.errors, errors)

    @pytest.mark.parametrize("kind", [AutoencoderTransformer, VariationalAutoencoderTransformer])
    def test_numbers_are_standardized_and_shares_are_not(self, table, kind):
        fitted = kind(2, **BRIEF).fit(table)
        display = plotting.ReconstructionDisplay.from_estimator(fitted, table, rows=[9])
        own = table["count"]
        assert display.X[0, -2] == pytest.approx((own.iloc[9] - own.mean()) / own.std(ddof=0))
        assert set(display.X[0, :3]) == {0, 1}


class TestCodes:
    @pytest.mark.parametrize("make", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
    def test_a_category_may_colour_the_points(self, fitted, table, make):
        X = make(table)
        display = plotting.CodeDisplay.from_estimator(fitted, X, X["letter"])
        legend = display.axes_.get_legend()
        assert [text.get_text() for text in legend.get_texts()] == list("wxyz")
        assert legend.get_title().get_text() == "letter"

    def test_areas_of_a_classifier_lie_behind(self, table):
        X, y = table.drop(columns="letter"), table["letter"]
        fitted = AutoencoderClassifier(2, **BRIEF).fit(X, y)
        display = plotting.CodeDisplay.from_estimator(fitted, X, y)
        assert display.regions.classes.tolist() == list("wxyz")


class TestWeights:
    def test_rows_are_named_by_categories(self, fitted, table):
        for X in (None, table):
            display = plotting.WeightsDisplay.from_estimator(fitted, X)
            names = [text.get_text() for text in display.axes_.get_yticklabels()]
            assert names == fitted.get_encoded_feature_names().tolist()

    @pytest.mark.parametrize("loss", ["squared_error", [("poisson", ["small"])]])
    def test_a_unit_of_the_code_changes_probabilities(self, table, loss):
        fitted = AutoencoderTransformer(2, loss=loss, **BRIEF).fit(table)
        display = plotting.WeightsDisplay.from_estimator(fitted, table.iloc[9:10])
        decoder = fitted._networks()[1]
        code, step = fitted.transform(table.iloc[9:10]), 1e-5
        for unit, own in enumerate(display.weights):
            moves = step * np.eye(2)[[unit]]
            ends = [predicted(decoder, code + sign * moves) for sign in (1, -1)]
            np.testing.assert_allclose(own, (ends[0] - ends[1]) / (2 * step), atol=1e-5)


def predicted(decoder, code):
    """What the decoder makes of a code, in the network's units."""
    return run(decoder, code)[0][0].copy()


class TestCodeWidths:
    def test_pca_sees_numbers_of_one_variance_and_zeros_and_ones(self):
        table = hidden_numbers_table()
        halves = np.arange(150), np.arange(150, 300)
        display = plotting.CodeWidthDisplay.from_estimator(
            AutoencoderTransformer(1, **BRIEF), table, n_components=[1, 3], cv=[halves]
        )
        train, test = table.iloc[:150], table.iloc[150:]
        encoded = [
            np.column_stack(
                [
                    *(part[name] / train[name].std(ddof=0) for name in NUMBERS),
                    pd.get_dummies(part.drop(columns=NUMBERS).astype(str), dtype=float),
                ]
            )
            for part in (train, test)
        ]
        for number, width in enumerate([1, 3]):
            pca = PCA(width).fit(encoded[0])
            rebuilt = pca.inverse_transform(pca.transform(encoded[1]))
            residual = np.square(rebuilt - encoded[1]).sum()
            variation = np.square(encoded[1] - encoded[1].mean(axis=0)).sum()
            expected = 1 - residual / variation
            assert display.pca_scores[number, 0] == pytest.approx(expected, abs=1e-6)
        fitted = AutoencoderTransformer(3, **BRIEF).fit(train)
        assert display.scores[1, 0] == pytest.approx(fitted.score(test), rel=1e-6)


def test_the_other_displays_show_what_the_network_sees(fitted):
    assert plotting.LossCurveDisplay.from_estimator(fitted).axes_.lines
    texts = plotting.ArchitectureDisplay.from_estimator(fitted).axes_.texts
    assert "12" in {text.get_text() for text in texts}
