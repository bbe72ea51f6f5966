"""The from-scratch engine: NumPy and SciPy only, knows no estimator.

`trainer` is the only module that knows solvers and schedules together; it knows no loss.
"""
