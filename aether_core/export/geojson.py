"""GeoJSON by RFC 7946: WGS84, 7 decimals, exterior rings counterclockwise, foreign members."""

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from aether_core.export.values import described, json_values, property_names
from aether_core.spatial.longitudes import within_180

_DECIMALS = 7  # RFC 7946 section 11.2 speaks of 6; 7 is GDAL's and QGIS's, one centimetre
_CHUNK = 20_000
# RFC 7946 section 7.1: a FeatureCollection must not have the members of other GeoJSON types.
_RESERVED = frozenset(
    {"type", "features", "bbox", "crs", "coordinates", "geometries", "geometry", "properties"}
)


def write_geojson(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    """Write a layer as one FeatureCollection with the metadata as foreign members at the top.

    Polygons that cross the antimeridian are cut at it (section 3.1.9). Missing numbers are null,
    lists stay lists.

    Raises:
        ValueError: A metadata key is one that GeoJSON defines.
    """
    clash = _RESERVED & set(metadata)
    if clash:
        raise ValueError(f"GeoJSON gives these members another meaning: {sorted(clash)}")
    members = {"type": "FeatureCollection", **described(metadata)}
    head = json.dumps(members, ensure_ascii=False, allow_nan=False, default=str)
    file.write(f'{head[:-1]}, "features": [\n'.encode())
    separator = ""
    for text in _chunks(frame):
        file.write((separator + text).encode())
        separator = ",\n"
    file.write(b"\n]}\n")


def _chunks(frame: gpd.GeoDataFrame) -> Iterator[str]:
    """Yield the features as text, some thousand at a time so that memory stays bounded."""
    names = property_names(frame)
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    for start in range(0, len(frame), _CHUNK):
        part = frame.iloc[start : start + _CHUNK]
        rows = zip(*(json_values(part[name]) for name in names), strict=True)
        shapes = shapely.to_geojson(rfc7946_shapes(part.geometry.to_numpy()))
        yield ",\n".join(
            f'{{"type":"Feature","properties":{encode(dict(zip(names, row, strict=True)))},'
            f'"geometry":{shape or "null"}}}'
            for row, shape in zip(rows, shapes, strict=True)
        )


def rfc7946_shapes(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return geometries as RFC 7946 wants them: cut at ±180 degrees, rounded, rings in order."""
    ready = within_180(shapes).shapes
    ready = shapely.transform(ready, lambda lonlat: np.round(lonlat, _DECIMALS))
    oriented: npt.NDArray[np.object_] = shapely.orient_polygons(ready, exterior_cw=False)
    return oriented
