"""
Sparse codes
============

A code may be as wide as the row itself and still say something, if only few of its units are active
for each row. Then a unit stands for something that some digits have and others do not. We train
three codes of 64 numbers for 64 pixels: one without a penalty, two with.
"""

# %%
# Three codes
# -----------
# One layer each way, so that a digit is rebuilt as a sum of pictures, one for each unit.
# :class:`~skautoencoder.L1Sparsity` makes the code's activation relu, whose zeros are exact;
# :class:`~skautoencoder.KLSparsity` makes it a sigmoid, and pulls the mean of each unit
# towards 0.05. Without ``alpha`` the decoder would cheat: small codes before large weights rebuild
# the same digit.

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skautoencoder import AutoencoderTransformer, KLSparsity, L1Sparsity

X = load_digits().data.astype(np.float32)
X_train, X_test = train_test_split(X, test_size=0.25, random_state=0)

settings = {
    "hidden_layer_sizes": (),
    "alpha": 0.01,
    "max_iter": 100,
    "random_state": 0,
}
# As wide as X, and without a penalty, the first could copy it, of which fit
# warns; alpha is what keeps it from that.
warnings.filterwarnings("ignore", message="n_components=64 is no less")
kinds = {
    "no penalty": {"code_activation": "relu", "skip_connections": False},
    "L1Sparsity": {"code_penalty": L1Sparsity(weight=1.0)},
    "KLSparsity": {"code_penalty": KLSparsity(target=0.05, weight=2.0)},
}
autoencoders = {
    name: AutoencoderTransformer(64, **settings, **kind).fit(X_train)
    for name, kind in kinds.items()
}

# %%
# How many units are active
# -------------------------
# A unit counts as active where it is above a tenth of the largest value that it takes. With L1,
# some 13 of the 64 are above 0 for a digit. A PCA of 13 numbers explains less: it has the same
# components for all digits, while here each digit has its own.

n_active, n_above_zero = {}, {}
print(f"{'test digits':<14}{'score':>7}{'active':>9}{'above 0':>9}")
for name, autoencoder in autoencoders.items():
    codes = autoencoder.transform(X_test)
    n_active[name] = (codes > 0.1 * codes.max(axis=0)).sum(axis=1)
    n_above_zero[name] = (codes > 0).sum(axis=1).mean()
    score = autoencoder.score(X_test)
    print(
        f"{name:<14}{score:7.3f}{n_active[name].mean():9.1f}{n_above_zero[name]:9.1f}"
    )
width = round(n_above_zero["L1Sparsity"])
pca = PCA(width).fit(X_train)
residual = X_test - pca.inverse_transform(pca.transform(X_test))
explained = (
    1
    - np.square(residual).sum() / np.square(X_test - X_test.mean(axis=0)).sum()
)
print(f"{f'PCA({width})':<14}{explained:7.3f}")

# %%
# What the units have learned
# ---------------------------
# The picture of a unit is what the decoder makes of a code with this unit alone at 1, less what it
# makes of a code of zeros: orange adds ink, purple takes it away. Shown are the 36 units that are
# active most often. Units of the plain code are hardly more than noise, for any 64 directions do as
# well. With a penalty they become strokes, or parts of them, for few of them must make a digit.


def mosaic(autoencoder, units, side=6):
    on = np.eye(64, dtype=np.float32)[units]
    pictures = autoencoder.inverse_transform(
        on
    ) - autoencoder.inverse_transform(0 * on)
    pictures /= np.abs(pictures).max(axis=1, keepdims=True)
    framed = np.full((side, side, 9, 9), np.nan)
    framed[:, :, :8, :8] = pictures.reshape(side, side, 8, 8)
    return framed.transpose(0, 2, 1, 3).reshape(9 * side, 9 * side)[:-1, :-1]


figure, axes = plt.subplots(
    2, 3, figsize=(9, 5.4), height_ratios=[3, 1.2], layout="constrained"
)
for (top, bottom), (name, autoencoder) in zip(
    axes.T, autoencoders.items(), strict=True
):
    codes = autoencoder.transform(X_test)
    often = np.argsort((codes > 0.1 * codes.max(axis=0)).mean(axis=0))[::-1]
    top.imshow(mosaic(autoencoder, often[:36]), cmap="PuOr_r", vmin=-1, vmax=1)
    top.set(title=name, xticks=[], yticks=[])
    top.spines[:].set_visible(False)
    bottom.hist(n_active[name], bins=np.arange(66) - 0.5, color="dimgray")
    bottom.set(
        xlim=(-0.5, 64.5),
        xticks=range(0, 65, 16),
        yticks=[],
        xlabel="active units",
    )
axes[1, 0].set_ylabel("test digits")

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("sparse_codes.png", dpi=150)
    print("Picture: sparse_codes.png")
