"""Whether two things are the same to the last bit."""

import numpy as np


def assert_same(before, after):
    """Equal to the last bit, in all that they hold."""
    assert type(before) is type(after)
    if isinstance(before, np.ndarray):
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before, after, strict=True)
    elif isinstance(before, np.random.RandomState):
        assert_same(before.get_state(legacy=False), after.get_state(legacy=False))
    elif isinstance(before, dict):
        assert before.keys() == after.keys()
        for key in before:
            assert_same(before[key], after[key])
    elif isinstance(before, (list, tuple)):
        assert len(before) == len(after)
        for pair in zip(before, after, strict=True):
            assert_same(*pair)
    elif hasattr(before, "__dict__"):
        assert_same(vars(before), vars(after))
    else:
        assert before == after or before is after or (before != before and after != after)
