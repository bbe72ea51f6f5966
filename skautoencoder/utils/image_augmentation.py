"""Augmentation of images by their shifts."""

from numbers import Integral

import numpy as np


def augment_with_shifts(images, pixels=1):
    """Follow each image by its shifts right, left, down and up.

    Pixels that a shift brings in from outside are 0. This is the augmentation of the
    original "Autoencoder from Scratch".

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, n_channels)
        Images of any size.

    pixels : int, default=1
        How far to shift: at least 1, and less than height and width.

    Returns
    -------
    augmented : ndarray of shape (5 * n_images, height, width[, n_channels]), of the dtype of images
        Image by image: as it is, shifted right, left, down, up. ``numpy.repeat(y, 5)``
        gives the labels that go with them.

    Raises
    ------
    ValueError
        Where `images` has another number of dimensions, or `pixels` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from skautoencoder import augment_with_shifts
    >>> image = np.array([[1, 2], [3, 4]])
    >>> augment_with_shifts(image[np.newaxis])[1]
    array([[0, 1],
           [0, 3]])
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            "images must have shape (n_images, height, width) or (n_images, height, width, "
            f"n_channels). Got shape {images.shape} instead: reshape rows of pixels first."
        )
    height, width = images.shape[1:3]
    if not isinstance(pixels, Integral) or not 1 <= pixels < min(height, width):
        raise ValueError(
            "pixels must be an integer, at least 1 and less than height and width, "
            f"{height} and {width}. Got {pixels!r} instead."
        )
    augmented = np.zeros((len(images), 5, *images.shape[1:]), dtype=images.dtype)
    augmented[:, 0] = images
    augmented[:, 1, :, pixels:] = images[:, :, :-pixels]
    augmented[:, 2, :, :-pixels] = images[:, :, pixels:]
    augmented[:, 3, pixels:] = images[:, :-pixels]
    augmented[:, 4, :-pixels] = images[:, pixels:]
    return augmented.reshape(-1, *images.shape[1:])
