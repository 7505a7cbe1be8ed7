"""GeoParquet, Parquet's own geometry types, and plain tables with coordinates or geometries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aether_core.errors import InputError
from aether_core.vector.gdal import with_empty_cells
from aether_core.vector.kinds import kind_of
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.options import Columns, ReadOptions
from aether_core.vector.parsed import Parsed, ShapeArray
from aether_core.vector.report import ReadingReport
from aether_core.vector.shapes.cells import holds_shapes, shapes_of_cells
from aether_core.vector.tables import SHAPE_COLUMNS, with_geometry

PARQUET_SUFFIXES = frozenset({".parquet", ".geoparquet"})

_MAGIC = b"PAR1"
_NATIVE = frozenset({"GEOMETRY", "GEOGRAPHY"})
_BY_DEFAULT = "OGC:CRS84"  # of both standards, where they say nothing
_FIRST_ROWS = 100


@dataclass(frozen=True)
class _Geometry:
    """Where a file keeps its geometry.

    Attributes:
        column: Its column.
        others: Further columns of geometries.
        crs: For pyproj; None where the file says that it is unknown.
        encoding: `WKB`, or one of GeoArrow's.
        format: What to call the file.
    """

    column: str
    others: tuple[str, ...]
    crs: object
    encoding: str
    format: str


def read_parquet(path: Path, options: ReadOptions, limits: Limits, columns: Columns) -> Parsed:
    """Read a Parquet file.

    Its geometry is found by GeoParquet's metadata or Parquet's own types, or in columns of
    coordinates, well-known binary or text.

    Args:
        path: A plain local file.
        options: What the user says about the file.
        limits: Upper bounds; rows and unpacked bytes are known before anything is read.
        columns: What the caller says about the columns of a table without a typed geometry.

    Raises:
        InputError: Not Parquet, damaged, without coordinates, or above the limits.
    """
    with path.open("rb") as head:
        if head.read(len(_MAGIC)) != _MAGIC:
            raise InputError(
                "this is not a Parquet file, despite its ending",
                f"{path.name} is {kind_of(path)}",
                "give it the ending of what it is, or export it again",
                code="file-of-another-format",
            )
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file, path, limits)
            found = _geometry_of(file, path)
            if found is None:
                table = file.read()
                _check_texts(table, path, limits)
                report = ReadingReport(path.name, "Parquet")
                return with_geometry(_frame(table), path, report, limits, columns, options)
            shapes = file.read(columns=[found.column])
            limits.check_geometry_bytes(shapes.nbytes, path)
            typed = {found.column, *found.others}
            others = [name for name in file.schema_arrow.names if name not in typed]
            table = file.read(columns=others)
        _check_texts(table, path, limits)
        geometry, notes = _shapes(shapes, found, path)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet",
            str(error).split("\n", maxsplit=1)[0],
            "export or download it again",
            code="vector-file-unreadable",
        ) from error
    report = ReadingReport(path.name, found.format).used_for({"geometry": found.column})
    if found.others:
        notes.append(f"Further geometries were not read: {', '.join(found.others)}.")
    return Parsed(
        attributes=_frame(table),
        geometry=geometry,
        crs=found.crs,
        wgs84_by_rule=False,
        report=report.noted(*notes),
    )


def _shapes(table: pa.Table, found: _Geometry, path: Path) -> tuple[ShapeArray, list[str]]:
    """Build the geometries of the one column that was read."""
    if found.encoding != "WKB":
        shapes: ShapeArray = (
            gpd.read_parquet(path, columns=[found.column]).geometry.force_2d().to_numpy()
        )
        return shapes, []
    column = table.column(found.column)
    if isinstance(column.type, pa.ExtensionType):
        column = pa.chunked_array(
            [chunk.storage for chunk in column.chunks], column.type.storage_type
        )
    read = shapes_of_cells(column.to_pylist(), found.column)
    notes = [f"{read.broken:,} cells of {found.column} hold no geometry."] if read.broken else []
    return read.geometry, notes


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return the table for pandas: an index is a column, and whole numbers stay whole.

    Pandas' own metadata is taken away: pyarrow reads it even where it is to ignore it, and what a
    damaged file has there is no JSON.
    """
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_integer(column.type) and column.null_count:
            frame[name] = with_empty_cells(column)
    unnamed = [name for name in frame.columns if str(name).startswith("__index_level_")]
    return frame.drop(columns=unnamed)


def _check_size(file: pq.ParquetFile, path: Path, limits: Limits) -> None:
    """Check rows, columns and unpacked size from the file's footer."""
    footer = file.metadata
    limits.check_columns(footer.num_columns, path)
    limits.check_features(footer.num_rows, path)
    unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    limits.check_bytes(unpacked, path)


def _check_texts(table: pa.Table, path: Path, limits: Limits) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name.strip().lower() in SHAPE_COLUMNS:
            continue
        longest = longest_text(column)
        if longest > limits.cell_bytes and not holds_shapes(
            pd.Series(column.slice(0, _FIRST_ROWS).to_pylist(), dtype=object)
        ):
            limits.check_cells(name, longest, path)


def _geometry_of(file: pq.ParquetFile, path: Path) -> _Geometry | None:
    """Return where the geometry is; None of a plain table."""
    names = file.schema_arrow.names
    about = (file.schema_arrow.metadata or {}).get(b"geo")
    if about is not None:
        geo = dict(json.loads(about))
        columns: Mapping[str, Any] = geo.get("columns") or {}
        column = str(geo.get("primary_column") or next(iter(columns), "geometry"))
        if column not in names:
            raise InputError(
                f"the GeoParquet metadata of {path.name} name a column that is not there",
                column,
                f"it has {', '.join(names[:20])}",
                code="no-such-column",
            )
        described = columns.get(column) or {}
        encoding = str(described.get("encoding") or "WKB")
        return _Geometry(
            column,
            tuple(name for name in columns if name != column and name in names),
            described.get("crs", _BY_DEFAULT),
            "WKB" if encoding.upper() in {"WKB", "WKT"} else encoding,
            "GeoParquet",
        )
    native = _native(file)
    if not native:
        return None
    column = next((name for name in native if name.lower() in SHAPE_COLUMNS), next(iter(native)))
    others = tuple(name for name in native if name != column)
    return _Geometry(
        column, others, _native_crs(native[column], file), "WKB", "Parquet with geometry"
    )


def _native(file: pq.ParquetFile) -> dict[str, str]:
    """Columns of Parquet's types GEOMETRY and GEOGRAPHY, with what they say of their CRS."""
    found = {}
    for at in range(len(file.schema)):
        column = file.schema.column(at)
        if column.logical_type.type in _NATIVE and column.path == column.name:
            found[column.name] = str(json.loads(column.logical_type.to_json()).get("crs") or "")
    return found


def _native_crs(text: str, file: pq.ParquetFile) -> object:
    """Return the CRS of a native geometry, in one of the spellings its standard lists."""
    kind, _, value = text.partition(":")
    if kind == "projjson":
        kept = (file.metadata.metadata or {}).get(value.encode())
        return json.loads(kept) if kept is not None else text
    if kind == "srid" or text.isdigit():
        return f"EPSG:{value or text}" if (value or text) != "0" else None
    if text.startswith("{"):
        return json.loads(text)
    return text or _BY_DEFAULT
