"""Folders that belong to rows: staged, given their place under the row's lock, removed after it.

A folder is called by its row's number and digits that no other folder has; the row keeps the name.
No user's word is in it and none is ever given twice, so whoever removes a folder after the commit
that removed its row cannot meet what came after it. The last digits tell which database gave the
name: a home may serve several, and what has no row in one of them may have one in another.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from secrets import token_hex

import structlog
from sqlalchemy.orm import Session

from aether_core.errors import AetherError, DiskFullError
from aether_core.files.held_folder import hold_folder
from aether_core.files.whole import synchronise
from db.cities import folders as folder_rows
from workflows.home.store import Store

log = structlog.get_logger()

_MARK_DIGITS = 8


class NewFolders:
    """The folders of one transaction.

    Args:
        database: Identity of the database.

    Attributes:
        placed: Where they are now.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self.placed: list[Path] = []

    def place(self, whole: Path, root: Path, owner: str) -> Path:
        """Give a filled folder its place.

        Args:
            whole: From `staged` of the same root.
            root: Folder of the home for folders of this kind.
            owner: What it belongs to: the number of a row, and a year where it has several.

        Returns:
            Where it is now.
        """
        name = f"{owner}-{token_hex(4)}"
        placed = root / f"{name}{_mark(name, self._database)}"
        synchronise(whole)
        whole.rename(placed)
        self.placed.append(placed)
        synchronise(root)
        return placed


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A folder to be filled before its row is there; gone at the end unless it was given a place.

    Args:
        root: Where its place will be; on the same file system, so that it is renamed there.

    Raises:
        DiskFullError: There is no room.
        AetherError: The home cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        scratch = hold_folder(root, "new")
    except OSError as error:
        kind = DiskFullError if error.errno in {errno.ENOSPC, errno.EDQUOT} else AetherError
        raise kind(
            f"the home's folder {root} cannot be written: {error.strerror}; "
            "free some space, or give this user write access"
        ) from error
    try:
        whole = scratch.path / "whole"
        whole.mkdir()
        yield whole
    finally:
        scratch.remove()


@contextmanager
def storing(store: Store) -> Iterator[tuple[Session, NewFolders]]:
    """One transaction in which folders get their place with their rows; all of it or nothing.

    When the commit itself fails, the server may have carried it out all the same: the store is
    asked whether the rows are there. Where it does not answer the folders stay, for the next sweep.
    """
    new: NewFolders | None = None
    committing = False
    try:
        with store.session() as session:
            folder_rows.hold_off_sweep(session)
            new = NewFolders(folder_rows.database_identity(session))
            yield session, new
            committing = True
    except BaseException:
        if new is not None and not committing:
            remove_folders(new.placed)
        elif new is not None and new.placed:
            with suppress(AetherError):
                _remove_ownerless(store, new.placed)
        raise


def _remove_ownerless(store: Store, folders: Sequence[Path]) -> None:
    """Remove those of some folders that no row names, once their transaction has ended."""
    with store.session() as session:
        if not folder_rows.may_sweep(session):
            return
        owned = folder_rows.owned_folders(session)
    paths = owned.rasters | owned.models
    names = {PurePosixPath(path).parts[:2] for path in paths}
    home = store.settings.home
    remove_folders(one for one in folders if one.relative_to(home).parts not in names)


def is_named_by(database: str, name: str) -> bool:
    """Whether a folder got its name from this database."""
    return name[-_MARK_DIGITS:] == _mark(name[:-_MARK_DIGITS], database)


def _mark(name: str, database: str) -> str:
    return sha256(f"{name} {database}".encode()).hexdigest()[:_MARK_DIGITS]


def remove_folders(folders: Iterable[Path]) -> None:
    """Remove folders whose rows are gone; what cannot be removed now is the next sweep's."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            log.warning("folder not removed", folder=str(folder))
