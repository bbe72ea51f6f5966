"""CodeWidthDisplay: how much of held-out rows codes of several widths keep, beside PCA's."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import check_array
from sklearn.utils.parallel import Parallel, delayed

from .._category_encoding import encoded_rows, learn_columns
from .._pipeline_inspection import has_categories, split
from .._supervised import SupervisedAutoencoder
from ..network.dataset import Dataset
from ..network.pca import principal_components
from ..network.scaling import deviations, means
from ..utils.array_conversion import dense
from ..utils.compat import _safe_indexing
from ._checks import check_matrix
from ._style import BLUE, GRAY, ORANGE, one_axes

# So many widths are tried at most where none are asked for, and no wider ones.
N_AUTO_WIDTHS = 6
MAX_AUTO_WIDTH = 64


class CodeWidthDisplay:
    """Explained share of the variance of held-out rows over widths of the code, beside PCA's.

    A wider code rebuilds rows better, or as well: no width is the best. The picture shows what
    each costs, and marks the narrowest code that keeps as much as is asked for.

    Parameters
    ----------
    n_components : array-like of int of shape (n_widths,)
        Widths of the code.

    scores : array-like of shape (n_widths, n_splits)
        Share of the variance of held-out rows that the autoencoder explains, a column for each
        split of the rows.

    pca_scores : array-like of shape (n_widths, n_splits) or None, default=None
        The same of `PCA`; None draws the autoencoder alone.

    share : float, default=0.9
        Share of the variance, in (0, 1), for which the narrowest code is marked.

    Attributes
    ----------
    n_components_ : int or None
        The narrowest of the widths whose mean share reaches `share`; None where none does.

    pca_n_components_ : int or None
        The same for `PCA`.

    figure_ : matplotlib Figure
        Where the curves are.

    axes_ : matplotlib Axes
        Axes of the curves.

    See Also
    --------
    sklearn.model_selection.ValidationCurveDisplay : Scores over any parameter.

    Examples
    --------
    >>> from skautoencoder.plotting import CodeWidthDisplay
    >>> shares = [[0.5, 0.6], [0.8, 0.9], [0.95, 0.95]]
    >>> display = CodeWidthDisplay([2, 4, 8], shares, share=0.8).plot()
    >>> display.n_components_
    4
    """

    def __init__(self, n_components, scores, pca_scores=None, *, share=0.9):
        self.n_components = _checked_widths(n_components)
        n_widths = len(self.n_components)
        self.scores = _checked_scores(scores, "scores", n_widths)
        self.pca_scores = None
        if pca_scores is not None:
            self.pca_scores = _checked_scores(pca_scores, "pca_scores", n_widths)
        self.share = _checked_share(share)
        self.n_components_ = self._narrowest(self.scores)
        self.pca_n_components_ = self._narrowest(self.pca_scores)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        n_components="auto",
        share=0.9,
        cv=None,
        n_jobs=None,
        ax=None,
    ):
        """Fit codes of several widths to parts of X, and draw what they keep of the others.

        For every split of `cv` the steps before the autoencoder are fitted once, and a clone of
        it for each width: n_splits * n_widths fits. PCA sees the same rows, as the autoencoder
        does: what `scale` does inside of it changes nothing for PCA. Of a table with categories it
        sees numbers of variance 1 and a column of zeros and ones for each category.

        Parameters
        ----------
        estimator : estimator or Pipeline
            An autoencoder, or a pipeline that ends with one. It need not be fitted, and is not
            changed.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to fit to and to rebuild.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            What a classifier or a regressor predicts, which needs it; also for `cv`.

        n_components : array-like of int or "auto", default="auto"
            Widths to try. "auto" is six of them at most, evenly spaced on a logarithmic scale
            from 1 to half as many as there are features, or to 64.

        share : float, default=0.9
            Share of the variance, in (0, 1), for which the narrowest code is marked.

        cv : int, cross-validation generator, iterable or None, default=None
            How X is split, as in `cross_validate`: None is 5 folds.

        n_jobs : int or None, default=None
            Number of fits at the same time; None is 1 unless in a `joblib.parallel_config`, and
            -1 is the number of processors.

        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CodeWidthDisplay
            With the curves drawn.

        Raises
        ------
        TypeError
            Where `estimator` is not an autoencoder, nor a pipeline that ends with one.

        ValueError
            Where `n_components` or `share` is not as it must be, or X or y not as `fit` needs it.
        """
        _, autoencoder = split(estimator)
        share = _checked_share(share)
        X = X.tocsr() if sparse.issparse(X) else X
        is_classifier = hasattr(autoencoder, "predict_proba")
        splits = list(check_cv(cv, y, classifier=is_classifier).split(X, y))
        folds = [_Fold(estimator, X, y, *indices) for indices in splits]
        widths = _auto_widths(folds[0].n_features) if _is_auto(n_components) else n_components
        widths = _checked_widths(widths)
        scores = Parallel(n_jobs=n_jobs)(
            delayed(fold.score)(width) for width in widths for fold in folds
        )
        scores = np.reshape(scores, (len(widths), len(folds)))
        pca_scores = np.transpose([fold.pca_scores(widths) for fold in folds])
        return cls(widths, scores, pca_scores, share=share).plot(ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CodeWidthDisplay
            Itself.
        """
        ax = one_axes(ax, (6.4, 4.2))
        ax.axhline(self.share, color=GRAY, linestyle="--", linewidth=1)
        self._draw_curve(ax, self.scores, self.n_components_, BLUE, "autoencoder")
        if self.pca_scores is not None:
            self._draw_curve(ax, self.pca_scores, self.pca_n_components_, ORANGE, "PCA")
        ax.set_xscale("log")
        ax.set_xticks(self.n_components, [str(width) for width in self.n_components])
        ax.set_xticks([], minor=True)
        ax.set(xlabel="n_components", ylabel="share of the variance explained")
        ax.set_title("Held-out rows, rebuilt from codes of each width")
        ax.legend(loc="lower right")
        self.figure_, self.axes_ = ax.figure, ax
        return self

    def _draw_curve(self, ax, scores, narrowest, color, name):
        """Mean and standard deviation over the splits, with the narrowest code marked."""
        mean, deviation = scores.mean(axis=1), scores.std(axis=1)
        reached = "at no width" if narrowest is None else f"from {narrowest} numbers"
        label = f"{name}: {self.share:g} {reached}"
        ax.plot(self.n_components, mean, "o-", color=color, markersize=4, label=label)
        band = (mean - deviation, mean + deviation)
        ax.fill_between(self.n_components, *band, color=color, alpha=0.2, linewidth=0)
        if narrowest is not None:
            at = self.n_components.index(narrowest)
            ax.plot(narrowest, mean[at], "D", color=color, markersize=9, markeredgecolor="white")

    def _narrowest(self, scores):
        if scores is None:
            return None
        enough = np.flatnonzero(scores.mean(axis=1) >= self.share)
        return self.n_components[enough[0]] if len(enough) else None


class _Fold:
    """One split of the rows, as the autoencoder sees them."""

    def __init__(self, estimator, X, y, train, test):
        steps, self._autoencoder = split(estimator)
        self._train, self._test = _safe_indexing(X, train), _safe_indexing(X, test)
        self._target = None if y is None else _safe_indexing(y, train)
        if steps is not None:
            steps = clone(steps)
            self._train = steps.fit_transform(self._train, self._target)
            self._test = steps.transform(self._test)
        self.n_features = np.shape(self._train)[1]

    def fitted(self, width):
        """A clone of the autoencoder with a code so wide."""
        autoencoder = clone(self._autoencoder).set_params(n_components=width)
        if isinstance(autoencoder, SupervisedAutoencoder):
            return autoencoder.fit(self._train, self._target)
        return autoencoder.fit(self._train)

    def score(self, width):
        """Share of the variance of the held-out rows that a code so wide explains."""
        return self.fitted(width)._explained_variance(self._test, None)

    def pca_scores(self, widths):
        """The same of as many principal components; missing cells count as their means."""
        train, test = self._numbers()
        mean, components = _components(train, max(widths))
        centred = dense(test).astype(np.float64) - mean
        codes = np.nan_to_num(centred) @ components.T
        variation = np.nansum(np.square(centred - np.nanmean(centred, axis=0)))
        residuals = [
            np.nansum(np.square(centred - codes[:, :width] @ components[:width]))
            for width in widths
        ]
        return 1 - np.array(residuals) / variation

    def _numbers(self):
        """The rows of both parts; tables with categories encoded, their numbers scaled."""
        autoencoder = clone(self._autoencoder)
        autoencoder._columns = learn_columns(autoencoder, self._train)
        if not has_categories(autoencoder):
            return self._train, self._test
        train, test = (
            encoded_rows(autoencoder, X, [np.float64, np.float32], reset)
            for X, reset in ((self._train, True), (self._test, False))
        )
        table = autoencoder._columns
        numbers = table.places_of_numbers
        deviation = np.ones(table.width)
        deviation[numbers] = _deviations(train[:, numbers])
        return train / deviation, test / deviation


def _components(X, n_components):
    """Mean and principal components of rows, which may have missing cells."""
    X = check_array(
        X, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
    )
    rows = Dataset(X, has_missing=not np.isfinite(X.sum()))
    rows = rows.scaled_by(None, means(rows).astype(X.dtype))
    mean, components, _ = principal_components(rows, n_components)
    return mean, components


def _deviations(X):
    """Of each column over its observed cells; 1 where it does not vary."""
    rows = Dataset(X, has_missing=True)
    found = deviations(rows, means(rows))
    return np.where(found > 0, found, 1)


def _is_auto(n_components):
    return isinstance(n_components, str) and n_components == "auto"


def _auto_widths(n_features):
    """A few widths from 1 to half of the features, evenly spaced on a logarithmic scale."""
    widest = max(1, min(n_features // 2, MAX_AUTO_WIDTH))
    return np.unique(np.geomspace(1, widest, N_AUTO_WIDTHS).round().astype(int)).tolist()


def _checked_widths(n_components):
    """Widths as a list of int, in rising order."""
    widths = [] if isinstance(n_components, str) else np.ravel(n_components).tolist()
    if not widths or not all(isinstance(each, Integral) and each > 0 for each in widths):
        raise ValueError(
            "n_components must be a sequence of positive integers, or 'auto' where an estimator "
            f"is given. Got {n_components!r} instead: pass the widths to try, such as [2, 5, 10]."
        )
    if sorted(set(widths)) != widths:
        raise ValueError(
            f"n_components must rise from width to width. Got {widths} instead: pass each once, "
            "the narrowest first."
        )
    return widths


def _checked_scores(scores, name, n_widths):
    """Scores as a matrix with a row for each width."""
    scores = check_matrix(scores, name)
    if len(scores) != n_widths:
        raise ValueError(
            f"{name} must have a row for each of the {n_widths} widths in n_components. Got "
            f"{len(scores)} rows: pass a column for each split of the rows."
        )
    return scores


def _checked_share(share):
    """Raise ValueError for what is no share of the variance."""
    if not isinstance(share, Real) or isinstance(share, bool) or not 0 < share < 1:
        raise ValueError(
            f"share must be a number in (0, 1), a share of the variance. Got {share!r} instead: "
            "0.9 marks the narrowest code that keeps nine tenths of it."
        )
    return float(share)
