"""The places of the demo city: what the OpenStreetMap extract knows and a planner may ask for."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from aether_core.language import OTHER_NAMES
from aether_core.poi.osm.extract import SOURCE, read_osm_pois

_NOT_ASKED_FOR = frozenset({"bicycle parking", "motorcycle parking", "cash machine", "parking"})
"""Categories that stand at every corner. The car parks are eleven, five of them named "Q-Park":
enough for a sentence encoder to lead whoever asks for a park underground."""

_GREENERY = {
    "grass": "lawn",
    "garden": "garden",
    "pitch": "sports field",
    "playground": "playground",
    "scrub": "shrubs and trees",
    "wood": "shrubs and trees",
    "heath": "shrubs and trees",
}
_WATERSIDE = {"bay": "bay", "water": "water", "wetland": "reeds", "pier": "pier"}
_KINDS = ("leisure", "natural", "landuse", "man_made")
_PARK_EDGE_M = 30.0
_SHORE_M = 200.0


def demo_places(extract: Path, features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Named places worth asking for.

    Nameless places go: their texts are as short as a query is, and as they are mostly car parks,
    subway entrances and ponds, every query would find those.

    Args:
        extract: The `.osm.pbf` file, read as any user's file is.
        features: From `osm_extract.read_features`, for lawns, trees, piers and bays. No POI key
            names them, and parks and water would be left with hardly a word; they are called
            after the park or the bay they belong to.

    Returns:
        The text columns of the POI table and a WGS84 point, ordered by `source_id`.
    """
    places = read_osm_pois(extract)
    asked_for = ~places["category"].isin(_NOT_ASKED_FOR | {""}) & (places["name"] != "")
    places = places[asked_for & (places["group"] != "street furniture")]
    extra = [_greenery(features), _waterside(features)]
    everything = pd.concat([places, *extra], ignore_index=True)
    everything = everything.drop_duplicates("source_id")
    return everything.sort_values("source_id", ignore_index=True)


def _greenery(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Parts of parks, under the name of the park they belong to."""
    parks = features[(features["leisure"] == "park") & (features["name"] != "")]
    parts = _points(features, _GREENERY)
    near = parts.sjoin_nearest(_known_as(parks), max_distance=_PARK_EDGE_M)
    return _places(near, "green space")


def _waterside(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Waters, and what stands in them under the name of the nearest."""
    parts = _points(features, _WATERSIDE)
    waters = parts[parts["category"].isin({"bay", "water"}) & (parts["name"] != "")]
    near = parts.sjoin_nearest(_known_as(waters), max_distance=_SHORE_M)
    return _places(near, "waterfront")


def _known_as(named: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What gives its names to its parts, in the columns `whole` and `whole_names`."""
    called = {"name": "whole", OTHER_NAMES: "whole_names"}
    return named[[*called, "geometry"]].rename(columns=called)


def _points(features: gpd.GeoDataFrame, words: dict[str, str]) -> gpd.GeoDataFrame:
    """Features of some kinds as points, the kind's word in `category`, the largest first."""
    category = pd.Series("", index=features.index)
    for key in _KINDS:
        category = category.where(category != "", features[key].map(words).fillna(""))
    chosen = features[["osm_type", "id", "name", OTHER_NAMES, "geometry"]].assign(
        category=category, area=features.area
    )
    chosen = chosen[category != ""].sort_values("area", ascending=False, kind="stable")
    return chosen.set_geometry(chosen.geometry.representative_point())


def _places(points: gpd.GeoDataFrame, group: str) -> gpd.GeoDataFrame:
    """Points as places, one of a kind and name.

    Forty lawns of one park would be forty places of equal text, which training pushes away from
    each other: the park would be where a query for parks leads last.
    """
    places = gpd.GeoDataFrame(
        {
            "source": SOURCE,
            "source_id": points["osm_type"] + "/" + points["id"].astype(str),
            "name": points["name"].where(points["name"] != "", points["whole"]),
            OTHER_NAMES: points[OTHER_NAMES].where(points["name"] != "", points["whole_names"]),
            "category": points["category"],
            "group": group,
        },
        geometry=points.geometry.to_crs("EPSG:4326"),
        crs="EPSG:4326",
    )
    return places.drop_duplicates(["name", "category"])
