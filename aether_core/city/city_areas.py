"""Areas as the units of a city: tracts, wards, or whatever its embedding describes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.units import AREAS
from aether_core.spatial.containing import AreaIndex


@dataclass(frozen=True, eq=False)
class CityAreas:
    """Areas of a city, by rising number; see `aether_core.city.units.Units`.

    Args:
        number: uint64 `[m]`, where each stood in the file that the city was added from.
        geometry: Valid Polygons and MultiPolygons, object `[m]`, WGS84.
        area_code: Object `[m]` of str, each once.
        area_name: Object `[m]` of str, "" where there is none.
    """

    number: NDArray[np.uint64]
    geometry: NDArray[np.object_]
    area_code: NDArray[np.object_]
    area_name: NDArray[np.object_]

    kind = AREAS
    hexagons = None

    def __len__(self) -> int:
        return len(self.number)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The numbers."""
        return self.number

    @cached_property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each, WGS84, float64 `[m, 2]`."""
        points = shapely.point_on_surface(self.geometry)
        return np.column_stack([shapely.get_x(points), shapely.get_y(points)])

    @cached_property
    def _index(self) -> AreaIndex:
        return AreaIndex(self.geometry)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {code: row for row, code in enumerate(self.area_code.tolist())}

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "CityAreas":
        """See `Units`."""
        return CityAreas(
            self.number[rows], self.geometry[rows], self.area_code[rows], self.area_name[rows]
        )

    def polygons(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.object_]:
        """See `Units`."""
        return self.geometry if rows is None else self.geometry[rows]

    def code(self, row: int) -> str:
        """See `Units`."""
        return str(self.area_code[row])

    def name(self, row: int) -> str:
        """See `Units`."""
        return str(self.area_name[row])

    def codes(self) -> list[str]:
        """See `Units`."""
        return [str(code) for code in self.area_code]

    def names(self) -> Sequence[str] | None:
        """See `Units`."""
        names = [str(name) for name in self.area_name]
        return names if any(names) else None

    def row_of(self, code: str) -> int | None:
        """See `Units`."""
        return self._rows.get(code)

    def middle_of(self, code: str) -> tuple[float, float] | None:
        """See `Units`."""
        row = self.row_of(code)
        return None if row is None else (float(self.lonlat[row, 0]), float(self.lonlat[row, 1]))

    def rows_at(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Units`."""
        return self._index.rows_at(lonlat)

    def near(self, shapes: NDArray[np.object_]) -> NDArray[np.int64]:
        """See `Units`."""
        found = shapely.STRtree(self.geometry).query(shapes)[1]
        return np.unique(found).astype(np.int64)
