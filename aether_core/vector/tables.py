"""Tables with coordinates in columns: CSV, TSV, and Parquet without GeoParquet metadata."""

import csv
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from pandas.errors import EmptyDataError, ParserError

from aether_core.errors import InputError
from aether_core.vector.limits import Limits, longest_text
from aether_core.vector.options import ReadOptions
from aether_core.vector.parsed import Parsed, ShapeArray
from aether_core.vector.report import ReadingReport
from aether_core.vector.spreadsheet_text import APOSTROPHE_NOTE, with_formula

TEXT_SUFFIXES = frozenset({".csv", ".tsv"})

_LONGITUDE = ("lon", "longitude", "lng", "long", "@lon", "lon_wgs84", "x_wgs84")
_LATITUDE = ("lat", "latitude", "@lat", "lat_wgs84", "y_wgs84")
_EASTING = ("x", "easting", "eastings", "x_coord", "point_x", "xcoord")
_NORTHING = ("y", "northing", "northings", "y_coord", "point_y", "ycoord")
SHAPE_COLUMNS = ("geometry", "wkt", "geom", "the_geom", ".geo", "geojson")
"""Names of a column of geometries in well-known text or GeoJSON, in any case."""
_DELIMITERS = ",;\t|"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"
_NUMBER = r"^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$"


def read_text_table(
    path: Path,
    options: ReadOptions,
    limits: Limits,
    *,
    lon_field: str | None,
    lat_field: str | None,
    typed: bool,
    shapeless: bool = False,
) -> Parsed:
    """Read a CSV or TSV with coordinate columns, or with a WKT or GeoJSON geometry column.

    Args:
        path: A plain local text file in UTF-8, separated by comma, semicolon, tab or bar.
        options: What the user says about the file.
        limits: Upper bounds.
        lon_field: Column of longitudes (or eastings); detected when None.
        lat_field: Column of latitudes (or northings); detected when None.
        typed: Turn columns of numbers into numbers. False keeps every attribute as written, so
            that a shop called "1.10" keeps its name.
        shapeless: Accept a table without coordinates.

    Raises:
        InputError: Not UTF-8, not a table, or no coordinate columns (names those there are).
    """
    frame, report = _read_text(path, options, limits)
    parsed = with_geometry(
        frame,
        path,
        report,
        limits,
        lon_field=lon_field,
        lat_field=lat_field,
        shapeless=shapeless,
    )
    if not typed:
        return parsed
    return replace(parsed, attributes=parsed.attributes.apply(_numbers_if_all))


def with_geometry(
    frame: pd.DataFrame,
    path: Path,
    report: ReadingReport,
    limits: Limits,
    *,
    lon_field: str | None,
    lat_field: str | None,
    shapeless: bool = False,
) -> Parsed:
    """Make points from a table's coordinate columns, or shapes from its geometry column.

    Args:
        frame: The table.
        path: Its file, for messages.
        report: How it was read so far.
        limits: Upper bounds.
        lon_field: Column of longitudes (or eastings); detected when None.
        lat_field: Column of latitudes (or northings); detected when None.
        shapeless: Accept a table without such columns: no row has a geometry then.

    Raises:
        InputError: There are no such columns, or nothing in them is a number.
    """
    shape = None if lon_field or lat_field else _find(frame, SHAPE_COLUMNS)
    columns = _coordinate_columns(frame, path, lon_field, lat_field)
    if columns is None:
        if shape is None and shapeless:
            nothing = np.full(len(frame), None, dtype=object)
            return Parsed(frame, nothing, None, wgs84_by_rule=True, report=report)
        if shape is None:
            raise InputError(
                f"{path.name} has no longitude and latitude columns",
                f"columns are {_listed(frame)}",
                "name them lon and lat",
                code="table-without-coordinates",
            )
        geometry = _parse_shapes(frame[shape], path, limits)
        return Parsed(
            frame.drop(columns=shape),
            geometry,
            None,
            wgs84_by_rule=True,
            report=report.used_for({"geometry": shape}),
        )
    x, y = (_coordinates(frame[name], path) for name in columns)
    there = np.isfinite(x) & np.isfinite(y)
    if len(frame) and not there.any():
        raise InputError(
            f"the columns {' and '.join(columns)} of {path.name} contain no numbers",
            ", ".join(str(frame[name].iloc[0]) for name in columns),
            "give decimal degrees, or name other columns",
            code="coordinates-not-numbers",
        )
    geometry = np.full(len(frame), None, dtype=object)
    geometry[there] = shapely.points(x[there], y[there])
    return Parsed(
        frame.drop(columns=list(columns)),
        geometry,
        None,
        wgs84_by_rule=True,
        report=report.used_for(dict(zip(("longitude", "latitude"), columns, strict=True))),
    )


def _coordinate_columns(
    frame: pd.DataFrame, path: Path, lon_field: str | None, lat_field: str | None
) -> tuple[str, str] | None:
    """Find the coordinate columns, by the user's names or the usual ones."""
    for given in (lon_field, lat_field):
        if given is not None and given not in frame.columns:
            raise InputError(
                f"{path.name} has no such column",
                given,
                f"it has {_listed(frame)}",
                code="no-such-column",
            )
    lon, lat = lon_field or _find(frame, _LONGITUDE), lat_field or _find(frame, _LATITUDE)
    if lon and lat:
        return lon, lat
    x, y = _find(frame, _EASTING), _find(frame, _NORTHING)
    if x and y:
        return x, y
    return None


def _find(frame: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first column with one of these names, whatever its case."""
    by_name = {str(column).strip().lower(): str(column) for column in reversed(frame.columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(str(column) for column in frame.columns[:20]) or "none"


def _coordinates(column: pd.Series, path: Path) -> npt.NDArray[np.float64]:
    """Return a column as float64, NaN where it holds no number; understands decimal commas."""
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        text = column.astype(str)
        comma = text.str.match(_DECIMAL_COMMA)
        column = text.where(~comma, text.str.replace(",", ".", regex=False))
    values: npt.NDArray[np.float64]
    try:
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the column {column.name} of {path.name} contains no numbers",
            column.dtype,
            "give decimal degrees",
            code="coordinates-not-numbers",
        ) from error
    return values


def _parse_shapes(column: pd.Series, path: Path, limits: Limits) -> ShapeArray:
    """Parse well-known text or GeoJSON geometries; None where a cell is empty or neither."""
    text = column.astype(object).where(column.notna(), None).to_numpy()
    limits.check_geometry_bytes(sum(len(str(value)) for value in text), path)
    as_text = np.array([str(value).strip() if value is not None else "" for value in text], object)
    is_json = np.array([value.startswith("{") for value in as_text], dtype=bool)
    geometry = np.full(len(as_text), None, dtype=object)
    geometry[is_json] = shapely.from_geojson(as_text[is_json], on_invalid="ignore")
    wkt = ~is_json & (as_text != "")
    geometry[wkt] = shapely.from_wkt(as_text[wkt], on_invalid="ignore")
    flat: ShapeArray = shapely.force_2d(geometry)
    return flat


def _read_text(
    path: Path,
    options: ReadOptions,  # noqa: ARG001 - encoding and numbers follow
    limits: Limits,
) -> tuple[pd.DataFrame, ReadingReport]:
    """Read delimited text with every cell as text and empty cells as missing."""
    delimiter = _checked_text(path, limits)
    try:
        frame = pd.read_csv(
            path,
            sep=delimiter,
            dtype=str,
            encoding="utf-8-sig",
            keep_default_na=False,
            na_values=[""],
            nrows=limits.features + 1,
            index_col=False,
        )
    except UnicodeDecodeError as error:
        raise _no_utf8(path) from error
    except (EmptyDataError, ParserError) as error:
        raise InputError(
            "this is not a table",
            f"{path.name}: {error}",
            "export it again as CSV",
            code="table-unreadable",
        ) from error
    limits.check_features(len(frame), path)
    for name in frame.columns:
        if str(name).strip().lower() not in SHAPE_COLUMNS:
            limits.check_cells(name, longest_text(pa.array(frame[name])), path)
    report = ReadingReport(
        path.name, path.suffix.lstrip(".").upper(), encoding="UTF-8", delimiter=delimiter
    )
    return _as_it_was(frame), report


def _as_it_was(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the apostrophes that our own CSV says it put in front of texts."""
    said = frame["note"].dropna().unique() if "note" in frame.columns else []
    if not any(APOSTROPHE_NOTE in note for note in said):
        return frame
    return frame.rename(columns=with_formula).map(with_formula)


def _checked_text(path: Path, limits: Limits) -> str:
    """Return what separates cells; refuse lines too long to be held, and too many columns."""
    longest = limits.line_bytes + 1
    with path.open("rb") as file:
        line, number = file.readline(longest), 1
        while line:
            limits.check_line(len(line), number, path)
            line, number = file.readline(longest), number + 1
    # A reader takes surplus cells of the first row for columns, so both it and the header count.
    csv.field_size_limit(limits.line_bytes)
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            header = text.readline()
            delimiter = max(_DELIMITERS, key=header.count)
            text.seek(0)
            for cells in islice(csv.reader(text, delimiter=delimiter), 2):
                limits.check_columns(len(cells), path)
    except UnicodeDecodeError as error:
        raise _no_utf8(path) from error
    except csv.Error as error:
        raise InputError(
            "this is not a table",
            f"{path.name}: {error}",
            "export it again as CSV",
            code="table-unreadable",
        ) from error
    return delimiter


def _no_utf8(path: Path) -> InputError:
    return InputError(
        "the table is not UTF-8 text", path.name, "save it as CSV in UTF-8", code="table-not-utf8"
    )


def _numbers_if_all(column: pd.Series) -> pd.Series:
    """Turn a text column into numbers when each filled cell is a plain number."""
    filled = column.dropna()
    if len(filled) and bool(filled.str.match(_NUMBER).all()):
        return pd.to_numeric(column)
    return column
