"""A base map of two named streets and a park, around one crossing."""

import geopandas as gpd
import shapely

EAST = 0.00018
"""Degrees that are 10 m at this latitude."""

NAMED = gpd.GeoDataFrame(
    {
        "kind": ["road", "road", "road", "road", "green", "building"],
        "name": ["Long Road", "Long Road", "Side Lane", "", "A Park", "A House"],
    },
    geometry=[
        shapely.LineString([(24.94, 60.17), (24.94 + 50 * EAST, 60.17)]),
        shapely.LineString([(24.94 + 50 * EAST, 60.17), (24.94 + 90 * EAST, 60.17001)]),
        shapely.LineString([(24.945, 60.1705), (24.945, 60.1716)]),
        shapely.LineString([(24.94, 60.169), (24.95, 60.169)]),
        shapely.box(24.948, 60.171, 24.9492, 60.1715),
        shapely.box(24.94, 60.172, 24.9402, 60.1722),
    ],
    crs="EPSG:4326",
)
"""The long road runs east for 900 m, the lane north for 122 m."""
