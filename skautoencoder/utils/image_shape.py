"""The shape that rows are given to be seen as images."""

import math
from numbers import Integral

import numpy as np


def check_image_shape(image_shape, n_features):
    """Return the shape as a tuple, (height, width) where there is one channel; None stays None."""
    if image_shape is None:
        return None
    shape = tuple(image_shape) if np.iterable(image_shape) else (image_shape,)
    is_shape = len(shape) in (2, 3) and all(isinstance(n, Integral) and n > 0 for n in shape)
    if not is_shape or shape[2:] not in ((), (1,), (3,)) or math.prod(shape) != n_features:
        raise ValueError(
            "image_shape must be (height, width) or (height, width, n_channels), with 1 or 3 "
            f"channels and {n_features} values in all, one for each feature. Got {image_shape!r} "
            "instead: pass the shape that rows were flattened from, or None where they are no "
            "images."
        )
    return tuple(map(int, shape[:2] if shape[2:] == (1,) else shape))
