"""Jobs that fit on what a user knows of a city and keep the map: one kind a kind of task."""

from typing import Any, Final

from sqlalchemy.orm import Session

from workflows.home.store import Store
from workflows.jobs.job import JobSummary, took
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.tasks.task import TASKS, MapReport, Task

FIT_STAGES: Final = (
    ("reading", 0.08),
    ("overlaying areas", 0.1),
    ("weighting cells", 0.12),
    ("averaging pixels", 0.3),
    ("choosing spatial blocks", 0.35),
    ("comparing on held-out labels", 0.8),
    ("learning curve", 0.85),
    ("comparing with the training data", 0.9),
    ("drawing the map", 0.95),
    ("saving the layer", 1.0),
)


class MapJob(JobKind[Any]):
    """The map of one kind of task, called as its kind is."""

    queue = QUICK
    stages = FIT_STAGES

    def __init__(self, task: Task[Any, Any, Any]) -> None:
        """All that differs is said by the task."""
        self.task = task
        self.name = task.kind.name
        self.noun = task.noun
        self.request = task.request

    def title(self, request: object) -> str:
        """Names the map, or the samples it is made from."""
        return self.task.title(request)

    def work(self, work: Work, request: object) -> None:
        """Fit, predict, keep the layers."""
        read: dict[str, Any] = {}

        def within(session: Session, layers: dict[str, str]) -> None:
            work.finish(session, {**layers, "read": read})

        self.task.make(
            work.store,
            work.job.subject,
            request,
            work.progress,
            within=within,
            on_read=read.update,
        )


def map_job(task: str) -> MapJob:
    """The job that makes the map of a kind of task.

    Raises:
        KeyError: There is no such kind of task: a mistake of the caller.
    """
    return MapJob(TASKS[task])


def map_report(store: Store, job: JobSummary) -> MapReport:
    """What is told of a map that a job has made.

    Raises:
        NotFoundError: The city or a layer has been removed since.
        KeyError: It is no job of a map: a mistake of the caller.
    """
    layers = {name: layer for name, layer in job.result.items() if name != "read"}
    return TASKS[job.kind].report(store, job.city, layers, job.result["read"], took(job))


def map_jobs() -> dict[str, MapJob]:
    """One for each kind of task, by name."""
    return {name: MapJob(task) for name, task in TASKS.items()}
