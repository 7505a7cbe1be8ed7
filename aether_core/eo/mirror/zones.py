"""Which part of an area each UTM zone of the mirror serves.

The mirror keeps each place in the zone whose six degrees it lies in; there are no exceptions for
Norway or Svalbard in its grid. A zone's part reaches over the zone's edge by the halo, so that
windows around the places at the edge are whole in both zones.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from aether_core.eo.raster.rectangle import Box
from aether_core.errors import InputError
from aether_core.spatial.longitudes import extent_of

HALO_M = 500.0
"""Default reach of windows beyond the boundary: more than twice the widest published one."""
SOUTHERN_FALSE_NORTHING = 10_000_000

_WEST_OF_ZONES, _ZONE_DEGREES, _ZONES = -180, 6, 60
_SOUTHMOST, _NORTHMOST = -80, 84
_STEP_DEGREES = 0.02
_TOLERANCE_M, _COAST_TOLERANCE_M = 5.0, 25.0
_COAST_CORNERS = 5_000  # widening more takes seconds


@dataclass(frozen=True)
class ZonePart:
    """What one zone serves of an area.

    Args:
        zone: Number and hemisphere, e.g. "34N".
        outline: The area and its halo in the zone's metres.
    """

    zone: str
    outline: BaseGeometry

    @property
    def epsg(self) -> int:
        """Code of the zone's CRS."""
        return zone_epsg(self.zone)


def zone_epsg(zone: str) -> int:
    """Return the EPSG code of a zone such as "34N"."""
    return (32600 if zone[-1] == "N" else 32700) + int(zone[:-1])


def zone_parts(boundary: BaseGeometry, halo_m: float = HALO_M) -> tuple[ZonePart, ...]:
    """Cut an area by zone and widen each part.

    Args:
        boundary: WGS84, cut at the 180th meridian where it lies across it.
        halo_m: How far windows reach, in metres.

    Returns:
        From west to east, the north first. Outlines are true to 10 m, those of many
        corners to 50 m, and never too small.

    Raises:
        InputError: The area is empty, or nothing of it lies between 80 degrees south and 84 north.
    """
    if boundary.is_empty:
        raise InputError(
            "the area is empty", boundary.geom_type, "give a polygon", code="boundary-empty"
        )
    west, south, east, north = extent_of(boundary)
    first, last = (int((lon - _WEST_OF_ZONES) // _ZONE_DEGREES) for lon in (west, east))
    parts = []
    for number in dict.fromkeys(zone % _ZONES for zone in range(first, last + 1)):
        strip = _WEST_OF_ZONES + _ZONE_DEGREES * number
        for half, low, high in (("N", 0, _NORTHMOST), ("S", _SOUTHMOST, 0)):
            piece = boundary.intersection(shapely.box(strip, low, strip + _ZONE_DEGREES, high))
            if piece.area > 0:
                zone = f"{number + 1}{half}"
                parts.append(ZonePart(zone, widened(piece, zone, halo_m)))
    if not parts:
        raise InputError(
            "there is no embedding this close to a pole",
            f"latitude {south:.1f} to {north:.1f}",
            f"choose an area between {-_SOUTHMOST} degrees south and {_NORTHMOST} north",
            code="area-near-pole",
        )
    return tuple(parts)


def squares_touched(outline: BaseGeometry, west: float, north: float, side: float) -> list[Box]:
    """Return which squares of a lattice an outline touches, each as a box of one square.

    Args:
        outline: In the lattice's coordinates.
        west: A western edge of the lattice.
        north: A northern edge.
        side: Of a square, in the same units.

    Returns:
        Rows are counted southwards and columns eastwards from the corner given; both may be
        negative. Row by row.
    """
    left, bottom, right, top = outline.bounds
    columns = np.arange(np.floor((left - west) / side), np.floor((right - west) / side) + 1)
    rows = np.arange(np.floor((north - top) / side), np.floor((north - bottom) / side) + 1)
    row, column = (part.ravel().astype(int) for part in np.meshgrid(rows, columns, indexing="ij"))
    x, y = west + column * side, north - row * side
    shapely.prepare(outline)
    touched = shapely.intersects(outline, shapely.box(x, y - side, x + side, y))
    return [
        Box(int(down), int(down) + 1, int(across), int(across) + 1)
        for down, across in zip(row[touched], column[touched], strict=True)
    ]


def widened(piece: BaseGeometry, zone: str, halo_m: float) -> BaseGeometry:
    """Project a part of an area into a zone's metres, and widen it by the halo.

    Args:
        piece: WGS84.
        zone: E.g. "34N".
        halo_m: In metres.

    Returns:
        True to 10 m, with many corners to 50 m, and never too small.
    """
    to_zone = Transformer.from_crs("EPSG:4326", f"EPSG:{zone_epsg(zone)}", always_xy=True)
    bent = shapely.segmentize(piece, _STEP_DEGREES)  # straight in degrees is bent in metres
    projected = shapely.transform(bent, to_zone.transform, interleaved=False)
    many = shapely.get_num_coordinates(projected) > _COAST_CORNERS
    tolerance = _COAST_TOLERANCE_M if many else _TOLERANCE_M
    simple = shapely.simplify(projected, tolerance, preserve_topology=True)
    return shapely.buffer(simple, halo_m + tolerance)
