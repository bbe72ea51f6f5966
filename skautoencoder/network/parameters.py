"""Weights and biases of a network, as views into one flat vector."""

from itertools import pairwise

import numpy as np

from .thread_pool import even_slices


class Parameters:
    """All weights (n_in, n_out) and biases (n_out,) of a network in one flat array.

    A solver's step over `flat` is a handful of calls whatever the depth; the layers see
    `weights` and `biases`. Gradients have the same form.

    Parameters
    ----------
    shapes : list of (int, int)
        Of the weights of every layer, and of those of the skip connections after them.
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
        # Where the weights of each layer start in `flat`, and where its biases do.
        self.starts = []
        for number, (shape, stop) in enumerate(zip(shapes, np.cumsum(sizes), strict=True)):
            start, middle = int(stop) - sizes[number], int(stop) - shape[1]
            self.starts.append((start, middle))
            if number in self.ties:
                self.weights.append(self.weights[self.ties[number]].T)
            else:
                self.weights.append(self.flat[start:middle].reshape(shape))
            self.biases.append(self.flat[middle:stop])

    @classmethod
    def from_arrays(cls, coefs, intercepts, ties=None):
        """Copy lists of weight matrices and bias vectors into a new flat vector."""
        parameters = cls([weights.shape for weights in coefs], coefs[0].dtype, ties)
        for number in parameters.own_weights:
            parameters.weights[number][...] = coefs[number]
        for view, array in zip(parameters.biases, intercepts, strict=True):
            view[...] = array
        return parameters

    def parts(self, n_parts):
        """Up to n_parts slices of `flat` of about equal length.

        No row of a weight matrix is cut, and no vector of biases.
        """
        edges = [self._nearest_edge(part.start) for part in even_slices(len(self.flat), n_parts)]
        pairs = pairwise([*edges, len(self.flat)])
        return [slice(start, stop) for start, stop in pairs if start < stop]

    def _nearest_edge(self, position):
        """Where, next to a position in `flat`, a row of weights or the biases start."""
        number = np.searchsorted([start for start, _ in self.starts], position, side="right") - 1
        (start, middle), width = self.starts[number], self.shapes[number][1]
        return min(start + round((position - start) / width) * width, middle)

    def rows_within(self, number, part):
        """The rows of a layer's own weights that lie in one of the `parts`."""
        (start, middle), width = self.starts[number], self.shapes[number][1]
        first, last = (min(max(edge, start), middle) for edge in (part.start, part.stop))
        return slice((first - start) // width, (last - start) // width)

    def weights_within(self, part):
        """Slices of `flat` in a part of it that are weights, not biases."""
        for number in self.own_weights:
            start, middle = self.starts[number]
            first, last = max(start, part.start), min(middle, part.stop)
            if first < last:
                yield slice(first, last)

    def has_biases_within(self, number, part):
        """Whether a layer's biases lie in one of the `parts`."""
        return part.start <= self.starts[number][1] < part.stop

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
    """Gradients in the form of the parameters, computed when they are asked for.

    After a batch has gone forward and back, `completed` fills a part of `flat`. A solver whose
    threads each ask for one of the `chunks` finds what they then work on in their caches.
    """

    # Fills a part of `flat`; None where it is filled already.
    source = None
    # Whether the whole of `flat` has been asked for since the batch.
    is_complete = False

    def __init__(self, shapes, dtype, ties=None):
        super().__init__(shapes, dtype, ties)
        self.chunks = self.parts(1)

    def completed(self, part):
        """The gradients of one of the chunks, computed now where they have not been before."""
        if self.source is not None and not self.is_complete:
            self.source(part)
        return self.flat[part]

    def all_completed(self, pool):
        """Those of all parameters, after which those of each layer are there too."""
        pool.map(self.completed, self.chunks)
        self.is_complete = True
        return self.flat


def layer_shapes(encoder_widths, decoder_widths, has_skips=False):
    """Shapes of the weights between layers of these widths, the encoder's first.

    With them, those of the skip connections from the input to the code and from there to the
    output come last.
    """
    shapes = [*pairwise(encoder_widths), *pairwise(decoder_widths)]
    if has_skips:
        shapes += [(widths[0], widths[-1]) for widths in (encoder_widths, decoder_widths)]
    return shapes


def mirrored_ties(n_encoder_layers, has_skips=False):
    """Ties of a decoder that mirrors its encoder; the second skip connection to the first."""
    ties = {2 * n_encoder_layers - 1 - layer: layer for layer in range(n_encoder_layers)}
    if has_skips:
        ties[2 * n_encoder_layers + 1] = 2 * n_encoder_layers
    return ties
