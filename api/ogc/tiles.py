"""OGC API Tiles: the same collections as vector tiles of the web's usual grid."""

import math
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from starlette.responses import Response

from aether_core.spatial.web_grid import DEEPEST_ZOOM, HALF_M, PIXELS
from api.answers import Opened, Told
from api.ogc.features import Format
from api.ogc.links import JSON, MVT, ROOT, Name, OgcRoute, address, link
from workflows.layers.published.collections import Collection, show_collection, tile_of

router = APIRouter(prefix=ROOT, tags=["OGC API"], route_class=OgcRoute)
GRID: Final = "WebMercatorQuad"
Grid = Literal["WebMercatorQuad"]
_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{GRID}"
_MERCATOR: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
_PIXEL_M: Final = 0.00028
"""Side of a pixel on a screen, as the standard fixes it."""
_KEPT: Final = {"Cache-Control": "private, max-age=60"}
Step = Annotated[int, InPath(ge=0, le=2**30)]


@router.get("/tileMatrixSets")
def grids(request: Request, _format: Format) -> Response:
    """List the grids of tiles: there is one."""
    here = link(address(request, f"/tileMatrixSets/{GRID}"), "self")
    return Told({"tileMatrixSets": [{"id": GRID, "title": GRID, "uri": _URI, "links": [here]}]})


@router.get("/tileMatrixSets/{grid}")
def grid(grid: Grid, _format: Format) -> Response:
    """Show the grid."""
    return Told(
        {
            "id": grid,
            "title": grid,
            "uri": _URI,
            "crs": _MERCATOR,
            "orderedAxes": ["X", "Y"],
            "tileMatrices": [_matrix(zoom) for zoom in range(DEEPEST_ZOOM + 1)],
        }
    )


@router.get("/collections/{name}/tiles")
def tilesets(request: Request, store: Opened, name: Name, _format: Format) -> Response:
    """List the tiles of a collection."""
    found = show_collection(store, name)
    return Told({"tilesets": [_tileset(request, found)]})


@router.get("/collections/{name}/tiles/{grid}")
def tileset(request: Request, store: Opened, name: Name, grid: Grid, _format: Format) -> Response:
    """Show the tiles of a collection."""
    del grid
    return Told(_tileset(request, show_collection(store, name)))


@router.get("/collections/{name}/tiles/{grid}/tilejson")
def tilejson(request: Request, store: Opened, name: Name, grid: Grid, _format: Format) -> Response:
    """The tiles of a collection as MapLibre takes them."""
    found = show_collection(store, name)
    west, south, east, north = found.bbox
    return Told(
        {
            "tilejson": "3.0.0",
            "name": found.title,
            "attribution": found.attribution,
            "tiles": [_template(request, found).format_map({"grid": grid, **_ASKED})],
            "minzoom": found.least_zoom,
            "maxzoom": DEEPEST_ZOOM,
            "bounds": [west, south, east + 360 if east < west else east, north],
            "vector_layers": [{"id": found.name, "fields": {}}],
        }
    )


@router.get("/collections/{name}/tiles/{grid}/{zoom}/{row}/{column}", response_class=Response)
def tile(store: Opened, name: Name, grid: Grid, zoom: int, row: Step, column: Step) -> Response:
    """One tile."""
    del grid
    found = show_collection(store, name)
    return Response(tile_of(store, found, zoom, column, row), media_type=MVT, headers=_KEPT)


_ASKED: Final = {"zoom": "{z}", "row": "{y}", "column": "{x}"}
_OGC: Final = {"zoom": "{tileMatrix}", "row": "{tileRow}", "column": "{tileCol}"}


def _template(request: Request, found: Collection) -> str:
    steps = "/tiles/{grid}/{zoom}/{row}/{column}"
    return address(request, f"/collections/{found.name}") + steps


def _tileset(request: Request, found: Collection) -> dict[str, Any]:
    here = address(request, f"/collections/{found.name}/tiles/{GRID}")
    tiles = link(_template(request, found).format_map({"grid": GRID, **_OGC}), "item", MVT)
    return {
        "title": found.title,
        "dataType": "vector",
        "crs": _MERCATOR,
        "tileMatrixSetURI": _URI,
        "tileMatrixSetLimits": [
            _limits(found, zoom) for zoom in range(found.least_zoom, DEEPEST_ZOOM + 1)
        ],
        "links": [
            link(here, "self", JSON),
            link(f"{here}/tilejson", "describedby", JSON, "TileJSON"),
            link(
                address(request, f"/tileMatrixSets/{GRID}"),
                "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
            ),
            {**tiles, "templated": True},
        ],
    }


def _limits(found: Collection, zoom: int) -> dict[str, Any]:
    """Rows and columns of a zoom that a collection lies in; across the 180th meridian, all."""
    west, south, east, north = found.bbox
    west, east = (west, east) if west <= east else (-180.0, 180.0)
    (left, top), (right, bottom) = _at(west, north, zoom), _at(east, south, zoom)
    return {
        "tileMatrix": str(zoom),
        "minTileRow": top,
        "maxTileRow": bottom,
        "minTileCol": left,
        "maxTileCol": right,
    }


def _at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Column and row of a point."""
    size = 2**zoom
    y = math.asinh(math.tan(math.radians(max(min(lat, 85.0), -85.0))))
    column, row = (lon + 180) / 360 * size, (1 - y / math.pi) / 2 * size
    return min(max(int(column), 0), size - 1), min(max(int(row), 0), size - 1)


def _matrix(zoom: int) -> dict[str, Any]:
    cell = 2 * HALF_M / PIXELS / 2**zoom
    return {
        "id": str(zoom),
        "scaleDenominator": cell / _PIXEL_M,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-HALF_M, HALF_M],
        "tileWidth": PIXELS,
        "tileHeight": PIXELS,
        "matrixWidth": 2**zoom,
        "matrixHeight": 2**zoom,
    }
