"""The from-scratch engine: NumPy and SciPy only, knows no estimator.

`training` is the only module that knows solvers, schedules and losses together.
"""
