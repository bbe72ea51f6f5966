"""Types of the displays, for editors and type checkers."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, TransformerMixin

from .. import _Array

class ArchitectureDisplay:
    figure_: Figure
    axes_: Axes
    def __init__(
        self,
        widths: Sequence[int],
        activations: Sequence[str],
        code_layer: int,
        has_skip_connections: bool = ...,
        title: str = ...,
        head_widths: Sequence[int] = ...,
        head_activations: Sequence[str] = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, *, n_features: int | None = ..., ax: Axes | None = ...
    ) -> Self: ...
    def plot(self, ax: Axes | None = ...) -> Self: ...

class CodeDisplay:
    figure_: Figure
    axes_: Axes
    def __init__(
        self,
        codes: _Array,
        y: _Array | None = ...,
        axis_names: Sequence[str] = ...,
        regions: tuple[_Array, _Array, _Array, _Array] | None = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: _Array,
        y: _Array | None = ...,
        *,
        projection: tuple[int, int] | TransformerMixin | None = ...,
        decision_regions: bool | Literal["auto"] = ...,
        ax: Axes | None = ...,
    ) -> Self: ...
    def plot(self, ax: Axes | None = ..., *, cmap: str | Colormap = ...) -> Self: ...

class CodeWidthDisplay:
    n_components_: int | None
    pca_n_components_: int | None
    figure_: Figure
    axes_: Axes
    def __init__(
        self,
        n_components: _Array,
        scores: _Array,
        pca_scores: _Array | None = ...,
        *,
        share: float = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: _Array,
        y: _Array | None = ...,
        *,
        n_components: _Array | Literal["auto"] = ...,
        share: float = ...,
        cv: Any = ...,
        n_jobs: int | None = ...,
        ax: Axes | None = ...,
    ) -> Self: ...
    def plot(self, ax: Axes | None = ...) -> Self: ...

class ErrorDisplay:
    figure_: Figure
    axes_: Axes
    def __init__(
        self,
        errors: _Array,
        *,
        image_shape: tuple[int, ...] | None = ...,
        feature_names: Sequence[str] | None = ...,
        error_name: str = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: _Array,
        *,
        relative: bool | Literal["auto"] = ...,
        image_shape: tuple[int, ...] | None = ...,
        feature_names: Sequence[str] | None = ...,
        ax: Axes | None = ...,
    ) -> Self: ...
    def plot(
        self, ax: Axes | None = ..., *, max_features: int = ..., cmap: str | Colormap = ...
    ) -> Self: ...

class LossCurveDisplay:
    figure_: Figure
    axes_: Axes
    def __init__(
        self,
        loss_curve: _Array,
        validation_loss_curve: _Array | None = ...,
        best_loss: float | None = ...,
        kept: str = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, *, ax: Axes | None = ...) -> Self: ...
    def plot(self, ax: Axes | None = ...) -> Self: ...

class ReconstructionDisplay:
    figure_: Figure
    axes_: Any
    def __init__(
        self,
        X: _Array,
        X_rebuilt: _Array,
        codes: _Array | None = ...,
        errors: _Array | None = ...,
        *,
        image_shape: tuple[int, ...] | None = ...,
        code_shape: tuple[int, int] | Literal["auto", "bars"] = ...,
        feature_names: Sequence[str] | None = ...,
        row_names: Sequence[str] | None = ...,
        value_name: str = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: _Array,
        *,
        rows: int | _Array = ...,
        image_shape: tuple[int, ...] | None = ...,
        code_shape: tuple[int, int] | Literal["auto", "bars"] = ...,
        feature_names: Sequence[str] | None = ...,
        standardize: bool = ...,
        ax: Axes | None = ...,
    ) -> Self: ...
    def plot(self, ax: Axes | None = ..., *, cmap: str | Colormap = ...) -> Self: ...

class WeightsDisplay:
    figure_: Figure
    axes_: Any
    def __init__(
        self,
        weights: _Array,
        *,
        image_shape: tuple[int, ...] | None = ...,
        feature_names: Sequence[str] | None = ...,
        title: str = ...,
        value_name: str = ...,
    ) -> None: ...
    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: _Array | None = ...,
        *,
        layer: int | Literal["code"] = ...,
        image_shape: tuple[int, ...] | None = ...,
        feature_names: Sequence[str] | None = ...,
        ax: Axes | None = ...,
    ) -> Self: ...
    def plot(
        self, ax: Axes | None = ..., *, common_scale: bool = ..., cmap: str | Colormap = ...
    ) -> Self: ...
