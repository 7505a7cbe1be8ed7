"""Studying a recipe: many trainings with one thing changed at a time."""

from dataclasses import dataclass

from workflows.jobs.kind import STUDIES, JobKind
from workflows.jobs.work import Work


@dataclass(frozen=True)
class StudyRun:
    """Which study is carried out.

    Attributes:
        study: Its number; 0 before it has one.
        kind: What it asks.
    """

    study: int
    kind: str = ""


class StudyKind(JobKind[StudyRun]):
    """One study; it goes on after the last figures it kept when its worker dies."""

    name = "study"
    noun = "study"
    queue = STUDIES
    request = StudyRun

    def title(self, request: StudyRun) -> str:
        """Names what is studied."""
        from workflows.evaluation.studies import study_kind

        return f"Study: {study_kind(request.kind).title}"

    def work(self, work: Work, request: StudyRun) -> None:
        """Train and measure each variant."""
        from workflows.evaluation.study_job import run_study_job

        run_study_job(work, request.study)


STUDY = StudyKind()
