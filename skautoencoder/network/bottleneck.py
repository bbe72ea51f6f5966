"""What happens between encoder and decoder: nothing, a penalty on the code, a Gaussian sample.

References
----------
.. [1] Kingma, Welling (2014), Auto-encoding variational Bayes. ICLR.
.. [2] Bowman, Vilnis, Vinyals, Dai, Jozefowicz, Bengio (2016), Generating sentences from a
   continuous space. CoNLL: the weight of the divergence rises from 0.
.. [3] Rybkin, Daniilidis, Levine (2021), Simple and effective VAE training with calibrated
   decoders. ICML: the variance of the output's noise is that of its errors.
.. [4] Chua, Calandra, McAllister, Levine (2018), Deep reinforcement learning in a handful of
   trials using probabilistic dynamics models. NeurIPS: log variances are softly bounded.
.. [5] Rombach, Blattmann, Lorenz, Esser, Ommer (2022), High-resolution image synthesis with
   latent diffusion models. CVPR: codes whose log variances are clamped from -30 up.
.. [6] Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural networks.
   ICML: gradients are clipped by their norm, in proportion to its usual size.
"""

import math

import numpy as np

# Of the running means of the output's squared error and of the gradient's norm.
DECAY = 0.98
# As a multiple of such a mean, what one batch may count for at most.
MAX_EXCESS = 5.0
# In the network's units: rows that can be rebuilt exactly would have an infinite likelihood.
MIN_NOISE_VARIANCE = 1e-6
# Between them a log variance is what the encoder says. The divergence favours 0, and codes that
# tell anything are below; above are rows far out, on which the encoder extrapolates.
LOG_VARIANCE_BOUNDS = -30.0, 2.0


class PlainCode:
    """The code goes on to the decoder as it is; a penalty may be added to the loss.

    Parameters
    ----------
    penalty : CodePenalty or None
    """

    is_sampled = False

    def __init__(self, penalty=None):
        self.penalty = penalty

    @property
    def is_idle(self):
        """Whether there is nothing to do in a batch."""
        return self.penalty is None

    @property
    def acts_on_encoder(self):
        """Whether the penalty has gradients that do not come by way of the code."""
        return self.penalty is not None and self.penalty.acts_on_encoder

    @property
    def needs_mean_code(self):
        """Whether the mean code of a whole batch is needed on the way back."""
        return self.penalty is not None and self.penalty.needs_mean_code

    def anneal(self, step, n_steps):
        """Take over how far training has come."""

    def state(self):
        """What belongs to the parameters of an epoch, and is restored with them."""

    def restore(self, state):
        """Take an earlier state back."""

    def backward(self, batch, code, code_delta, delta):
        """Add the penalty's gradient; `delta` is `code_delta`, the code being the encoder's."""
        return self.penalty.at_code(batch, delta)

    def at_encoder(self, batch, gradients):
        """Add the gradients that do not come by way of the code, where it acts on the encoder."""
        return self.penalty.at_encoder(batch, gradients)

    def objective(self, loss, penalty, n_cells):
        """What training minimises, from sums over rows."""
        return loss + penalty

    def observe(self, loss, n_cells):
        """Take over the loss of a batch."""

    def limit(self, gradients, pool):
        """Bound the gradient of a batch: here it is left as it is, to be completed."""


class GaussianCode:
    """The decoder gets a sample of a normal distribution, whose divergence is penalised.

    The encoder's outputs are the means of the code's units, then the logarithms of their
    variances, softly bounded [4]_ [5]_. The loss is half the squared error or a cross entropy;
    for the former the output is taken as the mean of a normal distribution whose variance is
    learned from the errors, and the objective is minus the evidence lower bound of the rows.

    Rows far out make gradients and errors that are thousands of times the usual ones. What is
    followed over the batches, the noise's variance and the gradient's norm, counts no batch
    for more than `MAX_EXCESS` times its mean, and a longer gradient is cut to that [6]_.

    Parameters
    ----------
    beta : float
        Weight of the divergence from the standard normal distribution.
    warmup : float
        Share of the steps over which the weight rises from 0 to beta.
    is_gaussian : bool
        Whether the loss is half the squared error.
    noise_variance : float
        Where learning it starts.
    gradient_norm : float
        Where following it starts; 0 before the first batch, whose own it then is.
    cell_share : float
        How many columns there are for each cell: a category has several cells.
    """

    is_sampled = True
    is_idle = False
    needs_mean_code = False
    acts_on_encoder = False

    def __init__(
        self,
        beta,
        warmup,
        is_gaussian,
        noise_variance=1.0,
        gradient_norm=0.0,
        cell_share=1.0,
    ):
        self.beta = beta
        self.warmup = warmup
        self.is_gaussian = is_gaussian
        self.noise_variance = noise_variance
        self.gradient_norm = gradient_norm
        self.cell_share = cell_share
        self._annealed = 1.0

    def anneal(self, step, n_steps):
        """Let the weight of the divergence rise; without a planned end it is beta."""
        n_warm = 0 if n_steps is None else self.warmup * n_steps
        self._annealed = min(1.0, (step + 1) / n_warm) if n_warm else 1.0

    def state(self):
        """What belongs to the parameters of an epoch, and is restored with them."""
        return np.array([self.noise_variance, self.gradient_norm])

    def restore(self, state):
        """Take an earlier state back."""
        self.noise_variance, self.gradient_norm = map(float, state)

    def sample(self, values, code, rng):
        """Fill `code` with mean + exp(log_variance / 2) * e for standard normal e.

        The log variances among the values are bounded in place.
        """
        mean, log_variance = moments(values)
        rng.standard_normal(out=code, dtype=code.dtype)
        np.multiply(code, np.exp(0.5 * log_variance), out=code)
        np.add(code, mean, out=code)

    def backward(self, batch, code, code_delta, delta):
        """Return the divergence's sum; lead `code_delta` back to means and log variances.

        Everything is multiplied by the noise's variance, which keeps the gradient of the
        squared error as it is in any other autoencoder.
        """
        mean, log_variance = halves(batch.code)
        to_mean, to_log_variance = halves(delta)
        strength = self.beta * self._annealed * self.noise_variance
        factors = strength * batch.row_factors()
        np.add(code_delta, factors * mean, out=to_mean)
        np.multiply(code_delta, 0.5 * (code - mean), out=to_log_variance)
        to_log_variance += 0.5 * factors * np.expm1(log_variance)
        excess = excess_of(log_variance)
        if excess is not None:
            # Of e / (1 + e), from its value.
            to_log_variance *= np.square(1 - np.abs(excess))
        return batch.total(divergence(mean, log_variance))

    def objective(self, loss, penalty, n_cells):
        """Minus the evidence lower bound, from the sums of loss and divergence."""
        variance, n_cells = self.noise_variance, self.cell_share * n_cells
        constant = 0.5 * n_cells * math.log(2 * math.pi * variance) if self.is_gaussian else 0.0
        return loss / variance + constant + self.beta * penalty

    def observe(self, loss, n_cells):
        """Follow the variance of the output's noise."""
        if self.is_gaussian and n_cells > 0:
            mean = followed(self.noise_variance, 2 * loss / (self.cell_share * n_cells))
            self.noise_variance = max(mean, MIN_NOISE_VARIANCE)

    def limit(self, gradients, pool):
        """Cut the gradient of a batch where it is much longer than usual."""
        flat = gradients.all_completed(pool)
        # Where the square overflows, nothing is left of the gradient.
        length = math.sqrt(np.dot(flat, flat))
        if self.gradient_norm == 0 and math.isfinite(length):
            self.gradient_norm = length
        longest = MAX_EXCESS * self.gradient_norm
        if length > longest:
            flat *= flat.dtype.type(longest / length)
        self.gradient_norm = followed(self.gradient_norm, length)


def followed(mean, value):
    """The running mean after one more value, which no single one can drag up."""
    return DECAY * mean + (1 - DECAY) * min(value, MAX_EXCESS * mean)


def halves(values):
    """Views of the means and the log variances."""
    middle = values.shape[1] // 2
    return values[:, :middle], values[:, middle:]


def moments(values):
    """As `halves`, of the encoder's outputs as they come: bounds the log variances in place.

    What is beyond a bound by e is beyond it by e / (1 + e) afterwards: less than 1.
    """
    mean, log_variance = halves(values)
    excess = excess_of(log_variance)
    if excess is not None:
        log_variance -= excess
        log_variance += excess / (1 + np.abs(excess))
    return mean, log_variance


def excess_of(log_variance):
    """By how much each is beyond the bounds; None where all are between them, as usual."""
    low, high = LOG_VARIANCE_BOUNDS
    if log_variance.min() >= low and log_variance.max() <= high:
        return None
    return log_variance - np.clip(log_variance, low, high)


def divergence(mean, log_variance):
    """Kullback-Leibler divergence from N(0, 1), summed over each row's units."""
    return 0.5 * (np.square(mean) + np.expm1(log_variance) - log_variance).sum(axis=1)
