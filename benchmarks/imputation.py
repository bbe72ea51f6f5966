"""Compare the imputer's defaults with scikit-learn's imputers.

python benchmarks/imputation.py [--short]

Cells are missing completely at random from training rows and from the quarter of the rows that
is held out, in columns standardised by the training rows. Errors are root mean squares over the
missing cells of held-out rows, times those of fit and transform on one thread; both are means over
the splits. The exit code is 1 where our mean error is not below KNNImputer's or our total time
not below IterativeImputer's.
"""

import argparse
import sys
import warnings
from collections import namedtuple

import numpy as np
from protocols import print_versions
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import AutoencoderImputer

SETS = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "diabetes": load_diabetes,
}
SHORT_SETS = {"wine": load_wine}
SHARES = (0.1, 0.3, 0.5)
N_SPLITS = 3

IMPUTERS = {
    "ours": lambda seed: AutoencoderImputer(random_state=seed),
    "SimpleImputer": lambda seed: SimpleImputer(),
    "KNNImputer": lambda seed: KNNImputer(),
    "IterativeImputer": lambda seed: IterativeImputer(random_state=seed),
}

Case = namedtuple("Case", "train holes truth")


def make_case(X, share, seed):
    """Standardised rows to train on and to fill, both with holes, and the truth of the latter."""
    rng = np.random.default_rng(seed)
    train, truth = train_test_split(X, random_state=seed)
    scaler = StandardScaler().fit(train)
    train, truth = scaler.transform(train), scaler.transform(truth)
    holes = [np.where(rng.random(each.shape) < share, np.nan, each) for each in (train, truth)]
    return Case(*holes, truth)


def measure(imputer, case):
    """Error on the missing cells, and seconds."""
    result = []
    took = seconds(lambda: result.append(imputer.fit(case.train).transform(case.holes)))
    errors = (result[0] - case.truth)[np.isnan(case.holes)]
    return np.sqrt(np.square(errors).mean()), took


def table(sets, n_splits):
    """Print the errors and seconds of each case; return their means over the splits."""
    print(f"{'':22}" + "".join(f"{name:>22}" for name in IMPUTERS))
    results = []
    for name, load in sets.items():
        for share in SHARES:
            cases = [make_case(load().data, share, seed) for seed in range(n_splits)]
            figures = [
                np.mean([measure(make(seed), case) for seed, case in enumerate(cases)], axis=0)
                for make in IMPUTERS.values()
            ]
            print_line(f"{name}, {share:.0%} missing", figures)
            results.append(figures)
    return np.array(results)


def print_line(name, figures):
    cells = "".join(f"{error:13.3f} {took:6.2f} s" for error, took in figures)
    print(f"{name:<27}{cells}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="one small set, one split")
    options = parser.parse_args()
    print_versions()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        results = table(*((SHORT_SETS, 1) if options.short else (SETS, N_SPLITS)))
    errors, times = results[:, :, 0].mean(axis=0), results[:, :, 1].sum(axis=0)
    print_line("mean error, total time", list(zip(errors, times, strict=True)))
    ours, neighbours, iterative = (
        list(IMPUTERS).index(n) for n in ("ours", "KNNImputer", "IterativeImputer")
    )
    if not options.short and (
        errors[ours] >= errors[neighbours] or times[ours] >= times[iterative]
    ):
        sys.exit("The error is not below KNNImputer's, or the time not below IterativeImputer's.")


if __name__ == "__main__":
    main()
