"""The autoencoder that scikit-learn never shipped."""

from importlib import import_module

from ._callbacks import reconstruction_scores
from ._checkpoint.checkpoint import Checkpoint
from ._classifier import AutoencoderClassifier
from ._imputer import AutoencoderImputer
from ._onnx.export import register_onnx_converters, to_onnx
from ._outlier import AutoencoderOutlierDetector
from ._regressor import AutoencoderRegressor
from ._transformer import AutoencoderTransformer
from ._variational import VariationalAutoencoderTransformer
from ._version import __version__ as __version__
from .explorer.explore import explore
from .layer_weights import read_layer_weights
from .network.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise, SwapNoise
from .network.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Huber,
    PoissonDeviance,
    SquaredError,
)
from .network.penalties import ContractivePenalty, KLSparsity, L1Sparsity
from .network.schedules import (
    AdaptiveSchedule,
    ConstantSchedule,
    CosineSchedule,
    InvScalingSchedule,
    OneCycleSchedule,
)
from .network.solvers import LBFGS, SGD, Adam, AdamW, Muon, Shampoo
from .persistence import load_model, save_model, trusted_types
from .utils.image_augmentation import augment_with_shifts
from .utils.show_versions import show_versions

__all__ = [
    "LBFGS",
    "SGD",
    "AbsoluteError",
    "Adam",
    "AdamW",
    "AdaptiveSchedule",
    "AutoencoderClassifier",
    "AutoencoderImputer",
    "AutoencoderOutlierDetector",
    "AutoencoderRegressor",
    "AutoencoderTransformer",
    "BinaryCrossEntropy",
    "Checkpoint",
    "ConstantSchedule",
    "ContractivePenalty",
    "CosineSchedule",
    "GaussianNoise",
    "Huber",
    "InvScalingSchedule",
    "KLSparsity",
    "L1Sparsity",
    "MaskingNoise",
    "Muon",
    "OneCycleSchedule",
    "PoissonDeviance",
    "SaltAndPepperNoise",
    "Shampoo",
    "SquaredError",
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


def __getattr__(name):
    """`plotting`, imported when it is first asked for."""
    if name == "plotting":
        return import_module(".plotting", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """The public names, and `plotting`, alone."""
    return sorted([*__all__, "__version__", "plotting"])
