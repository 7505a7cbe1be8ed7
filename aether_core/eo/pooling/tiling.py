"""Which parts of a grid to read for which points: whole stored blocks, each once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.raster.file import RasterFile
from aether_core.eo.raster.grid import Grid, PlacedFile
from aether_core.eo.raster.rectangle import Box

_BLOCK_BYTES = 256 * 1024**2
_STRIPE_ROWS = 64
"""Least rows of a tile of stripes: windows that cross a tile's edge are summed in both."""


@dataclass(frozen=True)
class Tiling:
    """How a raster is cut for reading and for summing, in pixels.

    Args:
        read_side: A tile read at once holds a quarter of this squared or less, in whole blocks.
        sum_side: Side of the squares of points that share prefix sums.
    """

    read_side: int = 1024
    sum_side: int = 128


@dataclass(frozen=True)
class Tile:
    """A part of one file and the points whose widest windows meet it.

    Args:
        file: Position of the file in its grid.
        box: Where the tile lies in the grid.
        members: int64, positions of the points.
    """

    file: int
    box: Box
    members: NDArray[np.int64]


def tiles_with_points(
    grid: Grid,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    *,
    reach: int,
    tiling: Tiling,
) -> list[Tile]:
    """Cut every file into tiles and keep those that a window meets.

    Args:
        grid: The mosaic.
        rows: int64 `[n]`, grid rows of the points' pixels.
        columns: int64 `[n]`, grid columns.
        reach: How far windows reach from the points' pixels.
        tiling: How large tiles are.

    Returns:
        Tiles file by file, in the order their blocks are stored. A point is in every tile that its
        window meets.
    """
    tiles = []
    for number, placed in enumerate(grid.files):
        shape = _tile_shape(placed.file, tiling.read_side)
        tile_rows = _reached(
            rows - placed.row, placed.file.height, reach, shape[0], flipped=placed.rows_run_north
        )
        tile_columns = _reached(
            columns - placed.column,
            placed.file.width,
            reach,
            shape[1],
            flipped=placed.columns_run_west,
        )
        keys = _pairs(tile_rows, tile_columns)
        for group in groups(keys[0], keys[1]):
            row, column, members = keys[0][group[0]], keys[1][group[0]], keys[2][group]
            tiles.append(Tile(number, _box(placed, shape, int(row), int(column)), members))
    return tiles


def groups(*keys: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the positions that share all keys, in the keys' order."""
    if not len(keys[0]):
        return
    order = np.lexsort(keys[::-1])
    change = np.zeros(len(order) - 1, dtype=bool)
    for key in keys:
        change |= np.diff(key[order]) != 0
    yield from np.split(order, np.flatnonzero(change) + 1)


def _tile_shape(file: RasterFile, side: int) -> tuple[int, int]:
    """Return a tile of whole blocks, (rows, columns), of about `side` squared pixels."""
    height, width = file.block_height, file.block_width
    if height * width * file.bands * np.dtype(file.dtype).itemsize > _BLOCK_BYTES:
        return min(height, side), min(width, side)
    if width > side >= height:  # stripes as wide as the raster: take few rows, all columns
        rows = max(side * side // 4 // width, min(_STRIPE_ROWS, side))
        return height * max(1, rows // height), width
    return height * max(1, side // 4 // height), width * max(1, side // 4 // width)


def _reached(
    position: NDArray[np.int64], length: int, reach: int, step: int, *, flipped: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last tile along one axis that each window meets; last < first if none.

    Tiles are counted as the file stores its pixels, for that is how its blocks lie.
    """
    stored = length - 1 - position if flipped else position
    first = np.maximum(stored - reach, 0) // step
    last = np.minimum(stored + reach, length - 1) // step
    beyond = (stored + reach < 0) | (stored - reach >= length)
    return first, np.where(beyond, first - 1, last)


def _pairs(
    tile_rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    tile_columns: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (tile row, tile column, point) of every meeting of a window with a tile."""
    down = np.maximum(tile_rows[1] - tile_rows[0] + 1, 0)
    across = np.maximum(tile_columns[1] - tile_columns[0] + 1, 0)
    count = down * across
    point = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
    row, column = step // across[point], step % across[point]
    return tile_rows[0][point] + row, tile_columns[0][point] + column, point


def _box(placed: PlacedFile, shape: tuple[int, int], row: int, column: int) -> Box:
    """Return where a file's tile lies in the grid."""
    file = placed.file
    top, left = row * shape[0], column * shape[1]
    bottom, right = min(top + shape[0], file.height), min(left + shape[1], file.width)
    if placed.rows_run_north:
        top, bottom = file.height - bottom, file.height - top
    if placed.columns_run_west:
        left, right = file.width - right, file.width - left
    return Box(placed.row + top, placed.row + bottom, placed.column + left, placed.column + right)
