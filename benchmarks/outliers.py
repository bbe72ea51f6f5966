"""Compare AutoencoderOutlierDetector with IsolationForest and PCA where training is contaminated.

python benchmarks/outliers.py [--short]

Each set is split ten times into 60 % to train on and 40 % to test on, with as many outliers among
both, and standardised by the training rows. Figures are mean ROC AUCs over the test parts. The
exit code is 1 where the mean over a group of sets is below that of a rival.
"""

import argparse
import sys

import numpy as np
from contaminated import CHOSEN_ON, HELD_OUT, SHORT
from protocols import print_versions
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
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
    **{f"PCA {n}": pca_scores(n) for n in (0.5, 0.8, 0.9, 0.95, "half")},
}


def aucs(make, n_splits):
    """Mean ROC AUC of each method over the splits."""
    return np.mean(
        [
            [roc_auc_score(y_test, scores(train, test, seed)) for scores in METHODS.values()]
            for seed, train, test, y_test in splits(make, n_splits)
        ],
        axis=0,
    )


def print_line(label, values):
    print(f"{label:<28}" + "".join(f"{value:>10.3f}" for value in values), flush=True)


def table(title, sets, n_splits):
    """Print a line for each set, and return the means over all of them."""
    print(f"\n{title}, {n_splits} split(s) each: mean ROC AUC\n")
    print(f"{'inliers':<28}" + "".join(f"{name:>10}" for name in METHODS))
    lines = []
    for name, make in sets.items():
        lines.append(aucs(make, n_splits))
        print_line(name, lines[-1])
    print_line("mean", np.mean(lines, axis=0))
    return np.mean(lines, axis=0)


def default_fit_seconds():
    """Seconds of a fit with all defaults to 1000 x 30."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 5)) @ rng.normal(size=(5, 30)) + 0.3 * rng.normal(size=(1000, 30))
    return seconds(lambda: AutoencoderOutlierDetector(random_state=0).fit(X))


def run(short):
    """Print all tables; return the titles of those in which a rival has a higher mean."""
    if short:
        table("A few sets", {name: CHOSEN_ON[name] for name in SHORT}, 1)
        return []
    groups = {"Sets that the defaults were chosen on": CHOSEN_ON, "Sets held out": HELD_OUT}
    means = {title: table(title, sets, N_SPLITS) for title, sets in groups.items()}
    print(f"\nFit to 1000 x 30: {default_fit_seconds():.1f} s")
    return [title for title, mean in means.items() if mean[0] < mean[1:].max()]


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
