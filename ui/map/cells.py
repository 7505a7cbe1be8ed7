"""Cells on a map: where they are is sent once a city, what colours them with each answer."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
import pydeck as pdk

from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.lattices import lattices, places
from ui.map import served
from ui.map.coloured import Shown

WORDS_LIMIT: Final = 20_000
"""Most cells that each tell words of their own; more tell their value."""
_SEAM: Final = 1.01
"""Cells are drawn this much larger, as those far from the middle have a slightly other shape."""


@dataclass(frozen=True)
class CellValues:
    """Cells and what a map colours them by.

    Attributes:
        h3: Cell ids, uint64 [m], all of one resolution.
        shown: What is coloured, one value a cell.
    """

    h3: npt.NDArray[np.uint64]
    shown: Shown


def layer(cells: CellValues, *, layer_id: str) -> pdk.Layer:
    """The layer of these cells."""
    place = {
        "places": served.once(
            sha256(cells.h3.tobytes()).digest(), lambda: _places(cells.h3), "bin"
        ),
        "lattices": _lattices(h3.get_resolution(int(cells.h3[0]))),
        "outline": _outline(int(cells.h3[len(cells.h3) // 2])),
    }
    return pdk.Layer("CellLayer", None, id=layer_id, cells=place, shown=spec(cells.shown))


def spec(shown: Shown) -> dict[str, Any]:
    """Colours and tooltips of shapes, in the order of the shapes.

    `classes` are positions in `palette`, 255 is not drawn.
    """
    classes = shown.indices
    tip: dict[str, Any] = {"label": shown.label, "note": shown.note, "suffix": shown.suffix}
    if shown.titles:
        tip["titles"] = served.of_json(list(shown.titles))
    else:
        tip["values"] = served.of_array(shown.values.astype("<f4"))
        tip["names"] = list(shown.names)
    if shown.notes:
        tip["notes"] = served.of_json(list(shown.notes))
    return {
        "classes": served.of_array(np.where(classes < 0, 255, classes).astype(np.uint8)),
        "palette": [list(colour) for colour in shown.palette],
        "tip": tip,
    }


def _lattices(resolution: int) -> str:
    """Where the lattices are found by which a browser knows the cell that a point lies in."""
    key = ("lattices", resolution)
    return served.once(key, lambda: served.written(lattices(resolution).tolist()), "json")


def _places(ids: npt.NDArray[np.uint64]) -> bytes:
    """Places of cells in H3's lattices, int32, each less the one before.

    Cells that follow each other lie near each other: packed, 250,000 take 20 KB, and 3 MB by
    longitude and latitude.
    """
    latlon = np.array([h3.cell_to_latlng(cell) for cell in ids.tolist()])
    found = places(latlon[:, ::-1], h3.get_resolution(int(ids[0])))
    return np.diff(found, axis=0, prepend=np.zeros((1, 2), np.int32)).astype("<i4").tobytes()


def _outline(cell: int) -> list[list[float]]:
    """Corners of a cell around its middle, in metres to the east and north."""
    lat, lon = h3.cell_to_latlng(cell)
    corners = np.array([(x, y) for y, x in h3.cell_to_boundary(cell)])
    away = (corners - (lon, lat) + 180) % 360 - 180
    outline: list[list[float]] = (away * metres_a_degree(lat) * _SEAM).round(3).tolist()
    return outline
