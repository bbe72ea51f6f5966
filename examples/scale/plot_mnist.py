"""
MNIST: 784 pixels from 30 numbers
=================================

The digits on which Hinton and Salakhutdinov showed in 2006 what a deep autoencoder can do that PCA
cannot. Ours is smaller, 784-256-128-30-128-256-784. The solver :class:`~skautoencoder.Shampoo` is made
for layers of this width: six passes over the 60 000 training images are enough, half a minute.

The images are downloaded once by scikit-learn, or read from a file that you have::

    python plot_mnist.py mnist.npz

Where this page was built without them, nothing is printed below; this is what the example draws:

.. image:: /pictures/mnist.png
   :alt: Ten digits of MNIST, and what autoencoder and PCA rebuild from 30 numbers each.
"""

# %%
# Data
# ----
# Nothing below runs without the images, so what to do is said where they cannot be had.

# sphinx_gallery_thumbnail_path = 'pictures/mnist.png'

import sys
import warnings
from http.client import HTTPException

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml, get_data_home
from sklearn.decomposition import PCA

from skautoencoder import AutoencoderTransformer


def load_mnist():  # training and test images, in [0, 255]
    if len(sys.argv) > 1:
        with np.load(sys.argv[1]) as arrays:
            return arrays["X_train"], arrays["X_test"]
    # What matters is whether it works in the end.
    with warnings.catch_warnings(action="ignore"):
        X = fetch_openml("mnist_784", version=1, as_frame=False).data
    return X[:60_000], X[60_000:]


try:
    X_train, X_test = ((X / 255).astype(np.float32) for X in load_mnist())
except (OSError, HTTPException, ImportError, KeyError, ValueError) as error:
    X_train = None
    # Of no use to readers of the gallery.
    if "sphinx_gallery" not in sys.modules:
        print(f"No MNIST, and so no picture: {error}")
        print(
            f"fetch_openml keeps what it has downloaded in {get_data_home()}."
        )
        print(
            "Run this once with internet access, copy that folder from elsewhere, or"
        )
        print(
            "pass a file of arrays X_train and X_test, 784 columns, 0 to 255:"
        )
        print("python plot_mnist.py mnist.npz")

# %%
# Network and PCA
# ---------------
# Most pixels are black or white, or nearly so, which suits the cross entropy: with it the output
# stays in [0, 1]. With Shampoo a batch may be larger than by default, and epochs are few. Errors are
# sums of squares over an image, and their mean over the test images is printed: from the same 30
# numbers, the network leaves a quarter of PCA's.


def squared_error(X, X_rebuilt):
    return np.square(X - X_rebuilt).sum(axis=1)


if X_train is not None:
    autoencoder = AutoencoderTransformer(
        30,
        hidden_layer_sizes=(256, 128),
        activation="elu",
        loss="binary_cross_entropy",
        solver="shampoo",
        batch_size=250,
        max_iter=6,
        random_state=0,
    ).fit(X_train)
    pca = PCA(30, random_state=0).fit(X_train)
    rebuilt = {
        "autoencoder": autoencoder.reconstruct(X_test),
        "PCA": pca.inverse_transform(pca.transform(X_test)),
    }
    for name, X_rebuilt in rebuilt.items():
        print(
            f"{name:<12} test error {squared_error(X_test, X_rebuilt).mean():6.2f}"
        )

# %%
# The first ten test images
# -------------------------
# Below each reconstruction stands its error. PCA's are blurred, for it can only add up 30 pictures;
# the network's strokes are as sharp as the digits', even where it has a stroke wrong.

if X_train is not None:
    figure, axes = plt.subplots(3, 10, figsize=(9, 3.3), layout="constrained")
    for row_axes, (name, images) in zip(
        axes, {"digit": X_test, **rebuilt}.items(), strict=True
    ):
        row_axes[0].set_ylabel(name, fontsize=9)
        for i, ax in enumerate(row_axes):
            ax.imshow(images[i].reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            if name != "digit":
                ax.set_xlabel(
                    f"{squared_error(X_test, images)[i]:.1f}", fontsize=9
                )
    figure.suptitle(
        "Test digits, and what is rebuilt from 30 numbers (error below)"
    )
    # The gallery keeps the figure by itself.
    if "sphinx_gallery" not in sys.modules:
        figure.savefig("mnist.png", dpi=150)
        print("Picture: mnist.png")
