"""Helpers that know no estimator: files, threads, random numbers, the lines that are shown."""
