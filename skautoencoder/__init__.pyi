"""Types of the public API, for editors and type checkers."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
)

from . import plotting as plotting
from ._version import __version__ as __version__
from .network.corruption import Corruption
from .network.corruption import GaussianNoise as GaussianNoise
from .network.corruption import MaskingNoise as MaskingNoise
from .network.corruption import SaltAndPepperNoise as SaltAndPepperNoise
from .network.corruption import SwapNoise as SwapNoise
from .network.losses import AbsoluteError as AbsoluteError
from .network.losses import BinaryCrossEntropy as BinaryCrossEntropy
from .network.losses import Huber as Huber
from .network.losses import Loss
from .network.losses import PoissonDeviance as PoissonDeviance
from .network.losses import SquaredError as SquaredError
from .network.penalties import CodePenalty
from .network.penalties import ContractivePenalty as ContractivePenalty
from .network.penalties import KLSparsity as KLSparsity
from .network.penalties import L1Sparsity as L1Sparsity
from .network.schedules import AdaptiveSchedule as AdaptiveSchedule
from .network.schedules import ConstantSchedule as ConstantSchedule
from .network.schedules import CosineSchedule as CosineSchedule
from .network.schedules import InvScalingSchedule as InvScalingSchedule
from .network.schedules import OneCycleSchedule as OneCycleSchedule
from .network.schedules import Schedule
from .network.solvers import LBFGS as LBFGS
from .network.solvers import SGD as SGD
from .network.solvers import Adam as Adam
from .network.solvers import AdamW as AdamW
from .network.solvers import Muon as Muon
from .network.solvers import Shampoo as Shampoo
from .network.solvers import Solver

class _Shaped(Protocol):
    @property
    def shape(self) -> Any: ...

# Arrays and lists; frames, sparse matrices and Dask collections have a shape.
_Array: TypeAlias = ArrayLike | _Shaped
_Widths: TypeAlias = int | Sequence[int] | np.ndarray
_Scale: TypeAlias = Literal["auto", "common", "standard", "minmax", "quantile"] | None
_Seed: TypeAlias = int | np.random.RandomState | None

class _Autoencoder(TransformerMixin, BaseEstimator):
    def inverse_transform(self, X: _Array) -> Any: ...
    def reconstruct(self, X: _Array) -> Any: ...
    def reconstruct_proba(self, X: _Array) -> np.ndarray: ...
    def get_encoded_feature_names(self) -> np.ndarray: ...
    def reconstruction_error(self, X: _Array, per_feature: bool = ...) -> Any: ...
    def transform(self, X: _Array) -> Any: ...
    def score_samples(self, X: _Array) -> np.ndarray: ...
    def get_feature_names_out(self, input_features: _Array | None = ...) -> np.ndarray: ...
    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = ...
    ) -> Self: ...
    def set_callbacks(self, *callbacks: Any) -> Self: ...

class AutoencoderTransformer(_Autoencoder):
    def __init__(
        self,
        n_components: int | float | Literal["auto"] = ...,
        *,
        hidden_layer_sizes: _Widths = ...,
        decoder_layer_sizes: _Widths | None = ...,
        activation: str = ...,
        code_activation: str = ...,
        output_activation: str = ...,
        loss: str | Loss | list[tuple[str | Loss, Any]] = ...,
        column_weights: _Array | dict[Any, float] | None = ...,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        skip_connections: bool | Literal["auto"] = ...,
        weight_init: str = ...,
        scale: _Scale = ...,
        tied_weights: bool = ...,
        corruption: Corruption | None = ...,
        code_penalty: CodePenalty | None = ...,
        dropout: float = ...,
        pretrain_iter: int = ...,
        alpha: float = ...,
        solver: str | Solver = ...,
        learning_rate: str | Schedule = ...,
        learning_rate_init: float | Literal["auto"] = ...,
        batch_size: int | Literal["auto"] = ...,
        max_iter: int = ...,
        tol: float = ...,
        n_iter_no_change: int | Literal["auto"] = ...,
        early_stopping: bool | Literal["auto"] = ...,
        validation_fraction: float = ...,
        shuffle: bool = ...,
        random_state: _Seed = ...,
        verbose: bool | int = ...,
        warm_start: bool = ...,
    ) -> None: ...
    def fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def fit_transform(self, X: _Array, y: _Array | None = ..., **fit_params: Any) -> Any: ...
    @classmethod
    def from_layer_weights(
        cls,
        layer_weights: Sequence[tuple[np.ndarray, np.ndarray]],
        n_components: int | float | Literal["auto"] = ...,
        **params: Any,
    ) -> AutoencoderTransformer: ...
    def partial_fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def score(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> float: ...
    def to_layer_weights(self) -> list[tuple[np.ndarray, np.ndarray]]: ...

class VariationalAutoencoderTransformer(_Autoencoder):
    def __init__(
        self,
        n_components: int | float | Literal["auto"] = ...,
        *,
        hidden_layer_sizes: _Widths = ...,
        decoder_layer_sizes: _Widths | None = ...,
        activation: str = ...,
        output_activation: str = ...,
        loss: str | Loss = ...,
        beta: float = ...,
        kl_warmup: float = ...,
        weight_init: str = ...,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        scale: _Scale = ...,
        dropout: float = ...,
        alpha: float = ...,
        solver: str | Solver = ...,
        learning_rate: str | Schedule = ...,
        learning_rate_init: float | Literal["auto"] = ...,
        batch_size: int | Literal["auto"] = ...,
        max_iter: int = ...,
        tol: float = ...,
        n_iter_no_change: int | Literal["auto"] = ...,
        early_stopping: bool | Literal["auto"] = ...,
        validation_fraction: float = ...,
        shuffle: bool = ...,
        random_state: _Seed = ...,
        verbose: bool | int = ...,
        warm_start: bool = ...,
    ) -> None: ...
    def code_distribution(self, X: _Array) -> tuple[np.ndarray, np.ndarray]: ...
    def fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def fit_transform(self, X: _Array, y: _Array | None = ..., **fit_params: Any) -> Any: ...
    def partial_fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def sample(self, n_samples: int = ..., random_state: _Seed = ...) -> Any: ...
    def score(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> float: ...

class AutoencoderClassifier(ClassifierMixin, _Autoencoder):
    def __init__(
        self,
        n_components: int | float | Literal["auto"] = ...,
        *,
        target_weight: float = ...,
        head_layer_sizes: _Widths = ...,
        hidden_layer_sizes: _Widths = ...,
        decoder_layer_sizes: _Widths | None = ...,
        activation: str = ...,
        code_activation: str = ...,
        output_activation: str = ...,
        loss: str | Loss | list[tuple[str | Loss, Any]] = ...,
        column_weights: _Array | dict[Any, float] | None = ...,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        skip_connections: bool | Literal["auto"] = ...,
        weight_init: str = ...,
        scale: _Scale = ...,
        tied_weights: bool = ...,
        corruption: Corruption | None = ...,
        code_penalty: CodePenalty | None = ...,
        dropout: float | Literal["auto"] = ...,
        pretrain_iter: int = ...,
        alpha: float = ...,
        solver: str | Solver = ...,
        learning_rate: str | Schedule = ...,
        learning_rate_init: float | Literal["auto"] = ...,
        batch_size: int | Literal["auto"] = ...,
        max_iter: int = ...,
        tol: float = ...,
        n_iter_no_change: int | Literal["auto"] = ...,
        early_stopping: bool | Literal["auto"] = ...,
        validation_fraction: float = ...,
        shuffle: bool = ...,
        random_state: _Seed = ...,
        verbose: bool | int = ...,
        warm_start: bool = ...,
        class_weight: dict[Any, float] | Literal["balanced"] | None = ...,
    ) -> None: ...
    def decision_function(self, X: _Array) -> np.ndarray: ...
    def explained_variance(self, X: _Array, sample_weight: _Array | None = ...) -> float: ...
    def fit(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> Self: ...
    def fit_transform(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> Any: ...
    def partial_fit(
        self,
        X: _Array,
        y: _Array,
        classes: _Array | None = ...,
        sample_weight: _Array | None = ...,
    ) -> Self: ...
    def predict(self, X: _Array) -> np.ndarray: ...
    def predict_log_proba(self, X: _Array) -> np.ndarray: ...
    def predict_proba(self, X: _Array) -> np.ndarray: ...
    def score(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> float: ...

class AutoencoderRegressor(RegressorMixin, _Autoencoder):
    def __init__(
        self,
        n_components: int | float | Literal["auto"] = ...,
        *,
        target_weight: float = ...,
        head_layer_sizes: _Widths = ...,
        hidden_layer_sizes: _Widths = ...,
        decoder_layer_sizes: _Widths | None = ...,
        activation: str = ...,
        code_activation: str = ...,
        output_activation: str = ...,
        loss: str | Loss | list[tuple[str | Loss, Any]] = ...,
        column_weights: _Array | dict[Any, float] | None = ...,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        skip_connections: bool | Literal["auto"] = ...,
        weight_init: str = ...,
        scale: _Scale = ...,
        tied_weights: bool = ...,
        corruption: Corruption | None = ...,
        code_penalty: CodePenalty | None = ...,
        dropout: float | Literal["auto"] = ...,
        pretrain_iter: int = ...,
        alpha: float = ...,
        solver: str | Solver = ...,
        learning_rate: str | Schedule = ...,
        learning_rate_init: float | Literal["auto"] = ...,
        batch_size: int | Literal["auto"] = ...,
        max_iter: int = ...,
        tol: float = ...,
        n_iter_no_change: int | Literal["auto"] = ...,
        early_stopping: bool | Literal["auto"] = ...,
        validation_fraction: float = ...,
        shuffle: bool = ...,
        random_state: _Seed = ...,
        verbose: bool | int = ...,
        warm_start: bool = ...,
    ) -> None: ...
    def explained_variance(self, X: _Array, sample_weight: _Array | None = ...) -> float: ...
    def fit(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> Self: ...
    def fit_transform(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> Any: ...
    def partial_fit(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> Self: ...
    def predict(self, X: _Array) -> np.ndarray: ...
    def score(self, X: _Array, y: _Array, sample_weight: _Array | None = ...) -> float: ...

class AutoencoderOutlierDetector(OutlierMixin, BaseEstimator):
    def __init__(
        self,
        autoencoder: AutoencoderTransformer | VariationalAutoencoderTransformer | None = ...,
        *,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        contamination: float | Literal["auto"] = ...,
        n_estimators: int = ...,
        n_components: int | float | Sequence[int | float] | Literal["auto"] = ...,
        trim: float = ...,
        max_samples: int = ...,
        n_jobs: int | None = ...,
        random_state: _Seed = ...,
    ) -> None: ...
    def decision_function(self, X: _Array) -> np.ndarray: ...
    def feature_contributions(self, X: _Array) -> Any: ...
    def fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def fit_predict(self, X: _Array, y: _Array | None = ..., **kwargs: Any) -> np.ndarray: ...
    def predict(self, X: _Array) -> np.ndarray: ...
    def score_samples(self, X: _Array) -> np.ndarray: ...
    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = ...
    ) -> Self: ...

class AutoencoderImputer(TransformerMixin, BaseEstimator):
    def __init__(
        self,
        autoencoder: AutoencoderTransformer | VariationalAutoencoderTransformer | None = ...,
        *,
        missing_values: float | str | None = ...,
        categorical_features: _Array | Literal["from_dtype"] | None = ...,
        sample: bool = ...,
        initial_fill: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        validation_fraction: float = ...,
        add_indicator: bool = ...,
        keep_empty_features: bool = ...,
        min_value: float | _Array = ...,
        max_value: float | _Array = ...,
        random_state: _Seed = ...,
    ) -> None: ...
    def fit(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Self: ...
    def fit_transform(
        self, X: _Array, y: _Array | None = ..., sample_weight: _Array | None = ...
    ) -> Any: ...
    def get_feature_names_out(self, input_features: _Array | None = ...) -> np.ndarray: ...
    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = ...
    ) -> Self: ...
    def transform(self, X: _Array) -> Any: ...

class Checkpoint:
    def __init__(self, path: str | PathLike[str], every: int = ...) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, exception_type: Any, exception: Any, traceback: Any) -> None: ...

def augment_with_shifts(images: np.ndarray, pixels: int = ...) -> np.ndarray: ...
def explore(
    estimator: BaseEstimator,
    X: _Array,
    path: str | PathLike[str],
    *,
    y: _Array | None = ...,
    image_shape: tuple[int, ...] | None = ...,
    feature_names: Sequence[str] | None = ...,
    title: str | None = ...,
    max_rows: int = ...,
    random_state: _Seed = ...,
) -> Path: ...
def load_model(path: str | PathLike[str], trusted: Sequence[str] = ...) -> Any: ...
def read_layer_weights(path: str | PathLike[str]) -> list[tuple[np.ndarray, np.ndarray]]: ...
def reconstruction_scores(
    estimator: BaseEstimator,
    X: _Array,
    y: _Array | None = ...,
    sample_weight: _Array | None = ...,
) -> dict[str, float]: ...
def register_onnx_converters() -> None: ...
def save_model(
    model: BaseEstimator, path: str | PathLike[str], trusted: Sequence[str] = ...
) -> None: ...
def show_versions() -> None: ...
def to_onnx(model: BaseEstimator, X: _Array, output: str = ..., **options: Any) -> Any: ...
def trusted_types() -> list[str]: ...
