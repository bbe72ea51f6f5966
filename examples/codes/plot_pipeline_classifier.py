"""
Codes in front of a classifier
==============================

An autoencoder stands in a Pipeline where a PCA stood. Does a classifier read digits better
from its codes, and what if the code has seen the labels, too? Codes of 2, 10 and 36 numbers, three
classifiers, five folds; the encoder is fitted anew inside each fold, so it never sees the rows,
nor the labels, that it is judged on.
"""

# %%
# Encoders
# --------
# What rebuilds digits best is not what sorts them best. An :class:`AutoencoderTransformer
# <skautoencoder.AutoencoderTransformer>`, which never sees a label, has to be helped where its
# code is narrow: the skip connections are left out, so that the layers must do the sorting, and
# training goes on without held-out rows. At 36 numbers the defaults do.
#
# An :class:`AutoencoderClassifier <skautoencoder.AutoencoderClassifier>` is trained for both, and
# its defaults do at every width. A Pipeline passes it the labels of the training rows, as it does
# to every step.
#
# A network's code has no natural unit, so it is standardised. PCA's is not: its spread is the
# variance that it explains, and the classifiers profit from that.

import sys
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skautoencoder import AutoencoderClassifier, AutoencoderTransformer

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


def pca_steps(n_components):
    return [("encoder", PCA(n_components, random_state=0))]


layers_only = {"skip_connections": False, "early_stopping": False}
two = {
    "hidden_layer_sizes": (128, 64, 32, 16),
    "activation": "leaky_relu",
    "alpha": 1e-3,
}
two |= {"code_activation": "identity", "batch_size": 32, "max_iter": 150}
ten = {
    "hidden_layer_sizes": (128, 10, 64),
    "decoder_layer_sizes": (64,),
    "activation": "elu",
}
ten |= {
    "code_activation": "tanh",
    "weight_init": "he_uniform",
    "solver": "muon",
}
ten |= {"batch_size": 64, "max_iter": 100}
params = {2: layers_only | two, 10: layers_only | ten, 36: {}}


def autoencoder_steps(n_components):
    encoder = AutoencoderTransformer(
        n_components, random_state=0, **params[n_components]
    )
    return [("encoder", encoder), ("scaler", StandardScaler())]


def supervised_steps(n_components):
    encoder = AutoencoderClassifier(n_components, random_state=0)
    return [("encoder", encoder), ("scaler", StandardScaler())]


# %%
# The Pipeline for two numbers, as a notebook shows it. The question mark of a step leads to its
# page, and a click on the step to its parameters.

Pipeline([*supervised_steps(2), ("classifier", KNeighborsClassifier())])

# %%
# Cross-validation
# ----------------
# ``memory`` lets the three classifiers share what the encoder of a fold has learnt.

widths = (2, 10, 36)
encoders = {
    "PCA": pca_steps,
    "autoencoder": autoencoder_steps,
    "with labels": supervised_steps,
}
classifiers = {"LogisticRegression": LogisticRegression(max_iter=2000)}
classifiers |= {"KNeighbors": KNeighborsClassifier(), "SVC": SVC()}
cv = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
accuracy = {}
with TemporaryDirectory() as cache:
    for width in widths:
        for encoder, steps in encoders.items():
            for classifier, estimator in classifiers.items():
                pipeline = Pipeline(
                    [*steps(width), ("classifier", estimator)], memory=cache
                )
                folds = cross_val_score(pipeline, X, y, cv=cv, n_jobs=2)
                accuracy[width, encoder, classifier] = folds

print(f"{'accuracy':<16}" + "".join(f"{name:>20}" for name in classifiers))
for width in widths:
    for encoder in encoders:
        means = [accuracy[width, encoder, name].mean() for name in classifiers]
        print(
            f"{encoder:<12}{width:4}"
            + "".join(f"{mean:20.3f}" for mean in means)
        )

# %%
# With two numbers a nonlinear code is worth its training, whatever reads it, and one that has seen
# the labels leaves less than half of the errors. With ten it is still ahead, whatever reads it.
# With 36 only the linear classifier gains; for the others PCA is as good or better: use PCA.

figure, axes = plt.subplots(
    1, 3, figsize=(9, 3.6), sharey=True, layout="constrained"
)
for ax, classifier in zip(axes, classifiers, strict=True):
    for encoder, style, shift in zip(
        encoders, "osD", (-0.2, 0, 0.2), strict=True
    ):
        errors = [1 - accuracy[width, encoder, classifier] for width in widths]
        at, means = np.arange(len(widths)) + shift, np.mean(errors, axis=1)
        ax.errorbar(
            at,
            means,
            yerr=np.std(errors, axis=1),
            fmt=style,
            capsize=3,
            label=encoder,
        )
    ax.set(title=classifier, xlabel="width of the code", yscale="log")
    ax.set(
        xticks=range(len(widths)),
        xticklabels=widths,
        xlim=(-0.5, len(widths) - 0.5),
    )
    ax.set_yticks(
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.4],
        ["1 %", "2 %", "5 %", "10 %", "20 %", "40 %"],
    )
    ax.grid(axis="y", which="major", alpha=0.4)
axes[0].set_ylabel("digits misread, mean and s.d. of 5 folds")
legend = axes[0].legend(loc="lower left")

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("pipeline_classifier.png", dpi=150)
    print("Picture: pipeline_classifier.png")
