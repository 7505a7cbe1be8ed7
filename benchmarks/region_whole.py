"""A region from a mirror that misbehaves to an answer, by workers of which one is killed each time.

Fetched over HTTP from a server on this machine that cuts long ranges, breaks off, turns library
agents away and asks for pauses; embedded; searched. What was fetched is held against what was
served, and pieces chosen at random are made anew by this process alone: the same bits, or it ends
with 1. Run: `.venv/bin/python -m benchmarks.region_whole --work FOLDER [--km 200] [--workers 2]`;
200 km are 17 GB and 30 minutes of two processors. It goes on where it stopped.
"""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import rasterio
import torch

from aether_core.model.files.folder import save_model
from aether_core.model.heads.heads import Heads
from benchmarks import mirror_server
from benchmarks.inputs import SEED
from benchmarks.lines.fetch import MIDDLE, box, serving
from benchmarks.region import card, search, sums
from workflows.home.settings import read_settings
from workflows.locations.disk import DiskFolder
from workflows.region.fetch import FetchRegion, fetch_region
from workflows.region.partition import RECORDS, records
from workflows.region.region import RegionRequest, embed_region

_POINTS = 400
_MADE_AGAIN = 0.03
_LET_FINISH = 3
"""So many parts are done before a worker is killed."""


class OneKilled:
    """A progress that kills one of the local workers in mid-work, and says what it did."""

    def __init__(self) -> None:
        self.pid: int | None = None

    def __call__(self, _stage: str, done: int, _total: int) -> None:
        """Kill once, as soon as enough is done by workers."""
        if self.pid is None and done >= _LET_FINISH:
            workers = [
                process.pid
                for process in psutil.Process().children(recursive=True)
                if "spawn_main" in " ".join(process.cmdline())
            ]
            if workers:  # there are none yet while the rasters are looked at
                self.pid = workers[0]
                os.kill(self.pid, signal.SIGKILL)


def fetch(work: Path, km: int, workers: int) -> Path:
    """The region's rasters, from the mirror."""
    mirror, rasters = work / "mirror", work / "rasters"
    if not mirror.exists():
        mirror.mkdir()
        mirror_server.write_place(mirror)
    with serving(mirror, misbehaving=True) as url:
        os.environ["AETHER_HOME"] = str(work / "home")
        os.environ["AETHER_ALPHAEARTH_URL"] = f"{url}/annual"
        os.environ["AETHER_NETWORK_ALLOW_HTTP"] = "true"
        killed = OneKilled()
        request = FetchRegion(box(km), mirror_server.YEAR, DiskFolder(rasters), "local", workers)
        done = fetch_region(read_settings(), request, killed)
    print(
        f"fetched {done.fetched} of {done.tiles} files, {done.megabytes:,.0f} MB,"
        f" {done.seconds:.0f} s; worker killed: {killed.pid is not None}",
        flush=True,
    )
    return rasters


def check(mirror: Path, rasters: Path, km: int) -> None:
    """Refuse rasters that hold other numbers than were served, at points spread over them."""
    place = np.load(mirror / "place.npy", mmap_mode="r")
    half = 500 * km - 2 * mirror_server.PIXEL
    points = np.random.default_rng(SEED).uniform(-half, half, (_POINTS, 2)) + MIDDLE
    found = 0
    for path in sorted(rasters.rglob("*.tif")):
        with rasterio.open(path) as dataset:
            edges = dataset.bounds
            inside = (points[:, 0] > edges.left) & (points[:, 0] < edges.right)
            inside &= (points[:, 1] > edges.bottom) & (points[:, 1] < edges.top)
            for (x, y), pixel in zip(points[inside], dataset.sample(points[inside]), strict=True):
                served = mirror_server.served_at(place, x, y)
                assert np.array_equal(pixel, served), f"other numbers than served at {x}, {y}"
            found += int(inside.sum())
    assert found >= _POINTS, f"{_POINTS - found} points lie in no raster"
    print(f"{found} pixels are those that were served")


def embed(rasters: Path, work: Path, workers: int) -> Path:
    """The region's cells, by workers."""
    model, folder, killed = work / "model", work / "map", OneKilled()
    if not model.exists():
        torch.manual_seed(SEED)
        save_model(model, Heads(), card())
    request = RegionRequest(
        (DiskFolder(rasters),), model, DiskFolder(folder), scheduler="local", workers=workers
    )
    done = embed_region(request, killed)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(
        f"embedded {done.made} of {done.pieces} pieces, {done.cells:,} cells ({done.left_out:,}"
        f" left out), {done.seconds:.0f} s; {done.cpu_seconds:.0f} s CPU of {done.processes}"
        f" processes, at most {done.peak_bytes / 1e6:.0f} MB each, {size / 1e6:,.0f} MB written;"
        f" worker killed: {killed.pid is not None}",
        flush=True,
    )
    return folder


def same_by_one_process(rasters: Path, work: Path, folder: Path) -> bool:
    """Make some pieces anew in this process; whether their files are the same to the bit."""
    again = work / "again"
    shutil.rmtree(again, ignore_errors=True)
    shutil.copytree(folder, again, copy_function=os.link)
    pieces = records(DiskFolder(folder))
    count = max(1, round(_MADE_AGAIN * len(pieces)))
    for at in np.random.default_rng(SEED).choice(len(pieces), count, replace=False):
        (again / RECORDS / f"{pieces[at].name}.json").unlink()
        for name in pieces[at].files:
            (again / name).unlink()
    done = embed_region(RegionRequest((DiskFolder(rasters),), work / "model", DiskFolder(again)))
    same = sums(again) == sums(folder)
    print(f"{done.made} pieces by this process alone: {'the same bits' if same else 'OTHER BITS'}")
    return same


def main() -> int:
    """Print the figures; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--km", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    rasters = fetch(chosen.work, chosen.km, chosen.workers)
    check(chosen.work / "mirror", rasters, chosen.km)
    folder = embed(rasters, chosen.work, chosen.workers)
    same = same_by_one_process(rasters, chosen.work, folder)
    search(folder)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
