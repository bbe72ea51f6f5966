import math

import numpy as np
import pytest

from skautoencoder.network.schedules import (
    SCHEDULES,
    AdaptiveSchedule,
    ConstantSchedule,
    CosineSchedule,
    InvScalingSchedule,
    OneCycleSchedule,
    PlannedSchedule,
    Schedule,
)


def factors(schedule, n_steps=100):
    return np.array([schedule.factor(step, n_steps) for step in range(n_steps)])


def test_every_schedule_has_a_name():
    families = {*Schedule.__subclasses__(), *PlannedSchedule.__subclasses__()}
    assert set(SCHEDULES.values()) == families - {PlannedSchedule}


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_positive_and_at_most_one(name):
    for n_steps in (1, 2, 3, 57):
        curve = factors(SCHEDULES[name](), n_steps)
        assert (curve > 0).all()
        assert (curve <= 1).all()


@pytest.mark.parametrize("schedule", [ConstantSchedule(), AdaptiveSchedule()])
def test_constant_and_adaptive_do_not_move_by_themselves(schedule):
    assert (factors(schedule) == 1).all()


def test_invscaling_is_a_power_of_the_step():
    np.testing.assert_allclose(factors(InvScalingSchedule(power_t=0.3)), np.arange(1, 101) ** -0.3)


def test_cosine_warms_up_linearly_and_then_falls_along_half_a_cosine():
    curve = factors(CosineSchedule(warmup=0.1), 110)
    np.testing.assert_allclose(curve[:11], np.arange(1, 12) / 11)
    np.testing.assert_allclose(curve[11:], 0.5 * (1 + np.cos(np.pi * np.arange(99) / 99)))


def test_one_cycle_rises_to_one_and_falls_to_its_end():
    curve = factors(OneCycleSchedule(warmup=0.25, start=0.1, end=0.01))
    assert curve[0] == pytest.approx(0.1)
    assert curve[25] == 1
    assert (np.diff(curve[:26]) > 0).all()
    assert (np.diff(curve[25:]) < 0).all()
    assert curve[-1] == pytest.approx(0.01, abs=2e-3)


@pytest.mark.parametrize("schedule", [CosineSchedule(), OneCycleSchedule()])
def test_without_a_planned_end_annealing_schedules_hold_their_peak(schedule):
    assert schedule.has_planned_end
    assert schedule.factor(3, None) == schedule.factor(10**6, None) == 1


def test_adaptive_cuts_the_rate_a_limited_number_of_times():
    schedule = AdaptiveSchedule(decay=0.5, max_decays=2)
    assert [schedule.factor_after_plateau(n) for n in (1, 2, 3)] == [0.5, 0.5, None]


@pytest.mark.parametrize("name", sorted(SCHEDULES.keys() - {"adaptive"}))
def test_other_schedules_let_a_plateau_end_training(name):
    assert SCHEDULES[name]().factor_after_plateau(1) is None


@pytest.mark.parametrize(
    ("name", "in_fit", "in_partial_fit"),
    [
        ("constant", False, False),
        ("invscaling", True, True),
        ("adaptive", True, False),
        ("cosine", True, False),
        ("one_cycle", True, False),
    ],
)
def test_schedules_know_where_they_lower_the_rate(name, in_fit, in_partial_fit):
    schedule = SCHEDULES[name]()
    assert (schedule.lowers_rate(True), schedule.lowers_rate(False)) == (in_fit, in_partial_fit)


@pytest.mark.parametrize(
    ("schedule", "name"),
    [
        (InvScalingSchedule(power_t=-1), "power_t"),
        (AdaptiveSchedule(decay=0), "decay"),
        (AdaptiveSchedule(decay=1.0), "decay"),
        (AdaptiveSchedule(max_decays=-1), "max_decays"),
        (AdaptiveSchedule(max_decays=2.5), "max_decays"),
        (CosineSchedule(warmup=1.0), "warmup"),
        (OneCycleSchedule(warmup=-0.1), "warmup"),
        (OneCycleSchedule(start=1.5), "start"),
        (OneCycleSchedule(end=math.inf), "end"),
    ],
)
def test_a_parameter_out_of_range_is_named(schedule, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(schedule).__name__}"):
        schedule.check()
