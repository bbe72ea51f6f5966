"""The autoencoder that scikit-learn never shipped."""

# Before the imports: saved estimators carry it.
__version__ = "0.1.0"

from ._callbacks import reconstruction_scores
from .explorer.explore import explore
from ._imputer import AutoencoderImputer
from ._outlier import AutoencoderOutlierDetector
from .utils.show_versions import show_versions
from ._transformer import AutoencoderTransformer
from ._variational import VariationalAutoencoderTransformer
from ._checkpoint.checkpoint import Checkpoint
from ._onnx.export import register_onnx_converters, to_onnx
from .utils.images import augment_with_shifts
from .layer_weights import read_layer_weights
from .network.corruption import (GaussianNoise, MaskingNoise, SaltAndPepperNoise, SwapNoise)
from .network.penalties import ContractivePenalty, KLSparsity, L1Sparsity
from .network.schedules import (AdaptiveSchedule, ConstantSchedule, CosineSchedule, InvScalingSchedule, OneCycleSchedule)
from .network.solvers import (LBFGS, SGD, Adam, Muon)
from .persistence.skops import load_model, save_model, trusted_types

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "AdaptiveSchedule",
    "AutoencoderImputer",
    "AutoencoderOutlierDetector",
    "AutoencoderTransformer",
    "Checkpoint",
    "ConstantSchedule",
    "ContractivePenalty",
    "CosineSchedule",
    "GaussianNoise",
    "InvScalingSchedule",
    "KLSparsity",
    "L1Sparsity",
    "MaskingNoise",
    "Muon",
    "OneCycleSchedule",
    "SaltAndPepperNoise",
    "SwapNoise",
    "VariationalAutoencoderTransformer",
    "augment_with_shifts",
    "explore",
    "load_model",
    "read_layer_weights",
    "reconstruction_scores",
    "register_onnx_converters",
    "save_model",
    "show_versions",
    "to_onnx",
    "trusted_types",
]
