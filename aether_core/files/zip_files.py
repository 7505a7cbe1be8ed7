"""Zip files from outside: opened here, so that every damaged one is told of in the same words."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aether_core.errors import InputError


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip and read from it within the block.

    Args:
        path: A plain local file.

    Yields:
        The open archive. Its members' names are not to be trusted: unpack them under other ones.

    Raises:
        InputError: Not a zip, or what the block reads of it is damaged or packed in an unknown way.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise InputError(
            "the zip cannot be opened",
            path.name,
            "it is damaged or truncated: zip it again",
            code="zip-unreadable",
        ) from error
