"""The autoencoder that scikit-learn never shipped."""

from ._transformer import AutoencoderTransformer
from .images import augment_with_shifts
from .layer_weights import read_layer_weights
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
    "CosineSchedule",
    "InvScalingSchedule",
    "Muon",
    "OneCycleSchedule",
    "augment_with_shifts",
    "read_layer_weights",
]
