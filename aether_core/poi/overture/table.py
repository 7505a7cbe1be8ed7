"""Rows of any theme of an Overture release that lie in a place, without downloading the rest.

Files are GeoParquet, sorted by place. Of each only the footer is read, then those columns that are
asked for of those row groups whose bounding box meets the place, by byte ranges.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from aether_core.errors import CancelledError
from aether_core.net import CancelCheck, RangeFile, RemoteError, RemoteFile, Web
from aether_core.poi.overture.footer import read_footer
from aether_core.poi.overture.release import Overture, release_files
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import Bounds

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
# Between a list's name and its items' fields Parquet writers put one of these.
_LIST_PARTS = frozenset({"list", "bag", "element", "item", "array", "array_element", "key_value"})
_READERS = 6  # row groups read at once; each is a few short requests, so that distance counts
_JOINED_BYTES = 8192  # pyarrow reads over gaps up to this between columns
_TOLD_S = 0.5
_ROUNDING = 1e-5  # degrees; bounding boxes are float32

Only = Callable[[pa.Table], pa.ChunkedArray]
"""Marks the wanted ones of some rows."""


@dataclass(frozen=True)
class TableSize:
    """What reading a table would take, from the footers alone.

    Attributes:
        rows: Rows in all row groups that meet the place: at least as many as lie in it.
        likely: Rows in the place if those of a row group were spread evenly over its box.
        bytes: Bytes of their columns on the server.
        requests: About how many byte ranges they are asked for in.
    """

    rows: int
    likely: int
    bytes: int
    requests: int


@dataclass(frozen=True)
class _Group:
    """One row group to be read."""

    file: RemoteFile
    footer: pq.FileMetaData
    number: int
    columns: list[str]
    bytes: int
    rows: int
    share: float


def overture_table(
    web: Web,
    overture: Overture,
    theme: str,
    kind: str,
    boxes: Sequence[Bounds],
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    first: Sequence[str] = (),
    only: Only | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """Read the features of a release whose bounding box meets a place.

    Args:
        web: Where the files are read.
        overture: The release.
        theme: Such as `places` or `divisions`.
        kind: Type in the theme, such as `place` or `division_area`.
        boxes: The place; two boxes where it lies across the 180th meridian.
        columns: Columns that must be there: `id`, or a part of one, `names.primary`. Parts of list
            items are named without the list: `sources.dataset`.
        optional: Columns that may be missing from a release.
        first: Those of them that `only` looks at.
        only: Marks the wanted rows; of a row group without any the other columns are not read.
        progress: In bytes. What it raises stops the reading.

    Returns:
        One row a feature, nested as in the files, always with `bbox` (WGS84, float32 degrees, as
        the files have it: rounded outwards). No rows when nothing lies there.

    Raises:
        InputError: The release is not there.
        RemoteError: Index or files are not as they should be; a missing column is named.
        OfflineError: No connection comes about.
    """
    groups = list(_groups(web, overture, theme, kind, boxes, columns, optional, progress))
    stage = f"reading {theme} of Overture {overture.release}"

    def read(group: _Group, check_cancelled: CancelCheck) -> pa.Table | None:
        return _read(web, group, boxes, first, only, check_cancelled)

    tables = _read_all(groups, read, lambda done, total: progress(stage, done, total))
    if not tables:
        return pa.table({"bbox": pa.array([], pa.struct([(at, pa.float32()) for at in _CORNERS]))})
    return pa.concat_tables(tables, promote_options="permissive")


def overture_size(
    web: Web,
    overture: Overture,
    theme: str,
    kind: str,
    boxes: Sequence[Bounds],
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    progress: Progress = silent,
) -> TableSize:
    """Tell what `overture_table` with the same arguments would read.

    Only the index and the files' footers are read.
    """
    groups = list(_groups(web, overture, theme, kind, boxes, columns, optional, progress))
    return TableSize(
        rows=sum(group.rows for group in groups),
        likely=round(sum(group.rows * group.share for group in groups)),
        bytes=sum(group.bytes for group in groups),
        requests=sum(_ranges(group) for group in groups),
    )


def _ranges(group: _Group) -> int:
    """How many runs the columns of a row group lie in; neighbours come in one request."""
    chunks = group.footer.row_group(group.number)
    leaves = _numbers(group.footer)
    spans: list[tuple[int, int]] = []
    for path in group.columns:
        chunk = chunks.column(leaves[path])
        start = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
        spans.append((start, start + chunk.total_compressed_size))
    spans.sort()
    gaps = (after - before for (_, before), (after, _) in pairwise(spans))
    return 1 + sum(gap > _JOINED_BYTES for gap in gaps)


def _groups(
    web: Web,
    overture: Overture,
    theme: str,
    kind: str,
    boxes: Sequence[Bounds],
    columns: Sequence[str],
    optional: Sequence[str],
    progress: Progress,
) -> Iterator[_Group]:
    """Yield the row groups that may hold something of the place."""
    stage = f"searching {theme} in Overture {overture.release}"

    def check_cancelled() -> None:
        progress(stage, 0, 0)

    for url in release_files(web, overture, theme, kind, boxes, check_cancelled=check_cancelled):
        file, footer = read_footer(web, url, overture.cache, check_cancelled)
        wanted = _leaves(footer, url, ["bbox", *columns], optional)
        leaves = _numbers(footer)
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            share = min(1.0, sum(_share_inside(group, leaves, bounds) for bounds in boxes))
            if not group.num_rows or not share:
                continue
            size = sum(group.column(leaves[path]).total_compressed_size for path in wanted)
            yield _Group(file, footer, number, wanted, size, group.num_rows, share)


def _leaves(
    footer: pq.FileMetaData, url: str, columns: Sequence[str], optional: Sequence[str]
) -> list[str]:
    """Return the full paths of the columns asked for.

    Raises:
        RemoteError: One that must be there is not.
    """
    paths = list(_numbers(footer))
    plain = [
        ".".join(part for part in path.split(".") if part not in _LIST_PARTS) for path in paths
    ]
    for column in columns:
        if not any(_within(name, column) for name in plain):
            there = ", ".join(dict.fromkeys(path.split(".")[0] for path in paths))
            raise RemoteError(
                url,
                f"has different columns than expected: {column} is missing from {there}",
                "try another release",
                code="overture-columns-changed",
            )
    asked = (*columns, *optional)
    named = zip(paths, plain, strict=True)
    return [path for path, name in named if any(_within(name, column) for column in asked)]


def _numbers(footer: pq.FileMetaData) -> dict[str, int]:
    """Return the columns' numbers by full path."""
    return {footer.schema.column(at).path: at for at in range(len(footer.schema))}


def _within(name: str, column: str) -> bool:
    return name == column or name.startswith(f"{column}.")


def _share_inside(group: pq.RowGroupMetaData, leaves: dict[str, int], bounds: Bounds) -> float:
    """Return how much of a row group's box lies in a box: 0 when no feature can, 1 at most.

    A group without statistics may lie anywhere; it counts as inside.
    """
    west, south, east, north = _widened(bounds)
    share = 1.0
    for low, high, first, last in (("xmin", "xmax", west, east), ("ymin", "ymax", south, north)):
        lows = group.column(leaves[f"bbox.{low}"]).statistics
        highs = group.column(leaves[f"bbox.{high}"]).statistics
        if lows is None or highs is None or not (lows.has_min_max and highs.has_min_max):
            continue
        common = min(last, highs.max) - max(first, lows.min)
        if common < 0:
            return 0.0
        share *= min(1.0, max(common, _ROUNDING) / max(highs.max - lows.min, _ROUNDING))
    return share


def _read_all(
    groups: Sequence[_Group],
    read: Callable[[_Group, CancelCheck], pa.Table | None],
    on_bytes: Callable[[int, int], None],
) -> list[pa.Table]:
    """Read row groups, several at once, and return what there is in their order.

    Args:
        groups: Which.
        read: Reads one; None when nothing of it is wanted.
        on_bytes: Called twice a second in this thread with the bytes done and all; what it raises
            stops the reading.
    """
    total = sum(group.bytes for group in groups)
    stopped = threading.Event()

    def check_cancelled() -> None:
        if stopped.is_set():
            raise CancelledError("the reading was stopped")

    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        readings = [pool.submit(read, group, check_cancelled) for group in groups]
        try:
            left = set(readings)
            while left:
                finished, left = wait(left, timeout=_TOLD_S, return_when=FIRST_COMPLETED)
                for reading in finished:
                    reading.result()
                sizes = zip(groups, readings, strict=True)
                on_bytes(sum(group.bytes for group, reading in sizes if reading.done()), total)
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [table for reading in readings if (table := reading.result()) is not None]


def _read(
    web: Web,
    group: _Group,
    boxes: Sequence[Bounds],
    first: Sequence[str],
    only: Only | None,
    check_cancelled: CancelCheck,
) -> pa.Table | None:
    """Read a row group and keep what meets the place and is wanted; None when nothing does.

    The boxes come first: a row group on the edge of a place is large, and often has nothing in it.

    Raises:
        RemoteError: Its bytes are damaged.
    """
    tops = {"bbox", *(column.split(".")[0] for column in first)}
    early = [path for path in group.columns if path.split(".")[0] in tops]
    late = [path for path in group.columns if path.split(".")[0] not in tops]
    source = RangeFile(web, group.file, keep=0, check_cancelled=check_cancelled)
    try:
        # Pre-buffering asks for the columns' chunks before they are read, neighbours together.
        file = pq.ParquetFile(
            source, metadata=group.footer, pre_buffer=True, page_checksum_verification=True
        )
        rows = file.read_row_group(group.number, columns=early)
        wanted = reduce(pc.or_, (_inside(rows, bounds) for bounds in boxes))
        if only is not None:
            wanted = pc.and_(wanted, only(rows))
        if not pc.any(wanted).as_py():
            return None
        if late:
            others = file.read_row_group(group.number, columns=late)
            for name in others.column_names:
                rows = rows.append_column(name, others.column(name))
    except (pa.ArrowException, OSError) as error:
        raise RemoteError(
            group.file.url, "has damaged rows", code="overture-rows-damaged"
        ) from error
    return rows.filter(wanted).replace_schema_metadata(None)


def _inside(rows: pa.Table, bounds: Bounds) -> pa.ChunkedArray:
    """Mark the rows whose box meets one of the place."""
    west, south, east, north = _widened(bounds)
    box = {at: pc.struct_field(rows.column("bbox"), at) for at in _CORNERS}
    across = pc.and_(pc.less_equal(box["xmin"], east), pc.greater_equal(box["xmax"], west))
    along = pc.and_(pc.less_equal(box["ymin"], north), pc.greater_equal(box["ymax"], south))
    return pc.fill_null(pc.and_(across, along), False)


def _widened(bounds: Bounds) -> Bounds:
    """Return bounds as wide as rounding may have moved a box."""
    west, south, east, north = bounds
    return west - _ROUNDING, south - _ROUNDING, east + _ROUNDING, north + _ROUNDING
