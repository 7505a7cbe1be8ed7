"""Cells on a map: H3 cells by id and value, or a bitmap where there are many."""

import base64
import io
import math
from dataclasses import dataclass
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt
import pydeck as pdk
import shapely
import streamlit as st
from PIL import Image
from scipy import ndimage

from aether_core.spatial.longitudes import extent_of, running_on
from ui.map.coloured import Categories, Shown
from ui.map.ramp import Colour
from ui.map.ready_json import ReadyJson, compact
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.training.representation import cell_vectors, model_for

INLINE_LIMIT: Final = 20_000
PICK_LIMIT: Final = 6_000
_PIXELS_PER_EDGE: Final = 2.5
_LARGEST_SIDE: Final = 2400
_UNSEEN: Final = [0, 0, 0, 2]


@dataclass(frozen=True)
class CellValues:
    """Cells and what a map colours them by.

    Attributes:
        h3: Cell ids, uint64 [m], all of one resolution.
        shown: What is coloured, one value a cell.
        mean: Where cells are too many for a tooltip each, coarse ones tell their mean and not
            their best value.
    """

    h3: npt.NDArray[np.uint64]
    shown: Shown
    mean: bool = False


def layers(cells: CellValues, *, layer_id: str) -> list[pdk.Layer]:
    """Layers for these cells; the last one can be picked and is called `layer_id`."""
    if len(cells.h3) <= INLINE_LIMIT:
        return [_h3_layer(_ready(cells), layer_id, "c")]
    return [_bitmap(cells), _pick_targets(cells, layer_id)]


def _ready(cells: CellValues) -> ReadyJson:
    """The records of cells as JSON; written once where all that they tell is their value."""
    shown = cells.shown
    if shown.titles or shown.notes:
        return _records(cells)
    key = (cells.h3.tobytes(), shown.values.tobytes(), shown.indices.tobytes())
    return _known_records(*key, tuple(shown.palette), shown.label, shown.note, cells)


@st.cache_resource(max_entries=24, show_spinner=False)
def _known_records(
    h3: bytes,  # noqa: ARG001 - these tell equal records from others
    values: bytes,  # noqa: ARG001
    indices: bytes,  # noqa: ARG001
    palette: tuple[Colour, ...],  # noqa: ARG001
    label: str,  # noqa: ARG001
    note: str,  # noqa: ARG001
    _cells: CellValues,
) -> ReadyJson:
    return _records(_cells)


def _records(cells: CellValues) -> ReadyJson:
    names = [(at, "h", f"{cell:x}") for at, cell in enumerate(cells.h3.tolist())]
    return ReadyJson(compact(cells.shown.records(names)))


def _h3_layer(
    records: list[dict[str, object]] | ReadyJson, layer_id: str, colour: str | list[int]
) -> pdk.Layer:
    return pdk.Layer(
        "H3HexagonLayer",
        records,
        id=layer_id,
        get_hexagon="h",
        get_fill_color=colour,
        extruded=False,
        stroked=False,
        pickable=True,
        auto_highlight=True,
        highlight_color=[255, 255, 255, 110],
        high_precision=True,
    )


def targets(ids: npt.NDArray[np.uint64], *, layer_id: str) -> pdk.Layer:
    """Unseen cells that take clicks while nothing is coloured."""
    return _h3_layer(_targets(ids.tobytes()), layer_id, _UNSEEN)


@st.cache_resource(max_entries=8, show_spinner=False)
def _targets(ids: bytes) -> ReadyJson:
    every = np.frombuffer(ids, dtype=np.uint64)
    shown = every if len(every) <= INLINE_LIMIT else np.unique(_parents(ids))
    return ReadyJson(
        compact(
            [
                {"h": f"{cell:x}", "t": "What is here?", "n": "click to see, or to find the like"}
                for cell in shown.tolist()
            ]
        )
    )


def all_of(city: CitySummary) -> npt.NDArray[np.uint64]:
    """Every cell of a city that has embedding data, uint64 [m]; the city needs a model in use."""
    store = state.store()
    return cell_vectors(store, model_for(store, city.slug, city.model)).h3


def _pick_targets(cells: CellValues, layer_id: str) -> pdk.Layer:
    """Coarse cells, unseen, that take the clicks on a bitmap; each tells what lies in it."""
    parents = _parents(cells.h3.tobytes())
    names, inverse = np.unique(parents, return_inverse=True)
    records: list[dict[str, object]] = [
        {"h": f"{cell:x}", "t": title, "n": cells.shown.note}
        for cell, title in zip(names.tolist(), _gathered(cells, inverse, len(names)), strict=True)
    ]
    return _h3_layer(records, layer_id, _UNSEEN)


def _gathered(cells: CellValues, inverse: npt.NDArray[np.intp], coarse: int) -> list[str]:
    """What each coarse cell tells of the cells in it: most frequent class, mean or best value."""
    shown, values = cells.shown, cells.shown.values.astype(np.float64)
    there = np.isfinite(values)
    number = np.bincount(inverse[there], minlength=coarse)
    if isinstance(shown.steps, Categories):
        size = len(shown.steps.names)
        pairs = inverse[there] * size + values[there].astype(int)
        table = np.bincount(pairs, minlength=coarse * size).reshape(coarse, size)
        parts = table.max(axis=1) / np.maximum(number, 1)
        return [
            f"{shown.in_words(float(best))}, {part:.0%} of {n} cells"
            if n
            else shown.in_words(math.nan)
            for best, part, n in zip(table.argmax(axis=1), parts, number, strict=True)
        ]
    if cells.mean:
        total = np.bincount(inverse[there], weights=values[there], minlength=coarse)
        means = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        return [
            f"{shown.in_words(value)}, mean of {n} cells"
            for value, n in zip(means, number, strict=True)
        ]
    best = np.full(coarse, -np.inf, dtype=np.float64)
    np.maximum.at(best, inverse, np.where(there, values, -np.inf))
    return [f"up to {shown.in_words(value)}" for value in best.tolist()]


@st.cache_data(max_entries=8, show_spinner=False)
def _parents(ids: bytes) -> npt.NDArray[np.uint64]:
    """The coarse cell of each cell, few enough to send."""
    parents = np.frombuffer(ids, dtype=np.uint64).tolist()
    while len(set(parents)) > PICK_LIMIT:
        parents = [h3.cell_to_parent(cell) for cell in parents]
    return np.array(parents, dtype=np.uint64)


@dataclass(frozen=True)
class Canvas:
    """A Web Mercator raster that tells each pixel's cell.

    Attributes:
        index: int32 [height, width]; position of the cell, -1 outside the city. Row 0 is north.
        bounds: West, south, east, north in degrees WGS84.
    """

    index: npt.NDArray[np.int32]
    bounds: tuple[float, float, float, float]


@st.cache_data(max_entries=4, show_spinner="Preparing the map")
def canvas(ids: bytes) -> Canvas:
    """Lay cells on a Web Mercator raster: each pixel belongs to the nearest cell centre.

    Args:
        ids: uint64 cell ids as bytes, of one resolution.
    """
    cells = np.frombuffer(ids, dtype=np.uint64).tolist()
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in cells]).T
    lon = running_on(lon, extent_of(shapely.points(lon, lat)))
    x, y = np.radians(lon), np.arcsinh(np.tan(np.radians(lat)))
    spacing = _spacing(cells[len(cells) // 2])
    pixel = max(
        spacing / math.sqrt(3) / _PIXELS_PER_EDGE, max(np.ptp(x), np.ptp(y)) / _LARGEST_SIDE
    )
    west, north = x.min() - spacing, y.max() + spacing
    width, height = (math.ceil((np.ptp(axis) + 2 * spacing) / pixel) for axis in (x, y))
    seeds = np.full((height, width), -1, dtype=np.int32)
    rows, columns = ((north - y) / pixel).astype(int), ((x - west) / pixel).astype(int)
    seeds[rows, columns] = np.arange(len(cells))
    distance, nearest = ndimage.distance_transform_edt(seeds < 0, return_indices=True)
    index = np.where(distance * pixel <= spacing * 0.75, seeds[tuple(nearest)], -1).astype(np.int32)
    south, east = north - height * pixel, west + width * pixel
    return Canvas(index, (*np.degrees([west, _latitude(south), east, _latitude(north)]).tolist(),))


def _latitude(mercator_y: float) -> float:
    """Latitude in radians of a Web Mercator ordinate in radians."""
    return math.atan(math.sinh(mercator_y))


def _spacing(cell: int) -> float:
    """Largest distance to a neighbour's centre, in Mercator radians at this cell's latitude."""
    here = h3.cell_to_latlng(cell)
    around = (h3.cell_to_latlng(other) for other in h3.grid_disk(cell, 1))
    widest = max(h3.great_circle_distance(here, there, unit="rads") for there in around)
    return float(widest / math.cos(math.radians(here[0])))


def _bitmap(cells: CellValues) -> pdk.Layer:
    return bitmap(canvas(cells.h3.tobytes()), cells.shown, "cells-bitmap")


def bitmap(ground: Canvas, shown: Shown, layer_id: str) -> pdk.Layer:
    """A layer that is one picture."""
    return pdk.Layer(
        "BitmapLayer",
        id=layer_id,
        image=f'"{picture(ground, shown)}"',
        bounds=list(ground.bounds),
        texture_parameters={"minFilter": "nearest", "magFilter": "nearest"},
        pickable=False,
    )


def picture(ground: Canvas, shown: Shown) -> str:
    """Colour a canvas by class; a PNG with a palette as a data URL."""
    classes = np.append(shown.indices, np.int16(-1))  # index -1, outside, takes the last
    image = Image.fromarray((classes[ground.index] + 1).astype(np.uint8), mode="P")
    colours = [(0, 0, 0, 0), *shown.palette]
    image.putpalette([channel for colour in colours for channel in colour[:3]])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=bytes(colour[3] for colour in colours), optimize=False)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
