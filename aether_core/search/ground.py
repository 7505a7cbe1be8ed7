"""Which cells are water, and which lie outside the built city, by what the city's own data says.

Water is what the city's shapes of water say: its base map and its labels. OpenStreetMap draws lakes
and basins but no open sea, and a file may show one lake of ten. So cells that look like the known
water are water, too, if looks tell it from the cells with places in blocks that the rule was not
made in: to AlphaEarth water is like nothing else. Without shapes nothing is taken for water.

A cell with a place in it is never water and never outside: something is there.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from aether_core.spatial.blocks import fitting_blocks, in_two
from aether_core.spatial.earth import earth_centred

OUTSIDE_M = 500.0
"""Ground with no place within this distance lies outside the built city."""
WATER_LABELS = frozenset({"water", "basin", "reservoir", "pond", "bay", "strait", "lake", "sea"})
"""Labels that say water, in small letters."""
LEAST_CELLS = 20
"""With fewer known cells of water, or with places, looks are not asked."""
SURE = 0.95
"""Share of known cells, of water and of others alike, that looks must tell right."""
_LAND = 0.995
_PLAINLY = 0.25
"""A cell is taken for water by its looks if it looks more like it than these parts of the cells
with places and of the known water: shores and harbours are in between, and stay."""
_RIDGE = 1e-3


class Extent(StrEnum):
    """Which cells of a city are ranked."""

    EVERYWHERE = "everywhere"
    LAND = "land"
    BUILT = "built"


@dataclass(frozen=True)
class Ground:
    """What the cells of a city stand on.

    Attributes:
        water: Bool `[m]`.
        outside: Outside the built city and no water, bool `[m]`.
        water_from: Where it is known from, in words; "" where nothing says water.
        looks: Share of known cells that looks told right in other blocks, the lower of water and
            others; None where looks were not asked.
        by_looks: How many cells are water by their looks alone.
    """

    water: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    water_from: str
    looks: float | None
    by_looks: int

    def left_out(self, extent: Extent) -> NDArray[np.bool_]:
        """The cells that are not ranked, bool `[m]`."""
        if extent is Extent.EVERYWHERE:
            return np.zeros_like(self.water)
        return self.water | self.outside if extent is Extent.BUILT else self.water.copy()


def ground_of(
    cell_lonlat: NDArray[np.float64],
    cell_form: NDArray[np.float32],
    place_lonlat: NDArray[np.float64],
    cell_of_place: NDArray[np.int64],
    water: NDArray[np.object_],
    source: str,
) -> Ground:
    """Decide what each cell stands on.

    Args:
        cell_lonlat: Centres of the cells, WGS84, float64 `[m, 2]`.
        cell_form: Their embedding, unit rows float32 `[m, e]`.
        place_lonlat: The city's places, WGS84, float64 `[p, 2]`.
        cell_of_place: Row of the cell each place lies in, int64 `[p]`; -1 for none.
        water: Shapes of water, WGS84, object `[w]`; none where the city's data says nothing of it.
        source: Where the shapes come from, in words.
    """
    taken = np.zeros(len(cell_lonlat), dtype=bool)
    taken[cell_of_place[cell_of_place >= 0]] = True
    known = _inside(cell_lonlat, water) & ~taken
    found, looks = known, None
    if known.sum() >= LEAST_CELLS and taken.sum() >= LEAST_CELLS:
        looks = _looks_right(cell_form, cell_lonlat, known, taken)
        if looks >= SURE:
            alike = _looks(cell_form, known, taken)
            least = max(np.quantile(alike[taken], _LAND), np.quantile(alike[known], _PLAINLY))
            found = known | ((alike > max(least, 0.0)) & ~taken)
    outside = _far(cell_lonlat, place_lonlat) & ~taken & ~found
    return Ground(
        water=found,
        outside=outside,
        water_from=source if known.any() else "",
        looks=looks,
        by_looks=int((found & ~known).sum()),
    )


def _inside(lonlat: NDArray[np.float64], shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which points lie in one of the shapes."""
    inside = np.zeros(len(lonlat), dtype=bool)
    flat = shapes[np.isin(shapely.get_type_id(shapes), [3, 6])] if len(shapes) else shapes
    if len(flat):
        at, _ = shapely.STRtree(flat).query(shapely.points(lonlat), predicate="intersects")
        inside[at] = True
    return inside


def _far(cells: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not len(places):
        return np.ones(len(cells), dtype=bool)
    distance = cKDTree(earth_centred(places)).query(earth_centred(cells))[0]
    return np.asarray(distance > OUTSIDE_M)


def _looks(
    form: NDArray[np.float32], water: NDArray[np.bool_], other: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How far each cell looks like water rather than like cells with places; 0 is in the middle.

    Linear discriminant with a ridge; either side counts as much, however many cells it has.
    """
    rows = form.astype(np.float64)
    wet, dry = rows[water], rows[other]
    spread = (np.cov(wet.T, bias=True) + np.cov(dry.T, bias=True)) / 2
    ridge = _RIDGE * np.trace(spread) / len(spread) + 1e-9
    apart = np.linalg.solve(spread + ridge * np.eye(len(spread)), wet.mean(0) - dry.mean(0))
    middle = (wet.mean(0) + dry.mean(0)) / 2
    return np.asarray((rows - middle) @ apart)


def _looks_right(
    form: NDArray[np.float32],
    lonlat: NDArray[np.float64],
    water: NDArray[np.bool_],
    other: NDArray[np.bool_],
) -> float:
    """Share told right in one half of the blocks by the rule of the other; the lower of both kinds.

    0 where a half has too few cells of a kind to make a rule of.
    """
    known = np.flatnonzero(water | other)
    half = np.zeros(len(form), dtype=bool)
    half[known] = in_two(fitting_blocks(lonlat[known], fewest=40), seed=0)
    right = np.zeros(len(form), dtype=bool)
    for asked in (half, ~half):
        rest = ~asked
        if min((water & rest).sum(), (other & rest).sum()) < LEAST_CELLS / 4:
            return 0.0
        alike = _looks(form, water & rest, other & rest) > 0
        right[asked] = alike[asked] == water[asked]
    return float(min(right[water].mean(), right[other].mean()))
