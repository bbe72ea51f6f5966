"""What a variational autoencoder knows of single columns: their noise, likelihoods and draws."""

import numpy as np

from ._column_losses import fitted_losses
from ._data_validation import apply_scaling
from ._reconstruction import finite_outputs
from .network.bottleneck import MIN_NOISE_VARIANCE
from .network.dataset import Dataset
from .network.inference import noise_variances
from .network.likelihoods import by_column
from .network.losses import as_loss


def noise_of_columns(vae, rows, pool):
    """Variance of the numbers about the decoder's output; 1 of categories, and without any."""
    trained, variances = vae._trained_features(), np.ones(rows.n_features)
    autoencoder = vae._network_maker()(vae._parameters())
    rows = apply_scaling(vae, rows.restricted_to(trained))
    found = noise_variances(autoencoder, rows, pool)
    variances[slice(None) if trained is None else trained] = found
    for group in vae._columns.groups:
        variances[group] = 1.0
    return np.maximum(variances, MIN_NOISE_VARIANCE)


def likelihood_of(vae):
    """Log-likelihood of rows of the features that training sees."""
    if vae.column_losses_ is None:
        return as_loss(vae.loss).log_likelihood
    trained, variances = vae._trained_features(), vae.column_noise_variance_
    own = variances if trained is None else variances[trained]
    return by_column(fitted_losses(vae).of(trained).log_likelihoods(), own)


def drawn_rows(vae, codes, rng):
    """A row of a table for each code, drawn from the distribution that the decoder gives it."""
    values = finite_outputs([vae._networks()[1]], Dataset(codes))
    if as_loss(vae.loss).has_variance:
        numbers = vae._columns.places_of_numbers
        deviations = np.sqrt(vae.column_noise_variance_[numbers]).astype(values.dtype)
        noise = rng.standard_normal((len(values), len(numbers)), dtype=values.dtype)
        values[:, numbers] += deviations * noise
    if vae._scaling() is not None:
        vae._scaling().undo(values)
    return vae._decoded(vae._columns.drawn(values, rng), None)
