"""Cities: `/cities`."""

from dataclasses import asdict
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import Opened, Slug, Told
from api.requests import Verb, started
from workflows.accounts.acting import Role, check_may
from workflows.cities.cities import city_document, list_cities, remove_city_numbered, show_city
from workflows.cities.job_kinds import ADD_CITY, ADD_PLACES, ADD_YEAR
from workflows.cities.years import list_years, remove_year

ADD: Final = Verb(
    ADD_CITY,
    "Add a city from an embedding and a file of places",
    withheld=frozenset({"link_files", "dropped", "sources"}),
    in_city=False,
)
ADD_A_YEAR: Final = Verb(ADD_YEAR, "Add the embedding of a further year")
ADD_SOME_PLACES: Final = Verb(ADD_PLACES, "Add places to a city that is there")
VERBS: Final = (ADD, ADD_A_YEAR, ADD_SOME_PLACES)
router = APIRouter(tags=["cities"])


@router.get("/cities")
def list_all(store: Opened) -> Response:
    """List the cities."""
    return Told([city_document(city) for city in list_cities(store)])


@router.post("/cities", status_code=202, openapi_extra={"requestBody": ADD.body()})
async def add(store: Opened, request: Request) -> Response:
    """Add a city from an embedding and a file of places."""
    return await started(ADD, store, None, request)


@router.get("/cities/{slug}")
def show(store: Opened, slug: Slug) -> Response:
    """Show one city."""
    return Told(city_document(show_city(store, slug)))


@router.delete("/cities/{slug}")
def remove(store: Opened, slug: Slug) -> Response:
    """Remove a city with everything made from it."""
    remove_city_numbered(store, show_city(store, slug).id)
    return Told({"removed": slug})


@router.get("/cities/{slug}/years")
def years(store: Opened, slug: Slug) -> Response:
    """List the years a city holds."""
    return Told([asdict(year) for year in list_years(store, slug)])


@router.post(
    "/cities/{slug}/years",
    status_code=202,
    openapi_extra={"requestBody": ADD_A_YEAR.body()},
)
async def add_year(store: Opened, slug: Slug, request: Request) -> Response:
    """Add the embedding of a further year."""
    return await started(ADD_A_YEAR, store, slug, request)


@router.post(
    "/cities/{slug}/places",
    status_code=202,
    openapi_extra={"requestBody": ADD_SOME_PLACES.body()},
)
async def add_places(store: Opened, slug: Slug, request: Request) -> Response:
    """Add places to a city that is there."""
    return await started(ADD_SOME_PLACES, store, slug, request)


@router.delete("/cities/{slug}/years/{year}")
def remove_one_year(store: Opened, slug: Slug, year: int) -> Response:
    """Remove what a city holds of one year."""
    check_may(Role.ADMIN, "remove year")
    remove_year(store, slug, year)
    return Told({"city": slug, "removed": year})
