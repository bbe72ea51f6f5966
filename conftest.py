"""Doctests that need an extra are left out where it is not installed."""

from importlib.util import find_spec

_NEEDS = {
    "skautoencoder/persistence.py": "skops",
    "skautoencoder/export.py": "skl2onnx",
    "skautoencoder/distributed": "distributed",
}

collect_ignore = [path for path, module in _NEEDS.items() if find_spec(module) is None]
