"""The earth's size: how long a degree is, and points as metres from its centre."""

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the WGS 84 ellipsoid, for whatever takes the earth for a sphere."""

SEMI_MAJOR_M = 6_378_137.0
"""Half the equator's width, WGS 84 ellipsoid (EPSG:7030)."""

ECCENTRICITY_SQUARED = 6.694_379_990_141_316e-3
"""How flat the WGS 84 ellipsoid is: 1 - (polar radius / equatorial radius) squared."""


def metres_a_degree(lat: float) -> NDArray[np.float64]:
    """Return how long a degree of longitude and one of latitude are around a latitude.

    Longitudes and latitudes times these are metres on a plane, there within 0.6 % of the ground.
    Where lengths or areas must be truer, or a city is large, project them with `Plane`.

    Args:
        lat: WGS84 latitude in degrees.

    Returns:
        Metres, float64 `[2]`: east and north, on the sphere.
    """
    return np.asarray(np.radians(1) * EARTH_RADIUS_M * np.array([np.cos(np.radians(lat)), 1.0]))


def earth_centred(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return earth-centred coordinates `[n, 3]` in metres of points `[n, 2]` in degrees, WGS84.

    The straight line between two of them is the distance on the ground in every zone and across
    the antimeridian: to a nanometre over 10 m, a millimetre over 10 km, 4 m over 150 km.
    """
    lon, lat = np.radians(lonlat).T
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2)
    return np.column_stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - ECCENTRICITY_SQUARED) * np.sin(lat),
        ]
    )
