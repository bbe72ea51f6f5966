"""Principal components of weighted rows, and a network's skip connections laid along them.

References
----------
.. [1] Pearson (1901), On lines and planes of closest fit to systems of points in space.
.. [2] Lehoucq, Sorensen, Yang (1998), ARPACK users' guide.
"""

from functools import partial

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from .activations import ACTIVATIONS
from .scaling import means, total_variation

# Up to this many features the covariance matrix is formed: one pass and its eigenvectors. With
# more of them, some tens of passes that apply it to vectors take less time and memory.
MAX_COVARIANCE_FEATURES = 2000

# As many components are looked at first for a share of the variance, and twice as many each time
# that they do not reach it.
FIRST_COMPONENTS = 64


def principal_components(rows, n_components):
    """Mean, components and variances of the rows: what `PCA` finds, rows by weight.

    Returns
    -------
    mean : ndarray of shape (n_features,)
    components : ndarray of shape (n_components, n_features)
        Orthonormal, the largest variance first, the largest entry of each positive.
        Where the rows have fewer dimensions than n_components, the last ones are 0.
    variances : ndarray of shape (n_components,)
    """
    mean = means(rows)
    components = np.zeros((n_components, rows.n_features))
    variances = np.zeros(n_components)
    n_found = min(n_components, len(rows), rows.n_features)
    if rows.n_features <= MAX_COVARIANCE_FEATURES:
        found = _from_covariance(rows, mean, n_found)
    else:
        found = _from_passes(rows, mean, min(n_found, rows.n_features - 1))
    # Directions in which the rows vary by rounding alone are left at 0.
    noise = 10 * rows.n_features * np.finfo(np.float64).eps * max(found[0][-1], 0)
    largest_first = np.flatnonzero(found[0] > noise)[::-1]
    n_found = len(largest_first)
    variances[:n_found] = found[0][largest_first]
    axes = found[1].T[largest_first]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, np.newaxis], axis=1)
    components[:n_found] = axes * np.sign(largest)
    return mean, components, variances


def explained_shares(rows, n_components):
    """Shares of the variance that 1, 2, ... principal components explain."""
    mean, _, variances = principal_components(rows, n_components)
    total = total_variation(rows, mean) / rows.total_weight()
    return np.cumsum(variances) / (total or 1.0)


def n_components_for(rows, share):
    """The smallest number of principal components that explain a share of the variance.

    Fewer than there are features: a code as wide as the rows could copy each of them.
    """
    most = max(1, min(len(rows), rows.n_features - 1))
    n_seen = min(FIRST_COMPONENTS, most)
    explained = explained_shares(rows, n_seen)
    while explained[-1] < share and n_seen < most:
        n_seen = min(2 * n_seen, most)
        explained = explained_shares(rows, n_seen)
    return min(int(np.searchsorted(explained, share)) + 1, most)


def _from_covariance(rows, mean, n_found):
    """Largest eigenvalues and eigenvectors of the covariance matrix, smallest first."""
    n_features = rows.n_features
    covariance = rows.map_reduce(_own_squares, mean)
    covariance /= rows.total_weight()
    subset = (n_features - n_found, n_features - 1)
    return linalg.eigh(covariance, lower=False, subset_by_index=subset, overwrite_a=True)


def _own_squares(rows, mean):
    """Upper triangle of the sum of the rows' outer squares about the mean."""
    covariance = np.zeros((rows.n_features, rows.n_features), order="F")
    for weights, block in rows.blocks():
        np.subtract(block, mean, out=block)
        if weights is not None:
            np.multiply(block, np.sqrt(weights, dtype=np.float64)[:, np.newaxis], out=block)
        # Adds block' block to the upper triangle, in place.
        covariance = linalg.blas.dsyrk(1.0, block.T, beta=1.0, c=covariance, overwrite_c=1)
    return covariance


def _from_passes(rows, mean, n_found):
    """The same by Lanczos iterations, each of which takes a pass over the rows."""
    stays_sparse = sparse.issparse(rows.X) and not rows.has_missing
    scatter_times = _sparse_scatter(rows, mean) if stays_sparse else _scatter(rows, mean)

    def covariance_times(vector):
        return scatter_times(vector.ravel()) / rows.total_weight()

    shape = (rows.n_features, rows.n_features)
    operator = sparse_linalg.LinearOperator(shape, matvec=covariance_times, dtype=np.float64)
    start = np.random.default_rng(0).normal(size=rows.n_features)
    return sparse_linalg.eigsh(operator, n_found, v0=start)


def _scatter(rows, mean):
    """Function that applies the sum of (x - mean)(x - mean)', by weight, to a vector."""
    return partial(rows.map_reduce, _own_scatter_times, mean)


def _own_scatter_times(rows, mean, vector):
    product = np.zeros(rows.n_features)
    for weights, block in rows.blocks():
        np.subtract(block, mean, out=block)
        along = block @ vector
        product += (along if weights is None else along * weights) @ block
    return product


def _sparse_scatter(rows, mean):
    """The same for a sparse X, whose cells of 0 then take no time.

    Scaled rows less their mean are (X - m) / s, with the mean m and the scale s in units of X.
    """
    X = rows.X if rows.subset is None else rows.X[rows.subset]
    X = X if rows.features is None else X[:, rows.features]
    X, weights = X.astype(np.float64), rows.weights(slice(None))
    shift, scale = (0.0, 1.0) if rows.scaling is None else (rows.scaling.shift, rows.scaling.scale)
    own_mean, scale = shift + mean * scale, np.asarray(scale, dtype=np.float64)

    def scatter_times(vector):
        vector = vector / scale
        along = X @ vector - own_mean @ vector
        if weights is not None:
            along = along * weights
        return (X.T @ along - own_mean * along.sum()) / scale

    return scatter_times


def lay_skip_connections(parameters, activations, code, components, share=1.0, bounded=False):
    """Make the skip connections those of PCA, times the share.

    With `bounded` the second leads to what the output's activation takes, and is PCA's
    in the sense that it gives where it is steepest: with a bias of 0, times its slope there.
    Tied ones, one the transpose of the other, leave the code in the units of the rows.

    Parameters
    ----------
    parameters : Parameters
        Those of the skip connections come after those of the layers.
    activations : list of str
    code : int
        Number of the encoder's layers.
    components : tuple of ndarray
        What `principal_components` returns.
    share : float
    """
    mean, axes, variances = components
    skips = slice(len(activations), len(activations) + 2)
    # The first number of the code has variance 1, whatever the units of the rows.
    unit = 1.0 if parameters.ties else _code_unit(variances[0], parameters.flat.dtype)
    encoder, decoder = parameters.weights[skips]
    encoder[...] = share / unit * axes.T
    decoder[...] = share * unit * axes
    to_code, to_output = parameters.biases[skips]
    to_code[...] = -share / unit * (axes @ mean) - _at_zero(activations[code - 1])[0]
    value, slope = _at_zero(activations[-1])
    if not bounded:
        to_output[...] = mean - value
    elif not parameters.ties:
        decoder /= slope


def _code_unit(variance, dtype):
    """The deviation, or 1 where weights of its inverse, squared, might leave the dtype's range."""
    deviation = np.sqrt(variance)
    return deviation if deviation > np.finfo(dtype).tiny ** (1 / 3) else 1.0


def end_in_zeros(parameters, activations, code):
    """Let the layers add constants to code and output, which the skip connections take off."""
    for last in (code, len(activations)):
        parameters.weights[last - 1][...] = 0
        parameters.biases[last - 1][...] = 0


def _at_zero(activation):
    """Value and derivative of an activation at 0."""
    value, derivative = np.zeros(1), np.zeros(1)
    ACTIVATIONS[activation].function(value, derivative)
    return value[0], derivative[0]
