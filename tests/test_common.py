"""scikit-learn's own checks, over the estimator and the variants of its options."""

import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skautoencoder import (
    LBFGS,
    SGD,
    Adam,
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    ConstantSchedule,
    ContractivePenalty,
    GaussianNoise,
    KLSparsity,
    L1Sparsity,
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
    VariationalAutoencoderTransformer,
)
from skautoencoder._architecture import has_skip_connections


def variant(**params):
    """An estimator with a full-length training only where the variant is about it."""
    return AutoencoderTransformer(**{"max_iter": 4, **params})


FULL_BATCH = {
    "batch_size": 10**6,
    "early_stopping": False,
    "hidden_layer_sizes": 5,
    "n_components": 1,
}

# Each option is in one of them; training in full batches adds the checks of sample weights.
VARIANTS = [
    AutoencoderTransformer(),
    variant(solver="sgd"),
    variant(
        skip_connections=False, learning_rate="adaptive", n_iter_no_change=2, early_stopping=False
    ),
    variant(weight_init="pca", output_activation="softplus", activation="elu"),
    variant(solver="muon", early_stopping=True),
    variant(
        solver=SGD(momentum=0.5, nesterovs_momentum=False),
        learning_rate="invscaling",
        loss="absolute_error",
    ),
    variant(solver=Adam(beta_2=0.99), learning_rate=ConstantSchedule(), loss="huber"),
    variant(learning_rate="one_cycle", loss="poisson", scale="minmax"),
    variant(**FULL_BATCH, solver="muon"),
    variant(solver="shampoo", tied_weights=True, skip_connections="auto"),
    variant(**FULL_BATCH, scale="quantile"),
    variant(**FULL_BATCH, solver="sgd", alpha=0.01, output_activation="relu"),
    variant(**FULL_BATCH, loss="binary_cross_entropy", scale="minmax"),
    variant(**{**FULL_BATCH, "batch_size": "auto"}, solver="lbfgs"),
    variant(solver=LBFGS(memory=3), alpha=0.01),
    variant(**FULL_BATCH, loss="huber"),
    variant(**FULL_BATCH, loss="absolute_error", output_activation="exp"),
    variant(**FULL_BATCH, loss="poisson", scale="minmax"),
    variant(
        activation="relu",
        code_activation="identity",
        decoder_layer_sizes=(7,),
        corruption=SaltAndPepperNoise(),
        dropout=0.2,
    ),
    variant(
        activation="gelu",
        output_activation="tanh",
        weight_init="orthogonal",
        code_penalty=L1Sparsity(),
        alpha=1e-3,
    ),
    variant(hidden_layer_sizes=(), n_components=1, scale=None, learning_rate_init=1e-6),
    variant(
        corruption=MaskingNoise(value="mean"),
        code_penalty=ContractivePenalty(),
        skip_connections=False,
    ),
    variant(corruption=SwapNoise(), loss="binary_cross_entropy", scale="minmax"),
    variant(
        **{**FULL_BATCH, "hidden_layer_sizes": ()},
        code_penalty=ContractivePenalty(),
        skip_connections=False,
    ),
    variant(**FULL_BATCH, code_penalty=KLSparsity(), tied_weights=True),
    variant(**FULL_BATCH, code_penalty=L1Sparsity(), skip_connections=False, scale="standard"),
    variant(pretrain_iter=2, corruption=GaussianNoise()),
    variant(tied_weights=True, skip_connections=False, solver="muon"),
    variant(
        tied_weights=True,
        corruption=SwapNoise(),
        dropout=0.1,
        code_penalty=ContractivePenalty(n_directions=2),
        early_stopping=True,
    ),
    VariationalAutoencoderTransformer(max_iter=4),
    VariationalAutoencoderTransformer(
        3, loss="binary_cross_entropy", scale="minmax", solver="muon", dropout=0.1, max_iter=4
    ),
]

RANDOM_REASON = (
    "batches, held-out rows, and what corruption, dropout, a sampled code or directions draw "
    "depend on the number of rows; full-batch training without any of these passes this check"
)


def expected_failures(estimator):
    is_full_batch = estimator.batch_size == FULL_BATCH["batch_size"]
    # The few rows of these checks leave a network that can be PCA at PCA, which passes them.
    can_be_pca = (
        has_skip_connections(estimator)
        and estimator.loss != "binary_cross_entropy"
        and estimator.code_penalty is None
    )
    if is_full_batch or can_be_pca or not hasattr(estimator, "partial_fit"):
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": RANDOM_REASON,
        "check_sample_weight_equivalence_on_sparse_data": RANDOM_REASON,
    }


@parametrize_with_checks(VARIANTS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


SUPERVISED = [
    AutoencoderClassifier(),
    # Rounding grows with every iteration of L-BFGS.
    AutoencoderClassifier(**{**FULL_BATCH, "batch_size": "auto"}, solver="lbfgs", max_iter=20),
    AutoencoderClassifier(
        2,
        early_stopping=True,
        class_weight="balanced",
        solver="muon",
        head_layer_sizes=(5,),
        corruption=GaussianNoise(),
        dropout=0.1,
        max_iter=10,
    ),
    AutoencoderClassifier(**{**FULL_BATCH, "n_components": 2}, skip_connections=False, dropout=0),
    AutoencoderRegressor(),
    AutoencoderRegressor(2, early_stopping=True, tied_weights=True, loss="huber", max_iter=5),
    AutoencoderRegressor(**FULL_BATCH, head_layer_sizes=4, target_weight=3.0, dropout=0),
]


def expected_supervised_failures(estimator):
    is_full_batch = estimator.batch_size == FULL_BATCH["batch_size"]
    if is_full_batch or estimator.solver == "lbfgs":
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": RANDOM_REASON,
        "check_sample_weight_equivalence_on_sparse_data": RANDOM_REASON,
    }


@parametrize_with_checks(SUPERVISED, expected_failed_checks=expected_supervised_failures)
def test_scikit_learn_checks_of_classifier_and_regressor(estimator, check):
    check(estimator)


IMPUTERS = [
    AutoencoderImputer(),
    AutoencoderImputer(variant(), add_indicator=True, keep_empty_features=True),
    AutoencoderImputer(variant(skip_connections=False), initial_fill="mean"),
    AutoencoderImputer(variant(**FULL_BATCH)),
    AutoencoderImputer(variant(), missing_values=-9999),
]


@parametrize_with_checks(IMPUTERS)
def test_scikit_learn_checks_of_the_imputer(estimator, check):
    check(estimator)


def detector(autoencoder=None, **params):
    return AutoencoderOutlierDetector(autoencoder, **{"n_estimators": 2, **params})


DETECTORS = [
    # With its own autoencoder one is enough: the others have two, which train for less long.
    detector(n_estimators=1),
    detector(variant(skip_connections=False)),
    detector(variant(**FULL_BATCH, loss="huber"), n_components=(1, 0.5), contamination=0.05),
    detector(variant(**{**FULL_BATCH, "batch_size": "auto"}, solver="lbfgs"), trim=0.3),
    detector(variant(**FULL_BATCH), n_components=0.99, contamination=0.5, trim=0.0),
]


def expected_detector_failures(detector):
    if detector.autoencoder is not None:
        return expected_failures(detector.autoencoder)
    # Its few epochs leave the network at PCA.
    return {}


@parametrize_with_checks(DETECTORS, expected_failed_checks=expected_detector_failures)
def test_scikit_learn_checks_of_the_outlier_detector(estimator, check):
    check(estimator)


ALL_KINDS = ["check_param_validation", "check_dataframe_column_names_consistency"]
TRANSFORMERS = [
    "check_inplace_ensure_writeable",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
]
CHECKS_BY_HAND = [
    (estimator, check)
    for estimator, checks in [
        (variant(), [*TRANSFORMERS, "check_estimators_partial_fit_n_features"]),
        (
            VariationalAutoencoderTransformer(max_iter=5),
            [*TRANSFORMERS, "check_estimators_partial_fit_n_features"],
        ),
        (AutoencoderImputer(variant()), TRANSFORMERS),
        (AutoencoderClassifier(max_iter=5), TRANSFORMERS),
        (AutoencoderRegressor(max_iter=5), TRANSFORMERS),
        (detector(variant()), ["check_inplace_ensure_writeable"]),
    ]
    for check in [*ALL_KINDS, *checks]
]


# Checks that scikit-learn has but does not run by itself. Some mix arrays and dataframes,
# which warns as it does for any estimator.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize(
    ("estimator", "check"), CHECKS_BY_HAND, ids=lambda each: getattr(each, "__name__", None)
)
def test_checks_that_scikit_learn_does_not_run_by_itself(estimator, check):
    name = type(estimator).__name__
    getattr(estimator_checks, check)(name, clone(estimator).set_params(random_state=0))
