"""
Filling missing values
======================

An :class:`~skautoencoder.AutoencoderImputer` in the place of scikit-learn's imputers: on digits
that have lost a third of their pixels, and on tables of measurements.
"""

# %%
# Digits with holes
# -----------------
# The imputers learn from digits with holes, and fill others that they have not seen.

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skautoencoder import AutoencoderImputer

rng = np.random.default_rng(0)


def punch(X, share):
    return np.where(rng.random(X.shape) < share, np.nan, X)


def error(filled, X, holes):
    return np.sqrt(np.square(filled - X)[np.isnan(holes)].mean())


train, test = train_test_split(load_digits().data / 16, random_state=0)
train_holes, test_holes = punch(train, 1 / 3), punch(test, 1 / 3)
imputers = {
    "SimpleImputer": SimpleImputer(),
    "KNNImputer": KNNImputer(),
    "AutoencoderImputer": AutoencoderImputer(random_state=0),
}
filled = {
    name: each.fit(train_holes).transform(test_holes)
    for name, each in imputers.items()
}
for name, X in filled.items():
    print(
        f"{name:20} error of a missing pixel: {error(X, test, test_holes):.3f}"
    )

# %%
# Tables
# ------
# The columns are standardised, so an error of 1 is that of filling in the mean.

sets = {
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "diabetes": load_diabetes,
}
imputers["IterativeImputer"] = IterativeImputer(random_state=0)
errors = {name: [] for name in imputers}
warnings.simplefilter("ignore", ConvergenceWarning)  # of IterativeImputer
for load in sets.values():
    X_train, X_test = train_test_split(load().data, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = (
        punch(scaler.transform(X_train), 0.3),
        scaler.transform(X_test),
    )
    X_holes = punch(X_test, 0.3)
    for name, imputer in imputers.items():
        errors[name].append(
            error(imputer.fit(X_train).transform(X_holes), X_test, X_holes)
        )

# %%
# Both at a glance
# ----------------
# The mean knows nothing of the digit; neighbours and the autoencoder do almost equally well there.
# On the tables, what tells is how well an imputer knows the ways in which the columns depend on
# each other.

figure = plt.figure(figsize=(9, 6.5), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=(5, 3))
rows = {"with holes": test_holes, **filled, "original": test}
for row_axes, (name, X) in zip(top.subplots(5, 10), rows.items(), strict=True):
    row_axes[0].set_ylabel(
        name, rotation=0, ha="right", va="center", fontsize=9
    )
    for ax, image in zip(row_axes, X, strict=False):
        ax.set_facecolor("tab:orange")  # shows through the holes
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
top.suptitle(
    "Digits that no imputer has seen, a third of their pixels missing (orange)"
)

ax = bottom.subplots()
order = [
    "SimpleImputer",
    "KNNImputer",
    "IterativeImputer",
    "AutoencoderImputer",
]
colours = ["0.8", "0.65", "0.45", "tab:orange"]
for i, (name, colour) in enumerate(zip(order, colours, strict=True)):
    bars = ax.bar(
        np.arange(len(sets)) + 0.2 * (i - 1.5),
        errors[name],
        0.19,
        label=name,
        fc=colour,
    )
    ax.bar_label(bars, fmt="%.2f", fontsize=8)
ax.set(
    xticks=range(len(sets)), xticklabels=sets, ylabel="error of a missing cell"
)
ax.set_title(
    "Tables with 30 % of the cells missing: error in standard deviations"
)
ax.set_ylim(0, 1.35)
ax.legend(ncols=4, loc="upper center", fontsize=8)

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("imputation.png", dpi=150)
    print("Picture: imputation.png")
