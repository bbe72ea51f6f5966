"""The version of this package: below everything, since saved estimators carry it."""

__version__ = "0.1.0"
