"""CodeWidthDisplay: curves over widths, PCA's beside them, and which width is marked."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need matplotlib, of the extra 'plot'")

from matplotlib import pyplot as plt
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import AutoencoderClassifier, AutoencoderTransformer
from skautoencoder.plotting import CodeWidthDisplay

SHORT = {"hidden_layer_sizes": 5, "max_iter": 2, "random_state": 0}
WIDTHS = [1, 3]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 4)) @ rng.normal(size=(4, 8)) + 5


def drawn(model, X, y=None, **params):
    return CodeWidthDisplay.from_estimator(
        model, X, y, **{"n_components": WIDTHS, "cv": KFold(3), **params}
    )


def splits(X, cv=None):
    return list((cv or KFold(3)).split(X, np.arange(len(X)) % 2))


def test_scores_are_those_of_fits_by_hand(X):
    display = drawn(AutoencoderTransformer("auto", **SHORT), X)
    by_hand = [
        [
            AutoencoderTransformer(width, **SHORT).fit(X[train]).score(X[test])
            for train, test in splits(X)
        ]
        for width in WIDTHS
    ]
    np.testing.assert_array_equal(display.scores, by_hand)


def pca_score(width, train, test):
    pca = PCA(width).fit(train)
    rebuilt = pca.inverse_transform(pca.transform(test))
    return r2_score(test, rebuilt, multioutput="variance_weighted")


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_beside_them_are_those_of_pca_on_the_same_rows(X, form):
    display = drawn(AutoencoderTransformer(2, **SHORT), form(X))
    by_hand = [
        [pca_score(width, X[train], X[test]) for train, test in splits(X)] for width in WIDTHS
    ]
    np.testing.assert_allclose(display.pca_scores, by_hand, atol=1e-9)


def test_steps_of_a_pipeline_are_fitted_to_each_part_and_pca_sees_what_they_make(X):
    X[:, 0] *= 1000
    display = drawn(make_pipeline(StandardScaler(), AutoencoderTransformer(2, **SHORT)), X)
    for column, (train, test) in enumerate(splits(X)):
        scaler = StandardScaler().fit(X[train])
        expected = pca_score(3, scaler.transform(X[train]), scaler.transform(X[test]))
        np.testing.assert_allclose(display.pca_scores[1, column], expected)


def test_a_classifier_is_given_its_classes_and_stratified_folds(X):
    y = np.arange(60) % 2
    display = drawn(AutoencoderClassifier(2, **SHORT), X, y, cv=3)
    expected = [
        AutoencoderClassifier(3, **SHORT).fit(X[train], y[train]).explained_variance(X[test])
        for train, test in splits(X, StratifiedKFold(3))
    ]
    np.testing.assert_array_equal(display.scores[1], expected)


def test_missing_cells_count_neither_for_the_network_nor_for_pca(X, rng):
    """Where a network cannot leave PCA, both curves are one."""
    X[rng.random(X.shape) < 0.1] = np.nan
    still = AutoencoderTransformer(
        hidden_layer_sizes=(), weight_init="pca", max_iter=1, learning_rate_init=1e-12
    )
    display = drawn(still, X)
    np.testing.assert_allclose(display.scores, display.pca_scores, atol=1e-6)


def test_the_estimator_is_not_changed(X):
    model = AutoencoderTransformer("auto", **SHORT)
    before = model.get_params()
    drawn(model, X)
    assert model.get_params() == before
    assert not hasattr(model, "coefs_")


def test_widths_are_six_at_most_and_half_of_the_features_at_most(X):
    model = AutoencoderTransformer(**SHORT)
    assert drawn(model, X, n_components="auto").n_components == [1, 2, 3, 4]
    wide = np.tile(X, 20)
    assert drawn(model, wide, n_components="auto").n_components == [1, 2, 5, 12, 28, 64]


@pytest.mark.parametrize(("share", "narrowest"), [(0.5, 2), (0.8, 4), (0.85, 4), (0.97, None)])
def test_the_narrowest_code_that_keeps_enough_is_marked(share, narrowest):
    display = CodeWidthDisplay([2, 4, 8], [[0.4, 0.7], [0.8, 0.9], [0.95, 0.95]], share=share)
    assert display.n_components_ == narrowest
    ax = display.plot().axes_
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert marks == ([] if narrowest is None else [narrowest])
    said = "at no width" if narrowest is None else f"from {narrowest} numbers"
    assert ax.get_legend().get_texts()[0].get_text() == f"autoencoder: {share:g} {said}"


def test_the_picture_has_a_curve_for_each_and_names_the_widths():
    ax = CodeWidthDisplay([2, 5], [[0.5], [0.9]], [[0.3], [0.95]]).plot().axes_
    curves = [line.get_ydata().tolist() for line in ax.lines if line.get_marker() == "o"]
    assert curves == [[0.5, 0.9], [0.3, 0.95]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["2", "5"]


def test_given_axes_are_drawn_on():
    _, ax = plt.subplots()
    assert CodeWidthDisplay([2], [[0.5]]).plot(ax).axes_ is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_components": [2, 0.5]}, r"n_components must be .*positive integers.*Got \[2, 0.5\]"),
        ({"n_components": "all"}, "n_components must be .*'auto'.*Got 'all'"),
        ({"n_components": []}, "n_components must be a sequence"),
        ({"n_components": [4, 2]}, "n_components must rise"),
        ({"share": 1}, r"share must be a number in \(0, 1\).*Got 1 instead"),
        ({"share": "half"}, "share must be a number"),
    ],
)
def test_wrong_parameters_are_named(X, params, message):
    with pytest.raises(ValueError, match=message):
        drawn(AutoencoderTransformer(**SHORT), X, **params)
    assert plt.get_fignums() == []


def test_scores_of_other_widths_are_refused():
    with pytest.raises(ValueError, match="pca_scores must have a row for each of the 2 widths"):
        CodeWidthDisplay([1, 2], [[0.1], [0.2]], [[0.1]])


def test_what_is_no_autoencoder_is_refused(X):
    with pytest.raises(TypeError, match=r"estimator must be an Autoenc.*Got PCA\(\)"):
        drawn(PCA(), X)
