"""
Training on shifted digits
==========================

The training notebook of the original "Autoencoder from Scratch": a network of widths
64-50-40-36-40-50-64 learns to rebuild 8 x 8 digits from 36 numbers. The original trained for
3700 epochs, one row at a time. Here the same network trains with mini-batches and Adam, once as it
was and once with the skip connections that the defaults add, and we compare the errors on the test
images.
"""

# %%
# Data
# ----
# Each digit is followed by its shifts right, left, down and up by one pixel. As in the
# original, rows are split after that, so that shifts of one digit can fall on both sides:
# this tests rebuilding, not the reading of new handwriting. The estimator keeps the dtype of
# its input; float32 trains faster.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

from skautoencoder import AutoencoderTransformer, augment_with_shifts

images = augment_with_shifts(load_digits().images)
X = (
    MinMaxScaler()
    .fit_transform(images.reshape(len(images), -1))
    .astype(np.float32)
)
X_train, X_test = train_test_split(X, test_size=0.2, random_state=42)
print(
    f"{len(X_train)} rows to train on, {len(X_test)} to test on, "
    f"{X.shape[1]} pixels each"
)

# %%
# Training
# --------
# ``skip_connections=False`` makes :class:`~skautoencoder.AutoencoderTransformer` the original
# network, tanh in all layers and a sigmoid at the output; by default there are skip connections
# beside the layers. ``early_stopping=True`` holds out a tenth of the training rows, records the
# loss on them after each epoch and restores the weights of the best one. Much of the gain comes
# late, when the cosine schedule has lowered the learning rate.

settings = {"max_iter": 300, "early_stopping": True, "random_state": 0}
autoencoder = AutoencoderTransformer(skip_connections=False, **settings).fit(
    X_train
)
with_skips = AutoencoderTransformer(**settings).fit(X_train)
best_epoch = int(np.argmin(autoencoder.validation_loss_curve_)) + 1
print(f"{autoencoder.n_iter_} epochs, the best was number {best_epoch}")

# %%
# Comparison
# ----------
# The measure is the original's L2: half the squared error of an image, averaged over the test
# images. It is also the loss of the network without skips, which trains in these units. PCA's
# figure is computed here; 1.12068 is what the original published for itself.


def l2(X, X_rebuilt):
    return 0.5 * np.square(X - X_rebuilt).sum(axis=1).mean()


pca = PCA(n_components=36).fit(X_train)
test_l2 = {
    "original, 3700 epochs": 1.12068,
    "PCA(36)": l2(X_test, pca.inverse_transform(pca.transform(X_test))),
    "the same network here": l2(X_test, autoencoder.reconstruct(X_test)),
    "with skip connections": l2(X_test, with_skips.reconstruct(X_test)),
}
for name, value in test_l2.items():
    print(f"{name:<24}{value:9.5f}")

# %%
# The curves are those of the network without skip connections. The loss falls fast at first, then
# slowly and noisily while the steps are large, and smoothly once they shrink. The validation curve
# ends above the training curve: by that much the network rebuilds its own rows better than others.
# Skip connections, which hold PCA's map from the start, leave a third of the error in as many
# epochs.

figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
epochs = np.arange(1, autoencoder.n_iter_ + 1)
ax.plot(
    epochs, autoencoder.loss_curve_, color="tab:blue", label="training rows"
)
ax.plot(
    epochs,
    autoencoder.validation_loss_curve_,
    color="tab:orange",
    label="held-out rows",
)
ax.plot(
    best_epoch, autoencoder.best_loss_, "ko", label=f"best, epoch {best_epoch}"
)
for (name, value), side in zip(
    test_l2.items(), ("right", "right", "left", "right"), strict=True
):
    ax.axhline(value, color="gray", linestyle="--", linewidth=1)
    label = {
        "x": 0.99 if side == "right" else 0.02,
        "ha": side,
        "va": "bottom",
        "color": "dimgray",
    }
    ax.text(
        y=value,
        s=f"test: {name}, {value:.4f}",
        transform=ax.get_yaxis_transform(),
        **label,
    )
ax.set(xlabel="epoch", ylabel="L2 of an image", yscale="log")
ax.set_title(
    "64 pixels from 36 numbers: 64-50-40-36-40-50-64 without skip connections"
)
legend = ax.legend(loc="upper right")

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("training.png", dpi=150)
    print("Picture: training.png")
