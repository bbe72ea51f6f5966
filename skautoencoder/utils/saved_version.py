"""Saved estimators know the version of the package that saved them."""

import warnings

from .._version import __version__

_VERSION_KEY = "_skautoencoder_version"


class VersionedMixin:
    """States of an estimator carry the package's version; loading another version's warns.

    `copy`, `pickle`, `joblib` and skops all come by here. scikit-learn does this for its own
    estimators only.
    """

    def __getstate__(self):
        return {**super().__getstate__(), _VERSION_KEY: __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop(_VERSION_KEY, None)
        if version != __version__:
            _warn_of_version(type(self).__name__, version)
        super().__setstate__(state)


def _warn_of_version(name, version):
    """Warn that an estimator was saved by another version, None where it does not say which."""
    # What a file says of itself is shown short and without control characters.
    saved_by = "an unknown version of skautoencoder"
    if version is not None:
        saved_by = f"skautoencoder {version!r:.40}"
    warnings.warn(
        f"This {name} was saved by {saved_by} and is loaded by {__version__}: attributes may have "
        "other names or meanings, so that its methods may fail, or return or learn something else. "
        "Load it with the version that saved it, or fit it anew.",
        UserWarning,
        stacklevel=3,
    )
