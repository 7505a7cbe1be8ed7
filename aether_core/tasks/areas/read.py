"""Areas with shares or counts of people: read, checked, and brought to shares that sum to 1."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.reading import in_own_process
from aether_core.tasks.areas.codes import area_codes, row_names
from aether_core.tasks.areas.disjoint import check_disjoint
from aether_core.tasks.areas.given import (
    NUMBER_KINDS,
    Given,
    given_notes,
    has_percent_signs,
    unlike_the_others,
    what_is_given,
)
from aether_core.tasks.areas.numbers import AreaNumbers, area_numbers
from aether_core.tasks.areas.totals import refuse_totals, rows_of_totals
from aether_core.tasks.samples.polygons import is_polygon, valid_polygons
from aether_core.vector import (
    DEFAULT_LIMITS,
    NO_OPTIONS,
    Limits,
    ReadingReport,
    ReadOptions,
)
from aether_core.vector.headings import find_column
from aether_core.vector.keyed.read import read_keyed

MINIMUM_COUNT = 100.0
"""People an area needs where counts are given: fewer would tell of persons."""

NO_GEOMETRY = "no geometry"
NOT_AN_AREA = "not a polygon"
NO_SIZE = "polygon with zero area"
NO_CODE = "no code"
MISSING = "missing value"
NOBODY = "population of zero"
TOTAL_ROW = "total of all other rows"
NOT_WHOLE = "shares that do not sum to 1"
_NO_PART = frozenset({NO_GEOMETRY, NOT_AN_AREA, NO_SIZE, NO_CODE})


@dataclass(frozen=True)
class Areas:
    """Areas and how their people are divided.

    An area that comes as several rows, such as islands, is one here: a MultiPolygon.

    Attributes:
        geometry: Object `[a]` of valid Polygons and MultiPolygons, WGS84.
        code: Object `[a]` of str, each once.
        shares: float64 `[a, k]`, not negative, rows sum to 1.
        count: float64 `[a]`, people over all fields; NaN unless counts are given.
        fields: The k names.
        given: What the file held: "shares", "percent" or "counts".
        source: The file's name.
        sha256: Of the file's content, 64 hexadecimal digits.
        dropped: How many areas went, by reason; those that occurred.
        repaired: Polygons that crossed themselves and were mended.
        minimum_count: People an area needed; only counts are held against it.
        report: How the file was read; None of areas that were kept.
        shapes: How the file was read that the areas' shapes come from, where there is one.
        shapes_sha256: Of that file's content.
    """

    geometry: NDArray[np.object_]
    code: NDArray[np.object_]
    shares: NDArray[np.float64]
    count: NDArray[np.float64]
    fields: tuple[str, ...]
    given: Given
    source: str
    sha256: str
    dropped: dict[str, int]
    repaired: int
    minimum_count: float = MINIMUM_COUNT
    report: ReadingReport | None = None
    shapes: ReadingReport | None = None
    shapes_sha256: str | None = None

    def __len__(self) -> int:
        return len(self.geometry)


@in_own_process
def read_areas(
    path: str | Path,
    *,
    fields: Sequence[str],
    options: ReadOptions = NO_OPTIONS,
    geometry: Path | None = None,
    code_field: str | None = None,
    given: Given | None = None,
    minimum_count: float = MINIMUM_COUNT,
    limits: Limits = DEFAULT_LIMITS,
) -> Areas:
    """Read areas and the shares of their people.

    Rows without a polygon, with a suppressed value in one of the fields, with nobody counted, with
    too few people, and single rows of shares that miss 1 by over 0.05 are dropped and counted by
    reason. Where most rows miss 1, some fields were left out on purpose, and the shares are those
    among the fields given. Rows that share a code and have the same numbers are the parts of one
    area.

    Args:
        path: A vector file, or a table of codes or H3 cells, see `read_keyed`.
        fields: Columns of shares, percentages or counts, at least two.
        options: What the user says about the file.
        geometry: File with the shapes of the areas' codes, where the first has none.
        code_field: Column of the areas' codes; detected when None (`area_codes`).
        given: What the numbers are; found out when None (`what_is_given`).
        minimum_count: Areas with fewer people go; only counts are held against it.
        limits: Upper bounds on the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read; a field is not there (names those that are), given
            once only, negative, no number or the total of others; the code or what the numbers are
            is unclear; rows of one code have different numbers; areas overlap by over 5 % of the
            smaller; or nothing is left.
    """
    file = Path(path)
    read = read_keyed(
        file,
        options,
        geometry=geometry,
        code_field=code_field,
        as_areas=True,
        typed=False,
        limits=limits,
    )
    frame = read.frame
    code_field = read.code_field or code_field
    table = frame.drop(columns="geometry")
    names = _checked_fields(table.columns.tolist(), fields, file.name)
    if code_field is not None:
        code_field = find_column(table.columns, code_field, file=file.name)
    shown = row_names(table, names, code_field)
    numbers = area_numbers(table, names, shown, options, file=file.name)
    values = numbers.values

    polygons, reason, repaired = _polygons(frame)
    codes = area_codes(table, names, values, reason == "", code_field)
    reason[(reason == "") & (codes.code == "")] = NO_CODE
    withheld = _why_missing(numbers)
    reason[reason == ""] = withheld[reason == ""]
    refuse_totals(values[reason == ""], names)
    kind = what_is_given(
        values[reason == ""], percent_signs=has_percent_signs(table, names), said=given
    )
    if NUMBER_KINDS[kind].has_totals:
        _leave_out_totals(values, codes.code, reason)
    _judge_sums(values, reason, kind, minimum_count)
    # The parts of an area have the same numbers, so they were judged alike.
    first, parts = _first_rows(codes.code, reason)
    dropped = dict(Counter(text for text in reason[first].tolist() if text))
    kept = first[reason[first] == ""]
    if not len(kept):
        raise InputError(
            f"{file.name} has no usable areas",
            ", ".join(f"{count} x {text}" for text, count in dropped.items()),
            "give polygons with at least two shares or counts each",
            code="no-usable-areas",
        )
    used = reason == ""
    shapes = np.array([_joined(polygons[parts[row]]) for row in kept.tolist()], dtype=object)
    check_disjoint(shapes, codes.code[kept].tolist())
    total = values[kept].sum(axis=1)
    read_as = replace(read.report, numbers=numbers.shown or read.report.numbers)
    report = read_as.used_for(
        {"code": codes.field, **{f"field {k + 1}": name for k, name in enumerate(names)}}
    )
    left_out = dict(Counter(text for text in reason.tolist() if text))
    return Areas(
        geometry=shapes,
        code=codes.code[kept],
        shares=values[kept] / total[:, None],
        count=total if NUMBER_KINDS[kind].has_totals else np.full(len(total), np.nan),
        fields=names,
        given=kind,
        source=file.name,
        sha256=sha256_of(file),
        dropped=dropped,
        repaired=int(np.count_nonzero(repaired & used)),
        minimum_count=minimum_count,
        report=replace(report, numbers=numbers.shown or report.numbers)
        .counted(left_out, int(used.sum()))
        .noted(*codes.notes, *given_notes(values[kept], kind, names)),
        shapes=read.shapes,
        shapes_sha256=None if geometry is None else sha256_of(geometry),
    )


def _why_missing(numbers: AreaNumbers) -> NDArray[np.object_]:
    """Why a row lacks a number: the first mark in it as written, or nothing; "" where complete."""
    why = np.full(len(numbers.values), "", dtype=object)
    for row in np.flatnonzero(np.isnan(numbers.values).any(axis=1)):
        marks = [mark for mark in numbers.mark[row] if mark]
        why[row] = f"withheld value {marks[0]!r}" if marks else MISSING
    return why


def _leave_out_totals(
    values: NDArray[np.float64], code: NDArray[np.object_], reason: NDArray[np.object_]
) -> None:
    """Write into `reason` which row is the sum of all other areas."""
    first, _ = _first_rows(code, reason)
    rows = first[reason[first] == ""]
    reason[rows[rows_of_totals(values[rows])]] = TOTAL_ROW


def _first_rows(
    code: NDArray[np.object_], reason: NDArray[np.object_]
) -> tuple[NDArray[np.int64], dict[int, list[int]]]:
    """Rows that stand for an area each, in the file's order, and the rows of its parts.

    Rows without a polygon or a code stand for themselves.
    """
    parts: dict[int, list[int]] = {}
    firsts: dict[str, int] = {}
    for row, (text, why) in enumerate(zip(code.tolist(), reason.tolist(), strict=True)):
        alone = why in _NO_PART
        first = row if alone else firsts.setdefault(text, row)
        parts.setdefault(first, []).append(row)
    return np.fromiter(parts, np.int64, len(parts)), parts


def _joined(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """One shape of an area's parts."""
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


def _judge_sums(
    values: NDArray[np.float64], reason: NDArray[np.object_], given: Given, minimum: float
) -> None:
    """Write into `reason` why complete rows cannot be used."""
    rows = np.flatnonzero(reason == "")
    total = values[rows].sum(axis=1)
    reason[rows[unlike_the_others(values[rows], given)]] = NOT_WHOLE
    if NUMBER_KINDS[given].has_totals:
        reason[rows[total < minimum]] = f"fewer than {minimum:g} people"
    reason[rows[total == 0]] = NOBODY


def _polygons(
    frame: gpd.GeoDataFrame,
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.bool_]]:
    """Return valid polygons, why a row has none ("" where it has), and which were repaired."""
    geometry = frame.geometry.to_numpy().astype(object)
    reason = np.full(len(frame), "", dtype=object)
    polygon = is_polygon(geometry)
    reason[~polygon] = NOT_AN_AREA
    reason[shapely.is_missing(geometry) | shapely.is_empty(geometry)] = NO_GEOMETRY
    repaired = polygon & ~shapely.is_valid(geometry)
    geometry[polygon] = valid_polygons(geometry[polygon]).geometry
    reason[polygon & shapely.is_missing(geometry)] = NO_SIZE
    return geometry, reason, repaired


def _checked_fields(columns: Sequence[str], fields: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the fields, or refuse those that are missing or too few."""
    listed = ", ".join(str(column) for column in columns[:30]) or "none"
    named = [field for field in fields if field.strip()]
    names = tuple(dict.fromkeys(find_column(columns, field, file=name) for field in named))
    if len(names) < 2:
        raise InputError(
            "shares need at least two fields",
            ", ".join(names) or "none",
            f"name fields of {name} that add up to the whole population; it has {listed}",
            code="too-few-share-fields",
        )
    return names
