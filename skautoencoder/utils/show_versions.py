"""What a bug report should name."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

PACKAGES = ("skautoencoder", "scikit-learn", "numpy", "scipy", "threadpoolctl", "joblib")
EXTRAS = ("matplotlib", "pandas", "polars", "skops", "skl2onnx", "onnxruntime", "dask")


def show_versions():
    """Print the versions of Python, this package and what it works with, for bug reports.

    Examples
    --------
    >>> from skautoencoder import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    Python ...
    """
    print(f"Python         {sys.version.split()[0]}, {sys.executable}")
    print(f"system         {platform.platform()}")
    for name in (*PACKAGES, *EXTRAS):
        print(f"{name:<14} {_version_of(name)}")
    for library in threadpool_info():
        print(
            f"{library['user_api']:<14} {library['internal_api']} {library['version']}, "
            f"{library['num_threads']} threads"
        )


def _version_of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
