"""Initialisers: draw the weights of one layer, given its fan-in and fan-out.

References
----------
.. [1] Glorot, Bengio (2010), Understanding the difficulty of training deep feedforward
   neural networks.
.. [2] He, Zhang, Ren, Sun (2015), Delving deep into rectifiers.
.. [3] LeCun, Bottou, Orr, Mueller (1998), Efficient BackProp.
.. [4] Saxe, McClelland, Ganguli (2014), Exact solutions to the nonlinear dynamics of
   learning in deep linear neural networks.
"""

import numpy as np

_VARIANCES = {
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
    "he": lambda n_in, n_out: 2 / n_in,
    "lecun": lambda n_in, n_out: 1 / n_in,
}


def _uniform(variance):
    def draw(n_in, n_out, rng):
        bound = np.sqrt(3 * variance(n_in, n_out))
        return rng.uniform(-bound, bound, size=(n_in, n_out))

    return draw


def _normal(variance):
    def draw(n_in, n_out, rng):
        return rng.normal(scale=np.sqrt(variance(n_in, n_out)), size=(n_in, n_out))

    return draw


def orthogonal(n_in, n_out, rng):
    """Orthonormal rows or columns, uniform over all such matrices."""
    tall = rng.normal(size=(max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    # The signs of R's diagonal make the draw uniform: QR alone fixes them.
    q *= np.sign(np.diag(r))
    return q if n_in >= n_out else q.T


INITIALIZERS = {
    **{f"{name}_uniform": _uniform(variance) for name, variance in _VARIANCES.items()},
    **{f"{name}_normal": _normal(variance) for name, variance in _VARIANCES.items()},
    "orthogonal": orthogonal,
}
