"""A look into a GeoPackage before GDAL opens it: only tables that hold what they show.

A GeoPackage is a SQLite database, and a view in it is a program: 131 KB can make texts of 400 MB,
or go on for ever. Columns that are computed from others do the same.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aether_core.errors import InputError
from aether_core.vector.limits import Limits

_LARGEST_STATEMENT = 1_000_000  # bytes of SQL that define one table; two thousand columns take 0.1
_STEPS_BETWEEN_LOOKS = 10_000
_LOOKS = 2_000
"""After so many looks a question about the tables has been made to take for ever."""
_LAYERS = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
_COMPUTED = frozenset({2, 3})  # how `table_xinfo` marks generated columns


class ComputedLayerError(InputError):
    """A GeoPackage computes what it shows instead of holding it.

    Attributes:
        layer: The view, or the table with computed columns.
    """

    code = "layer-is-a-view"

    layer: str = ""


def check_geopackage(path: Path, limits: Limits) -> None:
    """Refuse a GeoPackage whose layers, or own lists of them, are views or computed.

    Args:
        path: A SQLite file.
        limits: Upper bound on columns.

    Raises:
        ComputedLayerError: A layer is a view, a virtual table, or has computed columns.
        TooLargeError: A layer has too many columns.
        InputError: It is damaged or holds no list of layers.
    """
    try:
        with _opened(path) as database:
            tables = _stored_tables(database)
            for name in _used(database, tables):
                if name.lower() not in tables:
                    raise _computed(path, name, "is a view or another computed table")
                columns = database.execute("SELECT hidden FROM pragma_table_xinfo(?)", (name,))
                kinds = [kind for (kind,) in columns]
                limits.check_columns(len(kinds), path)
                if _COMPUTED.intersection(kinds):
                    raise _computed(path, name, "has computed columns")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if str(error) == "no such table: gpkg_contents":
            raise InputError(
                "this is not a GeoPackage file, despite its ending",
                f"{path.name} is a SQLite database without a list of layers",
                "export it as GeoPackage",
                code="file-of-another-format",
            ) from error
        raise InputError(
            f"{path.name} cannot be read as GeoPackage",
            error,
            "open it in a GIS and export it again",
            code="vector-file-unreadable",
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to be read only, with bounds on what its own definitions can cost."""
    # Nothing is written beside the user's file, unless a program that has it open did so before.
    wal = path.with_name(f"{path.name}-wal").exists()
    address = f"{path.as_uri()}?mode=ro{'' if wal else '&immutable=1'}"
    with closing(sqlite3.connect(address, uri=True)) as database:
        looks = iter(range(_LOOKS))
        database.set_progress_handler(lambda: next(looks, None) is None, _STEPS_BETWEEN_LOOKS)
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_STATEMENT)
        database.execute("PRAGMA trusted_schema = OFF")
        yield database


def _stored_tables(database: sqlite3.Connection) -> frozenset[str]:
    """Names, in lower case, of the tables that hold their rows themselves."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return frozenset(
        str(name).lower()
        for name, sql in found
        if not str(sql).lstrip().upper().startswith("CREATE VIRTUAL")
    )


def _used(database: sqlite3.Connection, tables: frozenset[str]) -> list[str]:
    """Names of the lists a GeoPackage keeps of itself, and then of the layers in them."""
    lists = [
        str(name)
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE lower(name) LIKE 'gpkg\\_%' ESCAPE '\\'"
            " AND type IN ('table', 'view')"
        )
    ]
    if any(name.lower() not in tables for name in lists):
        return lists
    layers = [str(name) for (name,) in database.execute(_LAYERS)]
    if not layers:  # GDAL would look for tables and views that are not in the list
        raise sqlite3.DataError("no layer in its list of contents")
    return [*lists, *layers]


def _computed(path: Path, layer: str, why: str) -> ComputedLayerError:
    error = ComputedLayerError(
        f"the layer {layer} of {path.name} {why}",
        layer,
        "open the file in a GIS and save that layer as a separate file",
    )
    error.layer = layer
    return error
