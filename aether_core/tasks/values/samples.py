"""Places with a number, laid over a city: what a regression is fitted on."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import extent_of
from aether_core.tasks.areas.coverage import cells_under
from aether_core.tasks.areas.disjoint import check_disjoint
from aether_core.tasks.samples.representations import Floats, Representation
from aether_core.tasks.values.read import Values
from aether_core.vector import looks_swapped

MOST_SAMPLES = 20_000

OUTSIDE = "outside the city"
MOSTLY_OUTSIDE = "less than half covered by cells with data"
NO_DATA = "no embedding data"
_LEAST_COVERED = 0.5


@dataclass(frozen=True)
class NumberSamples:
    """Places of a city with a number each: points first, then areas.

    Attributes:
        value: Float64 `[n]`.
        lonlat: A point inside each place, WGS84 `[n, 2]`.
        unit: Int64 `[n]`: points at one spot have one number, and are held out together.
        weights: Part of each cell in the mean of each area, `[a, m]`, rows sum to 1; the areas are
            the last `a` samples.
        dropped: Places left out, by reason.
    """

    value: NDArray[np.float64]
    lonlat: NDArray[np.float64]
    unit: NDArray[np.int64]
    weights: csr_array
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.value)

    @property
    def points(self) -> int:
        """How many of them are points."""
        return len(self.value) - int(self.weights.shape[0])

    def described(self, seen: Representation) -> Floats:
        """Describe each sample, float32 `[n, d]`; a row without data is NaN.

        Args:
            seen: A representation of the city.
        """
        parts = [seen.of_areas(self.weights)] if self.points < len(self) else []
        if self.points:
            parts.insert(0, seen.at_points(self.lonlat[: self.points]))
        return np.concatenate(parts)

    def keep(self, kept: NDArray[np.bool_], reason: str) -> "NumberSamples":
        """The samples where `kept` is true; the others count as dropped for `reason`.

        Raises:
            InputError: None is left.
        """
        gone = int(np.count_nonzero(~kept))
        if not gone:
            return self
        dropped = {**self.dropped, reason: self.dropped.get(reason, 0) + gone}
        if gone == len(self):
            raise InputError(
                "no usable numbers in the city",
                ", ".join(f"{count} {text}" for text, count in dropped.items()),
                "give places where the city has data",
                code="no-usable-values",
            )
        return NumberSamples(
            self.value[kept],
            self.lonlat[kept],
            np.unique(self.unit[kept], return_inverse=True)[1].astype(np.int64),
            self.weights[np.flatnonzero(kept[self.points :])],
            dropped,
        )


def number_samples(
    values: Values,
    *,
    boundary: shapely.Geometry,
    units: Units,
    seed: int,
    limit: int = MOST_SAMPLES,
    progress: Progress = silent,
) -> NumberSamples:
    """Lay places with numbers over a city's cells.

    Points count inside the boundary; areas where cells cover at least half of them.

    Args:
        values: Of any place.
        boundary: The city, WGS84.
        units: The city's, which are called cells here.
        seed: Decides which samples stay when there are more than `limit`.
        limit: Most samples.
        progress: Told as areas are laid over cells.

    Raises:
        InputError: None lies in the city (with both bounding boxes; says so when swapping longitude
            and latitude would bring them inside), or areas overlap.
    """
    is_point = shapely.get_type_id(values.geometry) == shapely.GeometryType.POINT
    shapely.prepare(boundary)
    meets = shapely.intersects(boundary, values.geometry)
    if not meets.any():
        swapped = looks_swapped(values.geometry, boundary)
        raise InputError(
            "all numbers lie outside the city",
            f"numbers in {_box(values.geometry)}, city in {_box(np.array([boundary]))}",
            "swap their longitude and latitude"
            if swapped
            else "give places inside this city, or specify the CRS of the file",
            code="coordinates-swapped" if swapped else "values-outside-city",
        )
    points = np.flatnonzero(is_point & meets)
    areas = np.flatnonzero(~is_point & meets)
    check_disjoint(values.geometry[areas], [f"row {row + 1}" for row in areas.tolist()])
    weights = csr_array((0, len(units)), dtype=np.float64)
    covered = np.zeros(0, dtype=bool)
    if len(areas):
        overlap = cells_under(values.geometry[areas], units, progress)
        covered = overlap.covered >= _LEAST_COVERED
        weights = overlap.weights
    dropped = {**values.dropped}
    outside = len(values) - len(points) - len(areas)
    if outside:
        dropped[OUTSIDE] = outside
    row = np.concatenate([points, areas])
    inside = shapely.point_on_surface(values.geometry[areas])
    lonlat = np.concatenate(
        [
            shapely.get_coordinates(values.geometry[points]).reshape(-1, 2),
            np.column_stack([shapely.get_x(inside), shapely.get_y(inside)]).reshape(-1, 2),
        ]
    )
    spot = np.unique(lonlat[: len(points)], axis=0, return_inverse=True)[1].reshape(-1)
    unit = np.concatenate([spot, np.arange(len(areas)) + (spot.max() + 1 if len(spot) else 0)])
    every = NumberSamples(values.value[row], lonlat, unit.astype(np.int64), weights, dropped)
    kept = np.concatenate([np.ones(len(points), dtype=bool), covered])
    used = every.keep(kept, MOSTLY_OUTSIDE)
    if len(used) <= limit:
        return used
    chosen = np.zeros(len(used), dtype=bool)
    chosen[np.random.default_rng(seed).choice(len(used), limit, replace=False)] = True
    return used.keep(chosen, f"beyond {limit:,} samples")


def _box(geometry: NDArray[np.object_]) -> str:
    west, south, east, north = extent_of(geometry)
    return f"{west:.4f},{south:.4f} to {east:.4f},{north:.4f}"
