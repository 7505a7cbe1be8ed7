"""Tagged ways and areas of an OpenStreetMap extract (`.osm.pbf`), read by pyrosm."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from aether_core.errors import InputError
from aether_core.files.pyrosm_results import keep_results_private
from aether_core.files.source import local_file
from aether_core.poi.osm.extract import PBF_SUFFIXES
from aether_core.poi.osm.tags import names_among
from aether_core.spatial.longitudes import boxes_of, extent_of
from aether_core.vector import DEFAULT_LIMITS, WGS84, Limits


def read_osm_features(
    path: str | Path,
    wanted: Mapping[str, Sequence[str] | bool],
    boundary: shapely.Geometry | None,
    *,
    columns: Sequence[str],
    limits: Limits = DEFAULT_LIMITS,
) -> gpd.GeoDataFrame:
    """Read the ways and relations of an extract that carry one of some tags.

    Args:
        path: A local `.osm.pbf` file.
        wanted: Values by key; True takes every value.
        boundary: Only features that meet its bounding box are read, WGS84; all when None.
        columns: Tags to return as columns; read them with `tag_text`. Names in other languages come
            by themselves; read them with `names_of`.
        limits: Upper bound on the file's size.

    Returns:
        One row a feature with a geometry, WGS84; none when the extract holds nothing of the kind.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file.
    """
    from pyrosm import OSM

    keep_results_private()
    file = local_file(path, suffixes=PBF_SUFFIXES)
    limits.check_bytes(file.stat().st_size, file)
    custom_filter: dict[str, Any] = {
        key: values if isinstance(values, bool) else sorted(values)
        for key, values in wanted.items()
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about tags and empty layers, not about the file
            boxes = [None] if boundary is None else boxes_of(extent_of(boundary))
            read = [
                OSM(
                    str(file), bounding_box=None if box is None else list(box)
                ).get_data_by_custom_criteria(
                    custom_filter=custom_filter, tags_as_columns=list(columns), keep_nodes=False
                )
                for box in boxes
            ]
    # What a damaged file makes pyrosm, protobuf and zlib stumble over has no common root.
    except Exception as error:
        raise InputError(
            f"{file.name} cannot be read as an OpenStreetMap extract",
            str(error).split(". ", maxsplit=1)[0],
            "download the .osm.pbf again",
            code="osm-extract-unreadable",
        ) from error
    some = [one for one in read if one is not None]
    if not some:
        return gpd.GeoDataFrame({"id": []}, geometry=[], crs=WGS84)
    found = pd.concat(some, ignore_index=True)
    there = ~(found.geometry.is_empty | found.geometry.isna())
    return gpd.GeoDataFrame(found[there], geometry="geometry", crs=WGS84)


def tag_text(features: gpd.GeoDataFrame, key: str) -> "pd.Series[str]":
    """A tag's column as text; pyrosm makes only the columns it meets."""
    if key not in features.columns:
        return pd.Series("", index=features.index, dtype=str)
    return features[key].fillna("").astype(str)


def names_of(features: gpd.GeoDataFrame) -> list[str]:
    """What features are called in other languages, as the column `other_names` keeps it."""
    if "tags" not in features.columns:
        return [""] * len(features)
    return [names_among(tags) for tags in features["tags"]]
