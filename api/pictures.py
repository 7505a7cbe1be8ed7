"""A city's embedding as a picture: `/cities/{slug}/embedding`, for QGIS (XYZ) and MapLibre."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import Opened, Slug, Told
from api.problems import ParameterError
from workflows.cities.pictures import DEEPEST_ZOOM, USUAL, embedding_picture, picture_of

router = APIRouter(tags=["cities"])
_FOLDER: Final = "/cities/{slug}/embedding"
_KEPT: Final = {"Cache-Control": "private, max-age=3600"}
_USUAL: Final = ",".join(map(str, USUAL))
Bands = Annotated[
    str, Query(max_length=40, description="Three bands, from 0, as red, green and blue.")
]
Year = Annotated[int | None, Query(description="The city's own year by default.")]


@router.get(f"{_FOLDER}/tilejson")
def tilejson(
    request: Request, store: Opened, slug: Slug, bands: Bands = _USUAL, year: Year = None
) -> Response:
    """The picture of a city's embedding as MapLibre takes it."""
    found = embedding_picture(store, slug, year)
    west, south, east, north = found.city.bbox
    public: str | None = request.app.state.public_url
    host = public or f"{request.url.scheme}://{request.url.netloc}"
    folder = f"{host}{request.scope['root_path']}/cities/{slug}/embedding"
    asked = urlencode({"bands": ",".join(map(str, _numbers(bands))), "year": found.year}, safe=",")
    return Told(
        {
            "tilejson": "3.0.0",
            "name": f"{found.city.name}, {found.title}, {found.year}",
            "attribution": " · ".join(found.city.attribution),
            "tiles": [f"{folder}/tiles/{{z}}/{{x}}/{{y}}?{asked}"],
            "minzoom": 0,
            "maxzoom": DEEPEST_ZOOM,
            "bounds": [west, south, east + 360 if east < west else east, north],
        }
    )


@router.get(f"{_FOLDER}/tiles/{{zoom}}/{{column}}/{{row}}", response_class=Response)
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


def _numbers(bands: str) -> list[int]:
    try:
        return [int(one) for one in bands.split(",")]
    except ValueError:
        raise ParameterError("bands", bands, f"write three numbers, such as {_USUAL}") from None
