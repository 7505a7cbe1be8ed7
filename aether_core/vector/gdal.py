"""Reading GeoJSON, GeoPackage, Shapefile and FlatGeobuf through GDAL, each by its own driver only.

GDAL picks a driver by content and several of its drivers read other files or the network. So the
content is looked at first, the driver is named where GDAL lets it be, and a GeoJSON whose `crs`
member is a link is refused: GDAL would fetch it.
"""

import json
import mmap
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from aether_core.errors import InputError
from aether_core.vector.cells.dbf import shapefile_encoding
from aether_core.vector.geopackage import check_geopackage
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.options import ReadOptions
from aether_core.vector.parsed import Parsed, ShapeArray
from aether_core.vector.report import ReadingReport

_MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb\x03fgb",
    ".shp": b"\x00\x00\x27\x0a",
}
_PREFIX = {".geojson": "GeoJSON:", ".json": "GeoJSON:", ".gpkg": "GPKG:"}
# A place called "2020/01/01" is no date.
_OPEN_OPTIONS = {suffix: {"DATE_AS_STRING": "YES"} for suffix in (".geojson", ".json")}
_FORMAT = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GeoPackage",
    ".fgb": "FlatGeobuf",
    ".shp": "Shapefile",
}
GDAL_SUFFIXES = frozenset(_FORMAT)

# Reading must not write: GDAL would put an .aux.xml beside some of the user's files.
pyogrio.set_gdal_config_options({"GDAL_PAM_ENABLED": "NO"})

_GEOJSON_CRS = re.compile(rb'"crs"\s*:\s*(?=\{)')
_ESCAPED_LETTER = re.compile(rb"\\u00[67][0-9a-fA-F]")
_LINK = re.compile(r'"\s*(link|url)', re.IGNORECASE)
_CRS_CHARACTERS = 4096
_UNSTATED_CRS = frozenset({None, "", "EPSG:4326", "OGC:CRS84"})


def read_gdal(path: Path, options: ReadOptions, limits: Limits) -> Parsed:
    """Read one vector file of a format in `GDAL_SUFFIXES`.

    Args:
        path: A plain local file, already passed through `local_file`.
        options: What the user says about the file.
        limits: Upper bounds, checked before geometries are built.

    Returns:
        Attributes and geometries in the file's own CRS, two dimensions.

    Raises:
        InputError: The content is not of the format its ending says, is damaged, holds several
            layers, or exceeds the limits.
    """
    suffix = path.suffix.lower()
    _check_content(path, suffix)
    if suffix == ".gpkg":
        check_geopackage(path, limits)
    encoding = shapefile_encoding(path, options.encoding) if suffix == ".shp" else None
    dataset = f"{_PREFIX.get(suffix, '')}{path}"
    try:
        layer, several = _chosen_layer(dataset, path, options.layer)
        meta, _, blobs, columns = pyogrio.raw.read(
            dataset,
            layer=layer,
            force_2d=True,
            max_features=limits.features + 1,
            datetime_as_string=True,
            encoding=encoding.codec if encoding else None,
            **_OPEN_OPTIONS.get(suffix, {}),
        )
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    count = len(columns[0]) if len(columns) else len(blobs) if blobs is not None else 0
    limits.check_features(count, path)
    limits.check_columns(len(columns), path)
    for name, values in zip(meta["fields"], columns, strict=True):
        if values.dtype == object:
            limits.check_cells(name, longest_text(values), path)
    crs = meta["crs"]
    by_rule = _FORMAT[suffix] == "GeoJSON" and crs in _UNSTATED_CRS
    return Parsed(
        attributes=pd.DataFrame(
            {str(name): values for name, values in zip(meta["fields"], columns, strict=True)},
            index=pd.RangeIndex(count),
        ),
        geometry=_shapes(blobs, count, path, limits),
        crs=None if by_rule else crs,
        wgs84_by_rule=by_rule,
        report=ReadingReport(
            path.name,
            _FORMAT[suffix],
            layer=layer if several else None,
            encoding=encoding.name if encoding else None,
            notes=(encoding.note,) if encoding and encoding.note else (),
        ),
    )


def _shapes(blobs: ShapeArray | None, count: int, path: Path, limits: Limits) -> ShapeArray:
    """Build geometries from well-known binary; None where a row has none or a broken one."""
    if blobs is None:
        return np.full(count, None, dtype=object)
    limits.check_geometry_bytes(sum(len(blob) for blob in blobs if blob is not None), path)
    shapes: ShapeArray = shapely.from_wkb(blobs, on_invalid="ignore")
    return shapes


def _chosen_layer(dataset: str, path: Path, wanted: str | None) -> tuple[str | None, bool]:
    """Return the layer to read, and whether there are others with geometry.

    QGIS style tables and the like have none, and are no layers to choose.
    """
    layers = pyogrio.list_layers(dataset)
    spatial = [str(name) for name, geometry in layers if geometry is not None]
    names = spatial or [str(name) for name, _ in layers]
    if wanted is not None and wanted not in names:
        raise InputError(
            f"{path.name} has no such layer",
            wanted,
            f"it has {', '.join(names) or 'none'}",
            code="no-such-layer-in-file",
        )
    if wanted is None and len(spatial) > 1:
        raise InputError(
            f"{path.name} has several layers",
            ", ".join(spatial),
            "choose one (in commands: --layer NAME)",
            code="file-with-several-layers",
        )
    return wanted or next(iter(names), None), len(names) > 1


def _check_content(path: Path, suffix: str) -> None:
    """Refuse a file whose content is not what its ending says."""
    magic = _MAGIC.get(suffix)
    if magic is None:
        _check_geojson(path)
        return
    with path.open("rb") as file:
        if file.read(len(magic)) != magic:
            raise InputError(
                f"this is not a {_FORMAT[suffix]} file, despite its ending",
                path.name,
                "export it again in that format",
                code="file-of-another-format",
            )
    if suffix == ".shp" and not path.with_suffix(".shx").exists():
        raise InputError(
            "a Shapefile needs its .shx and .dbf beside the .shp",
            path.name,
            "give a .zip of all its parts",
            code="shapefile-lacks-parts",
        )


def _check_geojson(path: Path) -> None:
    """Refuse what is no JSON object, and a `crs` member that points elsewhere."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        if not start.startswith(b"{"):
            raise InputError(
                "this is not GeoJSON",
                path.name,
                "export it again as GeoJSON",
                code="file-of-another-format",
            )
        stated = [match.end() for match in _GEOJSON_CRS.finditer(content)]
        texts = [content[at : at + _CRS_CHARACTERS].decode("utf-8", "replace") for at in stated]
        # No writer escapes plain letters; one that does hides a member's name from the look above.
        hidden = _ESCAPED_LETTER.search(content) is not None
    if hidden or any(_points_elsewhere(text) for text in texts):
        raise InputError(
            "the GeoJSON refers to another file or address for its coordinates",
            path.name,
            "remove its crs member: GeoJSON is WGS84",
            code="geojson-crs-elsewhere",
        )


def _points_elsewhere(text: str) -> bool:
    """Say whether the object at the start of `text` is a linked CRS (or cannot be judged)."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return True
    return _LINK.search(text[:end]) is not None


def _unreadable(path: Path, error: Exception) -> InputError:
    """Turn GDAL's words into one plain line."""
    return InputError(
        f"{path.name} cannot be read as {_FORMAT[path.suffix.lower()]}",
        str(error).split(";", maxsplit=1)[0],
        "it is damaged or truncated: export it again",
        code="vector-file-unreadable",
    )
