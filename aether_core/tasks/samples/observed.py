"""Cells whose land use is known: those that labelled ground of one class covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.overlap import measure_overlaps
from aether_core.tasks.samples.polygons import cut_up, is_polygon

OBSERVED_SHARE: Final = 0.5
"""Part of a cell that labelled ground of one class covers where the class counts as observed."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Observed:
    """What is known of cells without any prediction.

    Attributes:
        label: Observed class of each cell, int64 `[m]`, a position in the map's classes; -1 where
            nothing is known, so that a prediction fills the gap.
        contested: Cells that two or more classes cover as far: they are predicted, too.
    """

    label: NDArray[np.int64]
    contested: int

    @classmethod
    def nothing(cls, cells: int) -> "Observed":
        """No cell is known."""
        return cls(np.full(cells, -1, dtype=np.int64), 0)


def observed_cells(
    geometry: NDArray[np.object_],
    value: NDArray[np.object_],
    classes: Sequence[str],
    units: Units,
    *,
    share: float = OBSERVED_SHARE,
) -> Observed:
    """Find the cells that are known.

    A cell is of a class where polygons of that class together cover at least `share` of its ground
    and those of no other class do. Overlapping polygons of one class count once. A point covers no
    ground: its cell is predicted.

    Args:
        geometry: Labels, object `[n]` of points and valid polygons, WGS84.
        value: Class of each, object `[n]`; those that are no class of the map are left out.
        classes: Names of the map's classes.
        units: The city's, which are called cells here.
        share: Part of a cell's ground, above 0 to 1.
    """
    place = {name: k for k, name in enumerate(classes)}
    kind = np.array([place.get(name, -1) for name in value], dtype=np.int64)
    rows = np.flatnonzero(is_polygon(geometry) & (kind >= 0))
    if not len(rows):
        return Observed.nothing(len(units))
    polygons, kind = geometry[rows], kind[rows]
    plane = Plane.of_shapes(polygons)
    pieces, of_polygon = cut_up(polygons)
    found = measure_overlaps(pieces, units, plane=plane)
    of_piece = kind[of_polygon][found.area]
    key, group = np.unique(found.cell * len(classes) + of_piece, return_inverse=True)
    cell = key // len(classes)
    needed = share * found.cell_m2[cell] * (1 - _ROUNDING)
    pair, of_pair = np.unique(
        np.stack([group, of_polygon[found.area]], axis=1), axis=0, return_inverse=True
    )
    largest = np.zeros(len(key))
    of_each = np.bincount(of_pair.reshape(-1), weights=found.square_metres)
    np.maximum.at(largest, pair[:, 0], of_each)
    covers = largest >= needed
    # Added up, polygons that overlap count twice: only these few are laid over each other.
    doubtful = np.flatnonzero(
        ~covers & (np.bincount(group, weights=found.square_metres, minlength=len(key)) >= needed)
    )
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(len(key) + 1))
    shapes = shapely.make_valid(plane.shapes(pieces))
    ground = plane.shapes(units.polygons(cell[doubtful]))
    for at, hexagon in zip(doubtful.tolist(), ground, strict=True):
        parts = shapes[found.area[order[start[at] : start[at + 1]]]]
        together = shapely.union_all(shapely.intersection(parts, hexagon))
        covers[at] = shapely.area(together) >= needed[at]
    claims = np.bincount(cell[covers], minlength=len(units))
    label = np.full(len(units), -1, dtype=np.int64)
    alone = covers & (claims[cell] == 1)
    label[cell[alone]] = key[alone] % len(classes)
    return Observed(label, int((claims > 1).sum()))
