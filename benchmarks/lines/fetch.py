"""Fetching a large area from a mirror of the embedding, over HTTP from a server on this machine.

Judged by memory alone. How long it takes is up to network and disk, and small boxes end before the
disk is waited for, so time is not held against size. What is downloaded is served from a few blocks
in another process, which shares the processors; what the fetch keeps and writes is as large as in
earnest and goes with the run.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import mirror_server
from benchmarks.inputs import BANDS
from benchmarks.line import Case, Clock, Line, Size, Took, Way, every, peak_at_most

if TYPE_CHECKING:
    import shapely

MIDDLE = (450_000.0, 5_650_000.0)
"""Of the box in the zone's metres, so far from the zone's edges that no other has a part of it."""
_KM = 100
_LEAST_KM = 5  # four places in two files
_STEP_M = 5_000
_BLOCK_BYTES = 650_000
_COMPARED = 40


def size(part: float) -> Size:
    """The box's side, and how many block places of 10.24 km it touches."""
    from aether_core.eo.mirror.plan import offline_estimate

    km = max(_LEAST_KM, round(_KM * part**0.5))
    return {"km": km, "places": offline_estimate(box(km)).places}


def box(km: int) -> "shapely.Geometry":
    """The boundary, in WGS84."""
    import shapely
    from pyproj import Transformer

    x, y = MIDDLE
    square = shapely.box(x - 500 * km, y - 500 * km, x + 500 * km, y + 500 * km)
    to_wgs84 = Transformer.from_crs(mirror_server.EPSG, 4326, always_xy=True)
    return shapely.transform(
        shapely.segmentize(square, _STEP_M), to_wgs84.transform, interleaved=False
    )


def prepare(case: Case) -> None:
    """Write the few blocks that the server answers with."""
    mirror_server.write_place(case.folder)


def disk_bytes(size: Size) -> int:
    """Room for the blocks as they come, and twice for what is made of them."""
    return 3 * size["places"] * BANDS * _BLOCK_BYTES + 500_000_000


def ours(case: Case) -> Took:
    """What a fetch of a city does: index, plan, blocks, one raster; checked against the blocks."""
    from aether_core.eo.mirror.fetch import fetch_mirror
    from aether_core.eo.mirror.index import fetch_index
    from aether_core.eo.mirror.plan import plan
    from aether_core.eo.mirror.zones import HALO_M
    from aether_core.net import Web

    boundary = box(case.size["km"])
    with (
        serving(case.folder) as url,
        tempfile.TemporaryDirectory(dir=case.folder) as scratch,
        Web(addresses=[url], allow_http=True) as web,
    ):
        cache, out = Path(scratch) / "cache", Path(scratch) / "out"
        out.mkdir()
        with Clock() as clock:
            index = fetch_index(web, f"{url}/annual", cache)
            tiles = index.tiles(boundary, mirror_server.YEAR)
            planned = plan(web, tiles, boundary, HALO_M, cache)
            rasters = fetch_mirror(web, planned, out)
        check(case, rasters)
        written = sum(path.stat().st_size for path in rasters)
        return Took.whole(
            clock, received=web.received, written=written, files=planned.tiles, wanted=planned.bytes
        )


@contextmanager
def serving(folder: Path, *, misbehaving: bool = False) -> Iterator[str]:
    """The mirror's server in a process of its own; gives its address.

    Args:
        folder: From `mirror_server.write_place`.
        misbehaving: It does what real ones were seen to do.
    """
    command = [sys.executable, "-m", "benchmarks.mirror_server", str(folder)]
    command += ["--misbehaving"] * misbehaving
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()


def check(case: Case, rasters: list[Path]) -> None:
    """Refuse figures of a raster that does not hold what was served, at points spread over it."""
    import rasterio

    (raster,) = rasters
    reach = 500 * case.size["km"]
    offsets = np.random.default_rng(0).uniform(-reach, reach, (_COMPARED, 2))
    place = np.load(case.folder / "place.npy", mmap_mode="r")
    with rasterio.open(raster) as dataset:
        for x, y in offsets + MIDDLE:
            (found,) = dataset.sample([(x, y)])
            served = mirror_server.served_at(place, x, y)
            assert np.array_equal(found, served), f"other numbers than served at {x}, {y}"


LINES = (
    Line(
        name="fetch",
        module=__name__,
        size=size,
        words=lambda size: (
            f"fetch a box of {size['km']} x {size['km']} km from a mirror of the embedding, "
            f"{size['places']} places of 64 blocks, to one int8 COG"
        ),
        items="places",
        prepare=prepare,
        ways={"ours": Way("fetch_index(), plan(), fetch_mirror()", ours, once=True)},
        checks=every(peak_at_most(1e9)),
        disk_bytes=disk_bytes,
        grows=False,
    ),
)
