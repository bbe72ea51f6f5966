"""Pictures of autoencoders: Display classes in scikit-learn's manner.

Each has `from_estimator`, which computes what is to be seen and draws it, and a constructor that
takes the data themselves, to be drawn by `plot`. matplotlib is imported only when something is
drawn: ``pip install 'skautoencoder[plot]'``.
"""

from ._architecture import ArchitectureDisplay
from ._code_widths import CodeWidthDisplay
from ._codes import CodeDisplay
from ._errors import ErrorDisplay
from ._losses import LossCurveDisplay
from ._reconstructions import ReconstructionDisplay
from ._weights import WeightsDisplay

__all__ = [
    "ArchitectureDisplay",
    "CodeDisplay",
    "CodeWidthDisplay",
    "ErrorDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "WeightsDisplay",
]
