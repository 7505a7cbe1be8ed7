"""Questions to a city: `/cities/{slug}/search`, `similar`, `ask`, `places`, `change`."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from aether_core.errors import InputError
from aether_core.language import SOURCE
from aether_core.search.ground import Extent
from api.answers import Opened, Slug, Told
from workflows.home.store import Store
from workflows.search.ask import ask as answer_to
from workflows.search.change import change_cells
from workflows.search.documents import (
    answer_document,
    change_document,
    checked_names_in,
    places_document,
    search_document,
)
from workflows.search.search import search_cells, search_places, similar_cells
from workflows.search.support import support_of
from workflows.training.representation import model_for

MOST_WORDS: Final = 2000
"""Characters of a question; the verbs themselves take less."""
router = APIRouter(tags=["questions"])
Words = Annotated[str, Field(max_length=MOST_WORDS)]
Year = Annotated[int, Field(ge=1900, le=2200)]
Language = Annotated[
    str,
    Field(
        max_length=20,
        description="Of the question: en, de, es, fr, fi or ar; English and Arabic are understood "
        "beside it.",
    ),
]
NamesIn = Annotated[
    str | None,
    Field(
        max_length=35,
        description="Language tag of places' and streets' names, such as sv or zh-Hant, where "
        "their source has it; default: the main names.",
    ),
]
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Asked(BaseModel):
    """What every question may say beside its words."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, max_length=200, description="A model; default: the one in use.")
    top: int = Field(20, ge=1, le=10_000, description="How many results are told.")


class OfYear(Asked):
    """A question to one year."""

    year: Year | None = Field(None, description="A year the city has; default: its original one.")


class Search(OfYear):
    """A text query."""

    query: Words
    minus: Words | None = None
    extent: Extent = Extent.LAND


class Similar(OfYear):
    """An example."""

    lon: Degrees
    lat: Degrees


class Ask(OfYear):
    """A question of several criteria."""

    question: Words
    mode: Literal["all", "add"] = "all"
    extent: Extent = Extent.LAND
    language: Language = SOURCE
    names_in: NamesIn = None


class Places(Asked):
    """A query of places."""

    query: Words
    minus: Words | None = None
    lon: Degrees | None = None
    lat: Degrees | None = None
    within: float | None = Field(None, gt=0, allow_inf_nan=False, description="Metres.")
    names_in: NamesIn = None


class Change(Asked):
    """A query of change."""

    query: Words
    minus: Words | None = None
    year_from: Year = Field(alias="from")
    year_to: Year = Field(alias="to")


def searched(store: Store, slug: str, asked: Search) -> dict[str, Any]:
    """Rank the city's cells by a text query."""
    scores = search_cells(
        store, slug, asked.query, asked.minus, asked.model, asked.year, asked.extent
    )
    support = support_of(store, model_for(store, slug, scores.model), asked.query)
    return search_document(scores, scores.best(asked.top), support=support)


def likened(store: Store, slug: str, asked: Similar) -> dict[str, Any]:
    """Rank the city's cells by likeness to the one at a point."""
    scores = similar_cells(store, slug, asked.lon, asked.lat, asked.model, asked.year)
    return search_document(scores, scores.best(asked.top))


def answered(store: Store, slug: str, asked: Ask) -> dict[str, Any]:
    """Answer a question with near, not near, like, not and in."""
    names_in = checked_names_in(asked.names_in)
    answer = answer_to(
        store,
        slug,
        asked.question,
        mode=asked.mode,
        year=asked.year,
        model=asked.model,
        extent=asked.extent,
        language=asked.language,
    )
    return answer_document(answer, answer.best(asked.top, names_in))


def places_ranked(store: Store, slug: str, asked: Places) -> dict[str, Any]:
    """Rank the city's places by a text query."""
    if (asked.lon is None) != (asked.lat is None):
        raise InputError(
            "a point has a longitude and a latitude",
            f"lon={asked.lon}, lat={asked.lat}",
            "give both or neither",
            code="point-not-two-numbers",
        )
    names_in = checked_names_in(asked.names_in)
    centre = None if asked.lon is None or asked.lat is None else (asked.lon, asked.lat)
    hits = search_places(
        store, slug, asked.query, centre, asked.within, asked.top, asked.minus, asked.model
    )
    return places_document(slug, asked.query, hits, names_in)


def changed(store: Store, slug: str, asked: Change) -> dict[str, Any]:
    """Where a city has moved towards a query between two years."""
    found = change_cells(
        store, slug, asked.query, asked.year_from, asked.year_to, asked.minus, asked.model
    )
    return change_document(found, found.best(asked.top))


@router.get("/cities/{slug}/search")
def search(store: Opened, slug: Slug, asked: Annotated[Search, Query()]) -> Response:
    """Rank the city's cells by a text query."""
    return Told(searched(store, slug, asked))


@router.get("/cities/{slug}/similar")
def similar(store: Opened, slug: Slug, asked: Annotated[Similar, Query()]) -> Response:
    """Rank the city's cells by likeness to one."""
    return Told(likened(store, slug, asked))


@router.get("/cities/{slug}/ask")
def ask(store: Opened, slug: Slug, asked: Annotated[Ask, Query()]) -> Response:
    """Answer a question with near, not near, like, not and in."""
    return Told(answered(store, slug, asked))


@router.get("/cities/{slug}/places")
def places(store: Opened, slug: Slug, asked: Annotated[Places, Query()]) -> Response:
    """Rank the city's places by a text query."""
    return Told(places_ranked(store, slug, asked))


@router.get("/cities/{slug}/change")
def change(store: Opened, slug: Slug, asked: Annotated[Change, Query()]) -> Response:
    """Where a city has moved towards a query."""
    return Told(changed(store, slug, asked))
