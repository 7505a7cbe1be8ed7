"""A city's own backdrop, from an OpenStreetMap extract: water, greenery, roads, buildings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import Geod

from aether_core.city.boundary import working_crs
from aether_core.city.osm_features import names_of, read_osm_features, tag_text
from aether_core.language import OTHER_NAMES
from aether_core.reading import in_own_process
from aether_core.vector import DEFAULT_LIMITS, Limits

ROADS = frozenset(
    {
        "motorway",
        "trunk",
        "primary",
        "primary_link",
        "secondary",
        "tertiary",
        "tertiary_link",
        "unclassified",
        "residential",
        "pedestrian",
    }
)
"""Values of `highway` that are drawn."""

MAIN_ROADS = frozenset({"motorway", "trunk", "primary", "secondary", "tertiary"})
"""Those drawn in a large city, where the others would only be a grey veil."""

GREEN = MappingProxyType(
    {
        "leisure": frozenset({"park", "garden", "pitch", "playground", "nature_reserve"}),
        "landuse": frozenset({"grass", "forest", "meadow", "cemetery", "recreation_ground"}),
        "natural": frozenset({"scrub", "wood", "heath", "wetland"}),
    }
)
"""Tags of what is drawn as greenery."""

WATER = MappingProxyType(
    {
        "natural": frozenset({"water", "bay"}),
        "landuse": frozenset({"basin", "pond", "reservoir"}),
        "waterway": frozenset({"riverbank", "dock"}),
    }
)
"""Tags of what is drawn as water."""

THROUGH_ROADS = frozenset(
    {"motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary"}
)
"""Those that "main road" means in a question: roads between towns and districts, which
OpenStreetMap's wiki ("Key:highway") tells from `tertiary`, within a district."""

LARGE_CITY_M2 = 25e6
"""Above this area neither buildings nor side streets are drawn."""
FLAT = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")
_STEP_M = 2.0
"""Corners closer than this to a straight line go: less than a pixel at city scale."""
_SMALLEST_M2 = 100.0


@in_own_process
def read_osm_base_map(
    path: str | Path, boundary: shapely.Geometry, *, limits: Limits = DEFAULT_LIMITS
) -> gpd.GeoDataFrame:
    """Read a city's backdrop from an OpenStreetMap extract.

    Args:
        path: A local `.osm.pbf` file.
        boundary: Where to cut, WGS84.
        limits: Upper bound on the file's size.

    Returns:
        Columns `kind` (`water`, `green`, `road` or `building`), `name`, `other_names` (those in
        other languages, `aether_core.language.names`), `main` (of a road: whether it is one of
        `THROUGH_ROADS`; None of others) and `geometry` in WGS84; empty when the extract holds
        nothing of the kind. The open sea is not in it: OpenStreetMap draws only its
        coast.

    Raises:
        InputError: It is no OSM pbf file.
    """
    large = is_large(boundary)
    features = _features(path, boundary, large=large, limits=limits)
    if features.empty:
        return drawn_inside(features, boundary)
    flat = features[features.geom_type.isin(FLAT)]
    roads = MAIN_ROADS if large else ROADS
    parts = [
        _of_kind(flat[_tagged(flat, WATER)], "water"),
        _of_kind(flat[_tagged(flat, GREEN)], "green"),
        _roads(features[_tagged(features, {"highway": roads})]),
        _of_kind(flat[tag_text(flat, "building") != ""], "building"),
    ]
    found = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=features.crs)
    return drawn_inside(found, boundary)


def nothing_drawn() -> gpd.GeoDataFrame:
    """A backdrop of nothing."""
    columns: dict[str, list[str]] = {name: [] for name in ("kind", "name", OTHER_NAMES, "main")}
    return gpd.GeoDataFrame(columns, geometry=[], crs="EPSG:4326")


def is_large(boundary: shapely.Geometry) -> bool:
    """Whether a city, WGS84, is so large that neither buildings nor side streets are drawn."""
    return bool(abs(Geod(ellps="WGS84").geometry_area_perimeter(boundary)[0]) > LARGE_CITY_M2)


def drawn_inside(found: gpd.GeoDataFrame, boundary: shapely.Geometry) -> gpd.GeoDataFrame:
    """Cut a backdrop to its city, and leave out what is too small to be seen.

    Args:
        found: Columns `kind`, `name`, `other_names`, `main` and `geometry`; any CRS. Roads
            that are no lines, and others that are no areas, go.
        boundary: Where to cut, WGS84.

    Returns:
        The backdrop as `read_osm_base_map` gives it.
    """
    if found.empty:
        return nothing_drawn()
    metric = found.to_crs(working_crs(boundary))
    metric = metric.set_geometry(metric.geometry.make_valid())
    metric = metric[_fitting(metric)]
    drawn = metric.set_geometry(metric.geometry.simplify(_STEP_M))
    outline = gpd.GeoSeries([boundary], crs="EPSG:4326").to_crs(metric.crs).iloc[0]
    drawn = drawn.clip(outline)
    lasting = _fitting(drawn) & ((drawn["kind"] == "road") | (drawn.area >= _SMALLEST_M2))
    return drawn[lasting].sort_index().reset_index(drop=True).to_crs("EPSG:4326")


def _fitting(found: gpd.GeoDataFrame) -> "pd.Series[bool]":
    """Whether a road is a line, and anything else an area."""
    is_road = found["kind"] == "road"
    return (is_road & found.geom_type.isin(LINES)) | (~is_road & found.geom_type.isin(FLAT))


def _features(
    path: str | Path, boundary: shapely.Geometry, *, large: bool, limits: Limits
) -> gpd.GeoDataFrame:
    """Read what may be drawn; buildings only where there is room for them."""
    wanted: dict[str, Sequence[str] | bool] = {"highway": sorted(MAIN_ROADS if large else ROADS)}
    for key in (*GREEN, *WATER):
        wanted[key] = sorted(GREEN.get(key, frozenset()) | WATER.get(key, frozenset()))
    if not large:
        wanted["building"] = True
    return read_osm_features(path, wanted, boundary, columns=[*wanted, "name"], limits=limits)


def _tagged(features: gpd.GeoDataFrame, tags: Mapping[str, frozenset[str]]) -> "pd.Series[bool]":
    """Whether a feature carries one of the tags, given as key to values."""
    chosen = pd.Series(data=False, index=features.index)
    for key, values in tags.items():
        chosen |= tag_text(features, key).isin(values)
    return chosen


def _of_kind(features: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "kind": kind,
            "name": tag_text(features, "name").to_numpy(),
            OTHER_NAMES: names_of(features),
            "main": None,
        },
        geometry=features.geometry.to_numpy(),
        crs=features.crs,
    )


def _roads(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return _of_kind(lines, "road").assign(
        main=_tagged(lines, {"highway": THROUGH_ROADS}).to_numpy(dtype=object)
    )
