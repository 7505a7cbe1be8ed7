"""The raster that a city gets of public data: its blocks as they are made, overviews, the file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

from aether_core.eo.alphaearth import ATTRIBUTION, BAND_NAMES, BANDS, INT8_NODATA
from aether_core.eo.cog.block_store import BlockStore
from aether_core.eo.cog.layout import CogHeader, write_cog
from aether_core.eo.cog.pyramid import BLOCK, FACTOR, Level, encode_block, parts_of
from aether_core.eo.mirror.zones import zone_epsg
from aether_core.eo.raster.file import open_raster
from aether_core.errors import InputError

_KEY_TAG = "MADE_OF"


@dataclass(frozen=True)
class PlacedPyramid:
    """A raster of 256 x 256 blocks, its overviews, and where it lies.

    Args:
        zone: UTM zone, e.g. "34N".
        transform: North-up, in the zone's metres.
        levels: The full size and its overviews.
    """

    zone: str
    transform: Affine
    levels: tuple[Level, ...]


def add_block(made: BlockStore, level: int, number: int, planar: NDArray[np.int8]) -> None:
    """Keep a block, and every fourth pixel of it for the next overview.

    Args:
        made: Takes it.
        level: 0 is the full size.
        number: Which block of the level.
        planar: int8 `[64, 256, 256]`, row 0 in the north; -128 is no data.
    """
    block = np.empty((BLOCK, BLOCK, BANDS), dtype=np.int8)
    for row in range(BLOCK):  # row by row stays in the processor's cache: five times as fast
        block[row] = np.ascontiguousarray(planar[:, row]).T
    reduced = block[FACTOR // 2 :: FACTOR, FACTOR // 2 :: FACTOR]
    valid = int(np.count_nonzero((block != INT8_NODATA).all(axis=2)))
    made.add(level, number, encode_block(block), reduced.tobytes(), valid=valid)


def make_overviews(levels: tuple[Level, ...], made: BlockStore) -> None:
    """Make all overviews that are not there yet from the blocks of the full size."""
    side = BLOCK // FACTOR
    for level in range(1, len(levels)):
        for number in range(levels[level].blocks):
            below = [
                part for part in parts_of(levels, level, number) if (level - 1, part[0]) in made
            ]
            if not below or (level, number) in made:
                continue
            values = np.full((BANDS, BLOCK, BLOCK), INT8_NODATA, dtype=np.int8)
            for block, row, column in below:
                part = np.frombuffer(made.reduced(level - 1, block), dtype=np.int8)
                planar = part.reshape(side, side, BANDS).transpose(2, 0, 1)
                values[:, row : row + side, column : column + side] = planar
            add_block(made, level, number, values)


def lay_out(
    path: Path,
    raster: PlacedPyramid,
    made: BlockStore,
    key: str,
    tags: Mapping[str, str],
    keep_alive: Callable[[], None],
) -> None:
    """Write the file from the raster's blocks.

    Args:
        path: The `.tif`.
        raster: Its place and levels.
        made: All its blocks.
        key: What it is made of, told by `is_made_of` again.
        tags: Dataset tags besides attribution and zone.
        keep_alive: Called before each block; what it raises stops the work.
    """
    header = CogHeader(
        crs=CRS.from_epsg(zone_epsg(raster.zone)),
        transform=raster.transform,
        names=BAND_NAMES,
        dtype="int8",
        nodata=INT8_NODATA,
        tags={
            "ATTRIBUTION": ATTRIBUTION,
            "UTM_ZONE": raster.zone,
            "OVERVIEWS": f"one of {FACTOR} x {FACTOR} pixels",
            **tags,
            _KEY_TAG: key,
        },
    )
    present = made.lengths()
    lengths = [
        [present.get((number, block), 0) for block in range(level.blocks)]
        for number, level in enumerate(raster.levels)
    ]

    def block(level: int, number: int) -> bytes:
        keep_alive()
        return made.block(level, number)

    write_cog(path, header, raster.levels, lengths, block)


def is_made_of(target: Path, key: str) -> bool:
    """Whether a whole raster of exactly this is there."""
    if not target.exists():
        return False
    try:
        with open_raster(target) as dataset:
            return bool(dataset.tags().get(_KEY_TAG) == key)
    except InputError:
        return False
