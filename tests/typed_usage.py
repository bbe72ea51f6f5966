"""How programs use the public API: read by pyright alone, which checks what `assert_type` says.

An `ignore` stands where pyright must complain: it is an error where there is nothing to ignore.
"""

from pathlib import Path
from typing import assert_type

import numpy as np
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline

from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    Checkpoint,
    Huber,
    KLSparsity,
    MaskingNoise,
    Muon,
    OneCycleSchedule,
    VariationalAutoencoderTransformer,
    explore,
    load_model,
    save_model,
    trusted_types,
)
from skautoencoder.plotting import CodeDisplay, LossCurveDisplay

X = np.zeros((20, 4))
y = [0, 1] * 10

encoder = AutoencoderTransformer(
    2,
    hidden_layer_sizes=(5, 4),
    loss=Huber(delta=0.5),
    solver=Muon(),
    learning_rate=OneCycleSchedule(),
    corruption=MaskingNoise(rate=0.3),
    code_penalty=KLSparsity(),
    scale="standard",
    early_stopping="auto",
    random_state=0,
)
with Checkpoint("fit.ckpt"):
    assert_type(encoder.fit(X), AutoencoderTransformer)
assert_type(encoder.partial_fit(csr_array(X)), AutoencoderTransformer)
assert_type(encoder.fit([[0.0, 1.0], [1.0, 0.0]]).score(X), float)
assert_type(encoder.score_samples(X), np.ndarray)
names = encoder.set_output(transform="pandas").transform(X).columns

classifier = AutoencoderClassifier(0.9, class_weight="balanced").fit(X, y)
assert_type(classifier, AutoencoderClassifier)
assert_type(classifier.predict(X), np.ndarray)
assert_type(classifier.predict_proba(X), np.ndarray)
assert_type(AutoencoderRegressor().fit(X, y).predict(X), np.ndarray)
assert_type(AutoencoderOutlierDetector(encoder, n_jobs=2).fit(X).predict(X), np.ndarray)
assert_type(AutoencoderImputer(max_value=[1.0, 2.0]).fit(X), AutoencoderImputer)
mean, deviation = VariationalAutoencoderTransformer(beta=0.5).fit(X).code_distribution(X)
assert_type(mean, np.ndarray)

assert_type(explore(make_pipeline(encoder), X, "page.html", y=y, image_shape=(2, 2)), Path)
save_model(encoder, Path("model.skops"), trusted=trusted_types())
load_model("model.skops").transform(X)
assert_type(CodeDisplay.from_estimator(encoder, X, y, projection=(0, 1)), CodeDisplay)
LossCurveDisplay.from_estimator(encoder).figure_.savefig("loss.png")

AutoencoderTransformer("wide")  # pyright: ignore[reportArgumentType]
AutoencoderTransformer(scale="unit")  # pyright: ignore[reportArgumentType]
AutoencoderTransformer(solver=KLSparsity())  # pyright: ignore[reportArgumentType]
AutoencoderTransformer(n_component=3)  # pyright: ignore[reportCallIssue]
AutoencoderClassifier().fit(X)  # pyright: ignore[reportCallIssue]
encoder.set_output(transform="arrow")  # pyright: ignore[reportArgumentType]
