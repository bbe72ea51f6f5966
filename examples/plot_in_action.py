"""
Digits, their codes and their reconstructions
=============================================

An 8 x 8 digit goes in, a code of 36 numbers is all that is kept of it, and a digit comes out
again. We look at the three side by side, and at what the 36 numbers of a PCA give back.
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
X = MinMaxScaler().fit_transform(images.reshape(len(images), -1)).astype(np.float32)
y = np.repeat(digits.target, 5)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

# %%
# Two encoders of the same width
# ------------------------------
# Both have ``fit``, ``transform`` and ``inverse_transform``. The network has the original's widths,
# with skip connections beside its layers that start along PCA's components. Much of its gain comes
# late, when the learning rate has fallen, so it is given 300 epochs.

autoencoder = AutoencoderTransformer(n_components=36, max_iter=300, random_state=0).fit(X_train)
pca = PCA(n_components=36).fit(X_train)

codes = autoencoder.transform(X_test)
X_autoencoder = autoencoder.inverse_transform(codes)
X_pca = pca.inverse_transform(pca.transform(X_test))

# %%
# Test errors
# -----------
# L2 is half the squared error of an image. 1.12068 is what the original published as its mean
# over the same test images.


def l2(X_rebuilt):
    return 0.5 * np.square(X_test - X_rebuilt).sum(axis=1)


print("36 numbers for 64 pixels       test L2")
print(f"the original network           {1.12068:.5f}")
print(f"PCA                            {l2(X_pca).mean():.5f}")
print(f"AutoencoderTransformer         {l2(X_autoencoder).mean():.5f}")

# %%
# One digit of each class
# -----------------------
# The codes are drawn as 6 x 6 pictures, from -2 (dark) to 2 (bright). The place of a number in
# its picture means nothing. Below each reconstruction stands its L2: the digits are legible in
# both, and where PCA leaves faint shadows beside them, the network leaves a sixth of the error.

first = [int(np.flatnonzero(y_test == digit)[0]) for digit in range(10)]
rows = {
    "digit": (X_test, 8, {"cmap": "gray_r", "vmin": 0, "vmax": 1}),
    "code": (codes, 6, {"cmap": "viridis", "vmin": -2, "vmax": 2}),
    "autoencoder": (X_autoencoder, 8, {"cmap": "gray_r", "vmin": 0, "vmax": 1}),
    "PCA": (X_pca, 8, {"cmap": "gray_r", "vmin": 0, "vmax": 1}),
}
figure, axes = plt.subplots(4, 10, figsize=(9, 4.2), layout="constrained")
for row_axes, (name, (values, side, style)) in zip(axes, rows.items(), strict=True):
    row_axes[0].set_ylabel(name, fontsize=9)
    for ax, i in zip(row_axes, first, strict=True):
        ax.imshow(values[i].reshape(side, side), **style)
        ax.set(xticks=[], yticks=[])
        if values is X_autoencoder or values is X_pca:
            ax.set_xlabel(f"{l2(values)[i]:.3f}", fontsize=9)
figure.suptitle("Test digits, their 36-d codes, and what is rebuilt from 36 numbers (L2 below)")

if "sphinx_gallery" not in sys.modules:  # the gallery keeps the figure by itself
    figure.savefig("in_action.png", dpi=150)
    print("Picture: in_action.png")
