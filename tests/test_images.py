"""Images are shifted as SciPy shifts them, and one shape is one wherever rows are drawn."""

import re

import numpy as np
import pytest
from scipy import ndimage

from skautoencoder import AutoencoderTransformer, augment_with_shifts, explore, plotting
from skautoencoder.utils.image_shape import check_image_shape


@pytest.mark.parametrize("shape", [(8, 8), (5, 9), (28, 28), (4, 3, 3)])
@pytest.mark.parametrize("pixels", [1, 2])
def test_shifts_agree_with_scipys_in_the_original_order(shape, pixels, rng):
    images = rng.uniform(size=(3, *shape))
    expected = []
    for image in images:
        for down, right in [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]:
            offset = [pixels * down, pixels * right, 0][: image.ndim]
            expected.append(ndimage.shift(image, offset, order=0))
    np.testing.assert_array_equal(augment_with_shifts(images, pixels), expected)


def test_dtype_is_kept_and_the_images_are_left_as_they_were():
    images = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    augmented = augment_with_shifts(images)
    assert augmented.dtype == np.uint8
    augmented[:] = 0
    assert images.max() == 11


@pytest.mark.parametrize("shape", [(64,), (10, 64), (1, 2, 3, 4, 5)])
def test_rows_of_pixels_are_refused_with_advice(shape):
    with pytest.raises(ValueError, match=r"Got shape .* reshape rows of pixels first"):
        augment_with_shifts(np.zeros(shape))


@pytest.mark.parametrize("pixels", [0, -1, 8, 1.5, "a"])
def test_shifts_out_of_range_are_refused(pixels):
    with pytest.raises(
        ValueError, match=f"pixels must be an integer, at least 1 .* Got {pixels!r}"
    ):
        augment_with_shifts(np.zeros((2, 8, 8)), pixels)


# ---- The shape of rows that are images -------------------------------------------------------

DRAWERS = ["explore", "ErrorDisplay", "ReconstructionDisplay", "WeightsDisplay"]


@pytest.fixture(scope="module")
def fitted():
    X = np.random.default_rng(0).random((10, 12))
    return AutoencoderTransformer(2, hidden_layer_sizes=(3,), max_iter=1, random_state=0).fit(X), X


@pytest.fixture(params=DRAWERS)
def draw(request, fitted, tmp_path):
    """Draws twelve features as images: the page is its path, a display has its shape."""
    if request.param == "explore":
        yield lambda shape: explore(*fitted, tmp_path / "page.html", image_shape=shape)
        return
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    display = getattr(plotting, request.param)
    yield lambda shape: display.from_estimator(*fitted, image_shape=shape)
    pyplot.close("all")


@pytest.mark.parametrize(
    "shape",
    [(12,), 12, "34", (3, 5), (-3, -4), (0, 4), (3.0, 4), (3, 2, 2), (1, 3, 2, 2), (3, 4, 1, 1)],
)
def test_what_is_no_shape_of_an_image_is_refused_alike_wherever_rows_are_drawn(draw, shape):
    message = (
        "image_shape must be (height, width) or (height, width, n_channels), with 1 or 3 channels "
        f"and 12 values in all, one for each feature. Got {shape!r} instead: pass the shape that "
        "rows were flattened from, or None where they are no images."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw(shape)


@pytest.mark.parametrize(
    "shape", [(3, 4), [3, 4], np.array([3, 4]), (3, 4, 1), (2, 2, 3), np.int64([2, 2, 3]), None]
)
def test_one_and_three_channels_are_drawn_wherever_rows_are_drawn(draw, shape):
    assert draw(shape) is not None


def test_an_image_of_one_channel_has_a_height_and_a_width():
    assert check_image_shape((3, 4, 1), 12) == (3, 4)
    assert check_image_shape(np.array([2, 2, 3]), 12) == (2, 2, 3)
