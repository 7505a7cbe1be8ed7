"""Which reader a file goes to, by its ending, and what it is packed in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.vector.cells.workbook import WORKBOOK_SUFFIXES
from aether_core.vector.gdal import GDAL_SUFFIXES, LAYERED_SUFFIXES, PARTS, read_gdal
from aether_core.vector.json_files.read import JSON_SUFFIXES, read_json
from aether_core.vector.limits import Limits
from aether_core.vector.markup.gml import harmless_gml
from aether_core.vector.markup.kml import KML_SUFFIXES, read_kml
from aether_core.vector.options import Columns, ReadOptions
from aether_core.vector.packed.beside import with_its_parts
from aether_core.vector.packed.gzipped import unpacked_gzip
from aether_core.vector.packed.zipped import unpacked_zip
from aether_core.vector.parquet import PARQUET_SUFFIXES, read_parquet
from aether_core.vector.parsed import Parsed
from aether_core.vector.tables import (
    TEXT_SUFFIXES,
    as_numbers,
    read_text_table,
    read_workbook_table,
)

_ZIPS = frozenset({".zip", ".kmz"})
_GZIPS = frozenset({".gz"})
_MOST_PACKED = 2
"""Archives within each other: a zip of zipped Shapefiles is common, deeper ones are a trap."""


_Reader = Callable[[Path, ReadOptions, Limits, Columns], Parsed]


def parse(
    file: Path, options: ReadOptions, limits: Limits, columns: Columns, *, packed: int = 0
) -> Parsed:
    """Read a file by the reader of its ending, unpacked where it is packed.

    Args:
        file: A plain local file with an ending in `VECTOR_SUFFIXES`, or the folder of a FileGDB.
        options: What the user says about the file.
        limits: Upper bounds, for what is unpacked too.
        columns: What the caller says about its columns.
        packed: How many archives it came out of.

    Raises:
        InputError: The file cannot be used.
    """
    suffix = file.suffix.lower()
    if suffix not in _ZIPS | _GZIPS:
        return _READERS[suffix](file, options, limits, columns)
    if packed >= _MOST_PACKED:
        raise InputError(
            "archives are packed within archives",
            file.name,
            "unpack them, and give the map itself",
            code="archive-in-archive",
        )

    def inner(path: Path, options: ReadOptions) -> Parsed:
        if path.is_file():
            local_file(path, suffixes=VECTOR_SUFFIXES)
        return parse(path, options, limits, columns, packed=packed + 1)

    if suffix in _GZIPS:
        with unpacked_gzip(file, limits, readable=VECTOR_SUFFIXES) as path:
            return _from_archive(inner(path, options), file, "gzipped", None)
    with unpacked_zip(file, options.layer, limits, readable=VECTOR_SUFFIXES) as found:
        parsed = inner(found.path, replace(options, layer=found.layer))
        parsed = replace(parsed, report=parsed.report.noted(*found.notes))
        return _from_archive(parsed, file, "zipped", found.member)


def _from_archive(parsed: Parsed, file: Path, how: str, member: str | None) -> Parsed:
    """Name the archive in the report, and what of it was read."""
    inside = parsed.report
    layer = "/".join(part for part in (member, inside.layer) if part) or None
    report = replace(inside, file=file.name, format=f"{how} {inside.format}", layer=layer)
    return replace(parsed, report=report)


def _json(file: Path, options: ReadOptions, limits: Limits, _: Columns) -> Parsed:
    return read_json(file, options, limits)


def _kml(file: Path, options: ReadOptions, limits: Limits, columns: Columns) -> Parsed:
    parsed = read_kml(file, limits)
    return as_numbers(parsed, file, options) if columns.typed else parsed


def _gml(file: Path, options: ReadOptions, limits: Limits, columns: Columns) -> Parsed:
    with harmless_gml(file) as copy:
        parsed = read_gdal(copy, options, limits)
        return as_numbers(parsed, file, options) if columns.typed else parsed


def _gdal(file: Path, options: ReadOptions, limits: Limits, _: Columns) -> Parsed:
    with with_its_parts(file) as whole:
        return read_gdal(whole, options, limits)


_READERS: dict[str, _Reader] = {
    **dict.fromkeys((*GDAL_SUFFIXES, ".gdb"), _gdal),
    **dict.fromkeys(JSON_SUFFIXES, _json),
    **dict.fromkeys(KML_SUFFIXES, _kml),
    **dict.fromkeys(PARQUET_SUFFIXES, read_parquet),
    **dict.fromkeys(TEXT_SUFFIXES, read_text_table),
    **dict.fromkeys(WORKBOOK_SUFFIXES, read_workbook_table),
    ".gml": _gml,
}
VECTOR_SUFFIXES = (frozenset(_READERS) - {".gdb"}) | _ZIPS | _GZIPS
"""Endings of files that can be read; a FileGDB is a folder, or comes in a zip."""
MAY_HAVE_LAYERS = (
    (LAYERED_SUFFIXES & VECTOR_SUFFIXES)
    | WORKBOOK_SUFFIXES
    | _ZIPS
    | (JSON_SUFFIXES - {".geojson"})
)
"""Endings of files of which a layer may have to be chosen."""
UPLOAD_SUFFIXES = VECTOR_SUFFIXES - frozenset(PARTS)
"""Endings of files that need no other file beside them."""
