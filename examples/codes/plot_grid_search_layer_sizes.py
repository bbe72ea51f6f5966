"""
Choosing layer sizes and code width
===================================

``GridSearchCV`` can judge an autoencoder by itself, through the share of the variance that its
reconstruction explains, or by what a classifier makes of its codes. The two choose differently:
the first wants layers and a wide code, the second soon has all it can use.
"""

# %%
# The grid: none, one and two hidden layers before the code, and four widths of the code. With no
# hidden layer the network is linear, and what it ends with is PCA.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from skautoencoder import AutoencoderTransformer

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
layer_sizes = [(), (64,), (128, 64)]
widths = [4, 8, 16, 32]
autoencoder = AutoencoderTransformer(max_iter=30, random_state=0)

# %%
# By reconstruction
# -----------------
# Without ``scoring``, the search takes the estimator's own ``score``: higher is better, 1 is a
# perfect reconstruction. No labels are needed.

by_score = GridSearchCV(
    autoencoder,
    {"hidden_layer_sizes": layer_sizes, "n_components": widths},
    cv=KFold(n_splits=3, shuffle=True, random_state=0),
    n_jobs=2,
).fit(X)
print(
    f"reconstruction: {by_score.best_params_}, score {by_score.best_score_:.3f}"
)

# %%
# By a classifier
# ---------------
# In a Pipeline the same two parameters are reached through the name of the step.

by_accuracy = GridSearchCV(
    Pipeline(
        [("autoencoder", autoencoder), ("classifier", KNeighborsClassifier())]
    ),
    {
        "autoencoder__hidden_layer_sizes": layer_sizes,
        "autoencoder__n_components": widths,
    },
    cv=StratifiedKFold(n_splits=3, shuffle=True, random_state=0),
    n_jobs=2,
).fit(X, y)
best = {
    name.removeprefix("autoencoder__"): value
    for name, value in by_accuracy.best_params_.items()
}
print(f"classifier: {best}, accuracy {by_accuracy.best_score_:.3f}")

# %%
# Both grids
# ----------
# The best of each grid is in bold, and the top rows are PCA's. Hidden layers pay where the code is
# narrow: at 4 numbers they rebuild half as much again, and k-NN misreads half as many digits; at 32
# little is left to gain. The classifier has all it can use in 16 numbers, and there it reads PCA's
# best, while the reconstruction still improves: search by what you need.

figure, axes = plt.subplots(
    1, 2, figsize=(9, 3.4), sharey=True, layout="constrained"
)
searches = {"explained variance": by_score, "accuracy of k-NN": by_accuracy}
for ax, (title, search) in zip(axes, searches.items(), strict=True):
    means = search.cv_results_["mean_test_score"].reshape(
        len(layer_sizes), len(widths)
    )
    ax.imshow(means, cmap="viridis", aspect="auto")
    for (i, j), mean in np.ndenumerate(means):
        is_dark = mean < (means.min() + means.max()) / 2
        is_best = mean == means.max()
        ax.text(
            j,
            i,
            f"{mean:.3f}",
            ha="center",
            va="center",
            color="white" if is_dark else "black",
            weight="bold" if is_best else "normal",
        )
    ax.set(
        title=title,
        xlabel="n_components",
        xticks=range(len(widths)),
        xticklabels=widths,
    )
axes[0].set(
    ylabel="hidden_layer_sizes",
    yticks=range(len(layer_sizes)),
    yticklabels=layer_sizes,
)

# The gallery keeps the figure by itself.
if "sphinx_gallery" not in sys.modules:
    figure.savefig("grid_search_layer_sizes.png", dpi=150)
    print("Picture: grid_search_layer_sizes.png")
