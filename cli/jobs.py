"""`job list`, `show`, `cancel`, `resume`, `remove`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.following import Wait, followed, say_queued

if TYPE_CHECKING:  # so that other commands do not load what jobs need
    from workflows.jobs.job import JobSummary

JobId = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]
_LISTED = 30


def list_all(
    slug: Annotated[str | None, typer.Argument(help="Only of this city.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Not just the newest {_LISTED}.")
    ] = False,
) -> None:
    """List what runs, what waits and what has ended, newest first."""
    from workflows.cities.cities import show_city
    from workflows.home.store import open_store
    from workflows.jobs.job import job_document, list_jobs

    store = open_store()
    found = list_jobs(store, slug, limit=None if everything else _LISTED)
    if slug is not None and not found:
        show_city(store, slug)  # says so where there is no such city
    output.document([job_document(job) for job in found])
    if not found:
        output.say("No jobs yet.")
        return
    output.table(
        ["job", "city", "what", "state", "done", "stage or error", "created"],
        [
            (
                job.job,
                job.city,
                job.title,
                _state(job),
                f"{job.progress:.0%}",
                job.error or job.stage,
                job.created,
            )
            for job in found
        ],
    )


def show(job_id: JobId) -> None:
    """Show one job."""
    from workflows.home.store import open_store
    from workflows.jobs.job import job_document, show_job

    job = show_job(open_store(), job_id)
    output.document(job_document(job))
    _say(job)


def cancel(job_id: JobId) -> None:
    """Stop a job; what was stored before stays."""
    from workflows.home.store import open_store
    from workflows.jobs.job import cancel_job, job_document

    job = cancel_job(open_store(), job_id)
    output.document(job_document(job))
    output.say(
        f"Job {job.job} is {job.state}." if job.is_finished else f"Job {job.job} is stopping."
    )


def resume(job_id: JobId, wait: Wait = True) -> None:
    """Let a job go on that failed, was stopped, or was left by a worker that died."""
    from workflows.home.store import open_store
    from workflows.jobs.job import job_document, resume_job

    store = open_store()
    job = resume_job(store, job_id)
    if not wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    output.document(job_document(job))
    _say(job)


def remove(job_id: JobId) -> None:
    """Forget a finished job; what it made stays."""
    from workflows.home.store import open_store
    from workflows.jobs.job import remove_job

    remove_job(open_store(), job_id)
    output.document({"removed": job_id})
    output.say(f"Job {job_id} is deleted.")


def _state(job: "JobSummary") -> str:
    if job.is_left:
        return "abandoned by its worker"
    return "stopping" if job.stopping else job.state


def _say(job: "JobSummary") -> None:
    output.say(f"job {job.job}, {job.city}: {job.title}, {_state(job)}")
    if job.error:
        output.say(job.error)
    if not job.is_finished:
        left = f", about {job.seconds_left:.0f} s left" if job.seconds_left is not None else ""
        output.say(f"{job.stage or 'waiting'}, {job.progress:.0%}{left}")
    elif not job.state.is_done:
        output.say(f"Resume it with: ./aether job resume {job.job}")
    for name, value in job.result.items():
        output.say(f"{name}: {value}")
