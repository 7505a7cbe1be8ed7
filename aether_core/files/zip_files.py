"""Zip files from outside: opened here, so that every damaged one is told of in the same words."""

import errno
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aether_core.errors import InputError

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    UnicodeDecodeError,  # a member's name that is not the UTF-8 it says it is
)


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
    except NotImplementedError as error:  # raised by zipfile for packings it cannot undo
        raise InputError(
            f"the zip is packed in a way that cannot be read ({error})",
            path.name,
            "zip it again with the usual method (Deflate) and without a password",
            code="zip-method-unsupported",
        ) from error
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    except OSError as error:
        # The disk's own have other numbers: a damaged bzip2 stream has none, and where a directory
        # sends the reader before the file's beginning that is invalid.
        if error.errno not in {None, errno.EINVAL}:
            raise
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        "the zip cannot be opened",
        f"{path.name}: {error}",
        "zip or download it again",
        code="zip-unreadable",
    )
