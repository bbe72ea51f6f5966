"""AutoencoderOutlierDetector: rows that several autoencoders rebuild badly, or that lie apart."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from ._base import BaseAutoencoder
from ._category_encoding import CATEGORICAL_FEATURES
from ._checkpoint.checkpoint import is_within_checkpoint
from ._dask.dispatch import refuse_collection
from ._data_validation import check_rows, training_rows
from ._ensemble import check_widths, draw, trained, widths_in_turn, with_widths_and_seeds
from ._imputation.gross_cells import find_fences, without_gross
from ._outlier_scores import (
    N_REFERENCES,
    Scale,
    Usual,
    block_size,
    cutoff,
    dense,
    distinct,
    filled,
    offset_of,
    units_of,
    weights_of_all,
)
from ._parameter_validation import unchanged_on_failure
from ._supervised import SupervisedAutoencoder
from ._transformer import AutoencoderTransformer
from .network.dataset import Dataset
from .network.floating_point import quiet_overflow
from .network.scaling import Scaling
from .utils.compat import Interval, StrOptions
from .utils.parameter_constraints import ObjectOf
from .utils.random import generators
from .utils.saved_version import VersionedMixin
from .utils.set_output import FrameOutputMixin, as_features
from .utils.site_links import DocumentedMixin

# What None stands for, and how long it is trained in the first round.
AUTO_AUTOENCODER = {"scale": "standard", "max_iter": 5}
FIRST_ROUND_ITER = 3


class AutoencoderOutlierDetector(
    FrameOutputMixin, OutlierMixin, DocumentedMixin, VersionedMixin, BaseEstimator
):
    r"""Outlier detection with an ensemble of autoencoders.

    An autoencoder learns to rebuild the bulk of the rows [1]_. A row is an outlier where it is
    rebuilt badly, or where it lies where few others do: far from its neighbours, as it is or as
    it is rebuilt, or from the medians. All of these are sums over the features, so that
    `feature_contributions` can say why.

    Parameters
    ----------
    autoencoder : AutoencoderTransformer or None, default=None
        The autoencoder that is cloned for each member of the ensemble. None is
        ``AutoencoderTransformer(scale="standard", max_iter=5)``. `n_components` and
        `random_state` of the clones are set by this estimator.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that are categories, as for :class:`AutoencoderTransformer`. Each weighs as a
        number does. Attributes of single features are then of the columns of the encoded table.

    contamination : float or "auto", default="auto"
        Share of outliers among the training rows, by weight, in (0, 0.5]: `offset_` is then
        the quantile of their scores. "auto" needs no such guess: outliers are rows whose
        score is more than 3 robust standard deviations (1.4826 times the median absolute
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
        round of training, of half of the members, and are left out of the second, lest the
        autoencoders learn to rebuild them [2]_. 0 trains once, on all rows.

    max_samples : int, default=1000
        Number of rows, drawn from those not left out, that each member is trained on at most.

    n_jobs : int or None, default=None
        Number of members that are trained at the same time, as in `IsolationForest`: None is 1
        unless in a `joblib.parallel_config`, and -1 is the number of processors. Results are
        the same for any. Within a :class:`Checkpoint` it is 1.

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
        Mean and standard deviation of each feature over the training rows that were not left
        out, gross cells apart, by which rows are standardised before they are compared. Where
        a feature is constant, `scale_` is its absolute value, 1 at most.

    is_constant_ : ndarray of bool of shape (`n_features_in_`,)
        Which features did not vary in `fit`.

    error_variances_ : ndarray of shape (n_estimators, `n_features_in_`)
        Usual squared error of each autoencoder in each feature, in standardised units.

    references_, rebuilt_references_ : ndarray of shape (n_references, `n_features_in_`)
        Training rows that were not left out, 1024 at most, standardised, and the mean of what
        the autoencoders make of them: neighbours are looked for among these.

    reference_weights_ : ndarray of shape (n_references,)
        Their weights; equal rows are taken together.

    neighbour_variances_ : ndarray of shape (2, `n_features_in_`)
        Usual squared distance from the neighbours, of rows and of what is rebuilt of them.

    medians_ : ndarray of shape (`n_features_in_`,)
        Median of each feature, in standardised units.

    median_variances_ : ndarray of shape (2, `n_features_in_`)
        Usual squared distance from it, of smaller and of larger values.

    error_spreads_ : ndarray of shape (n_estimators,)
        Median absolute deviation of what the errors of each autoencoder cost a row.

    part_medians_, part_spreads_ : ndarray of shape (4,)
        Median and median absolute deviation of each of the four parts of a row's score.

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
    A deviation :math:`z` in feature :math:`j` costs :math:`\log(1 + z^2 / 5 \sigma_j^2)`: up to
    constants the negated log-density of Student's t with 5 degrees of freedom. Here
    :math:`\sigma^2` is the mean square of such deviations over the training rows that are not left
    out, at least 0.3 of its own mean over the features. Everything is standardised. Means over
    the features of what these deviations cost are the four parts :math:`p_1, ..., p_4` of a row:

    1. its errors by each autoencoder, divided by `error_spreads_` and averaged over these [3]_,
    2. the root mean squares of its distances from the five nearest of `references_` [5]_,
    3. the same of what is rebuilt of it, on average, from the 40 nearest of `rebuilt_references_`,
    4. its distances from the medians, beside what is usual on the same side.

    The nearest reference of all does not count, as it may be the row itself. With :math:`m_i` and
    :math:`s_i`, the median and median absolute deviation of a part over the training rows, and
    weights :math:`w = (1.1, 1, 0.4, 1)`, the score is

    .. math::

        -\Bigl(\sum_{i=1}^{4} w_i \max\bigl(0, (p_i - m_i) / s_i + 1\bigr)^2\Bigr)^{1/2},

    so that a row that stands out in one part is not helped by the others. What a part adds is
    shared among the cells by what they cost. A missing cell costs nothing, and means are those over
    observed cells.

    A gross cell is for the autoencoders, and in the search for neighbours, a missing one, and is
    taken for what it is in what it costs: one that is ten times as far from its feature's median as
    all but at most three cells or 2 % of them. Features that do not vary in `fit` do not count in
    means over features; where they vary later, :math:`\sigma^2` is 0.01. How many rows have a
    gross cell does not depend on their weights; else a weight is a repetition for up to 1000 rows.

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
    .. [5] Ramaswamy, Rastogi, Shim (2000), Efficient algorithms for mining outliers from large
       data sets. ACM SIGMOD.

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
        "autoencoder": [ObjectOf(BaseAutoencoder, but_not=SupervisedAutoencoder), None],
        "categorical_features": CATEGORICAL_FEATURES,
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        # scikit-learn has no constraint for widths or shares in a sequence: see `check_widths`.
        "n_components": "no_validation",
        "trim": [Interval(Real, 0, 0.5, closed="left")],
        "max_samples": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    _columns = None  # How a table with categories is encoded: X is none.

    def __init__(
        self,
        autoencoder=None,
        *,
        categorical_features="from_dtype",
        contamination="auto",
        n_estimators=8,
        n_components="auto",
        trim=0.1,
        max_samples=1000,
        n_jobs=None,
        random_state=None,
    ):
        self.autoencoder = autoencoder
        self.categorical_features = categorical_features
        self.contamination = contamination
        self.n_estimators = n_estimators
        self.n_components = n_components
        self.trim = trim
        self.max_samples = max_samples
        self.n_jobs = n_jobs
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
            Weights of the rows: a weight of 2 counts like having the row twice, one of 0 like
            leaving it out. None gives each row the same.

        Returns
        -------
        self : AutoencoderOutlierDetector
            The fitted estimator.

        Raises
        ------
        TypeError
            Where X is a Dask collection.

        ValueError
            Where a parameter, X or sample_weight is not as it must be, or where training
            diverges. The estimator is then as it was before the call.
        """
        with unchanged_on_failure(self):
            refuse_collection(
                self, X, "it is not trained on Dask collections. Pass X.compute() instead"
            )
            self._validate_params()
            check_widths(self.n_components)
            rows = training_rows(self, X, sample_weight, [np.float64, np.float32], reset=True)
            with quiet_overflow():
                self._fit_rounds(rows, weights_of_all(rows))
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
        X = self._checked(X, "score_samples")
        return self._scale().scores(self._row_costs(X))

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
        contributions : ndarray or frame of shape (n_samples, n_features)
            At least 0; each row sums to minus its `score_samples`. A missing cell has 0. It is
            a data frame, with names and index, where `set_output` asks for one.
        """
        rows, scale = self._checked(X, "feature_contributions"), self._scale()
        contributions = np.concatenate([scale.contributions(each) for each in self._costs(rows)])
        if self._columns is not None:
            contributions = np.add.reduceat(contributions, self._columns.starts, axis=1)
        return as_features(self, contributions, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    def _checked(self, X, method):
        check_is_fitted(self)
        advice = f"for a lazy result, call X.map_blocks(detector.{method})"
        refuse_collection(self, X, f"{advice}, or X.map_partitions of a dataframe")
        return check_rows(self, X, [np.float64, np.float32], reset=False)[0]

    def _fit_rounds(self, rows, weights):
        """Train some members on all rows, then all members on those that look usual to them."""
        _, rng = generators(self.random_state, 0)
        seeds = rng.integers(2**31 - 1, size=self.n_estimators)
        own = rows.X if rows.subset is None else rows.X[rows.subset]
        self._fences = find_fences(own, getattr(self._columns, "is_share", None))
        clean = without_gross(rows.X, self._fences)
        kept = weights
        if self.trim:
            first = seeds[: -(-self.n_estimators // 2)]
            max_iter = FIRST_ROUND_ITER if self.autoencoder is None else None
            scores = self._fit_round(rows.X, clean, kept, weights, first, rng, max_iter)
            kept = np.where(scores < cutoff(scores, weights, self.trim, rows.dtype), 0, weights)
        scores = self._fit_round(rows.X, clean, kept, weights, seeds, rng)
        self.offset_ = offset_of(scores, weights, self.contamination, rows.dtype)

    def _fit_round(self, X, clean, kept, weights, seeds, rng, max_iter=None):
        """Train on the rows kept, without gross cells; return the scores of all rows."""
        used, rows = (
            Dataset(clean, sample_weight=own, has_missing=True).select(np.flatnonzero(own))
            for own in (weights, kept)
        )
        self.mean_, self.scale_, self.is_constant_ = units_of(used, rows, self._columns)
        members = self._draw_members(rows, seeds)
        if max_iter is not None:
            members = [member.set_params(max_iter=max_iter) for member in members]
        n_jobs = 1 if is_within_checkpoint() else self.n_jobs
        self.estimators_ = trained(members, clean, kept, int(self.max_samples), n_jobs, rng)
        self._learn_what_is_usual(clean, kept, rng)
        row_costs = self._row_costs(X)
        scale = Scale.learn(row_costs, weights)
        self.error_spreads_, self.part_medians_, self.part_spreads_ = scale
        return scale.scores(row_costs)

    def _draw_members(self, rows, seeds):
        """Unfitted autoencoders, with widths and seeds of their own."""
        base = self.autoencoder
        if base is None:
            base = AutoencoderTransformer(**AUTO_AUTOENCODER)
        varying = np.flatnonzero(~self.is_constant_)
        rows = rows.restricted_to(varying if len(varying) else None)
        scaling = Scaling(self.mean_, self.scale_).of(rows.features)
        rows = rows.scaled_by(scaling, np.zeros(rows.n_features))
        widths = widths_in_turn(self.n_components, self.autoencoder, rows)
        return with_widths_and_seeds(base, widths, seeds)

    def _learn_what_is_usual(self, X, weights, rng):
        """From reference rows, equal ones taken together."""
        chosen = draw(weights, N_REFERENCES, rng)
        rows, self.reference_weights_ = distinct(dense(X[chosen]), weights[chosen])
        usual = Usual.learn(
            self._standardised(rows),
            self._rebuilt(rows),
            self.reference_weights_,
            self.is_constant_,
        )
        for name, value in usual._asdict().items():
            setattr(self, f"{name}_", value)

    def _standardised(self, rows):
        return (rows - self.mean_) / self.scale_

    def _rebuilt(self, rows):
        """What each member makes of rows, standardised."""
        return [self._standardised(member._rebuilt(rows)) for member in self.estimators_]

    def _costs(self, X):
        """Yield what each cell costs by each member and part, block by block."""
        usual = Usual(*(getattr(self, f"{name}_") for name in Usual._fields))
        for part in gen_batches(X.shape[0], block_size(X.shape[1], len(self.estimators_))):
            rows = dense(X[part])
            clean = without_gross(rows, self._fences)
            with quiet_overflow():
                searched = filled(self._standardised(clean))
                costs = usual.costs(self._standardised(rows), searched, self._rebuilt(clean))
            yield costs

    def _row_costs(self, X):
        return np.concatenate([costs.sum(axis=2) for costs in self._costs(X)], axis=1)

    def _scale(self):
        return Scale(self.error_spreads_, self.part_medians_, self.part_spreads_)
