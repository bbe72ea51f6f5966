"""
A map of the digits, and digits that nobody wrote
=================================================

A variational autoencoder gives each row a distribution of codes and keeps all of these close to the
standard normal distribution. So a code drawn from that decodes to a row like those of the training
data, and between the codes of two rows lie rows in between.
"""

# %%
# Two numbers for a digit
# -----------------------
# The binary cross entropy takes a pixel's grey as the probability of ink. What training maximises
# is the evidence lower bound: at most the logarithm of the probability of an image.
# ``code_variance_`` is near 0 for units that the network does not use; here it uses both.

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skautoencoder import VariationalAutoencoderTransformer

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, random_state=0
)

vae = VariationalAutoencoderTransformer(
    2,
    hidden_layer_sizes=(256, 128),
    loss="binary_cross_entropy",
    max_iter=150,
    random_state=0,
).fit(X_train)
print(
    f"bound of a training image  {vae.score_samples(X_train).mean():7.2f} nats"
)
print(
    f"bound of a test image      {vae.score_samples(X_test).mean():7.2f} nats"
)
print(f"code_variance_             {vae.code_variance_.round(2)}")

# %%
# As many as are of use
# ---------------------
# By default pixels are normal about the output, and how widely is learned from the errors. Of the
# code's 36 units, those that do not pay for their share of the divergence stay idle. (The bounds
# are logarithms of densities here, and not to be compared with those above.)

wide = VariationalAutoencoderTransformer(36, max_iter=150, random_state=0).fit(
    X_train
)
n_used = int((wide.code_variance_ > 0.05).sum())
print(f"of 36 units in use         {n_used:4}")
print(
    f"bound of a test image      {wide.score_samples(X_test).mean():7.2f} nats"
)
for name, autoencoder in {"2 units": vae, f"{n_used} units": wide}.items():
    print(f"{name:<8} score, test images {autoencoder.score(X_test):6.2f}")

# %%
# The plane of codes
# ------------------
# Left, the plane decoded: the lines of the grid stand at quantiles of the normal distribution, so
# that all pictures stand for equal shares of its probability. Middle, the codes of the test digits;
# training saw no labels. Right, digits decoded from random codes, by the network of 2 numbers (top)
# and the one of 36 (bottom): this rebuilds better, but more of what it makes is no digit.


def tiled(images, n_columns):
    framed = np.zeros((len(images), 9, 9))
    framed[:, :8, :8] = images.reshape(-1, 8, 8)
    rows = framed.reshape(-1, n_columns, 9, 9).transpose(0, 2, 1, 3)
    return rows.reshape(-1, 9 * n_columns)[:-1, :-1]


side = 14
quantiles = norm.ppf((np.arange(side) + 0.5) / side)
grid = np.stack(np.meshgrid(quantiles, quantiles[::-1]), axis=-1).reshape(
    -1, 2
)

figure = plt.figure(figsize=(11, 4.6), layout="constrained")
axes = figure.subplot_mosaic(
    [["grid", "codes", "two"], ["grid", "codes", "wide"]],
    width_ratios=[4, 4, 2.6],
)
pictures = {
    "grid": (
        vae.inverse_transform(grid.astype(np.float32)),
        side,
        "the plane of codes, decoded",
    ),
    "two": (vae.sample(35, random_state=0), 7, "made from 2 numbers"),
    "wide": (
        wide.sample(35, random_state=0),
        7,
        f"made from 36, {n_used} in use",
    ),
}
for name, (images, n_columns, title) in pictures.items():
    axes[name].imshow(tiled(images, n_columns), cmap="gray_r", vmin=0, vmax=1)
    axes[name].set(title=title, xticks=[], yticks=[])
codes = vae.transform(X_test)
for digit in range(10):
    of_digit = codes[y_test == digit]
    color = plt.cm.tab10(digit)
    for code in of_digit:
        axes["codes"].text(
            *code, digit, color=color, fontsize=8, ha="center", va="center"
        )
axes["codes"].set(
    title="codes of test digits", xlim=(-3, 3), ylim=(-3, 3), aspect="equal"
)
axes["codes"].set(xlabel="code 0", ylabel="code 1")

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("variational.png", dpi=150)
    print("Picture: variational.png")
