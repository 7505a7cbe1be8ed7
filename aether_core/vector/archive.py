"""Zipped Shapefiles: unpacked here, member by member, never handed to GDAL as an archive."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from aether_core.errors import InputError
from aether_core.files.zip_files import opened_zip
from aether_core.vector.limits import Limits

_PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
_NEEDED = (".shp", ".shx", ".dbf")


@contextmanager
def unpacked_shapefile(path: Path, limits: Limits) -> Iterator[Path]:
    """Unpack the one Shapefile of a zip into a temporary folder.

    Only the five known parts are unpacked, under names of our own, so what the members are called
    (absolute, with `..`, in folders) cannot place a file anywhere.

    Args:
        path: A plain local zip file.
        limits: `file_bytes` also bounds what the parts unpack to.

    Yields:
        The path of the unpacked `.shp`; it is gone when the block ends.

    Raises:
        InputError: Not a zip, damaged, encrypted, with no or several Shapefiles, with unsafe member
            names, or too large.
    """
    with TemporaryDirectory(prefix="aether-shapefile-") as folder:
        with opened_zip(path) as archive:
            parts = _parts(archive, path)
            limits.check_bytes(sum(part.file_size for part in parts.values()), path)
            for suffix, part in parts.items():
                _extract(archive, part, Path(folder) / f"layer{suffix}")
        yield Path(folder) / "layer.shp"


def _parts(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the parts of the one Shapefile by ending."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        _refuse_unsafe(member, path)
    # macOS adds a shadow of every file under __MACOSX.
    members = [member for member in members if not member.filename.startswith("__MACOSX/")]
    shapes = [m for m in members if PurePosixPath(m.filename).suffix.lower() == ".shp"]
    if not shapes:
        names = ", ".join(member.filename for member in members[:5])
        raise InputError(
            f"{path.name} has no Shapefile (.shp)",
            names or "it is empty",
            "zip all its parts",
            code="zip-without-shapefile",
        )
    if len(shapes) > 1:
        names = ", ".join(member.filename for member in shapes)
        raise InputError(
            f"{path.name} holds several Shapefiles",
            names,
            "zip one on its own",
            code="zip-with-several-shapefiles",
        )
    stem = PurePosixPath(shapes[0].filename).with_suffix("")
    parts = {
        suffix: member
        for member in members
        if (suffix := PurePosixPath(member.filename).suffix.lower()) in _PARTS
        and PurePosixPath(member.filename).with_suffix("") == stem
    }
    missing = [suffix for suffix in _NEEDED if suffix not in parts]
    if missing:
        raise InputError(
            f"the Shapefile in {path.name} lacks parts",
            ", ".join(missing),
            "zip all its parts",
            code="shapefile-lacks-parts",
        )
    return parts


def _refuse_unsafe(member: zipfile.ZipInfo, path: Path) -> None:
    """Refuse names that would leave the folder, and encrypted members."""
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        raise InputError(
            f"{path.name} holds a file with an unsafe name",
            name,
            "zip the Shapefile again",
            code="zip-with-unsafe-name",
        )
    if member.flag_bits & 0x1:
        raise InputError(
            f"{path.name} is encrypted", name, "zip it without a password", code="zip-encrypted"
        )


def _extract(archive: zipfile.ZipFile, part: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one member. `zipfile` stops at the size the member states."""
    with archive.open(part) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
