"""Models and the runs that train them: `/cities/{slug}/models`, `/cities/{slug}/runs`, `/runs`."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.answers import Number, Opened, Slug, Told, queued
from workflows.accounts.acting import Role, check_may
from workflows.training.models import ModelSummary, list_models, model_document, use_model
from workflows.training.resume import resume_run
from workflows.training.runs import cancel_run, list_runs, run_document, show_run
from workflows.training.train import start_training

router = APIRouter(tags=["models"])


class Train(BaseModel):
    """How a model is trained."""

    model_config = ConfigDict(extra="forbid")

    recipe: str = Field("aether", max_length=100)
    settings: dict[str, str] = Field(default_factory=dict, max_length=100)
    seed: int = Field(42, ge=0, le=2**31 - 1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    encoder: str | None = Field(None, max_length=200)


def _told(model: ModelSummary) -> dict[str, Any]:
    """A model without the folder of the server it lies in."""
    facts = model_document(model)
    del facts["folder"]
    return facts


@router.get("/cities/{slug}/models")
def list_all(store: Opened, slug: Slug) -> Response:
    """List a city's models."""
    return Told([_told(model) for model in list_models(store, slug)])


@router.post("/cities/{slug}/models/{model}/use")
def use(store: Opened, slug: Slug, model: str) -> Response:
    """Let searches use this model."""
    return Told(_told(use_model(store, slug, model)))


@router.get("/cities/{slug}/runs")
def runs(store: Opened, slug: Slug) -> Response:
    """List a city's training runs."""
    return Told([run_document(run) for run in list_runs(store, slug)])


@router.post("/cities/{slug}/runs", status_code=202)
def train(store: Opened, slug: Slug, asked: Train, request: Request) -> Response:
    """Train a city's model."""
    run = start_training(
        store, slug, asked.recipe, asked.settings, asked.seed, asked.device, asked.encoder
    )
    return queued(request, run_document(run), "runs")


@router.get("/runs/{run}")
def show(store: Opened, run: Number) -> Response:
    """Show one run."""
    return Told(run_document(show_run(store, run)))


@router.post("/runs/{run}/cancel")
def cancel(store: Opened, run: Number) -> Response:
    """Stop a run."""
    check_may(Role.ANALYST, "cancel training")
    return Told(run_document(cancel_run(store, run)))


@router.post("/runs/{run}/resume", status_code=202)
def resume(store: Opened, run: Number) -> Response:
    """Let a run go on from its last epoch."""
    check_may(Role.ANALYST, "resume training")
    return Told(run_document(resume_run(store, run)), 202)
