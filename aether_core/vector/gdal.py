"""Reading through GDAL, each format by its own driver only.

GDAL picks a driver by content and several of its drivers read other files or the network. So the
content is looked at first, and the driver is named where GDAL lets it be. JSON and KML never come
here: they are read by `json_files` and `markup`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from aether_core.errors import InputError
from aether_core.vector.cells.dbf import shapefile_encoding
from aether_core.vector.geopackage import check_geopackage
from aether_core.vector.kinds import kind_of
from aether_core.vector.layers import chosen_layer
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.options import ReadOptions
from aether_core.vector.parsed import Parsed, ShapeArray
from aether_core.vector.report import ReadingReport

_MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb\x03fgb",
    ".shp": b"\x00\x00\x27\x0a",
    ".tab": b"!table",
    ".mif": b"version",
}
_PREFIX = {".gpkg": "GPKG:"}
_FORMAT = {
    ".gpkg": "GeoPackage",
    ".fgb": "FlatGeobuf",
    ".shp": "Shapefile",
    ".tab": "MapInfo TAB",
    ".mif": "MapInfo MIF",
    ".gml": "GML",
    ".gdb": "FileGDB",
}
PARTS = {
    ".shp": ({".shx", ".dbf"}, {".prj", ".cpg"}),
    ".tab": ({".dat", ".map", ".id"}, {".ind"}),
    ".mif": ({".mid"}, set[str]()),
}
"""Files that formats of several files need beside the first, and those they may have."""
LAYERED_SUFFIXES = frozenset({".gpkg", ".gml", ".gdb"})
GDAL_SUFFIXES = frozenset({".gpkg", ".fgb", ".shp", ".tab", ".mif"})
"""Endings of the files that GDAL is given as they are."""
_TAB_HEAD_BYTES = 65_536
_ELSEWHERE = (b"open table", b"create view", b"isseamless", b"type linked", b"type dbf")
"""What a MapInfo table says that takes its rows from other files."""

# Reading must not write: GDAL would put an .aux.xml beside some of the user's files. Codes of a GML
# file keep their leading zeros, and links in it are not followed.
pyogrio.set_gdal_config_options(
    {
        "GDAL_PAM_ENABLED": "NO",
        "GML_FIELDTYPES": "ALWAYS_STRING",
        "GML_SKIP_RESOLVE_ELEMS": "ALL",
    }
)
_OPEN_OPTIONS = {".gml": {"DOWNLOAD_SCHEMA": "NO"}}
_WHOLE_NUMBERS = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}


def with_empty_cells(column: pa.ChunkedArray) -> "pd.Series[object]":
    """Return an Arrow column for pandas; whole numbers stay whole where cells are empty."""
    return column.to_pandas(types_mapper=_WHOLE_NUMBERS.get)


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
        layer = _chosen_layer(dataset, path, options.layer if suffix in LAYERED_SUFFIXES else None)
        meta, _, blobs, columns = pyogrio.raw.read(
            dataset,
            layer=layer,
            force_2d=True,
            max_features=limits.features + 1,
            datetime_as_string=True,
            encoding=encoding.codec if encoding else None,
            **_OPEN_OPTIONS.get(suffix, {}),
        )
    except UnboundLocalError as error:  # pyogrio's, of a CRS that GDAL cannot write down
        raise _unreadable(path, ValueError("its coordinate system is damaged")) from error
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    count = len(columns[0]) if len(columns) else len(blobs) if blobs is not None else 0
    limits.check_features(count, path)
    limits.check_columns(len(columns), path)
    for name, values in zip(meta["fields"], columns, strict=True):
        if values.dtype == object:
            limits.check_cells(name, longest_text(values), path)
    table = {str(name): values for name, values in zip(meta["fields"], columns, strict=True)}
    rounded = [
        str(name)
        for name, kind, values in zip(meta["fields"], meta["dtypes"], columns, strict=True)
        # A list's type is a name of GDAL's own, such as `list(str)`.
        if values.dtype.kind == "f" and np.dtype(kind).kind in "iu"
    ]
    return Parsed(
        attributes=pd.DataFrame(
            table | _exact(dataset, layer, rounded), index=pd.RangeIndex(count)
        ),
        geometry=_shapes(blobs, count, path, limits),
        crs=meta["crs"],
        wgs84_by_rule=False,
        report=ReadingReport(
            path.name,
            _FORMAT[suffix],
            layer=layer if suffix in LAYERED_SUFFIXES else None,
            encoding=encoding.name if encoding else None,
            notes=(encoding.note,) if encoding and encoding.note else (),
        ),
    )


def _exact(dataset: str, layer: str | None, names: Sequence[str]) -> "dict[str, pd.Series[object]]":
    """Read columns of whole numbers anew that empty cells have turned into floats."""
    if not names:
        return {}
    _, found = pyogrio.raw.read_arrow(
        dataset, layer=layer, columns=list(names), read_geometry=False
    )
    return {name: with_empty_cells(found.column(name)) for name in names}


def _shapes(blobs: ShapeArray | None, count: int, path: Path, limits: Limits) -> ShapeArray:
    """Build geometries from well-known binary; None where a row has none or a broken one."""
    if blobs is None:
        return np.full(count, None, dtype=object)
    limits.check_geometry_bytes(sum(len(blob) for blob in blobs if blob is not None), path)
    shapes: ShapeArray = shapely.from_wkb(blobs, on_invalid="ignore")
    return shapes


def _chosen_layer(dataset: str, path: Path, wanted: str | None) -> str | None:
    """Return the layer to read; refuse to choose among several with geometry.

    QGIS style tables and the like have none, and are no layers to choose.
    """
    layers = pyogrio.list_layers(dataset)
    if not len(layers):  # a damaged FlatGeobuf is opened as one without any
        raise DataLayerError("it holds no layer")
    spatial = [str(name) for name, geometry in layers if geometry is not None]
    # Of tables alone the first is read, as GDAL does: none has a shape to lose.
    names = spatial or [str(name) for name, _ in layers]
    if wanted is None and not spatial:
        return next(iter(names), None)
    return chosen_layer(path, names, wanted)


def _check_content(path: Path, suffix: str) -> None:
    """Refuse a file whose content is not what its ending says, or that refers to other files."""
    magic = _MAGIC.get(suffix)
    if magic is None:
        return
    with path.open("rb") as file:
        head = file.read(_TAB_HEAD_BYTES if suffix == ".tab" else len(magic))
    text = suffix in {".tab", ".mif"}
    if not (head.lower().startswith(magic) if text else head.startswith(magic)):
        raise InputError(
            f"this is not a {_FORMAT[suffix]} file, despite its ending",
            f"{path.name} is {kind_of(path)}",
            "give it the ending of what it is, or export it again",
            code="file-of-another-format",
        )
    if suffix == ".tab":
        words_of_head = b" ".join(head.lower().split())
        elsewhere = next((words for words in _ELSEWHERE if words in words_of_head), None)
        if elsewhere is not None or b"type native" not in words_of_head:
            raise InputError(
                f"{path.name} is a MapInfo table that takes its rows from other files",
                (elsewhere or b"no type native").decode(),
                "save a copy of the table in MapInfo, or export it as MIF",
                code="mapinfo-table-elsewhere",
            )
    needed = PARTS.get(suffix, (set[str](), set[str]()))[0]
    missing = sorted(part for part in needed if not path.with_suffix(part).exists())
    if missing:
        raise InputError(
            f"the {_FORMAT[suffix]} lacks parts",
            f"{path.name} has no {', '.join(missing)} beside it",
            "give a .zip of all its parts",
            code="shapefile-lacks-parts",
        )


def _unreadable(path: Path, error: Exception) -> InputError:
    """Turn GDAL's words into one plain line."""
    return InputError(
        f"{path.name} cannot be read as {_FORMAT[path.suffix.lower()]}",
        str(error).split(";", maxsplit=1)[0],
        "open it in a GIS and export it again",
        code="vector-file-unreadable",
    )
