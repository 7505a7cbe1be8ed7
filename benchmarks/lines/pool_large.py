"""Pooling from a raster far larger than memory should hold, and what its cost grows with.

Beside the whole raster, the places of its north-west sixteenth are pooled twice: from the large
file, and from a small file that ends where that corner does. Were the cost to follow the raster's
area, the first would take longer than the second.
"""

from pathlib import Path

import numpy as np

from benchmarks.inputs import NORTH, PATCH, PIXEL, WEST, write_large_cog, write_places
from benchmarks.line import Case, Check, Line, Measured, Size, Took, Way, every, peak_at_most
from benchmarks.lines import pool

_MOST_FOR_AREA = 1.25
"""How much longer the corner of the large file may take than the small file, noise included."""


def size(part: float) -> Size:
    """Places and the raster's area shrink together."""
    return {"places": max(320, round(100_000 * part)), "side": max(400, round(10_000 * part**0.5))}


def disk_bytes(size: Size) -> int:
    """Both files with overviews, and as much again that GDAL puts aside while it writes them."""
    return 64 * size["side"] ** 2 * 2


def prepare(case: Case) -> None:
    """Write both rasters and both sets of places."""
    side, places = case.size["side"], case.size["places"]
    patch = min(side, PATCH)
    write_large_cog(case.folder / "embedding.tif", side, patch)
    write_large_cog(case.folder / "corner.tif", side // 4, patch)
    write_places(case.folder / "places", side, places)
    write_places(case.folder / "corner", side, places // 16, side // 4)


def ours(case: Case) -> Took:
    """Places over all of the raster."""
    return pool.ours(case)


def corner_of_large(case: Case) -> Took:
    """Places in a sixteenth of the large raster."""
    clock = pool.pool_ours(
        case.folder / "embedding.tif", case.folder / "corner.npz", case.folder / "large.npy"
    )
    return Took.whole(clock)


def corner_alone(case: Case) -> Took:
    """The same places from a raster that is no larger than they need."""
    clock = pool.pool_ours(
        case.folder / "corner.tif", case.folder / "corner.npz", case.folder / "small.npy"
    )
    return Took.whole(clock)


def window_loop(case: Case) -> Took:
    """One window a place and radius, the places sorted by the block they lie in.

    Unsorted, nearly every window would unpack blocks that GDAL's cache has dropped meanwhile, and
    the loop would take hours.
    """
    xy = np.load(case.folder / "places.npz")["xy"]
    column, row = np.floor((xy - (WEST, NORTH)) / (512 * PIXEL, -512 * PIXEL)).T
    took, _ = pool.loop_over(case.folder / "embedding.tif", xy[np.lexsort((column, row))])
    return took


def agree(folder: Path) -> None:
    """Refuse figures when the corner of the large file is not what the small file is."""
    large, small = (np.load(folder / f"{name}.npy") for name in ("large", "small"))
    assert np.abs(large - small).max() < 1e-6, "the two files differ"


def area_does_not_matter(measured: Measured) -> Check:
    """Time of the corner in the large file against the small one."""
    value = measured["corner"].seconds / measured["small"].seconds
    words = "the same blocks of a raster 16 times as large take times as long"
    return Check(words, value, _MOST_FOR_AREA, "x", at_least=False)


LINES = (
    Line(
        name="pool-large",
        module=__name__,
        size=size,
        words=lambda size: (
            f"pool {size['places']:,} places over all of a {size['side']:,} x {size['side']:,} "
            "int8 COG"
        ),
        items="places",
        prepare=prepare,
        ways={
            "ours": Way("open_embedding().pool()", ours),
            "reference": Way(
                "a rasterio window a place and radius, sorted by block", window_loop, once=True
            ),
            "corner": Way("ours, a sixteenth of the blocks", corner_of_large),
            "small": Way("ours, those blocks as a raster of their own", corner_alone),
        },
        checks=every(peak_at_most(2e9), area_does_not_matter),
        agree=agree,
        disk_bytes=disk_bytes,
    ),
)
