"""A simulated region of many cells, searched in parts by this process and by workers.

Random unit vectors in pieces of 131,072 cells, as the files of a region hold them. Run:
`.venv/bin/python -m benchmarks.region_search --work FOLDER [--cells 10000000] [--workers 1 2]`;
10 million cells take 12 GB of the disk.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import LocalCluster
from numpy.typing import NDArray

from aether_core.files.whole import sha256_of
from aether_core.search.nearest import Best, best_of_parts
from benchmarks.inputs import SEED, unit_rows
from workflows.locations.disk import DiskFolder
from workflows.region.partition import CELLS, RECORDS, Partition, records, write_record
from workflows.region.scan import Part, ScanTask, parts_of, scan
from workflows.schedulers.schedulers import HERE, compute

PIECE = 131_072
DIM = 128
_QUERIES = 9
_TOP = 1000


def make(folder: Path, cells: int) -> None:
    """The pieces of a region with so many cells, kept for the next run."""
    location = DiskFolder(folder)
    location.begin((CELLS, RECORDS))
    for start in range(0, cells, PIECE):
        name = f"00-{start // PIECE:04d}-0000"
        if location.read(f"{RECORDS}/{name}.json") is not None:
            continue
        count = min(PIECE, cells - start)
        z = unit_rows(np.random.default_rng(SEED + start), count, DIM)
        table = pa.table(
            {
                "h3": np.arange(start, start + count, dtype=np.uint64),
                "vector": pa.ListArray.from_arrays(
                    np.arange(0, z.size + 1, DIM, dtype=np.int32), z.reshape(-1)
                ),
            }
        )
        file = f"{CELLS}/{name}.parquet"
        with location.writing(file) as path:
            pq.write_table(table, path, compression="none", use_dictionary=False)
            sum_ = sha256_of(path)
        write_record(location, Partition(name, "k", count, 0, 0, 0, 0, 0, 0, {file: sum_}))


def ask(
    parts: list[Part], scheduler: str, location: DiskFolder, direction: NDArray[np.float32]
) -> tuple[list[int], Best]:
    """The best cells and what ranks them, as `search_region` finds them."""
    tasks = [ScanTask(number, part, direction, _TOP) for number, part in enumerate(parts)]
    found = sorted(compute(scheduler, 1, scan, tasks, location), key=lambda part: part.number)
    best = best_of_parts([part.best for part in found], _TOP)
    return np.concatenate([part.cells for part in found])[best.rows].tolist(), best


def main() -> int:
    """Print the figures; 1 where two ways find different lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    chosen = parser.parse_args()
    folder = chosen.work / f"cells-{chosen.cells}"
    began = time.perf_counter()
    make(folder, chosen.cells)
    location = DiskFolder(folder)
    parts = parts_of(location, folder, records(location))
    print(
        f"{chosen.cells:,} cells in {len(parts)} parts, written in"
        f" {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    directions = unit_rows(np.random.default_rng(SEED + 1), _QUERIES, DIM)
    expected: list[tuple[list[int], bytes]] = []
    for workers in (0, *chosen.workers):
        with LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster:
            scheduler = cluster.scheduler_address if workers else HERE
            began = time.perf_counter()
            ask(parts, scheduler, location, directions[0])
            first = time.perf_counter() - began
            laps, scored = [], 0
            for number, direction in enumerate(directions):
                began = time.perf_counter()
                cells, best = ask(parts, scheduler, location, direction)
                laps.append(time.perf_counter() - began)
                scored += best.scored
                found = cells, best.score.tobytes() + best.percentile.tobytes()
                if workers == 0:
                    expected.append(found)
                elif expected[number] != found:
                    print("OTHER LISTS")
                    return 1
            print(
                f"{f'{workers} workers' if workers else 'this process'}: the best {_TOP:,} in"
                f" {float(np.median(laps)):.2f} s (median of {_QUERIES}; least {min(laps):.2f});"
                f" {scored // _QUERIES:,} scored in float32; the first question {first:.1f} s,"
                f" {psutil.Process().memory_info().rss / 1e6:,.0f} MB here",
                flush=True,
            )
    print("the same lists, to the bit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
