"""LayerWeightsMixin: an autoencoder made of the original network's weights, and the way back."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._parameter_validation import check_parameters
from .layer_weights import from_layer_form, split_at_code, to_layer_form
from .network.parameters import Parameters

# Parameters of the original network.
ORIGINAL = {"activation": "tanh", "output_activation": "sigmoid", "skip_connections": False}


class LayerWeightsMixin:
    """The two methods that read and write one matrix for each layer."""

    @classmethod
    def from_layer_weights(cls, layer_weights, n_components=36, **params):
        """Make a fitted estimator of the weights of a trained network.

        Parameters
        ----------
        layer_weights : sequence of ndarray of shape (n_out, n_in + 1)
            Weights of every layer, biases last, as :func:`read_layer_weights` returns them.

        n_components : int, default=36
            Width of the code: tells encoder from decoder.

        **params
            Further parameters of the estimator. Unless given, `activation` is "tanh" and
            `output_activation` "sigmoid".

        Returns
        -------
        autoencoder : AutoencoderTransformer
            A fitted estimator without inner scaling; `partial_fit` trains it further.

        Raises
        ------
        ValueError
            Where the matrices do not make a network with such a code.
        """
        coefs, intercepts = from_layer_form(layer_weights)
        n_encoder_layers = split_at_code(intercepts, n_components)
        widths = tuple(len(intercept) for intercept in intercepts)
        self = cls(
            n_components,
            hidden_layer_sizes=widths[: n_encoder_layers - 1],
            decoder_layer_sizes=widths[n_encoder_layers:-1],
            **{**ORIGINAL, **params},
        )
        check_parameters(self)
        self.n_features_in_ = coefs[0].shape[0]
        self.mean_ = self.shift_ = self.scale_ = None
        self.column_losses_ = self.column_weights_ = None
        self.is_constant_ = np.zeros(self.n_features_in_, dtype=bool)
        self.n_components_ = int(n_components)
        output = "sigmoid" if self.output_activation == "auto" else self.output_activation
        self._start(Parameters.from_arrays(coefs, intercepts), output)
        self.kept_, self.stop_reason_, self.best_loss_ = "network", None, np.inf
        return self

    def to_layer_weights(self):
        """Return the weights as matrices (n_out, n_in + 1), the biases last.

        Inner scaling is worked into the first layer, and into the last where its
        activation is the identity, so that the matrices take and give the units of X.

        Returns
        -------
        layer_weights : ndarray of object, of shape (n_layers,)
            Matrices of shape (n_out, n_in + 1). ``numpy.save`` writes them in the form
            that :func:`read_layer_weights` reads.

        Raises
        ------
        ValueError
            Where there are skip connections, or where X is scaled and the output is not the
            identity: no matrix can undo the scaling after it.
        """
        check_is_fitted(self)
        if self.skip_coefs_:
            advice = "fit with skip_connections=False"
            raise ValueError(f"Layer weights have no place for skip connections: {advice}.")
        scaling = self._scaling()
        return to_layer_form(self.coefs_, self.intercepts_, scaling, self.output_activation_)
