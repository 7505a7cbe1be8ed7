"""Which POIs a city keeps, and why the others go."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from aether_core.errors import InputError
from aether_core.language import mark
from aether_core.spatial.earth import earth_centred
from aether_core.vector import looks_swapped

DUPLICATE_M = 10.0

_NO_GEOMETRY = mark("no geometry")
_OUTSIDE = mark("outside the boundary")
_NAMELESS = mark("no category and no name")
DUPLICATE = mark("duplicate")


@dataclass(frozen=True)
class CleanPois:
    """POIs that are kept, in their order with a fresh index, and how many went for what reason."""

    pois: gpd.GeoDataFrame
    dropped: dict[str, int]


def clean_pois(pois: gpd.GeoDataFrame, boundary: shapely.Geometry) -> CleanPois:
    """Keep the POIs of a place, each once.

    In this order go: points that are missing, points outside the boundary (its edge counts as
    inside), POIs that say neither category nor name, and duplicates: the same name and category
    within 10 m on the ground of a POI that is kept earlier in the file.

    Args:
        pois: The POI table (`aether_core.poi.frame`).
        boundary: The place, WGS84.

    Returns:
        The kept POIs and the count of each reason that occurred.

    Raises:
        InputError: Nearly all lie outside and most would lie inside with longitude and latitude
            swapped.
    """
    points = pois.geometry.to_numpy()
    missing = shapely.is_missing(points) | shapely.is_empty(points)
    reasons = np.full(len(pois), "", dtype=object)
    reasons[missing] = _NO_GEOMETRY
    lonlat = np.full((len(pois), 2), np.nan)
    lonlat[~missing] = shapely.get_coordinates(points[~missing])
    shapely.prepare(boundary)
    outside = ~shapely.intersects_xy(boundary, lonlat[:, 0], lonlat[:, 1])
    if looks_swapped(points, boundary):
        raise InputError(
            "longitude and latitude are probably swapped, the places lie outside the boundary",
            f"first place at longitude {lonlat[~missing][0, 0]:.5f}, "
            f"latitude {lonlat[~missing][0, 1]:.5f}",
            "swap the two in the places or in the boundary",
            code="coordinates-swapped",
        )
    reasons[~missing & outside] = _OUTSIDE
    nameless = ((pois["name"] == "") & (pois["category"] == "")).to_numpy()
    reasons[(reasons == "") & nameless] = _NAMELESS
    left = np.flatnonzero(reasons == "")
    keys = pd.MultiIndex.from_frame(pois.iloc[left][["name", "category"]]).factorize()[0]
    reasons[left[_repeats(lonlat[left], keys)]] = DUPLICATE
    order = (_NO_GEOMETRY, _OUTSIDE, _NAMELESS, DUPLICATE)
    counts = {reason: int((reasons == reason).sum()) for reason in order}
    return CleanPois(
        pois=pois[reasons == ""].reset_index(drop=True),
        dropped={reason: count for reason, count in counts.items() if count},
    )


def _repeats(lonlat: npt.NDArray[np.float64], keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Mark points within 10 m of an earlier unmarked point with the same key.

    Args:
        lonlat: `[n, 2]` degrees, WGS84.
        keys: `[n]` numbers, equal where name and category are.
    """
    # Points piled on one spot go first, or their pairs would grow with the square of the pile.
    repeated = pd.DataFrame({"lon": lonlat[:, 0], "lat": lonlat[:, 1], "key": keys}).duplicated()
    marked: npt.NDArray[np.bool_] = repeated.to_numpy().copy()
    single = np.flatnonzero(~marked)
    if len(single) < 2:
        return marked
    # The key as a fourth coordinate keeps points of different keys far apart.
    space = np.column_stack([earth_centred(lonlat[single]), keys[single] * 10 * DUPLICATE_M])
    pairs = cKDTree(space).query_pairs(DUPLICATE_M, output_type="ndarray")
    for earlier, later in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if not marked[single[earlier]]:
            marked[single[later]] = True
    return marked
