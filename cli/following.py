"""How a command waits for a job: progress, Ctrl-C that asks it to stop, and how it ended."""

import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import ConflictError
from cli import output

if TYPE_CHECKING:  # so that other commands do not load what jobs need
    from workflows.home.store import Store
    from workflows.jobs.job import JobSummary

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the job to finish.")]


def followed(store: "Store", job_id: int) -> "JobSummary":
    """Follow a job to its good end.

    Ctrl-C asks it to stop and waits until it has; a second Ctrl-C leaves it at that.

    Raises:
        JobEndedError: It failed.
        CancelledError: Somebody else stopped it.
        KeyboardInterrupt: It was stopped from here.
    """
    from workflows.jobs.job import cancel_job, ended_well, follow_job

    with output.progress() as progress:
        try:
            job = follow_job(store, job_id, progress)
        except KeyboardInterrupt:
            sys.stderr.write(f"stopping job {job_id}; press Ctrl-C again to exit without waiting\n")
            with suppress(ConflictError):  # it ended just now
                cancel_job(store, job_id)
            job = follow_job(store, job_id, progress)
            if job.state.is_cancelled:
                raise
    return ended_well(job)


def taken(store: "Store", job_id: int, target: Path, *, force: bool) -> "JobSummary":
    """Follow a job that makes a file, put the file where the user wants it, and forget the job.

    Raises:
        ConflictError: The file exists by now and `force` is not set.
        InputError: It cannot be written there.
        JobEndedError: The job failed.
    """
    from aether_core.files.whole import atomic_path
    from workflows.jobs.job import remove_job
    from workflows.jobs.outputs import output_file

    job = followed(store, job_id)
    with atomic_path(target, force=force) as temporary:
        shutil.copyfile(output_file(store, job), temporary)
    remove_job(store, job_id)
    return job


def say_queued(job: "JobSummary") -> None:
    """Say that a job waits, for commands that do not."""
    from workflows.jobs.job import job_document

    output.document(job_document(job))
    output.say(f"{job.title} is queued. See: ./aether job show {job.job}")
