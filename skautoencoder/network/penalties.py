"""Penalties on the code, added to the loss while a network trains.

To add one, write a subclass of `CodePenalty` and export it: the gradient check picks it up.
"""

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from .component import Component, check_number

# Mean activations keep this far from 0 and 1, where the divergence is infinite.
MARGIN = 1e-6


@dataclass
class CodeBatch:
    """What a penalty sees of some rows of a batch.

    Parameters
    ----------
    encoder : Network
    inputs : ndarray of shape (n, n_features)
        What the encoder has seen: corrupted, where training is.
    code : ndarray of shape (n, n_components)
    sample_weight : ndarray of shape (n,) or None
    normaliser : float
        Sums over rows are divided by it in gradients.
    mean_code : ndarray of shape (n_components,) or None
        The weighted mean over the whole batch, for penalties that ask for it.
    rng : numpy.random.Generator
    """

    encoder: object
    inputs: np.ndarray
    code: np.ndarray
    sample_weight: np.ndarray | None
    normaliser: float
    mean_code: np.ndarray | None
    rng: object

    def total(self, row_values):
        """Weighted sum over the rows."""
        if self.sample_weight is None:
            return float(row_values.sum())
        return float(row_values @ self.sample_weight)

    def row_factors(self):
        """Weight of each row in gradients, as a column."""
        weights = 1.0 if self.sample_weight is None else self.sample_weight[:, np.newaxis]
        return weights / self.code.dtype.type(self.normaliser)


class CodePenalty(Component):
    """Base class: what training asks of a penalty.

    `code_activation` is what "auto" becomes under the penalty, and leaves out skip connections
    into the code, which would lead out of the activation's range; None changes nothing.
    """

    code_activation = None
    # Whether it needs the mean code of the whole batch.
    needs_mean_code = False
    # Whether it has an `at_encoder`.
    acts_on_encoder = False

    def check_code(self, code_activation, has_skip):
        """Raise ValueError where the penalty makes no sense for such a code."""

    def is_random(self, n_encoder_layers):
        """Whether its value for the same weights and rows may differ."""
        return False

    def at_code(self, batch, delta):
        """Return the weighted sum over the rows, and add the gradient with respect to the code.

        Parameters
        ----------
        batch : CodeBatch
        delta : ndarray of shape (n, n_components)
        """
        return 0.0

    def at_encoder(self, batch, gradients):
        """The same for a penalty on the encoder, of whose parameters these are the gradients."""
        return 0.0


class L1Sparsity(CodePenalty):
    """Penalises the absolute values of the code, so that few units are active for a row.

    Adds ``weight * sum_j |c_j|`` to the loss of each row [1]_. With it, "auto" makes the code's
    activation "relu", whose zeros are exact, and there are no skip connections. A small code in
    front of large decoder weights would cheat the penalty: set `alpha` above 0 as well, to keep
    these small.

    Parameters
    ----------
    weight : float, default=0.1
        Strength of the penalty, above 0.

    References
    ----------
    .. [1] Olshausen, Field (1996), Emergence of simple-cell receptive field properties by
       learning a sparse code for natural images. Nature 381.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, L1Sparsity
    >>> autoencoder = AutoencoderTransformer(
    ...     code_penalty=L1Sparsity(weight=0.5), alpha=1e-3
    ... )
    >>> autoencoder.get_params()["code_penalty__weight"]
    0.5
    """

    code_activation = "relu"

    def __init__(self, weight=0.1):
        self.weight = weight

    def check(self):
        check_number(self, "weight", 0, math.inf, closed="neither")

    def at_code(self, batch, delta):
        weight = float(self.weight)
        delta += weight * batch.row_factors() * np.sign(batch.code)
        return weight * batch.total(np.abs(batch.code).sum(axis=1))


class KLSparsity(CodePenalty):
    """Penalises code units that are active for more or fewer rows than a target share.

    Adds ``weight * sum_j KL(target || m_j)`` to the mean loss [1]_, where ``m_j`` is the mean of
    unit j over the batch and ``KL(t || m) = t log(t / m) + (1 - t) log((1 - t) / (1 - m))``.
    The code must lie in [0, 1]: with this penalty "auto" makes its activation "sigmoid", and
    there are no skip connections. The means are more reliable in larger batches.

    Parameters
    ----------
    target : float, default=0.05
        Wanted mean of each code unit, above 0 and below 1.

    weight : float, default=0.1
        Strength of the penalty, above 0.

    References
    ----------
    .. [1] Ng (2011), Sparse autoencoder. CS294A lecture notes, Stanford University.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, KLSparsity
    >>> autoencoder = AutoencoderTransformer(code_penalty=KLSparsity(target=0.1))
    >>> autoencoder.get_params()["code_penalty__target"]
    0.1
    """

    code_activation = "sigmoid"
    needs_mean_code = True

    def __init__(self, target=0.05, weight=0.1):
        self.target = target
        self.weight = weight

    def check(self):
        check_number(self, "target", 0, 1, closed="neither")
        check_number(self, "weight", 0, math.inf, closed="neither")

    def check_code(self, code_activation, has_skip):
        if code_activation != "sigmoid" or has_skip:
            raise ValueError(
                "code_penalty=KLSparsity compares the means of the code with a share, so the code "
                f"must lie in [0, 1]. Got code_activation={code_activation!r}"
                f"{' and skip connections' if has_skip else ''}: leave code_activation and "
                "skip_connections at 'auto', or use L1Sparsity."
            )

    def at_code(self, batch, delta):
        weight, target = float(self.weight), float(self.target)
        mean = np.clip(batch.mean_code, MARGIN, 1 - MARGIN)
        slope = (1 - target) / (1 - mean) - target / mean
        delta += weight * batch.row_factors() * slope.astype(delta.dtype)
        divergence = target * np.log(target / mean)
        divergence += (1 - target) * np.log((1 - target) / (1 - mean))
        return weight * batch.total(np.full(len(batch.code), divergence.sum()))


class ContractivePenalty(CodePenalty):
    """Penalises how much the code moves when the input does.

    Adds ``weight * ||J||^2`` to the loss of each row [1]_, the squared Frobenius norm of the
    Jacobian of the code with respect to the network's input. With hidden layers, it is
    estimated without bias from ``J u`` for random directions u, whose mean of ``u u'`` is the
    identity [2]_; with as many directions as features it is exact, as it always is for an
    encoder of a single layer. A small code in front of large decoder weights would cheat the
    penalty; `tied_weights` rule that out.

    Parameters
    ----------
    weight : float, default=0.1
        Strength of the penalty, above 0.

    n_directions : int, default=1
        Directions drawn for each row each time that it is seen, at least 1. Each costs about
        as much as another pass through the encoder and back.

    References
    ----------
    .. [1] Rifai, Vincent, Muller, Glorot, Bengio (2011), Contractive auto-encoders. ICML.
    .. [2] Hutchinson (1989), A stochastic estimator of the trace of the influence matrix.
       Communications in Statistics 18.

    Examples
    --------
    >>> from skautoencoder import AutoencoderTransformer, ContractivePenalty
    >>> autoencoder = AutoencoderTransformer(
    ...     code_penalty=ContractivePenalty(weight=0.01)
    ... )
    >>> autoencoder.get_params()["code_penalty__weight"]
    0.01
    """

    acts_on_encoder = True

    def __init__(self, weight=0.1, n_directions=1):
        self.weight = weight
        self.n_directions = n_directions

    def check(self):
        check_number(self, "weight", 0, math.inf, closed="neither")
        check_number(self, "n_directions", 1, math.inf, kind=Integral)

    def is_random(self, n_encoder_layers):
        return n_encoder_layers > 1

    def at_encoder(self, batch, gradients):
        encoder, weight = batch.encoder, float(self.weight)
        factors = 2 * weight * batch.row_factors()
        if len(encoder.layers) == 1:
            rows = single_layer_norms(encoder, batch.inputs, factors, gradients)
        else:
            tape = EncoderTape(encoder, batch.inputs)
            rows = sum(
                tape.add_norms(direction, factors, gradients)
                for direction in self._directions(batch.inputs, batch.rng)
            )
        return weight * batch.total(rows)

    def _directions(self, inputs, rng):
        """Yield arrays of the shape of the inputs, or rows that serve all of them."""
        n_features, n_directions = inputs.shape[1], int(self.n_directions)
        if n_directions >= n_features:
            yield from np.eye(n_features, dtype=inputs.dtype)
            return
        length = inputs.dtype.type(1 / math.sqrt(n_directions))
        for _ in range(n_directions):
            signs = rng.integers(2, size=inputs.shape, dtype=np.int8)
            yield (2 * signs - 1) * length


def single_layer_norms(encoder, inputs, factors, gradients):
    """||J||^2 of each row for an encoder of one layer, and its gradients times the factors.

    J' = W diag(f'(z)) + A, with a skip connection A or without.
    """
    layer, skip = encoder.layers[0], encoder.skip
    z = _affine(layer, inputs)
    slope = _slope(layer, z)
    squares = np.square(layer.weights).sum(axis=0)
    cross = None if skip is None else np.einsum("ij,ij->j", layer.weights, skip.weights)
    rows = np.square(slope) @ squares
    along = slope * squares
    weight_terms = (factors * np.square(slope)).sum(axis=0) * layer.weights
    if skip is not None:
        rows = rows + 2 * slope @ cross + np.square(skip.weights).sum()
        along += cross
        slopes = (factors * slope).sum(axis=0)
        weight_terms += slopes * skip.weights
        total = float(np.broadcast_to(factors, (len(inputs), 1)).sum())
        gradients.weights[skip.number] += slopes * layer.weights + total * skip.weights
    delta = factors * along * layer.activation.second_derivative(z)
    gradients.weights[layer.number] += weight_terms + inputs.T @ delta
    gradients.biases[layer.number] += delta.sum(axis=0)
    return rows


class EncoderTape:
    """Values, slopes and curvatures of every layer of an encoder, for given inputs."""

    def __init__(self, encoder, inputs):
        self.encoder = encoder
        self.values, self.slopes, self.second_derivatives = [inputs], [], []
        for layer in encoder.layers:
            z = _affine(layer, self.values[-1])
            self.second_derivatives.append(layer.activation.second_derivative(z))
            slope = np.empty_like(z)
            layer.activate(z, slope)
            self.slopes.append(slope)
            self.values.append(z)

    def add_norms(self, direction, factors, gradients):
        """||J u||^2 of each row, for its direction u; adds the gradients times the factors.

        The tangent t of each layer goes forward beside the values, t <- f'(z) (t W), and both
        are then led back.
        """
        encoder, skip = self.encoder, self.encoder.skip
        direction = np.broadcast_to(direction, self.values[0].shape)
        tangents, sums = [direction], []
        for layer, slope in zip(encoder.layers, self.slopes, strict=True):
            sums.append(tangents[-1] @ layer.weights)
            tangents.append(slope * sums[-1])
        moved = tangents[-1] if skip is None else tangents[-1] + direction @ skip.weights
        from_tangent = factors * moved
        if skip is not None:
            gradients.weights[skip.number] += direction.T @ from_tangent
        from_value = None
        for i in range(len(encoder.layers) - 1, -1, -1):
            layer, slope = encoder.layers[i], self.slopes[i]
            to_z = self.second_derivatives[i] * sums[i] * from_tangent
            if from_value is not None:
                to_z += slope * from_value
            to_sum = slope * from_tangent
            gradients.weights[layer.number] += tangents[i].T @ to_sum + self.values[i].T @ to_z
            gradients.biases[layer.number] += to_z.sum(axis=0)
            from_tangent, from_value = to_sum @ layer.weights.T, to_z @ layer.weights.T
        return np.square(moved).sum(axis=1)


def _affine(layer, inputs):
    return inputs @ layer.weights + layer.bias


def _slope(layer, z):
    """Derivative of the layer's activation at z."""
    slope = np.empty_like(z)
    layer.activate(z.copy(), slope)
    return slope
