"""Keeping where a city has moved towards a query as a layer."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.layers.keep_change import keep_change
from workflows.search.change import change_cells


@dataclass(frozen=True)
class ChangeLayer:
    """Which change is kept.

    Attributes:
        query: What is looked for.
        year_from: The year that is compared with.
        year_to: The year whose scores count as gain.
        minus: What is looked away from.
        model: Name of a model; the one in use when None.
        title: What the layer is called; query and years when None.
    """

    query: str
    year_from: int
    year_to: int
    minus: str | None = None
    model: str | None = None
    title: str | None = None


class ChangeKind(JobKind[ChangeLayer]):
    """A layer of change between two years."""

    name = "change"
    noun = "change layer"
    queue = QUICK
    request = ChangeLayer
    stages = (("scoring both years", 0.7), ("saving the layer", 1.0))

    def title(self, request: ChangeLayer) -> str:
        """Names query and years, as the layer does."""
        return request.title or f"{request.query}, {request.year_from} to {request.year_to}"

    def work(self, work: Work, request: ChangeLayer) -> None:
        """Score both years, and keep the difference."""

        def within(session: Session, layer: str) -> None:
            work.finish(session, {"layer": layer})

        work.progress("scoring both years", 0, 1)
        found = change_cells(
            work.store,
            work.job.subject,
            request.query,
            request.year_from,
            request.year_to,
            request.minus,
            request.model,
        )
        work.progress("saving the layer", 0, 1)
        keep_change(work.store, found, request.title, within=within)


CHANGE = ChangeKind()
