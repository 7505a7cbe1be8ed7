"""The one way in for vector files."""

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import shapely

from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.reading import in_own_process
from aether_core.vector.coordinates import WGS84, to_wgs84
from aether_core.vector.formats import VECTOR_SUFFIXES, parse
from aether_core.vector.headings import tidy_headings
from aether_core.vector.limits import DEFAULT_LIMITS, Limits
from aether_core.vector.markup.html_tables import html_tables_as_columns
from aether_core.vector.options import NO_OPTIONS, Columns, ReadOptions
from aether_core.vector.packed.geodatabase import geodatabase_alone, is_geodatabase
from aether_core.vector.report import ReadingReport, sample_of
from aether_core.vector.shapes.collections import without_collections


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

    Understood: GeoJSON and its sequences, Esri, Overpass and TopoJSON, GeoPackage, Shapefile,
    FlatGeobuf, (Geo)Parquet, KML, GML, MapInfo, CSV, TSV and workbooks (XLSX, XLS, ODS); all of
    them in a zip or `.gz`; FileGDB as a folder or in a zip. A GeometryCollection becomes the
    polygons in it (`without_collections`).

    Args:
        path: A plain local file with an ending in `VECTOR_SUFFIXES`, or a `.gdb` folder.
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
    columns = Columns(lon_field, lat_field, typed, shapeless)
    if is_geodatabase(Path(path)):
        file = Path(path)
        with geodatabase_alone(path, limits) as alone:
            parsed = parse(alone, options, limits, columns)
    else:
        file = local_file(path, suffixes=VECTOR_SUFFIXES)
        limits.check_bytes(file.stat().st_size, file)
        parsed = parse(file, options, limits, columns)
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
    plain = without_collections(parsed.geometry)
    geometry, report = (
        (parsed.geometry, parsed.report)
        if nothing
        else to_wgs84(replace(parsed, geometry=plain.geometry), file, options)
    )
    # An attribute called like the geometry column would be overwritten by it.
    expanded = html_tables_as_columns(
        parsed.attributes.drop(columns="geometry", errors="ignore"), file, limits
    )
    attributes = expanded.attributes
    attributes = attributes.set_axis(tidy_headings(attributes.columns), axis=1)
    report = report.noted(*plain.notes, *expanded.notes)
    if options.layer is not None and report.layer is None:
        report = report.noted(f"It holds one layer; {options.layer} was not needed.")
    frame = gpd.GeoDataFrame(attributes, geometry=geometry, crs=WGS84)
    if options.encoding is not None and report.encoding is None:
        report = report.noted(f"{report.format} says its encoding; yours was not used.")
    report = replace(
        report,
        headings=tuple(map(str, attributes.columns)),
        rows=len(frame) + sum(report.left_out.values()),
        used=len(frame),
        sample=sample_of(attributes),
    )
    return VectorFile(frame, report)
