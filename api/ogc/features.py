"""OGC API Features: landing page, conformance, collections, items."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from aether_core.errors import InputError, NotFoundError
from api.answers import MOST_NUMBER, Opened, Told
from api.ogc.links import GEOJSON, JSON, ROOT, Name, OgcRoute, address, link
from api.problems import ParameterError
from workflows.layers.published.collections import (
    Collection,
    check_bbox,
    feature_of,
    list_collections,
    page_of,
    show_collection,
)

router = APIRouter(prefix=ROOT, tags=["OGC API"], route_class=OgcRoute)
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MOST: Final = 10_000
"""Features of one page."""
CONFORMS_TO: Final = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
)


class Plain(BaseModel):
    """What every address may be asked: the format, which is always the same."""

    model_config = ConfigDict(extra="forbid")

    f: Literal["json"] = "json"


class Items(Plain):
    """Which items.

    `datetime` picks nothing: no collection has times, and the standard lets them all match then.
    """

    bbox: str | None = Field(None, max_length=200, description="west,south,east,north in degrees")
    limit: int = Field(100, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=MOST_NUMBER)
    datetime: str | None = Field(None, max_length=100)

    def box(self) -> tuple[float, float, float, float] | None:
        """The box; heights, which nothing has, are left out.

        Raises:
            ParameterError: It is none.
        """
        if self.bbox is None:
            return None
        try:
            numbers = [float(one) for one in self.bbox.split(",")]
            if len(numbers) == 6:
                del numbers[5], numbers[2]
            west, south, east, north = numbers
            check_bbox((west, south, east, north))
        except InputError as error:
            raise ParameterError("bbox", error, "see above", code=error.code) from error
        except ValueError as error:
            raise ParameterError(
                "bbox", self.bbox, "give west,south,east,north", code="bbox-unusable"
            ) from error
        return west, south, east, north


Format = Annotated[Plain, Query()]


@router.get("")
def landing(request: Request, _format: Format) -> Response:
    """The way in for QGIS, ArcGIS and GDAL."""
    api = address(request).removesuffix(ROOT)
    return Told(
        {
            "title": "Aether",
            "description": "Cities' places and maps.",
            "links": [
                link(address(request), "self"),
                link(f"{api}/openapi.json", "service-desc", "application/vnd.oai.openapi+json"),
                link(f"{api}/docs", "service-doc", "text/html"),
                link(address(request, "/conformance"), "conformance"),
                link(address(request, "/collections"), "data"),
                link(
                    address(request, "/tileMatrixSets"),
                    "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
                ),
            ],
        }
    )


@router.get("/conformance")
def conformance(_format: Format) -> Response:
    """Which parts of the standards are there."""
    return Told({"conformsTo": list(CONFORMS_TO)})


@router.get("/collections")
def collections(request: Request, store: Opened, _format: Format) -> Response:
    """List a city's places and layers, of every city."""
    return Told(
        {
            "links": [link(address(request, "/collections"), "self")],
            "collections": [_told(request, one) for one in list_collections(store)],
        }
    )


@router.get("/collections/{name}")
def collection(request: Request, store: Opened, name: Name, _format: Format) -> Response:
    """Show one collection."""
    return Told(_told(request, show_collection(store, name)))


@router.get("/collections/{name}/items")
def items(
    request: Request, store: Opened, name: Name, asked: Annotated[Items, Query()]
) -> Response:
    """Features of a collection, a page at a time."""
    found = show_collection(store, name)
    page = page_of(store, found, asked.box(), asked.limit, asked.offset)
    here = address(request, f"/collections/{found.name}/items")

    def at(offset: int) -> str:
        again = {**dict(request.query_params), "offset": offset, "limit": asked.limit}
        return f"{here}?{urlencode(again)}"

    links = [
        link(at(asked.offset), "self", GEOJSON),
        link(address(request, f"/collections/{found.name}"), "collection"),
    ]
    if asked.offset + len(page.features) < page.matched and page.features:
        links.append(link(at(asked.offset + asked.limit), "next", GEOJSON))
    if asked.offset:
        links.append(link(at(max(asked.offset - asked.limit, 0)), "prev", GEOJSON))
    head = {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": page.matched,
        "numberReturned": len(page.features),
        "links": links,
    }
    # The database has written the features already: they are not read and written once more.
    text = f'{json.dumps(head)[:-1]}, "features": [{", ".join(page.features)}]}}'
    return Response(text, media_type=GEOJSON)


@router.get("/collections/{name}/items/{item}")
def item(
    request: Request,
    store: Opened,
    name: Name,
    item: Annotated[str, InPath(max_length=100)],
    _format: Format,
) -> Response:
    """One feature."""
    found = show_collection(store, name)
    number = int(item) if item.isdecimal() and item.isascii() else -1
    if not 0 <= number <= MOST_NUMBER:
        raise NotFoundError("no such feature", item, "list them at /items", code="no-such-feature")
    text = feature_of(store, found, number)
    here = f"/collections/{found.name}"
    links = [
        link(address(request, f"{here}/items/{number}"), "self", GEOJSON),
        link(address(request, here), "collection"),
    ]
    return Response(f'{text[:-1]}, "links": {json.dumps(links)}}}', media_type=GEOJSON)


def _told(request: Request, one: Collection) -> dict[str, Any]:
    here = address(request, f"/collections/{one.name}")
    return {
        "id": one.name,
        "title": one.title,
        "description": one.about,
        "attribution": one.attribution,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [list(one.bbox)], "crs": CRS84}},
        "links": [
            link(here, "self", JSON),
            link(f"{here}/items", "items", GEOJSON, one.title),
            link(f"{here}/tiles", "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"),
        ],
    }
