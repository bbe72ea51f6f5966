"""Whether the fitted attributes of an outlier detector belong together."""

import math
from numbers import Real

import numpy as np

from .._ensemble import check_widths
from .conditions import check_fences, is_array, is_mask, is_network_of, require
from .validate_columns import network_width

ATTRIBUTES = {
    *("estimators_", "offset_", "mean_", "scale_", "is_constant_", "n_features_in_", "_fences"),
    *("error_variances_", "references_", "rebuilt_references_", "reference_weights_"),
    *("neighbour_variances_", "medians_", "median_variances_"),
    *("error_spreads_", "part_medians_", "part_spreads_"),
}


def check_detector(detector):
    """Raise ValueError for a wrong parameter."""
    detector._validate_params()
    check_widths(detector.n_components)


def _check_members(detector):
    """Fitted autoencoders for the same features, with means for missing cells."""
    members = detector.estimators_
    require(type(members) is list and len(members) > 0, "estimators_ are not a list of some")
    fits = all(is_network_of(each, network_width(detector)) for each in members)
    require(fits, "estimators_ are not autoencoders of the detector's features")


def _check_units(detector):
    for name in ("mean_", "scale_"):
        value = getattr(detector, name)
        fits = is_array(value, 1, np.float64) and len(value) == network_width(detector)
        require(fits, f"{name} is not a finite number for each feature")
    require(detector.scale_.min() > 0, "scale_ is not positive")
    known = is_mask(detector.is_constant_, network_width(detector))
    require(known, "is_constant_ is not a bool for each feature")
    check_fences(detector._fences, network_width(detector))


def _check_usual(detector):
    """What is usual for each member, among the references, and the threshold."""
    n_members, n_features = len(detector.estimators_), network_width(detector)
    weights = detector.reference_weights_
    require(is_array(weights, 1, np.float64), "reference_weights_ are not finite numbers")
    shapes = {
        "error_variances_": (n_members, n_features),
        "references_": (len(weights), n_features),
        "rebuilt_references_": (len(weights), n_features),
        "reference_weights_": (max(1, len(weights)),),
        "neighbour_variances_": (2, n_features),
        "medians_": (n_features,),
        "median_variances_": (2, n_features),
        "error_spreads_": (n_members,),
        "part_medians_": (4,),
        "part_spreads_": (4,),
    }
    for name, shape in shapes.items():
        value = getattr(detector, name)
        fits = is_array(value, len(shape), np.float64) and value.shape == shape
        require(fits, f"{name} are not finite numbers of shape {shape}")
        may_be_0 = name in ("references_", "rebuilt_references_", "medians_", "part_medians_")
        require(may_be_0 or value.min() > 0, f"{name} are not positive")
    is_number = isinstance(detector.offset_, Real) and math.isfinite(detector.offset_)
    require(is_number, "offset_ is not a finite number")


CHECKS = [_check_members, _check_units, _check_usual]
