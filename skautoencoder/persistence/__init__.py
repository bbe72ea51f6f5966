"""Saving and loading: skops files, checked before anything of them is handed out."""

from .skops import load_model, save_model, trusted_types

__all__ = ["load_model", "save_model", "trusted_types"]
