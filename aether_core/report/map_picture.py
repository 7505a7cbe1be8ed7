"""Maps for a document: cells or areas over the city's own ground, drawn north up in metres."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.transform import Affine

from aether_core.city.boundary import working_crs
from aether_core.errors import InputError
from aether_core.spatial.burning import burn
from aether_core.spatial.longitudes import extent_of

_PAPER: Final = (255, 255, 255)
LAND: Final = (243, 242, 238)
_EDGE: Final = (84, 98, 110)
_UNTRUSTED: Final = (226, 228, 229)
_HATCH: Final = (150, 157, 162)
_GROUND: Final = {"water": (201, 221, 232), "green": (221, 232, 211), "building": (226, 222, 215)}
_ROAD: Final = (255, 255, 255)
COVER: Final = 0.86
"""Opacity of the data: the ground shows through just enough to find one's way."""
_ROAD_COVER: Final = 0.5
_MARGIN: Final = 0.02
_SUPERSAMPLED: Final = 2
_MOST_DOTS: Final = 24_000_000
_HATCH_DOTS: Final = 20
_EDGE_DOTS: Final = 4.0
_OUTLINE_DOTS: Final = 12.0
_ROAD_M: Final = 6.0
_THINNEST_ROAD_DOTS: Final = 2.0


@dataclass(frozen=True)
class MapPicture:
    """A drawn map.

    Attributes:
        png: The picture, north up.
        width: Pixels.
        height: Pixels.
        metres_per_px: Ground metres a pixel, within 0.1 % across a city.
        scale_m: Length of a scale bar that suits the map, metres: 1, 2 or 5 times a power of ten.
        scale_px: The same in pixels.
    """

    png: bytes
    width: int
    height: int
    metres_per_px: float
    scale_m: float
    scale_px: float


@dataclass(frozen=True, eq=False)
class MapOutline:
    """An area marked on a map by its edge: WGS84, and `#rrggbb`."""

    geometry: shapely.Geometry
    colour: str


def draw_map(
    shapes: NDArray[np.object_],
    colours: NDArray[np.uint8],
    *,
    boundary: shapely.Geometry | None = None,
    trusted: NDArray[np.bool_] | None = None,
    base_map: gpd.GeoDataFrame | None = None,
    outlined: bool = False,
    outlines: Sequence[MapOutline] = (),
    view: tuple[float, float, float, float] | None = None,
    width_px: int = 1600,
    tallest: float = 1.3,
) -> MapPicture:
    """Draw cells or areas in their colours.

    Args:
        shapes: Polygons or MultiPolygons, WGS84, object `[n]`; missing and empty ones are left out.
        colours: Red, green, blue of each, uint8 `[n, 3]`, or with an opacity of 0 to 255 `[n, 4]`.
        boundary: Outline of the city, WGS84; drawn, and nothing beyond it is.
        trusted: False where a shape is to be greyed and hatched, bool `[n]`; None trusts all.
        base_map: Columns `kind` (water, green, road, building) and `geometry`, WGS84: the ground.
        outlined: Whether each shape gets a thin white edge, as areas should and small cells not.
        outlines: Areas marked above all else, the last on top.
        view: West, south, east, north in degrees: only this is drawn; everything when None.
        width_px: Width of the picture; a tall city gets a narrower one.
        tallest: Most times its width the picture may be high.

    Raises:
        InputError: There is nothing to draw.
    """
    whole = _extent(shapes) if boundary is None else boundary
    seen = whole if view is None else shapely.box(*view)
    sheet = _Sheet.over(seen, width_px, tallest, margin=_MARGIN if view is None else 0.0)
    image = Image.new("RGB", sheet.size, _PAPER)
    if boundary is not None:
        city = np.array([boundary], dtype=object)
        inside = sheet.mask(city)
        image.paste(LAND, mask=_shaded(inside, 1.0))
    for kind, colour in _GROUND.items():
        if len(of_kind := _of_kind(base_map, kind)):
            image.paste(colour, mask=_shaded(sheet.mask(of_kind), 1.0))
    number = sheet.numbers(shapes)
    if boundary is not None:
        number[~inside] = -1
    _lay(image, number, colours, trusted, outlined=outlined)
    if len(roads := _of_kind(base_map, "road")):
        image.paste(_ROAD, mask=_shaded(sheet.mask(roads, _ROAD_M), _ROAD_COVER))
    if boundary is not None:
        edge = shapely.boundary(city)
        image.paste(_EDGE, mask=_shaded(sheet.mask(edge, 0.0, _EDGE_DOTS), 1.0))
    for one in outlines:
        edge = shapely.boundary(np.array([one.geometry], dtype=object))
        # White to either side: the line is seen on ground of its own colour, too.
        image.paste(_PAPER, mask=_shaded(sheet.mask(edge, 0.0, 1.8 * _OUTLINE_DOTS), 1.0))
        image.paste(_rgb(one.colour), mask=_shaded(sheet.mask(edge, 0.0, _OUTLINE_DOTS), 1.0))
    return sheet.finished(image)


def seen_on_land(colour: str, strength: float = 1.0) -> str:
    """The colour a map has where data lie on bare land: `#rrggbb` with the land shining through.

    Args:
        colour: `#rrggbb` of the data.
        strength: How much of it is laid on, 0 to 1.
    """
    cover = COVER * strength
    mixed = [
        round(cover * v + (1 - cover) * land) for v, land in zip(_rgb(colour), LAND, strict=True)
    ]
    return "#" + bytes(mixed).hex()


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _lay(
    image: Image.Image,
    number: NDArray[np.int32],
    colours: NDArray[np.uint8],
    trusted: NDArray[np.bool_] | None,
    *,
    outlined: bool,
) -> None:
    """Lay the data over the ground: `number` is the position of the shape, -1 for none."""
    given = np.asarray(colours, dtype=np.uint8).reshape(-1, np.shape(colours)[-1] or 3)
    # One row more: index -1, where there is no shape, takes it.
    paints = np.zeros((len(given) + 1, 4), np.uint8)
    paints[:-1, :3], paints[:-1, 3] = given[:, :3], round(255 * COVER)
    if given.shape[1] == 4:
        paints[:-1, 3] = np.round(given[:, 3] * COVER)
    if trusted is not None:
        paints[:-1][~trusted] = *_UNTRUSTED, round(255 * COVER)
    seen = np.where(_between(number), -1, number) if outlined else number
    # A colour with its opacity is one number of 32 bits here, so that each dot is looked up once.
    dots = paints.view(np.uint32)[:, 0][seen]
    laid = Image.fromarray(dots.view(np.uint8).reshape(*number.shape, 4))
    image.paste(laid, mask=laid)
    if trusted is not None and not trusted.all():
        rows, columns = np.ogrid[: number.shape[0], : number.shape[1]]
        striped = (rows + columns) % _HATCH_DOTS < _HATCH_DOTS // 5 + 1
        doubted = np.append(~trusted, False)[number]
        image.paste(_HATCH, mask=_shaded(doubted & striped, 1.0))


def _between(number: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Dots on the seam of two shapes."""
    seam = np.zeros(number.shape, dtype=np.bool_)
    seam[:, 1:] |= number[:, 1:] != number[:, :-1]
    seam[1:] |= number[1:] != number[:-1]
    return seam


def _shaded(mask: NDArray[np.bool_], opacity: float) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8) * np.uint8(round(255 * opacity)))


def _of_kind(base_map: gpd.GeoDataFrame | None, kind: str) -> NDArray[np.object_]:
    if base_map is None or not len(base_map):
        return np.empty(0, dtype=object)
    chosen = base_map.loc[base_map["kind"] == kind]
    return np.asarray(chosen.geometry.to_numpy(), dtype=object)


def _extent(shapes: NDArray[np.object_]) -> shapely.Geometry:
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(there):
        raise InputError(
            "there is nothing to draw",
            "no shapes",
            "choose a layer with shapes",
            code="map-without-shapes",
        )
    return shapely.box(*extent_of(there))


@dataclass(frozen=True)
class _Sheet:
    """Where metres lie on the drawing, `_SUPERSAMPLED` times as fine as the finished picture."""

    crs: str
    west: float
    north: float
    metres_per_dot: float
    size: tuple[int, int]

    @classmethod
    def over(
        cls, extent: shapely.Geometry, width_px: int, tallest: float, *, margin: float = _MARGIN
    ) -> "_Sheet":
        """A sheet that holds an extent in WGS84, with a margin that is a part of its size."""
        crs = working_crs(extent)
        west, south, east, north = _projected(np.array([extent], dtype=object), crs)[0].bounds
        margin *= max(east - west, north - south, 1.0)
        wide, high = east - west + 2 * margin, north - south + 2 * margin
        flat = wide / high
        dots = min(width_px * _SUPERSAMPLED * min(1.0, tallest * flat), (_MOST_DOTS * flat) ** 0.5)
        step = wide / dots
        size = [max(1, round(side / step / _SUPERSAMPLED)) * _SUPERSAMPLED for side in (wide, high)]
        return cls(crs, west - margin, north + margin, step, (size[0], size[1]))

    def numbers(self, shapes: NDArray[np.object_]) -> NDArray[np.int32]:
        """Position of the shape each dot lies in, -1 for none; int32 `[height, width]`."""
        projected = _projected(shapes, self.crs)
        return self._burnt(projected, np.arange(len(projected)), -1, np.int32)

    def mask(
        self, shapes: NDArray[np.object_], width_m: float = -1.0, least_dots: float = 0.0
    ) -> NDArray[np.bool_]:
        """Where shapes lie; lines are drawn `width_m` wide, at least `least_dots`."""
        projected = _projected(shapes, self.crs)
        if width_m >= 0:
            least = max(least_dots, _THINNEST_ROAD_DOTS) * self.metres_per_dot
            projected = shapely.buffer(projected, max(width_m, least) / 2, quad_segs=2)
        return self._burnt(projected, np.ones(len(projected)), 0, np.uint8).astype(np.bool_)

    def _burnt(
        self, shapes: NDArray[np.object_], numbers: NDArray[Any], outside: int, dtype: type
    ) -> NDArray[Any]:
        width, height = self.size
        step = self.metres_per_dot
        grid = Affine(step, 0.0, self.west, 0.0, -step, self.north)
        return burn(
            shapes, numbers, size=(height, width), transform=grid, outside=outside, dtype=dtype
        )

    def finished(self, image: Image.Image) -> MapPicture:
        """The picture at its own size, smooth."""
        width, height = self.size[0] // _SUPERSAMPLED, self.size[1] // _SUPERSAMPLED
        stream = io.BytesIO()
        image.resize((width, height), Image.Resampling.BOX).save(stream, "PNG")
        step = self.metres_per_dot * _SUPERSAMPLED
        scale = _round_length(width * step / 4)
        return MapPicture(stream.getvalue(), width, height, step, scale, scale / step)


def _round_length(most: float) -> float:
    """The longest of 1, 2 and 5 times a power of ten that is no longer than `most` metres."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(power * digit for digit in (1, 2, 5) if power * digit <= most * (1 + 1e-9))


def _projected(shapes: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    """WGS84 geometries in a metric CRS."""
    to_metres = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    moved: NDArray[np.object_] = shapely.transform(
        np.asarray(shapes, dtype=object),
        lambda at: np.column_stack(to_metres.transform(at[:, 0], at[:, 1])),
    )
    return moved
