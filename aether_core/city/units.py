"""The units of a city: what it is mapped on, each with one vector.

They are the cells of an H3 grid, or the areas that the city's embedding came with. Whoever maps,
searches or fits asks the units themselves: where they lie, what they are called, which one a point
is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.file_kind import UnitsName
from aether_core.language import mark, plural


@dataclass(frozen=True)
class UnitKind:
    """What people call a kind of units.

    Attributes:
        name: In the store and JSON.
        one: A unit.
        several: Units.
        column: What files and tables call the column of their codes.
        of_embedding: Whether each is a row of the embedding, which has a vector for it alone.
    """

    name: UnitsName
    one: str
    several: str
    column: str
    of_embedding: bool

    def counted(self, number: int) -> str:
        """A number of units in words."""
        return plural(f"{{number:,}} {self.one}", f"{{number:,}} {self.several}", number)


H3_CELLS: Final = UnitKind("h3", mark("map cell"), mark("map cells"), "cell", of_embedding=False)
AREAS: Final = UnitKind("areas", mark("area"), mark("areas"), "area", of_embedding=True)
UNIT_KINDS: Final[Mapping[str, UnitKind]] = MappingProxyType(
    {kind.name: kind for kind in (H3_CELLS, AREAS)}
)
"""By name."""


class Units(Protocol):
    """Some or all units of a city, by rising key."""

    kind: UnitKind

    def __len__(self) -> int: ...

    @property
    def keys(self) -> NDArray[np.uint64]:
        """What tells the units of a city apart, uint64 `[m]`: H3 indexes, or numbers of areas."""

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each, WGS84, float64 `[m, 2]`: the centre of a cell."""

    @property
    def hexagons(self) -> NDArray[np.uint64] | None:
        """H3 indexes, where every unit is a cell of one grid; None where shapes are their own."""

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Units":
        """Some of them: rows that rise, or bool `[m]`."""

    def polygons(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.object_]:
        """Outlines of all, or of some rows: Polygons and MultiPolygons, WGS84."""

    def code(self, row: int) -> str:
        """What files call a unit, each once in a city."""

    def name(self, row: int) -> str:
        """What people call it; "" where it has no name."""

    def codes(self) -> list[str]:
        """The code of each."""

    def names(self) -> Sequence[str] | None:
        """The name of each; None where none has one."""

    def row_of(self, code: str) -> int | None:
        """The row of a code; None where none of them has it."""

    def middle_of(self, code: str) -> tuple[float, float] | None:
        """Where a code lies, longitude and latitude, WGS84; None where it says nothing.

        A cell of H3 lies somewhere whether or not it is one of these.
        """

    def rows_at(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """The row of the unit each WGS84 point `[n, 2]` lies in, int64 `[n]`; -1 in none."""

    def near(self, shapes: NDArray[np.object_]) -> NDArray[np.int64]:
        """Rows of units that may share ground with shapes (WGS84), int64, rising."""


def title_of(units: Units, row: int) -> str:
    """What a unit is called on a page: its name with its code, or its code alone."""
    name, code = units.name(row), units.code(row)
    return f"{name} ({code})" if name else code
