"""Tables with coordinates in columns: CSV, TSV, workbooks, Parquet without GeoParquet metadata."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely

from aether_core.errors import InputError
from aether_core.vector.cells.delimited import read_rows
from aether_core.vector.cells.encoding import file_encoding
from aether_core.vector.cells.numbers import is_text, read_numbers, typed_columns
from aether_core.vector.cells.places import (
    coordinate_columns,
    point_column,
    read_points,
    says_degrees,
)
from aether_core.vector.cells.workbook import read_workbook
from aether_core.vector.headings import first_column, heading_key
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.options import NO_COLUMNS, NO_OPTIONS, Columns, ReadOptions
from aether_core.vector.parsed import Parsed
from aether_core.vector.report import ReadingReport
from aether_core.vector.shapes.cells import CellShapes, holds_shapes, shapes_of_cells
from aether_core.vector.spreadsheet_text import APOSTROPHE_NOTE, with_formula

TEXT_SUFFIXES = frozenset({".csv", ".tsv"})

SHAPE_COLUMNS = (
    "geometry",
    "wkt",
    "geom",
    "the_geom",
    ".geo",
    "geojson",
    "wkb",
    "wkb_geometry",
    "ewkt",
    "ewkb",
    "geom_wkt",
    "geom_wkb",
    "geometry_wkt",
    "geometry_wkb",
)
"""Names of a column of geometries in well-known text or binary, or in GeoJSON, in any case."""


def read_text_table(path: Path, options: ReadOptions, limits: Limits, columns: Columns) -> Parsed:
    """Read a CSV or TSV with coordinate columns, or with a WKT or GeoJSON geometry column.

    Args:
        path: A plain local text file, separated by comma, semicolon, tab or bar.
        options: What the user says about the file.
        limits: Upper bounds.
        columns: What the caller says about its columns.

    Raises:
        InputError: Not a table, in an encoding or with numbers that can be read in several ways,
            or no coordinate columns (names those there are).
    """
    frame, report = _read_text(path, options, limits)
    parsed = with_geometry(frame, path, report, limits, columns, options)
    return as_numbers(parsed, path, options) if columns.typed else parsed


def read_workbook_table(
    path: Path, options: ReadOptions, limits: Limits, columns: Columns
) -> Parsed:
    """Read a sheet of a workbook by the same rules as a text table.

    Args:
        path: A plain local file with an ending in `WORKBOOK_SUFFIXES`.
        options: What the user says about the file; its layers are sheets.
        limits: Upper bounds.
        columns: What the caller says about its columns.

    Raises:
        InputError: It cannot be used; see `read_workbook` and `with_geometry`.
    """
    frame, report = read_workbook(path, options.layer, limits)
    check_texts(frame, path, limits)
    parsed = with_geometry(frame, path, report, limits, columns, options)
    return as_numbers(parsed, path, options) if columns.typed else parsed


def as_numbers(parsed: Parsed, path: Path, options: ReadOptions) -> Parsed:
    """Turn the columns of a table that hold plain numbers only into numbers."""
    attributes, shown = typed_columns(parsed.attributes, options, file=path.name)
    report = replace(parsed.report, numbers=parsed.report.numbers or shown)
    return replace(parsed, attributes=attributes, report=report)


def with_geometry(
    frame: pd.DataFrame,
    path: Path,
    report: ReadingReport,
    limits: Limits,
    columns: Columns = NO_COLUMNS,
    options: ReadOptions = NO_OPTIONS,
) -> Parsed:
    """Make points from a table's coordinate columns, or shapes from its geometry column.

    Args:
        frame: The table.
        path: Its file, for messages.
        report: How it was read so far.
        limits: Upper bounds.
        columns: What the caller says about its columns; one without coordinates may be accepted:
            no row has a geometry then.
        options: What the user says about the file.

    Raises:
        InputError: There are no such columns, nothing in them is a number, or their numbers can be
            read in two ways.
    """
    names = [str(name) for name in frame.columns]
    shape = (
        None
        if columns.lon_field or columns.lat_field
        else first_column(names, SHAPE_COLUMNS, file=path.name)
    )
    named = coordinate_columns(
        names, lon_field=columns.lon_field, lat_field=columns.lat_field, file=path.name
    )
    if named is not None:
        return _with_points(frame, named, path, report, options)
    if shape is None and (point := point_column(frame, path.name)) is not None:
        x, y, note = read_points(frame[point], path.name)
        report = report.used_for({"coordinates": point}).noted(note)
        return _points(frame.drop(columns=point), x, y, report)
    shape = shape or next((name for name in names if holds_shapes(frame[name])), None)
    if shape is None and columns.shapeless:
        nothing = np.full(len(frame), None, dtype=object)
        return Parsed(frame, nothing, None, wgs84_by_rule=True, report=report)
    if shape is None:
        raise InputError(
            f"{path.name} has no longitude and latitude columns",
            f"columns are {', '.join(names[:20]) or 'none'}",
            "name them lon and lat",
            code="table-without-coordinates",
        )
    found = _parse_shapes(frame[shape], path, limits)
    broken = f"{found.broken:,} cells of {shape} hold no geometry."
    return Parsed(
        frame.drop(columns=shape),
        found.geometry,
        found.crs,
        wgs84_by_rule=found.crs is None,
        report=report.used_for({"geometry": shape}).noted(*[broken] * bool(found.broken)),
    )


def _with_points(
    frame: pd.DataFrame,
    columns: tuple[str, str],
    path: Path,
    report: ReadingReport,
    options: ReadOptions,
) -> Parsed:
    """Make points from two columns of coordinates."""
    degrees = options.crs is None or says_degrees(columns)
    try:
        read = read_numbers(
            frame, columns, options, file=path.name, sense=_are_degrees if degrees else None
        )
    except (TypeError, ValueError) as error:
        raise _no_numbers(frame, columns, path) from error
    if len(frame) and not np.isfinite(read.values).all(axis=1).any():
        raise _no_numbers(frame, columns, path)
    report = replace(report, numbers=read.shown).used_for(
        dict(zip(("longitude", "latitude"), columns, strict=True))
    )
    return _points(frame.drop(columns=list(columns)), read.values[:, 0], read.values[:, 1], report)


def _points(
    attributes: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    report: ReadingReport,
) -> Parsed:
    there = np.isfinite(x) & np.isfinite(y)
    geometry = np.full(len(attributes), None, dtype=object)
    geometry[there] = shapely.points(x[there], y[there])
    return Parsed(attributes, geometry, None, wgs84_by_rule=True, report=report)


def _are_degrees(lonlat: npt.NDArray[np.float64]) -> bool:
    """Whether numbers can be longitude and latitude, or the other way round."""
    return bool(np.nanmax(np.abs(lonlat), initial=0.0) <= 180)


def _no_numbers(frame: pd.DataFrame, columns: tuple[str, str], path: Path) -> InputError:
    return InputError(
        f"the columns {' and '.join(columns)} of {path.name} contain no numbers",
        ", ".join(str(frame[name].iloc[0]) for name in columns),
        "give decimal degrees, or name other columns",
        code="coordinates-not-numbers",
    )


def _parse_shapes(column: pd.Series, path: Path, limits: Limits) -> CellShapes:
    """Parse the geometries of a column; None where a cell is empty or holds none."""
    cells = column.astype(object).where(column.notna(), None).to_numpy()
    limits.check_geometry_bytes(
        sum(len(one) for one in cells if isinstance(one, str | bytes)), path
    )
    return shapes_of_cells(cells, str(column.name))


def _read_text(
    path: Path, options: ReadOptions, limits: Limits
) -> tuple[pd.DataFrame, ReadingReport]:
    """Read delimited text with every cell as text and empty cells as missing."""
    _check_lines(path, limits)
    encoding = file_encoding(path, options.encoding)
    try:
        with path.open(encoding=encoding.codec, newline="") as text:
            rows = read_rows(text, path, limits)
    except UnicodeError as error:
        raise InputError(
            f"{path.name} is not in the encoding {encoding.name}",
            str(error),
            "specify another one (in commands: --encoding), or save it in UTF-8",
            code="text-not-in-encoding",
        ) from error
    check_texts(rows.frame, path, limits)
    report = ReadingReport(
        path.name,
        path.suffix.lstrip(".").upper(),
        encoding=encoding.name,
        delimiter=rows.delimiter,
        left_out=rows.left_out,
        notes=tuple(note for note in (encoding.note, *rows.notes) if note),
    )
    return _as_it_was(rows.frame), report


def check_texts(frame: pd.DataFrame, path: Path, limits: Limits) -> None:
    """Refuse a text that is longer than the limit, geometries aside."""
    for name in frame.columns:
        if is_text(frame[name]) and heading_key(name) not in SHAPE_COLUMNS:
            limits.check_cells(name, longest_text(pa.array(frame[name])), path)


def _as_it_was(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the apostrophes that our own CSV says it put in front of texts."""
    said = frame["note"].dropna().unique() if "note" in frame.columns else []
    if not any(APOSTROPHE_NOTE in note for note in said):
        return frame
    return frame.rename(columns=with_formula).map(with_formula)


def _check_lines(path: Path, limits: Limits) -> None:
    """Refuse lines too long to be held."""
    longest = limits.line_bytes + 1
    with path.open("rb") as file:
        line, number = file.readline(longest), 1
        while line:
            limits.check_line(len(line), number, path)
            line, number = file.readline(longest), number + 1
