"""Measure what the README states.

python benchmarks/run.py [--short] [--only NAME ...] [--mnist PATH] [--seeds N ...]

Every ratio is taken within this run: the rivals run in turn, A B A B, and the medians of
their times are compared. PyTorch takes part where it is installed.
"""

import argparse

from kinds import denoising, pretraining, variational_digits, variational_mnist
from labelled import mnist_head, regression_codes
from protocols import print_versions
from quality import (
    codes,
    defaults,
    long_run,
    mnist,
    mnist_codes,
    mnist_shampoo,
    narrow_solvers,
)
from speed import (
    deep_epoch,
    grid_search,
    import_time,
    inference,
    memory,
    relu_epoch,
    seed_epoch,
)
from waiting import detector, fit_once, fits, one_row, products

BENCHMARKS = (
    defaults,
    long_run,
    narrow_solvers,
    codes,
    mnist,
    mnist_shampoo,
    mnist_codes,
    seed_epoch,
    relu_epoch,
    deep_epoch,
    inference,
    memory,
    import_time,
    grid_search,
    fits,
    fit_once,
    detector,
    one_row,
    products,
    denoising,
    variational_digits,
    variational_mnist,
    pretraining,
    regression_codes,
    mnist_head,
)


def main():
    names = {benchmark.__name__: benchmark for benchmark in BENCHMARKS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="only see that everything runs")
    parser.add_argument("--only", nargs="+", choices=names, default=list(names), metavar="NAME")
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=int,
        default=[0],
        metavar="N",
        help="of the benchmarks mnist and mnist_shampoo, ten and twenty minutes each",
    )
    parser.add_argument(
        "--mnist",
        metavar="PATH",
        help=".npz file of X_train, X_test, y_train and y_test; without it MNIST is downloaded",
    )
    options = parser.parse_args()
    print_versions()
    if options.short:
        print("Short mode: too little work for the figures to mean anything.")
    for name in options.only:
        names[name](options)


if __name__ == "__main__":
    main()
