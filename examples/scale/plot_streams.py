"""
Files larger than memory
========================

An autoencoder sees its rows a batch at a time, so they need not all be in memory: ``fit`` reads a
memory-mapped file in random order, ``partial_fit`` learns from one piece after another. Here both
train on the same rows, and we measure how much memory they take.
"""

# %%
# Rows on disk
# ------------
# Rows near a curved surface in 64 dimensions, written in pieces. In earnest there would be a
# thousand times as many; what is measured below stays the same, but for 8 bytes a row for the order
# in which they are visited.

# sphinx_gallery_parallel = False

import os
import sys
import tempfile
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

from skautoencoder import AutoencoderTransformer

N_PIECES, ROWS_PER_PIECE, N_FEATURES = 20, 10_000, 64
folder = tempfile.TemporaryDirectory()
maps = np.random.default_rng(0).normal(size=(2, 4, N_FEATURES))


def make_rows(seed):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(ROWS_PER_PIECE, 4))
    rows = hidden @ maps[0] + np.sin(2 * hidden) @ maps[1]
    return (rows + 0.1 * rng.normal(size=rows.shape)).astype(np.float32)


def piece(number):
    return os.path.join(folder.name, f"piece{number}.npy")


whole = os.path.join(folder.name, "whole.npy")
shape = (N_PIECES * ROWS_PER_PIECE, N_FEATURES)
X = np.lib.format.open_memmap(whole, mode="w+", dtype=np.float32, shape=shape)
for number in range(N_PIECES):
    rows = make_rows(number)
    np.save(piece(number), rows)
    X[number * ROWS_PER_PIECE : (number + 1) * ROWS_PER_PIECE] = rows
del X, rows
print(f"{shape[0]} rows, {os.path.getsize(whole) / 2**20:.0f} MiB")

# %%
# Training
# --------
# ``numpy.load`` with ``mmap_mode="r"`` gives an array whose pages are read when they are looked at,
# and dropped when memory is short. Batches are gathered from all over the file; where the disk is
# slow at that, pieces are the better way.
#
# The first piece fixes scaling and, by its principal components, where training begins: it should
# be like the others. Two passes over 20 pieces each follow. ``partial_fit`` knows of no end, so the
# learning rate does not fall by itself: ``"invscaling"`` lets it fall with the number of steps.


def fit_memmap():
    X = np.load(whole, mmap_mode="r")
    return AutoencoderTransformer(4, max_iter=2, random_state=0).fit(X)


def fit_pieces():
    autoencoder = AutoencoderTransformer(
        4, learning_rate="invscaling", batch_size=64, random_state=0
    )
    for number in [*range(N_PIECES), *range(N_PIECES)]:
        autoencoder.partial_fit(np.load(piece(number)))
        piece_scores.append(autoencoder.score(X_test))
    return autoencoder


def measured(function):
    """The result, the seconds, and the peak of allocated memory in MiB."""
    tracemalloc.start()
    start = time.perf_counter()
    result = function()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return result, time.perf_counter() - start, peak


X_test, piece_scores = make_rows(seed=N_PIECES)[:1000], []
runs = {
    "all in memory": lambda: AutoencoderTransformer(
        4, max_iter=2, random_state=0
    ).fit(np.load(whole)),
    "fit of a memmap": fit_memmap,
    "partial_fit of pieces": fit_pieces,
}
peaks, scores = {}, {}
for name, run in runs.items():
    autoencoder, seconds, peaks[name] = measured(run)
    scores[name] = autoencoder.score(X_test)
    print(
        f"{name:>22}: explains {scores[name]:.4f} of the variance, "
        f"{peaks[name]:5.1f} MiB, {seconds:4.1f} s"
    )

# %%
# What is learned, and what it takes
# ----------------------------------
# Left, what the network explains of new rows, piece by piece, and where two epochs of ``fit`` end.
# Right, the memory: what is left of the file's size is one piece, or a few batches.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.4), layout="constrained"
)
left.plot(
    np.arange(1, len(piece_scores) + 1),
    piece_scores,
    label="partial_fit of pieces",
)
left.axhline(
    scores["fit of a memmap"],
    color="tab:orange",
    linestyle="--",
    label="fit, two epochs",
)
left.axvline(N_PIECES, color="gray", linewidth=1, linestyle=":")
left.set(
    xlabel="pieces seen, twice each", ylabel="share of the variance explained"
)
left.legend(loc="lower right")
bars = right.barh(list(peaks), list(peaks.values()))
right.bar_label(bars, fmt="%.1f MiB", padding=3)
right.set(
    xlabel="peak of allocated memory, MiB",
    xlim=(0, 1.25 * max(peaks.values())),
)
right.invert_yaxis()

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("streams.png", dpi=150)
    print("Picture: streams.png")

# %%
# The codes of a file too large for memory are best computed as a Dask array, which reads, encodes
# and writes block by block: see :ref:`collections`.

folder.cleanup()
