"""Areas have to lie side by side: people counted in two of them would count twice."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.plane import Plane

MOST_SHARED = 0.05
"""Part of the smaller area two may share: boundaries that were simplified overlap in slivers."""


def check_disjoint(geometry: NDArray[np.object_], code: Sequence[str]) -> None:
    """Refuse areas that overlap.

    Args:
        geometry: Valid polygons, object `[a]`, WGS84.
        code: Their codes, for the message.

    Raises:
        InputError: Two areas share more than 5 % of the smaller one; the message names the pair
            that shares most.
    """
    if len(geometry) < 2:
        return
    shapes = shapely.make_valid(Plane.of_shapes(geometry).shapes(geometry))
    area = shapely.area(shapes)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = first < second
    first, second = first[pair], second[pair]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    part = shared / np.minimum(area[first], area[second])
    if len(part) and part.max() > MOST_SHARED:
        worst = int(part.argmax())
        raise InputError(
            "areas overlap, so people would be counted twice",
            f"{code[first[worst]]} and {code[second[worst]]} share {100 * part[worst]:.0f} % of "
            f"the smaller ({int((part > MOST_SHARED).sum())} such pairs)",
            "give areas of a single level that do not overlap",
            code="areas-overlap",
        )
