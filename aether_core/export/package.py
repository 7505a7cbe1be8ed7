"""One GeoPackage of many layers, each with its style: what a city is taken away in.

Styles stand in the table `layer_styles`, where QGIS keeps and looks for them, GDAL passes them on
and GeoServer's importer reads the SLD. What a layer is, and whom its data are owed to, stands in
`gpkg_metadata`, as GDAL writes and reads it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pyogrio

from aether_core.errors import AetherError
from aether_core.export.geopackage import names_apart
from aether_core.export.values import flattened, text_metadata
from aether_core.files import whole as files

GEOMETRY: Final = "geom"
_STYLES: Final = """
CREATE TABLE "layer_styles" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "f_table_catalog" TEXT(256), "f_table_schema" TEXT(256), "f_table_name" TEXT(256),
  "f_geometry_column" TEXT(256), "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT,
  "useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
  "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""
"""As QGIS makes it, to the letter: it looks for columns of these names."""
_LISTED: Final = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles of the layers')"""
_STYLE: Final = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
  styleName, styleQML, styleSLD, useAsDefault, description, owner)
VALUES ('', '', ?, ?, ?, ?, ?, 1, ?, '')"""
_LONGEST_NAME: Final = 30


@dataclass(frozen=True, eq=False)
class PackageTable:
    """One layer of a package.

    Attributes:
        name: Of the table.
        title: Name for people; no two tables share it.
        about: What it is, in a sentence or two.
        frame: Values and geometry, WGS84.
        metadata: What it says about itself; values that JSON can hold.
        qml: Its style for QGIS.
        sld: The same for others.
    """

    name: str
    title: str
    about: str
    frame: gpd.GeoDataFrame
    metadata: Mapping[str, object]
    qml: str
    sld: str


def write_package(
    path: Path,
    tables: Iterable[PackageTable],
    metadata: Mapping[str, object],
    *,
    force: bool = False,
) -> None:
    """Write a GeoPackage with styles, whole or not at all.

    Args:
        path: The file.
        tables: Its layers; each is written before the next is asked for.
        metadata: What the file says about itself.
        force: Replace an existing file.

    Raises:
        InputError: The folder is missing.
        ConflictError: The file exists and `force` is false.
        AetherError: The disk is full, or the file could not be read back.
    """
    with files.atomic_path(path, force=force) as written:
        rows: dict[str, int] = {}
        styles = []
        for table in tables:
            _add(written, table, metadata if not rows else {})
            rows[table.name] = len(table.frame)
            called = table.title[:_LONGEST_NAME]
            styles.append((table.name, GEOMETRY, called, table.qml, table.sld, table.about))
        with _opened(written) as package:
            package.execute(_STYLES)
            package.execute(_LISTED)
            package.executemany(_STYLE, styles)
        _check(written, rows)


def _add(path: Path, table: PackageTable, of_file: Mapping[str, object]) -> None:
    frame = table.frame
    pyogrio.write_dataframe(
        flattened(frame).rename(columns=names_apart(frame)),
        path,
        driver="GPKG",
        layer=table.name,
        # Older programs warn of versions above this one, which has all that is used here.
        dataset_options={} if path.exists() else {"VERSION": "1.2"},
        layer_options={
            "IDENTIFIER": table.title,
            "DESCRIPTION": table.about,
            "GEOMETRY_NAME": GEOMETRY,
        },
        layer_metadata=text_metadata(table.metadata),
        dataset_metadata=text_metadata(of_file) or None,
        promote_to_multi=frame.geometry.geom_type.nunique() > 1,
    )


def _check(path: Path, rows: Mapping[str, int]) -> None:
    """Read the file back: GDAL does not report a disk that fills up while it closes a file."""
    with _opened(path) as package:
        sound = package.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        found = {
            name: package.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in rows
        }
    if not sound or found != rows:
        raise AetherError(
            f"the GeoPackage {path.name} could not be read back as it was written; the disk may "
            "have filled up meanwhile: free some space and try again",
            code="package-not-whole",
        )


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as package, package:
        yield package
