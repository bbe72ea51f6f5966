"""Digits, and what is left of them in ten numbers: by PCA, and by an autoencoder."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skautoencoder import AutoencoderTransformer

X_train, X_test = train_test_split(load_digits().data, random_state=0)
pca = PCA(n_components=10, random_state=0).fit(X_train)
autoencoder = AutoencoderTransformer(n_components=10, random_state=0).fit(X_train)

rows = X_test[:12]
pictures = {
    "64 pixels": rows,
    "10 numbers, PCA": pca.inverse_transform(pca.transform(rows)),
    "10 numbers,\nautoencoder": autoencoder.reconstruct(rows),
}
figure, axes = plt.subplots(3, len(rows), figsize=(8.4, 2.1), layout="constrained")
for row_axes, (name, images) in zip(axes, pictures.items(), strict=True):
    for ax, image in zip(row_axes, images, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    row_axes[0].set_ylabel(name, rotation="horizontal", ha="right", va="center")
