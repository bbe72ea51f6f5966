"""Codes that have seen the target: AutoencoderClassifier and AutoencoderRegressor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine, make_friedman1
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderRegressor,
    AutoencoderTransformer,
    KLSparsity,
    MaskingNoise,
)
from skautoencoder.network.dataset import Dataset

WINE, CULTIVARS = load_wine(return_X_y=True)
WINE = StandardScaler().fit_transform(WINE)
FRIEDMAN, RESPONSE = make_friedman1(300, noise=0.3, random_state=0)


def classifier(n_components=2, **params):
    return AutoencoderClassifier(n_components, **{"max_iter": 20, "random_state": 0, **params})


def regressor(n_components=2, **params):
    return AutoencoderRegressor(n_components, **{"max_iter": 20, "random_state": 0, **params})


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(WINE, CULTIVARS)


@pytest.fixture(scope="module")
def halves():
    return train_test_split(WINE, CULTIVARS, random_state=0, stratify=CULTIVARS)


class TestWithoutWeight:
    """`target_weight=0`: the code is AutoencoderTransformer's, and the head is fitted to it."""

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"early_stopping": True},
            {"corruption": MaskingNoise(), "dropout": 0.1, "alpha": 1e-3},
            {"code_penalty": KLSparsity(), "tied_weights": True},
            {"solver": "lbfgs", "max_iter": 10},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize(("kind", "y"), [(classifier, CULTIVARS), (regressor, WINE[:, 0])])
    def test_codes_are_those_of_the_transformer_bit_for_bit(self, kind, y, params, dtype):
        X = WINE.astype(dtype)
        params = {"max_iter": 5, **params}
        plain = AutoencoderTransformer(2, random_state=0, **params).fit(X)
        supervised = kind(target_weight=0, **params).fit(X, y)
        np.testing.assert_array_equal(supervised.transform(X), plain.transform(X))
        np.testing.assert_array_equal(supervised.reconstruct(X), plain.reconstruct(X))
        assert supervised.kept_ == plain.kept_

    def test_the_head_is_a_logistic_regression_on_the_codes(self):
        model = classifier(target_weight=0).fit(WINE, CULTIVARS)
        codes = model.transform(WINE)
        head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        expected = head.fit(codes, CULTIVARS).predict_proba(codes)
        np.testing.assert_allclose(model.predict_proba(WINE), expected, atol=1e-4)

    def test_of_two_classes_too(self):
        X, y = load_breast_cancer(return_X_y=True)
        model = classifier(target_weight=0, scale="standard", max_iter=3).fit(X, y)
        codes = StandardScaler().fit_transform(model.transform(X))
        expected = LogisticRegression(max_iter=1000).fit(codes, y).decision_function(codes)
        np.testing.assert_allclose(model.decision_function(X), expected, atol=1e-2)

    def test_or_a_linear_regression(self):
        model = regressor(target_weight=0).fit(FRIEDMAN, RESPONSE)
        codes = model.transform(FRIEDMAN)
        expected = LinearRegression().fit(codes, RESPONSE).predict(codes)
        np.testing.assert_allclose(model.predict(FRIEDMAN), expected, rtol=1e-6)

    def test_layers_of_the_head_are_refused(self):
        with pytest.raises(
            ValueError, match=r"head_layer_sizes=4 needs a target .* target_weight=0"
        ):
            classifier(target_weight=0, head_layer_sizes=4).fit(WINE, CULTIVARS)

    def test_there_is_no_partial_fit(self):
        assert not hasattr(classifier(target_weight=0), "partial_fit")
        assert hasattr(classifier(), "partial_fit")


class TestPredictions:
    def test_probabilities_are_the_softmax_of_a_linear_function_of_the_code(self, fitted):
        (weights,), (bias,) = fitted.target_coefs_, fitted.target_intercepts_
        logits = fitted.transform(WINE) @ weights + bias
        odds = np.exp(logits)
        proba = fitted.predict_proba(WINE)
        np.testing.assert_allclose(proba, odds / odds.sum(axis=1, keepdims=True), rtol=1e-6)
        np.testing.assert_allclose(fitted.predict_log_proba(WINE), np.log(proba), atol=1e-6)
        np.testing.assert_allclose(fitted.decision_function(WINE), logits, rtol=1e-6)
        np.testing.assert_array_equal(fitted.predict(WINE), proba.argmax(axis=1))
        assert fitted.score(WINE, CULTIVARS) == accuracy_score(CULTIVARS, fitted.predict(WINE))

    def test_of_two_classes_the_decision_is_the_logarithm_of_the_odds(self):
        y = np.where(CULTIVARS == 0, "no", "yes")
        model = classifier().fit(WINE, y)
        proba = model.predict_proba(WINE)
        np.testing.assert_array_equal(model.classes_, ["no", "yes"])
        odds = np.log(proba[:, 1] / proba[:, 0])
        np.testing.assert_allclose(model.decision_function(WINE), odds, rtol=1e-5)
        assert set(model.predict(WINE)) == {"no", "yes"}

    def test_logarithms_are_exact_where_probabilities_are_zero(self, fitted):
        far = 1e4 * WINE[:3]
        assert fitted.predict_proba(far).min() == 0
        assert np.isfinite(fitted.predict_log_proba(far)).all()

    def test_layers_of_the_head(self):
        model = classifier(head_layer_sizes=(6, 5)).fit(WINE, CULTIVARS)
        assert [each.shape for each in model.target_coefs_] == [(2, 6), (6, 5), (5, 3)]
        values = model.transform(WINE)
        for weights, bias in zip(model.target_coefs_[:2], model.target_intercepts_, strict=False):
            z = values @ weights + bias
            values = z / (1 + np.exp(-z))
        logits = values @ model.target_coefs_[2] + model.target_intercepts_[2]
        np.testing.assert_allclose(model.decision_function(WINE), logits, rtol=1e-5, atol=1e-6)

    def test_numbers_come_in_the_shape_and_units_of_y(self):
        one = regressor().fit(FRIEDMAN, RESPONSE)
        column = regressor().fit(FRIEDMAN, RESPONSE[:, np.newaxis])
        scaled = regressor().fit(FRIEDMAN, 1e6 * RESPONSE - 5e7)
        assert one.predict(FRIEDMAN).shape == (300,)
        np.testing.assert_array_equal(column.predict(FRIEDMAN)[:, 0], one.predict(FRIEDMAN))
        expected = 1e6 * one.predict(FRIEDMAN) - 5e7
        np.testing.assert_allclose(scaled.predict(FRIEDMAN), expected, rtol=1e-3)
        assert one.score(FRIEDMAN, RESPONSE) == r2_score(RESPONSE, one.predict(FRIEDMAN))

    def test_several_numbers_at_once(self):
        Y = np.c_[RESPONSE, FRIEDMAN[:, 0] ** 2, np.full(300, 7.0)]
        model = regressor(4, max_iter=80).fit(FRIEDMAN, Y)
        predicted = model.predict(FRIEDMAN)
        assert r2_score(Y[:, :2], predicted[:, :2], multioutput="raw_values").min() > 0.9
        np.testing.assert_allclose(predicted[:, 2], 7, atol=0.2)

    def test_explained_variance_is_the_transformer_s_score(self, fitted):
        errors = np.square(fitted.reconstruct(WINE) - WINE).sum()
        expected = 1 - errors / np.square(WINE - WINE.mean(axis=0)).sum()
        assert fitted.explained_variance(WINE) == pytest.approx(expected)


class TestObjective:
    @pytest.mark.parametrize("weight", [0.3, 2.0])
    def test_it_is_the_loss_of_x_and_as_many_times_that_of_the_class_as_x_has_features(
        self, weight
    ):
        model = classifier(target_weight=weight, early_stopping=False, dropout=0).fit(
            WINE, CULTIVARS
        )
        scaled = (WINE - model.shift_) / model.scale_
        rebuilt = (model.reconstruct(WINE) - model.shift_) / model.scale_
        of_x = 0.5 * np.square(scaled - rebuilt).sum(axis=1).mean()
        of_y = log_loss(CULTIVARS, model.predict_proba(WINE))
        model.set_params(warm_start=True, learning_rate_init=1e-12, max_iter=1)
        reached = model.fit(WINE, CULTIVARS).loss_curve_[-1]
        assert reached == pytest.approx(of_x + 13 * weight * of_y, rel=1e-5)

    def test_of_numbers_it_is_the_mean_over_the_outputs_in_units_of_their_deviations(self):
        Y = np.c_[RESPONSE, 1000 * FRIEDMAN[:, 0]]
        model = regressor(3, early_stopping=False, dropout=0).fit(FRIEDMAN, Y)
        scaled = (FRIEDMAN - model.shift_) / model.scale_
        rebuilt = (model.reconstruct(FRIEDMAN) - model.shift_) / model.scale_
        errors = (model.predict(FRIEDMAN) - Y) / Y.std(axis=0)
        of_x = 0.5 * np.square(scaled - rebuilt).sum(axis=1).mean()
        model.set_params(warm_start=True, learning_rate_init=1e-12, max_iter=1)
        reached = model.fit(FRIEDMAN, Y).loss_curve_[-1]
        assert reached == pytest.approx(of_x + 10 * 0.5 * np.square(errors).mean(), rel=1e-5)

    def test_a_tenth_of_the_hidden_values_is_dropped_where_there_is_a_target(self):
        automatic = classifier(max_iter=3).fit(WINE, CULTIVARS)
        given = classifier(max_iter=3, dropout=0.1).fit(WINE, CULTIVARS)
        np.testing.assert_array_equal(automatic.transform(WINE), given.transform(WINE))
        full_batch = {"solver": "lbfgs", "max_iter": 3}
        automatic = classifier(**full_batch).fit(WINE, CULTIVARS)
        given = classifier(**full_batch, dropout=0).fit(WINE, CULTIVARS)
        np.testing.assert_array_equal(automatic.transform(WINE), given.transform(WINE))

    def test_a_code_of_two_numbers_that_has_seen_the_classes_tells_them_apart(self, halves):
        train, test, y_train, y_test = halves
        accuracy = classifier(max_iter=80).fit(train, y_train).score(test, y_test)
        assert accuracy > 0.9

    def test_it_invents_no_classes_where_labels_are_shuffled(self, halves):
        train, test, y_train, y_test = halves
        accuracies = [
            classifier(random_state=seed, early_stopping=True)
            .fit(train, np.random.default_rng(seed).permutation(y_train))
            .score(test, y_test)
            for seed in range(5)
        ]
        # A third of the rows of each class, and 18 of 45 in the largest.
        assert np.mean(accuracies) < 0.5

    def test_some_wrong_labels_cost_little(self, halves):
        train, test, y_train, y_test = halves
        rng = np.random.default_rng(0)
        noisy = np.where(
            rng.random(len(y_train)) < 0.2, rng.integers(3, size=len(y_train)), y_train
        )
        assert classifier(early_stopping=True).fit(train, noisy).score(test, y_test) > 0.85


class TestWeights:
    def test_class_weights_multiply_the_weights_of_the_rows(self):
        weights = np.random.default_rng(0).uniform(0.5, 1, size=len(WINE))
        factors = {0: 1.0, 1: 2.0, 2: 0.5}
        weighted = classifier(class_weight=factors).fit(WINE, CULTIVARS, sample_weight=weights)
        by_hand = classifier().fit(
            WINE, CULTIVARS, sample_weight=weights * np.array([1, 2, 0.5])[CULTIVARS]
        )
        np.testing.assert_allclose(
            weighted.predict_proba(WINE), by_hand.predict_proba(WINE), atol=1e-8
        )

    def test_balanced_finds_a_rare_class(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(400, 4))
        y = (X[:, 0] + 0.7 * rng.normal(size=400) > 1.8).astype(int)
        found = [
            classifier(class_weight=weight).fit(X, y).predict(X)[y == 1].mean()
            for weight in (None, "balanced")
        ]
        assert found[1] > found[0] + 0.2

    def test_a_class_whose_rows_have_no_weight_is_never_predicted(self):
        model = classifier().fit(WINE, CULTIVARS, sample_weight=(CULTIVARS != 1).astype(float))
        assert set(model.predict(WINE)) == {0, 2}

    def test_held_out_rows_have_all_classes_alike(self):
        classes = np.repeat([0, 1, 2], [60, 30, 10])
        rows = Dataset(np.zeros((100, 1)), targets=classes)
        kept, held_out = rows.hold_out(20, np.random.default_rng(0), True, is_stratified=True)
        np.testing.assert_array_equal(np.bincount(classes[held_out.subset]), [12, 6, 2])
        np.testing.assert_array_equal(np.sort([*kept, *held_out.subset]), np.arange(100))

    def test_a_class_with_one_row_is_trained_on(self):
        y = CULTIVARS.copy()
        y[0] = 3
        model = classifier(early_stopping=True).fit(WINE, y)
        np.testing.assert_array_equal(model.classes_, [0, 1, 2, 3])


class TestGoingOn:
    def test_partial_fit_knows_the_classes_that_will_come(self):
        model = classifier(scale=None)
        for part in range(3):
            own = part == CULTIVARS
            model.partial_fit(WINE[own], CULTIVARS[own], classes=[0, 1, 2] if part == 0 else None)
        assert model.predict_proba(WINE).shape == (178, 3)
        for _ in range(40):
            model.partial_fit(WINE, CULTIVARS)
        assert model.score(WINE, CULTIVARS) > 0.95

    def test_partial_fit_of_numbers_keeps_the_units_of_the_first_call(self):
        model = regressor().partial_fit(FRIEDMAN[:150], RESPONSE[:150])
        mean = model.target_mean_.copy()
        for _ in range(60):
            model.partial_fit(FRIEDMAN[150:], RESPONSE[150:])
        np.testing.assert_array_equal(model.target_mean_, mean)
        assert model.score(FRIEDMAN, RESPONSE) > 0.8

    def test_warm_start_goes_on(self):
        model = classifier(warm_start=True, max_iter=5).fit(WINE, CULTIVARS)
        first = log_loss(CULTIVARS, model.predict_proba(WINE))
        model.fit(WINE, CULTIVARS)
        assert model.n_iter_ == 10
        assert log_loss(CULTIVARS, model.predict_proba(WINE)) < first

    @pytest.mark.parametrize("change", ["warm_start", "partial_fit"])
    def test_another_class_is_refused_and_nothing_is_lost(self, change):
        model = classifier(warm_start=True, max_iter=3).fit(WINE, CULTIVARS)
        before = model.predict_proba(WINE)
        fit = model.fit if change == "warm_start" else model.partial_fit
        with pytest.raises(ValueError, match=r"\[3\] that are not among the \[0, 1, 2\]"):
            fit(WINE, np.where(CULTIVARS == 1, 3, CULTIVARS))
        np.testing.assert_array_equal(model.predict_proba(WINE), before)

    def test_another_number_of_outputs_is_refused(self):
        model = regressor(warm_start=True, max_iter=3).fit(FRIEDMAN, RESPONSE)
        with pytest.raises(ValueError, match=r"y has shape \(300, 2\), but .* \(n_samples,\)"):
            model.fit(FRIEDMAN, np.c_[RESPONSE, RESPONSE])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (CULTIVARS[:-1], "inconsistent numbers of samples"),
        (None, "requires y to be passed, but the target y is None"),
        (np.where(CULTIVARS == 0, np.nan, CULTIVARS), "y contains NaN"),
        ([None, *CULTIVARS[1:]], "y contains None"),
        (WINE[:, 0], "Unknown label type: continuous"),
        (np.zeros(178), "at least 2 classes. Got y with one class, \\[0.0\\]"),
        (np.c_[CULTIVARS, CULTIVARS], "1d array"),
    ],
)
def test_a_wrong_y_is_refused_and_nothing_is_lost(y, message):
    model = classifier(max_iter=2).fit(WINE, CULTIVARS)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(WINE, y)
    assert vars(model) == before


def test_classes_are_needed_first_and_the_same_later():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier().partial_fit(WINE, CULTIVARS)
    model = classifier().partial_fit(WINE, CULTIVARS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2, 3\] are not those of the first"):
        model.partial_fit(WINE, CULTIVARS, classes=[0, 1, 2, 3])


def test_a_search_chooses_by_accuracy():
    grid = {"target_weight": [0, 1.0], "n_components": [1, 2]}
    search = GridSearchCV(classifier(max_iter=40), grid, cv=3).fit(WINE, CULTIVARS)
    by_weight = {
        (params["target_weight"], params["n_components"]): score
        for params, score in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
    }
    assert search.best_params_["target_weight"] == 1
    assert by_weight[1.0, 2] > by_weight[0, 1]


def test_frames_in_and_out(fitted):
    frame = pd.DataFrame(WINE, columns=[f"f{i}" for i in range(13)])
    model = classifier(max_iter=2).fit(frame, pd.Series(CULTIVARS, name="cultivar"))
    codes = model.set_output(transform="pandas").transform(frame)
    assert list(codes.columns) == ["autoencoderclassifier0", "autoencoderclassifier1"]
    assert model.predict(frame).shape == (178,)


@pytest.mark.parametrize(("kind", "y"), [(classifier, CULTIVARS), (regressor, WINE[:, 0])])
def test_float32_in_float32_through(kind, y):
    X = WINE.astype(np.float32)
    model = kind(max_iter=2).fit(X, y)
    predict = getattr(model, "predict_proba", model.predict)
    assert {predict(X).dtype, model.transform(X).dtype, model.target_coefs_[0].dtype} == {X.dtype}
