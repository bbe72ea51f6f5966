"""scikit-learn's own checks, over the estimator and the variants of its options."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skautoencoder import (
    LBFGS,
    SGD,
    Adam,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    ConstantSchedule,
)
from skautoencoder._architecture import has_linear_paths


def variant(**params):
    """An estimator with a full-length training only where the variant is about it."""
    return AutoencoderTransformer(**{"max_iter": 10, **params})


FULL_BATCH = {
    "batch_size": 10**6,
    "early_stopping": False,
    "hidden_layer_sizes": 5,
    "n_components": 3,
}

VARIANTS = [
    AutoencoderTransformer(),
    variant(linear_paths=False),
    variant(weight_init="pca", output_activation="softplus", activation="elu"),
    variant(solver="sgd"),
    variant(solver="muon"),
    variant(solver=SGD(momentum=0.5, nesterovs_momentum=False)),
    variant(solver=Adam(beta_2=0.99), learning_rate=ConstantSchedule()),
    variant(learning_rate="invscaling"),
    variant(learning_rate="adaptive", n_iter_no_change=2),
    variant(learning_rate="one_cycle"),
    variant(loss="binary_cross_entropy", scale="minmax"),
    variant(loss="huber"),
    variant(loss="absolute_error"),
    variant(loss="poisson", scale="minmax"),
    variant(early_stopping=True),
    variant(**FULL_BATCH),
    variant(**FULL_BATCH, solver="muon"),
    variant(**FULL_BATCH, solver="sgd", alpha=0.01, output_activation="relu"),
    variant(**FULL_BATCH, loss="binary_cross_entropy", scale="minmax"),
    variant(**{**FULL_BATCH, "batch_size": "auto"}, solver="lbfgs"),
    variant(solver=LBFGS(memory=3), alpha=0.01),
    variant(**FULL_BATCH, loss="huber"),
    variant(**FULL_BATCH, loss="absolute_error", output_activation="exp"),
    variant(**FULL_BATCH, loss="poisson", scale="minmax"),
    variant(activation="relu", code_activation="identity", decoder_layer_sizes=(7,)),
    variant(activation="gelu", output_activation="tanh", weight_init="orthogonal"),
    variant(hidden_layer_sizes=(), n_components=1, scale=None, learning_rate_init=1e-6),
]

MINI_BATCH_REASON = (
    "the batches of a shuffled mini-batch epoch depend on the number of rows; "
    "full-batch training passes this check"
)


def expected_failures(estimator):
    is_full_batch = estimator.batch_size == FULL_BATCH["batch_size"]
    # The few rows of these checks leave a network that can be PCA at PCA, which passes them.
    can_be_pca = has_linear_paths(estimator) and estimator.loss != "binary_cross_entropy"
    if is_full_batch or can_be_pca or not hasattr(estimator, "partial_fit"):
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": MINI_BATCH_REASON,
        "check_sample_weight_equivalence_on_sparse_data": MINI_BATCH_REASON,
    }


@parametrize_with_checks(VARIANTS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# Checks that scikit-learn has but does not run by itself. Some mix arrays and dataframes,
# which warns as it does for any estimator.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize(
    "check",
    [
        "check_param_validation",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_global_output_transform_pandas",
        "check_global_set_output_transform_polars",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
        "check_get_feature_names_out_error",
        "check_dataframe_column_names_consistency",
        "check_inplace_ensure_writeable",
        "check_estimators_partial_fit_n_features",
    ],
)
def test_checks_that_scikit_learn_does_not_run_by_itself(check):
    getattr(estimator_checks, check)("AutoencoderTransformer", variant(random_state=0))


def detector(autoencoder=None, **params):
    return AutoencoderOutlierDetector(autoencoder, **{"n_estimators": 2, **params})


DETECTORS = [
    detector(),
    detector(variant(linear_paths=False, max_iter=3)),
    detector(variant(**FULL_BATCH)),
    detector(variant(**FULL_BATCH, loss="huber"), n_components=(1, 0.5)),
    detector(variant(**{**FULL_BATCH, "batch_size": "auto"}, solver="lbfgs"), trim=0.3),
    detector(variant(**FULL_BATCH), contamination=0.05, trim=0.0),
    detector(variant(**FULL_BATCH), n_components=0.99, contamination=0.5),
]


def expected_detector_failures(detector):
    if detector.autoencoder is not None:
        return expected_failures(detector.autoencoder)
    # Its codes are too narrow for the network to be left at PCA.
    return expected_failures(variant(linear_paths=False))


@parametrize_with_checks(DETECTORS, expected_failed_checks=expected_detector_failures)
def test_scikit_learn_checks_of_the_outlier_detector(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize(
    "check",
    [
        "check_param_validation",
        "check_dataframe_column_names_consistency",
        "check_inplace_ensure_writeable",
    ],
)
def test_checks_of_the_outlier_detector_that_scikit_learn_does_not_run_by_itself(check):
    estimator = detector(variant(), random_state=0)
    getattr(estimator_checks, check)("AutoencoderOutlierDetector", estimator)
