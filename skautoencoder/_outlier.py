"""AutoencoderOutlierDetector: rows that several autoencoders rebuild badly, or far from the rest.

Everything here is in standardised units: each feature of the training rows has mean 0 and
variance 1, so that features in different units can be added up.
"""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from ._architecture import code_width
from ._base import BaseAutoencoder
from ._transformer import AutoencoderTransformer
from ._validation import check_rows, training_rows, unchanged_on_failure
from .network.floating_point import quiet_overflow
from .network.pca import principal_components
from .network.scaling import means, standard_scaling, total_variation
from .utils.compat import Interval, StrOptions
from .utils.documentation import DocumentedMixin
from .utils.random import generators
from .utils.versions import VersionedMixin

# What "auto" and None stand for. Narrow codes cannot copy outliers, wide ones leave small
# errors in which small deviations show: the ensemble has both.
AUTO_SHARES = (0.4, 0.6, 0.8, 0.9)
AUTO_AUTOENCODER = {"scale": "standard", "max_iter": 20}
AUTO_FENCE = 2.5

# The widest code that a share of the variance stands for.
MAX_SHARED_WIDTH = 100
# Elements of the blocks in which rows are rebuilt, by all members in turn.
BLOCK_ELEMENTS = 2**18
# Degrees of freedom of Student's t: one cell that is far off counts, but does not outweigh many
# that are somewhat off.
DEGREES_OF_FREEDOM = 5
# No feature's usual error is taken to be much below the others': in one that hardly varies among
# the training rows, any other value would else outweigh all other features.
MIN_VARIANCE_SHARE = 0.3
# Variances and spreads below these are rounding noise, as where X has a lower rank than the code.
MIN_VARIANCE = 1e-8
MIN_SPREAD = 1e-3
# The median absolute deviation of a normal distribution, in standard deviations.
NORMAL_MAD = 0.6745
# Scores of equal rows, computed beside different rows, differ by less than so many roundings.
ROUNDINGS = 100


class AutoencoderOutlierDetector(OutlierMixin, DocumentedMixin, VersionedMixin, BaseEstimator):
    r"""Outlier detection with an ensemble of autoencoders.

    An autoencoder learns to rebuild the bulk of the rows [1]_. A row is an outlier where it is
    rebuilt badly, or where what is rebuilt of it lies far from the rest. Both are sums over the
    features, so that `feature_contributions` can say why.

    Parameters
    ----------
    autoencoder : AutoencoderTransformer or None, default=None
        The autoencoder that is cloned for each member of the ensemble. None is
        ``AutoencoderTransformer(scale="standard", max_iter=20)``. `n_components` and
        `random_state` of the clones are set by this estimator.

    contamination : float or "auto", default="auto"
        Share of outliers among the training rows, by weight, in (0, 0.5]: `offset_` is then
        the quantile of their scores. "auto" needs no such guess: outliers are rows whose
        score is more than 2.5 robust standard deviations (1.4826 times the median absolute
        deviation) below the median [4]_.

    n_estimators : int, default=8
        Number of autoencoders, each with weights and held-out rows of its own.

    n_components : int, float, sequence of them or "auto", default="auto"
        Width of the codes, as in `PCA`: an int, or the share of the variance of the
        standardised features, in (0, 1), that so many principal components explain, at most
        100 of them and fewer than there are features. The members take the entries of a
        sequence in turn. "auto" is (0.4, 0.6, 0.8, 0.9) for `autoencoder=None`, and else the
        width of the autoencoder given.

    trim : float, default=0.1
        Share of the rows, by weight, in [0, 0.5), that look most like outliers after a first
        round of training and are left out of the second, lest the autoencoders learn to
        rebuild them [2]_. 0 trains once, on all rows.

    random_state : int, RandomState instance or None, default=None
        Seeds the autoencoders. An int makes results the same each time. The global random
        state of NumPy is neither read nor changed.

    Attributes
    ----------
    estimators_ : list of AutoencoderTransformer
        The fitted autoencoders.

    offset_ : float
        `decision_function` is `score_samples` less this: rows with a lower score are outliers.

    mean_, scale_ : ndarray of shape (`n_features_in_`,)
        Mean and standard deviation of each feature over the training rows (1 where it is
        constant), by which rows are standardised before they are compared.

    centers_ : ndarray of shape (n_estimators, `n_features_in_`)
        Mean of what each autoencoder rebuilds, in standardised units.

    error_variances_ : ndarray of shape (n_estimators, `n_features_in_`)
        Usual squared error of each autoencoder in each feature, in standardised units.

    distance_variances_ : ndarray of shape (n_estimators, `n_features_in_`)
        Usual squared distance of what it rebuilds from its center.

    part_weights_ : ndarray of shape (n_estimators, 2)
        What errors and distances of each autoencoder weigh.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen during `fit`, where X has names that are all strings.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Outliers are rows that few random splits set apart.
    sklearn.covariance.EllipticEnvelope : Outliers by a robust Mahalanobis distance.

    Notes
    -----
    With a row :math:`x`, its reconstruction :math:`r_m` by autoencoder :math:`m` of :math:`M`, both
    standardised, and the mean :math:`c_m` of the reconstructions, the score is

    .. math::

        -\frac{1}{M d} \sum_{m=1}^{M} \sum_{j=1}^{d}
        a_m \log\Bigl(1 + \frac{(x_j - r_{mj})^2}{5 \, \sigma_{mj}^2}\Bigr)
        + b_m \log\Bigl(1 + \frac{(r_{mj} - c_{mj})^2}{5 \, \tau_{mj}^2}\Bigr),

    in which each logarithm is, up to constants, the negated log-density of Student's t with 5
    degrees of freedom. :math:`\sigma^2, \tau^2` are the means of the numerators over the training
    rows, at least 0.3 of their own mean over the features. :math:`1 / a_m, 1 / b_m` are the median
    absolute deviations, over the training rows, of the means over the features that they divide.
    In a row with missing cells the mean is that over its observed cells.

    Scores of different members are averaged in units of their own spread, as standardised scores
    are in [3]_. Members are trained one after another: large batches are shared among threads
    already, and small networks train in less time than a process takes to start.

    References
    ----------
    .. [1] Chen, Sathe, Aggarwal, Turaga (2017), Outlier detection with autoencoder ensembles.
       SIAM International Conference on Data Mining.
    .. [2] Zhou, Paffenroth (2017), Anomaly detection with robust deep autoencoders. KDD.
    .. [3] Aggarwal, Sathe (2015), Theoretical foundations and algorithms for outlier ensembles.
       ACM SIGKDD Explorations 17.
    .. [4] Leys, Ley, Klein, Bernard, Licata (2013), Detecting outliers: Do not use standard
       deviation around the mean, use absolute deviation around the median. Journal of
       Experimental Social Psychology 49.

    Examples
    --------
    >>> import numpy as np
    >>> from skautoencoder import AutoencoderOutlierDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 1)) + 0.1 * rng.normal(size=(200, 4))
    >>> X[0] = [0.5, 0.5, -0.5, 0.5]  # no cell is unusual by itself
    >>> detector = AutoencoderOutlierDetector(random_state=0).fit(X)
    >>> int(detector.predict(X[:1])[0])
    -1
    >>> int(detector.feature_contributions(X[:1])[0].argmax())
    2
    """

    _parameter_constraints = {
        "autoencoder": [BaseAutoencoder, None],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        # scikit-learn has no constraint for widths or shares in a sequence: see `check_widths`.
        "n_components": "no_validation",
        "trim": [Interval(Real, 0, 0.5, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        contamination="auto",
        n_estimators=8,
        n_components="auto",
        trim=0.1,
        random_state=None,
    ):
        self.autoencoder = autoencoder
        self.contamination = contamination
        self.n_estimators = n_estimators
        self.n_components = n_components
        self.trim = trim
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Train the autoencoders, and learn which errors are usual.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, mostly inliers. float32 and float64 are kept; a sparse matrix is made
            dense some rows at a time. Missing values (NaN) are no errors.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; a weight of 2 counts like having the row twice.

        Returns
        -------
        self : AutoencoderOutlierDetector
            The fitted estimator.

        Raises
        ------
        ValueError
            Where a parameter, X or sample_weight is not as it must be, or where training
            diverges. The estimator is then as it was before the call.
        """
        self._validate_params()
        check_widths(self.n_components)
        with unchanged_on_failure(self):
            rows = training_rows(self, X, sample_weight, [np.float64, np.float32], reset=True)
            self._standardise(rows)
            self.estimators_ = self._draw_members(rows)
            weights = weights_of_all(rows)
            scores = self._fit_round(rows.X, weights, weights)
            kept = np.where(scores < cutoff(scores, weights, self.trim, rows.dtype), 0, weights)
            if not np.array_equal(kept, weights):
                scores = self._fit_round(rows.X, kept, weights)
            self.offset_ = self._choose_offset(scores, weights, rows.dtype)
        return self

    def score_samples(self, X):
        """How normal each row is: higher is more normal, 0 at most.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to score.

        Returns
        -------
        score : ndarray of shape (n_samples,)
            Minus the sum of the row's `feature_contributions`.
        """
        check_is_fitted(self)
        return self._scores(self._checked(X))

    def decision_function(self, X):
        """`score_samples` less `offset_`: negative for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to score.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            The shifted scores.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """Tell inliers from outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        labels : ndarray of int of shape (n_samples,)
            1 for inliers, -1 for outliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def feature_contributions(self, X):
        """Why a row is an outlier: what each feature adds to its score, negated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to explain.

        Returns
        -------
        contributions : ndarray of shape (n_samples, n_features)
            At least 0; each row sums to minus its `score_samples`. A missing cell has 0.
        """
        check_is_fitted(self)
        return np.concatenate(list(self._contributions(self._checked(X))))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    def _checked(self, X):
        return check_rows(self, X, [np.float64, np.float32], reset=False)[0]

    def _standardise(self, rows):
        """Learn the units of the features, and set them as the scaling of the rows."""
        rows.scaling = standard_scaling(rows, means(rows))
        rows.feature_means = np.zeros(rows.n_features)
        self.mean_, self.scale_ = rows.scaling.shift, rows.scaling.scale

    def _draw_members(self, rows):
        """Unfitted autoencoders, with widths and seeds of their own."""
        base = self.autoencoder
        if base is None:
            base = AutoencoderTransformer(**AUTO_AUTOENCODER)
        widths = self._widths(rows)
        _, rng = generators(self.random_state, 0)
        seeds = rng.integers(2**31 - 1, size=self.n_estimators)
        return [
            clone(base).set_params(
                n_components=widths[number % len(widths)], random_state=int(seed)
            )
            for number, seed in enumerate(seeds)
        ]

    def _widths(self, rows):
        """Widths of the codes that the members take in turn."""
        asked = self.n_components
        if isinstance(asked, str):
            asked = AUTO_SHARES if self.autoencoder is None else self.autoencoder.n_components
        if isinstance(asked, str):
            return [code_width(asked, rows.n_features)]
        asked = as_list(asked)
        if all(isinstance(entry, Integral) for entry in asked):
            return [int(entry) for entry in asked]
        explained = explained_shares(rows)
        return [
            int(entry)
            if isinstance(entry, Integral)
            else min(int(np.searchsorted(explained, entry)) + 1, len(explained))
            for entry in asked
        ]

    def _fit_round(self, X, kept, weights):
        """Train all members on the rows kept; return the scores of all rows."""
        shape = len(self.estimators_), X.shape[1]
        self.centers_, self.error_variances_, self.distance_variances_ = np.zeros((3, *shape))
        self.part_weights_ = np.zeros((shape[0], 2))
        for number, autoencoder in enumerate(self.estimators_):
            autoencoder.fit(X, sample_weight=kept)
            self._learn_what_is_usual(number, X, weights)
        return self._scores(X)

    def _learn_what_is_usual(self, number, X, weights):
        """Usual errors and distances of a member in each feature, and in a row."""
        center, errors, distances = self._moments(number, X, weights)
        self.centers_[number] = center
        self.error_variances_[number] = floored(errors)
        self.distance_variances_[number] = floored(distances)
        parts = [np.mean(costs, axis=2) for costs in self._costs(number, X)]
        for part, values in enumerate(np.concatenate(parts, axis=1)):
            self.part_weights_[number, part] = 1 / spread(values, weights)

    def _moments(self, number, X, weights):
        """Mean of a member's reconstruction, and mean squares of its errors and distances."""
        sums = np.zeros((4, X.shape[1]))
        for part, Z, rebuilt in self._blocks(number, X):
            w, is_observed = weights[part], ~np.isnan(Z)
            errors = np.where(is_observed, np.square(Z - rebuilt), 0)
            sums += [w @ is_observed, w @ errors, w @ rebuilt, w @ np.square(rebuilt)]
        observed, errors, rebuilt, rebuilt_squares = sums
        center = rebuilt / weights.sum()
        distances = np.maximum(rebuilt_squares / weights.sum() - np.square(center), 0)
        return center, errors / np.where(observed > 0, observed, 1), distances

    def _costs(self, number, X):
        """Yield what a member makes of each cell's error and distance, block by block.

        Missing cells have 0, and a row's other cells make up for them.
        """
        for _, Z, rebuilt in self._blocks(number, X):
            errors, distances = Z - rebuilt, rebuilt - self.centers_[number]
            costs = np.stack(
                [
                    student_cost(errors, self.error_variances_[number]),
                    student_cost(distances, self.distance_variances_[number]),
                ]
            )
            is_observed = ~np.isnan(Z)
            if not is_observed.all():
                n_observed = np.maximum(is_observed.sum(axis=1, keepdims=True), 1)
                costs = np.where(is_observed, costs * (Z.shape[1] / n_observed), 0)
            yield costs

    def _blocks(self, number, X):
        """Yield slices of the rows, these standardised, and what a member makes of them."""
        for part in gen_batches(X.shape[0], max(1, BLOCK_ELEMENTS // X.shape[1])):
            block = X[part].toarray() if sparse.issparse(X) else X[part]
            rebuilt = self.estimators_[number].reconstruct(block)
            yield part, (block - self.mean_) / self.scale_, (rebuilt - self.mean_) / self.scale_

    def _contributions(self, X):
        """Yield what each cell adds to the negated score, block by block."""
        members = [self._costs(number, X) for number in range(len(self.estimators_))]
        for costs in zip(*members, strict=True):
            weighted = map(np.tensordot, self.part_weights_, costs, [1] * len(costs))
            yield sum(weighted) / (len(costs) * X.shape[1])

    def _scores(self, X):
        return -np.concatenate([block.sum(axis=1) for block in self._contributions(X)])

    def _choose_offset(self, scores, weights, dtype):
        if self.contamination != "auto":
            return float(cutoff(scores, weights, self.contamination, dtype))
        median, deviation = median_and_deviation(scores, weights)
        fence = median - AUTO_FENCE / NORMAL_MAD * deviation
        return float(less_rounding(fence, dtype))


def as_list(value):
    """The entries of a sequence, or the value alone."""
    return list(value) if isinstance(value, Sequence) or np.ndim(value) == 1 else [value]


def check_widths(n_components):
    """Raise ValueError unless all widths are positive integers or shares of the variance."""
    if isinstance(n_components, str) and n_components == "auto":
        return
    entries = as_list(n_components)
    if not entries or not all(_is_width(entry) or _is_share(entry) for entry in entries):
        raise ValueError(
            "The 'n_components' parameter must be a positive integer, a share of the variance in "
            f"(0, 1), a sequence of these, or 'auto'. Got {n_components!r} instead."
        )


def _is_width(entry):
    return isinstance(entry, Integral) and not isinstance(entry, bool) and entry > 0


def _is_share(entry):
    return isinstance(entry, Real) and 0 < entry < 1


def explained_shares(rows):
    """Shares of the variance that 1, 2, ... principal components of the scaled rows explain.

    Fewer than there are features: a code as wide as X could copy every row.
    """
    n_components = min(MAX_SHARED_WIDTH, len(rows), max(1, rows.n_features - 1))
    mean, _, variances = principal_components(rows, n_components)
    total = total_variation(rows, mean) / rows.total_weight()
    return np.cumsum(variances) / (total or 1.0)


def weights_of_all(rows):
    """A weight for every row of X, those left out included, in float64."""
    if rows.sample_weight is None:
        return np.ones(rows.X.shape[0])
    return rows.sample_weight.astype(np.float64)


def student_cost(deviations, variances):
    """Negated log-density of Student's t, up to constants: log(1 + z^2 / degrees)."""
    # What is too far off to be squared costs infinitely much.
    with quiet_overflow():
        return np.log1p(np.square(deviations) / (DEGREES_OF_FREEDOM * variances))


def floored(variances):
    """Variances of the features, none much below their mean."""
    return np.maximum(variances, max(MIN_VARIANCE_SHARE * variances.mean(), MIN_VARIANCE))


def spread(values, weights):
    """Median absolute deviation, above rounding noise."""
    return max(median_and_deviation(values, weights)[1], MIN_SPREAD)


def median_and_deviation(values, weights):
    """Weighted median, and weighted median of the absolute deviations from it."""
    median = weighted_quantile(values, weights, 0.5)
    return median, weighted_quantile(np.abs(values - median), weights, 0.5)


def weighted_quantile(values, weights, share):
    """The smallest value with more than a share of the weight at or below it.

    No more than that share lies below it. Repeating a value is the same as adding to its
    weight: nothing is interpolated.
    """
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    limit = share * cumulated[-1] * (1 + np.sqrt(np.finfo(np.float64).eps))
    position = np.searchsorted(cumulated, limit, side="right")
    return values[order[min(position, len(order) - 1)]]


def cutoff(scores, weights, share, dtype):
    """The score below which no more than a share of the weight lies."""
    return less_rounding(weighted_quantile(scores, weights, share), dtype)


def less_rounding(score, dtype):
    """Slightly less than the score, so that a row that has it is not below in other company."""
    return score - ROUNDINGS * np.finfo(dtype).eps * abs(score)
