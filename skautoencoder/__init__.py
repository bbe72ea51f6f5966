"""The autoencoder that scikit-learn never shipped."""

from ._explore import explore
from ._transformer import AutoencoderTransformer
from ._variational import VariationalAutoencoderTransformer
from .images import augment_with_shifts
from .layer_weights import read_layer_weights
from .network.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise, SwapNoise
from .network.penalties import ContractivePenalty, KLSparsity, L1Sparsity
from .network.schedules import (
    AdaptiveSchedule,
    ConstantSchedule,
    CosineSchedule,
    InvScalingSchedule,
    OneCycleSchedule,
)
from .network.solvers import LBFGS, SGD, Adam, Muon

__version__ = "0.1.0"

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "AdaptiveSchedule",
    "AutoencoderTransformer",
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
    "read_layer_weights",
]
