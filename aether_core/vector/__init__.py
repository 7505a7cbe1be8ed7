"""Vector files in, WGS84 GeoDataFrames out.

Every file passes an allow-list of endings and a look at its content before a parser sees it; sizes
are bounded; coordinates come out as longitude, latitude (EPSG:4326) in two dimensions.
"""

from aether_core.vector.coordinates import WGS84, looks_swapped, user_crs
from aether_core.vector.formats import UPLOAD_SUFFIXES, VECTOR_SUFFIXES
from aether_core.vector.limits import DEFAULT_LIMITS, Limits
from aether_core.vector.options import NO_OPTIONS, ReadOptions
from aether_core.vector.read import VectorFile, read_vector
from aether_core.vector.report import ReadingReport

__all__ = [
    "DEFAULT_LIMITS",
    "NO_OPTIONS",
    "UPLOAD_SUFFIXES",
    "VECTOR_SUFFIXES",
    "WGS84",
    "Limits",
    "ReadOptions",
    "ReadingReport",
    "VectorFile",
    "looks_swapped",
    "read_vector",
    "user_crs",
]
