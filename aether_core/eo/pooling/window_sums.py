"""Sums over windows: of any size at the price of a few look-ups, or one by one where they are few.

int8 files are summed as whole numbers: an embedding value is `v * |v| / 127.5**2`, and only the
direction of a mean matters, so the scale falls away and the sums are exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INT32_PIXELS = (2**31 - 1) // 127**2
_TOLERANCE_M = 1e-6
_CHUNK = 4096


@dataclass(frozen=True)
class Spans:
    """The pixels of n disks, a run of columns for each row.

    Args:
        first_row: int64 `[n]`, the grid row of a disk's first run.
        start: int64 `[n, rows]`, first grid column of each run.
        stop: int64 `[n, rows]`, one past the last; equal to `start` for an empty run.
    """

    first_row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @property
    def full(self) -> NDArray[np.int64]:
        """int64 `[n]`: how many pixels each whole disk holds."""
        return np.asarray((self.stop - self.start).sum(axis=1), dtype=np.int64)


def disk_spans(
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    metric: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    radius_m: float,
) -> Spans:
    """Return the pixels whose centre lies within a radius of each point, the rim included.

    Args:
        rows: `[n]` fractional grid rows of the points.
        columns: `[n]` fractional grid columns.
        metric: `(cc, cr, rr)` of `Grid.metric`.
        radius_m: Metres; a micrometre is added, so that a pixel on the rim always counts.
    """
    cc, cr, rr = (part[:, None] for part in metric)
    radius = radius_m + _TOLERANCE_M
    reach = disk_reach(metric, radius_m)
    first = np.floor(rows).astype(np.int64) - reach
    down = first[:, None] + np.arange(2 * reach + 1) + 0.5 - rows[:, None]
    under_root = (cr * down) ** 2 - cc * (rr * down**2 - radius**2)
    half = np.sqrt(np.maximum(under_root, 0)) / cc
    middle = columns[:, None] - 0.5 - cr * down / cc
    start = np.ceil(middle - half).astype(np.int64)
    stop = np.floor(middle + half).astype(np.int64) + 1
    empty = (under_root < 0) | (stop <= start)
    own = np.floor(columns).astype(np.int64)[:, None]
    return Spans(first, np.where(empty, own, start), np.where(empty, own, stop))


def disk_reach(
    metric: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], radius_m: float
) -> int:
    """Return how many pixels away from its point's pixel the widest of the disks reaches."""
    cc, cr, rr = metric
    determinant = cc * rr - cr**2
    farthest = radius_m * np.sqrt(np.maximum(cc, rr) / determinant)
    return int(np.ceil(farthest.max(initial=0.0))) + 1


def summands(values: NDArray[Any], window_pixels: int) -> NDArray[Any]:
    """Return `[h + 1, w + 1, bands]` with a zero first row and column, ready for prefix sums.

    Args:
        values: `[h, w, bands]` int8 as stored, or float32; 0 where there is no data.
        window_pixels: The largest window's size, which decides how wide whole numbers must be.
            Sums over the whole array may wrap around; the sum over a window comes out right.
    """
    height, width, bands = values.shape
    table = np.zeros((height + 1, width + 1, bands), dtype=_kind_of_sums(values, window_pixels))
    inner = table[1:, 1:]
    inner[...] = values
    if values.dtype == np.int8:
        inner *= np.abs(values)
    return table


def accumulate_columns(table: NDArray[Any]) -> None:
    """Turn `[h + 1, w + 1, bands]` into running sums along each row, in place."""
    for column in range(1, table.shape[1]):
        table[:, column] += table[:, column - 1]


def accumulate_rows(table: NDArray[Any]) -> None:
    """Turn running sums along rows into sums over all pixels above and left, in place."""
    for row in range(1, table.shape[0]):
        table[row] += table[row - 1]


def disk_sums(row_sums: NDArray[Any], spans: Spans) -> NDArray[Any]:
    """Sum each disk.

    Args:
        row_sums: From `accumulate_columns`.
        spans: Rows and columns counted from the table's corner; what lies outside is cut off.

    Returns:
        `[n, bands]`.
    """
    total = np.zeros((len(spans.first_row), row_sums.shape[2]), dtype=row_sums.dtype)
    height, width = row_sums.shape[0] - 1, row_sums.shape[1]
    flat = row_sums.reshape(-1, row_sums.shape[2])
    for chunk in _chunks(len(total)):
        for step in range(spans.start.shape[1]):
            row = spans.first_row[chunk] + step + 1
            # The table's first row is all zero: what lies beyond it is looked up there.
            line = np.where((row > 0) & (row <= height), row, 0) * width
            total[chunk] += flat[line + spans.stop[chunk, step].clip(0, width - 1)]
            total[chunk] -= flat[line + spans.start[chunk, step].clip(0, width - 1)]
    return total


def square_sums(
    area_sums: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64], radius: int
) -> NDArray[Any]:
    """Sum each square of `2 * radius + 1` pixels.

    Args:
        area_sums: From `accumulate_columns` then `accumulate_rows`.
        rows: int64 `[n]` of the middle pixels, counted from the table's corner.
        columns: int64 `[n]`.
        radius: Pixels; what lies outside the table is cut off.

    Returns:
        `[n, bands]`.
    """
    total = np.empty((len(rows), area_sums.shape[2]), dtype=area_sums.dtype)
    height, width = area_sums.shape[0] - 1, area_sums.shape[1]
    flat = area_sums.reshape(-1, area_sums.shape[2])
    for chunk in _chunks(len(rows)):
        top = (rows[chunk] - radius).clip(0, height) * width
        bottom = (rows[chunk] + radius + 1).clip(0, height) * width
        left = (columns[chunk] - radius).clip(0, width - 1)
        right = (columns[chunk] + radius + 1).clip(0, width - 1)
        part = flat[bottom + right]
        part -= flat[bottom + left]
        part -= flat[top + right]
        part += flat[top + left]
        total[chunk] = part
    return total


def few_square_sums(
    values: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64], radius: int
) -> NDArray[Any]:
    """Sum each square by itself, the cheaper way where squares hardly overlap.

    Args:
        values: `[h, w, bands]` int8 as stored, or float32; 0 where there is no data.
        rows: int64 `[n]` of the middle pixels, counted from the array's corner.
        columns: int64 `[n]`.
        radius: Pixels; what lies outside the array is cut off.

    Returns:
        `[n, bands]`, what `square_sums` gives.
    """
    kind = _kind_of_sums(values, (2 * radius + 1) ** 2)
    total = np.zeros((len(rows), values.shape[2]), dtype=kind)
    tops, lefts = np.maximum(rows - radius, 0).tolist(), np.maximum(columns - radius, 0).tolist()
    bottoms, rights = (np.maximum(part + radius + 1, 0).tolist() for part in (rows, columns))
    for place, (top, bottom, left, right) in enumerate(
        zip(tops, bottoms, lefts, rights, strict=True)
    ):
        window = values[top:bottom, left:right].reshape(-1, values.shape[2])
        if values.dtype == np.int8:
            window = window.astype(np.int16)
            window *= np.abs(window)
        window.sum(axis=0, dtype=kind, out=total[place])
    return total


def square_pixels(
    shape: tuple[int, ...], rows: NDArray[np.int64], columns: NDArray[np.int64], radius: int
) -> NDArray[np.int64]:
    """Count the pixels of each square inside an array of `[h, w]`, int64 `[n]`."""
    height, width = shape
    down = (rows + radius + 1).clip(0, height) - (rows - radius).clip(0, height)
    across = (columns + radius + 1).clip(0, width) - (columns - radius).clip(0, width)
    return np.asarray(down * across, dtype=np.int64)


def _kind_of_sums(values: NDArray[Any], window_pixels: int) -> np.dtype[Any]:
    """Return the number type in which a window's sum comes out right."""
    if values.dtype != np.int8:
        return np.dtype(np.float64)
    return np.dtype(np.int32 if window_pixels <= _INT32_PIXELS else np.int64)


def _chunks(count: int) -> Iterator[slice]:
    """Cut n points so that the looked-up rows of one piece stay in the processor's cache."""
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))
