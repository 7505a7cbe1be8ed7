"""Geometries in the cells of a table: well-known text and binary, with or without SRID, GeoJSON."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.parsed import ShapeArray

_SRID_TEXT = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)
_TEXT = re.compile(
    r"\s*(SRID\s*=\s*\d+\s*;)?\s*"
    r"(MULTI)?(POINT|LINESTRING|POLYGON|CURVE|SURFACE|CURVEPOLYGON|COMPOUNDCURVE|CIRCULARSTRING)\s*(Z|M|ZM)?\s*(\(|EMPTY)"
    r"|\s*(SRID\s*=\s*\d+\s*;)?\s*GEOMETRYCOLLECTION\s*(Z|M|ZM)?\s*(\(|EMPTY)",
    re.IGNORECASE,
)
_HEX = re.compile(r"\s*(?:\\x|0x)?(0[01](?:[0-9A-Fa-f]{2}){8,})\s*$")
_SHAPE_TYPES = range(1, 18)
_DIMENSIONS = (0, 1000, 2000, 3000)  # plain, Z, M and ZM of the standard
_FLAGS = 0xE0000000  # of EWKB: Z, M, SRID
_JSON = re.compile(r'\s*\{[^{}]*"(type|coordinates|geometries)"')
_LOOKED_AT = 20


@dataclass(frozen=True)
class CellShapes:
    """Geometries of a column.

    Attributes:
        geometry: Object `[n]`, two dimensions, None where a cell is empty or no geometry.
        crs: What their SRID says, such as `EPSG:3067`; None where they have none.
        kind: How they are written, e.g. `WKB`.
        broken: Cells that are filled and are no geometry.
    """

    geometry: ShapeArray
    crs: str | None
    kind: str
    broken: int


@dataclass(frozen=True)
class _Notation:
    """One way to write a geometry into a cell.

    Attributes:
        name: What it is called.
        fits: Whether a cell is written so.
        parse: Reads many at once; what is broken becomes None.
        content: The cell without what stands before the geometry.
        srid: The SRID that stands before the geometry, None without one.
    """

    name: str
    fits: Callable[[str | bytes], bool]
    parse: Callable[..., Any]
    content: Callable[[Any], str | bytes] = lambda cell: cell
    srid: Callable[[Any], int | None] = lambda _: None


def _is_binary(cell: str | bytes) -> bool:
    return isinstance(cell, bytes) and len(cell) > 4 and cell[0] in {0, 1}


def _is_hexadecimal(cell: str | bytes) -> bool:
    found = _HEX.match(cell) if isinstance(cell, str) else None
    return found is not None and _states_a_shape(found[1])


def _stated_srid(cell: str) -> int | None:
    found = _SRID_TEXT.match(cell)
    return int(found[1]) if found else None


def _matches(pattern: re.Pattern[str]) -> Callable[[str | bytes], bool]:
    return lambda cell: isinstance(cell, str) and pattern.match(cell) is not None


_NOTATIONS = (
    _Notation("WKB", _is_binary, shapely.from_wkb),
    _Notation("hex WKB", _is_hexadecimal, shapely.from_wkb, lambda cell: _HEX.sub(r"\1", cell)),
    _Notation(
        "WKT",
        _matches(_TEXT),
        shapely.from_wkt,
        lambda cell: _SRID_TEXT.sub("", cell, count=1),
        _stated_srid,
    ),
    _Notation("GeoJSON", _matches(_JSON), shapely.from_geojson),
)


def holds_shapes(column: pd.Series) -> bool:
    """Say whether the first filled cells of a column are geometries."""
    filled = [cell for cell in column.head(2_000) if isinstance(cell, str | bytes) and len(cell)]
    return bool(filled) and all(_notation(cell) is not None for cell in filled[:_LOOKED_AT])


def shapes_of_cells(cells: Sequence[object], column: str) -> CellShapes:
    """Parse the geometries of a column.

    Args:
        cells: Texts or bytes; None or NaN where empty.
        column: Its name, for messages.

    Raises:
        InputError: The cells have different SRIDs.
    """
    geometry: NDArray[np.object_] = np.full(len(cells), None, dtype=object)
    written: dict[_Notation, dict[int, str | bytes]] = {}
    srids: set[int] = set()
    broken = 0
    for row, cell in enumerate(cells):
        if not isinstance(cell, str | bytes) or not len(cell.strip()):
            continue
        notation = _notation(cell)
        if notation is None:
            broken += 1
            continue
        written.setdefault(notation, {})[row] = notation.content(cell)
        srid = notation.srid(cell)
        srids |= set() if srid is None else {srid}
    for notation, contents in written.items():
        rows = list(contents)
        found = np.array(list(contents.values()), dtype=object)
        geometry[rows] = notation.parse(found, on_invalid="ignore")
        broken += int(shapely.is_missing(geometry[rows]).sum())
    there = geometry[~shapely.is_missing(geometry)]
    srids |= {int(one) for one in np.unique(shapely.get_srid(there)) if one}
    if len(srids) > 1:
        raise InputError(
            f"the geometries of the column {column} are in different coordinate reference systems",
            ", ".join(f"SRID {one}" for one in sorted(srids)),
            "bring them to one, such as with ST_Transform",
            code="file-with-several-crs",
        )
    flat: ShapeArray = shapely.set_srid(shapely.force_2d(geometry), 0)
    crs = f"EPSG:{srids.pop()}" if srids else None
    return CellShapes(flat, crs, ", ".join(one.name for one in written), broken)


def _notation(cell: str | bytes) -> _Notation | None:
    """How a cell is written; None where it is no geometry."""
    return next((one for one in _NOTATIONS if one.fits(cell)), None)


def _states_a_shape(digits: str) -> bool:
    """Whether digits begin as well-known binary does; a code such as `01085781000` does not."""
    code = bytes.fromhex(digits[2:10])
    kind = int.from_bytes(code[::-1] if digits[:2] == "01" else code, "big") & ~_FLAGS
    return any(kind - more in _SHAPE_TYPES for more in _DIMENSIONS)
