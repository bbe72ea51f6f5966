"""Tables of numbers and categories: narrow codes, hidden cells, and made-up rows.

python benchmarks/tables.py --tables DIR [--seeds 3] [--parts codes cells rows] [--widths 2 5 10]
python benchmarks/tables.py --short

DIR holds the tables as NAME.csv.gz: a header, the target in the last column, empty cells where
one is missing. The README beside this file says which tables, and where they come from.

Of adult 2500 rows are taken. Columns of one value or of more than 60 categories are left out. A
fifth of the rows, stratified by the target, is held out, and another one for each seed. All figures
are of these rows, and means over the columns, then over the tables and the seeds.

codes: rows are rebuilt from codes of a few numbers. Of a category the most likely one counts; of a
number its share of the variance about the training rows' mean. The skill of a column is that share,
or (accuracy - that of the mode) / (1 - that of the mode).

cells: a fifth of the cells, drawn at random in all rows, is hidden and filled. Errors of numbers
are in standard deviations of the training rows.

rows: as many rows as there are for training are made up, target and all; classifiers that are
trained on them are tested on the real ones. Beside that the distances of the distributions of the
single columns: total variation of categories, Wasserstein's of numbers, in standard deviations.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from protocols import at_least, at_most, print_versions, report
from scipy.stats import wasserstein_distance
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)

TABLES = ("adult", "credit_g", "heart_c", "vote", "cmc")
MAX_ROWS = 2500
MAX_CATEGORIES = 60
# Columns of cmc that are numbers; those of other tables say so themselves.
NUMBERS = {"cmc": 2}
GOALS = {2: 0.510, 5: 0.715, 10: 0.870}


def read_table(path):
    """A frame whose categories are of the type category, and the target."""
    frame = pd.read_csv(path)
    if len(frame) > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=0)
    X, y = frame.iloc[:, :-1], frame.iloc[:, -1].astype(str)
    X = X.loc[:, X.nunique() > 1]
    numbers = X.select_dtypes("number")
    if path.name.split(".")[0] in NUMBERS:
        widest = numbers.nunique().sort_values()[-NUMBERS[path.name.split(".")[0]] :]
        numbers = numbers[widest.index]
    for name in X.columns.difference(numbers.columns):
        X[name] = X[name].where(X[name].isna(), X[name].astype(str)).astype("category")
    few = [n for n in X if n in numbers or X[n].nunique() <= MAX_CATEGORIES]
    return X[few].reset_index(drop=True), y.reset_index(drop=True)


def made_up():
    """A small table for a trial run."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(300, 2))
    X = pd.DataFrame({"a": hidden @ [1, 2], "b": hidden[:, 0], "c": np.exp(hidden[:, 1])})
    X["d"] = pd.cut(hidden[:, 0], 3, labels=list("xyz"))
    X["e"] = pd.cut(hidden[:, 1], 2, labels=["low", "high"])
    return X, pd.Series(np.where(hidden[:, 0] > 0, "yes", "no"))


class PCAOfColumns:
    """PCA of standardised numbers and columns of zeros and ones; categories by the largest."""

    def __init__(self, n_components, random_state=None):
        self.n_components = n_components

    def fit(self, X):
        self.numbers = list(X.select_dtypes("number"))
        self.categories = [name for name in X if name not in self.numbers]
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        self.means = X[self.numbers].mean()
        columns = make_column_transformer((encoder, self.categories), ("passthrough", self.numbers))
        width = min(self.n_components, X.shape[1])
        self.model = make_pipeline(columns, StandardScaler(), PCA(width)).fit(self._filled(X))
        return self

    def reconstruct(self, X):
        columns, scaler, pca = (step for _, step in self.model.steps)
        scaled = pca.inverse_transform(self.model.transform(self._filled(X)))
        values = scaler.inverse_transform(scaled)
        encoder = columns.named_transformers_["onehotencoder"]
        widths = [len(each) for each in encoder.categories_]
        parts = np.split(values, np.cumsum(widths), axis=1)
        rebuilt = {
            name: own[part.argmax(axis=1)]
            for name, own, part in zip(self.categories, encoder.categories_, parts, strict=False)
        }
        rebuilt |= dict(zip(self.numbers, parts[-1].T, strict=True))
        return pd.DataFrame(rebuilt, index=X.index)[list(X)]

    def _filled(self, X):
        X = X.copy()
        X[self.numbers] = X[self.numbers].fillna(self.means)
        return X


METHODS = {"PCA": PCAOfColumns, "AutoencoderTransformer": AutoencoderTransformer}


def skills(X_train, X_test, rebuilt):
    """Accuracy or explained share of each column, and its skill."""
    found = []
    for name in X_test:
        observed = X_test[name].notna().to_numpy()
        truth, guess = X_test[name][observed].to_numpy(), rebuilt[name].to_numpy()[observed]
        if isinstance(X_test[name].dtype, pd.CategoricalDtype):
            mode = np.mean(truth == X_train[name].mode().iloc[0])
            right = np.mean(truth == guess)
            found.append((right, np.nan, (right - mode) / (1 - mode) if mode < 1 else np.nan))
        else:
            variation = np.square(truth - X_train[name].mean()).sum()
            share = 1 - np.square(truth - guess).sum() / variation
            found.append((np.nan, share, share))
    with np.errstate(all="ignore"):
        return [
            np.nanmean(each) if np.isfinite(each).any() else np.nan for each in np.array(found).T
        ]


def measure_codes(method, X, y, seed, width):
    """Accuracy, explained share, skill and seconds of one method on one split."""
    X_train, X_test = split(X, y, seed)
    model = method(width, random_state=seed)
    took = seconds(lambda: model.fit(X_train))
    return [*skills(X_train, X_test, model.reconstruct(X_test)), took]


def split(X, y, seed):
    return train_test_split(X, test_size=0.2, stratify=y, random_state=seed)


def is_category(column):
    return isinstance(column.dtype, pd.CategoricalDtype)


class ModeImputer:
    """The most frequent category, and the mean."""

    def __init__(self, random_state=None):
        pass

    def fit(self, X):
        self.values = {n: X[n].mode().iloc[0] if is_category(X[n]) else X[n].mean() for n in X}
        return self

    def transform(self, X):
        return X.fillna(self.values)


class NeighbourImputer:
    """KNNImputer on standardised numbers and columns of zeros and ones."""

    def __init__(self, random_state=None):
        pass

    def fit(self, X):
        self.categories = {n: sorted(X[n].dropna().unique()) for n in X if is_category(X[n])}
        self.model = make_pipeline(StandardScaler(), KNNImputer(keep_empty_features=True))
        self.model.fit(self._encoded(X))
        return self

    def transform(self, X):
        scaler, imputer = (step for _, step in self.model.steps)
        filled = scaler.inverse_transform(imputer.transform(scaler.transform(self._encoded(X))))
        ends, X = np.cumsum([len(self.categories.get(n, [0])) for n in X]), X.copy()
        for name, own in zip(X, np.split(filled, ends[:-1], axis=1), strict=True):
            if name in self.categories:
                found = np.array(self.categories[name], dtype=object)[own.argmax(axis=1)]
                X[name] = X[name].fillna(pd.Series(found, X.index, dtype=X[name].dtype))
            else:
                X[name] = own[:, 0]
        return X

    def _encoded(self, X):
        parts = []
        for name in X:
            values = X[name].to_numpy()
            if name in self.categories:
                missing = pd.isna(values)
                values = np.array([values == each for each in self.categories[name]], float).T
                values[missing] = np.nan
            parts.append(values.reshape(len(X), -1).astype(float))
        return np.hstack(parts)


def measure_cells(method, X, y, seed):
    """Accuracy and error of filled cells, and seconds."""
    X_train, X_test = split(X, y, seed)
    rng = np.random.default_rng(seed)
    holes, hidden = [], None
    for part in (X_train, X_test):
        hidden = rng.random(part.shape) < 0.2
        holes.append(part.mask(hidden))
    model, filled = method(random_state=seed), []
    took = seconds(lambda: filled.append(model.fit(holes[0]).transform(holes[1])))
    accuracies, errors = [], []
    for name, own in zip(X, hidden.T, strict=True):
        own &= X_test[name].notna().to_numpy()
        truth, found = X_test[name][own], filled[0][name][own]
        if own.any() and is_category(X[name]):
            accuracies.append(np.mean(truth.to_numpy() == found.to_numpy()))
        elif own.any():
            errors.append(np.sqrt(np.square(truth - found).mean()) / X_train[name].std())
    return [mean_or_nan(accuracies), mean_or_nan(errors), took]


def mean_or_nan(values):
    return np.mean(values) if values else np.nan


class RealRows:
    """The training rows themselves."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X):
        self.X = X
        return self

    def sample(self, n_samples, random_state):
        return self.X


class IndependentColumns(RealRows):
    """Every cell drawn from its column."""

    def sample(self, n_samples, random_state):
        rng = np.random.default_rng(random_state)
        drawn = {n: self.X[n].to_numpy()[rng.integers(len(self.X), size=n_samples)] for n in self.X}
        return pd.DataFrame(drawn).astype(self.X.dtypes.to_dict())


def measure_rows(method, X, y, seed):
    """Accuracies of two classifiers, distances of two kinds of columns, and seconds."""
    table = X.assign(**{"the target": y.astype("category")})
    train, test = split(table, y, seed)
    model, made = method(random_state=seed), []
    took = seconds(lambda: made.append(model.fit(train).sample(len(train), random_state=seed)))
    features, scores = Features(train[list(X)]), []
    for classifier in (LogisticRegression(max_iter=1000), RandomForestClassifier(random_state=0)):
        classifier.fit(features(made[0]), made[0]["the target"])
        scores.append(accuracy_score(test["the target"], classifier.predict(features(test))))
    distances = {True: [], False: []}
    for name in X:
        own, theirs = made[0][name].dropna(), train[name].dropna()
        if is_category(train[name]):
            shares = [each.value_counts(normalize=True) for each in (own, theirs)]
            distances[True].append(0.5 * shares[0].sub(shares[1], fill_value=0).abs().sum())
        else:
            distances[False].append(wasserstein_distance(own, theirs) / theirs.std())
    return [*scores, *(mean_or_nan(distances[kind]) for kind in (True, False)), took]


class Features:
    """Standardised numbers and zeros and ones, as the rows of a table teach them."""

    def __init__(self, X):
        self.numbers = list(X.select_dtypes("number"))
        self.categories = [name for name in X if name not in self.numbers]
        self.means = X[self.numbers].mean()
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        self.model = make_column_transformer(
            (encoder, self.categories), (StandardScaler(), self.numbers)
        ).fit(X.fillna(self.means))

    def __call__(self, X):
        return self.model.transform(X.fillna(self.means))


PARTS = {
    "cells": (
        measure_cells,
        {
            "mode, mean": ModeImputer,
            "KNNImputer": NeighbourImputer,
            "AutoencoderImputer": AutoencoderImputer,
        },
        {"accuracy": at_least(0.710), "error": at_most(0.830)},
    ),
    "rows": (
        measure_rows,
        {
            "real rows": RealRows,
            "independent columns": IndependentColumns,
            "VariationalAutoencoder": VariationalAutoencoderTransformer,
        },
        {
            "logistic": at_least(0.768),
            "forest": at_least(0.768),
            "total var.": at_most(0.09),
            "Wasserstein": at_most(0.15),
        },
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, metavar="DIR", help="folder of the tables")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="number of seeds")
    parser.add_argument("--parts", nargs="+", default=["codes", *PARTS], help="what to measure")
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 5, 10], help="of codes")
    parser.add_argument("--short", action="store_true", help="one made-up table, one seed")
    options = parser.parse_args()
    if options.short:
        tables, n_seeds = {"made up": made_up()}, 1
    elif options.tables is None:
        parser.error("tables are needed: pass --tables DIR, or --short for a made-up one")
    else:
        paths = {name: options.tables / f"{name}.csv.gz" for name in TABLES}
        missing = [path.name for path in paths.values() if not path.exists()]
        if missing:
            sys.exit(f"{options.tables} lacks {', '.join(missing)}.")
        tables = {name: read_table(path) for name, path in paths.items()}
        n_seeds = options.seeds
    print_versions()
    with threadpool_limits(1):
        if "codes" in options.parts:
            for width in options.widths:
                goals = {
                    "accuracy": None,
                    "explained": None,
                    "skill": at_least(GOALS.get(width, -np.inf)),
                }
                measure = partial(measure_codes, width=width)
                title = f"codes of {width} numbers"
                run(title, measure, METHODS, goals, tables, n_seeds, options.short)
        for part, (measure, methods, goals) in PARTS.items():
            if part in options.parts:
                run(part, measure, methods, goals, tables, n_seeds, options.short)


def run(title, measure, methods, goals, tables, n_seeds, short):
    """Print the mean figures of each method, and the goals of the last, which is ours."""
    print(f"\n{title.capitalize()}, {len(tables)} table(s), {n_seeds} seed(s)\n")
    print(f"  {'':24}" + "".join(f"{name:>12}" for name in [*goals, "seconds"]))
    for name, method in methods.items():
        figures = np.array(
            [[measure(method, X, y, seed) for X, y in tables.values()] for seed in range(n_seeds)]
        )
        mean = np.nanmean(figures, axis=(0, 1))
        print(f"  {name:24}" + "".join(f"{value:12.3f}" for value in mean), flush=True)
    asked = [(n, v, goal) for (n, goal), v in zip(goals.items(), mean, strict=False) if goal]
    report(f"{name}, {title}", asked, short)


if __name__ == "__main__":
    main()
