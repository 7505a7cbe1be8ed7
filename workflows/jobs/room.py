"""Room on the disk: a job is not taken while there is less than the settings reserve."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from aether_core.errors import AetherError
from db.cluster.place import known_place
from db.jobs import jobs as job_rows
from db.schema import Job
from workflows.home.free_disk import free_bytes
from workflows.home.settings import Settings
from workflows.home.store import Store

log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0
WAITS: Final = "waits for room"
"""The stage of a job begins so while it is not taken for want of it."""
_MEGABYTE: Final = 1_000_000


def short_of_room(settings: Settings) -> str | None:
    """Which disk has less room than the reserve, in words; None where all have it."""
    folders = [settings.home]
    with suppress(AetherError):
        if settings.database_url is None and (place := known_place(settings.home)) is not None:
            folders.append(place.data)
    return next(
        filter(None, (_short(folder, settings.disk_reserve_mb) for folder in folders)), None
    )


def _short(folder: Path, reserve_mb: int) -> str | None:
    free = free_bytes(folder) // _MEGABYTE
    if free >= reserve_mb:
        return None
    return (
        f"{WAITS} on the disk of {folder}: {free:,} MB are free, {reserve_mb:,} MB stay "
        "reserved (AETHER_DISK_RESERVE_MB)"
    )


def wait_for_room(store: Store, job_id: int, leaving: threading.Event) -> Job | None:
    """Wait until a job may be taken; it stays in its queue meanwhile, and says why.

    Args:
        store: Where the job is.
        job_id: Its number.
        leaving: Set once this worker is to end.

    Returns:
        The job, where it is to be queued again because the worker is leaving.

    Raises:
        StoreUnavailableError: Nothing can be written down; the job goes on when the store is back.
    """
    told = ""
    while (reason := short_of_room(store.settings)) is not None:
        with store.session() as session:
            job = job_rows.note_waiting(session, job_id, reason)
        if job is None:  # cancelled, or gone with its city: whoever takes it finds that out
            return None
        if not told:
            log.warning("job not taken", job=job_id, reason=reason)
        told = reason
        if leaving.wait(LOOK_SECONDS):
            return job
    if told:
        with store.session() as session:
            job_rows.note_waiting(session, job_id, "")
    return None
