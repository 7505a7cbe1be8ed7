"""GeoPackage: one layer with its spatial index; metadata in the file's own metadata table."""

from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

import geopandas as gpd
import pyogrio

from aether_core.export.values import flattened, text_metadata

_DEFAULT_LAYER = "layer"


def write_geopackage(
    frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]
) -> None:
    """Write a layer as a GeoPackage; the layer is called as `metadata["layer"]` says.

    Lists become JSON text. The file is built in memory and written at once: GDAL does not report a
    disk that fills up while it closes a file.
    """
    layer = metadata.get("layer")
    whole = BytesIO()
    pyogrio.write_dataframe(
        flattened(frame).rename(columns=names_apart(frame)),
        whole,
        driver="GPKG",
        layer=layer if isinstance(layer, str) and layer else _DEFAULT_LAYER,
        dataset_metadata=text_metadata(metadata),
        # WGS84 polygons and the multipolygons of areas may stand in one layer.
        promote_to_multi=frame.geometry.geom_type.nunique() > 1,
    )
    file.write(whole.getbuffer())


def names_apart(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """What SQLite calls columns it would take for others: alike but for case, `fid` and `geom`."""
    taken = {"fid", "geom"}
    names: dict[str, str] = {}
    for column in frame.columns:
        if column == frame.geometry.name:
            continue
        name = str(column)
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[str(column)] = name
    return names
