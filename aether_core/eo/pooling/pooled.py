"""What pooling and opening an embedding give back."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from aether_core.language import mark

OUTSIDE = mark("outside the embedding")
TOO_LITTLE_DATA = mark("less than half the window has data")
NO_SAMPLE = mark("no sample within the radius")
NO_AREA = mark("in none of the areas")
AREA_WITHOUT_DATA = mark("in an area without data")


@dataclass(frozen=True)
class Pooled:
    """Pooled vectors of n points in several views.

    Args:
        vectors: float32 `[views, n, dim]`, unit rows; a row is NaN where that view can't be pooled.
        reasons: object `[n]` of str: why a point lacks a view, "" when it has every one.
    """

    vectors: NDArray[np.float32]
    reasons: NDArray[np.object_]

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Bool `[n]`: the point has every view."""
        return np.asarray(self.reasons == "", dtype=bool)

    @property
    def dropped(self) -> dict[str, int]:
        """How many points lack a view, by reason."""
        return dict(Counter(reason for reason in self.reasons.tolist() if reason))


@dataclass(frozen=True)
class FileInfo:
    """One file of an embedding, as the store keeps it.

    Args:
        path: Absolute path.
        sha256: Hex digest of the file's bytes.
        crs: The file's own CRS, e.g. "EPSG:32635".
        width: Pixels across; the number of samples for a table.
        height: Pixels down; 1 for a table.
        footprint: What the file covers, polygonal, WGS84.
    """

    path: Path
    sha256: str
    crs: str
    width: int
    height: int
    footprint: BaseGeometry
