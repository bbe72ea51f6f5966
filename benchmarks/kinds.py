"""Benchmarks of the kinds of autoencoder: denoising, variational, stacked pretraining."""

import statistics

import numpy as np
from datasets import load_mnist
from protocols import at_least, at_most, report
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits
from timing import seconds

from skautoencoder import (
    AutoencoderTransformer,
    CosineSchedule,
    MaskingNoise,
    VariationalAutoencoderTransformer,
)

MASKED_SHARE = 0.3


def denoising(options):
    """Digits with 30 % of their pixels masked, held-out rows, against PCA(36)."""
    train, test = train_test_split(load_digits().data / 16, test_size=0.25, random_state=0)
    seen = test * (np.random.default_rng(1).uniform(size=test.shape) > MASKED_SHARE)
    pca = PCA(36).fit(train)
    pca_error = np.square(pca.inverse_transform(pca.transform(seen)) - test).mean()
    ratios, plain = [], []
    params = {"max_iter": 2} if options.short else {}
    for seed in range(1 if options.short else 5):
        for corruption, results in ((MaskingNoise(MASKED_SHARE), ratios), (None, plain)):
            autoencoder = AutoencoderTransformer(
                corruption=corruption, random_state=seed, **params
            ).fit(train)
            error = np.square(autoencoder.reconstruct(seen) - test).mean()
            results.append(error / pca_error)
    report(
        f"Digits, {MASKED_SHARE:.0%} of the pixels masked, held-out rows, {len(ratios)} seeds",
        [
            ("error / PCA's, median", statistics.median(ratios), at_most(0.6)),
            ("error / PCA's, worst", max(ratios), at_most(0.6)),
            ("error / PCA's, not trained to denoise, median", statistics.median(plain), None),
        ],
        options.short,
    )


def variational_digits(options):
    """Bound and importance-weighted bound of binarised digits, in nats an image."""
    X = binarised(load_digits().data / 16, seed=0)
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    vae = VariationalAutoencoderTransformer(
        20,
        hidden_layer_sizes=(128,),
        loss="binary_cross_entropy",
        early_stopping=True,
        max_iter=2 if options.short else 300,
        random_state=0,
    )
    report_bounds("Digits, binarised", vae, train, test, 100 if options.short else 1000, options)


def variational_mnist(options):
    """The same of MNIST, 784-500-500-40, two threads."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    train, test = binarised(data.X_train, seed=0), binarised(data.X_test, seed=1)
    vae = VariationalAutoencoderTransformer(
        40,
        hidden_layer_sizes=(500, 500),
        loss="binary_cross_entropy",
        batch_size=200,
        learning_rate_init=1e-3,
        learning_rate=CosineSchedule(warmup=0.02),
        early_stopping=True,
        max_iter=2 if options.short else 100,
        random_state=0,
    )
    report_bounds("MNIST, binarised", vae, train, test, 100 if options.short else 1000, options)


def report_bounds(label, vae, train, test, n_draws, options):
    with threadpool_limits(2):
        time = seconds(lambda: vae.fit(train))
        bound = float(vae.score_samples(test).mean())
        weighted = importance_weighted_bound(vae, test[:1000], n_draws)
    report(
        f"{label}, {len(train)} rows, {vae.n_iter_} epochs",
        [
            ("test, evidence lower bound, nats", bound, None),
            (f"  by importance weights, {n_draws} draws, 1000 rows", weighted, None),
            ("code units in use", float((vae.code_variance_ > 0.01).sum()), at_least(1)),
            ("seconds", time, None),
        ],
        options.short,
    )


def binarised(X, seed):
    """Every pixel drawn once, with its intensity as probability."""
    return (np.random.default_rng(seed).uniform(size=X.shape) < X).astype(np.float32)


def importance_weighted_bound(vae, X, n_draws):
    """Log p(x) by importance sampling from the encoder (Burda, Grosse, Salakhutdinov 2016)."""
    mean, deviation = vae.code_distribution(X)
    rng, log_weights = np.random.default_rng(0), np.empty((n_draws, len(X)))
    for each in log_weights:
        noise = rng.standard_normal(mean.shape, dtype=mean.dtype)
        code = mean + deviation * noise
        rates = np.clip(vae.inverse_transform(code), 1e-7, 1 - 1e-7)
        each[:] = np.log(np.where(X > 0.5, rates, 1 - rates)).sum(axis=1)
        each += (norm.logpdf(code) - norm.logpdf(noise) + np.log(deviation)).sum(axis=1)
    return float((logsumexp(log_weights, axis=0) - np.log(n_draws)).mean())


def pretraining(options):
    """Layer by layer first, or all at once: 10 000 rows of MNIST through 784-500-250-125-30."""
    data = load_mnist(options.mnist, options.short)
    if data is None:
        return
    train, test = data.X_train[:10_000], data.X_test
    for activation in ("sigmoid", "tanh", "elu"):
        rows = []
        for n_pretrain, n_train in ((10, 30), (0, 40)):
            if options.short:
                n_pretrain, n_train = min(n_pretrain, 1), 1
            deep = AutoencoderTransformer(
                30,
                hidden_layer_sizes=(500, 250, 125),
                activation=activation,
                code_activation="identity",
                skip_connections=False,
                early_stopping=False,
                batch_size=100,
                pretrain_iter=n_pretrain,
                max_iter=n_train,
                random_state=0,
            )
            time = seconds(lambda deep=deep: deep.fit(train))
            error = np.square(deep.reconstruct(test) - test).sum(axis=1).mean()
            label = f"{n_pretrain} epochs of each layer, {n_train} of all"
            rows += [(label, float(error), None), ("  seconds", time, None)]
        report(
            f"MNIST, {len(train)} rows, 784-500-250-125-30, {activation}: test squared error",
            rows,
            options.short,
        )
