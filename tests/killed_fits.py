"""Kill fits with SIGKILL at random times, go on from their files, and compare with one left alone.

``python killed_fits.py FOLDER N_TRIALS N_KILLS``: each trial has a file of its own, and its process
is killed once at least, and up to N_KILLS times. Prints what was seen, as JSON.
"""

import hashlib
import json
import os
import pickle
import signal
import sys
import time
from pathlib import Path

import numpy as np

from skautoencoder import AutoencoderTransformer, Checkpoint, MaskingNoise

X = np.random.default_rng(0).normal(size=(300, 12)) @ np.random.default_rng(1).normal(size=(12, 12))


def fit(path):
    """Write to the pipe of a child process what a fit ends with."""
    autoencoder = AutoencoderTransformer(
        4,
        hidden_layer_sizes=16,
        max_iter=12,
        dropout=0.1,
        corruption=MaskingNoise(0.2),
        early_stopping=True,
        random_state=0,
    )
    with Checkpoint(path, every=1):
        autoencoder.fit(X)
    fitted = {name: value for name, value in vars(autoencoder).items() if name != "corruption"}
    return hashlib.sha256(pickle.dumps(fitted)).hexdigest()


def run_and_kill(path, seconds):
    """Fit in a process of its own, killed after so many seconds; its result, or None."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, fit(path).encode())
        os._exit(0)
    os.close(write_end)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(read_end) as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result or None


def timed(path):
    start = time.perf_counter()
    result = run_and_kill(path, None)
    return result, time.perf_counter() - start


def trial(path, longest, n_kills, rng):
    """Kill a fit again and again, then let it end; what it ends with, and how often it was hit."""
    n_hit = 0
    while n_hit < n_kills:
        result = run_and_kill(path, rng.uniform(0, longest))
        if result is None:
            n_hit += 1
        elif n_hit:
            return result, n_hit
        else:
            # It was over before the kill came.
            path.unlink()
    return run_and_kill(path, None), n_hit


def main(folder, n_trials, n_kills):
    whole = [timed(Path(folder) / f"whole-{number}.ckpt") for number in range(3)]
    # On a busy machine any of them may have waited; kills should fall within the fit.
    expected, seconds = min(whole, key=lambda each: each[1])
    rng = np.random.default_rng()
    trials = [
        trial(Path(folder) / f"{number}.ckpt", seconds, n_kills, rng) for number in range(n_trials)
    ]
    report = {
        "seconds": seconds,
        "trials": n_trials,
        "kills": sum(n_hit for _, n_hit in trials),
        "identical": sum(result == expected for result, _ in trials),
        "files": sorted(os.listdir(folder)),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
