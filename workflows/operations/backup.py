"""The verb `backup`: all of a home that cannot be had again, as of one moment, in one file.

The app goes on meanwhile. The moment is a snapshot of the database, which `pg_dump` reads; the
files its rows name get a second name (a hard link) right after it, under which they stay whoever
removes them. Whether none was removed in between is told by the rows: a file is deleted only after
the commit that takes it from them.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from aether_core import VERSION
from aether_core.errors import AetherError, ConflictError, DiskFullError
from aether_core.files.disk import disk_in_words
from aether_core.files.held_folder import hold_folder, is_held_name, remove_left
from aether_core.files.whole import atomic_path, check_target
from aether_core.model.files.card import WEIGHTS_FILE
from aether_core.progress import Progress, silent
from db import dump
from db.cities.folders import FileRows, file_rows
from db.engine import allow_long
from db.schema import City, Deed, JobState
from workflows.accounts.acting import BACK_UP, allow, check_may
from workflows.home.free_disk import free_bytes
from workflows.home.paths import folder_in, in_home, path_in_backup
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.inputs import INPUTS, OUTPUTS
from workflows.operations.archive import DATABASE, FILES, HEAD, BackupWriter, pieces_of
from workflows.operations.interrupting import ending_in_order
from workflows.operations.manifest import (
    FORMAT,
    Head,
    KeptCity,
    KeptFile,
    Manifest,
    told_settings,
)

_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.02
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class BackupSummary:
    """A backup that was written.

    Attributes:
        file: Where it is.
        bytes: How large.
        cities: How many are in it.
        models: The same of models.
        layers: The same of kept layers.
        files: Files of the home.
        missing: Files that rows name and that are not there, so not in the backup either.
        damaged: Files in it that no longer hold what was put into them.
    """

    file: Path
    bytes: int
    cities: int
    models: int
    layers: int
    files: int
    missing: list[str]
    damaged: list[str]
    seconds: float


@dataclass(frozen=True)
class _Wanted:
    """A file that belongs into the backup.

    Attributes:
        path: There, relative to the home.
        source: Where it lies.
        sha256: What it should be; None where nobody knows.
    """

    path: str
    source: Path
    sha256: str | None = None


@dataclass(frozen=True)
class _Held:
    """The same, out of everybody's reach."""

    wanted: _Wanted
    size: int
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class _Moment:
    """The home as it was when the snapshot was taken; the snapshot ends with its transaction."""

    snapshot: str
    facts: dump.ServerFacts
    rows: dict[str, int]
    database_bytes: int
    cities: list[KeptCity]
    held: list[_Held]
    missing: list[str]


def backup(
    store: Store, target: Path, *, force: bool = False, progress: Progress = silent
) -> BackupSummary:
    """Write a backup of a home, whole or not at all, while the app is running.

    Args:
        store: The home.
        target: The file.
        force: Replace a file that is there.

    Raises:
        ConflictError: The file is there, or the home changes all the time.
        InputError: It cannot be written there.
        DiskFullError: There is no room for it.
        StoreUnavailableError: The database is away, or PostgreSQL's client programs are.
    """
    began = time.monotonic()
    check_may(*BACK_UP)
    check_target(target, force=force)
    remove_left(target.absolute().parent)  # what was killed had a name of its own, such as a date
    with ending_in_order(), disk_in_words(store.settings.home):
        with atomic_path(target, force=force) as temporary:
            manifest = _write(store, temporary, progress)
            if Deed.__tablename__ in manifest.rows:  # a store of an older version notes nothing
                with store.session() as session:
                    allow(session, *BACK_UP, target.name)
        return BackupSummary(
            file=target,
            bytes=target.stat().st_size,
            cities=manifest.rows["city"],
            models=manifest.rows["model"],
            layers=manifest.rows["layer"],
            files=len(manifest.files),
            missing=manifest.missing,
            damaged=manifest.damaged,
            seconds=time.monotonic() - began,
        )


def _write(store: Store, path: Path, progress: Progress) -> Manifest:
    settings = store.settings
    with path.open("wb") as file, ExitStack() as stack:
        stack.callback(file.flush)
        writer = BackupWriter(file)
        names = hold_folder(settings.home, "backup")
        stack.callback(names.remove)
        with _moment(store, names.path, stack, progress) as moment:
            _check_room(path.parent, moment)
            head = Head(
                format=FORMAT,
                app=VERSION,
                revision=moment.facts.revision or "",
                created=datetime.now(UTC),
            )
            written_head = writer.add(HEAD, [head.model_dump_json().encode()])
            pieces = dump.dumped(store.url, moment.facts, snapshot=moment.snapshot)
            counted = _counted(pieces, "saving the database", moment.database_bytes, progress)
            database = writer.add(DATABASE, counted)
        files, damaged = _write_files(writer, moment, progress)
        told, hidden = told_settings(settings)
        manifest = Manifest(
            head=head,
            postgresql=moment.facts.postgresql,
            postgis=moment.facts.postgis,
            schema_name=moment.facts.schema,
            database=database,
            files=files,
            rows=moment.rows,
            cities=moment.cities,
            settings=told,
            hidden_settings=hidden,
            missing=moment.missing,
            damaged=damaged,
        )
        writer.close(manifest, written_head)
        return manifest


def _write_files(
    writer: BackupWriter, moment: _Moment, progress: Progress
) -> tuple[list[KeptFile], list[str]]:
    files: list[KeptFile] = []
    damaged: list[str] = []
    total, done = sum(held.size for held in moment.held), 0
    for held in moment.held:
        counted = _counted(held.pieces(), "saving files", total, progress, begin=done)
        content = writer.add(FILES + held.wanted.path, counted)
        done += content.size
        files.append(KeptFile(path=held.wanted.path, size=content.size, sha256=content.sha256))
        if held.wanted.sha256 not in {None, content.sha256}:
            damaged.append(held.wanted.path)
    return files, damaged


def _counted(
    pieces: Iterator[bytes], stage: str, total: int, progress: Progress, *, begin: int = 0
) -> Iterator[bytes]:
    """The pieces, with progress in megabytes."""
    done = begin
    of = max(total // _MEGABYTE, 1)
    for piece in pieces:
        progress(stage, min(done // _MEGABYTE, of), of)
        yield piece
        done += len(piece)


def _check_room(folder: Path, moment: _Moment) -> None:
    """Refuse at once what cannot end well; how small the database gets is not known before."""
    needed, free = sum(held.size for held in moment.held), free_bytes(folder)
    if needed > free:
        raise DiskFullError(
            f"the backup has more than {needed / _MEGABYTE:,.0f} MB, and {folder.parent} has "
            f"{free / _MEGABYTE:,.0f} MB free; make room there, or write it to another disk"
        )


@contextmanager
def _moment(store: Store, names: Path, stack: ExitStack, progress: Progress) -> Iterator[_Moment]:
    """A moment of the home, until the block ends; its files stay until the stack is closed."""
    for attempt in range(_TRIES):
        progress("looking at the home", attempt, _TRIES)
        with ExitStack() as kept, store.session() as session:
            folder = names / str(attempt)
            # Before the snapshot: as after a worker's death, a checkpoint may be older than the
            # rows of its run, never newer.
            checkpoints = [_hold(one, folder, kept) for one in _checkpoints(store.settings)]
            found = None
            if None not in checkpoints:  # else a run has just written the next one
                found = _at_once(store, session, folder, kept, [one for one in checkpoints if one])
            if found is not None:
                stack.push(kept.pop_all())
                yield found
                return
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_PAUSE_SECONDS * attempt)
    raise ConflictError(
        "the home changes all the time",
        store.settings.home,
        "try again in a moment",
        code="home-changes-all-the-time",
    )


def _at_once(
    store: Store, session: Session, folder: Path, kept: ExitStack, checkpoints: list[_Held]
) -> _Moment | None:
    """What the database says, and its files; None where some may have been removed meanwhile."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    allow_long(session)
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    snapshot = str(session.scalar(text("SELECT pg_export_snapshot()")))
    rows = file_rows(session)
    wanted, missing = _wanted(store.settings, rows)
    held = [found for one in wanted if (found := _hold(one, folder, kept))]
    with store.session() as other:
        if not rows.outlived(file_rows(other)):
            return None
    gone = {one.path for one in wanted} - {one.wanted.path for one in held}
    of_runs = {f"runs/{number}" for number in rows.runs}
    held += [one for one in checkpoints if str(PurePosixPath(one.wanted.path).parent) in of_runs]
    return _Moment(
        snapshot=snapshot,
        facts=dump.server_facts(session),
        rows=dump.row_counts(session),
        database_bytes=dump.database_bytes(session),
        cities=[
            KeptCity(slug=slug, name=name)
            for slug, name in session.execute(select(City.slug, City.name).order_by(City.slug))
        ],
        held=held,
        missing=sorted({*missing, *gone}),
    )


def _wanted(settings: Settings, rows: FileRows) -> tuple[list[_Wanted], list[str]]:
    """The files of rows, and the paths of those that are not there."""
    named: dict[str, _Wanted] = {}
    missing: list[str] = []
    weights = {f"{folder}/{WEIGHTS_FILE}": sha256 for folder, sha256 in rows.models.items()}
    for stored, sha256 in {**rows.rasters, **weights}.items():
        source, path = in_home(settings, stored), path_in_backup(stored)
        if path is None or not source.is_file():
            missing.append(stored)
        else:
            named[path] = _Wanted(path, source, sha256)
    folders = {
        *(folder_in(settings.cities, in_home(settings, stored)) for stored in rows.rasters),
    }
    beside = [settings.cities / name for name in folders if name is not None]
    beside += [in_home(settings, folder) for folder in rows.models]
    beside += [settings.jobs / str(number) / _kept_of(state) for number, state in rows.jobs.items()]
    for folder in beside:
        for path, source in _files_below(settings, folder):
            named.setdefault(path, _Wanted(path, source))
    return [named[path] for path in sorted(named)], missing


def _kept_of(state: JobState) -> str:
    """The folder of a job that it still needs: what it reads, or what it has made."""
    return OUTPUTS if state.is_done else INPUTS


def _checkpoints(settings: Settings) -> Iterator[_Wanted]:
    for path, source in _files_below(settings, settings.runs):
        yield _Wanted(path, source)


def _files_below(settings: Settings, folder: Path) -> Iterator[tuple[str, Path]]:
    """The plain files in a folder of the home; not what somebody is still writing."""
    if not folder.is_relative_to(settings.home):
        return
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_held_name(name)]
        for name in names:
            source = Path(place) / name
            if source.is_file() and not source.is_symlink():
                yield source.relative_to(settings.home).as_posix(), source


def _hold(wanted: _Wanted, folder: Path, kept: ExitStack) -> _Held | None:
    """Give a file a name of our own, or where the disk knows no second names keep it open."""
    link = folder / wanted.path
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(wanted.source, link)
    except FileNotFoundError:
        return None
    except OSError:
        return _opened(wanted, kept)
    return _Held(wanted, link.stat().st_size, lambda: pieces_of(link))


def _opened(wanted: _Wanted, kept: ExitStack) -> _Held | None:
    try:
        file = kept.enter_context(wanted.source.open("rb"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AetherError(
            f"{wanted.source} cannot be read: {error.strerror}; give this user access to it",
            code="home-file-not-readable",
        ) from error

    def pieces() -> Iterator[bytes]:
        file.seek(0)
        while piece := file.read(dump.CHUNK_BYTES):
            yield piece

    return _Held(wanted, os.fstat(file.fileno()).st_size, pieces)
