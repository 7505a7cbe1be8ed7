"""Kept maps as pictures for other programs: tiles in the colours of the page, and their legend."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from aether_core.export.classes import UNTRUSTED_COLOUR, UNTRUSTED_NAME
from aether_core.export.map_tiles import TiledAreas, TiledCells, TiledShapes, painted
from aether_core.spatial.web_grid import check_tile
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.layers.breaks import field_breaks
from workflows.layers.layers import layer_shapes, layer_values, show_layer
from workflows.layers.pictures import (
    chosen_field,
    field_colours,
    field_strengths,
    see_through,
    trusted_rows,
    unit_of,
)

_KEPT: Final = 16
"""Maps that a process keeps ready to be drawn: one of 250,000 cells takes 9 MB."""


@dataclass(frozen=True)
class Entry:
    """A colour of a legend.

    Attributes:
        colour: `#rrggbb`.
        opacity: How much of it is laid on, 0 to 1: low classes let the ground through.
        name: What it means.
        low: The lower limit of a class of numbers, which belongs to it.
        high: Its upper limit.
    """

    colour: str
    opacity: float
    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Legend:
    """What the colours of a map mean.

    Attributes:
        field: What is coloured.
        unit: What its values count.
        ordered: Whether the colours have an order of their own, lowest first, as of numbers.
        entries: The colours.
        untrusted: Of what is not to be trusted, whatever its value; None where all of it may be.
    """

    field: str
    unit: str
    ordered: bool
    entries: list[Entry]
    untrusted: Entry | None


@dataclass(frozen=True, eq=False)
class MapTiles:
    """A kept map, ready to be drawn.

    Attributes:
        legend: What its colours mean.
        shapes: Where its cells or areas lie.
        colours: Red, green, blue and opacity of each, and of nothing, uint8 `[n + 1, 4]`.
    """

    legend: Legend
    shapes: TiledShapes
    colours: NDArray[np.uint8]

    def picture(self, zoom: int, column: int, row: int) -> bytes:
        """One tile of the web's usual grid, a PNG with transparency.

        Raises:
            NotFoundError: There is no such tile.
        """
        check_tile(zoom, column, row)
        return painted(self.colours[self.shapes.rows(zoom, column, row)])


def map_tiles(store: Store, slug: str, layer: str, field: str | None = None) -> MapTiles:
    """A kept map's tiles, in the colours and classes it has now.

    Args:
        store: The store.
        slug: Short name of the city.
        layer: Short name of the map.
        field: What is coloured; what the map is about when None.

    Raises:
        NotFoundError: No such city or map.
        InputError: The map has no such field, or nothing of it can be drawn.
    """
    summary = show_layer(store, slug, layer)
    chosen = chosen_field(summary, field)
    return _drawn(store, slug, layer, chosen, summary.number, summary.changed)


@computed_once(_KEPT)
def _drawn(
    store: Store, slug: str, layer: str, field: str, _number: int, _changed: datetime
) -> MapTiles:
    summary = show_layer(store, slug, layer)
    read = layer_shapes if summary.has_shapes else layer_values
    frame = read(store, slug, layer)
    entries, which = field_colours(summary, frame, field)
    strength = field_strengths(summary, frame, field, on_ground=True)
    ordered = bool(is_numeric_dtype(frame[field].dtype))
    edges = field_breaks(summary, frame, field).edges if ordered else ()
    told = [
        Entry(colour, part, name, *edges[at : at + 2])
        for at, ((colour, name), part) in enumerate(zip(entries, strength, strict=True))
    ]
    grey = Entry(UNTRUSTED_COLOUR, 1.0, UNTRUSTED_NAME)
    trusted = trusted_rows(frame)
    doubted = trusted is not None and not trusted.all()
    if trusted is not None:
        which = np.where(trusted | (which < 0), which, len(told))
    palette = see_through(
        [one.colour for one in (*told, grey)], [one.opacity for one in (*told, grey)]
    )
    # The last colour is that of a -1, which no class and no shape has.
    palette = np.vstack([palette, np.zeros((1, 4), dtype=np.uint8)])
    return MapTiles(
        Legend(field, unit_of(summary, field), ordered, told, grey if doubted else None),
        TiledAreas(frame.geometry.to_numpy())
        if summary.has_shapes
        else TiledCells(np.array([int(cell, 16) for cell in frame["cell"]], dtype=np.uint64)),
        palette[np.append(which, -1)],
    )
