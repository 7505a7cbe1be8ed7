"""Points on the WGS 84 ellipsoid as earth-centred metres, for distances of a few hundred metres."""

import numpy as np
import numpy.typing as npt

# WGS 84 ellipsoid (EPSG:7030).
_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_SQUARED = 0.006_694_379_990_141


def earth_centred(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return earth-centred coordinates `[n, 3]` in metres of points `[n, 2]` in degrees, WGS84.

    Over 10 m the straight line between them is the distance on the ground to a nanometre, in
    every zone and across the antimeridian.
    """
    lon, lat = np.radians(lonlat).T
    normal = _SEMI_MAJOR_M / np.sqrt(1 - _ECCENTRICITY_SQUARED * np.sin(lat) ** 2)
    return np.column_stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - _ECCENTRICITY_SQUARED) * np.sin(lat),
        ]
    )
