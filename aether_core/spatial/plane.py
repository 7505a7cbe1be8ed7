"""Metres and square metres around a place: an equal-area plane that touches the earth there."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

_FEW: Final = 10_000


class _Projector:
    """One thread that projects few points for all others.

    A transformer is made anew in each thread that uses it, which takes 8 ms, and a page has a
    thread for every run.
    """

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # a child has none of its parent's threads

    def _begin(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="project")

    def transform(
        self, transformer: Transformer, lonlat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates of WGS84 `[n, 2]`, as the transformer gives them."""
        found: tuple[NDArray[np.float64], NDArray[np.float64]] = self._thread.submit(
            transformer.transform, lonlat[:, 0], lonlat[:, 1]
        ).result()
        return found


_PROJECTOR: Final = _Projector()


class Plane:
    """Lambert's azimuthal equal-area projection of WGS84, centred on the points it is made for.

    Areas are true everywhere; lengths within 0.02 % of the ground 250 km from the centre. It has no
    zones and no border at the antimeridian, so that a city across either is measured as one.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`; at least one finite row.
    """

    def __init__(self, lonlat: NDArray[np.float64]) -> None:
        finite = np.radians(lonlat[np.isfinite(lonlat).all(axis=1)])
        lon, lat = finite[:, 0], finite[:, 1]
        east, north, up = (
            (np.cos(lat) * np.cos(lon)).mean(),
            (np.cos(lat) * np.sin(lon)).mean(),
            np.sin(lat).mean(),
        )
        self.lon = float(np.degrees(np.arctan2(north, east)))
        self.lat = float(np.degrees(np.arctan2(up, np.hypot(east, north))))
        self._project = Transformer.from_crs(
            "EPSG:4326",
            f"+proj=laea +lat_0={self.lat!r} +lon_0={self.lon!r} +datum=WGS84 +units=m",
            always_xy=True,
        )

    @classmethod
    def of_shapes(cls, geometry: NDArray[np.object_]) -> "Plane":
        """Return the plane around shapes in WGS84, at least one of them not empty."""
        return cls(shapely.get_coordinates(geometry))

    def points(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres east and north of the centre, float64 `[n, 2]`, of WGS84 `[n, 2]`."""
        if len(lonlat) > _FEW:
            x, y = self._project.transform(lonlat[:, 0], lonlat[:, 1])
        else:
            x, y = _PROJECTOR.transform(self._project, lonlat)
        return np.column_stack([np.asarray(x), np.asarray(y)])

    def shapes(self, geometry: NDArray[np.object_]) -> NDArray[Any]:
        """Return shapes of WGS84 in metres, object `[n]`; corners stay joined by straight lines."""
        projected: NDArray[Any] = shapely.transform(geometry, self.points)
        return projected

    def degrees(self, shapes: NDArray[np.object_]) -> NDArray[Any]:
        """Return shapes in metres as WGS84 again, object `[n]`; what `shapes` does, undone."""

        def back(points: NDArray[np.float64]) -> NDArray[np.float64]:
            lon, lat = self._project.transform(points[:, 0], points[:, 1], direction="INVERSE")
            return np.column_stack([np.asarray(lon), np.asarray(lat)])

        turned: NDArray[Any] = shapely.transform(shapes, back)
        return turned
