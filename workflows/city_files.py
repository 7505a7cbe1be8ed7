"""The files of a city's embedding in the home: all of them or none."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aether_core.errors import AetherError, DiskFullError


@contextmanager
def files_kept(folder: Path, files: Sequence[Path], *, link: bool = False) -> Iterator[list[Path]]:
    """Copy files into a folder that gets its name only if the block succeeds.

    Args:
        folder: Where they are to lie; what a removal that was cut off left there goes.
        files: The files.
        link: Share the files' blocks instead of copying them, for files that nobody changes any
            more; where the file system cannot do that, they are copied.

    Yields:
        Where each of them lies now.

    Raises:
        DiskFullError: There is no room.
        AetherError: A file cannot be copied.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        names = [f"{index:03d}-{path.name}" for index, path in enumerate(files)]
        for source, name in zip(files, names, strict=True):
            if not (link and _linked(source, staging / name)):
                _copy(source, staging / name)
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
        try:
            yield [folder / name for name in names]
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _linked(source: Path, target: Path) -> bool:
    """Whether the file could be given a second name instead of a copy."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        kind = DiskFullError if error.errno in {errno.ENOSPC, errno.EDQUOT} else AetherError
        raise kind(
            f"{source.name} could not be copied to {target.parent}: {error.strerror}; "
            "free some space or choose another AETHER_HOME, and add the city again"
        ) from error
