"""What happens between encoder and decoder: nothing, a penalty on the code, a Gaussian sample.

References
----------
.. [1] Kingma, Welling (2014), Auto-encoding variational Bayes. ICLR.
.. [2] Bowman, Vilnis, Vinyals, Dai, Jozefowicz, Bengio (2016), Generating sentences from a
   continuous space. CoNLL: the weight of the divergence rises from 0.
.. [3] Rybkin, Daniilidis, Levine (2021), Simple and effective VAE training with calibrated
   decoders. ICML: the variance of the output's noise is that of its errors.
"""

import math

import numpy as np

# Of the running mean of the output's squared error.
NOISE_DECAY = 0.98
# In the network's units: rows that can be rebuilt exactly would have an infinite likelihood.
MIN_NOISE_VARIANCE = 1e-6


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


class GaussianCode:
    """The decoder gets a sample of a normal distribution, whose divergence is penalised.

    The encoder's outputs are the means of the code's units, then the logarithms of their
    variances. The loss is half the squared error or a cross entropy; for the former the
    output is taken as the mean of a normal distribution whose variance is learned from the
    errors, and the objective is minus the evidence lower bound of the rows.

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
    """

    is_sampled = True
    is_idle = False
    needs_mean_code = False
    acts_on_encoder = False

    def __init__(self, beta, warmup, is_gaussian, noise_variance=1.0):
        self.beta = beta
        self.warmup = warmup
        self.is_gaussian = is_gaussian
        self.noise_variance = noise_variance
        self._annealed = 1.0

    def anneal(self, step, n_steps):
        """Let the weight of the divergence rise; without a planned end it is beta."""
        n_warm = 0 if n_steps is None else self.warmup * n_steps
        self._annealed = min(1.0, (step + 1) / n_warm) if n_warm else 1.0

    def state(self):
        """What belongs to the parameters of an epoch, and is restored with them."""
        return self.noise_variance

    def restore(self, state):
        """Take an earlier state back."""
        self.noise_variance = state

    def sample(self, values, code, rng):
        """Fill `code` with mean + exp(log_variance / 2) * e for standard normal e."""
        mean, log_variance = halves(values)
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
        return batch.total(divergence(mean, log_variance))

    def objective(self, loss, penalty, n_cells):
        """Minus the evidence lower bound, from the sums of loss and divergence."""
        variance = self.noise_variance
        constant = 0.5 * n_cells * math.log(2 * math.pi * variance) if self.is_gaussian else 0.0
        return loss / variance + constant + self.beta * penalty

    def observe(self, loss, n_cells):
        """Follow the variance of the output's noise."""
        if self.is_gaussian and n_cells > 0:
            seen = 2 * loss / n_cells
            mean = NOISE_DECAY * self.noise_variance + (1 - NOISE_DECAY) * seen
            self.noise_variance = max(mean, MIN_NOISE_VARIANCE)


def halves(values):
    """Views of the means and the log variances."""
    middle = values.shape[1] // 2
    return values[:, :middle], values[:, middle:]


def divergence(mean, log_variance):
    """Kullback-Leibler divergence from N(0, 1), summed over each row's units."""
    return 0.5 * (np.square(mean) + np.expm1(log_variance) - log_variance).sum(axis=1)
