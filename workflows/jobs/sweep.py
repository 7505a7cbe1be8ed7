"""Removes what killed processes left in the home: scratch, and folders that belong to no row.

The maps' data that nobody has looked at for longest go, too, where they have become many.

What is at work is never touched. Scratch folders are locked by whoever fills them; a folder gets
its place in the transaction that commits its row, which keeps sweeps away until it ends. Nor is
anything touched that may belong to another database which uses the same home, or used it once:
folders are removed only if this one gave them their name or number.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from aether_core.files.held_folder import hold_folder, is_held_name, remove_left
from aether_core.files.whole import sha256_of
from aether_core.reading import remove_left_readings
from db.cities import folders as folder_rows
from db.cities.folders import OwnedFolders
from db.evidence import models as model_rows
from workflows.home import served_files
from workflows.home.owned_folders import is_named_by
from workflows.home.paths import folder_in, in_home
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.half_restored import remove_half_restored
from workflows.jobs.inputs import INPUTS

log = structlog.get_logger()

_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did.

    Attributes:
        removed: Scratch, and folders without a row.
        left: Folders without a row here that another database may own.
        done: False when somebody was just storing something, so that only scratch was removed.
    """

    removed: list[Path]
    left: list[Path]
    done: bool


def sweep(store: Store) -> SweepResult:
    """Remove what killed processes left in the home.

    Any number of processes may call this at any time, while others work.

    Raises:
        StoreUnavailableError: The database cannot be reached.
    """
    settings = store.settings
    removed = [path for folder in _scratch_places(settings) for path in remove_left(folder)]
    removed += _old_caches(settings) + remove_half_restored(store)
    served_files.forget_unused(settings)
    for folder in remove_left_readings():  # beside the home: of any home of this user
        log.info("left by a reading that was killed, removed", path=str(folder))
    with store.session() as session:
        if not folder_rows.may_sweep(session):
            return SweepResult(removed, [], done=False)
        # Listed before the rows are asked for: a run or fetch that is added now has its row first.
        folders = [(folder, root) for root in _roots(settings) for folder in _folders_in(root)]
        owned = folder_rows.owned_folders(session)
        database = folder_rows.database_identity(session)
    rows = _of_rows(settings, owned)
    ownerless = [(folder, root) for folder, root in folders if folder not in rows]
    ours = [one for one, root in ownerless if _is_ours(settings, owned, database, one, root)]
    ours += _inputs_of_done_jobs(settings, owned)
    for folder in ours:
        _remove(folder)
    for folder in removed + ours:
        log.info("left by a process that was killed, removed", path=str(folder))
    left = [folder for folder, _ in ownerless if folder not in ours]
    for folder in left:
        log.info("left, since another database may own it", path=str(folder))
    _note_checksums(store)
    return SweepResult(removed + ours, left, done=True)


def ownerless(store: Store, session: Session) -> list[Path]:
    """The folders of the home that belong to no row now; none is touched."""
    settings = store.settings
    folders = [folder for root in _roots(settings) for folder in _folders_in(root)]
    rows = _of_rows(settings, folder_rows.owned_folders(session))
    return [folder for folder in folders if folder not in rows]


def _scratch_places(settings: Settings) -> Iterator[Path]:
    """The folders of the home in which files and folders are written whole or not at all."""
    yield settings.home
    for root in (settings.cities, settings.models):
        yield root
    for root in (
        settings.cache,
        settings.runs,
        settings.fetches,
        settings.jobs,
        settings.home / "uploads",
    ):
        # What vanishes meanwhile is passed over: others are at work here.
        yield from (Path(folder) for folder, _, _ in os.walk(root))


def _roots(settings: Settings) -> tuple[Path, ...]:
    """The folders whose folders are to belong to rows."""
    return (
        settings.cities,
        settings.models,
        settings.vectors,
        settings.jobs,
        settings.runs,
        settings.fetches,
    )


def _folders_in(root: Path) -> list[Path]:
    return [
        child
        for child in _children(root)
        if child.is_dir() and not child.is_symlink() and not is_held_name(child.name)
    ]


def _of_rows(settings: Settings, owned: OwnedFolders) -> set[Path]:
    """The folders that belong to rows."""
    models = [in_home(settings, path) for path in owned.models]
    files = [in_home(settings, path) for path in owned.rasters]
    return {
        *(settings.cities / name for file in files if (name := folder_in(settings.cities, file))),
        *models,
        *(settings.vectors / folder.name for folder in models),
        *(settings.jobs / str(number) for number in owned.jobs),
        *(settings.runs / str(number) for number in owned.runs),
        *(settings.fetches / str(number) for number in owned.fetches),
    }


def _children(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it is none, or went while another swept."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_ours(
    settings: Settings, owned: OwnedFolders, database: str, folder: Path, root: Path
) -> bool:
    """Whether a folder without a row can only have been left by this database.

    A number that was not given to a run yet may be that of another database's. What models make of
    cities is computed again by whoever misses it.
    """
    last = {
        settings.jobs: owned.last_job,
        settings.runs: owned.last_run,
        settings.fetches: owned.last_fetch,
    }
    if root in last:
        return folder.name.isdecimal() and int(folder.name) <= last[root]
    return root == settings.vectors or is_named_by(database, folder.name)


def _inputs_of_done_jobs(settings: Settings, owned: OwnedFolders) -> list[Path]:
    """Copies of what a job read, left because its worker died just after the job was done."""
    return [
        folder / INPUTS
        for folder in _children(settings.jobs)
        if folder.name.isdecimal()
        and int(folder.name) in owned.done_jobs
        and (folder / INPUTS).is_dir()
    ]


def _remove(folder: Path) -> None:
    """Remove a folder, renamed first: whoever makes one of that name anew is not hit."""
    with suppress(OSError):
        scratch = hold_folder(folder.parent, "swept")
        try:
            folder.rename(scratch.path / "swept")
        finally:
            scratch.remove()


def _old_caches(settings: Settings) -> list[Path]:
    """Remove the vectors that older versions kept, by a model's name right below the cache."""
    known = {settings.vectors, settings.public_cache, settings.cache / "embed"}
    old = [
        child
        for child in _children(settings.cache)
        if child not in known
        and (kept := _children(child))
        and all(_KEY.fullmatch(inner.name) for inner in kept)
    ]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return old


def _note_checksums(store: Store) -> None:
    """Write down the checksums of the weights of models from before they were kept.

    They are taken as they are now: what was damaged before cannot be told any more.
    """
    with store.session() as session:
        without = [
            (model.id, in_home(store.settings, model.folder))
            for model in model_rows.models_without_checksum(session)
        ]
    for model_id, folder in without:
        try:
            found = sha256_of(folder / "heads.safetensors")
        except OSError:
            continue  # whoever uses it is told that its files are gone
        with store.session() as session:
            model_rows.note_checksum(session, model_id, found)
