"""
Digits, their codes and their reconstructions
=============================================

An 8 x 8 digit goes in, a code of a few numbers is all that is kept of it, and a digit comes out
again. We look at codes of 36 numbers and of 10, beside what a PCA makes of as many.
"""

# %%
# Data
# ----
# The data of the original "Autoencoder from Scratch": every digit and its four shifts by one
# pixel, a fifth of them for testing.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from skautoencoder import AutoencoderTransformer, augment_with_shifts

digits = load_digits()
images = augment_with_shifts(digits.images)
X = (
    MinMaxScaler()
    .fit_transform(images.reshape(len(images), -1))
    .astype(np.float32)
)
y = np.repeat(digits.target, 5)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=42
)

# %%
# Encoders of the same widths
# ---------------------------
# Both have ``fit``, ``transform`` and ``inverse_transform``. With 36 numbers the network has the
# original's widths, with skip connections beside its layers that start along PCA's components. Much
# of its gain comes late, when the learning rate has fallen, so it is given 300 epochs
# there, and 100 with 10 numbers.


def rebuilt(encoder):
    return encoder.inverse_transform(encoder.transform(X_test))


autoencoders, X_autoencoder, X_pca = {}, {}, {}
for width, max_iter in ((36, 300), (10, 100)):
    autoencoders[width] = AutoencoderTransformer(
        width, max_iter=max_iter, random_state=0
    ).fit(X_train)
    X_autoencoder[width] = rebuilt(autoencoders[width])
    X_pca[width] = rebuilt(PCA(width).fit(X_train))

# %%
# Test errors
# -----------
# L2 is half the squared error of an image. 1.12068 is what the original published as its mean
# over the same test images, from 36 numbers.


def l2(X_rebuilt):
    return 0.5 * np.square(X_test - X_rebuilt).sum(axis=1)


print("test L2                   36 numbers  10 numbers")
print(f"the original network    {1.12068:12.5f}")
for name, X_rebuilt in {
    "PCA": X_pca,
    "AutoencoderTransformer": X_autoencoder,
}.items():
    print(
        f"{name:<24}{l2(X_rebuilt[36]).mean():12.5f}{l2(X_rebuilt[10]).mean():12.5f}"
    )

# %%
# One digit of each class
# -----------------------
# The codes of 36 are drawn as 6 x 6 pictures, those of 10 as two rows of five, from -2 (dark) to 2
# (bright). The place of a number in its picture means nothing. Below each reconstruction stands its
# L2. With 36 numbers both look alike, and the error tells them apart; with 10 the digits of
# PCA are blurred, and those of the network are not.

first = [int(np.flatnonzero(y_test == digit)[0]) for digit in range(10)]
digit_style = {"cmap": "gray_r", "vmin": 0, "vmax": 1}
code_style = {"cmap": "viridis", "vmin": -2, "vmax": 2}
rows = {"digit": (X_test, (8, 8), digit_style)}
for width, shape in ((36, (6, 6)), (10, (2, 5))):
    rows[f"{width} numbers"] = (
        autoencoders[width].transform(X_test),
        shape,
        code_style,
    )
    rows[f"autoencoder, {width}"] = (X_autoencoder[width], (8, 8), digit_style)
    rows[f"PCA, {width}"] = (X_pca[width], (8, 8), digit_style)

figure, axes = plt.subplots(
    len(rows), 10, figsize=(9, 7.6), layout="constrained"
)
for row_axes, (name, (values, shape, style)) in zip(
    axes, rows.items(), strict=True
):
    row_axes[0].set_ylabel(
        name, fontsize=9, rotation="horizontal", ha="right", va="center"
    )
    for ax, i in zip(row_axes, first, strict=True):
        ax.imshow(values[i].reshape(shape), **style)
        ax.set(xticks=[], yticks=[])
        if name.startswith(("autoencoder", "PCA")):
            ax.set_xlabel(f"{l2(values)[i]:.2f}", fontsize=9)
figure.suptitle(
    "Test digits, their codes, and what is rebuilt from them (L2 below)"
)

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("in_action.png", dpi=150)
    print("Picture: in_action.png")
