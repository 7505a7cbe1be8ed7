"""What takes time: `/jobs`, and what came of it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, Response

from aether_core.errors import ConflictError, NotFoundError
from api.answers import Number, Opened, Told
from workflows.cities.cities import city_document, show_city
from workflows.home.store import Store
from workflows.jobs.job import (
    JobSummary,
    cancel_job,
    job_document,
    list_jobs,
    remove_job,
    resume_job,
    show_job,
)
from workflows.jobs.outputs import output_file
from workflows.tasks.job_kinds import map_jobs, map_report

router = APIRouter(tags=["jobs"])


class Listed(BaseModel):
    """Which jobs."""

    model_config = ConfigDict(extra="forbid")

    city: str | None = Field(None, max_length=200, description="Only of this city.")
    limit: int = Field(30, ge=1, le=1000, description="The newest so many.")


@router.get("/jobs")
def list_all(store: Opened, asked: Annotated[Listed, Query()]) -> Response:
    """List jobs, newest first."""
    found = list_jobs(store, asked.city, limit=asked.limit)
    if asked.city is not None and not found:
        show_city(store, asked.city)  # says so where there is no such city
    return Told([job_document(job) for job in found])


@router.get("/jobs/{job}")
def show(store: Opened, job: Number) -> Response:
    """Show one job."""
    return Told(job_document(show_job(store, job)))


@router.post("/jobs/{job}/cancel")
def cancel(store: Opened, job: Number) -> Response:
    """Ask a job to stop."""
    return Told(job_document(cancel_job(store, job)))


@router.post("/jobs/{job}/resume", status_code=202)
def resume(store: Opened, job: Number) -> Response:
    """Let a job go on."""
    return Told(job_document(resume_job(store, job)), 202)


@router.delete("/jobs/{job}")
def remove(store: Opened, job: Number) -> Response:
    """Forget a finished job; what it made stays."""
    remove_job(store, job)
    return Told({"removed": job})


@router.get("/jobs/{job}/result")
def result(store: Opened, job: Number) -> Response:
    """What a command that waited for the job would print."""
    done = _done(store, job)
    tell = _RESULTS.get(done.kind, _as_it_is)
    return Told(tell(store, done))


@router.get("/jobs/{job}/file", response_class=FileResponse)
def file(store: Opened, job: Number) -> Response:
    """Download the file a job has made."""
    done = _done(store, job)
    path = output_file(store, done) if "file" in done.result else None
    if path is None or not path.is_file():
        raise NotFoundError(
            "this job has no file, or it is no longer kept",
            job,
            "have it made again",
            code="job-without-file",
        )
    return FileResponse(path, filename=path.name)


def _done(store: Store, number: int) -> JobSummary:
    """The job, once it is done."""
    job = show_job(store, number)
    if not job.state.is_done:
        raise ConflictError(
            "the job is not done",
            f"{number} is {job.state}",
            f"look at /jobs/{number} until it is",
            code="job-not-done",
        )
    return job


def _as_it_is(_store: Store, job: JobSummary) -> dict[str, Any]:
    return job.result


def _city(store: Store, job: JobSummary) -> dict[str, Any]:
    return {**city_document(show_city(store, job.city)), "read": job.result["read"]}


def _map(store: Store, job: JobSummary) -> dict[str, Any]:
    return map_report(store, job).document


_RESULTS: Final[Mapping[str, Callable[[Store, JobSummary], dict[str, Any]]]] = {
    "add-city": _city,
    **dict.fromkeys(map_jobs(), _map),
}
"""By kind of job; others tell what they have noted."""
