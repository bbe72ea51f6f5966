"""explore: a page for the browser on which codes are moved and decoded live."""

import os
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted, column_or_1d

from .._check_data import inference_rows
from .._reconstruction import ReconstructionMixin
from ..utils.compat import Interval, validate_parameter_constraints
from ..utils.files import write_whole
from ..utils.images import check_image_shape
from ..utils.random import generators


def explore(
    estimator,
    X,
    path,
    *,
    target=None,
    image_shape=None,
    feature_names=None,
    title=None,
    max_rows=500,
    random_state=0,
):
    """Write a page for the browser on which codes are moved and decoded live.

    One HTML file, which holds rows of X, their codes and the decoder, and needs neither
    Python nor a network. Choose a row in the scatter of the codes, move the units of its
    code, and watch what the decoder makes of it beside the row itself. The page's own
    decoder agrees with `inverse_transform` to 1e-5 of the data's scale.

    Parameters
    ----------
    estimator : autoencoder
        A fitted AutoencoderTransformer, VariationalAutoencoderTransformer, AutoencoderClassifier
        or AutoencoderRegressor. Of the last two the page also says what they predict from the
        code as it is moved: the class and its probability, or the values.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows to choose from, in the units of the training data. They are in the file, for
        everyone to read who gets it.

    path : str or path-like
        The file to write; one that is there is replaced once the new one is complete. Its
        folder must exist.

    target : array-like of shape (n_samples,), default=None
        Colours the scatter: by a scale where it has more than 12 different numbers, else by
        class, each with a colour and a shape of its own, of which there are 35.

    image_shape : tuple of int, default=None
        (height, width) or (height, width, n_channels), with 1 or 3 channels, where rows are
        images; None draws a bar for each feature.

    feature_names : array-like of str of shape (n_features,), default=None
        Names beside the bars. None takes `feature_names_in_`, or "x0", "x1" and so on; a category
        has a bar for each of its values.

    title : str, default=None
        Heading of the page. None is "Autoencoder explorer".

    max_rows : int, default=500
        Of more rows than this, so many are drawn at random, to keep the file small: each takes
        about ``5.3 * n_features`` bytes. The page numbers them as X does, from 0.

    random_state : int, RandomState instance or None, default=0
        Seeds the choice of rows where X has more than `max_rows`.

    Returns
    -------
    path : pathlib.Path
        The file written.

    Raises
    ------
    TypeError
        Where `estimator` is not an autoencoder of this package.
    NotFittedError
        Where `estimator` is not fitted.
    FileNotFoundError, IsADirectoryError
        Where the folder of `path` does not exist, or where `path` is a folder itself.
    ValueError
        Where X, `target`, `image_shape` or `feature_names` does not fit the estimator or
        each other, or where `target` has more than 35 classes.

    Notes
    -----
    Errors are raised before any work; a call that fails leaves an existing file as it was.
    Weights are held in float32 where that decodes to the same rows, else in float64.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from skautoencoder import AutoencoderTransformer, explore
    >>> X, y = load_digits(return_X_y=True)
    >>> autoencoder = AutoencoderTransformer(2, max_iter=5, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = explore(
    ...         autoencoder, X, Path(folder) / "digits.html", target=y, image_shape=(8, 8)
    ...     )
    ...     path.stat().st_size < 1_000_000
    True
    """
    # Here, so that importing skautoencoder stays as fast as it was.
    from .contents import check_classes, page_contents
    from .page import page

    _check_estimator(estimator)
    path = _checked_path(path)
    _check_parameters(max_rows=max_rows, random_state=random_state, title=title)
    rows = inference_rows(estimator, X)
    target = _checked_target(target, len(rows))
    if target is not None:
        check_classes(target)
    image_shape = check_image_shape(image_shape, rows.n_features)
    feature_names = _checked_names(feature_names, estimator)

    index = _choose_rows(len(rows), max_rows, random_state)
    contents = page_contents(estimator, rows, index, target, feature_names, image_shape)
    contents["nRows"] = len(rows)
    write_whole(path, page(title or "Autoencoder explorer", contents).encode())
    return path


def _check_estimator(estimator):
    """Raise TypeError for what is no autoencoder, NotFittedError for one without weights."""
    if not isinstance(estimator, ReconstructionMixin):
        raise TypeError(
            "estimator must be an AutoencoderTransformer, a VariationalAutoencoderTransformer, an "
            "AutoencoderClassifier or an AutoencoderRegressor. Got "
            f"{type(estimator).__name__} instead: of a pipeline pass the autoencoder's step, and "
            "X as the steps before it transform it."
        )
    check_is_fitted(estimator)


def _checked_path(path):
    """The path as an object; raises where no file can be written there."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"path must be a file to write. Got the folder {os.fspath(path)!r}: add the name of "
            "the file, such as 'explorer.html'."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must lie in a folder that exists. Got {os.fspath(path)!r}: make "
            f"{os.fspath(path.parent)!r} first."
        )
    return path


def _check_parameters(**params):
    """Raise an error of scikit-learn's kind for values that no X could make right."""
    constraints = {
        "max_rows": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "title": [str, None],
    }
    validate_parameter_constraints(constraints, params, caller_name="explore")


def _checked_target(target, n_samples):
    """The target as a vector, or None."""
    if target is None:
        return None
    target = column_or_1d(target)
    if len(target) != n_samples:
        raise ValueError(
            f"target must have one value for each row of X, shape ({n_samples},). Got "
            f"{len(target)} values instead."
        )
    return target


def _checked_names(feature_names, estimator):
    """Names of all features."""
    names = estimator.get_encoded_feature_names()
    n_features = len(names)
    if feature_names is None:
        return names
    if isinstance(feature_names, str) or len(feature_names) != n_features:
        raise ValueError(
            f"feature_names must have one name for each of the {n_features} features. Got "
            f"{feature_names!r} instead: leave it at None to take those of the fit."
        )
    return feature_names


def _choose_rows(n_rows, max_rows, random_state):
    """Indices of the rows to show, in order."""
    if n_rows <= max_rows:
        return np.arange(n_rows)
    rng, _ = generators(random_state, 0)
    return np.sort(rng.choice(n_rows, max_rows, replace=False))
