"""What a fitted search holds beside its estimator: a splitter and scorers."""


def search_types():
    """Names of scikit-learn's splitters, scorers and metrics, none of which skops trusts by itself.

    Making a splitter or a scorer only stores its parameters, and a metric computes with numbers.
    """
    # Here, since both take longer to import than this package.
    from sklearn import metrics, model_selection

    from .._transformer import AutoencoderTransformer

    bases = (model_selection.BaseCrossValidator, model_selection.BaseShuffleSplit)
    classes = (each for each in vars(model_selection).values() if isinstance(each, type))
    splitters = {each for each in classes if issubclass(each, bases)}
    named = [metrics.get_scorer(name) for name in metrics.get_scorer_names()]
    own_score = metrics.check_scoring(AutoencoderTransformer())
    scorers = {type(each) for each in (own_score, *named)}
    functions = {each._score_func for each in named}
    return {f"{each.__module__}.{each.__qualname__}" for each in splitters | scorers | functions}
