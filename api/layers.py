"""Kept maps: `/cities/{slug}/layers`, and their files."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from aether_core.errors import ConflictError
from aether_core.language import SOURCE
from aether_core.search.ground import Extent
from api.answers import Layer, Opened, Slug, Told, queued
from api.search import Degrees, Language, Words, Year
from workflows.accounts.acting import Role, check_may
from workflows.home.store import Store
from workflows.jobs.job import job_document, start_job
from workflows.layers.export import FORMATS, export_layer
from workflows.layers.file_kinds import LAYER_FILE, LayerFile, takes_long
from workflows.layers.layers import (
    LayerSummary,
    keep_answer,
    keep_layer,
    layer_document,
    list_layers,
    remove_layer,
    rename_layer,
    show_layer,
)
from workflows.search.ask import ask
from workflows.search.search import search_cells, similar_cells

router = APIRouter(tags=["layers"])
ENDINGS: Final = tuple(ending.removeprefix(".") for ending in FORMATS)
Ending = Literal[ENDINGS]  # type: ignore[valid-type] # the formats there are
_CREATED: Final = 201


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Kept(_Given):
    model: str | None = Field(None, max_length=200)
    year: Year | None = None
    title: str | None = Field(None, max_length=1000)


class KeepSearch(_Kept):
    """A text query whose ranking is kept."""

    kind: Literal["search"]
    query: Words
    minus: Words | None = None
    extent: Extent = Extent.LAND

    def keep(self, store: Store, slug: str) -> LayerSummary:
        """Rank, and keep."""
        asked = (self.query, self.minus, self.model, self.year, self.extent)
        return keep_layer(store, search_cells(store, slug, *asked), self.title)


class KeepSimilar(_Kept):
    """An example whose ranking is kept."""

    kind: Literal["similar"]
    lon: Degrees
    lat: Degrees

    def keep(self, store: Store, slug: str) -> LayerSummary:
        """Rank, and keep."""
        scores = similar_cells(store, slug, self.lon, self.lat, self.model, self.year)
        return keep_layer(store, scores, self.title)


class KeepAnswer(_Kept):
    """A question whose answer is kept."""

    kind: Literal["ask"]
    question: Words
    mode: Literal["all", "add"] = "all"
    extent: Extent = Extent.LAND
    language: Language = SOURCE

    def keep(self, store: Store, slug: str) -> LayerSummary:
        """Answer, and keep."""
        answer = ask(
            store,
            slug,
            self.question,
            mode=self.mode,
            year=self.year,
            model=self.model,
            extent=self.extent,
            language=self.language,
        )
        return keep_answer(store, answer, self.title)


Keep = Annotated[KeepSearch | KeepSimilar | KeepAnswer, Field(discriminator="kind")]


class Title(_Given):
    """Another title."""

    title: str = Field(max_length=1000)


class Download(_Given):
    """Which file of a layer."""

    format: Ending = "geojson"
    field: str | None = Field(
        None, max_length=500, description="Of a GeoTIFF: the one number in it."
    )


@router.get("/cities/{slug}/layers")
def list_all(store: Opened, slug: Slug) -> Response:
    """List a city's kept maps."""
    return Told([layer_document(layer) for layer in list_layers(store, slug)])


@router.post("/cities/{slug}/layers", status_code=201)
def keep(store: Opened, slug: Slug, asked: Keep) -> Response:
    """Keep a search or an answer as a map."""
    check_may(Role.ANALYST, "keep map")
    return Told(layer_document(asked.keep(store, slug)), _CREATED)


@router.get("/cities/{slug}/layers/{layer}")
def show(store: Opened, slug: Slug, layer: Layer) -> Response:
    """Show one map."""
    return Told(layer_document(show_layer(store, slug, layer)))


@router.patch("/cities/{slug}/layers/{layer}")
def rename(store: Opened, slug: Slug, layer: Layer, asked: Title) -> Response:
    """Give a map another title."""
    return Told(layer_document(rename_layer(store, slug, layer, asked.title)))


@router.delete("/cities/{slug}/layers/{layer}")
def remove(store: Opened, slug: Slug, layer: Layer) -> Response:
    """Remove a map."""
    remove_layer(store, slug, layer)
    return Told({"removed": layer})


@router.get(
    "/cities/{slug}/layers/{layer}/file",
    response_class=FileResponse,
)
def download(
    store: Opened, slug: Slug, layer: Layer, asked: Annotated[Download, Query()]
) -> Response:
    """Download a map; a large one is refused: have it made as a job."""
    shown = show_layer(store, slug, layer)
    if takes_long(shown.features, shown.unit):
        raise ConflictError(
            "this file takes long to make",
            f"{shown.features} features",
            f"POST to /cities/{slug}/layers/{layer}/file, and download the job's file",
            code="file-takes-long",
        )
    folder = Path(tempfile.mkdtemp(prefix="aether-api-"))
    try:
        path = folder / f"{layer}.{asked.format}"
        export_layer(store, slug, layer, path, only_field=asked.field)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type=FORMATS[path.suffix].mime,
        filename=path.name,
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


@router.post("/cities/{slug}/layers/{layer}/file", status_code=202)
def make_file(
    store: Opened, slug: Slug, layer: Layer, asked: Download, request: Request
) -> Response:
    """Have a file of a map made."""
    job = start_job(store, LAYER_FILE, slug, LayerFile(layer, f".{asked.format}", asked.field))
    return queued(request, job_document(job))
