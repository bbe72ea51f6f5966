"""Values of the features in the frame that `set_output` asks for, with names and index."""

from .compat import (
    StrOptions,
    check_feature_names_in,
    container_adapter,
    validate_parameter_constraints,
)


def as_features(estimator, values, X):
    """An array of one column per feature: as it is, or a frame with their names and X's index.

    `X` is what the method was called with, None where it was called without rows.
    """
    adapter = container_adapter("transform", estimator)
    if adapter is None:
        return values
    return adapter.create_container(values, X, columns=check_feature_names_in(estimator))


class FrameOutputMixin:
    """`set_output` for an estimator that is no transformer, but tells of every feature."""

    def set_output(self, *, transform=None):
        """Set what is returned by methods that return a column for each feature.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            "pandas" and "polars" are data frames with the names of the features, the first with
            the index of X too; "default" is an array, and None leaves the setting as it is. The
            name is that of scikit-learn's transformers, as
            ``sklearn.set_config(transform_output=...)`` sets it for all estimators.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError
            Where `transform` is something else.
        """
        allowed = [StrOptions({"default", "pandas", "polars"}), None]
        validate_parameter_constraints(
            {"transform": allowed}, {"transform": transform}, caller_name="set_output"
        )
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self
