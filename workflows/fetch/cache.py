"""What was downloaded from public servers and is kept for the next city."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import ConflictError
from db.jobs import jobs as job_rows
from db.schema import UNFINISHED
from workflows.accounts.acting import CLEAR_CACHE, allow
from workflows.fetch.job_kind import FETCH
from workflows.fetch.progress import MEGABYTE
from workflows.home.store import Store
from workflows.jobs.outputs import made_files


@dataclass(frozen=True)
class CacheSummary:
    """The public cache; megabytes are 10^6 bytes.

    Attributes:
        folder: Where it lies.
        parts: Megabytes by source.
        fetches_megabytes: Files of fetches that are not done, which are no cache.
        made_files: Reports and exports that jobs made and that wait to be taken away, no cache
            either.
        made_megabytes: What these take.
    """

    folder: Path
    megabytes: float
    parts: dict[str, float]
    fetches_megabytes: float
    made_files: int
    made_megabytes: float


def show_cache(store: Store) -> CacheSummary:
    """How much is kept, by source."""
    folder = store.settings.public_cache
    children = sorted(folder.iterdir()) if folder.is_dir() else []
    parts = {child.name: _megabytes(child) for child in children}
    made = made_files(store)
    return CacheSummary(
        folder=folder,
        megabytes=sum(parts.values()),
        parts=parts,
        fetches_megabytes=_megabytes(store.settings.fetches),
        made_files=made.files,
        made_megabytes=made.bytes / MEGABYTE,
    )


def clear_cache(store: Store) -> CacheSummary:
    """Delete all that is kept; cities stay, the next one downloads anew.

    Returns:
        What was there.

    Raises:
        ConflictError: A fetch is queued or running.
    """
    with store.session() as session:
        at_work = job_rows.list_jobs(session, kinds=(FETCH.name,), states=UNFINISHED)
        allow(session, *CLEAR_CACHE)
    if at_work:
        raise ConflictError(
            "the cache is in use",
            f"{', '.join(f'{job.title} (job {job.id})' for job in at_work)} is not done",
            "wait for it, or cancel it first",
            code="cache-busy",
        )
    there = show_cache(store)
    shutil.rmtree(store.settings.public_cache, ignore_errors=True)
    return there


def _megabytes(path: Path) -> float:
    """Size on the disk, in which files with holes count what they hold."""
    if not path.exists():
        return 0.0
    files = [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
    return sum(512 * file.stat().st_blocks for file in files) / MEGABYTE
