"""
Searching on a cluster
======================

scikit-learn's searches run on a `Dask <https://docs.dask.org>`_ cluster as they are: joblib, by
which they share out their fits, has a backend for it. Where a candidate shows early that it is a
bad one, halving spares its training: scikit-learn's, which fits anew for more epochs, or one over
passes, where each candidate goes on from where it was. This example needs the extra ``dask``.
"""

# %%
# Halving over passes
# -------------------
# ``partial_fit`` makes one pass and keeps the solver's state, so nothing is trained twice. The rows
# go to the workers once; a candidate stays on the worker that has trained it, as a future, and only
# its score comes back.

# sphinx_gallery_parallel = False

import copy
import sys

import joblib
import matplotlib.pyplot as plt
from distributed import Client
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    HalvingGridSearchCV,
    ParameterGrid,
    train_test_split,
)

from skautoencoder import AutoencoderTransformer


def successive_halving(client, candidates, X, X_test, n_passes=1):
    """Train all for some passes, the better half for twice as many, and so on."""
    rows, test_rows = client.scatter([X, X_test], broadcast=True)
    models, history = dict(enumerate(candidates)), []
    while len(models) > 1:
        models = {
            i: client.submit(train, model, rows, n_passes)
            for i, model in models.items()
        }
        scores = {
            i: client.submit(score, model, test_rows)
            for i, model in models.items()
        }
        history.append(client.gather(scores))
        better = sorted(scores, key=history[-1].get)[-(len(models) // 2) :]
        models = {i: models[i] for i in better}
        n_passes *= 2
    (best,) = models.values()
    return best.result(), history


def train(model, X, n_passes):
    """A copy after some more passes: what a task is given stays as it is."""
    model = copy.copy(model)
    for _ in range(n_passes):
        model.partial_fit(X)
    return model


def score(model, X):
    return model.score(X)


# %%
# On digits
# ---------
# Here the workers are threads of this process, so that the page builds anywhere. On a machine of
# your own leave ``processes=False`` out; on a cluster pass the address of its scheduler.

grid = {
    "n_components": [4, 16],
    "learning_rate_init": [1e-4, 1e-3, 1e-2, 3e-2],
}


def main():
    X_train, X_test = train_test_split(load_digits().data / 16, random_state=0)
    candidates = [
        AutoencoderTransformer(random_state=0, **params)
        for params in ParameterGrid(grid)
    ]
    with Client(
        processes=False,
        n_workers=2,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
    ) as client:
        best, history = successive_halving(
            client, candidates, X_train, X_test, n_passes=2
        )
        search = search_with_scikit_learn(X_train)
    print(f"over passes: {chosen(best)}, score {best.score(X_test):.3f}")
    print(
        f"over epochs: {chosen(search.best_estimator_)}, "
        f"score {search.score(X_test):.3f}"
    )
    draw(history, candidates)


def chosen(model):
    return {name: model.get_params()[name] for name in grid}


# %%
# Halving over epochs
# -------------------
# The resource of :class:`~sklearn.model_selection.HalvingGridSearchCV` is ``max_iter``. The only
# word about the cluster is joblib's backend.


def search_with_scikit_learn(X):
    search = HalvingGridSearchCV(
        AutoencoderTransformer(random_state=0),
        grid,
        resource="max_iter",
        min_resources=4,
        max_resources=12,
        cv=2,
        random_state=0,
    )
    with joblib.parallel_config(backend="dask"):
        return search.fit(X)


# %%
# What was spared
# ---------------
# Each line is a rung: the scores of the candidates that were still trained. From rung to rung half
# of them are dropped, and the others rise.

COLORS = {4: "tab:orange", 16: "tab:blue"}


def draw(history, candidates):
    figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for rung, scores in enumerate(history):
        passes = 2 * (2 ** (rung + 1) - 1)
        for width, color in COLORS.items():
            numbers = [
                i for i in scores if candidates[i].n_components == width
            ]
            if not numbers:
                continue
            rates = [candidates[i].learning_rate_init for i in numbers]
            label = f"{width} units, after {passes} passes"
            style = {
                "color": color,
                "alpha": 0.4 + 0.2 * rung,
                "markersize": 5 + 2 * rung,
            }
            ax.plot(
                rates, [scores[i] for i in numbers], "o-", label=label, **style
            )
    ax.set(
        xscale="log",
        xlabel="learning_rate_init",
        ylabel="share of the variance explained",
    )
    ax.set_title("Candidates that were left, rung by rung")
    ax.legend(loc="lower right")
    # The gallery keeps the figure by itself.
    if "sphinx_gallery" not in sys.modules:
        figure.savefig("search_on_a_cluster.png", dpi=150)
        print("Picture: search_on_a_cluster.png")


if __name__ == "__main__":
    main()
