"""Places taken from a public source, with what must be said about it."""

from dataclasses import dataclass

import geopandas as gpd
import shapely

from aether_core.errors import InputError

OUTSIDE = "outside the boundary"


class NoPlacesError(InputError):
    """A source has no place in the boundary; another one may."""

    code = "no-places"


@dataclass(frozen=True)
class PoiSource:
    """Places of one public source inside a boundary.

    Attributes:
        kind: `overture` or `osm`.
        title: What the source is called.
        version: Its release, or the time its data are from; "" when it does not say.
        licences: Licences of the places that are in `frame`, the most frequent first.
        attribution: The credit they ask for.
        url: Where they were taken from; "" for a file.
        frame: The places (`aether_core.poi.frame`).
        dropped: How many others were left out, by reason.
        sureness: What was asked of how sure a place is, in words; "" where the source says nothing.
    """

    kind: str
    title: str
    version: str
    licences: tuple[str, ...]
    attribution: str
    url: str
    frame: gpd.GeoDataFrame
    dropped: dict[str, int]
    sureness: str = ""


def cut_to(frame: gpd.GeoDataFrame, boundary: shapely.Geometry) -> tuple[gpd.GeoDataFrame, int]:
    """Return the places inside a boundary, its edge counts as inside, and how many are not.

    Args:
        frame: A POI table; a place without a point counts as outside.
        boundary: WGS84.
    """
    shapely.prepare(boundary)
    inside = shapely.intersects_xy(boundary, frame.geometry.x, frame.geometry.y)
    return frame[inside].reset_index(drop=True), int((~inside).sum())
