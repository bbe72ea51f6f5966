"""Codes of a Dask array of 20 GB on two workers of 1 GiB each, and how much memory these take."""

import argparse
import time

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from skautoencoder import AutoencoderTransformer

N_FEATURES = 256
ROWS_PER_BLOCK = 50_000
N_WORKERS = 2


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--short", action="store_true", help="a few blocks, to see that it runs")
    options = parser.parse_args()
    n_bytes = 4e8 if options.short else options.gigabytes * 1e9
    n_blocks = int(np.ceil(n_bytes / (4 * N_FEATURES * ROWS_PER_BLOCK)))
    X = da.map_blocks(
        make_block,
        chunks=((ROWS_PER_BLOCK,) * n_blocks, (N_FEATURES,)),
        dtype=np.float32,
        meta=np.empty((0, 0), np.float32),
    )
    autoencoder = AutoencoderTransformer(8, hidden_layer_sizes=64, max_iter=1, random_state=0)
    autoencoder.fit(make_block({None: {"chunk-location": (0, 0)}})[:5000])
    with (
        LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            memory_limit="1GiB",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        start = time.perf_counter()
        total = autoencoder.transform(X).sum(axis=0).compute()
        seconds = time.perf_counter() - start
        peaks = client.run(peak_memory)
    print(f"{X.nbytes / 1e9:.1f} GB in {n_blocks} blocks: {seconds:.0f} s")
    print(f"workers of 1024 MiB, peaks: {', '.join(f'{each:.0f} MiB' for each in peaks.values())}")
    print(f"sum of the codes: {total}")


def make_block(block_info):
    """Rows of low rank with noise, seeded by the number of their block."""
    rng = np.random.default_rng(block_info[None]["chunk-location"][0])
    maps = np.random.default_rng(0).normal(size=(8, N_FEATURES)).astype(np.float32)
    rows = rng.standard_normal((ROWS_PER_BLOCK, 8), np.float32) @ maps
    rows += rng.standard_normal(rows.shape, np.float32)
    return rows


def peak_memory():
    """Of this process, in MiB (Linux)."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
