"""What covers the ground of central Helsinki, drawn from OpenStreetMap."""

from collections.abc import Iterator
from enum import IntEnum

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely import union_all
from shapely.geometry.base import BaseGeometry

from aether_core.simulate.grid import Grid
from aether_core.simulate.helsinki_shore import sea

FINE = 4
"""Drawing pixels per embedding pixel along each side: 2.5 m where the embedding has 10 m."""


class Surface(IntEnum):
    """What a drawing pixel shows."""

    PAVED = 0
    COURTYARD = 1
    WATER = 2
    PARK = 3
    LAWN = 4
    GARDEN = 5
    PITCH = 6
    SQUARE = 7
    ROAD = 8
    RAIL = 9
    TREES = 10
    REEDS = 11
    ROCK = 12
    BUILDING = 13


_HALF_WIDTH_M = {
    "primary": 6.0,
    "primary_link": 4.0,
    "secondary": 6.0,
    "tertiary": 5.0,
    "tertiary_link": 4.0,
    "unclassified": 4.0,
    "residential": 4.0,
    "service": 2.0,
    "pedestrian": 3.0,
    "cycleway": 1.5,
    "footway": 1.0,
    "path": 0.8,
}
"""Half of a way's usual width by its `highway` value; ways not named here are not drawn."""

_TREE_CROWN_M = 3.5
_TRACK_M = 2.5


def surface_map(features: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.uint8]:
    """Draw the ground, later layers over earlier ones.

    Args:
        features: From `osm_extract.read_features`, same CRS as the grid.
        grid: The drawing grid.

    Returns:
        `Surface` values, uint8 `[height, width]`. Outside the extract only the sea is known, the
        rest is `PAVED`; `mirror_beyond` fills it.
    """
    ground = features[~features["layer"].str.startswith("-")]
    canvas = np.full(grid.shape, Surface.PAVED, dtype=np.uint8)
    for surface, shapes in _layers(ground, sea(features)):
        drawable = [shape for shape in shapes if not shape.is_empty]
        if drawable:
            rasterize(
                ((shape, int(surface)) for shape in drawable),
                out=canvas,
                transform=grid.transform,
            )
    return canvas


def fractions(canvas: NDArray[np.uint8], factor: int = FINE) -> NDArray[np.float32]:
    """Share of each surface in each embedding pixel.

    Args:
        canvas: `Surface` values on the drawing grid, `[height * factor, width * factor]`.
        factor: Drawing pixels per embedding pixel along a side.

    Returns:
        float32 `[height, width, len(Surface)]`, summing to 1.
    """
    height, width = canvas.shape[0] // factor, canvas.shape[1] // factor
    blocks = canvas.reshape(height, factor, width, factor)
    shares = [(blocks == surface).mean(axis=(1, 3), dtype=np.float32) for surface in Surface]
    return np.stack(shares, axis=-1)


def _layers(
    ground: gpd.GeoDataFrame, water: BaseGeometry
) -> Iterator[tuple[Surface, list[BaseGeometry]]]:
    """What to draw, bottom layer first."""
    areas = ground[ground.geom_type.isin(["Polygon", "MultiPolygon"])]
    lines = ground[ground.geom_type.isin(["LineString", "MultiLineString"])]
    trees = ground[(ground["natural"] == "tree") & (ground.geom_type == "Point")]

    def with_values(key: str, *values: str) -> list[BaseGeometry]:
        return list(areas.geometry[areas[key].isin(values)])

    yield Surface.WATER, [water, *with_values("natural", "water")]
    yield (
        Surface.COURTYARD,
        with_values("landuse", "residential", "commercial", "civil", "retail", "military"),
    )
    rails = lines.geometry[(lines["railway"] == "rail") & lines["tunnel"].isin(["", "no"])]
    tracks = union_all(list(rails.buffer(_TRACK_M)))
    # Tram beds in the street carry the same tag as the yards of the main station.
    yards = [yard for yard in with_values("landuse", "railway") if yard.intersects(tracks)]
    yield Surface.RAIL, [*yards, tracks]
    yield Surface.PARK, with_values("leisure", "park")
    yield Surface.GARDEN, with_values("leisure", "garden")
    yield Surface.LAWN, with_values("landuse", "grass")
    yield Surface.SQUARE, with_values("place", "square") + with_values("highway", "pedestrian")
    yield Surface.PITCH, with_values("leisure", "pitch", "playground")
    yield Surface.ROAD, _roads(lines)
    yield Surface.TREES, with_values("natural", "scrub", "wood", "heath")
    yield Surface.TREES, list(trees.geometry.buffer(_TREE_CROWN_M))
    yield Surface.TREES, list(lines.geometry[lines["natural"] == "tree_row"].buffer(_TREE_CROWN_M))
    yield Surface.WATER, with_values("natural", "water") + with_values("landuse", "basin", "pond")
    yield Surface.REEDS, with_values("natural", "wetland")
    yield Surface.ROCK, with_values("natural", "bare_rock", "scree", "shingle")
    built = areas[~areas["building"].isin(["", "ship"])]
    yield Surface.BUILDING, list(built.geometry)


def _roads(lines: gpd.GeoDataFrame) -> list[BaseGeometry]:
    on_top = lines[lines["highway"].isin(_HALF_WIDTH_M) & lines["tunnel"].isin(["", "no"])]
    return list(on_top.geometry.buffer(on_top["highway"].map(_HALF_WIDTH_M), cap_style="flat"))
