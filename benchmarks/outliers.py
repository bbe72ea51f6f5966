"""Compare AutoencoderOutlierDetector with other detectors where training is contaminated.

python benchmarks/outliers.py [--short]

Each set is split ten times into 60 % to train on and 40 % to test on, with as many outliers among
both, and standardised by the training rows. Figures are mean ROC AUCs, and mean average
precisions, over the test parts. The exit code is 1 where the mean of either over a group of sets is
below that of a rival.
"""

import argparse
import sys

import numpy as np
from contaminated import CHOSEN_ON, HELD_OUT, SHORT
from protocols import print_versions
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import AutoencoderOutlierDetector

N_SPLITS = 10


def splits(make, n_splits):
    """Yield standardised training rows, test rows and test labels."""
    for seed in range(n_splits):
        X, y = make(np.random.default_rng(seed))
        train, test, _, y_test = train_test_split(
            X, y, test_size=0.4, stratify=y, random_state=seed
        )
        scaler = StandardScaler().fit(train)
        yield seed, scaler.transform(train), scaler.transform(test), y_test


def detector_scores(cls):
    """Scores of an outlier detector with all its defaults: higher for outliers."""

    def scores(train, test, seed):
        return -cls(random_state=seed).fit(train).score_samples(test)

    return scores


def neighbour_scores(train, test, seed):
    """Mean distance from the five nearest training rows."""
    return NearestNeighbors(n_neighbors=5).fit(train).kneighbors(test)[0].mean(axis=1)


def pca_scores(n_components):
    """Reconstruction errors of PCA; "half" is half as many components as features."""

    def scores(train, test, seed):
        n = max(1, min(train.shape[1] // 2, len(train) - 1))
        n = n if n_components == "half" else n_components
        pca = PCA(n, svd_solver="full").fit(train)
        return np.square(test - pca.inverse_transform(pca.transform(test))).sum(axis=1)

    return scores


METHODS = {
    "ours": detector_scores(AutoencoderOutlierDetector),
    "forest": detector_scores(IsolationForest),
    "kNN": neighbour_scores,
    **{f"PCA {n}": pca_scores(n) for n in (0.5, 0.8, 0.9, 0.95, "half")},
}


MEASURES = {"ROC AUC": roc_auc_score, "average precision": average_precision_score}


def figures(make, n_splits):
    """Means over the splits, of shape (n_measures, n_methods)."""
    found = []
    for seed, train, test, y_test in splits(make, n_splits):
        scores = [method(train, test, seed) for method in METHODS.values()]
        found.append([[measure(y_test, s) for s in scores] for measure in MEASURES.values()])
    return np.mean(found, axis=0)


def print_line(label, values):
    print(f"{label:<28}" + "".join(f"{value:>10.3f}" for value in values), flush=True)


def tables(title, sets, n_splits):
    """Print a table for each measure, and return the means over all sets."""
    found = np.array([figures(make, n_splits) for make in sets.values()])
    for number, measure in enumerate(MEASURES):
        print(f"\n{title}, {n_splits} split(s) each: mean {measure}\n")
        print(f"{'inliers':<28}" + "".join(f"{name:>10}" for name in METHODS))
        for name, lines in zip(sets, found, strict=True):
            print_line(name, lines[number])
        print_line("mean", found[:, number].mean(axis=0))
    return found.mean(axis=0)


def default_fit_seconds(n_rows, n_features):
    """Seconds of a fit with all defaults."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5)) @ rng.normal(size=(5, n_features))
    X += 0.3 * rng.normal(size=X.shape)
    return seconds(lambda: AutoencoderOutlierDetector(random_state=0).fit(X))


def run(short):
    """Print all tables; return the titles of those in which a rival has a higher mean."""
    if short:
        tables("A few sets", {name: CHOSEN_ON[name] for name in SHORT}, 1)
        return []
    groups = {"Sets that the defaults were chosen on": CHOSEN_ON, "Sets held out": HELD_OUT}
    means = {title: tables(title, sets, N_SPLITS) for title, sets in groups.items()}
    for shape in ((1000, 30), (7500, 3)):
        print(f"\nFit to {shape[0]} x {shape[1]}: {default_fit_seconds(*shape):.1f} s")
    return [title for title, mean in means.items() if (mean[:, :1] < mean[:, 1:]).any()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few sets, one split, no verdict")
    options = parser.parse_args()
    print_versions()
    with threadpool_limits(1):
        behind = run(options.short)
    if behind:
        sys.exit(f"\nA rival has a higher mean: {'; '.join(behind)}.")


if __name__ == "__main__":
    main()
