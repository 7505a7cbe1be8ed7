"""The one table of POIs every reader returns."""

import unicodedata
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from aether_core.language import OTHER_NAMES
from aether_core.vector import WGS84
from aether_core.vector.parsed import ShapeArray

POI_COLUMNS = ("source", "source_id", "name", "category", "group", OTHER_NAMES)


def poi_frame(columns: Mapping[str, Sequence[str]], geometry: ShapeArray) -> gpd.GeoDataFrame:
    """Make a POI table: the text columns of `POI_COLUMNS` ("" when missing) and a WGS84 point.

    `name` is the source's main name, which is all that texts for models are made of; `other_names`
    holds those in other languages (`aether_core.language.names`).

    Args:
        columns: Text by column name; a column that is left out is empty.
        geometry: Shapely geometries in WGS84. Lines and areas become a point on them; None and
            empty ones become None.
    """
    count = len(geometry)
    table = pd.DataFrame({name: list(columns.get(name, [""] * count)) for name in POI_COLUMNS})
    return gpd.GeoDataFrame(table.astype(object), geometry=_points(geometry), crs=WGS84)


def plain_text(value: object) -> str:
    """Return a cell as one line of text: "" when missing, no control characters, single spaces."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            return ""
        if float(value).is_integer():
            value = int(value)
    text = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in str(value)
    )
    return " ".join(text.split())


def _points(geometry: ShapeArray) -> ShapeArray:
    """Return a point for every geometry; None where there is none."""
    shapes = np.asarray(geometry, dtype=object).copy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes[missing] = None
    other = ~missing & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    shapes[other] = shapely.point_on_surface(shapely.make_valid(shapes[other]))
    return shapes
