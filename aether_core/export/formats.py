"""The formats a layer can be written in, and the one way to write it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import geopandas as gpd
import pyproj

from aether_core.errors import InputError
from aether_core.export.csv import write_csv
from aether_core.export.geojson import write_geojson
from aether_core.export.geopackage import write_geopackage
from aether_core.export.geoparquet import write_geoparquet
from aether_core.export.geotiff import write_geotiff
from aether_core.export.values import key_name, property_names
from aether_core.files import whole as files

_Writer = Callable[[gpd.GeoDataFrame, BinaryIO, Mapping[str, object]], None]


@dataclass(frozen=True)
class Format:
    """A file format of exports.

    Attributes:
        label: Its name for people.
        mime: Its media type.
        write: Writes a frame and its metadata to an open file.
        takes_style: Whether QGIS reads a style (.qml) from beside such a file.
    """

    label: str
    mime: str
    write: _Writer
    takes_style: bool = False


FORMATS: dict[str, Format] = {
    ".geojson": Format("GeoJSON", "application/geo+json", write_geojson, takes_style=True),
    ".gpkg": Format(
        "GeoPackage", "application/geopackage+sqlite3", write_geopackage, takes_style=True
    ),
    ".parquet": Format(
        "GeoParquet", "application/vnd.apache.parquet", write_geoparquet, takes_style=True
    ),
    ".csv": Format("CSV table", "text/csv", write_csv),
    ".tif": Format(
        "GeoTIFF", "image/tiff; application=geotiff; profile=cloud-optimized", write_geotiff
    ),
}
"""By file ending, lower case with the dot."""


def write_layer(
    frame: gpd.GeoDataFrame,
    path: Path,
    *,
    metadata: Mapping[str, object],
    force: bool = False,
    only_field: str | None = None,
) -> None:
    """Write a layer to a file in the format its ending names, whole or not at all.

    Args:
        frame: Column `cell` (H3 index in hexadecimal) or `area` (code), any properties, and the
            polygons in WGS84. Missing numbers are NaN.
        path: The file; its ending is one of `FORMATS`.
        metadata: What the file says about itself: `attribution` (text or list of texts), query,
            model and so on; values that JSON can hold. A true `simulated` marks the layer in every
            format. `class_field` and `classes` (`{value, name, colour "#rrggbb"}` each, values from
            1) make a GeoTIFF one of classes with a colour table.
        force: Replace an existing file.
        only_field: Leave out the other properties; in a GeoTIFF one band, of numbers unless the
            field is the class field.

    Raises:
        InputError: Unknown ending, folder missing, layer empty, no such field, or nothing the
            format can hold.
        ConflictError: The file exists and `force` is false.
        AetherError: The disk is full.
    """
    path = Path(path)
    chosen = format_of(path)
    if frame.empty:
        raise InputError(
            "the layer is empty", path.name, "choose a layer with values", code="layer-empty"
        )
    if frame.crs is None or not pyproj.CRS(frame.crs).equals("EPSG:4326", ignore_axis_order=True):
        raise ValueError(f"a layer must be in EPSG:4326, not {frame.crs}")
    if only_field is not None:
        frame, metadata = _only(frame, metadata, only_field)
    with files.atomic_path(path, force=force) as written, written.open("wb") as file:
        chosen.write(frame, file, metadata)


def check_target(path: Path, *, force: bool) -> None:
    """Refuse a file that could not be written as a layer, before the work that would fill it.

    Raises:
        InputError: Unknown ending, or the folder is missing.
        ConflictError: The file exists and `force` is false.
    """
    format_of(path)
    files.check_target(path, force=force)


def _only(
    frame: gpd.GeoDataFrame, metadata: Mapping[str, object], field: str
) -> tuple[gpd.GeoDataFrame, Mapping[str, object]]:
    """Return a layer with one of its properties, and what then describes it."""
    key = key_name(frame)
    names = [name for name in property_names(frame) if name != key]
    if field not in names:
        raise InputError(
            "the layer has no such field",
            field,
            f"it has: {', '.join(names)}",
            code="no-such-field",
        )
    kept = [] if key is None else [key]
    described = dict(metadata)
    if described.get("class_field") != field:
        described.pop("class_field", None)
        described.pop("classes", None)
    return frame[[*kept, field, frame.geometry.name]], described


def format_of(path: Path) -> Format:
    """The format that a file's ending names.

    Raises:
        InputError: There is none of that ending.
    """
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        raise InputError(
            "unsupported export format",
            path.name,
            f"end the name in {', '.join(FORMATS)}",
            code="output-wrong-ending",
        )
    return chosen
