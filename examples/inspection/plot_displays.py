"""
Pictures of an autoencoder
==========================

What ``skautoencoder.plotting`` draws, on digits of 8 x 8 pixels. Each display has
``from_estimator``, which draws at once, on axes of your own if you pass ``ax``.
"""

# %%
# Two networks
# ------------
# One with the defaults, 64-50-40-36-40-50-64 with skip connections, and one whose code of two
# numbers has a place in the plane.

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skautoencoder import AutoencoderTransformer
from skautoencoder.plotting import (
    ArchitectureDisplay,
    CodeDisplay,
    ErrorDisplay,
    LossCurveDisplay,
    ReconstructionDisplay,
    WeightsDisplay,
)

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=0
)

autoencoder = AutoencoderTransformer(random_state=0).fit(X_train)
flat = AutoencoderTransformer(
    2,
    hidden_layer_sizes=(128, 64, 32, 16),
    activation="leaky_relu",
    code_activation="identity",
    skip_connections=False,
    alpha=1e-3,
    early_stopping=False,
    random_state=0,
).fit(X_train)

# %%
# The network
# -----------
# An estimator that is not fitted can be drawn too: tell it ``n_features``.

architecture = ArchitectureDisplay.from_estimator(autoencoder)
flat_architecture = ArchitectureDisplay.from_estimator(flat)

# %%
# Training
# --------
# The mark is on the epoch whose weights were kept.

losses = LossCurveDisplay.from_estimator(autoencoder)

# %%
# Rows and what becomes of them
# -----------------------------
# The place of a number in the picture of its code means nothing. ``rows`` may be the numbers of the
# rows to show: here the six that are rebuilt worst.

worst = np.argsort(autoencoder.score_samples(X_test))[:6]
rows = ReconstructionDisplay.from_estimator(
    autoencoder, X_test, rows=worst, image_shape=(8, 8)
)

# %%
# Which pixels are hard
# ---------------------

errors = ErrorDisplay.from_estimator(autoencoder, X_test, image_shape=(8, 8))

# %%
# What units have learned
# -----------------------
# A unit of the code, which changes the whole digit when it moves; and what in the input raises the
# units of the first layer. Red adds ink, blue takes it away.

weights = WeightsDisplay.from_estimator(autoencoder, image_shape=(8, 8))
first_layer = WeightsDisplay.from_estimator(flat, layer=1, image_shape=(8, 8))

# %%
# Codes
# -----
# Wider codes need a ``projection``, such as ``PCA(2)`` or the numbers of two units, ``(0, 1)``.

codes = CodeDisplay.from_estimator(flat, X_test, y_test)

# The gallery keeps figures by itself.
if "sphinx_gallery" not in sys.modules:
    displays = {
        "architecture": architecture,
        "losses": losses,
        "rows": rows,
        "errors": errors,
    }
    for name, display in (
        displays | {"weights": weights, "codes": codes}
    ).items():
        display.figure_.savefig(f"displays_{name}.png", dpi=150)
        print(f"Picture: displays_{name}.png")
