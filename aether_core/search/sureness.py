"""How sure an answer is of each cell: how familiar its ground is, and how far support goes."""

from collections.abc import Collection
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from aether_core.search.support import Level

FACTORS = MappingProxyType({Level.STRONG: 1.0, Level.WEAK: 0.5, Level.NONE: 0.0})
"""What sureness is multiplied by, by the weakest support among the likenesses that count."""


def sureness(
    dissimilarity: NDArray[np.float32], threshold: float, levels: Collection[Level]
) -> NDArray[np.float32]:
    """How sure an answer can be of each cell.

    1 on ground like that of a place the city knows, 0.5 at the border of the area of applicability,
    0 from twice its distance on; times the factor of the weakest support.

    Args:
        dissimilarity: Of each cell to the city's places, float32 `[m]`, from
            `Applicability.dissimilarity`; infinite without data.
        threshold: At the border of the area of applicability, above 0.
        levels: Support of the likenesses that count; none where none does.

    Returns:
        Float32 `[m]` in 0 to 1.
    """
    familiar = np.clip(1 - dissimilarity / (2 * threshold), 0, 1)
    weakest = min((FACTORS[level] for level in levels), default=1.0)
    return np.asarray(familiar * weakest, dtype=np.float32)
