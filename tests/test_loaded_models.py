"""Saved outlier detectors and imputers: they come back whole, or are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import MissingIndicator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Where skops is missing, this skips these tests as it does its own.
from test_persistence import (
    SMALL,
    WAYS,
    array_names_of,
    assert_same,
    npy,
    outcome,
    remove,
    rewrite,
    set_attribute,
    set_item,
    skops_io,
)

from skautoencoder import (
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    load_model,
    save_model,
)

PLAIN = AutoencoderTransformer(**SMALL)
VARIATIONAL = VariationalAutoencoderTransformer(**SMALL)
DETECTOR = AutoencoderOutlierDetector(PLAIN, n_estimators=2, n_components=(1, 2), random_state=0)
IMPUTER = AutoencoderImputer(PLAIN, add_indicator=True, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore:Skipping features without any observed")

MODELS = [
    DETECTOR,
    AutoencoderOutlierDetector(VARIATIONAL, contamination=0.1, n_estimators=2, random_state=0),
    IMPUTER,
    AutoencoderImputer(PLAIN, initial_fill="mean", keep_empty_features=True, random_state=0),
]
IDS = ["detector", "detector of variational", "imputer", "imputer by means"]


def answer(model, X):
    """What a fitted model makes of rows, and what the columns of this are called."""
    if isinstance(model, AutoencoderImputer):
        return model.transform(X), list(model.get_feature_names_out())
    return model.decision_function(X), None


@pytest.fixture
def X(rng):
    """Rows with missing cells, in one feature all of them."""
    X = rng.normal(size=(30, 5))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 3] = np.nan
    return X


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_they_come_back_to_the_last_bit(way, model, X, path):
    X = X.astype(np.float32)
    fitted = clone(model).fit(X)
    again = way(fitted, path)
    assert_same(vars(fitted), vars(again))
    assert_same(answer(fitted, X), answer(again, X))


@pytest.mark.parametrize("model", [DETECTOR, IMPUTER], ids=["detector", "imputer"])
def test_they_come_back_unfitted_in_pipelines_and_with_names(model, X, path):
    save_model(model, path)
    assert_same(vars(model), vars(load_model(path)))
    frame = pd.DataFrame(X, columns=list("abcde")).drop(columns="d")
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), clone(model))
    save_model(pipeline.fit(frame), path)
    again = load_model(path)
    assert list(again[-1].feature_names_in_) == list("abce")
    assert_same(answer(again[-1], frame), answer(pipeline[-1], frame))


def negated(name):
    def change(estimator):
        setattr(estimator, name, -getattr(estimator, name))

    return change


def first_row_of(name):
    def change(estimator):
        setattr(estimator, name, getattr(estimator, name)[:1])

    return change


def all_of(*changes):
    def change(estimator):
        for each in changes:
            each(estimator)

    return change


def of_the_first_member(change):
    return lambda detector: change(detector.estimators_[0])


def of_the_indicator(change):
    return lambda imputer: change(imputer.indicator_)


OTHER = AutoencoderTransformer(**SMALL).fit(np.random.default_rng(0).normal(size=(20, 3)))
FOUR = np.ones(4)

DETECTORS = {
    "nothing": (remove("offset_"), r"missing: \['offset_'\]"),
    "no members": (set_attribute("estimators_", []), "estimators_ are not a list"),
    "no list": (set_attribute("estimators_", OTHER), "estimators_ are not a list"),
    "no member": (set_item("estimators_", 0, 1.0), "not autoencoders of the detector's"),
    "unfitted member": (set_item("estimators_", 0, PLAIN), "not autoencoders of the detector's"),
    "other member": (set_item("estimators_", 0, OTHER), "not autoencoders of the detector's"),
    "member without means": (of_the_first_member(set_attribute("mean_", None)), "not autoencoders"),
    "broken member": (of_the_first_member(set_attribute("coefs_", [])), "intercepts_ are too many"),
    "half a member": (of_the_first_member(remove("coefs_")), r"missing: \['coefs_'\]"),
    "features": (set_attribute("n_features_in_", 4), "not autoencoders of the detector's"),
    "mean": (set_attribute("mean_", FOUR), "mean_ is not a finite number for each"),
    "scale": (set_item("scale_", 0, 0.0), "scale_ is not positive"),
    "infinite": (set_item("scale_", 0, np.inf), "scale_ is not a finite number"),
    "constant": (set_attribute("is_constant_", FOUR), "is_constant_ is not a bool for each"),
    "fences": (first_row_of("_fences"), "_fences are not two for each feature"),
    "references": (set_item("references_", 0, np.nan), "references_ are not finite numbers"),
    "too few": (first_row_of("references_"), r"references_ are not finite .* of shape \("),
    "none": (
        all_of(
            *(
                set_attribute(name, np.ones(shape))
                for name, shape in (
                    ("references_", (0, 5)),
                    ("rebuilt_references_", (0, 5)),
                    ("reference_weights_", 0),
                )
            )
        ),
        "reference_weights_ are not finite numbers of shape",
    ),
    "rebuilt": (first_row_of("rebuilt_references_"), "rebuilt_references_ are not finite"),
    "weightless": (set_item("reference_weights_", 0, 0.0), "reference_weights_ are not positive"),
    "other dtype": (set_attribute("medians_", np.ones(5, int)), "medians_ are not finite"),
    "errors": (negated("error_variances_"), "error_variances_ are not positive"),
    "distances": (
        set_item("neighbour_variances_", 0, 0.0),
        "neighbour_variances_ are not positive",
    ),
    "sides": (first_row_of("median_variances_"), "median_variances_ are not finite"),
    "spreads": (set_attribute("error_spreads_", np.ones((2, 1))), "error_spreads_ are not finite"),
    "parts": (set_attribute("part_medians_", np.ones(3)), "part_medians_ are not finite"),
    "no spread": (set_item("part_spreads_", 0, 0.0), "part_spreads_ are not positive"),
    "offset": (set_attribute("offset_", np.nan), "offset_ is not a finite number"),
    "text": (set_attribute("offset_", "0"), "offset_ is not a finite number"),
    "far member": (
        of_the_first_member(set_item("intercepts_", -1, np.full(5, 1e300))),
        "shift_, scale_ and coefs_ lead to infinite numbers",
    ),
    "names": (set_attribute("feature_names_in_", FOUR), "feature_names_in_ are not names"),
    "parameter": (set_attribute("trim", 2), "'trim' parameter"),
    "widths": (set_attribute("n_components", (0,)), "'n_components' parameter"),
}

IMPUTERS = {
    "nothing": (remove("best_iter_"), r"missing: \['best_iter_'\]"),
    "no autoencoder": (set_attribute("autoencoder_", None), "autoencoder_ is not one of the"),
    "unfitted": (set_attribute("autoencoder_", PLAIN), "autoencoder_ is not one of the"),
    "other features": (set_attribute("autoencoder_", OTHER), "autoencoder_ is not one of the"),
    "filled": (set_attribute("_is_filled", np.ones(5, bool)), "_varies is not a bool for each"),
    "varies": (set_item("_varies", 0, False), "autoencoder_ is not one of the"),
    "which vary": (set_attribute("_varies", FOUR), "_varies is not a bool for each"),
    "fences": (first_row_of("_fences"), "_fences are not two for each feature"),
    "crossed fences": (set_item("_fences", (0, 0), np.inf), "_fences are not two for each"),
    "none filled": (set_attribute("_is_filled", np.zeros(5, bool)), "_is_filled is not a bool"),
    "numbers": (set_attribute("_is_filled", np.ones(5)), "_is_filled is not a bool"),
    "features": (set_attribute("n_features_in_", 4), "_is_filled is not a bool for each"),
    "mean": (set_item("mean_", 0, np.inf), "mean_ is not a finite number for each filled"),
    "shape": (first_row_of("covariance_"), "covariance_ is not that of a distribution"),
    "negative": (negated("covariance_"), "covariance_ is not that of a distribution"),
    "asymmetric": (set_item("covariance_", (0, 1), 0.9), "covariance_ is not that of a"),
    "no bound": (set_attribute("fill_min_", None), "a bound is not one for each feature"),
    "few bounds": (first_row_of("fill_max_"), "a bound is not one for each feature"),
    "crossed": (negated("fill_max_"), "fill_min_ is above fill_max_"),
    "unordered": (set_item("fill_min_", 0, np.nan), "fill_min_ is above fill_max_"),
    "infinite bounds": (
        all_of(set_item("fill_min_", 0, np.inf), set_item("fill_max_", 0, np.inf)),
        "mean_ and covariance_ lead to infinite numbers",
    ),
    "curve": (set_attribute("error_curve_", ["1"]), "error_curve_ is not a list of numbers"),
    "endless": (set_attribute("n_iter_", 10**12), "n_iter_ is not that of its curve"),
    "rounds": (set_attribute("best_iter_", 10**12), "best_iter_ is not one of the rounds"),
    "backwards": (set_attribute("best_iter_", -1), "best_iter_ is not one of the rounds"),
    "no indicator": (set_attribute("indicator_", PLAIN), "indicator_ is not a MissingIndicator"),
    "unfit indicator": (set_attribute("indicator_", MissingIndicator()), "features that there are"),
    "indicated": (of_the_indicator(set_item("features_", 0, 9)), "features that there are not"),
    "names": (set_attribute("feature_names_in_", FOUR), "feature_names_in_ are not names"),
    "parameter": (set_attribute("max_iter", 0), "'max_iter' parameter"),
}

DAMAGES = [
    pytest.param(model, *damage, id=f"{type(model).__name__[11:]}: {name}")
    for model, damages in ((DETECTOR, DETECTORS), (IMPUTER, IMPUTERS))
    for name, damage in damages.items()
]


@pytest.mark.parametrize(("model", "change", "problem"), DAMAGES)
def test_attributes_that_do_not_fit_together_are_refused(model, change, problem, X, path):
    fitted = clone(model).fit(X)
    change(fitted)
    skops_io.dump(make_pipeline(StandardScaler(), fitted), path)
    with pytest.raises(ValueError, match=problem):
        load_model(path)
    with pytest.raises(ValueError, match=f"cannot be saved: .*{problem}"):
        save_model(fitted, path)


class TestDamage:
    @pytest.mark.parametrize("model", MODELS, ids=IDS)
    def test_a_file_with_a_changed_byte_is_refused_or_makes_the_same(self, model, X, path):
        fitted = clone(model).fit(X)
        save_model(fitted, path)
        content, rng, n_refused = path.read_bytes(), np.random.default_rng(0), 0
        for trial in range(32):
            damaged = bytearray(content)
            if trial % 4 == 0:
                damaged = damaged[: rng.integers(len(damaged))]
            else:
                damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            again, message = outcome(path)
            n_refused += again is None
            if again is not None:
                assert_same(vars(fitted), vars(again))
            else:
                assert "holds no model that can be used" in message
        assert n_refused > 22

    @pytest.mark.parametrize("model", MODELS, ids=IDS)
    def test_a_forged_file_is_refused_or_makes_a_model_that_works(self, model, X, path):
        """Whoever forges a file also writes its checksums."""
        fitted = clone(model).fit(X)
        names = array_names_of(fitted, path)
        content, rng, n_refused = path.read_bytes(), np.random.default_rng(0), 0
        forgeries = [
            lambda: rng.normal(size=tuple(rng.integers(0, 6, size=rng.integers(3)))),
            lambda: rng.normal(size=5).astype("f4"),
            lambda: rng.integers(-9, 9, size=(2, 5)),
            lambda: np.full(5, np.nan),
        ]
        for trial in range(32):
            path.write_bytes(content)
            forged = np.asarray(forgeries[trial % 4]())
            rewrite(path, members={names[rng.integers(len(names))]: npy(forged)})
            again, message = outcome(path)
            n_refused += again is None
            if again is not None:
                assert np.isfinite(answer(again, X)[0]).all()
            else:
                assert "holds no model that can be used" in message
        assert n_refused > 22
