"""What we use of scikit-learn beyond its documented API, imported in this one place.

These names are what scikit-learn's own project template builds on; they behave alike
from 1.7 to 1.9.
"""

from sklearn.utils import _safe_indexing
from sklearn.utils._indexing import _get_column_indices as get_column_indices
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import _get_container_adapter as container_adapter
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in

__all__ = [
    "Interval",
    "StrOptions",
    "_safe_indexing",
    "check_feature_names_in",
    "container_adapter",
    "get_column_indices",
    "validate_parameter_constraints",
]
