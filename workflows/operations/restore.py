"""The verb `restore`: what `backup` wrote, into a home that has no city.

Nothing is touched before the whole file was read and its checksums hold. Files are unpacked beside
their places; the database comes back in one transaction, which counts its rows before it ends.
Whatever ends a restore before that leaves a home without a city, as it was.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from sqlalchemy import Engine, text

from aether_core.errors import ConflictError, DiskFullError, InputError
from aether_core.files.disk import disk_in_words
from aether_core.files.held_folder import hold_folder, remove_left
from aether_core.files.whole import synchronise
from aether_core.progress import Progress, silent
from db import dump
from db.accounts import accounts as account_rows
from db.cities import cities as city_rows
from db.cities.folders import HOLD_OFF_SWEEP
from db.engine import open_engine, session_scope
from db.jobs import jobs as job_rows
from db.jobs import workers as worker_rows
from db.migrate import downgrade, known_revisions, migrate, require_postgis
from db.schema import UNFINISHED
from workflows.accounts.acting import RESTORE, allow
from workflows.home.free_disk import free_bytes
from workflows.home.settings import Settings
from workflows.home.store import Store, database_url
from workflows.jobs.half_restored import noted, remove_half_restored
from workflows.jobs.kind import LANES
from workflows.jobs.queue import STALLED_SECONDS
from workflows.operations.archive import (
    DATABASE,
    FILES,
    BackupReader,
    newer,
    opened_backup,
)
from workflows.operations.interrupting import ending_in_order
from workflows.operations.manifest import Manifest, told_settings
from workflows.up.record import only_one
from workflows.up.services import left_over

_MEGABYTE: Final = 1_000_000
_SCRATCH: Final = "restore"
_ELSEWHERE: Final = (
    "set AETHER_HOME to an empty folder, or AETHER_DATABASE_URL to an empty database"
)
_STOP_RUNNING: Final = (
    # What was at work then is at work nowhere now; it goes on when somebody wants it to.
    "UPDATE job SET state = 'cancelled', stage = 'stopped: restored from a backup', "
    "seconds_left = NULL, heartbeat = NULL, cancel_requested = false, finished_at = now() "
    "WHERE state = 'running'"
)


@dataclass(frozen=True)
class RestoreSummary:
    """A home that was restored.

    Attributes:
        file: The backup.
        created: When it was written.
        home: Where its files are now.
        cities: Short names of the cities.
        models: How many models.
        layers: How many kept layers.
        files: Files of the home.
        stopped: Numbers of the jobs that were at work then; they can be resumed.
        settings: What was set where it was written and is not so here.
        missing: Files that were not there then.
        damaged: Files that were damaged then.
    """

    file: Path
    created: datetime
    home: Path
    cities: list[str]
    models: int
    layers: int
    files: int
    stopped: list[int]
    settings: dict[str, str]
    missing: list[str]
    damaged: list[str]
    seconds: float


def restore(settings: Settings, file: Path, progress: Progress = silent) -> RestoreSummary:
    """Bring a backup back into a home without a city.

    Args:
        settings: Of the home, or of the database, to be filled.
        file: The backup.

    Raises:
        InputError: It is no backup, cut, damaged, or of a newer version.
        ConflictError: The home has cities, or something runs in it.
        DiskFullError: There is no room for it.
        StoreUnavailableError: The database does not answer, or PostgreSQL's client programs are
            missing.
    """
    began = time.monotonic()
    with ending_in_order(), opened_backup(file) as backup:
        _check_version(file, backup.manifest)
        _check_content(backup, progress)
        with disk_in_words(settings.home), only_one(settings):
            stopped = _fill(settings, file, backup, progress)
    manifest = backup.manifest
    here, _ = told_settings(settings)
    return RestoreSummary(
        file=file,
        created=manifest.head.created,
        home=settings.home,
        cities=[city.slug for city in manifest.cities],
        models=manifest.rows["model"],
        layers=manifest.rows["layer"],
        files=len(manifest.files),
        stopped=stopped,
        settings={
            name: value for name, value in manifest.settings.items() if here.get(name) != value
        },
        missing=manifest.missing,
        damaged=manifest.damaged,
        seconds=time.monotonic() - began,
    )


def _check_version(file: Path, manifest: Manifest) -> None:
    if manifest.head.revision not in known_revisions():
        raise newer(file, manifest.head)


def _check_content(backup: BackupReader, progress: Progress) -> None:
    """Read all of it."""
    total = _bytes_of(backup.manifest)
    done = 0
    for name in _entries(backup.manifest):
        for piece in backup.pieces(name):
            progress("checking the backup", done // _MEGABYTE, max(total // _MEGABYTE, 1))
            done += len(piece)


def _entries(manifest: Manifest) -> list[str]:
    return [DATABASE, *(FILES + kept.path for kept in manifest.files)]


def _bytes_of(manifest: Manifest) -> int:
    return manifest.database.size + sum(kept.size for kept in manifest.files)


def _fill(settings: Settings, file: Path, backup: BackupReader, progress: Progress) -> list[int]:
    """Fill the home; returns the jobs that were stopped."""
    if left := left_over(settings):
        raise ConflictError(
            "processes of this home are still running",
            ", ".join(str(process.pid) for process in left),
            "end them with ./aether down",
            code="home-has-processes",
        )
    progress("looking at the home", 0, 1)
    url = database_url(settings)
    engine = open_engine(url, statement_timeout_s=0, application_name="aether restore")
    try:
        _check_empty(url, engine)
        store = Store(settings, url, engine)
        remove_half_restored(store, wait=True)
        folders = _folders(backup.manifest)
        _check_room(settings, backup.manifest, folders)
        facts = _checked_facts(engine, backup.manifest)
        remove_left(settings.home, _SCRATCH)
        with ExitStack() as stack:
            scratch = hold_folder(settings.home, _SCRATCH)
            stack.callback(scratch.remove)
            _unpack(backup, scratch.path, progress)
            downgrade(url, "base")
            dump.drop_tables(engine)
            stack.enter_context(noted(store, folders))
            _place(settings, scratch.path, folders)
            dump.restored(
                url,
                facts,
                lambda: _told(backup, progress),
                first=[HOLD_OFF_SWEEP, "CREATE EXTENSION IF NOT EXISTS postgis"],
                last=[dump.is_counted(backup.manifest.rows), _STOP_RUNNING],
            )
        progress("bringing the database up to date", 0, 1)
        migrate(url)
        with session_scope(engine) as session:
            allow(session, *RESTORE, file.name)
        return _stopped(engine, backup.manifest.head.created)
    finally:
        engine.dispose()


def _check_empty(url: str, engine: Engine) -> None:
    """See that nothing is lost: tables without a city are dropped.

    Raises:
        ConflictError: There is a city, a job that is not over, or a worker.
    """
    with session_scope(engine) as session:
        if dump.applied_revision(session) is None:
            require_postgis(session.connection())
            return
    migrate(url)
    with session_scope(engine) as session:
        cities = [city.slug for city in city_rows.list_cities(session)]
        jobs = [str(job.id) for job in job_rows.list_jobs(session, states=UNFINISHED)]
        accounts = [account.name for account in account_rows.list_accounts(session)]
        queues = [queue for queues in LANES.values() for queue in queues]
        at_work = [one for one in queues if worker_rows.any_alive(session, one, STALLED_SECONDS)]
    if cities:
        raise ConflictError(
            "there are cities already, and a backup is restored where there are none",
            ", ".join(cities),
            _ELSEWHERE,
            code="home-not-empty",
        )
    if jobs:
        raise ConflictError(
            "jobs are not done",
            ", ".join(jobs),
            f"cancel them with ./aether job cancel, or {_ELSEWHERE}",
            code="home-has-jobs",
        )
    if accounts:
        raise ConflictError(
            "there are accounts already, and those of the backup would take their place",
            ", ".join(accounts),
            f"remove them with ./aether user remove, or {_ELSEWHERE}",
            code="home-has-accounts",
        )
    if at_work:
        raise ConflictError(
            "workers are at work on this database",
            ", ".join(at_work),
            f"stop them first, or {_ELSEWHERE}",
            code="home-has-workers",
        )


def _folders(manifest: Manifest) -> list[str]:
    """The folders of the home that files of the backup lie in, two names deep."""
    return sorted({"/".join(PurePosixPath(kept.path).parts[:2]) for kept in manifest.files})


def _check_room(settings: Settings, manifest: Manifest, folders: Sequence[str]) -> None:
    for folder in folders:
        if (settings.home / folder).exists():
            raise ConflictError(
                "a folder of the backup is in the home already",
                settings.home / folder,
                "move it away, or set AETHER_HOME to an empty folder",
                code="home-folder-in-the-way",
            )
    needed, free = _bytes_of(manifest), free_bytes(settings.home)
    if needed > free:
        raise DiskFullError(
            f"the backup needs more than {needed / _MEGABYTE:,.0f} MB, and {settings.home} has "
            f"{free / _MEGABYTE:,.0f} MB free; make room there, or set AETHER_HOME to a folder on "
            "another disk"
        )


def _checked_facts(engine: Engine, manifest: Manifest) -> dump.ServerFacts:
    """The server's, if it can take the backup."""
    with session_scope(engine) as session:
        facts = dump.server_facts(session)
    dump.check_programs(facts)
    if manifest.major > facts.major:
        raise InputError(
            "the backup was written from a newer PostgreSQL than this one",
            f"{manifest.postgresql}, this is {facts.postgresql}",
            f"restore it on PostgreSQL {manifest.major} or newer",
            code="backup-of-newer-postgresql",
        )
    if manifest.schema_name != facts.schema:
        raise InputError(
            "the backup's tables belong into another schema",
            f"{manifest.schema_name}, this database uses {facts.schema}",
            "set the search_path of the database's user to that schema",
            code="backup-of-another-schema",
        )
    return facts


def _unpack(backup: BackupReader, folder: Path, progress: Progress) -> None:
    total = max(sum(kept.size for kept in backup.manifest.files) // _MEGABYTE, 1)
    done = 0
    for kept in backup.manifest.files:
        target = folder / kept.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for piece in backup.pieces(FILES + kept.path):
                progress("unpacking files", done // _MEGABYTE, total)
                file.write(piece)
                done += len(piece)
        synchronise(target)


def _place(settings: Settings, scratch: Path, folders: Sequence[str]) -> None:
    for folder in folders:
        target = settings.home / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        (scratch / folder).rename(target)
        synchronise(target.parent)


def _told(backup: BackupReader, progress: Progress) -> Iterator[bytes]:
    of, done = max(backup.manifest.database.size // _MEGABYTE, 1), 0
    for piece in backup.pieces(DATABASE):
        progress("restoring the database", done // _MEGABYTE, of)
        yield piece
        done += len(piece)


def _stopped(engine: Engine, created: datetime) -> list[int]:
    """The jobs that were at work when the backup was written."""
    asked = text(
        "SELECT id FROM job WHERE state = 'cancelled' AND finished_at > :created "
        "AND stage LIKE 'stopped: restored%' ORDER BY id"
    )
    with session_scope(engine) as session:
        return list(session.scalars(asked, {"created": created}))
