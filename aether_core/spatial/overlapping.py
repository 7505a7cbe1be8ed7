"""How far areas that should lie side by side overlap."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.spatial.plane import Plane


@dataclass(frozen=True)
class Overlap:
    """The pair of areas that share most.

    Attributes:
        first, second: Their rows.
        part: Of the smaller one that they share, 0 to 1.
        pairs: How many pairs share more than was allowed.
    """

    first: int
    second: int
    part: float
    pairs: int

    def words(self, first: str, second: str) -> str:
        """The pair, for a message.

        Args:
            first, second: What the areas are called.
        """
        pairs = "no other pair does" if self.pairs == 1 else f"{self.pairs} such pairs"
        return f"{first} and {second} share {100 * self.part:.0f} % of the smaller ({pairs})"


def worst_overlap(geometry: NDArray[np.object_], most_shared: float) -> Overlap | None:
    """Find the areas that overlap most.

    Args:
        geometry: Valid polygons, object `[a]`, WGS84.
        most_shared: Part of the smaller area two may share.

    Returns:
        None where no two share more than that.
    """
    if len(geometry) < 2:
        return None
    shapes = shapely.make_valid(Plane.of_shapes(geometry).shapes(geometry))
    area = shapely.area(shapes)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = first < second
    first, second = first[pair], second[pair]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    part = shared / np.minimum(area[first], area[second])
    if not len(part) or part.max() <= most_shared:
        return None
    worst = int(part.argmax())
    return Overlap(
        int(first[worst]),
        int(second[worst]),
        float(part[worst]),
        int((part > most_shared).sum()),
    )
