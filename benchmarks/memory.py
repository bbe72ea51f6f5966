"""Peak memory of one fit above its data, measured in a process of its own."""

import json
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np


def peak_memory(n_rows, kind):
    """MiB above the data: what NumPy and Python allocate, and what the process holds."""
    run = subprocess.run(
        [sys.executable, __file__, str(n_rows), kind], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def load(n_rows, kind, folder):
    X = np.random.default_rng(0).uniform(size=(n_rows, 64)).astype(np.float32)
    if kind == "array":
        return X
    path = Path(folder) / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def anonymous_memory():
    """Resident memory of this process without pages of mapped files, in MiB (Linux)."""
    fields = dict(
        line.split(":")
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":" in line
    )
    return int(fields["RssAnon"].split()[0]) / 1024


def main():
    from skautoencoder import AutoencoderTransformer

    n_rows, kind = int(sys.argv[1]), sys.argv[2]
    # Whatever is only set up once (threads, lazy imports) is not the fit's.
    AutoencoderTransformer(max_iter=1).fit(np.zeros((100, 64), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        X = load(n_rows, kind, folder)
        residents = [anonymous_memory()]
        autoencoder = AutoencoderTransformer(max_iter=1, random_state=0)
        sampler = ResidentSampler(residents)
        with sampler:
            autoencoder.fit(X)
        tracemalloc.start()
        autoencoder.fit(X)
        allocated = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        del X
    print(json.dumps([allocated, max(residents) - residents[0]]))


class ResidentSampler:
    """Appends the resident memory every few milliseconds while the context is open."""

    def __init__(self, samples):
        self.samples = samples
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self):
        while not self._stop.wait(0.005):
            self.samples.append(anonymous_memory())

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *exception):
        self._stop.set()
        self._thread.join()


if __name__ == "__main__":
    main()
