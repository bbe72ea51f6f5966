"""
Tables with categories and holes
================================

The diabetes patients as a clinic might keep them: numbers, a sex, a class of weight and of blood
pressure, a truth, and a fifth of all cells missing. The data frame goes in as it is and comes back
as it was, without the holes; then patients are made up, and a slip of the pen is found.
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

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)
from skautoencoder.plotting import CodeDisplay

patients = load_diabetes(as_frame=True, scaled=False).data
weights, pressures = ["normal", "high", "obese"], ["low", "medium", "high"]
# As CodeDisplay draws them.
colors = {"high": "#0072B2", "normal": "#E69F00", "obese": "#009E73"}
numbers = patients[["age", "bmi", "bp", "s1", "s2", "s3", "s5", "s6"]]
complete = numbers.assign(
    sex=patients["sex"].map({1: "f", 2: "m"}).astype("category"),
    weight=pd.cut(patients["bmi"], [0, 25, 30, 99], labels=weights),
    pressure=pd.cut(patients["bp"], [0, 85, 100, 999], labels=pressures),
    is_old=patients["age"] > 60,
)
is_hidden = np.random.default_rng(0).random(complete.shape) < 0.2
hidden = pd.DataFrame(is_hidden, columns=complete.columns)
table = complete.astype({"is_old": object}).mask(hidden)
print(table.head())

# %%
# Codes
# -----
# Every category has a softmax of its own, every column counts the same, and cells that are missing
# count nowhere.

autoencoder = AutoencoderTransformer(3, random_state=0).fit(table)
names = autoencoder.get_encoded_feature_names()
print(f"columns of the network: {len(names)}")
display = CodeDisplay.from_estimator(
    autoencoder, table, y=complete["weight"], projection=(0, 1)
)
display.axes_.set_title("Two of three numbers for each patient")

# %%
# What was hidden
# ---------------
# `reconstruct` has something in every cell, categories among them, but it squeezes each row through
# three numbers. :class:`~skautoencoder.AutoencoderImputer` is made for filling cells. How often are
# both right where the truth was hidden, beside the most frequent category? And how far off are
# numbers, in deviations, beside the mean?


def figures(name, guess):
    """What is right, and how right a guess is where the truth was hidden."""
    own = hidden[name].to_numpy()
    truth = complete[name][own]
    if complete[name].dtype.kind != "f":
        return "accuracy", np.mean(truth == guess[own])
    error = np.sqrt(np.mean((truth - guess[own]) ** 2))
    return "error", error / complete[name].std()


rebuilt = autoencoder.reconstruct(table)
filled = AutoencoderImputer(random_state=0).fit_transform(table)
print(f"{'':22}{'plain':>8}{'3 numbers':>11}{'imputer':>9}")
for name in complete:
    is_number = complete[name].dtype.kind == "f"
    usual = table[name].mean() if is_number else table[name].mode()[0]
    what, plain = figures(name, pd.Series([usual] * len(table)))
    _, narrow = figures(name, rebuilt[name])
    _, ours = figures(name, filled[name])
    print(f"{name:12}{what:10}{plain:8.2f}{narrow:11.2f}{ours:9.2f}")

# %%
# The probabilities behind a category come from `reconstruct_proba`.

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
shares = pd.DataFrame(autoencoder.reconstruct_proba(table), columns=names)
for name in weights:
    share, color = shares[f"weight_{name}"], colors[name]
    ax.plot(patients["bmi"], share, ".", color=color, label=name)
ax.set(xlabel="body mass index, hidden for a fifth", ylabel="probability")
legend = ax.legend(loc="center right")

# %%
# Rows that nobody has measured
# -----------------------------
# :class:`~skautoencoder.VariationalAutoencoderTransformer` makes up patients, as rows of the same
# table. Numbers are distributed as in the table, and what belongs together stays together: the class
# of weight and the body mass index.

vae = VariationalAutoencoderTransformer(3, max_iter=200, random_state=0)
made_up = vae.fit(complete).sample(len(complete), random_state=0)
print(made_up[["bmi", "weight", "age", "is_old"]].head())

two, axes = plt.subplots(
    1, 2, figsize=(8, 3.6), layout="constrained", sharex=True, sharey=True
)
for ax, rows, title in zip(
    axes, (complete, made_up), ("patients", "made up"), strict=True
):
    for name in weights:
        own = rows[rows["weight"] == name]
        ax.plot(own["bmi"], own["bp"], ".", color=colors[name], label=name)
    ax.set(title=title, xlabel="body mass index")
axes[0].set_ylabel("blood pressure")
axes[0].legend()

# %%
# A row that does not fit
# -----------------------
# A slip of the pen: a slender patient is called obese. Every value is a common one, only the two do
# not go together, and these two columns get the blame.

odd = complete.copy()
slip = odd["bmi"].idxmin()
odd.loc[slip, "weight"] = "obese"
detector = AutoencoderOutlierDetector(random_state=0).fit(odd)
rank = (
    detector.score_samples(odd) < detector.score_samples(odd.loc[[slip]])
).sum()
blame = pd.Series(
    detector.feature_contributions(odd.loc[[slip]])[0], odd.columns
)
print(f"rows that look stranger: {rank} of {len(odd)}")
print(blame.sort_values(ascending=False).head(3).round(1).to_string())

# The gallery keeps the figures by itself.
if "sphinx_gallery" not in sys.modules:
    display.figure_.savefig("tables_codes.png", dpi=150)
    figure.savefig("tables_probabilities.png", dpi=150)
    two.savefig("tables_made_up.png", dpi=150)
    print("Pictures: tables_codes.png, tables_probabilities.png,")
    print("tables_made_up.png")
