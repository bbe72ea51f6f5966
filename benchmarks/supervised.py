"""Compare the code of AutoencoderClassifier with rivals' before a classifier, on tables.

python benchmarks/supervised.py --tables DIR [--seeds 5] [--widths 2 10]
python benchmarks/supervised.py --short

DIR holds the tables as NAME.csv.gz: a header, the target in the last column, empty cells where
one is missing. The README beside this file says which tables, and where they come from.

Of each table at most 1500 rows are taken. Categories become columns of zeros and ones, a missing
one another category; the first of five stratified folds is held out, and the training rows
standardise all features. Each method is fitted to the training rows; three classifiers with
scikit-learn's defaults are trained on its codes of them, and tested on its codes of the held-out
rows. A line has, of the means over the tables, the median over the seeds.
"""

import argparse
import sys
import warnings
from collections import namedtuple
from pathlib import Path

import numpy as np
from protocols import at_least, at_most, print_versions, report
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from timing import seconds

import skautoencoder
from skautoencoder import AutoencoderTransformer

TABLES = ("vowel", "segment", "spambase", "waveform", "splice", "credit_g", "cmc", "adult")
MAX_ROWS = 1500
# Held-out rows stay within so many deviations: a category may be rare among the training rows.
MOST_DEVIATIONS = 30

# A method's lines: the classifiers' accuracies and their mean, the method's own accuracy, the
# share of X explained on held-out rows, seconds of fit.
COLUMNS = ("kNN", "logistic", "SVC", "mean", "own", "explained", "seconds")
COLUMN = {name: number for number, name in enumerate(COLUMNS)}

Split = namedtuple("Split", "X_train y_train X_test y_test")


class PLSClassifier(PLSRegression):
    """PLS regression on a column of zeros and ones for each class."""

    def fit(self, X, y):
        return super().fit(X, np.eye(y.max() + 1)[y])

    def predict(self, X):
        return super().predict(X).argmax(axis=1)


def lda(width, n_classes, seed):
    """Of fewer directions than there are classes."""
    return LinearDiscriminantAnalysis(n_components=min(width, n_classes - 1))


# Makers of a method from the width of the code, the number of classes and a seed.
METHODS = {
    "all features": lambda width, n_classes, seed: FunctionTransformer(),
    "PCA": lambda width, n_classes, seed: PCA(width),
    "AutoencoderTransformer": lambda width, n_classes, seed: AutoencoderTransformer(
        width, random_state=seed
    ),
    "LinearDiscriminantAnalysis": lda,
    "PLSRegression": lambda width, n_classes, seed: PLSClassifier(width),
    "NeighborhoodComponentsAnalysis": lambda width, n_classes, seed: NeighborhoodComponentsAnalysis(
        width, max_iter=50, random_state=seed
    ),
}
OURS = "AutoencoderClassifier"
if hasattr(skautoencoder, OURS):
    METHODS[OURS] = lambda width, n_classes, seed: skautoencoder.AutoencoderClassifier(
        width, random_state=seed
    )
# Those that a seed makes differ; the others are fitted once.
RANDOM = ("AutoencoderTransformer", OURS)

CLASSIFIERS = {
    "kNN": KNeighborsClassifier,
    "logistic": lambda: LogisticRegression(max_iter=300),
    "SVC": SVC,
}


def read_table(path):
    """Features, categories as columns of zeros and ones, and the numbers of the classes."""
    import pandas as pd

    table = pd.read_csv(path)
    if len(table) > MAX_ROWS:
        table = table.iloc[np.random.default_rng(1).permutation(len(table))[:MAX_ROWS]]
    features, target = table.iloc[:, :-1], table.iloc[:, -1].astype(str)
    numeric = features.select_dtypes("number")
    categories = features.drop(columns=numeric.columns)
    X = numeric.to_numpy(dtype=np.float64)
    if categories.shape[1] > 0:
        encoder = OneHotEncoder(drop="if_binary", sparse_output=False)
        cells = categories.astype(object).fillna("missing").astype(str)
        X = np.hstack([X, encoder.fit_transform(cells)])
    return X[:, np.ptp(X, axis=0) > 0], np.unique(target, return_inverse=True)[1]


def made_up():
    """A small table for a trial run: classes of two clusters each."""
    return make_classification(
        400, 12, n_informative=4, n_classes=3, n_clusters_per_class=2, random_state=0
    )


def split(X, y):
    """Training and held-out rows of the first of five folds, standardised, in float32."""
    train, test = next(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    scaler = StandardScaler().fit(X[train])
    X_train, X_test = (scaler.transform(X[rows]).astype(np.float32) for rows in (train, test))
    return Split(X_train, y[train], X_test.clip(-MOST_DEVIATIONS, MOST_DEVIATIONS), y[test])


def measure(name, width, split, seed):
    """The figures of `COLUMNS` for one method on one table."""
    width = min(width, split.X_train.shape[1])
    method = METHODS[name](width, split.y_train.max() + 1, seed)
    took = seconds(lambda: method.fit(split.X_train, split.y_train))
    scores = classifier_scores(method, split)
    return [*scores, np.mean(scores), own_score(method, split), explained(method, split), took]


def classifier_scores(method, split):
    """Accuracy of each classifier on the method's codes."""
    codes, held_out = method.transform(split.X_train), method.transform(split.X_test)
    return [
        make().fit(codes, split.y_train).score(held_out, split.y_test)
        for make in CLASSIFIERS.values()
    ]


def own_score(method, split):
    """Accuracy of the method itself, nan where it does not predict."""
    if not hasattr(method, "predict"):
        return np.nan
    return np.mean(method.predict(split.X_test) == split.y_test)


def explained(method, split):
    """Share of the held-out variation about the training mean, nan where nothing is rebuilt."""
    rebuilt = rebuild(method, split.X_test)
    if rebuilt is None:
        return np.nan
    variation = np.square(split.X_test - split.X_train.mean(axis=0)).sum()
    return 1 - np.square(split.X_test - rebuilt).sum() / variation


def rebuild(method, X):
    """What the method makes of X from its codes, None where it cannot."""
    if hasattr(method, "reconstruct"):
        return method.reconstruct(X)
    if hasattr(method, "inverse_transform"):
        return method.inverse_transform(method.transform(X))
    return None


def measure_all(width, splits, n_seeds):
    """Figures of each method: an array of seeds, tables and columns."""
    figures = {}
    for name in METHODS:
        seeds = range(n_seeds if name in RANDOM else 1)
        figures[name] = np.array(
            [[measure(name, width, split, seed) for split in splits.values()] for seed in seeds]
        )
        print_line(name, np.median(figures[name].mean(axis=1), axis=0), 10)
    return figures


def print_line(name, values, width):
    cells = (f"{'-':>{width}}" if np.isnan(v) else f"{v:{width}.3f}" for v in values)
    print(f"  {name:<31}" + "".join(cells), flush=True)


def print_by_table(figures, tables):
    """Mean accuracy of the three classifiers, table by table."""
    print("\n  mean of the three classifiers, by table\n")
    print(f"  {'':31}" + "".join(f"{name[:8]:>9}" for name in tables))
    for name, values in figures.items():
        print_line(name, np.median(values[..., COLUMN["mean"]], axis=0), 9)


def best_of_three(figures):
    """Mean over the tables of the accuracy of the classifier that is best on each."""
    return np.median(figures[..., : len(CLASSIFIERS)].max(axis=2).mean(axis=1))


def goals(width, figures):
    """What our code is to reach: a label, the figure and its goal, or nothing without it."""
    if OURS not in figures:
        return []
    ours, pca = (np.median(figures[name].mean(axis=1), axis=0) for name in (OURS, "PCA"))
    rows = [("mean accuracy of the three classifiers", ours[COLUMN["mean"]], at_least(0.845))]
    if width == 2:
        floor = pca[COLUMN["explained"]] - 0.02
        rows += [
            ("its own accuracy", ours[COLUMN["own"]], at_least(0.84)),
            ("share of X explained, PCA's less 0.02", ours[COLUMN["explained"]], at_least(floor)),
            ("seconds of fit", ours[COLUMN["seconds"]], at_most(0.6)),
        ]
    return rows


def run(splits, widths, n_seeds, short):
    for width in widths:
        print(f"\nCodes of {width} numbers, {len(splits)} table(s), {n_seeds} seed(s)\n")
        print(f"  {'':31}" + "".join(f"{name:>10}" for name in COLUMNS))
        figures = measure_all(width, splits, n_seeds)
        best = best_of_three(figures["all features"])
        print(f"\n  all features, each table's best of the three classifiers: {best:.3f}")
        print_by_table(figures, splits)
        rows = goals(width, figures)
        if rows:
            report(f"{OURS}, {width} numbers", rows, short)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, metavar="DIR", help="folder of the tables")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="number of seeds")
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 10], help="widths of the code")
    parser.add_argument("--short", action="store_true", help="one made-up table, one seed")
    options = parser.parse_args()
    if options.tables is None and not options.short:
        parser.error("tables are needed: pass --tables DIR, or --short for a made-up one")
    return options


def load(options):
    """The splits of the tables by name; of a made-up one in short mode."""
    if options.short:
        return {"made up": split(*made_up())}
    paths = {name: options.tables / f"{name}.csv.gz" for name in TABLES}
    missing = [path.name for path in paths.values() if not path.exists()]
    if missing:
        sys.exit(f"{options.tables} lacks {', '.join(missing)}.")
    return {name: split(*read_table(path)) for name, path in paths.items()}


def main():
    options = parse_options()
    print_versions()
    splits = load(options)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        run(splits, options.widths, 1 if options.short else options.seeds, options.short)


if __name__ == "__main__":
    main()
