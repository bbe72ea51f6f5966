import pytest
from families import public_subclasses
from sklearn.base import clone

from skautoencoder import SGD, Adam, AutoencoderTransformer, CosineSchedule, SwapNoise
from skautoencoder.network.corruption import Corruption
from skautoencoder.network.penalties import CodePenalty
from skautoencoder.network.schedules import SCHEDULES
from skautoencoder.network.solvers import SOLVERS

every_component = pytest.mark.parametrize(
    "cls",
    [
        *SOLVERS.values(),
        *SCHEDULES.values(),
        *public_subclasses(Corruption),
        *public_subclasses(CodePenalty),
    ],
)


@every_component
def test_parameters_round_trip_through_get_and_set_params(cls):
    component = cls()
    changed = dict.fromkeys(component.get_params(), 0.125)
    assert component.set_params(**changed) is component
    assert component.get_params() == changed


@every_component
def test_clone_gives_another_object_with_the_same_parameters(cls):
    component = cls(**dict.fromkeys(cls().get_params(), 0.125))
    copy = clone(component)
    assert copy is not component
    assert copy.get_params() == component.get_params()


def test_an_unknown_parameter_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Invalid parameter 'momentum' for Adam.*'beta_1'"):
        Adam().set_params(momentum=0.9)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(SGD(momentum=0.5)) == "SGD(momentum=0.5)"
    assert repr(Adam()) == "Adam()"


def test_nested_parameters_reach_the_component_through_the_estimator():
    estimator = AutoencoderTransformer(
        solver=SGD(), learning_rate=CosineSchedule(), corruption=SwapNoise()
    )
    estimator.set_params(solver__momentum=0.5, learning_rate__warmup=0.2, corruption__rate=0.3)
    assert estimator.corruption.rate == 0.3
    assert estimator.solver.momentum == 0.5
    assert estimator.get_params()["learning_rate__warmup"] == 0.2
    assert "SGD(momentum=0.5)" in repr(estimator)
