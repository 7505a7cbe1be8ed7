"""Rows of a table that describe areas: polygons, H3 cells, or what a code stands for."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.longitudes import within_180
from aether_core.vector.keyed.area_names import NUMBERED, area_names
from aether_core.vector.report import ReadingReport
from aether_core.vector.shapes.collections import without_collections

_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, eq=False)
class AreaRows:
    """The areas that the rows of a table describe.

    Attributes:
        geometry: Object `[m]` of valid Polygons and MultiPolygons, WGS84, within ±180 degrees.
        code: Object `[m]` of str, each once.
        name: Object `[m]` of str, "" where there is none.
        code_field: The column of the codes; None where rows are numbered.
        resolution: Of H3 cells; None of other areas.
    """

    geometry: NDArray[np.object_]
    code: NDArray[np.object_]
    name: NDArray[np.object_]
    code_field: str | None
    resolution: int | None


def are_areas(shapes: NDArray[np.object_], file: Path) -> bool:
    """Whether the rows of a table describe areas.

    Raises:
        InputError: Some do, and others are points or lines.
    """
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    polygons = np.isin(shapely.get_type_id(there), _POLYGONS)
    if polygons.any() and not polygons.all():
        kinds = sorted({shape.geom_type for shape in there})
        raise InputError(
            f"{file.name} holds polygons beside other shapes",
            ", ".join(kinds),
            "give areas and points in tables, and cities, of their own",
            code="areas-mixed-with-points",
        )
    return bool(polygons.any())


def mended(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons made valid; empty where nothing with an area is left, None where there is none."""
    mended = without_collections(shapely.make_valid(shapes)).geometry
    flat = ~shapely.is_missing(mended) & ~(shapely.area(mended) > 0)
    mended[flat] = shapely.Polygon()
    return np.asarray(within_180(mended).shapes)


def area_rows(
    frame: gpd.GeoDataFrame,
    shapes: NDArray[np.object_],
    *,
    code_field: str | None,
    resolution: int | None,
    used: str,
    report: ReadingReport,
) -> tuple[AreaRows, ReadingReport]:
    """Return the areas of rows that hold data, and what is said of them.

    Args:
        frame: Those rows as they were read.
        shapes: Their polygons after `mended`, object `[m]`.
        code_field: The column of the codes; found when None.
        resolution: Of H3 cells.
        used: The columns that hold the embedding, as its report names them.
        report: Of the table.

    Raises:
        InputError: A code is missing or stands twice, or several columns may be the code.
    """
    table = frame.drop(columns="geometry").reset_index(drop=True)
    names = area_names(table, taken=_spanned(table, used), code_field=code_field, file=report.file)
    report = report.used_for({"code": names.code_field, "name": names.name_field})
    crossed = int(np.count_nonzero(~shapely.is_valid(frame.geometry.to_numpy())))
    notes = [NUMBERED] if names.code_field is None else []
    if crossed:
        notes.append(f"{crossed:,} polygons crossed themselves and were mended.")
    areas = AreaRows(shapes, names.code, names.name, names.code_field, resolution)
    return areas, report.noted(*notes)


def _spanned(table: pd.DataFrame, used: str) -> set[str]:
    """The columns that hold the embedding."""
    first, _, last = used.partition(" to ")
    names = [str(name) for name in table.columns]
    if first in names and last in names:
        return set(names[names.index(first) : names.index(last) + 1])
    return {used}
