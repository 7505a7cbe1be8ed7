"""CSV for spreadsheets: a row a cell or area, a point in it, its values, the attribution."""

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
    key_name,
    property_names,
)
from aether_core.vector.spreadsheet_text import APOSTROPHE_NOTE, without_formula

_DECIMALS = 7


def write_csv(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    """Write a layer as UTF-8 CSV: `cell` or `area`, `lon`, `lat`, the properties, `attribution`.

    It begins with a byte order mark, without which Excel takes the letters for another encoding.

    The point of a cell is its centre; any other shape takes a point inside it.

    A table has no place for metadata, so the attribution stands in every row, and so does a `note`
    when the embedding was simulated, or when a text got an apostrophe in front because a
    spreadsheet would have run it as a formula.
    """
    table = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    key = key_name(frame)
    if key is not None:
        table[key] = frame[key].to_numpy()
    if key == "cell":
        lonlat = np.array([h3.cell_to_latlng(cell) for cell in frame["cell"]])[:, ::-1]
    else:
        lonlat = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy()))
    table["lon"], table["lat"] = np.round(lonlat, _DECIMALS).T
    flat = flattened(frame)
    for name in property_names(frame):
        if name not in table.columns:
            table[name] = pd.Series(json_values(flat[name]), dtype=object)
    table["attribution"] = attribution_text(metadata)
    table, changed = _harmless(table)
    notes = [SIMULATED] * bool(metadata.get("simulated")) + [APOSTROPHE_NOTE] * changed
    if notes:
        table["note"] = "; ".join(notes)
    file.write(table.to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))


def _harmless(table: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Return a table in which no text or heading runs as a formula, and whether one would have."""
    columns = {}
    changed = False
    for name in table.columns:
        cells = table[name].tolist()
        safe = [without_formula(cell) for cell in cells]
        heading = str(without_formula(name))
        altered = any(old is not new for old, new in zip(cells, safe, strict=True))
        columns[heading] = pd.Series(safe, dtype=object) if altered else table[name]
        changed = changed or altered or heading != name
    return pd.DataFrame(columns, index=table.index), changed
