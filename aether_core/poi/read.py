"""POIs from any file a user may bring."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from aether_core.poi.fields import PoiFields, poi_columns
from aether_core.poi.frame import poi_frame
from aether_core.poi.osm.extract import PBF_SUFFIXES, read_osm_pois
from aether_core.reading import in_own_process
from aether_core.vector import (
    DEFAULT_LIMITS,
    NO_OPTIONS,
    WGS84,
    Limits,
    ReadingReport,
    ReadOptions,
    read_vector,
)
from aether_core.vector.report import CRS_BY_RULE

_DEFAULT_FIELDS = PoiFields()


@dataclass(frozen=True)
class PoiFile:
    """Places of a file.

    Attributes:
        frame: Columns `source`, `source_id`, `name`, `category`, `group` (text, "" when missing)
            and `geometry` (WGS84 points; areas and lines become a point on them; None when
            missing), in the file's order.
        report: How the file was read.
    """

    frame: gpd.GeoDataFrame
    report: ReadingReport


@in_own_process
def read_pois(
    path: str | Path,
    *,
    fields: PoiFields = _DEFAULT_FIELDS,
    options: ReadOptions = NO_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> PoiFile:
    """Read POIs from a vector file or an OpenStreetMap extract.

    Args:
        path: A local file: a vector file, or an extract ending in `.osm.pbf`.
        fields: Columns of name, category and group; what is not given is detected. OSM tag columns
            (`amenity`, `shop`, ...) are understood through the taxonomy.
        options: What the user says about the file.
        limits: Upper bounds on the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, or a column is not there (names those that are).
    """
    if Path(path).suffix.lower() in PBF_SUFFIXES:
        frame = read_osm_pois(path, limits=limits)
        report = ReadingReport(
            Path(path).name,
            "OpenStreetMap extract",
            crs=WGS84,
            crs_from=CRS_BY_RULE,
            rows=len(frame),
            used=len(frame),
        )
        return PoiFile(frame, report)
    read = read_vector(path, options, typed=False, limits=limits)
    found = poi_columns(read.frame.drop(columns="geometry"), fields, Path(path).name)
    frame = poi_frame(found.texts, read.frame.geometry.to_numpy())
    return PoiFile(frame, read.report.used_for(found.columns))
