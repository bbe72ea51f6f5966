"""Benchmarks of how good reconstructions and codes are, and of how long that takes."""

import statistics
import warnings

import numpy as np
from datasets import load_mnist, seed_split
from protocols import (
    DEEP_WIDTHS,
    SEED_WIDTHS,
    at_least,
    at_most,
    autoencoder,
    l2,
    mlp_regressor,
    report,
)
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from timing import alternate_fits, seconds

from skautoencoder import Adam, AutoencoderTransformer, CosineSchedule, augment_with_shifts

MNIST_EPOCHS = 70
# Of Shampoo: epochs, and the squared error that they are to reach.
SHAMPOO_EPOCHS = {6: 3.00, 12: 2.66, 36: 2.50}
MNIST_CODE_SEEDS = 5


def defaults(options):
    """All defaults on the seed split, in float32 and float64, one thread."""
    defaults_of(np.float32, 0.080, 5, options)
    defaults_of(np.float64, 0.100, 8, options)


def defaults_of(dtype, error_goal, time_goal, options):
    train, test = seed_split(dtype)
    params = {"max_iter": 3} if options.short else {}
    n_seeds = 1 if options.short else 5
    errors, times = [], []
    for seed in range(n_seeds):
        estimator = AutoencoderTransformer(random_state=seed, **params)
        with threadpool_limits(1):
            times.append(seconds(lambda estimator=estimator: estimator.fit(train)))
        errors.append(l2(test, estimator.reconstruct(test)))
    pca = PCA(36, random_state=0).fit(train)
    report(
        f"Seed split, all defaults, {np.dtype(dtype).name}, one thread, {n_seeds} seeds",
        [
            ("test L2, median", statistics.median(errors), at_most(error_goal)),
            ("test L2, worst", max(errors), at_most(error_goal)),
            ("seconds, median", statistics.median(times), at_most(time_goal)),
            ("PCA(36), test L2", l2(test, pca.inverse_transform(pca.transform(test))), None),
        ],
        options.short,
    )


def long_run(options):
    """The original's network for 400 epochs, float32, against MLPRegressor."""
    train, test = seed_split(np.float32)
    n_epochs = 3 if options.short else 400
    ours = autoencoder(SEED_WIDTHS, max_iter=n_epochs, solver=Adam(beta_1=0.95))
    theirs = mlp_regressor(SEED_WIDTHS, max_iter=n_epochs, batch_size=64, learning_rate_init=3e-3)
    with threadpool_limits(1):
        times = alternate_fits({"ours": ours, "theirs": theirs}, train, 1 if options.short else 3)
    report(
        f"Seed split, the original's network, {n_epochs} epochs, float32, one thread",
        [
            ("test L2", l2(test, ours.reconstruct(test)), at_most(0.060)),
            ("test L2 of MLPRegressor", l2(test, theirs.predict(test)), None),
            ("seconds", times["ours"], None),
            ("time / MLPRegressor's", times["ours"] / times["theirs"], at_most(0.40)),
        ],
        options.short,
    )


def narrow_solvers(options):
    """The original's network: Adam's steps against Muon's, to the same error and below it."""
    train, test = seed_split(np.float32)
    adam = autoencoder(
        SEED_WIDTHS,
        max_iter=3 if options.short else 400,
        batch_size=64,
        learning_rate_init=3e-3,
        learning_rate=CosineSchedule(warmup=200 / 45200),
    )
    muon = autoencoder(
        SEED_WIDTHS,
        max_iter=3 if options.short else 90,
        batch_size=256,
        learning_rate_init=0.03,
        solver="muon",
    )
    with threadpool_limits(1):
        times = alternate_fits({"adam": adam, "muon": muon}, train, 1 if options.short else 3)
        long_runs = long_muon_rows(train, test, options.short)
    adam_error, muon_error = (l2(test, fitted.reconstruct(test)) for fitted in (adam, muon))
    report(
        "Seed split, the original's network, float32, one thread: Muon against Adam",
        [
            (f"Adam, {adam.max_iter} epochs of batch 64, test L2", adam_error, None),
            (f"Muon, {muon.max_iter} epochs of batch 256, test L2", muon_error, at_most(0.060)),
            ("Muon, seconds", times["muon"], None),
            ("Muon's time / Adam's", times["muon"] / times["adam"], at_most(0.5)),
            *long_runs,
        ],
        options.short,
    )


def long_muon_rows(train, test, short):
    """Figures of Muon at its own rate for many epochs, from several seeds."""
    errors, times = [], []
    for seed in range(1 if short else 5):
        muon = autoencoder(
            SEED_WIDTHS,
            max_iter=3 if short else 500,
            batch_size=128,
            solver="muon",
            random_state=seed,
        )
        times.append(seconds(lambda muon=muon: muon.fit(train)))
        errors.append(l2(test, muon.reconstruct(test)))
    label = f"Muon, {muon.max_iter} epochs of batch 128, {len(errors)} seeds"
    return [
        (f"{label}, test L2, median", statistics.median(errors), at_most(0.050)),
        (f"{label}, test L2, worst", max(errors), None),
        (f"{label}, seconds", statistics.median(times), None),
    ]


def codes(options):
    """Accuracy of a linear classifier on codes of 2 and 10 numbers, on digits."""
    n_epochs_2d, n_epochs_10d = (2, 2) if options.short else (150, 40)
    plain = {"skip_connections": False, "early_stopping": False}
    two = AutoencoderTransformer(
        2,
        hidden_layer_sizes=(128, 64, 32, 16),
        activation="leaky_relu",
        code_activation="identity",
        alpha=1e-3,
        batch_size=32,
        max_iter=n_epochs_2d,
        **plain,
    )
    ten = AutoencoderTransformer(
        10,
        hidden_layer_sizes=(128, 10, 64),
        decoder_layer_sizes=(64,),
        activation="elu",
        code_activation="tanh",
        weight_init="he_uniform",
        solver="muon",
        batch_size=64,
        max_iter=n_epochs_10d,
        **plain,
    )
    n_seeds = 1 if options.short else 5
    rows = [
        *code_rows("2-d", two, n_seeds, 0.78, with_shifts=False),
        *code_rows("10-d", ten, n_seeds, 0.94, with_shifts=True),
    ]
    report(
        f"Digits, accuracy of LogisticRegression on the code, 5 folds, {n_seeds} seeds",
        rows,
        options.short,
    )


def code_rows(label, encoder, n_seeds, goal, with_shifts):
    accuracies = []
    with threadpool_limits(1):
        for seed in range(n_seeds):
            encoder.set_params(random_state=seed)
            accuracies.append(fold_accuracy(encoder, with_shifts))
        pca = PCA(encoder.n_components, random_state=0)
        pca_accuracy = fold_accuracy(pca, with_shifts=False)
    return [
        (f"{label} code, mean", statistics.fmean(accuracies), at_least(goal)),
        (f"{label} code, worst seed", min(accuracies), None),
        (f"{label} code of PCA", pca_accuracy, None),
    ]


def fold_accuracy(encoder, with_shifts):
    """Mean accuracy over the folds, in each of which the encoder is fitted anew."""
    digits = load_digits()
    images, y = (digits.images / 16).astype(np.float32), digits.target
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    accuracies = []
    for train, test in folds.split(images, y):
        seen = augment_with_shifts(images[train]) if with_shifts else images[train]
        fitted = clone(encoder).fit(seen.reshape(len(seen), -1))
        code, test_code = (
            fitted.transform(images[part].reshape(len(part), -1)) for part in (train, test)
        )
        accuracies.append(classify(code, y[train], test_code, y[test], max_iter=2000))
    return statistics.fmean(accuracies)


def classify(code, y, test_code, test_y, max_iter):
    """Test accuracy of a linear classifier on standardised codes."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=max_iter))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return classifier.fit(code, y).score(test_code, test_y)


def mnist(options):
    """All of MNIST through 784-1000-500-250-30, float32, two threads."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    pca = PCA(30, random_state=0).fit(data.X_train)
    pca_rebuilt = pca.inverse_transform(pca.transform(data.X_test))
    report(
        "MNIST, PCA(30)",
        [("test, squared error of an image", 2 * l2(data.X_test, pca_rebuilt), None)],
        options.short,
    )
    for seed in options.seeds:
        mnist_from(seed, data, options)


def mnist_from(seed, data, options):
    adam = deep_on_mnist(
        alpha=4e-3,
        learning_rate_init=2e-3,
        learning_rate=CosineSchedule(warmup=0.025),
        max_iter=2 if options.short else MNIST_EPOCHS,
        random_state=seed,
    )
    report_mnist("Adam", adam, data, (2.80, 56.2, 600), options.short)


def mnist_shampoo(options):
    """The same network, trained by Shampoo, beside Adam for as long as Shampoo's first run."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    common = {"learning_rate": CosineSchedule(warmup=0.1), "alpha": 1e-3}
    adam = deep_on_mnist(
        **common, learning_rate_init=2e-3, max_iter=2 if options.short else 10, random_state=0
    )
    report_mnist("Adam", adam, data, (None, None, None), options.short)
    for seed in options.seeds:
        for n_epochs, goal in SHAMPOO_EPOCHS.items():
            shampoo = deep_on_mnist(
                **common,
                solver="shampoo",
                learning_rate_init=0.03,
                max_iter=2 if options.short else n_epochs,
                random_state=seed,
            )
            report_mnist("Shampoo", shampoo, data, (goal, None, None), options.short)


def deep_on_mnist(**params):
    return AutoencoderTransformer(
        DEEP_WIDTHS[4],
        hidden_layer_sizes=DEEP_WIDTHS[1:4],
        loss="binary_cross_entropy",
        activation="elu",
        code_activation="identity",
        batch_size=500,
        early_stopping=False,
        **params,
    )


def report_mnist(name, deep, data, goals, short):
    with threadpool_limits(2):
        time = seconds(lambda: deep.fit(data.X_train))
        # In float64, so that no output rounds to 0 or 1.
        rebuilt = deep.reconstruct(data.X_test.astype(np.float64))
    squares, entropy = 2 * l2(data.X_test, rebuilt), cross_entropy(data.X_test, rebuilt)
    figures = {
        "test, squared error of an image": squares,
        "test, cross entropy of an image": entropy,
        "seconds": time,
    }
    report(
        f"MNIST, {len(data.X_train)} rows, 784-1000-500-250-30, {name}, {deep.n_iter_} epochs, "
        f"two threads, seed {deep.random_state}",
        [
            (label, figure, goal and at_most(goal))
            for (label, figure), goal in zip(figures.items(), goals, strict=True)
        ],
        short,
    )


def cross_entropy(X, rebuilt):
    """Mean over the rows of the binary cross entropy, summed over the features."""
    rebuilt = np.clip(rebuilt, 1e-12, 1 - 1e-12)
    losses = X * np.log(rebuilt) + (1 - X) * np.log1p(-rebuilt)
    return float(-losses.sum(axis=1).mean())


def mnist_codes(options):
    """Test error of a linear classifier on codes of 30 numbers, on MNIST."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    encoder = AutoencoderTransformer(
        30,
        hidden_layer_sizes=(256, 128, 10, 128),
        decoder_layer_sizes=(128,),
        activation="elu",
        code_activation="elu",
        skip_connections=False,
        weight_init="he_uniform",
        loss="binary_cross_entropy",
        solver="muon",
        batch_size=250,
        max_iter=2 if options.short else 18,
        early_stopping=False,
    )
    n_seeds = 1 if options.short else MNIST_CODE_SEEDS
    with threadpool_limits(2):
        errors = [
            code_error(encoder.set_params(random_state=seed), data) for seed in range(n_seeds)
        ]
        pca_error = code_error(PCA(30, random_state=0), data)
    report(
        f"MNIST, test error of LogisticRegression on the 30-d code, {n_seeds} seeds",
        [
            ("per cent, mean", statistics.fmean(errors), at_most(5)),
            ("per cent, worst seed", max(errors), None),
            ("per cent, code of PCA(30)", pca_error, None),
        ],
        options.short,
    )


def code_error(encoder, data):
    """Per cent of the test rows that a classifier gets wrong from their codes."""
    code = encoder.fit_transform(data.X_train)
    test_code = encoder.transform(data.X_test)
    return 100 * (1 - classify(code, data.y_train, test_code, data.y_test, max_iter=300))
