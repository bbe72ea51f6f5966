"""The state in which infinities and NaN arise: silently, to be found by what is made of them."""

import numpy as np


def quiet_overflow():
    """Context in which infinities, NaN and numbers too small arise silently.

    What diverges is seen by its loss, whatever the caller's floating-point error state.
    """
    return np.errstate(all="ignore")
