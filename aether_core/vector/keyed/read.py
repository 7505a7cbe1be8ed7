"""Vector files and keyed tables alike: where a row lies is said by its shape, cell or code."""

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.spatial.hexagons import cell_polygons
from aether_core.vector.coordinates import WGS84
from aether_core.vector.keyed.cells import NOT_A_CELL, cell_column, cells_in, resolutions_of
from aether_core.vector.keyed.code_names import TELLING, rank
from aether_core.vector.keyed.join import join_shapes
from aether_core.vector.limits import DEFAULT_LIMITS, Limits
from aether_core.vector.options import NO_OPTIONS, ReadOptions
from aether_core.vector.parquet import PARQUET_SUFFIXES
from aether_core.vector.read import VectorFile, read_vector
from aether_core.vector.report import ReadingReport
from aether_core.vector.tables import TEXT_SUFFIXES


@dataclass(frozen=True)
class KeyedFile:
    """A file whose rows have shapes, their own or those of their codes.

    Attributes:
        frame: One row each, EPSG:4326.
        report: How the file was read.
        shapes: How the file of the shapes was read, where there is one.
        code_field: The column that says where a row lies; None where its own shape does.
    """

    frame: gpd.GeoDataFrame
    report: ReadingReport
    shapes: ReadingReport | None = None
    code_field: str | None = None


@in_own_process
def read_keyed(
    path: str | Path,
    options: ReadOptions = NO_OPTIONS,
    *,
    geometry: Path | None = None,
    code_field: str | None = None,
    as_areas: bool = False,
    typed: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> KeyedFile:
    """Read a vector file, a table of H3 cells, or a table of codes with a second file of shapes.

    Args:
        path: See `aether_core.vector.read_vector`; a table may have no coordinates.
        options: What the user says about the file. The CRS is that of the shapes, and so is the
            layer where the table has none.
        geometry: The file with the shapes of the codes; the table's own do not count then.
        code_field: The column of the codes or cells; found when None.
        as_areas: Areas are wanted: points beside a column of H3 cells become these cells.
        typed: See `aether_core.vector.read_vector`.
        limits: Upper bounds on each file.

    Raises:
        NotFoundError: There is no such file.
        InputError: A file cannot be read, its rows have neither shapes nor cells and no file of
            shapes was given, or no code has a shape.
    """
    file = Path(path)
    if geometry is not None:
        with_layers = file.suffix.lower() not in TEXT_SUFFIXES | PARQUET_SUFFIXES
        table = read_vector(
            file,
            replace(options, crs=None, layer=options.layer if with_layers else None),
            typed=typed,
            limits=limits,
            shapeless=True,
        )
        of_shapes = ReadOptions(
            crs=options.crs,
            crs_if_unstated=options.crs_if_unstated,
            layer=None if with_layers else options.layer,
        )
        shapes = read_vector(geometry, of_shapes, typed=False, limits=limits)
        joined = join_shapes(table, shapes, code_field)
        return KeyedFile(
            joined.table.frame, joined.table.report, joined.shapes.report, joined.code_field
        )
    read = read_vector(file, options, typed=typed, limits=limits, shapeless=True)
    if _has_shapes(read.frame, as_areas=as_areas):
        return KeyedFile(read.frame, read.report)
    table_only = read.frame.drop(columns="geometry")
    column = cell_column(table_only, code_field)
    if column is not None:
        return _with_cells(read, column)
    if _has_shapes(read.frame, as_areas=False):
        return KeyedFile(read.frame, read.report)
    codes = [name for name in map(str, table_only.columns) if rank(name) == TELLING]
    if not codes and code_field is None:
        read_vector(file, options, typed=typed, limits=limits)  # says what it lacks
    raise InputError(
        f"{file.name} has codes but no shapes",
        ", ".join(codes) or code_field or "",
        "give the file with the shapes of these codes too (in commands: --geometry FILE)",
        code="table-needs-geometry",
    )


@in_own_process
def needs_shapes(
    path: str | Path, options: ReadOptions = NO_OPTIONS, *, as_areas: bool = False
) -> bool:
    """Whether a file of shapes has to be given beside this one.

    Args:
        path: See `read_keyed`.
        options: What the user says about the file.
        as_areas: Areas are wanted: points do not do.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    return lacks_shapes(read_vector(path, options, typed=False, shapeless=True).frame, as_areas)


def lacks_shapes(frame: gpd.GeoDataFrame, as_areas: bool) -> bool:
    """Whether neither shapes nor H3 cells say where the rows of a table lie."""
    if _has_shapes(frame, as_areas=as_areas):
        return False
    return cell_column(frame.drop(columns="geometry")) is None


def _has_shapes(frame: gpd.GeoDataFrame, *, as_areas: bool) -> bool:
    """Whether there are geometries; points are none where areas are wanted."""
    own = frame.geometry.to_numpy()
    there = own[~(shapely.is_missing(own) | shapely.is_empty(own))]
    points = bool((shapely.get_type_id(there) == shapely.GeometryType.POINT).all())
    return bool(len(there)) and not (as_areas and points)


def _with_cells(read: VectorFile, column: str) -> KeyedFile:
    """Give each row the outline of its H3 cell."""
    cells = cells_in(read.frame[column])
    there = cells > 0
    shapes = np.full(len(cells), None, dtype=object)
    shapes[there] = cell_polygons(cells[there])
    levels = " and ".join(map(str, resolutions_of(cells[there])))
    kept = read.frame[there].drop(columns="geometry").reset_index(drop=True)
    frame = gpd.GeoDataFrame(kept, geometry=shapes[there], crs=WGS84)
    gone = int(np.count_nonzero(~there))
    report = replace(read.report, crs=WGS84, crs_from=f"H3 cells of {column}")
    report = report.used_for({"cell": column}).counted(
        {NOT_A_CELL: gone} if gone else {}, len(frame)
    )
    report = report.noted(f"{column} holds H3 cells of resolution {levels}: a row is its cell.")
    return KeyedFile(frame, report, code_field=column)
