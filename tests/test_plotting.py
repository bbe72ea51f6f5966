"""What each display draws: the data of the artists, not the look of the picture."""

import sys
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    plotting,
)
from skautoencoder.plotting import (
    ArchitectureDisplay,
    CodeDisplay,
    ErrorDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    WeightsDisplay,
)

IMAGE = (4, 4)
SETTINGS = {"hidden_layer_sizes": (7, 6), "max_iter": 3, "random_state": 0}


@pytest.fixture(autouse=True)
def figures():
    """Every test starts without figures and leaves none."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def X(digits):
    """60 rows of 4 x 4 pixels, the middle of the digits."""
    return digits[:60].reshape(60, 8, 8)[:, 2:6, 2:6].reshape(60, 16)


@pytest.fixture(scope="module")
def frame(X):
    """The same as four named columns of different units."""
    columns = X[:, [1, 5, 10, 14]] * [1, 10, 100, 1000]
    return pd.DataFrame(columns, columns=["age", "height", "weight", "income"])


@pytest.fixture(scope="module")
def autoencoder(X):
    return AutoencoderTransformer(2, early_stopping=True, **SETTINGS).fit(X)


@pytest.fixture(scope="module")
def vae(X):
    return VariationalAutoencoderTransformer(3, **SETTINGS).fit(X)


@pytest.fixture(scope="module")
def pipeline(frame):
    return make_pipeline(StandardScaler(), AutoencoderTransformer(2, **SETTINGS)).fit(frame)


def with_missing(X):
    X = X.copy()
    X[0, 3] = np.nan
    return X


def image_of(ax):
    return np.asarray(ax.images[0].get_array())


def texts(labels):
    return [label.get_text() for label in labels]


def legend_texts(ax):
    return texts(ax.get_legend().get_texts())


# What all displays have in common. Each draws from an autoencoder and rows.
DRAW = {
    "architecture": lambda a, X, ax=None: ArchitectureDisplay.from_estimator(a, ax=ax),
    "codes": lambda a, X, ax=None: CodeDisplay.from_estimator(a, X, projection=(0, 1), ax=ax),
    "errors": lambda a, X, ax=None: ErrorDisplay.from_estimator(a, X, ax=ax),
    "error image": lambda a, X, ax=None: ErrorDisplay.from_estimator(
        a, X, image_shape=IMAGE, ax=ax
    ),
    "losses": lambda a, X, ax=None: LossCurveDisplay.from_estimator(a, ax=ax),
    "images": lambda a, X, ax=None: ReconstructionDisplay.from_estimator(
        a, X, rows=2, image_shape=IMAGE, ax=ax
    ),
    "points": lambda a, X, ax=None: ReconstructionDisplay.from_estimator(a, X, rows=2, ax=ax),
    "weights": lambda a, X, ax=None: WeightsDisplay.from_estimator(a, X, ax=ax),
    "weight images": lambda a, X, ax=None: WeightsDisplay.from_estimator(
        a, X, image_shape=IMAGE, ax=ax
    ),
}


@pytest.fixture(params=DRAW)
def draw(request):
    return DRAW[request.param]


def test_a_fresh_figure_is_made_where_no_axes_are_given(draw, autoencoder, X):
    display = draw(autoencoder, X)
    assert plt.get_fignums() == [display.figure_.number]
    assert set(np.ravel(display.axes_)) <= set(display.figure_.axes)


def test_given_axes_are_drawn_on_and_the_others_left_alone(draw, autoencoder, X):
    figure, axes = plt.subplots(2, 2)
    boxes = [ax.get_position().bounds for ax in axes.flat]
    display = draw(autoencoder, X, ax=axes[0, 1])
    assert plt.get_fignums() == [figure.number]
    assert display.figure_ is figure
    figure.canvas.draw()
    x, y, width, height = boxes[1]
    for ax in np.ravel(display.axes_):
        x0, y0, x1, y1 = ax.get_position().extents
        assert x - 1e-9 <= x0 < x1 <= x + width + 1e-9
        assert y - 1e-9 <= y0 < y1 <= y + height + 1e-9
    for ax in (axes[0, 0], axes[1, 0], axes[1, 1]):
        assert not ax.has_data()


def test_axes_that_were_put_somewhere_by_hand_can_be_given(autoencoder, X):
    ax = plt.figure().add_axes((0.5, 0.1, 0.4, 0.8))
    display = DRAW["images"](autoencoder, X, ax=ax)
    x0, _, x1, _ = display.axes_[0, -1].get_position().extents
    assert 0.5 <= x0 < x1 <= 0.9 + 1e-9


@pytest.mark.parametrize("ax", [3, np.array([None, None])])
def test_what_is_no_axes_is_refused(draw, autoencoder, X, ax):
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes, or None.*pass one of"):
        draw(autoencoder, X, ax=ax)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("form", [np.asarray, csr_matrix, np.float32, coo_matrix])
def test_every_kind_of_rows_is_drawn(draw, autoencoder, X, form):
    draw(autoencoder, form(with_missing(X)))


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_rows_and_codes_with_names_are_drawn(draw, X, output):
    X = pd.DataFrame(X).rename(columns=str)
    draw(AutoencoderTransformer(2, **SETTINGS).set_output(transform=output).fit(X), X)


def test_variational_autoencoders_are_drawn(draw, vae, X):
    draw(vae, with_missing(X)).figure_.canvas.draw()


@pytest.mark.parametrize("scaler", [StandardScaler(), SimpleImputer(), "passthrough"])
def test_pipelines_are_drawn(draw, X, scaler):
    model = make_pipeline(scaler, AutoencoderTransformer(2, **SETTINGS)).fit(X)
    draw(model, X)


def test_a_pipeline_of_the_autoencoder_alone_is_drawn(draw, autoencoder, X):
    draw(make_pipeline(autoencoder), X)


def test_other_estimators_are_refused(draw, X):
    with pytest.raises(TypeError, match=r"estimator must be.*Got PCA\(\) instead: of a longer"):
        draw(PCA().fit(X), X)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", sorted(set(DRAW) - {"architecture"}))
def test_an_estimator_that_is_not_fitted_is_refused(name, X):
    with pytest.raises(NotFittedError):
        DRAW[name](AutoencoderTransformer(2), X)
    assert plt.get_fignums() == []


def test_colours_that_do_not_exist_are_refused():
    displays = [
        ErrorDisplay([1.0], image_shape=(1, 1)),
        ReconstructionDisplay([[1.0]], [[1.0]], image_shape=(1, 1)),
        WeightsDisplay([[1.0]]),
        CodeDisplay([[1.0, 2.0]], [0.5]),
    ]
    for display in displays:
        with pytest.raises(ValueError, match="no colour"):
            display.plot(cmap="no colour")
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ["codes", "errors", "images", "points", "weights"])
def test_rows_of_another_width_are_refused(name, autoencoder, X):
    with pytest.raises(ValueError, match="expecting 16 features"):
        DRAW[name](autoencoder, X[:, 1:])
    assert plt.get_fignums() == []


def test_without_matplotlib_the_error_says_what_to_install(draw, autoencoder, X, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'skautoencoder\[plot\]'"):
        draw(autoencoder, X)


def test_drawing_a_display_again_makes_the_same_picture_on_other_axes():
    display = ErrorDisplay([3.0, 1.0]).plot()
    first = display.axes_
    second = display.plot(plt.figure().subplots()).axes_
    assert first is not second
    widths = [[bar.get_width() for bar in ax.patches] for ax in (first, second)]
    assert widths[0] == widths[1] == [3.0, 1.0]


def test_feature_names_of_another_number_are_refused(autoencoder, X):
    for display in (ErrorDisplay, ReconstructionDisplay, WeightsDisplay):
        with pytest.raises(ValueError, match=r"each of the 16 features\. Got 2 names"):
            display.from_estimator(autoencoder, X, feature_names=["a", "b"])
    assert plt.get_fignums() == []


def test_long_names_lose_their_middle():
    ax = ErrorDisplay([1.0], feature_names=["a" * 30 + "b" * 30]).plot().axes_
    (name,) = texts(ax.get_yticklabels())
    assert len(name) == 32
    assert name.startswith("aaaa")
    assert name.endswith("bbbb")


# ReconstructionDisplay


def test_images_codes_and_reconstructions_stand_below_each_other(autoencoder, X):
    display = ReconstructionDisplay.from_estimator(
        autoencoder, X, rows=[4, 2], image_shape=IMAGE, code_shape=(1, 2)
    )
    assert display.axes_.shape == (3, 2)
    codes, X_rebuilt = autoencoder.transform(X), autoencoder.reconstruct(X)
    for column, i in zip(display.axes_.T, [4, 2], strict=True):
        np.testing.assert_array_equal(image_of(column[0]), X[i].reshape(IMAGE))
        np.testing.assert_allclose(image_of(column[1]), codes[i].reshape(1, 2))
        np.testing.assert_allclose(image_of(column[2]), X_rebuilt[i].reshape(IMAGE))
    assert [ax.get_title() for ax in display.axes_[0]] == ["row 4", "row 2"]


def test_below_each_reconstruction_stands_its_error(autoencoder, X):
    display = DRAW["images"](autoencoder, X)
    expected = [f"MSE {error:.3g}" for error in autoencoder.reconstruction_error(X[:2])]
    assert [ax.get_xlabel() for ax in display.axes_[-1]] == expected


def test_the_error_is_over_observed_cells(autoencoder, X):
    X = with_missing(X)
    display = DRAW["images"](autoencoder, X)
    np.testing.assert_allclose(display.errors, autoencoder.reconstruction_error(X[:2]))


def test_row_and_reconstruction_share_the_scale_of_the_rows():
    X, X_rebuilt = np.array([[0.0, 16.0]]), np.array([[-5.0, 30.0]])
    axes = ReconstructionDisplay(X, X_rebuilt, image_shape=(1, 2)).plot().axes_
    assert [ax.images[0].get_clim() for ax in axes.flat] == [(0, 16), (0, 16)]


def test_images_within_0_and_1_are_drawn_from_0_to_1():
    axes = ReconstructionDisplay([[0.25, 0.5]], [[0, 0]], image_shape=(1, 2)).plot().axes_
    assert axes[0, 0].images[0].get_clim() == (0, 1)


def test_colour_images_are_brought_into_0_and_1(caplog):
    X, X_rebuilt = np.linspace(0, 255, 12)[np.newaxis], np.full((1, 12), 300.0)
    axes = ReconstructionDisplay(X, X_rebuilt, image_shape=(2, 2, 3)).plot().axes_
    np.testing.assert_allclose(image_of(axes[0, 0]), X.reshape(2, 2, 3) / 255)
    np.testing.assert_array_equal(image_of(axes[1, 0]), np.ones((2, 2, 3)))
    assert caplog.messages == []  # matplotlib logs what it has to clip


def test_missing_pixels_of_colour_images_are_sky_blue():
    X = np.zeros((1, 12))
    X[0, 4] = np.nan  # the green of the second pixel
    axes = ReconstructionDisplay(X, np.zeros((1, 12)), image_shape=(2, 2, 3)).plot().axes_
    sky = np.array([0x56, 0xB4, 0xE9]) / 255
    np.testing.assert_allclose(image_of(axes[0, 0])[0, 1], sky)
    np.testing.assert_array_equal(image_of(axes[0, 0])[1], np.zeros((2, 3)))


def test_a_wide_code_is_a_picture_with_blanks_and_a_narrow_one_bars():
    codes = np.arange(14.0)[np.newaxis]
    display = ReconstructionDisplay(np.ones((1, 4)), np.ones((1, 4)), codes, image_shape=(2, 2))
    picture = np.ma.filled(display.plot().axes_[1, 0].images[0].get_array(), np.nan)
    assert picture.shape == (4, 4)
    np.testing.assert_array_equal(picture.ravel()[:14], codes[0])
    assert np.isnan(picture.ravel()[14:]).all()
    display = ReconstructionDisplay(
        np.ones((1, 4)), np.ones((1, 4)), codes[:, :3], image_shape=(2, 2)
    )
    assert [bar.get_height() for bar in display.plot().axes_[1, 0].patches] == [0, 1, 2]


def test_tabular_rows_are_points_in_deviations_from_the_mean(pipeline, frame):
    display = ReconstructionDisplay.from_estimator(pipeline, frame, rows=[3])
    mean, deviation = frame.mean().to_numpy(), frame.std(ddof=0).to_numpy()
    rebuilt = pipeline.inverse_transform(pipeline.transform(frame))
    ax = display.axes_[0, 0]
    original, reconstruction = ax.lines
    np.testing.assert_allclose(original.get_xdata(), (frame.to_numpy()[3] - mean) / deviation)
    np.testing.assert_allclose(reconstruction.get_xdata(), (rebuilt[3] - mean) / deviation)
    assert texts(ax.get_yticklabels()) == list(frame.columns)
    codes = pipeline.transform(frame)[3]
    np.testing.assert_allclose([bar.get_height() for bar in display.axes_[1, 0].patches], codes)


def test_the_error_of_tabular_rows_is_that_of_what_is_drawn(pipeline, frame):
    display = ReconstructionDisplay.from_estimator(pipeline, frame, rows=[3])
    original, reconstruction = display.axes_[0, 0].lines
    error = np.square(original.get_xdata() - reconstruction.get_xdata()).mean()
    assert display.axes_[0, 0].get_title() == f"row 3\nMSE {error:.3g}"


def test_tabular_rows_can_be_drawn_in_their_own_units(pipeline, frame):
    display = ReconstructionDisplay.from_estimator(pipeline, frame, rows=[3], standardize=False)
    np.testing.assert_array_equal(display.axes_[0, 0].lines[0].get_xdata(), frame.to_numpy()[3])


def test_steps_that_cannot_be_undone_are_taken_as_they_are(frame):
    model = make_pipeline(SimpleImputer(), AutoencoderTransformer(2, **SETTINGS)).fit(frame)
    display = ReconstructionDisplay.from_estimator(model, frame, rows=[0], standardize=False)
    rebuilt = model[-1].reconstruct(frame.to_numpy()[:1])
    np.testing.assert_allclose(display.axes_[0, 0].lines[1].get_xdata(), rebuilt[0])
    assert display.feature_names == list(frame.columns)


def test_an_inverse_that_does_not_lead_back_is_not_believed(X):
    steps = FunctionTransformer(np.sqrt), AutoencoderTransformer(2, **SETTINGS)
    model = make_pipeline(*steps).fit(X)
    display = DRAW["images"](model, X)
    np.testing.assert_array_equal(display.X, np.sqrt(X[:2]))


def test_a_feature_that_does_not_vary_is_drawn(X):
    X = np.column_stack([X, np.full(len(X), 7.0)])
    model = AutoencoderTransformer(2, **SETTINGS).fit(X)
    display = ReconstructionDisplay.from_estimator(model, csr_matrix(X))
    assert display.axes_[0, 0].lines[0].get_xdata()[-1] == 0


def test_more_rows_than_there_are_are_all_rows(autoencoder, X):
    display = ReconstructionDisplay.from_estimator(autoencoder, X[:3], rows=20)
    assert display.axes_.shape[1] == 3


@pytest.mark.parametrize("rows", [0, -1, True, [60], [-1], [], [0.5], "all", [[0]]])
def test_rows_that_are_none_are_refused(autoencoder, X, rows):
    with pytest.raises(ValueError, match="rows must be"):
        ReconstructionDisplay.from_estimator(autoencoder, X, rows=rows)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("code_shape", [(1, 1), "square", (2,), 2, (2, -1)])
def test_code_shapes_without_room_are_refused(autoencoder, X, code_shape):
    with pytest.raises(ValueError, match=r"code_shape must be.*room for 2 units"):
        ReconstructionDisplay.from_estimator(autoencoder, X, code_shape=code_shape)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([1, 2], [1, 2]), r"X must have shape two dimensions.*Got shape \(2,\)"),
        (([[1, 2]], [[1]]), r"X_rebuilt must have shape \(1, 2\).*Got shape \(1, 1\)"),
        (([[1, 2]], [[1, 2]], [[1], [2]]), r"codes must have shape \(1, 1\).*Got shape \(2, 1\)"),
        (([[1, 2]], [[1, 2]], None, [1, 2]), "errors must be a sequence of 1 values"),
    ],
)
def test_data_that_do_not_go_together_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        ReconstructionDisplay(*data)


def test_row_names_of_another_number_are_refused():
    with pytest.raises(ValueError, match=r"each of the 1 rows\. Got 2 names"):
        ReconstructionDisplay([[1.0]], [[1.0]], row_names=["a", "b"])


# LossCurveDisplay


def test_both_curves_are_drawn_and_the_epoch_with_the_kept_weights_marked(X):
    autoencoder = AutoencoderTransformer(2, skip_connections=False, early_stopping=True, **SETTINGS)
    autoencoder.fit(X)
    ax = LossCurveDisplay.from_estimator(autoencoder).axes_
    training, validation, best = ax.lines
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(training.get_ydata(), autoencoder.loss_curve_)
    np.testing.assert_array_equal(validation.get_ydata(), autoencoder.validation_loss_curve_)
    epoch = int(np.argmin(autoencoder.validation_loss_curve_)) + 1
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([epoch], [autoencoder.best_loss_])
    assert legend_texts(ax) == ["training", "validation", f"best: epoch {epoch}"]


def test_without_validation_the_best_epoch_is_that_of_the_training_loss():
    ax = LossCurveDisplay([3.0, 1.0, 2.0]).plot().axes_
    assert legend_texts(ax) == ["training", "best: epoch 2"]


def test_where_pca_was_kept_a_line_shows_its_loss(rng):
    X = rng.standard_normal((100, 2)) @ rng.standard_normal((2, 5))
    model = AutoencoderTransformer(2, max_iter=1, random_state=0).fit(X)
    ax = LossCurveDisplay.from_estimator(model).axes_
    assert list(ax.lines[-1].get_ydata()) == [model.best_loss_] * 2
    assert legend_texts(ax)[-1] == f"PCA kept: {model.best_loss_:.4g}"


def test_where_a_warm_start_was_of_no_use_a_line_shows_the_earlier_weights_loss(X):
    model = AutoencoderTransformer(2, warm_start=True, **SETTINGS).fit(X)
    model.set_params(learning_rate_init=1.0).fit(X)
    assert model.kept_ == "earlier"
    ax = LossCurveDisplay.from_estimator(model).axes_
    assert legend_texts(ax)[-1] == f"earlier weights kept: {model.best_loss_:.4g}"


def test_weights_that_are_no_epoch_s_are_not_marked_where_an_epoch_has_their_loss():
    ax = LossCurveDisplay([3.0, 2.0], best_loss=2.0, kept="pca").plot().axes_
    assert legend_texts(ax)[-1] == "PCA kept: 2"


def test_losses_of_unknown_weights_are_refused():
    with pytest.raises(ValueError, match=r"kept must be one of \['earlier', .* Got 'best'"):
        LossCurveDisplay([3.0, 2.0], kept="best")


def test_after_partial_fit_the_last_pass_is_the_best(X):
    model = AutoencoderTransformer(2, early_stopping=True, **SETTINGS).fit(X).partial_fit(X)
    ax = LossCurveDisplay.from_estimator(model).axes_
    assert legend_texts(ax)[-1] == "best: epoch 4"
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [1, 2, 3])


@pytest.mark.parametrize(
    ("curve", "scale"),
    [([100, 1], "log"), ([5, 1], "linear"), ([100, -1], "linear"), ([100, 0], "linear")],
)
def test_the_loss_has_a_logarithmic_scale_where_this_shows_more(curve, scale):
    assert LossCurveDisplay(curve).plot().axes_.get_yscale() == scale


def test_weights_that_were_never_trained_have_no_curve():
    weights = np.array([np.ones((2, 5)), np.ones((4, 3))], dtype=object)
    model = AutoencoderTransformer.from_layer_weights(weights, n_components=2)
    with pytest.raises(ValueError, match=r"no loss curve.*Call partial_fit or fit first"):
        LossCurveDisplay.from_estimator(model)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("curve", [[], [[1, 2]]])
def test_what_is_no_curve_is_refused(curve):
    with pytest.raises(ValueError, match="loss_curve must be a sequence of at least one value"):
        LossCurveDisplay(curve)


def test_more_validation_losses_than_epochs_are_refused():
    with pytest.raises(ValueError, match=r"must not have more epochs than loss_curve, 1\. Got 2"):
        LossCurveDisplay([1.0], [1.0, 2.0])


# CodeDisplay


def offsets(ax):
    return [np.asarray(points.get_offsets()) for points in ax.collections]


def test_codes_are_points_and_classes_have_a_legend(autoencoder, X):
    y = pd.Series(np.arange(60) % 3, name="digit").map({0: "zero", 1: "one", 2: "two"})
    ax = CodeDisplay.from_estimator(autoencoder, X, y).axes_
    codes = autoencoder.transform(X)
    names = ["one", "two", "zero"]
    assert legend_texts(ax) == names
    assert ax.get_legend().get_title().get_text() == "digit"
    for points, name in zip(offsets(ax), names, strict=True):
        np.testing.assert_allclose(points, codes[(y == name).to_numpy()])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("code unit 0", "code unit 1")


def test_fifty_six_classes_all_look_different():
    ax = CodeDisplay(np.zeros((56, 2)), [f"class {i:02}" for i in range(56)]).plot().axes_
    looks = set()
    for points in ax.collections:
        marker, color = points.get_paths()[0].vertices.tobytes(), points.get_edgecolor().tobytes()
        looks.add((marker, color))
    assert len(looks) == 56


def test_classes_that_share_a_colour_are_filled_and_hollow():
    ax = CodeDisplay(np.zeros((8, 2)), np.arange(8)).plot().axes_
    first, last = ax.collections[0], ax.collections[7]
    np.testing.assert_array_equal(first.get_edgecolor(), last.get_edgecolor())
    assert len(first.get_facecolor()) == 1
    assert len(last.get_facecolor()) == 0


@pytest.mark.parametrize("y", [np.linspace(0, 1, 60), np.arange(60)])
def test_numbers_have_a_colour_bar(autoencoder, X, y):
    display = CodeDisplay.from_estimator(autoencoder, X, y)
    np.testing.assert_array_equal(display.axes_.collections[0].get_array(), y)
    assert display.axes_.get_legend() is None
    assert len(display.figure_.axes) == 2


def test_points_without_a_number_are_gray_beside_the_others():
    ax = CodeDisplay([[0, 1], [2, 3], [4, 5]], [0.5, np.nan, 1.5]).plot().axes_
    unknown, known = offsets(ax)
    np.testing.assert_array_equal(unknown, [[2, 3]])
    np.testing.assert_array_equal(known, [[0, 1], [4, 5]])


def test_without_a_target_all_points_look_alike(autoencoder, X):
    display = CodeDisplay.from_estimator(autoencoder, X)
    np.testing.assert_allclose(offsets(display.axes_)[0], autoencoder.transform(X))
    assert display.axes_.get_legend() is None
    assert len(display.figure_.axes) == 1


def test_wide_codes_are_shown_by_two_units(vae, X):
    ax = CodeDisplay.from_estimator(vae, X, projection=(2, 0)).axes_
    np.testing.assert_allclose(offsets(ax)[0], vae.transform(X)[:, [2, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("code unit 2", "code unit 0")


def test_wide_codes_are_shown_by_a_clone_of_a_transformer(vae, X):
    pca = PCA(2)
    ax = CodeDisplay.from_estimator(vae, X, projection=pca).axes_
    expected = PCA(2).fit_transform(vae.transform(X))
    np.testing.assert_allclose(offsets(ax)[0], expected)
    assert not hasattr(pca, "components_")
    assert ax.get_xlabel() == "PCA of the code, 0"


def test_wide_codes_without_a_projection_are_refused(vae, X):
    with pytest.raises(ValueError, match=r"codes of 3 units.*projection=\(0, 1\).*PCA\(2\)"):
        CodeDisplay.from_estimator(vae, X)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("projection", [(0, 3), (0,), (-1, 0), (0.0, 1), "pca", 2])
def test_projections_that_are_none_are_refused(vae, X, projection):
    with pytest.raises(ValueError, match=r"pair of unit numbers from 0 to 2, or a transformer"):
        CodeDisplay.from_estimator(vae, X, projection=projection)
    assert plt.get_fignums() == []


def test_projections_to_another_width_are_refused(vae, X):
    with pytest.raises(ValueError, match=r"codes must have 2 columns\. Got 3"):
        CodeDisplay.from_estimator(vae, X, projection=PCA(3))


def test_a_target_of_another_length_is_refused(autoencoder, X):
    with pytest.raises(ValueError, match=r"each of the 60 rows\. Got shape \(2,\)"):
        CodeDisplay.from_estimator(autoencoder, X, [0, 1])
    assert plt.get_fignums() == []


def test_more_classes_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="y has 57 classes, and 56 can be told apart"):
        CodeDisplay(np.zeros((57, 2)), [f"class {i}" for i in range(57)])


# CodeDisplay: decision regions


@pytest.fixture(scope="module")
def names(digits):
    """Three classes of the 60 rows, as strings."""
    return np.array(["few", "more", "most"])[np.digitize(digits[:60].sum(axis=1), [18, 20])]


@pytest.fixture(scope="module")
def classifier(X, names):
    return AutoencoderClassifier(2, head_layer_sizes=(5,), **SETTINGS).fit(X, names)


def test_the_region_of_a_code_is_the_class_that_the_head_predicts(classifier, X, names):
    display = CodeDisplay.from_estimator(classifier, X, names)
    x, y, labels, classes = display.regions
    codes, predicted = classifier.transform(X), classifier.predict(X)
    columns = np.abs(codes[:, :1] - x).argmin(axis=1)
    rows = np.abs(codes[:, 1:] - y).argmin(axis=1)
    # A point of the grid may lie on the other side of a border that a code is very near to.
    assert np.mean(labels[rows, columns] == predicted) > 0.95
    assert list(classes) == ["few", "more", "most"]
    assert x[0] < codes[:, 0].min() < codes[:, 0].max() < x[-1]
    assert display.axes_.get_xlim() == (x[0], x[-1])
    assert display.axes_.get_ylim() == (y[0], y[-1])


def test_the_regions_of_a_grid_are_the_largest_output_of_the_head_on_its_points(classifier, X):
    x, y, labels, _ = CodeDisplay.from_estimator(classifier, X).regions
    (first, second), (bias, last) = classifier.target_coefs_, classifier.target_intercepts_
    for row, column in [(0, 0), (120, 130), (249, 3), (60, 249)]:
        z = np.array([x[column], y[row]]) @ first + bias
        logits = z / (1 + np.exp(-z)) @ second + last
        assert labels[row, column] == classifier.classes_[logits.argmax()]


def test_regions_are_turned_with_the_axes(classifier, X, names):
    turned = CodeDisplay.from_estimator(classifier, X, names, projection=(1, 0)).regions
    straight = CodeDisplay.from_estimator(classifier, X, names, projection=(0, 1)).regions
    np.testing.assert_array_equal(turned.labels, straight.labels.T)
    np.testing.assert_array_equal(turned.x, straight.y)


def test_areas_have_the_light_colours_of_their_points(classifier, X, names):
    ax = CodeDisplay.from_estimator(classifier, X, names).axes_
    areas, points = ax.collections[:-3], ax.collections[-3:]
    shown = np.unique(CodeDisplay.from_estimator(classifier, X).regions.labels)
    for area, i in zip(areas, np.searchsorted(classifier.classes_, shown), strict=True):
        np.testing.assert_array_equal(area.get_facecolor()[0, :3], points[i].get_facecolor()[0, :3])
        assert 0 < area.get_facecolor()[0, 3] < 0.5
    assert legend_texts(ax) == ["few", "more", "most"]


def test_without_a_target_the_legend_names_the_regions(classifier, X):
    ax = CodeDisplay.from_estimator(classifier, X).axes_
    assert legend_texts(ax) == ["few", "more", "most"]
    assert ax.get_legend().get_title().get_text() == "predicted"


def test_areas_whose_colours_come_round_again_are_hatched():
    classes = np.arange(8)
    regions = (np.arange(4), np.arange(2), classes.reshape(2, 4), classes)
    ax = CodeDisplay([[0, 1], [1, 0]], [0, 7], regions=regions).plot().axes_
    first, last = ax.collections[0], ax.collections[7]
    np.testing.assert_array_equal(first.get_facecolor(), last.get_facecolor())
    assert [area.hatches for area in (first, last)] == [[""], ["///"]]


def test_regions_of_pipelines_and_binary_classes_are_drawn(X, names):
    y = names == "few"
    model = make_pipeline(StandardScaler(), AutoencoderClassifier(2, **SETTINGS)).fit(X, y)
    display = CodeDisplay.from_estimator(model, csr_matrix(X).toarray().astype(np.float32), y)
    assert set(np.unique(display.regions.labels)) <= {False, True}
    display.figure_.canvas.draw()


def test_more_whole_numbers_than_have_a_legend_are_classes_where_they_are_predicted(X):
    y = np.arange(60) % 25
    display = CodeDisplay.from_estimator(AutoencoderClassifier(2, **SETTINGS).fit(X, y), X, y)
    assert len(legend_texts(display.axes_)) == 25


def unlike(X, names, n_components=2):
    return AutoencoderClassifier(n_components, **SETTINGS).fit(X, names)


WITHOUT_REGIONS = {
    "AutoencoderTransformer predicts no classes": lambda X, names: (
        AutoencoderTransformer(2, **SETTINGS).fit(X),
        {"y": names},
    ),
    "AutoencoderRegressor predicts no classes": lambda X, names: (
        AutoencoderRegressor(2, **SETTINGS).fit(X, X[:, 0]),
        {"y": X[:, 0]},
    ),
    "the code has 3 units": lambda X, names: (unlike(X, names, 3), {"projection": (0, 1)}),
    r"no way leads back from projection=\(1, 1\)": lambda X, names: (
        unlike(X, names),
        {"projection": (1, 1)},
    ),
    r"no way leads back from projection=PCA\(n": lambda X, names: (
        unlike(X, names),
        {"projection": PCA(2)},
    ),
    "y has values that are not among the classes": lambda X, names: (
        unlike(X, names),
        {"y": X.mean(axis=1)},
    ),
    "there are 60 classes": lambda X, names: (
        unlike(np.repeat(X, 2, axis=0), np.repeat(np.arange(60), 2)),
        {},
    ),
}


@pytest.mark.parametrize("reason", WITHOUT_REGIONS)
def test_there_are_no_regions_where_the_plane_has_no_classes(reason, X, names):
    model, options = WITHOUT_REGIONS[reason](X, names)
    assert CodeDisplay.from_estimator(model, X, **options).regions is None
    plt.close("all")
    with pytest.raises(ValueError, match=f"decision_regions=True cannot be drawn, since {reason}"):
        CodeDisplay.from_estimator(model, X, decision_regions=True, **options)
    assert plt.get_fignums() == []


def test_regions_can_be_left_out(classifier, X, names):
    assert CodeDisplay.from_estimator(classifier, X, names, decision_regions=False).regions is None


@pytest.mark.parametrize("asked", ["always", None, 1])
def test_other_wishes_for_regions_are_refused(classifier, X, asked):
    with pytest.raises(ValueError, match='decision_regions must be True, False or "auto"'):
        CodeDisplay.from_estimator(classifier, X, decision_regions=asked)


@pytest.mark.parametrize(
    ("labels", "y", "message"),
    [
        ([[0, 1]], [0, 1], r"must have shape \(2, 2\)\. Got \(1, 2\)"),
        ([[0, 1], [1, 2]], [0, 1], "All of the labels of regions must be among the classes"),
        ([[0, 1], [1, 1]], [0, 2], "All of y must be among the classes"),
        ([[0, 1], [1, 1]], ["0", "1"], "All of y must be among the classes"),
    ],
)
def test_regions_that_do_not_fit_are_refused(labels, y, message):
    with pytest.raises(ValueError, match=message):
        CodeDisplay([[0, 1], [1, 0]], y, regions=([0, 1], [0, 1], labels, [0, 1]))


# WeightsDisplay


def network_units(model, X):
    return X if model.shift_ is None else (X - model.shift_) / model.scale_


def slopes(function, at, step=1e-5):
    """Finite differences of a function of one row with respect to each of its inputs."""
    steps = step * np.eye(len(at))
    return np.array([(function(at + s) - function(at - s)) / (2 * step) for s in steps])


def decode(model, code):
    """The output in the network's units."""
    return network_units(model, model.inverse_transform(code[np.newaxis])[0])


MODELS = {
    "paths": lambda: AutoencoderTransformer(2, **SETTINGS),
    "no paths": lambda: AutoencoderTransformer(2, skip_connections=False, **SETTINGS),
    "relu": lambda: AutoencoderTransformer(
        2, activation="relu", code_activation="tanh", skip_connections=False, **SETTINGS
    ),
    "bounded": lambda: AutoencoderTransformer(2, loss="binary_cross_entropy", **SETTINGS),
    "standard": lambda: AutoencoderTransformer(2, scale="standard", **SETTINGS),
    "vae": lambda: VariationalAutoencoderTransformer(2, **SETTINGS),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_code_unit_shows_what_it_changes_in_the_output(make, X):
    model = make().fit(X)
    display = WeightsDisplay.from_estimator(model)
    code = model.transform(model.mean_[np.newaxis])[0]
    expected = slopes(lambda code: decode(model, code), code)
    np.testing.assert_allclose(display.weights, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_given_rows_are_averaged_over(make, X):
    model = make().fit(X)
    display = WeightsDisplay.from_estimator(model, X[:5])
    codes = model.transform(X[:5])
    expected = np.mean([slopes(lambda c: decode(model, c), code) for code in codes], axis=0)
    np.testing.assert_allclose(display.weights, expected, rtol=1e-5, atol=1e-7)


def test_the_first_layer_shows_its_weights(autoencoder):
    display = WeightsDisplay.from_estimator(autoencoder, layer=1)
    np.testing.assert_array_equal(display.weights, autoencoder.coefs_[0].T)
    assert display.value_name == "weight"


def test_the_last_hidden_layer_shows_its_weights_where_the_output_is_linear(autoencoder):
    display = WeightsDisplay.from_estimator(autoencoder, layer=autoencoder.n_layers_ - 2)
    np.testing.assert_allclose(display.weights, autoencoder.coefs_[-1])


def test_a_deeper_layer_of_the_encoder_shows_what_raises_its_units(X):
    model = MODELS["no paths"]().fit(X)
    (first, second), (shift, bias) = model.coefs_[:2], model.intercepts_[:2]

    def before_activation(x):
        return np.tanh(x @ first + shift) @ second + bias

    expected = slopes(before_activation, network_units(model, model.mean_)).T
    display = WeightsDisplay.from_estimator(model, layer=2)
    np.testing.assert_allclose(display.weights, expected, rtol=1e-6, atol=1e-9)


def test_a_deeper_layer_of_the_decoder_shows_what_its_units_change(X):
    model = MODELS["no paths"]().fit(X)
    code = model.transform(model.mean_[np.newaxis])[0]
    weights, biases = model.coefs_[3:], model.intercepts_[3:]
    hidden = np.tanh(code @ weights[0] + biases[0])

    def output(hidden):
        z = np.tanh(hidden @ weights[1] + biases[1]) @ weights[2] + biases[2]
        return 1 / (1 + np.exp(-z))

    display = WeightsDisplay.from_estimator(model, layer=4)
    np.testing.assert_allclose(display.weights, slopes(output, hidden), rtol=1e-6, atol=1e-9)


def test_a_network_whose_first_layer_is_the_code_shows_what_the_code_changes(X):
    model = AutoencoderTransformer(2, hidden_layer_sizes=(), skip_connections=False, max_iter=1)
    display = WeightsDisplay.from_estimator(model.fit(X), layer=1)
    assert display.title == "What each unit of the code changes in the output"
    code = model.transform(model.mean_[np.newaxis])[0]
    expected = slopes(lambda code: decode(model, code), code)
    np.testing.assert_allclose(display.weights, expected, rtol=1e-5, atol=1e-8)


def test_images_of_units_are_tiles_of_one_mosaic():
    weights = np.arange(1.0, 21).reshape(5, 4)
    ax = WeightsDisplay(weights, image_shape=(2, 2)).plot().axes_
    tiles = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert tiles.shape == (5, 8)  # 2 rows of 3
    for unit, (row, column) in enumerate([(0, 0), (0, 3), (0, 6), (3, 0), (3, 3)]):
        tile = tiles[row : row + 2, column : column + 2]
        np.testing.assert_array_equal(tile.ravel(), weights[unit])
    assert np.isnan(tiles).sum() == tiles.size - 20
    assert texts(ax.get_yticklabels()) == ["0", "3"]
    assert texts(ax.get_xticklabels()) == ["+0", "+1", "+2"]


@pytest.mark.parametrize("n_units", [1, 36, 500])
def test_any_number_of_units_is_drawn_with_few_labels(n_units, rng):
    weights = rng.standard_normal((n_units, 16))
    for shape in (IMAGE, None):
        display = WeightsDisplay(weights, image_shape=shape).plot()
        assert len(display.axes_.images) == 1
        assert len(display.axes_.get_xticklabels()) <= 24
        assert len(display.axes_.get_yticklabels()) <= 40


def test_many_images_have_a_larger_figure():
    few, many = (WeightsDisplay(np.ones((n, 16)), image_shape=IMAGE).plot() for n in (36, 500))
    assert few.figure_.get_figwidth() < many.figure_.get_figwidth()


def test_without_images_each_unit_is_a_column_of_a_heat_map(pipeline, frame):
    display = WeightsDisplay.from_estimator(pipeline)
    assert image_of(display.axes_).shape == (4, 2)
    np.testing.assert_array_equal(image_of(display.axes_), display.weights.T)
    assert texts(display.axes_.get_yticklabels()) == list(frame.columns)


def test_zero_is_in_the_middle_of_the_colours():
    image = WeightsDisplay([[1.0, -3.0]]).plot().axes_.images[0]
    assert image.get_clim() == (-3, 3)


def test_every_unit_can_have_a_scale_of_its_own():
    weights = [[1.0, -2.0], [0.0, 10.0], [0.0, 0.0], [1e-15, 0.0]]
    ax = WeightsDisplay(weights).plot(common_scale=False).axes_
    expected = np.array([[0.5, -1], [0, 1], [0, 0], [1e-10, 0]]).T
    np.testing.assert_allclose(image_of(ax), expected, atol=1e-9)


@pytest.mark.parametrize("common_scale", [False, True])
def test_units_that_are_all_zero_are_gray_in_colours(common_scale):
    display = WeightsDisplay(np.zeros((1, 12)), image_shape=(2, 2, 3))
    ax = display.plot(common_scale=common_scale).axes_
    np.testing.assert_array_equal(image_of(ax), np.full((2, 2, 3), 0.5))


def test_the_zero_of_colour_images_is_gray_and_between_them_is_white():
    weights = np.zeros((2, 3))
    weights[1] = [1, -1, 0.5]
    ax = WeightsDisplay(weights, image_shape=(1, 1, 3)).plot().axes_
    np.testing.assert_allclose(image_of(ax)[0], [[0.5] * 3, [1] * 3, [1, 0, 0.75]])


@pytest.mark.parametrize("layer", [0, 6, -1, "output", 1.0, True, None])
def test_layers_that_are_none_are_refused(autoencoder, layer):
    with pytest.raises(ValueError, match=r"layer must be 'code' or a number from 1 to 5.*layer 3"):
        WeightsDisplay.from_estimator(autoencoder, layer=layer)
    assert plt.get_fignums() == []


def test_weights_without_known_means_need_rows():
    weights = np.array([np.ones((2, 5)), np.ones((4, 3))], dtype=object)
    model = AutoencoderTransformer.from_layer_weights(weights, n_components=2)
    with pytest.raises(ValueError, match="does not know the means of its features: pass X"):
        WeightsDisplay.from_estimator(model)
    assert WeightsDisplay.from_estimator(model, np.zeros((1, 4))).weights.shape == (2, 4)


# ArchitectureDisplay


def test_the_drawing_shows_widths_roles_and_activations(autoencoder):
    ax = ArchitectureDisplay.from_estimator(autoencoder).axes_
    widths = [text.get_text() for text in ax.texts if text.get_text().isdigit()]
    assert widths == ["16", "7", "6", "2", "6", "7", "16"]
    assert texts(ax.get_xticklabels()) == [
        "input\n",
        "encoder\nsilu",
        "encoder\nsilu",
        "code\nidentity",
        "decoder\nsilu",
        "decoder\nsilu",
        "output\nidentity",
    ]


def test_bars_are_as_high_as_the_root_of_their_width():
    ax = ArchitectureDisplay([100, 25, 100], ["tanh", "tanh"], 1).plot().axes_
    assert [bar.get_height() for bar in ax.patches] == [1, 0.5, 1]


def test_the_bottleneck_has_a_colour_of_its_own_and_a_bold_name(autoencoder):
    ax = ArchitectureDisplay.from_estimator(autoencoder).axes_
    colors = [bar.get_facecolor() for bar in ax.patches[:7]]
    assert colors.count(colors[3]) == 1
    bold = [label.get_fontweight() for label in ax.get_xticklabels()]
    assert [i for i, weight in enumerate(bold) if weight == "bold"] == [3]


@pytest.mark.parametrize("skip_connections", [False, True])
def test_linear_paths_are_drawn_where_there_are_some(X, skip_connections):
    model = AutoencoderTransformer(2, skip_connections=skip_connections)
    ax = ArchitectureDisplay.from_estimator(model, n_features=16).axes_
    names = [text.get_text() for text in ax.texts]
    assert names.count("skip connection") == 2 * skip_connections
    ends = [(line.get_xdata()[0], line.get_xdata()[-1]) for line in ax.lines]
    assert ends == ([(0, 2.9), (3.1, 6)] if skip_connections else [])


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_network_is_drawn_before_the_fit_as_after_it(make, X):
    before = ArchitectureDisplay.from_estimator(make(), n_features=16)
    after = ArchitectureDisplay.from_estimator(make().fit(X))
    activations = ["sigmoid" if a == "auto" else a for a in before.activations]
    assert (before.widths, activations) == (after.widths, after.activations)
    assert before.code_layer == after.code_layer
    assert before.has_skip_connections == after.has_skip_connections


def test_an_output_activation_that_only_rows_decide_is_called_auto():
    model = AutoencoderTransformer(2, skip_connections=False)
    display = ArchitectureDisplay.from_estimator(model, n_features=4)
    assert display.activations[-1] == "auto"


@pytest.mark.parametrize(("n_layers", "n_units"), [(3, 36), (7, 500), (13, 1000)])
def test_labels_of_layers_do_not_overlap(n_layers, n_units):
    widths, middle = [n_units] * n_layers, n_layers // 2
    display = ArchitectureDisplay(widths, ["leaky_relu"] * (n_layers - 1), middle, True).plot()
    display.figure_.canvas.draw()
    labels = display.axes_.get_xticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert {label.get_rotation() for label in labels} == {0}


def test_labels_are_turned_where_axes_are_narrow():
    figure, ax = plt.subplots(figsize=(4, 3))
    ArchitectureDisplay([9] * 9, ["leaky_relu"] * 8, 4).plot(ax)
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("n_features", [None, 0, 2.5])
def test_a_network_that_is_not_fitted_needs_the_number_of_features(n_features):
    with pytest.raises(ValueError, match=r"n_features must be a positive integer.*pass the number"):
        ArchitectureDisplay.from_estimator(AutoencoderTransformer(), n_features=n_features)
    assert plt.get_fignums() == []


def test_another_number_of_features_than_fitted_is_refused(autoencoder):
    with pytest.raises(ValueError, match="n_features=9 is not the 16 features"):
        ArchitectureDisplay.from_estimator(autoencoder, n_features=9)
    assert plt.get_fignums() == []


def test_wrong_parameters_are_refused_before_the_fit():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        ArchitectureDisplay.from_estimator(
            AutoencoderTransformer(hidden_layer_sizes=(0,)), n_features=4
        )
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([4, 2], ["tanh"], 1), "widths must be positive integers.*at least 3"),
        (([4, 0, 4], ["tanh", "tanh"], 1), "widths must be positive integers"),
        (([4, 2, 4], ["tanh"], 1), "one for each of the 2 layers after the input"),
        (([4, 2, 4], ["tanh", "tanh"], 2), "code_layer must be a number from 1 to 1"),
    ],
)
def test_what_makes_no_network_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        ArchitectureDisplay(*data)


def test_the_head_of_a_classifier_stands_above_the_decoder(classifier):
    display = ArchitectureDisplay.from_estimator(classifier)
    assert (display.head_widths, display.head_activations) == ([5, 3], ["silu", "softmax"])
    ax = display.axes_
    bars, head = ax.patches[:7], ax.patches[7:]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in head]
    np.testing.assert_allclose(middles, [4, 5])  # the code is layer 3
    assert max(bar.get_y() + bar.get_height() for bar in bars) < min(bar.get_y() for bar in head)
    np.testing.assert_allclose([bar.get_height() for bar in head], np.sqrt([5 / 16, 3 / 16]))
    texts = [text.get_text() for text in ax.texts]
    assert {"5", "3", "head\nsilu", "prediction\nsoftmax"} <= set(texts)


def test_a_head_that_is_longer_than_the_decoder_has_room(X):
    model = AutoencoderRegressor(2, hidden_layer_sizes=(), head_layer_sizes=(20, 9))
    ax = ArchitectureDisplay.from_estimator(model, n_features=16).axes_
    assert ax.get_xlim()[1] > 4.5
    assert [bar.get_height() for bar in ax.patches[:4]][3] == 1  # 20 are the most units


@pytest.mark.parametrize("target_weight", [0, 1.0])
@pytest.mark.parametrize(
    ("kind", "link"), [(AutoencoderClassifier, "softmax"), (AutoencoderRegressor, "identity")]
)
def test_a_head_is_drawn_before_the_fit_as_after_it(X, names, kind, link, target_weight):
    y = names if kind is AutoencoderClassifier else X[:, :3]
    model = kind(2, target_weight=target_weight, **SETTINGS)
    before = ArchitectureDisplay.from_estimator(model, n_features=16)
    after = ArchitectureDisplay.from_estimator(model.fit(X, y))
    assert (before.head_widths, after.head_widths) == ([None], [3])
    assert before.head_activations == after.head_activations == [link]
    assert "?" in [text.get_text() for text in before.axes_.texts]


def test_other_networks_have_no_head(autoencoder):
    display = ArchitectureDisplay.from_estimator(autoencoder)
    assert (display.head_widths, len(display.axes_.patches)) == ([], 7)


@pytest.mark.parametrize(
    ("widths", "names", "message"),
    [
        ([None, 2], ["tanh", "softmax"], "head_widths must be positive integers, the last of"),
        ([0], ["softmax"], "head_widths must be positive integers"),
        ([3], [], "head_activations must name one for each of the 1 layers"),
    ],
)
def test_what_makes_no_head_is_refused(widths, names, message):
    with pytest.raises(ValueError, match=message):
        ArchitectureDisplay([4, 2, 4], ["tanh"] * 2, 1, head_widths=widths, head_activations=names)


# ErrorDisplay


def bars(ax):
    names = texts(ax.get_yticklabels())
    return dict(zip(names, [bar.get_width() for bar in ax.patches], strict=True))


def test_bars_are_the_mean_squared_errors_with_the_worst_first(autoencoder, X):
    ax = ErrorDisplay.from_estimator(autoencoder, X, relative=False).axes_
    errors = autoencoder.reconstruction_error(X, per_feature=True).mean(axis=0)
    order = np.argsort(-errors)
    assert list(bars(ax)) == [f"x{i}" for i in order]
    np.testing.assert_allclose(list(bars(ax).values()), errors[order])
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first bar is on top


def test_missing_cells_do_not_count_in_the_errors(autoencoder, X):
    X = with_missing(X)
    display = ErrorDisplay.from_estimator(autoencoder, X, relative=False)
    expected = np.nanmean(autoencoder.reconstruction_error(X, per_feature=True), axis=0)
    np.testing.assert_allclose(display.errors, expected)


def test_rows_are_rebuilt_a_batch_at_a_time(autoencoder, X, monkeypatch):
    monkeypatch.setattr(plotting._errors, "ROWS_AT_A_TIME", 7)
    display = ErrorDisplay.from_estimator(autoencoder, csr_matrix(X), relative=False)
    expected = autoencoder.reconstruction_error(X, per_feature=True).mean(axis=0)
    np.testing.assert_allclose(display.errors, expected)


def test_relative_errors_are_shares_of_the_variance(pipeline, frame):
    display = ErrorDisplay.from_estimator(pipeline, frame + 1e4, relative=True)
    rebuilt = pipeline.inverse_transform(pipeline.transform(frame + 1e4))
    expected = np.square(rebuilt - 1e4 - frame).mean() / frame.var(ddof=0)
    np.testing.assert_allclose(display.errors, expected)
    assert display.axes_.get_xlabel() == "mean squared error / variance"


@pytest.mark.parametrize(("image_shape", "relative"), [(None, True), (IMAGE, False)])
def test_errors_are_relative_but_for_pixels(autoencoder, X, image_shape, relative):
    """Features of a table seldom have one unit; pixels have."""
    auto = ErrorDisplay.from_estimator(autoencoder, X, image_shape=image_shape)
    asked = ErrorDisplay.from_estimator(autoencoder, X, image_shape=image_shape, relative=relative)
    np.testing.assert_array_equal(auto.errors, asked.errors)
    assert auto.error_name == asked.error_name
    assert ("variance" in auto.error_name) is relative


def test_what_relative_cannot_be_is_refused(autoencoder, X):
    with pytest.raises(ValueError, match=r"relative must be True, False or 'auto'\. Got 'yes'"):
        ErrorDisplay.from_estimator(autoencoder, X, relative="yes")


def test_features_without_an_error_come_last_and_say_so():
    ax = ErrorDisplay([0.1, np.nan, 0.2], feature_names=["a", "b", "c"]).plot().axes_
    assert list(bars(ax).items()) == [("c", 0.2), ("a", 0.1), ("b (none)", 0)]


def test_a_feature_that_does_not_vary_has_no_relative_error(X):
    X = np.column_stack([X, np.full(len(X), 7.0)])
    model = AutoencoderTransformer(2, **SETTINGS).fit(X)
    display = ErrorDisplay.from_estimator(model, X, relative=True)
    assert np.flatnonzero(np.isnan(display.errors)).tolist() == [16]


def test_a_feature_that_was_never_observed_has_no_error(autoencoder, X):
    X = X.copy()
    X[:, 2] = np.nan
    display = ErrorDisplay.from_estimator(autoencoder, X)
    assert np.flatnonzero(np.isnan(display.errors)).tolist() == [2]


def test_of_many_features_the_worst_are_drawn():
    display = ErrorDisplay(np.arange(500.0)).plot()
    assert list(bars(display.axes_)) == [f"x{i}" for i in range(499, 469, -1)]
    assert display.axes_.get_title() == "The 30 worst of 500 features"


@pytest.mark.parametrize("max_features", [0, 2.5, "all"])
def test_numbers_of_bars_that_are_none_are_refused(max_features):
    with pytest.raises(ValueError, match="max_features must be a positive integer"):
        ErrorDisplay([1.0]).plot(max_features=max_features)
    assert plt.get_fignums() == []


def test_errors_of_pixels_are_an_image(autoencoder, X):
    display = ErrorDisplay.from_estimator(autoencoder, X, image_shape=IMAGE)
    errors = autoencoder.reconstruction_error(X, per_feature=True).mean(axis=0)
    np.testing.assert_allclose(image_of(display.axes_), errors.reshape(IMAGE))
    assert display.axes_.images[0].get_clim()[0] == 0


def test_errors_of_colours_are_averaged():
    ax = ErrorDisplay(np.arange(6.0), image_shape=(1, 2, 3)).plot().axes_
    np.testing.assert_array_equal(image_of(ax), [[1, 4]])
