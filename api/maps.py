"""Maps that are made as jobs: `/cities/{slug}/landuse` and the other tasks, and kept changes."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import Opened, Slug
from api.requests import Verb, started
from workflows.layers.job_kind import CHANGE
from workflows.tasks.job_kinds import map_jobs

VERBS: Final[Mapping[str, Verb]] = {
    "changes": Verb(CHANGE, "Keep where a city has moved towards a query as a layer"),
    **{
        job.task.kind.command or name: Verb(job, job.task.kind.about)
        for name, job in map_jobs().items()
    },
}
"""By the last part of their address: every kind of task is there by itself."""
router = APIRouter(tags=["maps"])


def _offer(path: str, verb: Verb) -> None:
    @router.post(
        f"/cities/{{slug}}/{path}",
        name=path,
        summary=verb.about.rstrip("."),
        status_code=202,
        openapi_extra={"requestBody": verb.body()},
    )
    async def make(store: Opened, slug: Slug, request: Request) -> Response:
        return await started(verb, store, slug, request)


for _path, _verb in VERBS.items():
    _offer(_path, _verb)
