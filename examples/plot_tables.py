"""
Tables with categories and holes
================================

The diabetes patients as a clinic might keep them: numbers, a sex, a class of weight and of blood
pressure, a truth, and a fifth of all cells missing. The data frame goes in as it is and comes back
as it was, without the holes.
"""

# %%
# A table
# -------
# The classes are cut from numbers, as they are in practice, and the numbers stay beside them.

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from skautoencoder import AutoencoderTransformer
from skautoencoder.plotting import CodeDisplay

patients = load_diabetes(as_frame=True, scaled=False).data
complete = patients[["age", "bmi", "bp", "s1", "s2", "s3", "s5", "s6"]].assign(
    sex=patients["sex"].map({1: "f", 2: "m"}).astype("category"),
    weight=pd.cut(patients["bmi"], [0, 25, 30, 99], labels=["normal", "high", "obese"]),
    pressure=pd.cut(patients["bp"], [0, 85, 100, 999], labels=["low", "medium", "high"]),
    is_old=patients["age"] > 60,
)
rng = np.random.default_rng(0)
hidden = pd.DataFrame(rng.random(complete.shape) < 0.2, columns=complete.columns)
table = complete.astype({"is_old": object}).mask(hidden)
print(table.head())

# %%
# Codes
# -----
# Every category has a softmax of its own, every column counts the same, and cells that are missing
# count nowhere.

autoencoder = AutoencoderTransformer(3, random_state=0).fit(table)
print(f"columns of the network: {len(autoencoder.get_encoded_feature_names())}")
display = CodeDisplay.from_estimator(autoencoder, table, y=complete["weight"], projection=(0, 1))
display.axes_.set_title("Two of three numbers for each patient")

# %%
# What was hidden
# ---------------
# `reconstruct` has something in every cell, categories among them. How often is it right where
# the truth was hidden, beside the most frequent category? And how far off are numbers, in
# deviations, beside the mean?

rebuilt = autoencoder.reconstruct(table)
lines = []
for name in complete:
    own = hidden[name].to_numpy()
    truth, guess = complete[name][own], rebuilt[name][own]
    if complete[name].dtype.kind == "f":
        deviation = complete[name].std()
        plain = np.sqrt(np.mean((truth - table[name].mean()) ** 2)) / deviation
        lines.append((name, "error", plain, np.sqrt(np.mean((truth - guess) ** 2)) / deviation))
    else:
        plain = np.mean(truth == table[name].mode()[0])
        lines.append((name, "accuracy", plain, np.mean(truth == guess)))
print(f"{'':12}{'':10}{'plain':>8}{'network':>9}")
for name, figure, plain, ours in lines:
    print(f"{name:12}{figure:10}{plain:8.2f}{ours:9.2f}")

# %%
# The probabilities behind a category come from `reconstruct_proba`.

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
names = autoencoder.get_encoded_feature_names()
shares = pd.DataFrame(autoencoder.reconstruct_proba(table), columns=names).filter(like="weight_")
order = np.argsort(patients["bmi"].to_numpy())
for name in ("weight_normal", "weight_high", "weight_obese"):
    ax.plot(patients["bmi"].to_numpy()[order], shares[name].to_numpy()[order], ".", label=name)
ax.set(xlabel="body mass index, which may have been hidden", ylabel="probability")
legend = ax.legend(loc="center right")

if "sphinx_gallery" not in sys.modules:  # the gallery keeps the figures by itself
    display.figure_.savefig("tables_codes.png", dpi=150)
    figure.savefig("tables_probabilities.png", dpi=150)
    print("Pictures: tables_codes.png, tables_probabilities.png")
