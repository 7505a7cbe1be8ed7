"""Pooling places from a float32 raster, stored plainly and stored as exports come.

The plain way reads one window a place and radius, through GDAL's block cache, which holds the whole
raster once it has been met. It is given the places in the raster's CRS; ours starts from longitude
and latitude.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import write_places, write_raster
from benchmarks.line import Case, Clock, Line, Size, Took, Way, at_least_times, every, peak_at_most

if TYPE_CHECKING:
    from aether_core.eo.pooling.view import View

RADII_PX = (4, 9)
_RADII_M = (100.0, 225.0)
_PLAIN: dict[str, Any] = {}  # what rasterio writes when nothing is asked for: strips, unpacked
_PACKED = {"tiled": True, "interleave": "pixel", "compress": "deflate", "predictor": 3}
_COMPARED = 200
_SHARE = (2_000, 2_000)


def size(part: float) -> Size:
    """Places and the raster's area shrink together."""
    return {"places": max(200, round(100_000 * part)), "side": max(90, round(1500 * part**0.5))}


def prepare(case: Case) -> None:
    """Write places, and the raster as rasterio does untold."""
    _prepare(case, _PLAIN)


def prepare_packed(case: Case) -> None:
    """Write places, and the raster in packed tiles."""
    _prepare(case, _PACKED)


def _prepare(case: Case, layout: dict[str, Any]) -> None:
    write_raster(case.folder / "embedding.tif", case.size["side"], "float32", **layout)
    write_places(case.folder / "places", case.size["side"], case.size["places"])


def pool_ours(raster: Path, places: Path, keep: Path) -> Clock:
    """Open, check and pool both windows; the time of all of it."""
    from aether_core.eo.pooling.view import View

    views = [View(str(radius), "square", radius_px=radius) for radius in RADII_PX]
    clock, vectors = _pool(raster, places, views)
    np.save(keep, vectors[:, :_COMPARED])
    return clock


def _pool(raster: Path, places: Path, views: "Sequence[View]") -> tuple[Clock, NDArray[np.float32]]:
    from aether_core.eo.embedding import open_embedding

    lonlat = np.load(places)["lonlat"]
    with Clock() as clock:
        vectors = open_embedding([raster]).pool(lonlat, views).vectors
    return clock, vectors


def ours(case: Case) -> Took:
    """`open_embedding(...).pool(...)`, opening and checking included."""
    clock = pool_ours(
        case.folder / "embedding.tif", case.folder / "places.npz", case.folder / "ours.npy"
    )
    return Took.whole(clock)


def disks(case: Case) -> Took:
    """Disks in metres, the paper's buffer, instead of square windows."""
    from aether_core.eo.pooling.view import View

    views = [View(f"{radius:g}", "disk", radius_m=radius) for radius in _RADII_M]
    clock, _ = _pool(case.folder / "embedding.tif", case.folder / "places.npz", views)
    return Took.whole(clock)


def window_loop(case: Case) -> Took:
    """One rasterio window a place and radius."""
    took, vectors = loop_over(
        case.folder / "embedding.tif", np.load(case.folder / "places.npz")["xy"]
    )
    np.save(case.folder / "plain.npy", vectors[:, :_COMPARED])
    return took


def loop_over(raster: Path, xy: NDArray[np.float64]) -> tuple[Took, NDArray[np.float32]]:
    """Read each window, average it and bring the mean to unit length.

    int8 pixels are dequantised as their readme says.

    Args:
        raster: The file.
        xy: Places in its CRS, float64 `[n, 2]`; a share of them is run, from the first on.
    """
    import rasterio
    from rasterio.windows import Window

    total = len(xy)
    first, rest = min(_SHARE[0], total // 2), min(_SHARE[1], total - total // 2)
    vectors = np.empty((len(RADII_PX), first + rest, 64), dtype=np.float32)
    with rasterio.open(raster) as dataset:

        def pool(place: int) -> None:
            row, column = dataset.index(*xy[place])
            for which, radius in enumerate(RADII_PX):
                side = 2 * radius + 1
                pixels = dataset.read(window=Window(column - radius, row - radius, side, side))
                if pixels.dtype == np.int8:
                    pixels = np.sign(pixels) * (pixels.astype(np.float32) / 127.5) ** 2
                mean = pixels.mean(axis=(1, 2))
                vectors[which, place] = mean / np.linalg.norm(mean)

        with Clock() as warming:
            for place in range(first):
                pool(place)
        with Clock() as steady:
            for place in range(first, first + rest):
                pool(place)
    return Took.scaled(warming, steady, (first, rest), total), vectors


def array_loop(case: Case) -> Took:
    """The whole raster read into memory, then one slice a place and radius."""
    import rasterio

    xy = np.load(case.folder / "places.npz")["xy"]
    with Clock() as clock:
        with rasterio.open(case.folder / "embedding.tif") as dataset:
            pixels = np.ascontiguousarray(np.moveaxis(dataset.read(), 0, 2))
            rows, columns = rasterio.transform.rowcol(dataset.transform, *xy.T)
        vectors = np.empty((len(RADII_PX), len(xy), 64), dtype=np.float32)
        for place, (row, column) in enumerate(zip(rows, columns, strict=True)):
            for which, radius in enumerate(RADII_PX):
                window = pixels[
                    row - radius : row + radius + 1, column - radius : column + radius + 1
                ]
                mean = window.mean(axis=(0, 1))
                vectors[which, place] = mean / np.linalg.norm(mean)
    return Took.whole(clock)


def agree(folder: Path) -> None:
    """Refuse figures of two ways that pool differently."""
    difference = np.abs(np.load(folder / "ours.npy") - np.load(folder / "plain.npy")).max()
    assert difference < 1e-5, f"the two ways differ by {difference}"


def _line(name: str, layout: str, prepared: Callable[[Case], None]) -> Line:
    return Line(
        name=name,
        module=__name__,
        size=size,
        words=lambda size: (
            f"pool {size['places']:,} places, windows of radius 4 and 9 px, {size['side']:,} x "
            f"{size['side']:,} x 64 float32 raster ({layout}), reading included"
        ),
        items="places",
        prepare=prepared,
        ways={
            "ours": Way("open_embedding().pool()", ours),
            "reference": Way("a rasterio window a place and radius", window_loop),
            "disks": Way("ours, disks of 100 and 225 m", disks),
            "array": Way("the raster read whole, then a slice a place and radius", array_loop),
        },
        checks=every(at_least_times(30), peak_at_most(1.5e9)),
        agree=agree,
    )


LINES = (
    _line("pool", "strips", prepare),
    _line("pool-packed", "DEFLATE tiles", prepare_packed),
)
