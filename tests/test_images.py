import numpy as np
import pytest
from scipy import ndimage

from skautoencoder import augment_with_shifts


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
