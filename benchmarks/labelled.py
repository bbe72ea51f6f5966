"""Predictions of networks that have seen the target."""

import statistics
import warnings

import numpy as np
from datasets import load_mnist
from protocols import at_least, at_most, report
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_diabetes, make_friedman1, make_friedman2, make_friedman3
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import AutoencoderClassifier, AutoencoderRegressor, MaskingNoise

MNIST_WIDTHS = (1000, 500, 250)
# Stacked denoising autoencoders of three layers, fine-tuned: Vincent et al. (2010).
PUBLISHED_ERROR = 1.28

REGRESSIONS = {
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "friedman1": lambda: make_friedman1(500, noise=1.0, random_state=0),
    "friedman2": lambda: make_friedman2(500, noise=100.0, random_state=0),
    "friedman3": lambda: make_friedman3(500, noise=0.1, random_state=0),
}


def mnist_head(options):
    """Test error of the head on a code of 30 numbers, beside a network without a decoder."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    n_epochs = 2 if options.short else 50
    classifier = AutoencoderClassifier(
        30,
        hidden_layer_sizes=MNIST_WIDTHS,
        loss="binary_cross_entropy",
        activation="relu",
        skip_connections=False,
        corruption=MaskingNoise(0.25),
        dropout=0.2,
        batch_size=250,
        learning_rate_init=1e-3,
        max_iter=n_epochs,
        early_stopping=False,
        random_state=0,
    )
    rival = MLPClassifier((*MNIST_WIDTHS, 30), batch_size=250, max_iter=n_epochs, random_state=0)
    with threadpool_limits(2), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        errors, times = zip(
            *(error_and_time(each, data) for each in (classifier, rival)), strict=True
        )
    report(
        f"MNIST, head on a code of 30 numbers, {n_epochs} epochs, two threads",
        [
            ("test error, per cent", errors[0], at_most(min(errors[1], PUBLISHED_ERROR))),
            ("test error of MLPClassifier of the same widths, per cent", errors[1], None),
            ("seconds", times[0], None),
            ("seconds of MLPClassifier", times[1], None),
        ],
        options.short,
    )


def error_and_time(classifier, data):
    """Test error in per cent, and seconds of the fit."""
    time = seconds(lambda: classifier.fit(data.X_train, data.y_train))
    return 100 * (1 - classifier.score(data.X_test, data.y_test)), time


def regression_codes(options):
    """R2 of nearest neighbours on codes of two numbers that have seen the numbers to predict."""
    n_seeds = 1 if options.short else 5
    rows, ours, theirs = [], [], []
    for name, load in REGRESSIONS.items():
        X, y = load()
        splits = list(KFold(5, shuffle=True, random_state=0).split(X))[: 1 if options.short else 5]
        pls = np.mean([code_score(PLSRegression(2), X, y, split) for split in splits])
        seeded = [
            np.mean([code_score(AutoencoderRegressor(2, random_state=s), X, y, p) for p in splits])
            for s in range(n_seeds)
        ]
        ours.append(statistics.median(seeded))
        theirs.append(pls)
        rows.append((f"{name}, PLSRegression {pls:.3f}", ours[-1], at_least(pls)))
    rows.append(("mean", np.mean(ours), at_least(np.mean(theirs))))
    report("R2 of kNN on two numbers, AutoencoderRegressor, five folds", rows, options.short)


def code_score(encoder, X, y, split):
    """R2 on held-out rows of nearest neighbours on the code."""
    train, test = split
    scaler = StandardScaler().fit(X[train])
    X_train, X_test = (scaler.transform(X[part]).astype(np.float32) for part in split)
    with threadpool_limits(1):
        encoder.fit(X_train, y[train])
    codes, held_out = encoder.transform(X_train), encoder.transform(X_test)
    return KNeighborsRegressor().fit(codes, y[train]).score(held_out, y[test])
