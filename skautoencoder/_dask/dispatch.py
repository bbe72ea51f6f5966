"""Dask collections, recognised without importing Dask: the one place of the facade that does."""

import functools

# What of a Dask collection gives a lazy Dask collection.
LAZY_METHODS = (
    "transform",
    "inverse_transform",
    "reconstruct",
    "reconstruct_proba",
    "reconstruction_error",
    "score_samples",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
)


def is_collection(X):
    """Whether X is a collection of Dask's: arrays of xarray, for one, only look like them."""
    return hasattr(type(X), "__dask_graph__") and hasattr(X, "npartitions")


def computed(values):
    """The values, computed where they are a Dask collection."""
    return values.compute() if is_collection(values) else values


def refuse_collection(estimator, X, advice):
    """Raise TypeError where X is a Dask collection, which the estimator does not take."""
    if is_collection(X):
        raise TypeError(
            f"{type(estimator).__name__} cannot take a Dask {type(X).__name__}: {advice}."
        )


def dask_side():
    """The module that knows Dask; ImportError that names the extra where it is missing."""
    try:
        from . import entry
    except ImportError as error:
        raise ImportError(
            f"Dask collections need Dask's arrays, dataframes and cluster ({error}): install them "
            "with pip install 'skautoencoder[dask]'."
        ) from error
    return entry


def takes_collections(cls):
    """Class decorator: the lazy methods that the class defines take Dask collections too.

    A decorator of the class, not of its methods: these come first, before scikit-learn's
    `set_output`, which would compute what it wraps.
    """
    for name in LAZY_METHODS:
        if name in vars(cls):
            setattr(cls, name, _lazily_for_collections(vars(cls)[name]))
    if "fit_transform" in vars(cls) or "transform" in vars(cls):
        cls.fit_transform = _in_two_calls_for_collections(cls.fit_transform)
    return cls


def _lazily_for_collections(method):
    @functools.wraps(method)
    def either(self, X, *args, **options):
        if is_collection(X):
            return dask_side().lazily(self, method.__name__, X, *args, **options)
        return method(self, X, *args, **options)

    return either


def _in_two_calls_for_collections(fit_transform):
    @functools.wraps(fit_transform)
    def either(self, X, *args, **options):
        if is_collection(X):
            return self.fit(X, *args, **options).transform(X)
        return fit_transform(self, X, *args, **options)

    return either
