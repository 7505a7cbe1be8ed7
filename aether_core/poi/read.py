"""POIs from any file a user may bring."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from aether_core.poi.columns import PoiColumns
from aether_core.poi.fields import PoiFields, poi_columns, with_columns_found, with_named
from aether_core.poi.foursquare import foursquare_columns
from aether_core.poi.frame import poi_frame
from aether_core.poi.osm.extract import PBF_SUFFIXES, read_osm_pois
from aether_core.poi.overture.file import overture_columns
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
        frame: The text columns of the POI table (`POI_COLUMNS`, "" when missing) and `geometry`
            (WGS84 points; areas and lines become a point on them; None when
            missing), in the file's order.
        report: How the file was read.
        source: What it was recognised as, such as `Overture places`; None for others.
    """

    frame: gpd.GeoDataFrame
    report: ReadingReport
    source: str | None = None


@in_own_process
def read_pois(
    path: str | Path,
    *,
    fields: PoiFields = _DEFAULT_FIELDS,
    options: ReadOptions = NO_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> PoiFile:
    """Read POIs from a vector file or an OpenStreetMap extract.

    Overture's and Foursquare's places are recognised by their columns, and those closed for good
    are left out and counted. OSM tags, in columns (`amenity`, `SHOP`) or all in one, are understood
    through the taxonomy.

    Args:
        path: A local file: a vector file, or an extract ending in `.osm.pbf`.
        fields: Columns of name, category and group; what is not given is detected.
        options: What the user says about the file.
        limits: Upper bounds on the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, a column is not there (names those that are), or
            several may be meant.
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
    found = _columns(read.frame.drop(columns="geometry"), fields, Path(path).name)
    frame = poi_frame(found.texts, read.frame.geometry.to_numpy())
    reasons = np.array(found.reasons, dtype=object)
    kept = frame[reasons == ""].reset_index(drop=True)
    left_out = Counter(str(reason) for reason in reasons if reason)
    report = read.report.used_for(found.columns).counted(left_out, len(kept)).noted(*found.notes)
    if found.source is not None:
        report = replace(report, format=f"{report.format}, {found.source}")
    return PoiFile(kept, report, found.source)


def _columns(attributes: pd.DataFrame, fields: PoiFields, label: str) -> PoiColumns:
    """Read a published format as what it is, and any other file by its headings."""
    fields = with_columns_found(attributes, fields, label)
    known = overture_columns(attributes, fields.min_confidence) or foursquare_columns(attributes)
    if known is None:
        return poi_columns(attributes, fields, label)
    return with_named(known, attributes, fields)
