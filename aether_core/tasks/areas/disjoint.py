"""Areas have to lie side by side: people counted in two of them would count twice."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.overlapping import worst_overlap

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
    if (worst := worst_overlap(geometry, MOST_SHARED)) is not None:
        raise InputError(
            "areas overlap, so people would be counted twice",
            worst.words(code[worst.first], code[worst.second]),
            "give areas of a single level that do not overlap",
            code="areas-overlap",
        )
