"""What a user says about a file, and what a caller wants of its columns."""

from dataclasses import dataclass
from typing import Literal

Decimal = Literal[".", ","]
Thousands = Literal[".", ",", " ", "'"]


@dataclass(frozen=True)
class ReadOptions:
    """A user's word about a file; what is None is found out. It wins over what the file says.

    Attributes:
        crs: Coordinate reference system, e.g. `EPSG:27700`.
        crs_if_unstated: The same, but only where the file does not state one.
        layer: Layer of a file that holds several.
        encoding: Encoding of its texts, e.g. `cp1251`.
        decimal: What stands before the decimals of numbers written as text.
        thousands: What groups their digits.
    """

    crs: str | None = None
    crs_if_unstated: str | None = None
    layer: str | None = None
    encoding: str | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None


NO_OPTIONS = ReadOptions()
"""Everything is found out."""


@dataclass(frozen=True)
class Columns:
    """What a caller says about the columns of a table.

    Attributes:
        lon_field: Column of longitudes (or eastings); detected when None.
        lat_field: Column of latitudes (or northings); detected when None.
        typed: Whether columns of numbers become numbers where every attribute is text. Else every
            attribute stays as written, so that a shop called "1.10" keeps its name.
        shapeless: Whether a table without coordinates is accepted.
    """

    lon_field: str | None = None
    lat_field: str | None = None
    typed: bool = True
    shapeless: bool = False


NO_COLUMNS = Columns()
"""All is detected."""
