"""Encoder, bottleneck, decoder and heads as training and validation see them."""

import numpy as np

from .bottleneck import PlainCode
from .heads import TargetHead, sum_of_heads
from .layers import Buffers, empty_rows, networks_of


class Autoencoder:
    """The networks of a training run, what happens between them, and noise on the way.

    Parameters
    ----------
    encoder, decoder : Network
    heads : list of Head
        What the decoder's output is to predict: between them all columns of X.
    bottleneck : PlainCode or GaussianCode
    dropout : float
        Probability that a hidden value is dropped.
    corruption : Corruption or None
    target_head : TargetHead or None
        What the code is to predict beside X.
    """

    def __init__(
        self,
        encoder,
        decoder,
        heads,
        bottleneck=None,
        dropout=0.0,
        corruption=None,
        target_head=None,
    ):
        self.encoder = encoder
        self.decoder = decoder
        self.heads = heads
        self.bottleneck = PlainCode() if bottleneck is None else bottleneck
        self.dropout = dropout
        self.corruption = corruption
        self.target_head = target_head

    @classmethod
    def build(cls, parameters, activations, n_encoder_layers, heads, target=None, **parts):
        """Networks of these parameters, as the heads want them.

        A loss that has a link sees what comes before the last activation. `target` is None, or
        the activations, loss and weight of a head on the code.
        """
        if any(head.loss.is_linked for head in heads):
            activations = [*activations[:-1], "identity"]
        names, *of_target = ([],) if target is None else target
        encoder, decoder, network = networks_of(
            *(parameters.weights, parameters.biases, activations, n_encoder_layers),
            target_activations=names,
        )
        head = None if network is None else TargetHead(network, *of_target)
        return cls(encoder, decoder, heads, target_head=head, **parts)

    @property
    def networks(self):
        """Encoder and decoder."""
        return [self.encoder, self.decoder]

    @property
    def all_networks(self):
        """Encoder, decoder and that of the target, if there is one."""
        head = self.target_head
        return self.networks if head is None else [*self.networks, head.network]

    @property
    def n_weights(self):
        """Number of weights: of the multiply-adds that a row needs on its way forward."""
        return sum(network.n_weights for network in self.all_networks)

    @property
    def is_random(self):
        """Whether training draws random numbers on its way through the network."""
        return bool(self.dropout or self.corruption is not None or self.bottleneck.is_sampled)

    def corrupter(self, rows):
        """What corrupts a batch of these rows, or None."""
        return None if self.corruption is None else self.corruption.corrupter(rows)

    def forward(self, memory, corrupt, rng, dropout=None):
        """Run the rows in `memory.target` through all networks.

        `corrupt` makes what the encoder sees of them; None where it sees them as they are.
        """
        if corrupt is not None:
            corrupt(memory.target, memory.encoder.values[0], rng)
        values = self.encoder.forward(memory.encoder, dropout)
        if self.bottleneck.is_sampled:
            self.bottleneck.sample(values, memory.decoder.values[0], rng)
        self.decoder.forward(memory.decoder, dropout)
        if self.target_head is not None:
            self.target_head.network.forward(memory.head, dropout)

    def output_loss(self, memory, sample_weight, observed):
        """The sum of the heads of X over the rows; fills the gradient of the output."""
        output, gradient = memory.decoder.values[-1], memory.decoder.deltas[-1]
        return sum_of_heads(self.heads, memory.target, output, sample_weight, observed, gradient)

    def target_loss(self, memory, sample_weight):
        """The same of the head on the code."""
        output, gradient = memory.head.values[-1], memory.head.deltas[-1]
        return self.target_head.value(memory.labels, output, sample_weight, gradient)


class BatchMemory:
    """Memory for up to n_rows rows on their way through an autoencoder and back.

    `target` is what the decoder should rebuild: the encoder's input itself, unless this is
    corrupted. Unless the code is sampled, the decoder reads it where the encoder writes it, and
    the network of a target always reads it where the decoder does. `labels` are the targets of
    that network.
    """

    def __init__(self, target, encoder, decoder, code_delta, head=None, labels=None):
        self.target = target
        self.encoder = encoder
        self.decoder = decoder
        self.code_delta = code_delta
        self.head = head
        self.labels = labels
        is_needed = head is not None and code_delta is not None
        self.head_code_delta = np.empty_like(code_delta) if is_needed else None

    @classmethod
    def for_training(cls, autoencoder, n_rows):
        """Fresh memory for the way forward and back."""
        drops = autoencoder.dropout > 0
        buffers = [
            Buffers.for_training(network, n_rows, drops) for network in autoencoder.all_networks
        ]
        return cls._joined(autoencoder, buffers)

    @classmethod
    def for_validation(cls, autoencoder, n_rows):
        """Fresh memory for the way forward, the losses and their gradients."""
        encoder = Buffers.for_inference(autoencoder.encoder, n_rows)
        encoder.values[0] = empty_rows(autoencoder.encoder, n_rows, autoencoder.encoder.widths[0])
        buffers = [Buffers.for_validation(each, n_rows) for each in autoencoder.all_networks[1:]]
        if autoencoder.bottleneck.is_sampled:
            width = autoencoder.decoder.widths[0]
            buffers[0].values[0] = empty_rows(autoencoder.decoder, n_rows, width)
        return cls._joined(autoencoder, [encoder, *buffers])

    @classmethod
    def _joined(cls, autoencoder, buffers):
        encoder, decoder, *of_target = buffers
        inputs, is_training = encoder.values[0], encoder.deltas is not None
        target = inputs if autoencoder.corruption is None else np.empty_like(inputs)
        code_delta = None
        if not autoencoder.bottleneck.is_sampled:
            decoder.values[0] = encoder.values[-1]
            code_delta = encoder.deltas[-1] if is_training else None
        elif is_training:
            code_delta = np.empty_like(decoder.values[0])
        if not of_target:
            return cls(target, encoder, decoder, code_delta)
        (head,) = of_target
        head.values[0] = decoder.values[0]
        return cls(target, encoder, decoder, code_delta, head, np.empty_like(head.values[-1]))

    def read(self, rows, part):
        """Put a slice of the rows at the start; return which cells are observed (None: all).

        They are left in X's own memory where nothing is to be done to them.
        """
        is_seen_as_it_is = self.target is self.encoder.values[0]
        self.target, observed = rows.read(part, self.target)
        if is_seen_as_it_is:
            self.encoder.values[0] = self.target
        if self.labels is not None:
            rows.take_targets(part, self.labels)
        return observed

    def part(self, rows):
        """The same memory for a slice of the rows."""
        encoder, decoder = self.encoder.part(rows), self.decoder.part(rows)
        is_seen_as_it_is = self.target is self.encoder.values[0]
        target = encoder.values[0] if is_seen_as_it_is else self.target[rows]
        code_delta = None if self.code_delta is None else self.code_delta[rows]
        if self.head is None:
            return BatchMemory(target, encoder, decoder, code_delta)
        head, labels = self.head.part(rows), self.labels[rows]
        return BatchMemory(target, encoder, decoder, code_delta, head, labels)
