"""Where a city's centre is, told by its own places: no two people draw it alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from aether_core.spatial.plane import Plane

_NEIGHBOURHOOD_M = 300.0
_SHARE = 0.25


@dataclass(frozen=True)
class Centre:
    """The middle of a city.

    Attributes:
        lon: Longitude, WGS84.
        lat: Latitude.
        radius_m: Metres around it within which a quarter of the city's places lie.
    """

    lon: float
    lat: float
    radius_m: float


def centre_of(lonlat: NDArray[np.float64]) -> Centre:
    """The place with most places within 300 m, and how far the quarter nearest to it reaches.

    Args:
        lonlat: The city's places, WGS84, float64 `[n, 2]`, at least one.
    """
    points = Plane(lonlat).points(lonlat)
    tree = cKDTree(points)
    around = tree.query_ball_point(points, _NEIGHBOURHOOD_M, return_length=True)
    densest = int(np.argmax(around))
    metres = np.linalg.norm(points - points[densest], axis=1)
    radius = max(float(np.quantile(metres, _SHARE)), 100.0)
    return Centre(float(lonlat[densest, 0]), float(lonlat[densest, 1]), float(round(radius, -1)))
