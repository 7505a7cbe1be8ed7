"""POIs from OpenStreetMap extracts (`.osm.pbf`), read by pyrosm."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from aether_core.errors import InputError
from aether_core.files.pyrosm_results import keep_results_private
from aether_core.files.source import local_file
from aether_core.language import OTHER_NAMES
from aether_core.poi.frame import plain_text, poi_frame
from aether_core.poi.osm.tags import names_among
from aether_core.poi.osm.taxonomy import KEPT_VALUES, KEY_GROUPS, describe_tags
from aether_core.poi.poi_source import OUTSIDE, NoPlacesError, PoiSource, cut_to
from aether_core.reading import in_own_process
from aether_core.spatial.longitudes import Bounds, boxes_of, extent_of
from aether_core.vector import DEFAULT_LIMITS, Limits

PBF_SUFFIXES = frozenset({".pbf"})
SOURCE = "OpenStreetMap"
LICENCE = "ODbL-1.0"
_AROUND = 0.02  # degrees
ATTRIBUTION = "© OpenStreetMap contributors, Open Database License (ODbL)"


@in_own_process
def read_osm_pois(
    path: str | Path,
    *,
    boxes: Sequence[Bounds] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> gpd.GeoDataFrame:
    """Read the places of an OpenStreetMap extract.

    Args:
        path: A local `.osm.pbf` file.
        boxes: West, south, east, north in degrees; only places in one of them are read. For
            extracts far larger than the city; two where that lies across the 180th meridian.
        limits: Upper bound on the file's size.

    Returns:
        The POI table (`aether_core.poi.frame`): nodes, ways and relations with a key in
        `KEY_GROUPS`, categories and groups in words, `source_id` such as `node/123`.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file, or holds no places.
    """
    # Imported here: pyrosm takes longer to import than most commands to run.
    from pyrosm import OSM

    keep_results_private()
    file = local_file(path, suffixes=PBF_SUFFIXES)
    limits.check_bytes(file.stat().st_size, file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about tags and empty layers, not about the file
            asked: Sequence[Bounds | None] = boxes or [None]
            found = [
                OSM(str(file), bounding_box=None if box is None else list(box)).get_pois(
                    custom_filter=_wanted()
                )
                for box in asked
            ]
    # What a damaged file makes pyrosm, protobuf and zlib stumble over has no common root.
    except Exception as error:
        raise InputError(
            f"{file.name} cannot be read as an OpenStreetMap extract",
            str(error).split(". ", maxsplit=1)[0],
            "download the .osm.pbf again",
            code="osm-extract-unreadable",
        ) from error
    read = [_as_pois(places) for places in found if places is not None and not places.empty]
    if not read:
        raise InputError(
            "the extract has no places",
            file.name,
            "choose an extract that covers the city",
            code="osm-extract-without-places",
        )
    # A relation with members in both boxes comes twice.
    return pd.concat(read, ignore_index=True).drop_duplicates("source_id", ignore_index=True)


@in_own_process
def osm_file_places(path: str | Path, boundary: shapely.Geometry) -> PoiSource:
    """Read the places of an OpenStreetMap extract that lie in a boundary.

    Args:
        path: A local `.osm.pbf` file.
        boundary: The city, WGS84.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file, or holds no places at all.
        NoPlacesError: It holds none in the boundary.
    """
    # With some ground around it: a park cut at the edge would stand elsewhere.
    west, south, east, north = extent_of(boundary)
    boxes = boxes_of((west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND))
    frame, outside = cut_to(read_osm_pois(path, boxes=boxes), boundary)
    if frame.empty:
        raise NoPlacesError(
            "the extract has no places inside the boundary",
            Path(path).name,
            "choose an extract that covers the city",
        )
    return PoiSource(
        kind="osm",
        title="OpenStreetMap",
        version=f"extract {Path(path).name}",
        licences=(LICENCE,),
        attribution=ATTRIBUTION,
        url="",
        frame=frame,
        dropped={OUTSIDE: outside} if outside else {},
    )


def _wanted() -> dict[str, Any]:
    """Return pyrosm's filter: whole keys, or the values of a key that are places."""
    return {key: sorted(KEPT_VALUES[key]) if key in KEPT_VALUES else True for key in KEY_GROUPS}


def _as_pois(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn pyrosm's table into the POI table."""
    keys = list(KEY_GROUPS)
    rest = [json.loads(tags) if isinstance(tags, str) else {} for tags in _column(places, "tags")]
    rows = zip(*(_column(places, key) for key in keys), strict=True)
    described = [
        # A tag that pyrosm gives no column of its own is in its JSON of other tags.
        describe_tags(
            {k: plain_text(v) or str(other.get(k, "")) for k, v in zip(keys, row, strict=True)}
        )
        for other, row in zip(rest, rows, strict=True)
    ]
    ids = zip(_column(places, "osm_type"), _column(places, "id"), strict=True)
    return poi_frame(
        {
            "source": [SOURCE] * len(places),
            "source_id": [f"{kind}/{number}" for kind, number in ids],
            "name": [plain_text(name) for name in _column(places, "name")],
            "category": [category for category, _ in described],
            "group": [group for _, group in described],
            OTHER_NAMES: [names_among(tags) for tags in _column(places, "tags")],
        },
        places.geometry.to_numpy(),
    )


def _column(places: gpd.GeoDataFrame, name: str) -> list[Any]:
    """Return a column, or None for every row: pyrosm makes only the columns it meets."""
    return list(places[name]) if name in places.columns else [None] * len(places)
