"""What is captured of a training run, checked before it is taken back."""

from numbers import Integral, Real

import numpy as np

NUMBERS = (Integral, Real)


def check_form(captured, present):
    """Raise ValueError unless both have the same form: keys, lengths, shapes, dtypes, types.

    Arrays must be finite, too. What comes from a file could be anything.
    """
    if isinstance(present, dict):
        _require(isinstance(captured, dict) and captured.keys() == present.keys())
        for key, value in present.items():
            check_form(captured[key], value)
    elif isinstance(present, (list, tuple)):
        _require(isinstance(captured, (list, tuple)) and len(captured) == len(present))
        for pair in zip(captured, present, strict=True):
            check_form(*pair)
    elif isinstance(present, np.ndarray):
        _require(isinstance(captured, np.ndarray) and captured.shape == present.shape)
        _require(captured.dtype == present.dtype and bool(np.isfinite(captured).all()))
    else:
        _require(_kind(captured) == _kind(present))


def check_curve(curve):
    """Raise ValueError unless it is a list of finite numbers."""
    _require(isinstance(curve, list) and all(_kind(loss) in NUMBERS for loss in curve))
    _require(bool(np.isfinite(curve).all()))


def known_word(word, known):
    """That of the known words which is the same; ValueError where none is."""
    _require(word in known)
    return known[known.index(word)]


def check_reordered(captured, present):
    """Raise ValueError unless both hold the same numbers, in whatever order."""
    check_form(captured, present)
    _require(np.array_equal(np.sort(captured), np.sort(present)))


def _kind(value):
    """The kind of a single value: whole number, other number, or its type."""
    if isinstance(value, bool):
        return bool
    return next((kind for kind in NUMBERS if isinstance(value, kind)), type(value))


def _require(condition):
    if not condition:
        raise ValueError("its parts do not fit the network")
