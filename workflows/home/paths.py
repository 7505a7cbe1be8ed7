"""Paths of the home as the store keeps them, and where they lie now."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from workflows.home.settings import Settings


def to_home(settings: Settings, path: Path) -> str:
    """A path below the home as the store keeps it: relative, so that a home can be moved.

    Raises:
        ValueError: It lies elsewhere.
    """
    return path.relative_to(settings.home).as_posix()


def in_home(settings: Settings, stored: str) -> Path:
    """Where a path that the store keeps lies now.

    Stores from before paths were relative hold absolute ones. The home may have been moved or
    copied since, so what has the same end below this home comes first: a copy must not read, and
    still less delete, what belongs to the home it was made from. Only where this home has nothing
    of the kind is the path itself taken, as when the home was changed and its cities were left.
    """
    path = PurePosixPath(stored)
    if not path.is_absolute():
        return settings.home / path
    here = (settings.home / tail for tail in _tails(path))
    return next((found for found in here if found.exists()), Path(stored))


def path_in_backup(stored: str) -> str | None:
    """Where a file lies in a home that is put together anew, so that `in_home` finds it there.

    None where a path of old leads nowhere that a home has.
    """
    path = PurePosixPath(stored)
    found = next(_tails(path), None) if path.is_absolute() else path
    return None if found is None else found.as_posix()


def folder_in(root: Path, path: Path) -> str | None:
    """Name of the folder right below `root` that holds a path, or is it; None where none does."""
    below = path.relative_to(root).parts if path.is_relative_to(root) else ()
    return below[0] if below else None


def _tails(path: PurePosixPath) -> Iterator[PurePosixPath]:
    """What may be the part of an absolute path that follows the home.

    Below `cities` lay a folder a city, with files and folders of years; below `models` one a model.
    """
    for root, depth in (("cities", 3), ("cities", 4), ("models", 2)):
        if len(path.parts) > depth and path.parts[-depth] == root:
            yield PurePosixPath(*path.parts[-depth:])
