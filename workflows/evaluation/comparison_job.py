"""Comparing representations on the same folds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from workflows.evaluation.compare import check_representations, evaluate_task
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.tasks.job_kinds import FIT_STAGES
from workflows.tasks.land_use import KIND as LAND_USE_KIND
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.socioeconomic import KIND as SOCIOECONOMIC_KIND
from workflows.tasks.socioeconomic import SocioeconomicRequest


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        task: Labels or areas, and how they are fitted.
        representations: Names, at least one.
        with_curve: Whether the score by number of labels is drawn, too.
    """

    task: LandUseRequest | SocioeconomicRequest
    representations: tuple[str, ...]
    with_curve: bool = False

    def __post_init__(self) -> None:
        check_representations(self.representations)


def task_compared(document: Mapping[str, Any]) -> str:
    """The task a comparison's document is of, as evaluations name it."""
    return LAND_USE_KIND if "labels" in document["task"] else SOCIOECONOMIC_KIND


class CompareKind(JobKind[Comparison]):
    """A comparison, kept with the city."""

    name = "compare"
    noun = "comparison of representations"
    queue = QUICK
    request = Comparison
    stages = (
        *FIT_STAGES[:5],
        ("comparing on held-out labels", 0.9),
        ("drawing the learning curve", 1.0),
    )

    def title(self, request: Comparison) -> str:
        """Names what it is compared on."""
        task = request.task
        file = task.labels.file if isinstance(task, LandUseRequest) else task.areas.file
        return f"Comparison on {file.name if file else 'OpenStreetMap'}"

    def work(self, work: Work, request: Comparison) -> None:
        """Test every representation on the same folds."""

        def within(session: Session, evaluation: int) -> None:
            work.finish(session, {"evaluation": evaluation})

        evaluate_task(
            work.store,
            work.job.subject,
            request.task,
            request.representations,
            work.progress,
            with_curve=request.with_curve,
            within=within,
        )


COMPARE = CompareKind()
