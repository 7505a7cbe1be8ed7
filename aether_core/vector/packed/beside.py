"""Formats of several files whose names differ in case: `L1.SHP` beside `l1.dbf`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aether_core.errors import InputError
from aether_core.vector.gdal import PARTS


def parts_beside(path: Path) -> list[Path]:
    """Return the files of a format of several files that belong to its first one, in any case."""
    needed, optional = PARTS.get(path.suffix.lower(), (set[str](), set[str]()))
    return [
        other
        for other in (sorted(path.parent.iterdir()) if needed else ())
        if other.suffix.lower() in needed | optional
        and other.stem.casefold() == path.stem.casefold()
    ]


@contextmanager
def with_its_parts(path: Path) -> Iterator[Path]:
    """Give a file of several parts a folder in which they stand alone, under one name.

    Args:
        path: The first of the files, such as the `.shp`; the others lie beside it.

    Yields:
        The first file, in that folder; other formats as they are.

    Raises:
        InputError: There are two files that could be the same part.
    """
    suffix = path.suffix.lower()
    if suffix not in PARTS:
        yield path
        return
    with TemporaryDirectory(prefix="aether-parts-") as folder:
        whole = Path(folder) / f"{path.stem}{suffix}"
        whole.symlink_to(path)
        for other in parts_beside(path):
            target = whole.with_suffix(other.suffix.lower())
            same = other.stem == path.stem
            if target.is_symlink() and not same:
                continue
            if target.is_symlink() and target.readlink().stem == path.stem:
                raise InputError(
                    f"there are two files that may belong to {path.name}",
                    f"{target.readlink().name} and {other.name}",
                    "keep one of them",
                    code="file-with-doubled-part",
                )
            target.unlink(missing_ok=True)
            target.symlink_to(other)
        yield whole
