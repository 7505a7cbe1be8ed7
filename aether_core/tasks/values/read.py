"""Places with a number each, out of any vector file: points, or areas the number holds for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.reading import in_own_process
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.codes import row_names
from aether_core.tasks.samples.polygons import is_polygon, valid_polygons
from aether_core.vector import (
    DEFAULT_LIMITS,
    NO_OPTIONS,
    Limits,
    ReadingReport,
    ReadOptions,
    read_vector,
)
from aether_core.vector.cells.numbers import number_columns, read_numbers
from aether_core.vector.cells.withheld import is_placeholder, is_withheld
from aether_core.vector.headings import find_column
from aether_core.vector.keyed.read import lacks_shapes, read_keyed

NO_GEOMETRY = "no geometry"
NOT_A_PLACE = "neither a point nor a polygon"
NO_SIZE = "polygon with zero area"
MISSING = "missing value"
TWICE = "the same place and value again"
_MOST_MISSING = 0.5
"""Part of the rows without a number beyond which the wrong field was probably chosen."""
_MOSTLY_NUMBERS = 0.5
_M2_A_KM2 = 1e6
PER_KM2 = "per km²"


@dataclass(frozen=True)
class Values:
    """Places with a number each.

    Attributes:
        geometry: Object `[n]` of valid Points, Polygons and MultiPolygons, WGS84.
        value: Float64 `[n]`, finite.
        field: The column the numbers come from.
        unit: What they are a part of, `per km²` or "" as given.
        source: The file's name.
        sha256: Of the file's content, 64 hexadecimal digits.
        dropped: How many rows went, by reason; those that occurred.
        repaired: Polygons that crossed themselves and were mended.
        report: How the file was read.
        shapes: How the file was read that the places' shapes come from, where there is one.
        shapes_sha256: Of that file's content.
    """

    geometry: NDArray[np.object_]
    value: NDArray[np.float64]
    field: str
    unit: str
    source: str
    sha256: str
    dropped: dict[str, int]
    repaired: int
    report: ReadingReport
    shapes: ReadingReport | None = None
    shapes_sha256: str | None = None

    def __len__(self) -> int:
        return len(self.geometry)


@dataclass(frozen=True)
class ValueColumns:
    """What a file that may hold numbers has.

    Attributes:
        rows: Number of rows.
        numbers: Columns that hold numbers, in the file's order.
        others: The other columns.
        needs_shapes: No row says where it lies: a file of shapes is needed beside this one.
    """

    rows: int
    numbers: list[str]
    others: list[str]
    needs_shapes: bool


@in_own_process
def value_columns(path: str | Path, options: ReadOptions = NO_OPTIONS) -> ValueColumns:
    """Look at the columns of a file of numbers.

    Args:
        path: See `aether_core.vector.read_vector`; a table may have no coordinates.
        options: What the user says about the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    frame = read_vector(path, options, typed=False, shapeless=True).frame
    table = pd.DataFrame(frame.drop(columns="geometry"))
    numbers = number_columns(table, _MOSTLY_NUMBERS)
    return ValueColumns(
        rows=len(table),
        numbers=numbers,
        others=[str(name) for name in table.columns if str(name) not in numbers],
        needs_shapes=lacks_shapes(frame, as_areas=False),
    )


@in_own_process
def read_values(
    path: str | Path,
    *,
    field: str,
    options: ReadOptions = NO_OPTIONS,
    geometry: Path | None = None,
    code_field: str | None = None,
    per_km2: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Values:
    """Read a number of points or areas.

    Rows without a place or with a withheld number are dropped and counted by reason, and so is a
    place that comes again with the same number. The points of a MultiPoint have the number each.

    Args:
        path: A vector file, or a table of codes or H3 cells, see `read_keyed`.
        field: The column of the numbers.
        options: What the user says about the file.
        geometry: File with the shapes of the places' codes, where the first has none.
        code_field: Column of these codes, or of H3 cells; found when None.
        per_km2: The numbers count something in each area: divide them by its square kilometres.
        limits: Upper bounds on the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, has no such column (names those it has), a value in it
            is no number (names the value and the row) or infinite, most rows have none, one area
            has two numbers, points are to be divided by their size, or nothing is left.
    """
    file = Path(path)
    read = read_keyed(
        file,
        options,
        geometry=geometry,
        code_field=code_field,
        as_areas=per_km2,
        typed=False,
        limits=limits,
    )
    frame = read.frame
    table = pd.DataFrame(frame.drop(columns="geometry"))
    name = find_column(table.columns.tolist(), field, file=file.name)
    shown = row_names(table, [name], read.code_field or code_field)
    value, reason, example = _numbers(table, name, shown, options, file.name)
    _refuse_mostly_missing(reason, name, file.name)

    shape, wrong, repaired = _shapes(frame.geometry.to_numpy().astype(object))
    reason[wrong != ""] = wrong[wrong != ""]
    rows = np.flatnonzero(reason == "")
    if per_km2:
        value = _per_km2(value, shape, rows, name)
    rows = _without_repeats(shape, value, rows, shown, reason)
    left_out = dict(Counter(text for text in reason.tolist() if text))
    if not len(rows):
        raise InputError(
            f"{file.name} has no usable numbers",
            ", ".join(f"{count} x {text}" for text, count in left_out.items()) or "no rows",
            f"give points or polygons with a number in {name}",
            code="no-usable-values",
        )
    report = replace(read.report, numbers=example or read.report.numbers)
    parts, parent = _single(shape[rows])
    return Values(
        geometry=parts,
        value=value[rows][parent],
        field=name,
        unit=PER_KM2 if per_km2 else "",
        source=file.name,
        sha256=sha256_of(file),
        dropped=left_out,
        repaired=int(np.count_nonzero(repaired[rows])),
        report=report.used_for({"value": name}).counted(left_out, len(rows)),
        shapes=read.shapes,
        shapes_sha256=None if geometry is None else sha256_of(geometry),
    )


def _numbers(
    table: pd.DataFrame, name: str, shown: Sequence[str], options: ReadOptions, file: str
) -> tuple[NDArray[np.float64], NDArray[np.object_], str | None]:
    """Numbers `[n]`, why a row has none ("" where it has), and their format by example.

    Raises:
        InputError: A value is text that marks nothing withheld, or infinite.
    """
    read = read_numbers(table, [name], options, file=file)
    value, mark = read.values[:, 0].copy(), read.text[:, 0]
    withheld = np.array([is_withheld(text) for text in mark], dtype=bool)
    wrong = np.flatnonzero(((mark != "") & ~withheld) | np.isinf(value))
    if len(wrong):
        row = wrong[0]
        rows = "no other row has one" if len(wrong) == 1 else f"{len(wrong)} such rows"
        raise InputError(
            f"the field {name} contains a value that is not a number",
            f"{(mark[row] or str(value[row]))!r} in {shown[row]} ({rows})",
            "choose a field of numbers; leave it empty where the number is unknown",
            code="value-not-a-number",
        )
    reason = np.full(len(value), "", dtype=object)
    stands_in = is_placeholder(value[:, None])[:, 0]
    reason[np.isnan(value)] = MISSING
    for row in np.flatnonzero(stands_in):
        reason[row] = f"withheld value '{value[row]:.10g}'"
    for row in np.flatnonzero(np.isnan(value) & (mark != "")):
        reason[row] = f"withheld value {mark[row]!r}"
    return value, reason, read.shown


def _refuse_mostly_missing(reason: NDArray[np.object_], name: str, file: str) -> None:
    gone = reason != ""
    if len(gone) and gone.mean() > _MOST_MISSING:
        raise InputError(
            f"most rows of {file} have no number in {name}",
            f"{int(gone.sum())} of {len(gone)} rows, such as: {reason[gone][0]}",
            "choose another field, or leave the rows without a number out of the file",
            code="values-mostly-missing",
        )


def _shapes(
    geometry: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.bool_]]:
    """Valid shapes, why a row has none ("" where it has), and which polygons were mended."""
    wrong = np.full(len(geometry), "", dtype=object)
    polygon = is_polygon(geometry)
    point = np.isin(
        shapely.get_type_id(geometry),
        (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT),
    )
    wrong[~(polygon | point)] = NOT_A_PLACE
    wrong[shapely.is_missing(geometry) | shapely.is_empty(geometry)] = NO_GEOMETRY
    repaired = polygon & ~shapely.is_valid(geometry)
    geometry[polygon] = valid_polygons(geometry[polygon]).geometry
    wrong[polygon & shapely.is_missing(geometry)] = NO_SIZE
    return geometry, wrong, repaired


def _per_km2(
    value: NDArray[np.float64],
    shape: NDArray[np.object_],
    rows: NDArray[np.int64],
    name: str,
) -> NDArray[np.float64]:
    """Numbers divided by the size of their areas; those without an area as they were."""
    points = int(np.count_nonzero(~is_polygon(shape[rows])))
    if points:
        raise InputError(
            "only areas have square kilometres to divide by",
            f"{points} of {len(rows)} rows of {name} are points",
            "give areas, or leave out --per-km2",
            code="points-have-no-size",
        )
    divided = value.copy()
    size = shapely.area(Plane.of_shapes(shape[rows]).shapes(shape[rows])) if len(rows) else 1.0
    divided[rows] = value[rows] / size * _M2_A_KM2
    return divided


def _without_repeats(
    shape: NDArray[np.object_],
    value: NDArray[np.float64],
    rows: NDArray[np.int64],
    shown: Sequence[str],
    reason: NDArray[np.object_],
) -> NDArray[np.int64]:
    """Rows whose place and number come for the first time; of others the reason is written.

    Several measurements at one point may differ; an area has one number.

    Raises:
        InputError: One area has two numbers.
    """
    first: dict[tuple[bytes, float], int] = {}
    areas: dict[bytes, int] = {}
    kept = []
    for row in rows.tolist():
        place = shapely.to_wkb(shapely.normalize(shape[row]))
        if first.setdefault((place, value[row]), row) != row:
            reason[row] = TWICE
            continue
        if is_polygon(shape[row : row + 1])[0] and areas.setdefault(place, row) != row:
            raise InputError(
                "one area has two numbers",
                f"{value[areas[place]]:g} in {shown[areas[place]]}, {value[row]:g} in {shown[row]}",
                "give each area once",
                code="area-with-two-values",
            )
        kept.append(row)
    return np.array(kept, dtype=np.int64)


def _single(shape: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """The points of MultiPoints apart, and the row each shape comes from."""
    several = shapely.get_type_id(shape) == shapely.GeometryType.MULTIPOINT
    whole = np.flatnonzero(~several)
    points, parent = shapely.get_parts(shape[several], return_index=True)
    row = np.concatenate([whole, np.flatnonzero(several)[parent]])
    order = np.argsort(row, kind="stable")
    return np.concatenate([shape[whole], points.astype(object)])[order], row[order]
