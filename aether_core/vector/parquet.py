"""GeoParquet, and plain Parquet tables with coordinate columns."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aether_core.errors import InputError
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.parsed import Parsed
from aether_core.vector.report import ReadingReport
from aether_core.vector.tables import SHAPE_COLUMNS, with_geometry

PARQUET_SUFFIXES = frozenset({".parquet", ".geoparquet"})


def read_parquet(
    path: Path,
    limits: Limits,
    *,
    lon_field: str | None,
    lat_field: str | None,
    shapeless: bool = False,
) -> Parsed:
    """Read a Parquet file: its GeoParquet geometry, or its longitude and latitude columns.

    Args:
        path: A plain local file.
        limits: Upper bounds; rows and unpacked bytes are known before anything is read.
        lon_field: Column of longitudes; only for tables without GeoParquet metadata.
        lat_field: Column of latitudes.
        shapeless: Accept a table without coordinates.

    Raises:
        InputError: Not Parquet, damaged, without coordinates, or above the limits.
    """
    report = ReadingReport(path.name, "Parquet")
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file, path, limits)
            geo = _geo_metadata(file)
            if geo is None:
                table = file.read()
                _check_texts(table, path, limits)
                frame = table.to_pandas()
                return with_geometry(
                    frame,
                    path,
                    report,
                    limits,
                    lon_field=lon_field,
                    lat_field=lat_field,
                    shapeless=shapeless,
                )
            column = str(geo.get("primary_column", "geometry"))
            limits.check_geometry_bytes(file.read(columns=[column]).nbytes, path)
            others = [name for name in file.schema_arrow.names if name not in _geometries(geo)]
            _check_texts(file.read(columns=others), path, limits)
        frame = gpd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name} cannot be read as Parquet",
            str(error).split("\n", maxsplit=1)[0],
            "it is damaged or truncated: export it again",
            code="vector-file-unreadable",
        ) from error
    geometry = frame.geometry.force_2d()
    return Parsed(
        attributes=pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True),
        geometry=geometry.to_numpy(),
        crs=frame.crs,
        wgs84_by_rule=False,
        report=replace(report, format="GeoParquet").used_for({"geometry": column}),
    )


def _check_size(file: pq.ParquetFile, path: Path, limits: Limits) -> None:
    """Check rows, columns and unpacked size from the file's footer."""
    footer = file.metadata
    limits.check_columns(footer.num_columns, path)
    limits.check_features(footer.num_rows, path)
    unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    limits.check_bytes(unpacked, path)


def _check_texts(table: pa.Table, path: Path, limits: Limits) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name.strip().lower() not in SHAPE_COLUMNS:
            limits.check_cells(name, longest_text(column), path)


def _geometries(geo: Mapping[str, Any]) -> frozenset[str]:
    """Names of the geometry columns that GeoParquet metadata list."""
    return frozenset(geo.get("columns", {}))


def _geo_metadata(file: pq.ParquetFile) -> dict[str, Any] | None:
    """Return the GeoParquet metadata, or None for a plain table."""
    text = (file.schema_arrow.metadata or {}).get(b"geo")
    return dict(json.loads(text)) if text is not None else None
