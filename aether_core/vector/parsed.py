"""What a format's reader hands on before coordinates are brought to WGS84."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from aether_core.vector.report import ReadingReport

ShapeArray = npt.NDArray[np.object_]
"""Shapely geometries; None where a row has none."""


@dataclass(frozen=True)
class Parsed:
    """Attributes and geometries of one file as it states them.

    Attributes:
        attributes: One row per feature, without the geometry.
        geometry: Shapely geometries in the file's own coordinates, None where missing.
        crs: What the file says about its CRS (anything pyproj understands), or None.
        report: What was decided on the way: format, layer, encoding, delimiter, notes.
        wgs84_by_rule: The format itself says WGS84 where the file says nothing: GeoJSON, and
            tables whose columns are called longitude and latitude.
    """

    attributes: pd.DataFrame
    geometry: ShapeArray
    crs: object
    wgs84_by_rule: bool
    report: ReadingReport
