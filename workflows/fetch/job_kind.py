"""Fetching a city from public data."""

from dataclasses import dataclass
from typing import Final

from db.schema import Job
from workflows.home.store import Store
from workflows.jobs.kind import FETCHING, JobKind
from workflows.jobs.work import Work

_ONE_AT_A_TIME: Final = "fetch"


@dataclass(frozen=True)
class FetchRun:
    """Which fetch is carried out.

    Attributes:
        fetch: Its number; 0 before it has one.
        name: The city's.
    """

    fetch: int
    name: str = ""


class FetchKind(JobKind[FetchRun]):
    """One fetch; what it has downloaded outlives its worker."""

    name = "fetch"
    noun = "fetch"
    queue = FETCHING
    request = FetchRun

    def title(self, request: FetchRun) -> str:
        """Names the city."""
        return f"Fetch {request.name}"

    def claim(self, subject: str, request: FetchRun) -> str:
        """One city of a short name comes at a time, from files or from public data."""
        del request
        return f"city:{subject}"

    def lock(self, city_id: int | None) -> str:
        """One city is fetched at a time, whatever the number of workers: servers are shared."""
        del city_id
        return _ONE_AT_A_TIME

    def work(self, work: Work, request: FetchRun) -> None:
        """Download, and make the city."""
        from workflows.fetch.job import run_fetch_job

        run_fetch_job(work, request.fetch)

    def abandon(self, store: Store, job: Job) -> None:
        """Leave no city behind that lacks some of its years."""
        from workflows.fetch.job import abandon_fetch

        abandon_fetch(store, self.from_document(job.request).fetch)

    def check_resume(self, store: Store, job: Job) -> None:
        """Refuse a fetch whose city's short name is taken by now."""
        from workflows.fetch.fetch import check_fetch_resumes

        check_fetch_resumes(store, self.from_document(job.request).fetch)


FETCH = FetchKind()
