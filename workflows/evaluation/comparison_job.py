"""Comparing representations on the same folds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy.orm import Session

from workflows.evaluation.compare import check_representations, evaluate_task
from workflows.home.documents import from_document, to_document
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.tasks.job_kinds import FIT_STAGES
from workflows.tasks.task import TASKS, task_of


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        task: The request of a kind of task: labels or areas, and how they are fitted.
        representations: Names, at least one.
        with_curve: Whether the score by number of labels is drawn, too.
        blind: Whether heads are trained anew for each fold without the places of its blocks, too.
    """

    task: Any
    representations: tuple[str, ...]
    with_curve: bool = False
    blind: bool = False

    def __post_init__(self) -> None:
        check_representations(self.representations)


def task_compared(document: Mapping[str, Any]) -> str:
    """The kind of task a comparison's document is of, as evaluations name it."""
    if "kind" in document:
        return str(document["kind"])
    # Before it was written down there were two kinds, whose requests have different fields.
    return next(
        name
        for name, task in TASKS.items()
        if set(document["task"]) <= {field.name for field in fields(task.request)}
    )


class CompareKind(JobKind[Comparison]):
    """A comparison, kept with the city."""

    name = "compare"
    noun = "comparison of representations"
    queue = QUICK
    request = Comparison
    stages = (
        *FIT_STAGES[:5],
        ("training without the tested blocks", 0.7),
        ("comparing on held-out labels", 0.9),
        ("drawing the learning curve", 1.0),
    )

    def title(self, request: Comparison) -> str:
        """Names what it is compared on."""
        return f"Comparison on {task_of(request.task).source(request.task)}"

    def to_document(self, request: Comparison) -> dict[str, Any]:
        """The request as plain JSON values, with the kind of task that it is of."""
        return {
            "kind": task_of(request.task).kind.name,
            "task": to_document(request.task),
            "representations": list(request.representations),
            "with_curve": request.with_curve,
            "blind": request.blind,
        }

    def from_document(self, document: Mapping[str, Any]) -> Comparison:
        """The request that `to_document` wrote down.

        Raises:
            UnreadableDocumentError: It is not one.
        """
        task = from_document(TASKS[task_compared(document)].request, document["task"])
        return from_document(Comparison, {**document, "task": task})

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
            blind=request.blind,
            within=within,
        )


COMPARE = CompareKind()
