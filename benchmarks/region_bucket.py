"""A simulated region in an object store of this machine, beside the same on its disk.

Rasters and results in the bucket, two local workers; then two ways to read a raster that lies
there: brought whole, or by windows through GDAL's /vsis3. Run: `.venv/bin/python -m
benchmarks.region_bucket --work FOLDER [--workers 2]`. The store is `localbucket`, a process of its
own, so what is measured is what the protocol costs, not a network.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from aether_core.files.whole import sha256_of
from aether_core.model.raster.block_group import SIDE as PIECE
from benchmarks.region import SIDE, make, sums
from workflows.home.settings import Settings
from workflows.locations.addresses import location_of
from workflows.locations.disk import DiskFolder
from workflows.locations.location import Location
from workflows.region.partition import CELLS
from workflows.region.region import RegionDone, RegionRequest, embed_region

_HALO = 16


@contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """A store of this machine, to which the environment leads; yields its list of requests."""
    log = folder / "requests.log"
    (folder / "buckets" / "maps").mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("w") as requests:
        server = subprocess.Popen(
            [sys.executable, "-m", "localbucket", folder / "buckets", "--port", str(port)],
            stderr=requests,
        )
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_S3_ENDPOINT": f"127.0.0.1:{port}",
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
    }
    try:
        yield log
    finally:
        server.terminate()
        server.wait()


def asked(log: Path) -> int:
    """Requests so far."""
    return sum("HTTP/1.1" in line for line in log.read_text().splitlines())


def embedded(rasters: Location, model: Path, location: Location, workers: int) -> RegionDone:
    """Embed, and print what it took."""
    done = embed_region(
        RegionRequest((rasters,), model, location, scheduler="local", workers=workers)
    )
    print(
        f"{location.address.split(':')[0] if '://' in location.address else 'disk'}:"
        f" {done.made} of {done.pieces} pieces, {done.cells:,} cells, {workers} workers:"
        f" {done.seconds:.1f} s; {done.cpu_seconds:.1f} s CPU; at most"
        f" {done.peak_bytes / 1e6:.0f} MB a worker",
        flush=True,
    )
    return done


def read_windows(path: str) -> None:
    """Read what each piece reads, the raster opened anew for each as workers do."""
    for top in range(0, SIDE, PIECE):
        for left in range(0, SIDE, PIECE):
            with rasterio.open(path) as dataset:
                row, column = max(top - _HALO, 0), max(left - _HALO, 0)
                end = min(top + PIECE + _HALO, SIDE), min(left + PIECE + _HALO, SIDE)
                dataset.read(window=Window(column, row, end[1] - column, end[0] - row))


def main() -> int:
    """Print the figures; 1 where bucket and disk differ in a bit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    rasters, model = make(chosen.work, 1)
    name = f"{time.time_ns()}"
    with serving(chosen.work) as log:
        settings = Settings(home=chosen.work / "home")
        place = location_of(settings, "s3://maps/rasters")
        while not place.is_there():
            time.sleep(0.2)
        for raster in rasters.iterdir():
            if raster.name not in place.files():
                with place.writing(raster.name) as path:
                    path.write_bytes(raster.read_bytes())
        disk, bucket = chosen.work / f"disk-{name}", location_of(settings, f"s3://maps/map-{name}")
        embedded(DiskFolder(rasters), model, DiskFolder(disk), chosen.workers)
        before = asked(log)
        embedded(place, model, bucket, chosen.workers)
        print(f"requests of all of it: {asked(log) - before}")
        before = asked(log)
        embedded(place, model, bucket, chosen.workers)
        print(f"requests where all is there: {asked(log) - before}")
        raster = next(rasters.iterdir()).name
        laps: dict[str, list[float]] = {"brought whole": [], "by windows of /vsis3": []}
        requests: dict[str, int] = {}
        for _ in range(3):
            before, began = asked(log), time.perf_counter()
            with place.file(raster) as path:
                read_windows(str(path))
            laps["brought whole"].append(time.perf_counter() - began)
            requests["brought whole"] = asked(log) - before
            before, began = asked(log), time.perf_counter()
            read_windows(f"/vsis3/maps/rasters/{raster}")
            laps["by windows of /vsis3"].append(time.perf_counter() - began)
            requests["by windows of /vsis3"] = asked(log) - before
        size = (rasters / raster).stat().st_size
        for way, took in laps.items():
            print(
                f"a raster of {size / 1e6:,.0f} MB, its 16 pieces, {way}:"
                f" {float(np.median(took)):.2f} s, {requests[way]} requests"
            )
        made = {}
        for file in bucket.files(CELLS):
            with bucket.file(file) as path:
                made[Path(file).name] = sha256_of(path)
    same = made == sums(disk)
    print("the same bits" if same else "OTHER BITS")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
