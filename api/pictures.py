"""Pictures for maps elsewhere, which QGIS, ArcGIS and Leaflet take by XYZ and MapLibre by TileJSON.

A city's embedding: `/cities/{slug}/embedding`. A kept map in its colours:
`/cities/{slug}/layers/{layer}/picture`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from aether_core.spatial.web_grid import DEEPEST_ZOOM
from api.answers import Layer, Opened, Slug, Told
from api.problems import ParameterError
from workflows.cities.cities import CitySummary, show_city
from workflows.cities.pictures import USUAL, embedding_picture, picture_of
from workflows.layers.layers import show_layer
from workflows.layers.published.tiles import map_tiles

router = APIRouter()
_EMBEDDING: Final = "/cities/{slug}/embedding"
_MAP: Final = "/cities/{slug}/layers/{layer}/picture"
_TILE: Final = "/tiles/{zoom}/{column}/{row}"
_KEPT: Final = {"Cache-Control": "private, max-age=3600"}
_KEPT_SHORTLY: Final = {"Cache-Control": "private, max-age=60"}
"""Somebody may choose other colours for a map at any time."""
_USUAL: Final = ",".join(map(str, USUAL))
Bands = Annotated[
    str, Query(max_length=40, description="Three bands, from 0, as red, green and blue.")
]
Field = Annotated[
    str | None,
    Query(max_length=500, description="What is coloured; what the map is about by default."),
]
Year = Annotated[int | None, Query(description="The city's own year by default.")]


@router.get(f"{_EMBEDDING}/tilejson", tags=["cities"])
def tilejson(
    request: Request, store: Opened, slug: Slug, bands: Bands = _USUAL, year: Year = None
) -> Response:
    """The picture of a city's embedding as MapLibre takes it."""
    found = embedding_picture(store, slug, year)
    folder = _EMBEDDING.format(slug=slug)
    asked = {"bands": ",".join(map(str, _numbers(bands))), "year": str(found.year)}
    title = f"{found.city.name}, {found.title}, {found.year}"
    return Told(_tilejson(request, folder, asked, title, found.city, found.city.attribution))


@router.get(f"{_EMBEDDING}{_TILE}", response_class=Response, tags=["cities"])
def tile(
    store: Opened,
    slug: Slug,
    zoom: int,
    column: int,
    row: int,
    bands: Bands = _USUAL,
    year: Year = None,
) -> Response:
    """One tile of that picture, a PNG of 256 x 256 pixels."""
    found = embedding_picture(store, slug, year)
    content = picture_of(found, _numbers(bands), zoom, column, row)
    return Response(content, media_type="image/png", headers=_KEPT)


@router.get(f"{_MAP}/tilejson", tags=["layers"])
def map_tilejson(
    request: Request, store: Opened, slug: Slug, layer: Layer, field: Field = None
) -> Response:
    """A kept map in its colours as MapLibre takes it, with its legend."""
    shown, legend = show_layer(store, slug, layer), map_tiles(store, slug, layer, field).legend
    folder, asked = _MAP.format(slug=slug, layer=layer), {"field": legend.field}
    city = show_city(store, slug)
    title = f"{shown.title} ({city.name})"
    told = _tilejson(request, folder, asked, title, city, shown.attribution)
    return Told({**told, "legend": asdict(legend)})


@router.get(f"{_MAP}{_TILE}", response_class=Response, tags=["layers"])
def map_tile(
    store: Opened,
    slug: Slug,
    layer: Layer,
    zoom: int,
    column: int,
    row: int,
    field: Field = None,
) -> Response:
    """One tile of a kept map in its colours, a PNG of 256 x 256 pixels."""
    content = map_tiles(store, slug, layer, field).picture(zoom, column, row)
    return Response(content, media_type="image/png", headers=_KEPT_SHORTLY)


def _tilejson(
    request: Request,
    folder: str,
    asked: Mapping[str, str],
    title: str,
    city: CitySummary,
    attribution: Sequence[str],
) -> dict[str, Any]:
    west, south, east, north = city.bbox
    public: str | None = request.app.state.public_url
    host = public or f"{request.url.scheme}://{request.url.netloc}"
    tiles = f"{host}{request.scope['root_path']}{quote(folder)}/tiles/{{z}}/{{x}}/{{y}}"
    return {
        "tilejson": "3.0.0",
        "name": title,
        "attribution": " · ".join(attribution),
        "tiles": [f"{tiles}?{urlencode(asked, safe=',')}"],
        "minzoom": 0,
        "maxzoom": DEEPEST_ZOOM,
        "bounds": [west, south, east + 360 if east < west else east, north],
    }


def _numbers(bands: str) -> list[int]:
    try:
        return [int(one) for one in bands.split(",")]
    except ValueError:
        raise ParameterError("bands", bands, f"write three numbers, such as {_USUAL}") from None
