"""The one way in for vector files."""

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import shapely

from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.reading import in_own_process
from aether_core.vector.archive import unpacked_shapefile
from aether_core.vector.coordinates import WGS84, to_wgs84
from aether_core.vector.gdal import GDAL_SUFFIXES, read_gdal
from aether_core.vector.limits import DEFAULT_LIMITS, Limits
from aether_core.vector.options import NO_OPTIONS, ReadOptions
from aether_core.vector.parquet import PARQUET_SUFFIXES, read_parquet
from aether_core.vector.parsed import Parsed
from aether_core.vector.report import ReadingReport, sample_of
from aether_core.vector.tables import TEXT_SUFFIXES, read_text_table

VECTOR_SUFFIXES = GDAL_SUFFIXES | PARQUET_SUFFIXES | TEXT_SUFFIXES | {".zip"}


@dataclass(frozen=True)
class VectorFile:
    """A vector file as read.

    Attributes:
        frame: One row a feature in the file's order, EPSG:4326, two dimensions. Rows without a
            usable geometry keep a None geometry so that callers can count them.
        report: How it was read.
    """

    frame: gpd.GeoDataFrame
    report: ReadingReport


@in_own_process
def read_vector(
    path: str | Path,
    options: ReadOptions = NO_OPTIONS,
    *,
    lon_field: str | None = None,
    lat_field: str | None = None,
    typed: bool = True,
    shapeless: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> VectorFile:
    """Read a vector file into WGS84.

    Understood: GeoJSON, GeoPackage, Shapefile (also zipped), FlatGeobuf, (Geo)Parquet, CSV and TSV.

    Args:
        path: A plain local file with an ending in `VECTOR_SUFFIXES`.
        options: What the user says about the file.
        lon_field: Longitude column of a table; detected when None.
        lat_field: Latitude column of a table; detected when None.
        typed: False keeps the attributes of text tables as written instead of as numbers.
        shapeless: Accept a table without any geometry: no row has one then.
        limits: Upper bounds on bytes, rows, columns, texts and vertices.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be used; the message says why and what to try.
    """
    file = local_file(path, suffixes=VECTOR_SUFFIXES)
    limits.check_bytes(file.stat().st_size, file)
    parsed = _parse(
        file,
        options,
        limits,
        lon_field=lon_field,
        lat_field=lat_field,
        typed=typed,
        shapeless=shapeless,
    )
    if not len(parsed.geometry):
        raise InputError(
            "the file is empty: it has no rows",
            file.name,
            "export it again",
            code="file-without-rows",
        )
    nothing = bool((shapely.is_missing(parsed.geometry) | shapely.is_empty(parsed.geometry)).all())
    if nothing and not shapeless:
        raise InputError(
            "no row of the file has a geometry",
            file.name,
            "export it with its points or shapes",
            code="file-without-geometry",
        )
    limits.check_shapes(parsed.geometry, file)
    geometry, report = (
        (parsed.geometry, parsed.report) if nothing else to_wgs84(parsed, file, options)
    )
    # An attribute called like the geometry column would be overwritten by it.
    attributes = parsed.attributes.drop(columns="geometry", errors="ignore")
    frame = gpd.GeoDataFrame(attributes, geometry=geometry, crs=WGS84)
    report = replace(
        report,
        headings=tuple(map(str, attributes.columns)),
        rows=len(frame) + sum(report.left_out.values()),
        used=len(frame),
        sample=sample_of(attributes),
    )
    return VectorFile(frame, report)


def _parse(
    file: Path,
    options: ReadOptions,
    limits: Limits,
    *,
    lon_field: str | None,
    lat_field: str | None,
    typed: bool,
    shapeless: bool,
) -> Parsed:
    """Choose the reader by the file's ending."""
    suffix = file.suffix.lower()
    if suffix == ".zip":
        with unpacked_shapefile(file, limits) as shapefile:
            parsed = read_gdal(shapefile, options, limits)
            report = replace(parsed.report, file=file.name, format="zipped Shapefile")
            return replace(parsed, report=report)
    if suffix in TEXT_SUFFIXES:
        return read_text_table(
            file,
            options,
            limits,
            lon_field=lon_field,
            lat_field=lat_field,
            typed=typed,
            shapeless=shapeless,
        )
    if suffix in PARQUET_SUFFIXES:
        return read_parquet(
            file, limits, lon_field=lon_field, lat_field=lat_field, shapeless=shapeless
        )
    return read_gdal(file, options, limits)
