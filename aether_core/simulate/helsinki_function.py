"""What people use each part of the city for: densities of places by function."""

from collections.abc import Mapping
from types import MappingProxyType

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from aether_core.simulate.grid import Grid, Mirror

_ANY = frozenset[str]()

FUNCTIONS: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "nightlife": {
            "amenity": frozenset({"bar", "pub", "nightclub", "nightclub;restaurant", "casino"}),
            "leisure": frozenset({"dance"}),
        },
        "food": {"amenity": frozenset({"restaurant", "cafe", "fast_food", "food_court"})},
        "shops": {"shop": _ANY},
        "care": {
            "shop": frozenset({"hairdresser", "beauty", "massage", "optician", "tattoo"}),
            "amenity": frozenset({"pharmacy", "dentist", "doctors", "clinic", "hospital"}),
            "healthcare": _ANY,
        },
        "offices": {"office": _ANY},
        "finance and state": {
            "amenity": frozenset(
                {"bank", "atm", "bureau_de_change", "embassy", "townhall", "courthouse"}
            ),
            "office": frozenset({"government", "financial", "central_bank", "administrative"}),
        },
        "culture": {
            "amenity": frozenset({"theatre", "cinema", "library", "arts_centre"}),
            "tourism": frozenset({"museum", "gallery", "attraction", "artwork"}),
            "historic": _ANY,
        },
        "education": {
            "amenity": frozenset({"university", "school", "college", "kindergarten"}),
            "building": frozenset({"university", "school"}),
        },
        "worship": {
            "amenity": frozenset({"place_of_worship"}),
            "building": frozenset({"church", "chapel", "cathedral"}),
        },
        "transport": {
            "railway": frozenset({"station", "tram_stop", "subway_entrance"}),
            "highway": frozenset({"bus_stop"}),
            "amenity": frozenset({"taxi", "bus_station", "ferry_terminal", "parking"}),
        },
        "hotels": {"tourism": frozenset({"hotel", "hostel"})},
        "housing": {"building": frozenset({"apartments", "residential"})},
    }
)
"""Function to the tags that serve it; an empty set means any value of the key."""


def function_densities(
    features: gpd.GeoDataFrame, grid: Grid, mirror: Mirror, *, bandwidth_m: float
) -> NDArray[np.float64]:
    """How much of each function is around every pixel.

    Args:
        features: From `osm_extract.read_features`, same CRS as the grid; areas count at their
            representative point.
        grid: The embedding grid.
        mirror: How the city goes on beyond what is known, on the same grid.
        bandwidth_m: Standard deviation of the Gaussian kernel.

    Returns:
        float64 `[height, width, len(FUNCTIONS)]`, in places per kernel area: a lone place adds 1
        where it stands.
    """
    points = features.geometry.representative_point()
    row, column = grid.index_of(points.x.to_numpy(), points.y.to_numpy())
    on_grid = (row >= 0) & (row < grid.height) & (column >= 0) & (column < grid.width)
    sigma = bandwidth_m / grid.pixel_m
    layers = []
    for tags in FUNCTIONS.values():
        chosen = serves(features, tags) & on_grid
        counts = np.zeros(grid.shape)
        np.add.at(counts, (row[chosen], column[chosen]), 1.0)
        density = gaussian_filter(counts[mirror], sigma, mode="nearest")
        layers.append(density * 2 * np.pi * sigma**2)
    return np.stack(layers, axis=-1)


def serves(features: gpd.GeoDataFrame, tags: Mapping[str, frozenset[str]]) -> NDArray[np.bool_]:
    """Which features carry one of the tags."""
    chosen = np.zeros(len(features), dtype=bool)
    for key, values in tags.items():
        tagged = features[key]
        chosen |= (tagged.isin(values) if values else tagged != "").to_numpy()
    return chosen
