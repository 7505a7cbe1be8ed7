"""The demo city's own backdrop: water, greenery, roads and buildings, light enough to draw."""

import geopandas as gpd
import pandas as pd
from shapely import Polygon, line_merge, union_all

from aether_core.city.base_map import GREEN, ROADS, THROUGH_ROADS
from aether_core.language import OTHER_NAMES
from aether_core.simulate.helsinki_shore import sea

_STEP_M = 0.7
"""Corners closer than this to a straight line go: less than a pixel at street scale."""
_SMALLEST_M2 = 30.0


def base_map(features: gpd.GeoDataFrame, boundary: Polygon) -> gpd.GeoDataFrame:
    """Draw the backdrop.

    Args:
        features: From `osm_extract.read_features`.
        boundary: Where to cut, in the CRS of the features.

    Returns:
        Columns `kind` (`water`, `green`, `road` or `building`), `name`, `other_names`, `main` (of a
        road: whether it is a main road) and `geometry` in WGS84; areas of one kind and name are one
        feature, so are the pieces of a road.
    """
    ground = features[~features["layer"].str.startswith("-")]
    areas = ground[ground.geom_type.isin(["Polygon", "MultiPolygon"])]
    lines = ground[ground.geom_type.isin(["LineString", "MultiLineString"])]
    parts = [
        _water(features, areas),
        _green(areas),
        _roads(lines),
        _named(areas[areas["building"] != ""], "building"),
    ]
    everything = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=features.crs)
    everything = everything.set_geometry(everything.geometry.simplify(_STEP_M)).clip(boundary)
    flat = everything.geom_type.isin(["Polygon", "MultiPolygon"])
    lasting = (flat & (everything.area >= _SMALLEST_M2)) | everything.geom_type.str.contains("Line")
    kept = everything[lasting].sort_index().reset_index(drop=True)
    return kept.to_crs("EPSG:4326")


def _water(features: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    inland = areas[(areas["natural"] == "water") | areas["landuse"].isin({"basin", "pond"})]
    named = _named(inland, "water")
    open_sea = sea(features)
    apart = named[~named.intersects(open_sea)]
    columns = {"kind": ["water"], "name": [""], OTHER_NAMES: [""]}
    whole = gpd.GeoDataFrame(columns, geometry=[open_sea])
    return pd.concat([whole.set_crs(features.crs), apart], ignore_index=True)


def _green(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    chosen = [areas[key].isin(values) for key, values in GREEN.items()]
    return _named(areas[pd.concat(chosen, axis=1).any(axis=1)], "green").dissolve(
        "name", as_index=False, aggfunc={"kind": "first", OTHER_NAMES: _longest}
    )


def _roads(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    drawn = lines[lines["highway"].isin(ROADS) & lines["tunnel"].isin({"", "no"})]
    drawn = drawn.assign(main=drawn["highway"].isin(THROUGH_ROADS))
    named = drawn.groupby(["name", "main"])
    merged = named.geometry.agg(lambda pieces: line_merge(union_all(list(pieces))))
    return gpd.GeoDataFrame(
        {
            "kind": "road",
            "name": merged.index.get_level_values("name").to_numpy(),
            OTHER_NAMES: named[OTHER_NAMES].agg(_longest).to_numpy(),
            "main": merged.index.get_level_values("main").to_numpy(),
        },
        geometry=merged.to_numpy(),
        crs=lines.crs,
    )


def _longest(names: "pd.Series[str]") -> str:
    """Of what pieces of one name are called in other languages, the fullest."""
    return max(map(str, names), key=len)


def _named(areas: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "kind": kind,
            "name": areas["name"].to_numpy(),
            OTHER_NAMES: areas[OTHER_NAMES].to_numpy(),
        },
        geometry=areas.geometry.to_numpy(),
        crs=areas.crs,
    )
