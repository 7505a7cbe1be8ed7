"""CSV for spreadsheets: a row per cell, its H3 index, its centre, its values, the attribution."""

from collections.abc import Mapping
from typing import BinaryIO

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import shapely

from aether_core.export.values import (
    SIMULATED,
    attribution_text,
    flattened,
    json_values,
    property_names,
)

_DECIMALS = 7


def write_csv(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    """Write a layer as UTF-8 CSV: `cell`, `lon`, `lat`, the properties, `attribution`.

    A table has no place for metadata, so the attribution stands in every row, and so does a `note`
    when the embedding was simulated. A layer without cells gets a point inside each shape.
    """
    table = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    if "cell" in frame.columns:
        table["cell"] = frame["cell"].to_numpy()
        lonlat = np.array([h3.cell_to_latlng(cell) for cell in frame["cell"]])[:, ::-1]
    else:
        lonlat = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy()))
    table["lon"], table["lat"] = np.round(lonlat, _DECIMALS).T
    flat = flattened(frame)
    for name in property_names(frame):
        if name not in table.columns:
            table[name] = pd.Series(json_values(flat[name]), dtype=object)
    table["attribution"] = attribution_text(metadata)
    if metadata.get("simulated"):
        table["note"] = SIMULATED
    file.write(table.to_csv(index=False, lineterminator="\n").encode())
