"""The areas of a profile, read from any vector file: their outlines, and what they are called."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.city.outline import repaired_outline
from aether_core.errors import InputError
from aether_core.spatial.longitudes import within_180
from aether_core.tasks.labels.read import label_texts
from aether_core.tasks.samples.polygons import is_polygon
from aether_core.vector import NO_OPTIONS, ReadingReport, ReadOptions, read_vector
from aether_core.vector.headings import find_column, first_column

MOST_AREAS = 5000
"""A profile of more areas is a table that nobody reads, and takes minutes."""
CROSSED = "outline that crosses itself"
_NO_GEOMETRY = "no geometry"
_NOT_AN_AREA = "not a polygon"
_NO_SIZE = "polygon with zero area"
_USUAL_NAMES = (
    *("name", "district", "district_name", "area_name", "neighbourhood", "neighborhood", "ward"),
    *("nimi", "namn", "navn", "nom", "nombre", "nome", "naam", "nazwa", "bezirk", "stadtteil"),
    *("название", "名称", "名前", "名稱"),
)


@dataclass(frozen=True, eq=False)
class NamedAreas:
    """Areas to be profiled.

    Attributes:
        geometry: Object `[a]` of valid Polygons and MultiPolygons, WGS84.
        name: Object `[a]` of str, each once.
        report: How the file was read, with what was left out and why.
    """

    geometry: NDArray[np.object_]
    name: NDArray[np.object_]
    report: ReadingReport

    def __len__(self) -> int:
        return len(self.geometry)


def read_named_areas(
    path: str | Path, options: ReadOptions = NO_OPTIONS, *, name_field: str | None = None
) -> NamedAreas:
    """Read areas and their names.

    Rows of one name are the parts of one area. Outlines that touch themselves are mended; those
    that truly cross themselves are left out and counted, for which side is inside is a guess.

    Args:
        path: A vector file, see `aether_core.vector.read_vector`.
        options: What the user says about the file.
        name_field: Column of the names. When None, the one that is called so; else the only text
            that differs from row to row; rows are numbered where no column has any text.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, holds no usable area or over 5,000 of them, or several
            columns may be the name.
    """
    file = Path(path)
    read = read_vector(file, options)
    table = pd.DataFrame(read.frame.drop(columns="geometry"))
    field = (
        find_column(table.columns, name_field, file=file.name)
        if name_field is not None
        else _name_column(table, file.name)
    )
    written = [""] * len(table) if field is None else label_texts(table[field])
    name = np.array(_called(written), dtype=object)
    geometry, reason, crossed = _outlines(read.frame, name)
    used = reason == ""
    if not used.any():
        raise crossed or _nothing(file.name, reason)
    number = np.asarray(pd.factorize(name[used])[0], dtype=np.int64)
    if number.max() >= MOST_AREAS:
        raise InputError(
            f"a profile takes at most {MOST_AREAS:,} areas",
            f"{file.name} has {number.max() + 1:,}",
            "give larger areas, or a part of them",
            code="too-many-areas",
        )
    joined, names = _joined(geometry[used], name[used], number)
    notes = []
    if field is None:
        notes.append("No column has names of the areas: they are numbered in the file's order.")
    elif len(names) < used.sum():
        notes.append(
            f"{used.sum():,} rows are {len(names):,} areas: rows with the same {field} are the "
            "parts of one area."
        )
    crossing = name[reason == CROSSED]
    if len(crossing):
        notes.append(f"Outlines that cross themselves: {_listed(crossing.tolist())}.")
    left_out = dict(Counter(text for text in reason.tolist() if text))
    report = read.report.used_for({"name": field}).counted(left_out, int(used.sum())).noted(*notes)
    return NamedAreas(joined, names, report)


def _name_column(table: pd.DataFrame, file: str) -> str | None:
    """The column of names; None where no column has texts.

    Raises:
        InputError: Several may be it, or the one called so repeats where another does not.
    """
    texts = [
        str(name)
        for name in table.columns
        if any(isinstance(value, str) and value.strip() for value in table[name])
    ]
    distinct = [name for name in texts if _tells_apart(table[name])]
    usual = first_column(texts, _USUAL_NAMES, file=file)
    if usual is not None and (usual in distinct or not distinct):
        return usual
    candidates = list(dict.fromkeys([*([usual] if usual else []), *(distinct or texts)]))
    if len(candidates) > 1:
        raise InputError(
            "several columns may be the name of the areas",
            ", ".join(candidates[:8]),
            f"name the right one of {file} (in commands: --name-field)",
            code="area-name-unclear",
        )
    return candidates[0] if candidates else None


def _tells_apart(column: pd.Series) -> bool:
    written = label_texts(column)
    return "" not in written and len(set(written)) == len(written)


def _called(written: list[str]) -> list[str]:
    """A name for each row; one without a text is called by its row."""
    return [text or f"Area {row}" for row, text in enumerate(written, start=1)]


def _outlines(
    frame: gpd.GeoDataFrame, name: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.object_], InputError | None]:
    """Valid polygons, why a row has none ("" where it has), and the first crossing's error."""
    geometry = frame.geometry.to_numpy().astype(object)
    reason = np.full(len(frame), "", dtype=object)
    polygon = is_polygon(geometry)
    reason[~polygon] = _NOT_AN_AREA
    reason[shapely.is_missing(geometry) | shapely.is_empty(geometry)] = _NO_GEOMETRY
    first: InputError | None = None
    for row in np.flatnonzero(polygon & ~shapely.is_valid(geometry)):
        try:
            geometry[row] = repaired_outline(geometry[row], f"the area {name[row]}")
        except InputError as error:
            crosses = error.code == "boundary-crosses-itself"
            reason[row] = CROSSED if crosses else _NO_SIZE
            first = first or error
    good = np.flatnonzero(reason == "")
    geometry[good] = within_180(geometry[good]).shapes
    reason[good[~(shapely.area(geometry[good]) > 0)]] = _NO_SIZE
    return geometry, reason, first


def _nothing(file: str, reason: NDArray[np.object_]) -> InputError:
    reasons = ", ".join(f"{count} x {why}" for why, count in Counter(reason.tolist()).items())
    return InputError(
        f"{file} has no area that can be profiled",
        reasons,
        "give polygons",
        code="area-not-a-polygon",
    )


def _joined(
    geometry: NDArray[np.object_], name: NDArray[np.object_], number: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """One shape and one name an area."""
    if number.max() + 1 == len(number):
        return geometry, name
    order = np.argsort(number, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    shapes = np.empty(len(parts), dtype=object)
    for at, rows in enumerate(parts):
        shapes[at] = geometry[rows[0]] if len(rows) == 1 else shapely.union_all(geometry[rows])
    return shapes, np.array([name[rows[0]] for rows in parts], dtype=object)


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
