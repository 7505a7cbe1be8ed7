"""One local raster a zone from the mirror's blocks: int8, north-up, cloud-optimised.

Its blocks lie on the lattice of the mirror's, so that each takes its pixels from one place; only
those that touch the area are stored. One place at a time is in memory.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.transform import Affine

from aether_core.eo.alphaearth import BANDS, INT8_NODATA
from aether_core.eo.cog.block_store import BlockStore, open_block_store
from aether_core.eo.cog.pyramid import BLOCK, Level, pyramid
from aether_core.eo.mirror.blocks import checked_place, open_blocks
from aether_core.eo.mirror.local_raster import (
    PlacedPyramid,
    add_block,
    is_made_of,
    lay_out,
    make_overviews,
)
from aether_core.eo.mirror.plan import PlannedTile, PlannedZone
from aether_core.eo.mirror.step_counter import StepCounter
from aether_core.eo.mirror.zones import squares_touched
from aether_core.files.whole import atomic_path
from aether_core.net import Web

_LAYOUT = 1


@dataclass(frozen=True)
class LocalGrid:
    """The raster of a zone: a window of the mirror's lattice in whole blocks.

    Args:
        zone: What it is made from.
    """

    zone: PlannedZone

    @property
    def _first(self) -> PlannedTile:
        return self.zone.tiles[0]

    @property
    def side(self) -> float:
        """Of a block in metres."""
        return BLOCK * self._first.layout.pixel

    @cached_property
    def touched(self) -> frozenset[tuple[int, int]]:
        """Blocks that touch the area, (down, across) from the first file's north-west corner."""
        layout = self._first.layout
        boxes = squares_touched(self.zone.part.outline, layout.west, layout.north, self.side)
        covered = {block for tile in self.zone.tiles for block in self._blocks_of(tile)}
        return frozenset((box.top, box.left) for box in boxes) & covered

    @cached_property
    def corner(self) -> tuple[int, int]:
        """The raster's north-west block, counted as `touched` is."""
        return min(down for down, _ in self.touched), min(across for _, across in self.touched)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The full size and its overviews."""
        down, across = self.corner
        height = (max(row for row, _ in self.touched) - down + 1) * BLOCK
        width = (max(column for _, column in self.touched) - across + 1) * BLOCK
        return pyramid(width, height)

    @property
    def transform(self) -> Affine:
        """North-up."""
        layout, (down, across) = self._first.layout, self.corner
        west, north = layout.west + across * self.side, layout.north - down * self.side
        return Affine(layout.pixel, 0, west, 0, -layout.pixel, north)

    def number(self, block: tuple[int, int]) -> int:
        """Number in the raster of a block of `touched`."""
        down, across = block[0] - self.corner[0], block[1] - self.corner[1]
        return down * self.levels[0].columns + across

    def units(self, tile: PlannedTile) -> dict[tuple[int, int], list[int]]:
        """Return which places of a file make which squares of the mirror's or our block size."""
        layout = tile.layout
        unit = max(layout.block, BLOCK)
        made: dict[tuple[int, int], list[int]] = {}
        for place in tile.places:
            down, across = layout.corner(place)
            made.setdefault((down // unit * unit, across // unit * unit), []).append(place)
        return made

    def block_at(self, tile: PlannedTile, down: int, across: int) -> tuple[int, int]:
        """Return the block, as `touched` counts, at pixels from a file's north-west corner."""
        layout, first = tile.layout, self._first.layout
        south = round((first.north - layout.north) / layout.pixel)
        east = round((layout.west - first.west) / layout.pixel)
        return (south + down) // BLOCK, (east + across) // BLOCK

    def _blocks_of(self, tile: PlannedTile) -> Iterator[tuple[int, int]]:
        unit = max(tile.layout.block, BLOCK)
        for down, across in self.units(tile):
            for row in range(down, down + unit, BLOCK):
                for column in range(across, across + unit, BLOCK):
                    yield self.block_at(tile, row, column)


def assemble_zone(
    web: Web,
    zone: PlannedZone,
    target: Path,
    *,
    tags: dict[str, str],
    counter: StepCounter,
) -> None:
    """Write the raster of a zone from the blocks kept, whole or not at all.

    A raster that is there already and was made of the same is left as it is.

    Args:
        web: Asked again for what proves bad.
        zone: All its blocks lie in the cache.
        target: A `.tif`; its blocks made so far lie beside it until it is whole.
        tags: Dataset tags besides attribution and zone.
        counter: Counts places.

    Raises:
        RemoteError: A place holds no embedding.
        DiskFullError: No room left; nothing that came is downloaded again.
    """
    key = _key(zone, tags)
    if is_made_of(target, key):
        counter.add(sum(len(tile.places) for tile in zone.tiles))
        return
    grid = LocalGrid(zone)
    path = target.with_name(f"{key}.blocks")
    with open_block_store(path, waiting=counter.report_waiting) as made:
        for tile in zone.tiles:
            _make_blocks(web, grid, tile, made, counter)
        make_overviews(grid.levels, made)
        with atomic_path(target, force=True) as temporary:
            placed = PlacedPyramid(grid.zone.part.zone, grid.transform, grid.levels)
            lay_out(temporary, placed, made, key, tags, counter.keep_alive)
        path.unlink()


def _make_blocks(
    web: Web, grid: LocalGrid, tile: PlannedTile, made: BlockStore, counter: StepCounter
) -> None:
    """Make the blocks of the raster that lie in one file."""
    unit = max(tile.layout.block, BLOCK)
    with open_blocks(tile, counter.report_waiting) as store:
        for (top, left), places in grid.units(tile).items():
            wanted = [
                (row, column)
                for row in range(0, unit, BLOCK)
                for column in range(0, unit, BLOCK)
                if grid.block_at(tile, top + row, left + column) in grid.touched
            ]
            numbers = [
                grid.number(grid.block_at(tile, top + row, left + column)) for row, column in wanted
            ]
            if not all((0, number) in made for number in numbers):
                values = _unit(web, tile, store, places, unit, counter)
                for number, (row, column) in zip(numbers, wanted, strict=True):
                    add_block(
                        made, 0, number, values[:, row : row + BLOCK, column : column + BLOCK]
                    )
            counter.add(len(places))


def _unit(
    web: Web,
    tile: PlannedTile,
    store: BlockStore,
    places: list[int],
    unit: int,
    counter: StepCounter,
) -> NDArray[np.int8]:
    """Unpack the places of one square, int8 `[bands, unit, unit]`, row 0 in the north."""
    side = tile.layout.block
    if unit == side:
        return checked_place(web, tile, store, places[0], counter.keep_alive).values
    values = np.full((BANDS, unit, unit), INT8_NODATA, dtype=np.int8)
    for place in places:
        down, across = (at % unit for at in tile.layout.corner(place))
        found = checked_place(web, tile, store, place, counter.keep_alive).values
        values[:, down : down + side, across : across + side] = found
    return values


def _key(zone: PlannedZone, tags: dict[str, str]) -> str:
    """Name the work by everything that decides the bytes of the raster."""
    decided_by: list[Any] = [
        _LAYOUT,
        zone.part.zone,
        zone.part.outline.wkb_hex,
        sorted(tags.items()),
    ]
    decided_by += [(tile.file.url, tile.file.etag, tile.file.size) for tile in zone.tiles]
    return hashlib.sha256(repr(decided_by).encode()).hexdigest()[:32]
