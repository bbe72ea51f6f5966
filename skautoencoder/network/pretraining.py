"""Stacked pretraining: layer by layer, from the outside in.

References
----------
.. [1] Bengio, Lamblin, Popovici, Larochelle (2007), Greedy layer-wise training of deep networks.
   NeurIPS 19.
"""

import numpy as np

from .autoencoder import Autoencoder
from .dataset import Dataset
from .heads import Head
from .inference import outputs
from .lbfgs import trainer_for
from .losses import SquaredError
from .parameters import Parameters
from .scaling import means
from .trainer import Run


def pretrain(parameters, activations, rows, loss, settings, rng, pool, corruption=None):
    """Train each layer of the encoder, with the decoder's that mirrors it, to rebuild its input.

    Parameters
    ----------
    parameters : Parameters
        Of a network whose decoder mirrors its encoder, changed in place.
    activations : list of str
        Of every layer, the output's last.
    rows : Dataset
    loss : Loss
        Of the outermost pair of layers; the others have the squared error.
    settings : TrainingSettings
    rng : numpy.random.Generator
    pool : ThreadPool
    corruption : Corruption or None
        Of the input of every layer.

    Raises
    ------
    KeyboardInterrupt
        Where one came.
    """
    n_encoder_layers = len(activations) // 2
    for number in range(n_encoder_layers):
        mirror = len(activations) - 1 - number
        pair = _pair(parameters, number, mirror)
        heads = [Head(SquaredError() if number else loss)]
        names = [activations[number], activations[mirror]]
        autoencoder = Autoencoder.build(pair, names, 1, heads, corruption=corruption)
        state, trainer = settings.solver.init_state(pair), trainer_for(settings.solver)
        run = Run(np.arange(len(rows)))
        history = trainer(autoencoder, pair, rows, settings, state, rng, pool).fit(run)
        if history.stop_reason == "interrupted":
            # There are no weights of the whole network yet that could be kept.
            raise KeyboardInterrupt
        for position, layer in enumerate((number, mirror)):
            parameters.weights[layer][...] = pair.weights[position]
            parameters.biases[layer][...] = pair.biases[position]
        if number < n_encoder_layers - 1:
            rows = _encoded(autoencoder.encoder, rows, pool)


def _pair(parameters, number, mirror):
    """A copy of the parameters of two layers, tied as they are."""
    layers = (number, mirror)
    return Parameters.from_arrays(
        [parameters.weights[layer] for layer in layers],
        [parameters.biases[layer] for layer in layers],
        {1: 0} if mirror in parameters.ties else None,
    )


def _encoded(encoder, rows, pool):
    """What a layer makes of the rows, as rows of their own."""
    encoded = Dataset(outputs([encoder], rows, pool), sample_weight=rows.weights(slice(None)))
    return encoded.scaled_by(None, means(encoded).astype(encoded.dtype))
