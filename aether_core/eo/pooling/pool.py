"""Pooling one grid at many points: every view in one pass, memory bounded whatever its size.

Sums add up, so a window that crosses tiles is summed tile by tile: every stored block that a window
meets is read once, and no other. Inside a tile, points close together share prefix sums that fit in
the processor's cache and answer windows of every size. While one tile is summed the next are read.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.pooling.tiling import Tile, Tiling, groups, tiles_with_points
from aether_core.eo.pooling.view import MAX_RADIUS_PX, View
from aether_core.eo.pooling.window_sums import (
    Spans,
    accumulate_columns,
    accumulate_rows,
    disk_reach,
    disk_spans,
    disk_sums,
    few_square_sums,
    square_pixels,
    square_sums,
    summands,
)
from aether_core.eo.raster.file import RasterFile, open_raster
from aether_core.eo.raster.grid import Grid
from aether_core.eo.raster.rectangle import Box, Opened, Rectangle, box_of, read_rectangle
from aether_core.errors import InputError
from aether_core.progress import Progress, silent

_TABLE_BYTES = 256 * 1024**2
_RUNS = 4_000_000
_READERS = 2
_FEW = 1.5
"""Summing a pixel of a window costs 0.6 of bringing a pixel into a table of prefix sums."""

Metric = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class GridPooling:
    """What one grid gives for the points near it.

    Args:
        index: int64 `[m]`, which of the points given.
        vectors: float32 `[views, m, bands]` unit rows; NaN where no pixel of the window is valid.
        valid: int64 `[views, m]`, valid pixels of each window.
        full: int64 `[views, m]`, pixels of each whole window.
    """

    index: NDArray[np.int64]
    vectors: NDArray[np.float32]
    valid: NDArray[np.int64]
    full: NDArray[np.int64]


@dataclass(frozen=True)
class _Points:
    """Points in grid coordinates, all near the grid."""

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    metric: Metric | None

    @property
    def pixel_rows(self) -> NDArray[np.int64]:
        return np.floor(self.rows).astype(np.int64)

    @property
    def pixel_columns(self) -> NDArray[np.int64]:
        return np.floor(self.columns).astype(np.int64)

    def take(self, index: NDArray[Any] | slice) -> "_Points":
        metric = self.metric
        if metric is not None:
            metric = (metric[0][index], metric[1][index], metric[2][index])
        return _Points(self.rows[index], self.columns[index], metric)


def pool_grid(
    grid: Grid,
    lonlat: NDArray[np.float64],
    views: Sequence[View],
    *,
    tiling: Tiling,
    progress: Progress = silent,
) -> GridPooling:
    """Pool every view at every point whose windows can meet the grid.

    Args:
        grid: The mosaic.
        lonlat: float64 `[n, 2]`, WGS84.
        views: Squares are cut off where the grid has no files; so are disks.
        tiling: How to cut the work.
        progress: Told after each tile.

    Raises:
        InputError: A radius is under a pixel or over `MAX_RADIUS_PX`; a block can't be read.
    """
    index, points, reach = _points_near(grid, lonlat, views)
    sums = np.zeros((len(views), len(index), grid.bands), dtype=np.float64)
    valid = np.zeros((len(views), len(index)), dtype=np.int64)
    full = _whole_windows(points, views, reach)
    tiles = tiles_with_points(
        grid, points.pixel_rows, points.pixel_columns, reach=reach, tiling=tiling
    )
    for done, (tile, near, rectangle) in enumerate(_read_ahead(grid, tiles, points, reach)):
        progress("pooling the embedding", done, len(tiles))
        for part in _cut(near, tiling.sum_side, reach):
            place = tile.members[part]
            found = _sum_views(rectangle, near.take(part), views, reach)
            for which, (total, count) in enumerate(found):
                sums[which, place] += total
                valid[which, place] += count
    progress("pooling the embedding", len(tiles), len(tiles))
    return GridPooling(index, _directions(sums), valid, full)


class _Reader:
    """A thread that reads tiles; GDAL's state belongs to a thread, so it opens its own rasters."""

    def __init__(self, grid: Grid, points: _Points, reach: int) -> None:
        self._grid, self._points, self._reach = grid, points, reach
        self._thread = ThreadPoolExecutor(1)
        self._stack = ExitStack()
        self._opened = _keep_open(self._stack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._stack.close)
        self._thread.shutdown()

    def begin(self, tile: Tile) -> Future[tuple[Tile, _Points, Rectangle]]:
        """Have a tile read, of which its points' windows need the pixels."""
        return self._thread.submit(self._read, tile)

    def _read(self, tile: Tile) -> tuple[Tile, _Points, Rectangle]:
        near = self._points.take(tile.members)
        windows = _box_around(near, self._reach)
        return tile, near, _read_tile(self._grid, tile, windows, self._opened)


def _read_ahead(
    grid: Grid, tiles: Sequence[Tile], points: _Points, reach: int
) -> Iterator[tuple[Tile, _Points, Rectangle]]:
    """Yield each tile with its points and pixels, while threads read the next."""
    with ExitStack() as stack:
        readers = [stack.enter_context(_Reader(grid, points, reach)) for _ in range(_READERS)]
        waiting = deque(reader.begin(tile) for reader, tile in zip(readers, tiles, strict=False))
        for number, tile in enumerate(tiles[len(waiting) :]):
            done = waiting.popleft().result()
            waiting.append(readers[number % _READERS].begin(tile))
            yield done
        while waiting:
            yield waiting.popleft().result()


def _read_tile(grid: Grid, tile: Tile, windows: Box, opened: Opened) -> Rectangle:
    """Read what the windows need of a tile, without the pixels an earlier file's tiles cover."""
    wanted = tile.box.meet(windows)
    rectangle = read_rectangle(grid, wanted, opened)
    for placed in grid.files[: tile.file]:
        covered = box_of(placed).meet(wanted)
        if not covered.empty:
            taken = rectangle.crop(covered)
            taken.values[...] = 0
            taken.valid[...] = False
    return rectangle


def _points_near(
    grid: Grid, lonlat: NDArray[np.float64], views: Sequence[View]
) -> tuple[NDArray[np.int64], _Points, int]:
    """Return which points matter to a grid, where they lie in it, and the widest window's reach."""
    rows, columns = grid.locate(lonlat)
    # A place too far off the projection for its formulas; also keeps whole-number rows in range.
    known = (np.abs(rows) < 2**40) & (np.abs(columns) < 2**40)
    index = np.flatnonzero(known)
    rows, columns = rows[index], columns[index]
    near = _near(grid, rows, columns, MAX_RADIUS_PX + 2)
    index, points = index[near], _Points(rows[near], columns[near], None)
    disks = any(not view.shape.in_pixels for view in views)
    if disks:
        points = _Points(points.rows, points.columns, grid.metric(points.rows, points.columns))
    reach = max((_reach(view, points.metric) for view in views), default=0)
    near = _near(grid, points.rows, points.columns, reach)
    return index[near], points.take(near), reach


def _near(
    grid: Grid, rows: NDArray[np.float64], columns: NDArray[np.float64], reach: int
) -> NDArray[np.bool_]:
    return grid.near(
        np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64), reach=reach
    )


def _reach(view: View, metric: Metric | None) -> int:
    """Return how many pixels from its point's pixel a view's window may reach."""
    if view.shape.in_pixels or metric is None:
        return view.radius_px or 0
    reach = disk_reach(metric, view.radius_m or 0.0)
    if reach > MAX_RADIUS_PX + 2:
        raise InputError(
            f"the radius spans more than {MAX_RADIUS_PX} pixels of this raster",
            f"{view.radius_m:g} m",
            "give a smaller radius",
            code="radius-spans-too-many-pixels",
        )
    return reach


def _keep_open(stack: ExitStack) -> Opened:
    """Return an opener that opens each raster once, until the stack closes."""
    datasets: dict[RasterFile, Any] = {}

    def opened(file: RasterFile) -> Any:  # noqa: ANN401 - rasterio has no types
        if file not in datasets:
            datasets[file] = stack.enter_context(open_raster(file.path))
        return datasets[file]

    return opened


def _box_around(points: _Points, reach: int) -> Box:
    """Return the smallest box that holds every point's widest window."""
    rows, columns = points.pixel_rows, points.pixel_columns
    return Box(
        int(rows.min()) - reach,
        int(rows.max()) + reach + 1,
        int(columns.min()) - reach,
        int(columns.max()) + reach + 1,
    )


def _cut(points: _Points, side: int, reach: int) -> Iterator[NDArray[np.int64]]:
    """Yield groups of points in one square; wider windows, which overlap more, get larger."""
    side = max(side, reach)
    most = _points_at_once(reach)
    for group in groups(points.pixel_rows // side, points.pixel_columns // side):
        yield from np.split(group, range(most, len(group), most))


def _points_at_once(reach: int) -> int:
    """Return how many disks' runs of columns, one a row, are held in memory together."""
    return max(1, _RUNS // (2 * reach + 1))


def _sum_views(
    rectangle: Rectangle, points: _Points, views: Sequence[View], reach: int
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return (sums `[n, bands]`, valid pixels `[n]`) of each view's windows inside a rectangle."""
    crop = _box_around(points, reach).meet(rectangle.box)
    part = rectangle.crop(crop)
    shifted = _Points(points.rows - crop.top, points.columns - crop.left, points.metric)
    spans = _spans(shifted, views)
    window = (2 * reach + 1) ** 2
    squares = all(runs is None for runs in spans)
    if squares and part.valid.all():
        counts = [
            square_pixels(part.valid.shape, shifted.pixel_rows, shifted.pixel_columns, radius)
            for radius in _radii(views)
        ]
    else:
        there = part.valid[..., None].view(np.int8)
        found = _sum_windows(there, shifted, views, spans, window)
        counts = [count[:, 0] for count in found]
    pieces = [
        _sum_windows(part.values[..., bands], shifted, views, spans, window)
        for bands in _band_groups(part.values)
    ]
    return [
        (np.concatenate([piece[which] for piece in pieces], axis=1), counts[which])
        for which in range(len(views))
    ]


def _radii(views: Sequence[View]) -> list[int]:
    """Return the radius of each square in pixels, 0 for disks."""
    return [view.radius_px or 0 for view in views]


def _spans(points: _Points, views: Sequence[View]) -> list[Spans | None]:
    """Return the pixels of each view's disks, None for squares."""
    return [
        disk_spans(points.rows, points.columns, points.metric, view.radius_m or 0.0)
        if points.metric is not None and not view.shape.in_pixels
        else None
        for view in views
    ]


def _sum_windows(
    values: NDArray[Any],
    points: _Points,
    views: Sequence[View],
    spans: Sequence[Spans | None],
    window_pixels: int,
) -> list[NDArray[Any]]:
    """Return `[n, bands]` sums of each view, over one table of prefix sums or one by one."""
    squares = all(runs is None for runs in spans)
    pixels = len(points.rows) * sum((2 * radius + 1) ** 2 for radius in _radii(views))
    if squares and pixels < _FEW * values.shape[0] * values.shape[1]:
        return [
            few_square_sums(values, points.pixel_rows, points.pixel_columns, radius)
            for radius in _radii(views)
        ]
    table = summands(values, window_pixels)
    accumulate_columns(table)
    sums = {which: disk_sums(table, runs) for which, runs in enumerate(spans) if runs is not None}
    if len(sums) < len(views):
        accumulate_rows(table)
    for which, view in enumerate(views):
        if which not in sums:
            sums[which] = square_sums(
                table, points.pixel_rows, points.pixel_columns, view.radius_px or 0
            )
    return [sums[which] for which in range(len(views))]


def _band_groups(values: NDArray[Any]) -> Iterator[slice]:
    """Cut the bands so that a table of eight-byte sums stays under its bound."""
    height, width, bands = values.shape
    size = max(1, min(bands, _TABLE_BYTES // (8 * (height + 1) * (width + 1))))
    for start in range(0, bands, size):
        yield slice(start, min(start + size, bands))


def _whole_windows(points: _Points, views: Sequence[View], reach: int) -> NDArray[np.int64]:
    """Return int64 `[views, n]`: how many pixels each window holds, nothing cut off.

    Raises:
        InputError: A disk is so small that it holds none.
    """
    full = np.empty((len(views), len(points.rows)), dtype=np.int64)
    most = _points_at_once(reach)
    for start in range(0, len(points.rows), most):
        piece = slice(start, start + most)
        for which, spans in enumerate(_spans(points.take(piece), views)):
            side = 2 * (views[which].radius_px or 0) + 1
            full[which, piece] = side**2 if spans is None else spans.full
    for which, view in enumerate(views):
        if (full[which] == 0).any():
            raise InputError(
                "the radius is smaller than a pixel, so some disks contain no pixel",
                f"{view.radius_m:g} m",
                "give a larger radius",
                code="radius-smaller-than-pixel",
            )
    return full


def _directions(sums: NDArray[np.float64]) -> NDArray[np.float32]:
    """L2-normalise sums `[views, n, bands]`; the mean points the same way. NaN where they are 0."""
    norms = np.sqrt(np.einsum("vij,vij->vi", sums, sums))
    norms[norms == 0] = np.nan
    unit = sums.astype(np.float32)
    unit /= norms[..., None].astype(np.float32)
    return unit
