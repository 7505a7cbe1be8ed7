"""Holding a city's text-to-map answers against what is known to be there."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflows.evaluation.retrieval import evaluate_retrieval
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.tasks.labels import LabelRequest


@dataclass(frozen=True)
class RetrievalTest:
    """What is asked, and what is known.

    Attributes:
        queries: The classes that answer each query.
        truth: Labels; only cells that carry one count.
        model: Name of a model; the one in use when None.
        block_m: Side of the blocks that are resampled for intervals; ten windows when None.
        seed: Of the resampling.
        blind: Whether queries are scored by heads that had not seen the tested blocks, too.
    """

    queries: Mapping[str, list[str]]
    truth: LabelRequest
    model: str | None = None
    block_m: float | None = None
    seed: int = 42
    blind: bool = False


class RetrievalKind(JobKind[RetrievalTest]):
    """Figures of queries against truth, kept with the city."""

    name = "retrieval"
    noun = "text-to-map test"
    queue = QUICK
    request = RetrievalTest
    stages = (
        ("reading", 0.2),
        ("running the queries", 0.4),
        ("training without the tested blocks", 1.0),
    )

    def title(self, request: RetrievalTest) -> str:
        """Says how many queries are asked."""
        return f"Test of {len(request.queries)} queries"

    def work(self, work: Work, request: RetrievalTest) -> None:
        """Score each query's map."""

        def within(session: Session, evaluation: int) -> None:
            work.finish(session, {"evaluation": evaluation})

        evaluate_retrieval(
            work.store,
            work.job.subject,
            request.queries,
            request.truth,
            model=request.model,
            block_m=request.block_m,
            seed=request.seed,
            blind=request.blind,
            progress=work.progress,
            within=within,
        )


RETRIEVAL = RetrievalKind()
