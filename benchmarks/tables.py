"""Rebuild tables of numbers and categories from narrow codes.

python benchmarks/tables.py --tables DIR [--seeds 3] [--widths 2 5 10]
python benchmarks/tables.py --short

DIR holds the tables as NAME.csv.gz: a header, the target in the last column, empty cells where
one is missing. The README beside this file says which tables, and where they come from.

Of adult 2500 rows are taken. Columns of one value or of more than 60 categories are left out. A
fifth of the rows, stratified by the target, is held out, and another one for each seed. Of a
category the most likely one counts; of a number its share of the variance about the training
rows' mean. The skill of a column is that share, or (accuracy - that of the mode) / (1 - that of the
mode); a line has the means over the columns, then over the tables and the seeds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from protocols import at_least, print_versions, report
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import AutoencoderTransformer

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
    return X, (hidden[:, 0] > 0).astype(str)


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


def measure(method, width, X, y, seed):
    """Accuracy, explained share, skill and seconds of one method on one split."""
    X_train, X_test = train_test_split(X, test_size=0.2, stratify=y, random_state=seed)
    model = method(width, random_state=seed)
    took = seconds(lambda: model.fit(X_train))
    return [*skills(X_train, X_test, model.reconstruct(X_test)), took]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, metavar="DIR", help="folder of the tables")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="number of seeds")
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 5, 10], help="widths")
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
        for width in options.widths:
            run(tables, width, n_seeds, options.short)


def run(tables, width, n_seeds, short):
    """Print the lines of one width, and the goal of our own."""
    print(f"\nCodes of {width} numbers, {len(tables)} table(s), {n_seeds} seed(s)\n")
    print(f"  {'':24}{'accuracy':>10}{'explained':>10}{'skill':>10}{'seconds':>10}")
    for name, method in METHODS.items():
        figures = np.array(
            [
                [measure(method, width, X, y, seed) for X, y in tables.values()]
                for seed in range(n_seeds)
            ]
        )
        mean = np.nanmean(figures, axis=(0, 1))
        print(f"  {name:24}" + "".join(f"{value:10.3f}" for value in mean), flush=True)
    goal = at_least(GOALS.get(width, -np.inf))
    report(f"AutoencoderTransformer, {width} numbers", [("skill", mean[2], goal)], short)


if __name__ == "__main__":
    main()
