"""What a restore that was killed has put into the home, and how it is told from what belongs there.

A restore notes the folders it is about to place, and holds the note while it lives. Whoever finds
a note that nobody holds asks the database: either the restore was complete, or it has no city.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO

import structlog
from sqlalchemy.orm import Session

from aether_core.errors import AetherError
from aether_core.files.whole import synchronise
from db.cities import folders as folder_rows
from workflows.home.settings import Settings
from workflows.home.store import Store

log = structlog.get_logger()


def _note(settings: Settings) -> Path:
    return settings.home / "restoring.json"


@contextmanager
def noted(store: Store, folders: Sequence[str]) -> Iterator[None]:
    """Note the folders of the home that the block makes, until the database has their rows.

    Sweeps are kept away meanwhile. Where the block ends in an error the folders go, unless the
    rows are there all the same.

    Args:
        store: The home, with its database.
        folders: Relative to the home. None of them is there.
    """
    note = _note(store.settings)
    with note.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(list(folders), file)
        file.flush()
        synchronise(note)
        synchronise(note.parent)
        try:
            with store.session() as session:
                folder_rows.hold_off_sweep(session)
                yield
        except BaseException:
            # A program that was told to end the transaction may still be at it.
            with suppress(AetherError), store.session() as session:
                folder_rows.wait_for_storing(session)
                _undo(store, session, folders)
            raise
        note.unlink(missing_ok=True)


def remove_half_restored(store: Store, *, wait: bool = False) -> list[Path]:
    """Remove what a restore that was killed has left in a home whose database it never filled.

    Args:
        store: The home, with its database.
        wait: Wait until the server has undone what the killed restore was at; otherwise it is
            left for the next time.

    Returns:
        The folders that were removed.

    Raises:
        StoreUnavailableError: The database cannot be reached.
    """
    try:
        file = _note(store.settings).open("r+", encoding="utf-8")
    except OSError:
        return []
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it is at work
            return []
        with store.session() as session:
            if wait:
                folder_rows.wait_for_storing(session)
            elif not folder_rows.may_sweep(session):
                return []
            removed = _undo(store, session, _read(file))
    for folder in removed:
        log.info("left by a restore that was killed, removed", path=str(folder))
    return removed


def _undo(store: Store, session: Session, folders: Sequence[str]) -> list[Path]:
    """Remove the folders where the database has no city, and forget about them in any case."""
    settings = store.settings
    there = []
    if not folder_rows.has_cities(session):
        there = [settings.home / folder for folder in folders]
    removed = [folder for folder in there if folder.exists()]
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
    _note(settings).unlink(missing_ok=True)
    return removed


def _read(file: IO[str]) -> list[str]:
    """The folders of a note; none of one that was cut off while it was written."""
    with suppress(ValueError, TypeError):
        return [
            str(one)
            for one in json.load(file)
            if len(PurePosixPath(one).parts) == 2 and ".." not in PurePosixPath(one).parts
        ]
    return []
