"""The files jobs make for somebody to take away: found by their job, kept for a while, counted."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from db.jobs import jobs as job_rows
from workflows.home.store import Store
from workflows.jobs.inputs import OUTPUTS, job_folder
from workflows.jobs.job import JobSummary


@dataclass(frozen=True)
class MadeFiles:
    """What lies there to be taken away.

    Attributes:
        files: How many.
        bytes: What they take together.
    """

    files: int
    bytes: int


def output_file(store: Store, job: JobSummary) -> Path:
    """Where the file of a job that is done lies, until the job is removed."""
    return job_folder(store, job.job) / OUTPUTS / str(job.result["file"])


def forget_expired(store: Store) -> list[Path]:
    """Remove the jobs whose result says `kept_until` a time that has passed, with their files.

    A process that dies in between leaves folders without a row, which a sweep removes.

    Returns:
        The folders that were removed.

    Raises:
        StoreUnavailableError: The database cannot be reached.
    """
    with store.session() as session:
        gone = job_rows.remove_expired(session)
    folders = [job_folder(store, number) for number in gone]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return folders


def made_files(store: Store) -> MadeFiles:
    """How much lies there now; what vanishes meanwhile is not counted."""
    sizes = []
    for path in store.settings.jobs.glob(f"*/{OUTPUTS}/*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue
    return MadeFiles(len(sizes), sum(sizes))
