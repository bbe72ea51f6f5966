"""explore: a page for the browser on which codes are moved and decoded live."""

import os
from numbers import Integral
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.utils.validation import column_or_1d

from .._data_validation import check_rows, inference_rows
from ..utils.compat import Interval, validate_parameter_constraints
from ..utils.files import write_whole
from ..utils.image_shape import check_image_shape
from ..utils.random import generators


def explore(
    estimator,
    X,
    path,
    *,
    y=None,
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
        code as it is moved: the class and its probability, or the values. Or a Pipeline that
        ends with one of them: where a shift and a scale of each feature undo the steps before
        it, as those of `StandardScaler` and `MinMaxScaler`, rows and errors are shown in the
        units of X, else as the autoencoder sees them. Of a table with categories each category has
        a bar of its probability, and numbers are in the units of the table.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows to choose from, as they are passed to `fit`. They are in the file, for everyone to
        read who gets it.

    path : str or path-like
        The file to write; one that is there is replaced once the new one is complete. Its
        folder must exist.

    y : array-like of shape (n_samples,), default=None
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
        Where `estimator` is not an autoencoder of this package, nor a Pipeline that ends with
        one.
    NotFittedError
        Where `estimator` is not fitted.
    FileNotFoundError, IsADirectoryError
        Where the folder of `path` does not exist, or where `path` is a folder itself.
    ValueError
        Where X, `y`, `image_shape` or `feature_names` does not fit the estimator or
        each other, or where `y` has more than 35 classes.

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
    ...         autoencoder,
    ...         X,
    ...         Path(folder) / "digits.html",
    ...         y=y,
    ...         image_shape=(8, 8),
    ...     )
    ...     path.stat().st_size < 1_000_000
    True
    """
    # Here, so that importing skautoencoder stays as fast as it was.
    from .._pipeline_inspection import known_names, names_of_inputs, scaling_of, split_fitted
    from .contents import check_classes, page_contents
    from .page import page

    steps, autoencoder = split_fitted(estimator)
    path = _checked_path(path)
    _check_parameters(max_rows=max_rows, random_state=random_state, title=title)
    X = X.tocsr() if sparse.issparse(X) else X
    inputs = X if steps is None else steps.transform(X)
    rows = inference_rows(autoencoder, inputs)
    y = _checked_target(y, len(rows))
    if y is not None:
        check_classes(y)
    image_shape = check_image_shape(image_shape, rows.n_features)
    shown, undo = _as_given(autoencoder, inputs, rows), None
    if autoencoder._columns is not None:
        names = autoencoder.get_encoded_feature_names()
    else:
        undo = None if steps is None else scaling_of(steps, X, inputs)
        names = known_names(estimator) if undo else names_of_inputs(steps, autoencoder)
    feature_names = _checked_names(feature_names, names, rows.n_features)

    index = _choose_rows(len(rows), max_rows, random_state)
    contents = page_contents(autoencoder, rows, shown, index, y, feature_names, image_shape, undo)
    contents["nRows"] = len(rows)
    contents["isAfterSteps"] = steps is not None and undo is None
    write_whole(path, page(title or "Autoencoder explorer", contents).encode())
    return path


def _as_given(autoencoder, X, rows):
    """The rows as the autoencoder sees them, but with numbers, not their normal scores."""
    table = autoencoder._columns
    if table is None or not table.is_ranked:
        return rows.X
    return check_rows(autoencoder, X, [np.float64, np.float32], reset=False)[0]


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


def _checked_target(y, n_samples):
    """The target as a vector, or None."""
    if y is None:
        return None
    y = column_or_1d(y)
    if len(y) != n_samples:
        raise ValueError(
            f"y must have one value for each row of X, shape ({n_samples},). Got {len(y)} values "
            "instead: pass those of the same rows, or y=None for one colour."
        )
    return y


def _checked_names(feature_names, known, n_features):
    """Names of all features: those asked for, those known, or numbers."""
    if feature_names is None:
        return [f"x{i}" for i in range(n_features)] if known is None else known
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
