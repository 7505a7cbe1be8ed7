"""Single files packed with gzip."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aether_core.errors import InputError
from aether_core.vector.kinds import kind_of
from aether_core.vector.limits import Limits

_CHUNK = 1 << 20


@contextmanager
def unpacked_gzip(path: Path, limits: Limits, *, readable: frozenset[str]) -> Iterator[Path]:
    """Unpack a `.gz` into a temporary folder, under its own name without the ending.

    Args:
        path: A plain local file.
        limits: `file_bytes` also bounds what it unpacks to.
        readable: Endings of the files that can be read.

    Yields:
        Where it lies; it is gone when the block ends.

    Raises:
        InputError: Not gzip, damaged, without the ending of what is packed, or too large.
    """
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            raise InputError(
                "this is not packed with gzip, despite its ending",
                f"{path.name} is {kind_of(path)}",
                "give it the ending of what it is",
                code="file-of-another-format",
            )
    with TemporaryDirectory(prefix="aether-gzip-") as folder:
        target = Path(folder) / (path.name[: -len(path.suffix)] or "layer")
        try:
            _unpack(path, target, limits)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise InputError(
                f"{path.name} cannot be unpacked",
                error,
                "pack or download it again",
                code="gzip-unreadable",
            ) from error
        if target.suffix.lower() not in readable:
            raise InputError(
                f"what is packed in {path.name} has no ending that can be read",
                f"it is {kind_of(target)}",
                "unpack it, or call it after what it is, such as places.csv.gz",
                code="file-type-unknown",
            )
        yield target


def _unpack(path: Path, target: Path, limits: Limits) -> None:
    size = 0
    with gzip.open(path) as packed, target.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            limits.check_bytes(size, path)
            file.write(chunk)
