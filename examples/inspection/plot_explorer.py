"""
An explorer for the browser
===========================

What does a unit of the code do? The notebook of the original "Autoencoder in Action" answered with
pictures of a few digits. Here the answer is a page to play with: choose a digit, move its code, and
watch the decoder draw. :func:`~skautoencoder.explore` writes it as one file, which needs neither
Python nor a network.
"""

# %%
# Two numbers for a digit
# -----------------------
# Two units are few for a digit, but they can be drawn: each digit is a point, and each point of the
# plane, whether a digit lies there or not, is a picture.
# :class:`~skautoencoder.VariationalAutoencoderTransformer` leaves few holes between the digits.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skautoencoder import VariationalAutoencoderTransformer, explore

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
autoencoder = VariationalAutoencoderTransformer(
    2,
    hidden_layer_sizes=(100, 50),
    loss="binary_cross_entropy",
    max_iter=200,
    random_state=0,
).fit(X)
print(
    f"share of the variance that two numbers keep: {autoencoder.score(X):.2f}"
)

# %%
# The page
# --------
# 500 of the 1797 digits are in the file, with the weights of the decoder, which runs in the page
# itself. `Open it in the browser <digits_explorer.html>`__: tap a mark to choose a digit, then drag
# the cross or the sliders.

path = explore(
    autoencoder,
    X,
    "digits_explorer.html",
    y=y,
    image_shape=(8, 8),
    title="Digits in two numbers",
)
print(f"{path}: {path.stat().st_size / 1000:.0f} kB")

# %%
# What the page shows, standing still
# -----------------------------------
# On the left the codes of all digits, on the right what the decoder makes of a grid of codes over
# the same plane. Between the groups one digit turns into another.

N_STEPS = 15
codes = autoencoder.transform(X)
low, high = codes.min(axis=0), codes.max(axis=0)
across, up = np.linspace(low, high, N_STEPS).T
grid = np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)
pictures = autoencoder.inverse_transform(grid).reshape(N_STEPS, N_STEPS, 8, 8)
# A margin of one pixel keeps neighbours apart.
pictures = np.pad(pictures, [(0, 0), (0, 0), (1, 1), (1, 1)])
sheet = pictures.transpose(0, 2, 1, 3).reshape(10 * N_STEPS, 10 * N_STEPS)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4.6), layout="constrained"
)
for digit in range(10):
    # The digits themselves as marks can be told apart without their colours.
    left.scatter(
        *codes[y == digit].T, s=22, marker=f"${digit}$", linewidth=0.3
    )
left.set(box_aspect=1, title="codes", xlabel="code 0", ylabel="code 1")
right.imshow(
    sheet,
    cmap="gray_r",
    vmin=0,
    vmax=1,
    extent=(low[0], high[0], low[1], high[1]),
)
right.set(
    box_aspect=1, aspect="auto", title="the decoder's pictures of the plane"
)
right.set(xlim=left.get_xlim(), ylim=left.get_ylim(), xlabel="code 0")

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("explorer.png", dpi=150)
    print("Picture: explorer.png")
