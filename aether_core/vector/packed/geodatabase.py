"""Esri file geodatabases as they lie on a disk: folders, of which only the database's own files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aether_core.errors import InputError
from aether_core.files.source import plain_folder
from aether_core.vector.limits import Limits

SUFFIX = ".gdb"
FILE_NAME = re.compile(r"(?:[\w-]+\.[a-z]\w*|gdb|timestamps)", re.ASCII | re.IGNORECASE)
"""What the files of a geodatabase may be called."""
_TABLE = ".gdbtable"
_LOCK = ".lock"


def is_geodatabase(path: Path) -> bool:
    """Whether a path is the folder of a file geodatabase."""
    return path.suffix.lower() == SUFFIX and path.is_dir()


def geodatabase_files(folder: Path) -> list[Path]:
    """Return the files of a geodatabase; what other programs left beside them is not among them.

    Raises:
        InputError: It holds no table, or a link to somewhere else.
    """
    files = [
        file
        for file in sorted(folder.iterdir())
        if FILE_NAME.fullmatch(file.name)
        and file.suffix.lower() != _LOCK
        and (file.is_file() or file.is_symlink())
    ]
    if not any(file.suffix.lower() == _TABLE for file in files):
        raise InputError(
            "this folder is no file geodatabase: it holds no table",
            f"{folder.name} has no file ending in {_TABLE}",
            "give the .gdb folder itself, with all its files",
            code="folder-not-a-geodatabase",
        )
    link = next((file for file in files if file.is_symlink()), None)
    if link is not None:
        raise InputError(
            f"a file of {folder.name} is a link",
            link.name,
            "give a copy of the geodatabase that holds its files themselves",
            code="geodatabase-with-link",
        )
    return files


@contextmanager
def geodatabase_alone(path: str | Path, limits: Limits) -> Iterator[Path]:
    """Give the files of a geodatabase a folder in which they stand alone, not copied.

    Args:
        path: The folder, ending in `.gdb`.
        limits: `file_bytes` bounds all its files together.

    Yields:
        That folder, of the same name; it is gone when the block ends.

    Raises:
        NotFoundError: There is no such folder.
        InputError: It is no geodatabase, or too large.
    """
    given = plain_folder(path)
    files = geodatabase_files(given)
    limits.check_bytes(sum(file.stat().st_size for file in files), given)
    with TemporaryDirectory(prefix="aether-gdb-") as around:
        alone = Path(around) / Path(path).name  # a link to it may be called otherwise
        alone.mkdir()
        for file in files:
            (alone / file.name).symlink_to(file)
        yield alone
