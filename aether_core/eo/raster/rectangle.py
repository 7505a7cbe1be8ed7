"""Reading a rectangle of a grid: all files that meet it, turned north-up, channels last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from aether_core.eo.alphaearth import INT8_NODATA, dequantise
from aether_core.eo.raster.file import RasterFile, read_window
from aether_core.eo.raster.grid import Grid, PlacedFile

Opened = Callable[[RasterFile], Any]
"""Gives a raster's open dataset; whoever reads many rectangles keeps them open."""


@dataclass(frozen=True)
class Box:
    """Grid rows `top` to `bottom` and columns `left` to `right`, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def empty(self) -> bool:
        """It holds no pixel."""
        return self.top >= self.bottom or self.left >= self.right

    def meet(self, other: "Box") -> "Box":
        """Return what both share, empty when nothing."""
        return Box(
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            max(self.left, other.left),
            min(self.right, other.right),
        )


@dataclass(frozen=True)
class Rectangle:
    """What a rectangle of a grid holds.

    Args:
        box: Where it lies.
        values: `[h, w, bands]` int8 as stored, or float32 embedding values; 0 where no data.
        valid: Bool `[h, w]`, the pixel holds data.
    """

    box: Box
    values: NDArray[Any]
    valid: NDArray[np.bool_]

    def crop(self, box: Box) -> "Rectangle":
        """Return the part in a box that lies inside this one, sharing its memory."""
        place = (
            slice(box.top - self.box.top, box.bottom - self.box.top),
            slice(box.left - self.box.left, box.right - self.box.left),
        )
        return Rectangle(box, self.values[place], self.valid[place])


def box_of(placed: PlacedFile) -> Box:
    """Return the rectangle a file takes in its grid."""
    file = placed.file
    return Box(placed.row, placed.row + file.height, placed.column, placed.column + file.width)


def valid_pixels(values: NDArray[Any], nodata: float | None = None) -> NDArray[np.bool_]:
    """Return which pixels hold data in every band.

    Args:
        values: `[h, w, bands]`, int8 as stored or float.
        nodata: The value a float file declares as nodata, if any.

    Returns:
        Bool `[h, w]`. No data is -128 in any band, and for floats also NaN, infinity, the declared
        value in any band where no embedding can hold it, or in all bands where it can.
    """
    if _all_hold_data(values, nodata):
        return np.ones(values.shape[:2], dtype=bool)
    if values.dtype == np.int8:
        return np.asarray(~(values == INT8_NODATA).any(axis=2))
    bad = ~np.isfinite(values) | (values == INT8_NODATA)
    if nodata is None or not np.isfinite(nodata):
        return np.asarray(~bad.any(axis=2))
    declared = values == nodata
    if abs(nodata) > 1:
        return np.asarray(~(bad | declared).any(axis=2))
    return np.asarray(~(bad.any(axis=2) | declared.all(axis=2)))


def _all_hold_data(values: NDArray[Any], nodata: float | None) -> bool:
    """Tell from the smallest and the largest value alone, at a tenth of the cost of looking."""
    if not values.size:
        return True
    lowest, highest = float(values.min()), float(values.max())
    if values.dtype == np.int8:
        return lowest > INT8_NODATA
    finite = bool(np.isfinite(lowest) and np.isfinite(highest))  # a NaN is both extremes
    declared = nodata is not None and lowest <= nodata <= highest
    return finite and lowest > INT8_NODATA and not declared


def read_rectangle(
    grid: Grid, box: Box, opened: Opened, *, bands: Sequence[int] | None = None
) -> Rectangle:
    """Read a rectangle of a grid.

    Args:
        grid: The mosaic.
        box: Which pixels; parts outside every file have no data.
        opened: Gives the open dataset of a raster.
        bands: Band numbers from 1; all when not given.

    Returns:
        int8 values when every file of the grid is int8, else float32.

    Raises:
        InputError: A file's blocks can't be read.
    """
    meeting = [placed for placed in grid.files if not box_of(placed).meet(box).empty]
    # For the grid, not the box: sums over neighbouring boxes are added and must share a scale.
    kind = np.int8 if grid.quantised else np.float32
    if len(meeting) == 1 and box_of(meeting[0]).meet(box) == box:
        part, has_data = _read_file(meeting[0], box, opened(meeting[0].file), bands, kind)
        if not has_data.all():
            part[~has_data] = 0
        return Rectangle(box, part, has_data)
    shape = (box.bottom - box.top, box.right - box.left)
    values = np.zeros((*shape, len(bands) if bands else grid.bands), dtype=kind)
    rectangle = Rectangle(box, values, np.zeros(shape, dtype=bool))
    for placed in meeting:
        shared = box_of(placed).meet(box)
        part, has_data = _read_file(placed, shared, opened(placed.file), bands, kind)
        target = rectangle.crop(shared)
        fresh = has_data & ~target.valid
        np.copyto(target.values, part, where=fresh[..., None])
        target.valid[...] |= fresh
    return rectangle


def _read_file(
    placed: PlacedFile,
    box: Box,
    dataset: Any,  # noqa: ANN401 - rasterio has no types
    bands: Sequence[int] | None,
    kind: type[np.generic],
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read the part of one file in a box that lies wholly inside it, north-up and of one type."""
    file = placed.file
    height, width = box.bottom - box.top, box.right - box.left
    row, column = box.top - placed.row, box.left - placed.column
    if placed.rows_run_north:
        row = file.height - row - height
    if placed.columns_run_west:
        column = file.width - column - width
    values = np.empty((height, width, len(bands) if bands else file.bands), dtype=file.dtype)
    read_window(dataset, Window(column, row, width, height), values, bands=bands)
    if placed.rows_run_north:
        values = values[::-1]
    if placed.columns_run_west:
        values = values[:, ::-1]
    has_data = valid_pixels(values, file.nodata)
    if file.zeros_are_nodata:
        has_data &= values.any(axis=2)
    if values.dtype == np.int8 and kind is not np.int8:
        values = dequantise(values)
    return values.astype(kind, copy=False), has_data
