"""Areas and labels on a map: polygons inline while they are few, one picture where many."""

import hashlib
import io
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pydeck as pdk
import shapely
import streamlit as st
from PIL import Image
from rasterio.transform import from_bounds

from aether_core.language import mark
from aether_core.spatial.burning import burn
from aether_core.spatial.longitudes import extent_of, shapes_running_on
from ui.map import served
from ui.map.cells import spec
from ui.map.coloured import Shown
from ui.shell.palette import Ground

PICTURE_FROM: Final = 5_000
"""More shapes than these are drawn as one picture."""
VERTEX_BUDGET: Final = 160_000  # about 3 MB of coordinates: still drawn at once
_OUTLINED: Final = 1_500  # more outlines hide what they enclose
_LARGEST_SIDE: Final = 2000
_DECIMALS: Final = 5  # about 1 m
_TOLERANCES: Final = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)  # degrees: from 1 to 100 m


@dataclass(frozen=True)
class ShapeValues:
    """Polygons and points, and what a map colours them by.

    Attributes:
        geometry: Object `[a]`, WGS84.
        shown: What is coloured, one value a shape.
    """

    geometry: npt.NDArray[np.object_]
    shown: Shown

    @property
    def key(self) -> str:
        """Tells these shapes from others; equal ones are simplified once."""
        content = b"".join(shapely.to_wkb(self.geometry))
        return hashlib.sha256(content).hexdigest()


def layers(areas: ShapeValues, colours: Ground, *, layer_id: str) -> list[pdk.Layer]:
    """Layers for these shapes; the last one knows what lies where and is called `layer_id`."""
    if len(areas.geometry) > PICTURE_FROM:
        return [picture(areas, layer_id=layer_id)]
    place = served.once(areas.key, lambda: _document(areas.geometry), "json")
    return [
        pdk.Layer(
            "ShapeLayer",
            None,
            id=layer_id,
            shapes=f'"{place}"',  # in quotes, or pydeck takes it for an expression
            shown=spec(areas.shown),
            line=[*colours.ring, 110],
            stroked=len(areas.geometry) <= _OUTLINED,
        )
    ]


def _document(geometry: npt.NDArray[np.object_]) -> bytes:
    """Shapes as GeoJSON, with as few vertices as a page can take."""
    features = ",".join(
        f'{{"type":"Feature","properties":{{"at":{at}}},"geometry":{shapely.to_geojson(shape)}}}'
        for at, shape in enumerate(simplified(geometry))
    )
    return f'{{"type":"FeatureCollection","features":[{features}]}}'.encode()


def simplified(
    geometry: npt.NDArray[np.object_], budget: int = VERTEX_BUDGET
) -> npt.NDArray[np.object_]:
    """Round and simplify shapes until all vertices fit the budget; neighbours keep one border.

    Args:
        geometry: Object `[a]`, WGS84.
        budget: Most vertices; exceeded only when a tolerance of about 100 m does not suffice.
    """
    polygon = np.isin(shapely.get_type_id(geometry), (3, 6))
    shapes = geometry.copy()
    for tolerance in _TOLERANCES:
        if int(shapely.get_num_coordinates(shapes).sum()) <= budget:
            break
        reduced = shapely.coverage_simplify(geometry[polygon], tolerance)
        usable = shapely.is_valid(reduced) & ~shapely.is_empty(reduced)
        plain = shapely.simplify(geometry[polygon], tolerance)
        shapes[polygon] = np.where(usable, reduced, plain)
    rounded = shapely.transform(shapes, lambda points: points.round(_DECIMALS))
    result: npt.NDArray[np.object_] = np.where(shapely.is_empty(rounded), geometry, rounded)
    return result


def picture(areas: ShapeValues, *, layer_id: str) -> pdk.Layer:
    """One picture, and another by which a browser knows which area each of its pixels shows."""
    ground = canvas(areas.geometry, areas.key)
    owners = served.once((areas.key, "owners"), lambda: _owners(ground), "png")
    return pdk.Layer(
        "PictureLayer",
        None,
        id=layer_id,
        image=f'"{served.address(coloured(ground, areas.shown), "png")}"',
        owners=f'"{owners}"',
        bounds=list(ground.bounds),
        shown=spec(areas.shown),
    )


@dataclass(frozen=True)
class Canvas:
    """A Web Mercator raster that tells each pixel's shape.

    Attributes:
        index: int32 [height, width]; position of the shape, -1 outside all. Row 0 is north.
        bounds: West, south, east, north in degrees WGS84.
    """

    index: npt.NDArray[np.int32]
    bounds: tuple[float, float, float, float]


def _owners(ground: Canvas) -> bytes:
    """A PNG whose red, green and blue count the areas from 1, 0 for none."""
    numbers = (ground.index + 1).astype("<u4")
    image = Image.fromarray(numbers.view(np.uint8).reshape(*numbers.shape, 4)[..., :3], mode="RGB")
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def coloured(ground: Canvas, shown: Shown) -> bytes:
    """Colour a canvas by class; a PNG with a palette."""
    classes = np.append(shown.indices, np.int16(-1))  # index -1, outside, takes the last
    image = Image.fromarray((classes[ground.index] + 1).astype(np.uint8), mode="P")
    colours = [(0, 0, 0, 0), *shown.palette]
    image.putpalette([channel for colour in colours for channel in colour[:3]])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=bytes(colour[3] for colour in colours), optimize=False)
    return stream.getvalue()


@st.cache_data(max_entries=4, show_spinner=mark("Preparing the map"))
def canvas(
    _geometry: npt.NDArray[np.object_],
    key: str,  # noqa: ARG001 - names the shapes, which are not compared themselves
) -> Canvas:
    """Lay shapes on a Web Mercator raster; later ones lie on top. Points get a few pixels."""
    bounds = extent_of(_geometry)
    west, south, east, north = bounds
    flat = shapely.transform(shapes_running_on(_geometry, bounds), _mercator)
    (left, bottom), (right, top) = _mercator(np.array([[west, south], [east, north]]))
    pixel = max(right - left, top - bottom, 1e-9) / _LARGEST_SIDE
    flat = np.where(shapely.get_dimensions(flat) == 0, shapely.buffer(flat, 2 * pixel), flat)
    width, height = (max(1, math.ceil(span / pixel)) for span in (right - left, top - bottom))
    index = burn(
        flat,
        np.arange(len(flat)),
        size=(height, width),
        transform=from_bounds(left, bottom, right, top, width, height),
        outside=-1,
        dtype=np.int32,
    )
    return Canvas(index, (float(west), float(south), float(east), float(north)))


def _mercator(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Web Mercator in radians."""
    flat: npt.NDArray[np.float64] = np.column_stack(
        [np.radians(points[:, 0]), np.arcsinh(np.tan(np.radians(points[:, 1])))]
    )
    return flat


def dots(
    lonlat: npt.NDArray[np.float64], shown: Shown, colours: Ground, *, layer_id: str
) -> pdk.Layer:
    """Coloured points, such as labels or the folds they are tested in.

    Args:
        lonlat: WGS84, float64 `[n, 2]`.
        shown: What is coloured, one value a point.
    """
    names = [(at, "p", [round(lon, 6), round(lat, 6)]) for at, (lon, lat) in enumerate(lonlat)]
    return pdk.Layer(
        "ScatterplotLayer",
        served.of_json(shown.records(names)),
        id=layer_id,
        get_position="p",
        get_radius=14,
        radius_min_pixels=2.6,
        radius_max_pixels=7,
        get_fill_color="c",
        get_line_color=[*colours.ring, 130],
        stroked=True,
        line_width_min_pixels=0.5,
        line_width_max_pixels=1,
        pickable=True,
    )
