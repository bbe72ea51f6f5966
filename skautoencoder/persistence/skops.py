"""Saving and loading: skops files, checked before anything of them is handed out.

A pickle runs whatever its author put into it. A skops file is a zip archive of arrays and of
one JSON text that says which types to make of them, and types that are not trusted are
refused before anything is made.
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator

from .._callbacks import reconstruction_scores
from .._category_encoding import ColumnEncoder
from .._normal_scores import NormalScores
from ..network.component import Component
from ..utils.data_frames import ColumnType
from ..utils.files import reason, write_whole
from ..utils.saved_version import VersionedMixin
from .trusted_search_types import search_types
from .validation import check_consistency


def trusted_types():
    """Names of types for `skops.io.load` to trust: this package's, and those of fitted searches.

    Of estimators, losses, solvers, schedules, corruptions and penalties, and of the columns of
    tables: making one of them only stores what it is made of. So it is with scikit-learn's
    splitters, scorers and metrics, which a fitted `GridSearchCV` holds. The types of NumPy, SciPy
    and scikit-learn that skops trusts by itself need not be named.

    Returns
    -------
    names : list of str
        Fully qualified names.

    See Also
    --------
    load_model : Loads a file and checks what it holds.

    Examples
    --------
    >>> from skautoencoder import trusted_types
    >>> "skautoencoder._transformer.AutoencoderTransformer" in trusted_types()
    True

    With skops alone it is ``skops.io.load(path, trusted=trusted_types())``.
    """
    estimators = [each for each in _subclasses(VersionedMixin) if not _subclasses(each)]
    # Adam is a solver, and AdamW's base as well; what is a base alone leaves its constructor to
    # the others.
    components = [
        each for each in _subclasses(Component) if not _subclasses(each) or "__init__" in vars(each)
    ]
    tables = [ColumnEncoder, ColumnType, NormalScores]
    own = [*estimators, *components, *tables, reconstruction_scores]
    names = {f"{each.__module__}.{each.__qualname__}" for each in own}
    return sorted(names | search_types())


def _subclasses(base):
    """Those of a class that are this package's, and not private; they have been imported by now."""
    package = __name__.partition(".")[0] + "."
    own = [
        each
        for each in base.__subclasses__()
        if each.__module__.startswith(package) and not each.__name__.startswith("_")
    ]
    return own + [further for each in own for further in _subclasses(each)]


def save_model(model, path, trusted=()):
    """Save an estimator, or a pipeline with one in it, as a skops file.

    An existing file is replaced only once the new one is complete.

    Parameters
    ----------
    model : estimator
        An estimator of this package, or one of scikit-learn that contains one, like a
        `Pipeline` or a `GridSearchCV`. It need not be fitted.

    path : str or path-like
        Where to save it; files of this kind end in ".skops".

    trusted : sequence of str, default=()
        Names of further types in the model, that `load_model` will be told to trust.

    Raises
    ------
    ImportError
        Where skops is not installed: it comes with ``pip install 'skautoencoder[io]'``.

    ValueError
        Where the model holds what `load_model` would refuse: attributes that do not fit
        together, or types that are not trusted. No file is written then.

    See Also
    --------
    load_model : Loads it again.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from skautoencoder import AutoencoderTransformer, load_model, save_model
    >>> X = np.random.default_rng(0).normal(size=(100, 8))
    >>> autoencoder = AutoencoderTransformer(2, max_iter=5).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "autoencoder.skops")
    ...     save_model(autoencoder, path)
    ...     again = load_model(path)
    >>> np.array_equal(again.transform(X), autoencoder.transform(X))
    True
    """
    skops_io = _import_skops()
    name = type(model).__name__
    try:
        _check_model(model)
        content = skops_io.dumps(model)
    except Exception as error:
        raise ValueError(f"{name} cannot be saved: {reason(error)}.") from error
    untrusted = {*skops_io.get_untrusted_types(data=content)} - {*trusted_types(), *trusted}
    if untrusted:
        raise ValueError(
            f"{name} holds types that load_model does not trust by itself. After a look at what "
            f"making them does, pass trusted={sorted(untrusted)} to save_model and to load_model."
        )
    write_whole(path, content)


def load_model(path, trusted=()):
    """Load what `save_model` has saved, without running anything that the file contains.

    Only the types that `trusted_types` names, those of NumPy, SciPy and scikit-learn that skops
    trusts by itself, and those in `trusted` are created. Before the model is returned, the
    weights and all other fitted attributes of the autoencoders, outlier detectors and imputers
    in it are checked: that they are finite, of one dtype, and fit together.

    Parameters
    ----------
    path : str or path-like
        A file written by `save_model`, or by ``skops.io.dump`` without compression.

    trusted : sequence of str, default=()
        Fully qualified names of further types to trust, once you have looked at what creating
        them does. `save_model` names those that a model needs.

    Returns
    -------
    model : estimator
        The same as was saved, to the last bit.

    Raises
    ------
    ImportError
        Where skops is not installed: it comes with ``pip install 'skautoencoder[io]'``.

    ValueError
        Where the file is damaged, cut short, of another kind, or holds types that are not
        trusted or numbers that do not fit together.

    Warns
    -----
    UserWarning
        Where another version of this package has saved the model.

    See Also
    --------
    save_model : Saves a model.
    read_layer_weights : Reads the weight files of the original network.

    Examples
    --------
    >>> from skautoencoder import load_model
    >>> autoencoder = load_model("autoencoder.skops")  # doctest: +SKIP
    """
    skops_io = _import_skops()
    content = Path(path).read_bytes()
    try:
        _refuse_odd_archive(content)
        model = skops_io.loads(content, trusted=[*trusted_types(), *trusted])
        _check_model(model)
    except Exception as error:
        raise ValueError(
            f"{str(path)!r} holds no model that can be used ({reason(error)}): expected a file "
            "written by skautoencoder.save_model. Nothing of it was run. Get or save the file "
            "again, or name types of other packages that it needs in `trusted`."
        ) from None
    return model


def _import_skops():
    """Return skops.io, or say what to install; it takes seconds, so that few should wait."""
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            "Saving and loading models needs skops: pip install 'skautoencoder[io]'."
        ) from error
    return skops.io


def _refuse_odd_archive(content):
    """Raise where reading the archive would take much more memory or time than it has bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it is compressed, which could hide any size")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("its parts are larger than itself")
        text = archive.read("schema.json")
    _refuse_repetition(json.loads(text), len(text))


def _refuse_repetition(schema, n_bytes):
    """Raise where parts of the schema refer to others again and again.

    To skops, an `__id__` that it has met before stands for the whole part that had it first,
    so that thirty parts, each of twice the one before, would be a thousand million.
    """
    sizes, files = {}, []

    def size(part):
        if isinstance(part, list):
            return 1 + sum(map(size, part))
        if not isinstance(part, dict):
            return 1
        number = part.get("__id__")
        if number and number in sizes:
            if sizes[number] is None:
                raise ValueError("a part of it contains itself")
            return sizes[number]
        sizes[number] = None
        if isinstance(part.get("file"), str):
            files.append(part["file"])
        sizes[number] = 1 + sum(map(size, part.values()))
        return sizes[number]

    if size(schema) > n_bytes or len(set(files)) < len(files):
        raise ValueError("parts of it are repeated")


def _check_model(model):
    """Raise ValueError unless it is an estimator, and those of this package are consistent."""
    if not isinstance(model, BaseEstimator):
        raise ValueError(f"a {type(model).__name__} instead of an estimator")
    for part in _parts_of(model):
        check_consistency(part)


def _parts_of(model):
    """Yield the model and every object that it is made of, but for arrays and plain values."""
    seen, waiting = set(), [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, (type, str, bytes, np.ndarray)):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple, set)):
            waiting.extend(part)
        else:
            waiting.extend(getattr(part, "__dict__", {}).values())
