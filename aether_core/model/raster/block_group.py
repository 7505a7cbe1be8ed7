"""Block groups: the pieces a region is cut into, 1024 x 1024 pixels on the lattice of its rasters.

A piece is the same whoever computes it, so nothing depends on how many compute. H3 cells belong to
the group their centre's pixel lies in, of the first grid that has a file there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from shapely.geometry.base import BaseGeometry

from aether_core.city.cells import Cells, cells_of
from aether_core.eo.raster.grid import Grid, outline
from aether_core.eo.raster.rectangle import Box, box_of
from aether_core.errors import InputError

SIDE = 1024
_MARGIN_PX = 2


@dataclass(frozen=True, order=True)
class BlockGroup:
    """A square of pixels.

    Attributes:
        grid: Number of its grid in the embedding.
        row: How many squares lie north of it in its grid.
        column: How many lie west of it.
    """

    grid: int
    row: int
    column: int

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.grid:02d}-{self.row:04d}-{self.column:04d}"

    @property
    def box(self) -> Box:
        """Its pixels in the grid, beyond the grid's edges, too."""
        top, left = self.row * SIDE, self.column * SIDE
        return Box(top, top + SIDE, left, left + SIDE)


def block_groups(grids: Sequence[Grid]) -> list[BlockGroup]:
    """All groups in which a file has pixels, north to south and west to east in each grid."""
    return sorted(
        {group for number, grid in enumerate(grids) for group in _groups_of(number, grid)}
    )


def _groups_of(number: int, grid: Grid) -> Iterator[BlockGroup]:
    for placed in grid.files:
        box = box_of(placed)
        for row in range(box.top // SIDE, -(-box.bottom // SIDE)):
            for column in range(box.left // SIDE, -(-box.right // SIDE)):
                yield BlockGroup(number, row, column)


def pixels_of(grids: Sequence[Grid], group: BlockGroup) -> Box:
    """The group's pixels inside the extent of its grid's files."""
    boxes = [box_of(placed) for placed in grids[group.grid].files]
    extent = Box(0, max(box.bottom for box in boxes), 0, max(box.right for box in boxes))
    return group.box.meet(extent)


def area_of(grids: Sequence[Grid], group: BlockGroup, margin_px: int) -> BaseGeometry:
    """The area of a group's pixels and of some around them, WGS84."""
    grid, box = grids[group.grid], pixels_of(grids, group)
    corner = Affine(
        grid.pixel_width,
        0,
        grid.west + (box.left - margin_px) * grid.pixel_width,
        0,
        -grid.pixel_height,
        grid.north - (box.top - margin_px) * grid.pixel_height,
    )
    return outline(
        grid.crs,
        corner,
        box.right - box.left + 2 * margin_px,
        box.bottom - box.top + 2 * margin_px,
    )


def cells_in(grids: Sequence[Grid], group: BlockGroup, resolution: int) -> Cells | None:
    """The H3 cells that belong to a group; None where there are none.

    Args:
        grids: All grids of the embedding.
        group: One of `block_groups`.
        resolution: H3 resolution.

    Raises:
        InputError: There is no such resolution.
    """
    grid, box = grids[group.grid], pixels_of(grids, group)
    area = area_of(grids, group, _MARGIN_PX)
    try:
        cells = cells_of(shapely.force_2d(area), resolution)
    except InputError as error:
        if error.code != "boundary-smaller-than-cell":
            raise
        return None
    row, column = _pixels(grid, cells)
    mine = (
        (row >= box.top)
        & (row < box.bottom)
        & (column >= box.left)
        & (column < box.right)
        & grid.covers(row, column)
    )
    for earlier in grids[: group.grid]:
        mine &= ~earlier.covers(*_pixels(earlier, cells))
    return cells.take(mine) if mine.any() else None


def _pixels(grid: Grid, cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Grid row and column of each cell's centre, far away where the CRS does not reach."""
    row, column = (
        np.floor(np.clip(part, -(2.0**40), 2.0**40)).astype(np.int64)
        for part in grid.locate(cells.lonlat)
    )
    return row, column
