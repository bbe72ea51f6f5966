"""Encoder, bottleneck and decoder as training sees them."""

import numpy as np

from .bottleneck import PlainCode
from .layers import Buffers, encoder_and_decoder


class Autoencoder:
    """The networks of a training run, what happens between them, and noise on the way.

    Parameters
    ----------
    encoder, decoder : Network
    bottleneck : PlainCode or GaussianCode
    dropout : float
        Probability that a hidden value is dropped.
    corruption : Corruption or None
    """

    def __init__(self, encoder, decoder, bottleneck=None, dropout=0.0, corruption=None):
        self.encoder = encoder
        self.decoder = decoder
        self.bottleneck = PlainCode() if bottleneck is None else bottleneck
        self.dropout = dropout
        self.corruption = corruption

    @classmethod
    def build(cls, parameters, activations, n_encoder_layers, loss, **parts):
        """Networks of these parameters, as the loss wants them.

        A loss that is fused with the output's activation sees what comes before it.
        """
        if loss.fused_activation is not None:
            activations = [*activations[:-1], "identity"]
        encoder, decoder = encoder_and_decoder(
            parameters.weights, parameters.biases, activations, n_encoder_layers
        )
        return cls(encoder, decoder, **parts)

    @property
    def networks(self):
        """Encoder and decoder."""
        return [self.encoder, self.decoder]

    @property
    def n_weights(self):
        """Number of weights: of the multiply-adds that a row needs on its way forward."""
        return self.encoder.n_weights + self.decoder.n_weights

    @property
    def is_random(self):
        """Whether training draws random numbers on its way through the network."""
        return bool(self.dropout or self.corruption is not None or self.bottleneck.is_sampled)


class BatchMemory:
    """Memory for up to n_rows rows on their way through an autoencoder and back.

    `target` is what the decoder should rebuild: the encoder's input itself, unless this is
    corrupted. Unless the code is sampled, the decoder reads it where the encoder writes it.
    """

    def __init__(self, target, encoder, decoder, code_delta):
        self.target = target
        self.encoder = encoder
        self.decoder = decoder
        self.code_delta = code_delta

    @classmethod
    def allocate(cls, autoencoder, n_rows):
        """Fresh memory."""
        drops = autoencoder.dropout > 0
        encoder, decoder = (
            Buffers.for_training(network, n_rows, drops) for network in autoencoder.networks
        )
        inputs = encoder.values[0]
        target = inputs if autoencoder.corruption is None else np.empty_like(inputs)
        if autoencoder.bottleneck.is_sampled:
            code_delta = np.empty_like(decoder.values[0])
        else:
            decoder.values[0], code_delta = encoder.values[-1], encoder.deltas[-1]
        return cls(target, encoder, decoder, code_delta)

    def part(self, rows):
        """The same memory for a slice of the rows."""
        return BatchMemory(
            self.target[rows],
            self.encoder.part(rows),
            self.decoder.part(rows),
            self.code_delta[rows],
        )
