"""Weights and biases of a network, as views into one flat vector."""

from itertools import pairwise

import numpy as np


class Parameters:
    """All weights (n_in, n_out) and biases (n_out,) of a network in one flat array.

    A solver's step over `flat` is a handful of calls whatever the depth; the layers see
    `weights` and `biases`. Gradients have the same form.

    Parameters
    ----------
    shapes : list of (int, int)
        Of the weights of every layer, and of those of the linear paths after them.
    dtype : dtype
    ties : dict of int to int, default={}
        A layer's number to that of the earlier layer whose weights, transposed, it shares;
        `flat` holds them once.
    """

    def __init__(self, shapes, dtype, ties=None):
        self.shapes = shapes
        self.ties = ties or {}
        sizes = [
            n_out if number in self.ties else (n_in + 1) * n_out
            for number, (n_in, n_out) in enumerate(shapes)
        ]
        self.flat = np.zeros(sum(sizes), dtype=dtype)
        self.weights, self.biases = [], []
        ends = np.cumsum(sizes)
        for number, (shape, stop) in enumerate(zip(shapes, ends, strict=True)):
            start, middle = stop - sizes[number], stop - shape[1]
            is_tied = number in self.ties
            self.weights.append(
                self._tied_weights(number) if is_tied else self.flat[start:middle].reshape(shape)
            )
            self.biases.append(self.flat[middle:stop])

    def _tied_weights(self, number):
        return self.weights[self.ties[number]].T

    @classmethod
    def from_arrays(cls, coefs, intercepts, ties=None):
        """Copy lists of weight matrices and bias vectors into a new flat vector."""
        parameters = cls([weights.shape for weights in coefs], coefs[0].dtype, ties)
        for number in parameters.own_weights:
            parameters.weights[number][...] = coefs[number]
        for view, array in zip(parameters.biases, intercepts, strict=True):
            view[...] = array
        return parameters

    @property
    def own_weights(self):
        """Numbers of the layers whose weights are not another layer's."""
        return [number for number in range(len(self.shapes)) if number not in self.ties]

    def copy(self):
        """Parameters of the same values, in memory of their own."""
        other = type(self)(self.shapes, self.flat.dtype, self.ties)
        other.flat[...] = self.flat
        return other

    def gradients(self):
        """Where gradients with respect to these parameters go."""
        return Gradients(self.shapes, self.flat.dtype, self.ties)

    def to_arrays(self):
        """Return lists of weight matrices and bias vectors that own their memory."""
        return [w.copy() for w in self.weights], [b.copy() for b in self.biases]


class Gradients(Parameters):
    """Gradients in the form of the parameters.

    Those with respect to tied weights are gathered apart from `flat`, until `join_ties`
    adds them to the gradients of the layers whose weights they are. `others` are the flat
    gradients of a batch's other shards, until `add_up` adds them too: a solver that walks
    over `flat` in blocks does so block by block, while they are in cache.
    """

    others = ()

    def _tied_weights(self, number):
        return np.zeros(self.shapes[number], self.flat.dtype)

    def add_up(self, part=slice(None)):
        """Add the other shards' gradients to a part of `flat`."""
        for other in self.others:
            np.add(self.flat[part], other[part], out=self.flat[part])

    def join_ties(self):
        """Add up the gradients of both uses of the tied weights."""
        for number, other in self.ties.items():
            np.add(self.weights[other], self.weights[number].T, out=self.weights[other])


def layer_shapes(encoder_widths, decoder_widths, has_paths=False):
    """Shapes of the weights between layers of these widths, the encoder's first.

    With paths, those of the linear paths from the input to the code and from there to the
    output come last.
    """
    shapes = [*pairwise(encoder_widths), *pairwise(decoder_widths)]
    if has_paths:
        shapes += [(widths[0], widths[-1]) for widths in (encoder_widths, decoder_widths)]
    return shapes


def mirrored_ties(n_encoder_layers, has_paths=False):
    """Ties of a decoder that mirrors its encoder; the second linear path to the first."""
    ties = {2 * n_encoder_layers - 1 - layer: layer for layer in range(n_encoder_layers)}
    if has_paths:
        ties[2 * n_encoder_layers + 1] = 2 * n_encoder_layers
    return ties
