"""VariationalAutoencoderTransformer against what is known in closed form."""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skautoencoder import LBFGS, VariationalAutoencoderTransformer
from skautoencoder._variational import balanced_draws
from skautoencoder.network.bottleneck import GaussianCode, divergence, moments
from skautoencoder.network.likelihoods import bernoulli, gaussian
from skautoencoder.network.parameters import Gradients
from skautoencoder.network.penalties import CodeBatch
from skautoencoder.network.thread_pool import ThreadPool


def small(**params):
    defaults = {"n_components": 3, "hidden_layer_sizes": 5, "max_iter": 4, "random_state": 0}
    return VariationalAutoencoderTransformer(**{**defaults, **params})


@pytest.fixture(scope="module")
def flat():
    """Rows of the model that PCA is the maximum likelihood of."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 6))
    return signal + 0.5 * rng.normal(size=(1000, 6)) + rng.normal(size=6)


@pytest.fixture(scope="module")
def linear(flat):
    return small(n_components=2, hidden_layer_sizes=(), max_iter=200).fit(flat)


def test_divergence_is_the_closed_form_and_the_mean_of_log_ratios(rng):
    mean, log_variance = rng.normal(size=(1, 4)), rng.normal(size=(1, 4))
    deviation = np.exp(0.5 * log_variance)
    draws = mean + deviation * rng.normal(size=(400_000, 4))
    ratios = stats.norm.logpdf(draws, mean, deviation) - stats.norm.logpdf(draws)
    sums = ratios.sum(axis=1)
    assert abs(divergence(mean, log_variance)[0] - sums.mean()) < 4 * sums.std() / np.sqrt(4e5)
    assert divergence(np.zeros((1, 3)), np.zeros((1, 3))) == [0]


def test_likelihoods_are_those_of_scipy(rng):
    X, output = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    observed = rng.uniform(size=(5, 4)) < 0.7
    expected = stats.norm.logpdf(X, output, np.sqrt(0.3))
    np.testing.assert_allclose(gaussian(X, output, None, 0.3), expected.sum(axis=1))
    np.testing.assert_allclose(
        gaussian(X, output, observed, 0.3), (expected * observed).sum(axis=1)
    )
    bits = (X > 0).astype(float)
    expected = stats.bernoulli.logpmf(bits, 1 / (1 + np.exp(-output)))
    np.testing.assert_allclose(bernoulli(bits, output, None, 1.0), expected.sum(axis=1))


@pytest.mark.parametrize("n_components", [1, 3, 40])
def test_draws_of_the_bound_have_mean_0_and_covariance_1(n_components):
    draws = balanced_draws(n_components)
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(draws.T @ draws / len(draws), np.eye(n_components), atol=1e-12)


def test_sampled_codes_have_the_mean_and_variance_that_the_encoder_says(rng):
    values = np.tile(np.array([[1.0, -2.0, np.log(0.25), np.log(4.0)]]), (100_000, 1))
    code = np.empty((100_000, 2))
    GaussianCode(1.0, 0.0, True).sample(values, code, rng)
    np.testing.assert_allclose(code.mean(axis=0), [1, -2], atol=0.03)
    np.testing.assert_allclose(code.var(axis=0), [0.25, 4], rtol=0.03)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_variances_are_bounded_softly_and_untouched_between_the_bounds(dtype):
    values = np.zeros((1, 14), dtype)
    values[0, 7:] = [-1e6, -31, -30, -7.3, 2, 3, 1e6]
    mean, log_variance = moments(values)
    np.testing.assert_array_equal(mean, 0)
    np.testing.assert_array_equal(log_variance[0, 2:5], np.array([-30, -7.3, 2], dtype))
    np.testing.assert_allclose(log_variance[0, [0, 1, 5, 6]], [-31, -30.5, 2.5, 3], rtol=1e-6)


def gradients_of(values):
    gradients = Gradients([(1, len(values) - 1)], np.float64)
    gradients.flat[:] = values
    return gradients


def test_a_gradient_much_longer_than_usual_is_cut_and_hardly_raises_what_is_usual():
    code, pool = GaussianCode(1.0, 0.0, True), ThreadPool()
    for values in ([3.0, 4.0], [0.0, 20.0]):
        gradients = gradients_of(values)
        code.limit(gradients, pool)
        np.testing.assert_array_equal(gradients.flat, values)
    usual = code.gradient_norm
    assert usual == pytest.approx(0.98 * 5 + 0.02 * 20)
    gradients = gradients_of([3e9, 4e9])
    code.limit(gradients, pool)
    np.testing.assert_allclose(gradients.flat, 5 * usual * np.array([0.6, 0.8]))
    assert code.gradient_norm == pytest.approx(1.08 * usual)


def test_nothing_is_left_of_a_gradient_whose_norm_overflows():
    code = GaussianCode(1.0, 0.0, True, gradient_norm=1.0)
    gradients = gradients_of([1e200, 1.0])
    with np.errstate(over="ignore"):
        code.limit(gradients, ThreadPool())
    np.testing.assert_array_equal(gradients.flat, 0)
    assert code.gradient_norm == pytest.approx(1.08)


def test_the_divergence_pulls_as_hard_as_its_weight_has_risen(rng):
    code, values = GaussianCode(2.0, 0.5, True, noise_variance=0.5), rng.normal(size=(4, 6))
    batch = CodeBatch(None, None, values, None, 4.0, None, None)
    pulls = []
    for step in (9, 49):
        code.anneal(step, 100)
        delta = np.empty((4, 6))
        code.backward(batch, values[:, :3], np.zeros((4, 3)), delta)
        pulls.append(delta[:, :3] / values[:, :3])
    np.testing.assert_allclose(pulls[0], 0.2 * 2.0 * 0.5 / 4)
    np.testing.assert_allclose(pulls[1], 2.0 * 0.5 / 4)


def test_the_weight_of_the_divergence_rises_anew_in_a_warm_start(flat, monkeypatch):
    steps, anneal = [], GaussianCode.anneal

    def recorded(code, step, n_steps):
        steps.append(step)
        anneal(code, step, n_steps)

    monkeypatch.setattr(GaussianCode, "anneal", recorded)
    autoencoder = small(warm_start=True, max_iter=1, batch_size=500, early_stopping=False)
    autoencoder.fit(flat).fit(flat)
    assert steps == [0, 1, 0, 1]


def test_rows_that_are_rebuilt_exactly_leave_some_noise():
    code = GaussianCode(1.0, 0.0, True, noise_variance=1e-6)
    code.observe(loss=0.0, n_cells=10.0)
    assert code.noise_variance == 1e-6


def test_all_that_is_followed_over_batches_comes_back():
    code = GaussianCode(1.0, 0.0, True, noise_variance=0.5, gradient_norm=3.0)
    state = code.state()
    code.noise_variance, code.gradient_norm = 7.0, 8.0
    code.restore(state)
    assert (code.noise_variance, code.gradient_norm) == (0.5, 3.0)


def test_no_single_batch_drags_the_noise_variance_up():
    code = GaussianCode(1.0, 0.0, True, noise_variance=0.5)
    code.observe(loss=0.5e29, n_cells=1.0)
    assert code.noise_variance == pytest.approx(0.98 * 0.5 + 0.02 * 5 * 0.5)
    # What is no more than a few times the mean counts as it is.
    code.noise_variance = 0.5
    code.observe(loss=10.0, n_cells=10.0)
    assert code.noise_variance == pytest.approx(0.98 * 0.5 + 0.02 * 2)


def explained_share(vae, X):
    return 1 - (np.square(vae.reconstruct(X) - X) / X.var(axis=0)).mean()


@pytest.mark.parametrize("seed", range(2))
def test_rows_far_out_do_not_keep_it_from_learning(seed):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3)) @ [[1, 0.5, 0], [0, 1, 0.5], [0, 0, 0.2]]
    X[:6] = np.array([-30, 40, 60]) + rng.normal(size=(6, 3))
    vae = VariationalAutoencoderTransformer(2, scale="standard", random_state=seed).fit(X)
    assert explained_share(vae, X) > 0.9
    assert vae.noise_variance_ < 0.2


@pytest.mark.parametrize("size", [100, 1000])
def test_a_single_row_hundreds_of_deviations_out_does_not_either(size):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 10)) + 0.2 * rng.normal(size=(1000, 10))
    X[0] = size * rng.normal(size=10)
    X = X.astype(np.float32)
    vae = VariationalAutoencoderTransformer(2, scale="standard", random_state=0).fit(X)
    assert explained_share(vae, X.astype(np.float64)) > 0.9


@pytest.mark.parametrize("seed", range(2))
def test_rare_categories_do_not_make_float32_diverge(seed):
    """Columns that are 1 in one row are 28 deviations there, and two rows have ten of them."""
    rng = np.random.default_rng(0)
    levels = rng.integers(4, size=(800, 20))
    X = np.concatenate([levels == level for level in range(4)], axis=1).astype(float)
    rare = np.zeros((800, 20))
    rare[rng.integers(800, size=2).repeat(10), np.arange(20)] = 1
    X = np.hstack([X, rare])
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    vae = VariationalAutoencoderTransformer(10, random_state=seed).fit(X)
    assert min(vae.loss_curve_) < vae.loss_curve_[0]
    for each in (*vae.code_distribution(X), vae.score_samples(X), vae.reconstruct(X)):
        assert np.isfinite(each).all()


def test_a_linear_one_reaches_the_likelihood_of_probabilistic_pca_and_no_more(flat, linear):
    """Its bound is tight at the optimum, where it is the log-likelihood of PCA's model."""
    best = PCA(2).fit(flat)
    bound = linear.score_samples(flat).mean()
    assert best.score(flat) - 0.05 < bound <= best.score(flat) + 1e-6
    noise = linear.noise_variance_ * linear.scale_[0] ** 2
    assert noise == pytest.approx(best.noise_variance_, rel=0.05)


def test_the_bound_is_minus_the_loss_up_to_the_units_of_X(flat, linear):
    log_volume = np.log(linear.scale_).sum()
    loss = np.mean(linear.loss_curve_[-20:])
    assert -linear.score_samples(flat).mean() - log_volume == pytest.approx(loss, abs=0.05)


def test_a_rows_bound_does_not_depend_on_the_others(flat, linear):
    np.testing.assert_allclose(linear.score_samples(flat[5:6]), linear.score_samples(flat)[5:6])


def test_the_bound_of_what_is_observed_is_that_of_the_fewer_features(flat):
    """With a decoder that is 0, the bound is a normal density less the divergence."""
    vae = small(n_components=2, hidden_layer_sizes=(), max_iter=1).fit(flat)
    for weights in vae.coefs_:
        weights[...] = 0
    for bias in vae.intercepts_:
        bias[...] = 0
    X = flat[:3].copy()
    X[0, 1] = X[2, :3] = np.nan
    deviation = np.sqrt(vae.noise_variance_) * vae.scale_
    expected = np.nansum(stats.norm.logpdf(X, vae.shift_, deviation), axis=1)
    np.testing.assert_allclose(vae.score_samples(X), expected)


def test_the_divergence_is_active_by_default(digits):
    """Not always 0, as where it is clamped, and not for want of codes that differ."""
    vae = VariationalAutoencoderTransformer(8, max_iter=20, random_state=0).fit(digits)
    mean, deviation = vae.code_distribution(digits)
    assert divergence(mean, 2 * np.log(deviation)).mean() > 5
    assert vae.code_variance_.max() > 0.5
    np.testing.assert_allclose(vae.code_variance_, vae.transform(digits).var(axis=0), rtol=1e-6)
    assert (deviation[:, vae.code_variance_ > 0.5].mean(axis=0) < 0.8).all()


def test_more_beta_uses_fewer_units(digits):
    def n_used(beta):
        vae = VariationalAutoencoderTransformer(16, beta=beta, max_iter=20, random_state=0)
        return (vae.fit(digits).code_variance_ > 0.05).sum()

    assert n_used(8) < n_used(0.5)


def test_unused_units_are_standard_normal(flat):
    """Two dimensions need no more than two units."""
    vae = small(n_components=5, hidden_layer_sizes=(), max_iter=200).fit(flat)
    mean, deviation = vae.code_distribution(flat)
    idle = vae.code_variance_ < 0.05
    assert idle.sum() == 3
    np.testing.assert_allclose(mean[:, idle].mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(deviation[:, idle], 1, atol=0.1)


def test_the_spread_of_a_code_is_the_one_of_probabilistic_pca(flat, linear):
    _, deviation = linear.code_distribution(flat)
    precision = 1 + np.square(linear.coefs_[-1]).sum(axis=1) / linear.noise_variance_
    np.testing.assert_allclose(deviation.mean(axis=0), precision**-0.5, rtol=0.05)


@pytest.mark.parametrize(("n_components", "n_draws"), [(3, 64), (16, 64), (40, 160)])
def test_a_bound_is_a_mean_over_64_draws_or_four_for_each_unit(n_components, n_draws):
    assert balanced_draws(n_components).shape == (n_draws, n_components)


def test_what_is_usual_of_gradients_is_carried_on(flat):
    vae = small().partial_fit(flat)
    usual = vae._bottleneck().gradient_norm
    assert usual > 0
    vae.set_params(learning_rate_init=1e-9).partial_fit(flat)
    assert vae._bottleneck().gradient_norm == pytest.approx(usual, rel=0.2)


def test_transform_gives_the_mean_the_same_each_time(digits):
    vae = small(n_components=2).fit(digits)
    mean, _ = vae.code_distribution(digits)
    np.testing.assert_array_equal(vae.transform(digits), vae.transform(digits))
    np.testing.assert_allclose(vae.transform(digits), mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        vae.reconstruct(digits), vae.inverse_transform(mean), rtol=1e-10, atol=1e-12
    )


def test_samples_are_decoded_normal_codes(flat, linear):
    samples = linear.sample(20_000, random_state=0)
    np.testing.assert_array_equal(samples, linear.sample(20_000, random_state=0))
    assert (linear.sample(3, random_state=1) != linear.sample(3, random_state=2)).any()
    np.testing.assert_allclose(samples.mean(axis=0), flat.mean(axis=0), atol=0.1)
    noise = linear.noise_variance_ * linear.scale_[0] ** 2
    np.testing.assert_allclose(
        np.cov(samples.T) + noise * np.eye(6), np.cov(flat.T), atol=0.15 * flat.var()
    )


@pytest.mark.parametrize("n_samples", [0, -1, 2.5, "3"])
def test_a_wrong_number_of_samples_is_refused(linear, n_samples):
    with pytest.raises(ValueError, match="'n_samples' parameter of sample must be an int"):
        linear.sample(n_samples)


def test_nothing_is_sampled_from_what_is_not_fitted():
    with pytest.raises(NotFittedError):
        small().sample()


def test_bernoulli_bounds_are_log_probabilities(digits):
    bits = (digits > 0.5).astype(float)
    vae = small(hidden_layer_sizes=20, loss="binary_cross_entropy", max_iter=30).fit(bits)
    bounds = vae.score_samples(bits)
    assert (bounds < 0).all()
    # Better than independent pixels of the right frequencies.
    rates = np.clip(bits.mean(axis=0), 1e-6, 1 - 1e-6)
    assert bounds.mean() > stats.bernoulli.logpmf(bits, rates).sum(axis=1).mean() + 3
    assert vae.noise_variance_ is None
    samples = vae.sample(10, random_state=0)[:, ~vae.is_constant_]
    assert samples.min() > 0
    assert samples.max() < 1


def test_the_weight_of_the_divergence_rises_over_the_warm_up():
    code = GaussianCode(beta=2.0, warmup=0.5, is_gaussian=True)
    weights = []
    for step in range(10):
        code.anneal(step, n_steps=10)
        weights.append(code._annealed)
    np.testing.assert_allclose(weights, [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1])
    code.anneal(0, n_steps=None)
    assert code._annealed == 1


def test_the_noise_variance_of_the_best_epoch_is_restored(flat):
    vae = small(n_components=2, max_iter=30, n_iter_no_change=30).fit(flat)
    errors = vae.reconstruction_error(flat) / vae.scale_[0] ** 2
    # The decoder sees samples, not means, so its errors are a little larger.
    assert errors.mean() < vae.noise_variance_ < 1.5 * errors.mean()


def test_all_that_belongs_to_weights_goes_back_with_them(flat):
    """After a warm start at a rate that makes everything worse."""
    vae = small(n_components=2, max_iter=30, warm_start=True).fit(flat)
    again = pickle.loads(pickle.dumps(vae))
    again.set_params(learning_rate_init=3.0, max_iter=2).fit(flat)
    assert min(again.loss_curve_[30:]) > vae.best_loss_
    for mine, theirs in zip(again.coefs_, vae.coefs_, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(again.score_samples(flat), vae.score_samples(flat))
    np.testing.assert_array_equal(again.code_variance_, vae.code_variance_)
    assert again.noise_variance_ == vae.noise_variance_
    assert again._solver_state["step"] == vae._solver_state["step"]
    assert again._gradient_norm == vae._gradient_norm


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(digits, dtype):
    X = digits.astype(dtype)
    vae = small().fit(X)
    results = vae.transform(X), vae.sample(2), vae.score_samples(X), *vae.code_distribution(X)
    assert {each.dtype for each in (*results, vae.code_variance_, *vae.coefs_)} == {np.dtype(dtype)}


def test_a_full_batch_solver_is_refused(digits):
    with pytest.raises(ValueError, match="needs the same loss from the same weights"):
        small(solver=LBFGS()).fit(digits)


def test_training_goes_on_from_a_pickle_as_without(flat):
    vae = small().fit(flat)
    again = pickle.loads(pickle.dumps(vae))
    vae.partial_fit(flat)
    again.partial_fit(flat)
    np.testing.assert_array_equal(vae.coefs_[0], again.coefs_[0])
    assert vae.noise_variance_ == again.noise_variance_
    assert vae.n_iter_ == 5


def test_score_orders_models_in_a_search(flat):
    search = GridSearchCV(small(max_iter=30), {"n_components": [1, 2]}, cv=3).fit(flat)
    assert search.best_params_ == {"n_components": 2}
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()
