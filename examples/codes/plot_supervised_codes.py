"""
Codes that have seen the classes
================================

Two numbers for each of the 64 pixels of a handwritten digit: five ways to choose them, two of which
have never seen a label. How well do classifiers read unseen digits from them?
"""

# %%
# Five codes
# ----------
# `PCA` and the plain autoencoder keep what varies most. Linear discriminant analysis and
# neighborhood components analysis look for directions that tell the classes apart, and cannot
# bend them. :class:`~skautoencoder.AutoencoderClassifier` trains one network to rebuild the digit
# and to name it, both from the code.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import (
    KNeighborsClassifier,
    NeighborhoodComponentsAnalysis,
)
from sklearn.svm import SVC

from skautoencoder import AutoencoderClassifier, AutoencoderTransformer

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, random_state=0, stratify=y
)

codes = {
    "PCA": PCA(2, random_state=0),
    "AutoencoderTransformer": AutoencoderTransformer(2, random_state=0),
    "LinearDiscriminantAnalysis": LinearDiscriminantAnalysis(n_components=2),
    "NeighborhoodComponents-\nAnalysis": NeighborhoodComponentsAnalysis(
        2, max_iter=50, random_state=0
    ),
    "AutoencoderClassifier": AutoencoderClassifier(2, random_state=0),
}
for encoder in codes.values():
    encoder.fit(X_train, y_train)

# %%
# Accuracies
# ----------
# Each of three classifiers is trained on the codes of the training rows and judged by those of the
# held-out rows.

classifiers = {
    "neighbours": KNeighborsClassifier(),
    "logistic": LogisticRegression(max_iter=5000),
    "SVC": SVC(),
}


def accuracies(encoder):
    train, test = encoder.transform(X_train), encoder.transform(X_test)
    return [
        each.fit(train, y_train).score(test, y_test)
        for each in classifiers.values()
    ]


found = {name: accuracies(encoder) for name, encoder in codes.items()}
print(f"{'':32}" + "".join(f"{name:>12}" for name in classifiers))
for name, values in found.items():
    print(
        f"{name.replace(chr(10), ''):32}"
        + "".join(f"{value:12.2f}" for value in values)
    )

# %%
# The classifier has a head of its own, and its two numbers still rebuild a digit better than PCA's
# two do, if less well than those of the plain autoencoder, which had nothing else to do.

classifier = codes["AutoencoderClassifier"]
print(f"its own accuracy {classifier.score(X_test, y_test):.2f}")
print(f"explained share {classifier.explained_variance(X_test):.2f}, ", end="")
print(
    f"plain autoencoder {codes['AutoencoderTransformer'].score(X_test):.2f}, ",
    end="",
)
print(f"PCA {codes['PCA'].explained_variance_ratio_.sum():.2f}")

# %%
# The held-out digits
# -------------------

figure, axes = plt.subplots(2, 3, figsize=(10.5, 7), layout="constrained")
colors = plt.get_cmap("tab10")
for ax, (name, encoder) in zip(axes.flat, codes.items(), strict=False):
    points = encoder.transform(X_test)
    ax.scatter(*points.T, c=y_test, cmap=colors, vmin=-0.5, vmax=9.5, s=9)
    ax.set_title(f"{name}\naccuracy {np.mean(found[name]):.2f}", fontsize=10)
    ax.set_xticks([])
    ax.set_yticks([])
legend = axes.flat[-1]
legend.axis("off")
handles = [
    plt.Line2D([], [], marker="o", ls="", color=colors(digit))
    for digit in range(10)
]
legend.legend(
    handles, range(10), title="digit", loc="center", ncols=2, frameon=False
)
figure.suptitle("450 digits that no code has seen, in two numbers")

if "sphinx_gallery" not in sys.modules:
    figure.savefig("supervised_codes.png", dpi=150)
