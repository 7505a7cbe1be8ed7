"""Land-use labels out of a city's own OpenStreetMap extract."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.city.osm_features import read_osm_features, tag_text
from aether_core.poi.osm.taxonomy import NOTHING
from aether_core.reading import in_own_process
from aether_core.spatial.plane import Plane
from aether_core.tasks.samples.polygons import is_polygon, valid_polygons
from aether_core.vector import DEFAULT_LIMITS, WGS84, Limits

FIELD = "land use"
"""What the values are called; they come from the tags below."""

KEYS = ("amenity", "landuse", "leisure", "natural")
"""Tags that say how land is used, the most particular first: a school inside `landuse=grass` on
the same way is a school."""

AMENITIES = frozenset(
    {
        "school",
        "kindergarten",
        "college",
        "university",
        "hospital",
        "place_of_worship",
        "marketplace",
        "parking",
        "bus_station",
        "prison",
        "grave_yard",
    }
)
"""Values of `amenity` that name the use of a piece of land and not a single shop or bench."""

_MOSTLY = 0.9
"""A polygon with this part of its area inside another lies in it: mappers' lines cross a little."""


@in_own_process
def read_osm_land_use(
    path: str | Path,
    boundary: shapely.Geometry | None,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> gpd.GeoDataFrame:
    """Read the polygons of an extract that say how land is used.

    In OpenStreetMap a park is drawn on top of the residential area around it. What lies in another
    polygon of another use is cut out of that, so that each spot keeps its most particular use.

    Args:
        path: A local `.osm.pbf` file.
        boundary: The city, WGS84; polygons that do not meet its bounding box are not read.
        limits: Upper bound on the file's size.

    Returns:
        Columns `land use` (the tag's value as written, e.g. "residential"), and `geometry`, valid
        polygons in WGS84; ordered by type and id. Empty when the extract holds no land use.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file.
    """
    wanted = {key: sorted(AMENITIES) if key == "amenity" else True for key in KEYS}
    found = read_osm_features(path, wanted, boundary, columns=KEYS, limits=limits)
    found = found[is_polygon(found.geometry.to_numpy())]
    value = _most_particular(found)
    found = found[value != ""]
    if found.empty:
        return gpd.GeoDataFrame({FIELD: []}, geometry=[], crs=WGS84)
    value = value[value != ""]
    order = pd.DataFrame({"type": found["osm_type"].astype(str), "id": found["id"]})
    rows = np.lexsort((order["id"], order["type"]))
    shapes = valid_polygons(found.geometry.to_numpy()[rows]).geometry
    shapes = _without_inner(shapes, value.to_numpy()[rows])
    frame = gpd.GeoDataFrame({FIELD: value.to_numpy()[rows]}, geometry=shapes, crs=WGS84)
    return frame[frame.geometry.notna()].reset_index(drop=True)


def _most_particular(found: gpd.GeoDataFrame) -> "pd.Series[str]":
    """The value of the first of `KEYS` a feature carries, "" where it carries none that counts."""
    value = pd.Series("", index=found.index, dtype=object)
    for key in KEYS:
        text = tag_text(found, key).str.strip()
        says = ~text.isin(NOTHING) & (text != "yes")
        if key == "amenity":
            says &= text.isin(AMENITIES)
        value = value.where((value != "") | ~says, text)
    return value


def _without_inner(
    geometry: NDArray[np.object_], value: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Cut out of each polygon the smaller ones of another use that lie in it; None where used up.

    Args:
        geometry: Valid polygons or None, object `[n]`, WGS84.
        value: Their uses, object `[n]` of str.
    """
    metric = Plane.of_shapes(geometry).shapes(geometry)
    area = shapely.area(metric)
    inner, outer = shapely.STRtree(metric).query(metric, predicate="intersects")
    smaller = (area[inner] < area[outer]) & (value[inner] != value[outer])
    inner, outer = inner[smaller], outer[smaller]
    # The plane may turn a valid polygon of WGS84 into one that touches itself.
    shared = shapely.area(
        shapely.intersection(shapely.make_valid(metric[inner]), shapely.make_valid(metric[outer]))
    )
    lies_in = shared >= _MOSTLY * area[inner]
    inner, outer = inner[lies_in], outer[lies_in]
    cut = geometry.copy()
    for row in np.unique(outer):
        holes = shapely.union_all(geometry[inner[outer == row]])
        cut[row] = shapely.difference(geometry[row], holes)
    keep = is_polygon(cut)
    cut[~keep] = None
    mended = valid_polygons(cut[keep]).geometry
    cut[keep] = mended
    return cut
