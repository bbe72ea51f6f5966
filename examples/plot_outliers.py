"""
Strangers among the threes
==========================

Handwritten threes, and a few other digits among them that nobody has marked. An ensemble of
autoencoders ranks all images by how little they are like the rest, and says which pixels are to
blame.
"""

# %%
# Data
# ----
# All 183 threes, and ten images of other digits: one row in twenty.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from skautoencoder import AutoencoderOutlierDetector

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
strangers = rng.choice(np.flatnonzero(y != 3), size=10, replace=False)
rows = rng.permutation(np.concatenate([np.flatnonzero(y == 3), strangers]))
X, y = X[rows], y[rows]

# %%
# Training on threes and strangers alike
# --------------------------------------
# Eight small networks are trained twice: on all images, and again without the tenth that looked
# least like the others the first time. The labels serve only to see how well that went.

detector = AutoencoderOutlierDetector(random_state=0).fit(X)
scores = detector.score_samples(X)
forest_scores = IsolationForest(random_state=0).fit(X).score_samples(X)

print("ROC AUC")
print(f"AutoencoderOutlierDetector   {roc_auc_score(y == 3, scores):.3f}")
print(f"IsolationForest              {roc_auc_score(y == 3, forest_scores):.3f}")
print(f"called outliers: {np.sum(detector.predict(X) == -1)} of {len(X)} images")

# %%
# The ten strangest images
# ------------------------
# Below each image stands what its pixels contribute to its score: dark where a pixel is not as the
# networks would have it, or as no other image has it. The most ordinary three, on the right, has
# nothing to be blamed for. Threes that rank among the strangers are worth a look too: the third
# ends in a flourish to the lower right, and the ninth begins with a bar to the upper right.

ranked = np.argsort(scores)
shown = [*ranked[:10], ranked[-1]]
contributions = detector.feature_contributions(X[shown])
figure, axes = plt.subplots(2, 11, figsize=(10, 2.6), layout="constrained")
styles = {
    "image": (X[shown], {"cmap": "gray_r", "vmin": 0, "vmax": 16}),
    "pixels": (contributions, {"cmap": "Reds", "vmin": 0, "vmax": contributions.max()}),
}
for row_axes, (name, (images, style)) in zip(axes, styles.items(), strict=True):
    row_axes[0].set_ylabel(name, fontsize=9)
    for ax, image in zip(row_axes, images, strict=True):
        ax.imshow(image.reshape(8, 8), **style)
        ax.set(xticks=[], yticks=[])
for position, (ax, i) in enumerate(zip(axes[0], shown, strict=True), start=1):
    place = f"{position}." if position <= 10 else "last:"
    color = "black" if y[i] == 3 else "tab:red"
    ax.set_title(f"{place} a {y[i]}", fontsize=9, color=color)
for ax, i in zip(axes[1], shown, strict=True):
    ax.set_xlabel(f"{scores[i]:.1f}", fontsize=9)
figure.suptitle("The images least like the others, and the pixels that say so (score below)")

if "sphinx_gallery" not in sys.modules:  # the gallery keeps the figure by itself
    figure.savefig("outliers.png", dpi=150)
    print("Picture: outliers.png")
