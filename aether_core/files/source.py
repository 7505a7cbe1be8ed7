"""Which files a reader may open: plain local files, by an allow-list of endings.

GDAL opens far more than files: URLs, `/vsi` paths, and virtual rasters that point at any of them. A
name or an upload must never make this program fetch or read something its user did not mean, so
every reader passes its path through `local_file` before GDAL, pandas or pyrosm sees it.
"""

import re
from pathlib import Path

from aether_core.errors import InputError, NotFoundError

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_VIRTUAL_PATH = re.compile(r"^/+vsi", re.IGNORECASE)
_VIRTUAL_MARKUP = (b"<vrtdataset", b"<ogrvrtdatasource", b"<gdal_wms", b"<gdal_wmts")
_HEAD_BYTES = 4096


def plain_file(path: str | Path) -> Path:
    """Return the absolute path of a plain, non-empty local file, whatever its ending.

    Raises:
        NotFoundError: There is no such file.
        InputError: The path is not a plain local file, or it is empty.
    """
    given = str(path)
    _refuse_remote(given)
    return _existing(given)


def plain_folder(path: str | Path) -> Path:
    """Return the absolute path of a local folder.

    Raises:
        NotFoundError: There is no such folder.
        InputError: The path is not one on this machine's file system, or no folder.
    """
    given = str(path)
    _refuse_remote(given)
    found = _resolved(given)
    if not found.is_dir():
        raise InputError(
            "this is not a folder", given, "give the path of a folder", code="not-a-folder"
        )
    return found


def local_file(path: str | Path, *, suffixes: frozenset[str]) -> Path:
    """Return the absolute path of a plain, non-empty local file that a reader may open.

    Args:
        path: What the user gave. URLs, `/vsi` paths and virtual datasets (recognised by ending and
            by content, whatever the file is called) are refused.
        suffixes: Endings the reader understands, lower case with the dot, e.g. `{".tif", ".tiff"}`.

    Returns:
        The absolute path, links resolved. Being absolute it can't be taken for a driver prefix.

    Raises:
        NotFoundError: There is no such file.
        InputError: The path is not a plain local file of an accepted ending, or it is empty.
    """
    given = str(path)
    _refuse_remote(given)
    suffix = Path(given).suffix.lower()
    if suffix == ".vrt":
        raise InputError(
            "virtual datasets (VRT) are not supported",
            given,
            "give the files it refers to",
            code="vrt-not-opened",
        )
    if suffix not in suffixes:
        raise InputError(
            "unsupported file format",
            given,
            "give a file ending in " + ", ".join(sorted(suffixes)),
            code="file-type-unknown",
        )
    found = _existing(given)
    _refuse_virtual_content(found, given)
    return found


def _refuse_remote(given: str) -> None:
    """Refuse what names something other than a path on this machine's file system."""
    if "\0" in given or not given.strip():
        raise InputError(
            "this is not a file name",
            repr(given),
            "give the path of a local file",
            code="file-name-unusable",
        )
    if "://" in given or _SCHEME.match(given):
        raise InputError(
            "web addresses are not supported here",
            given,
            "download the file and give its local path",
            code="address-not-opened",
        )
    if _VIRTUAL_PATH.match(given) or "/vsi" in given.lower().partition(":")[2]:
        raise InputError(
            "GDAL virtual paths are not supported",
            given,
            "give the path of a local file",
            code="virtual-path-not-opened",
        )


def _existing(given: str) -> Path:
    """Resolve a path to an existing, plain, non-empty file."""
    found = _resolved(given)
    if not found.is_file():
        raise InputError(
            "this is not a regular file",
            given,
            "give the path of one file",
            code="not-a-plain-file",
        )
    if found.stat().st_size == 0:
        raise InputError(
            "the file is empty (0 bytes)", given, "export or download it again", code="file-empty"
        )
    return found


def _resolved(given: str) -> Path:
    """Resolve a path to what is there, outside the folders GDAL takes for its own."""
    try:
        found = Path(given).expanduser().resolve(strict=True)
        found.stat()
    except FileNotFoundError as error:
        raise NotFoundError(
            "there is no such file", given, "check the path", code="no-such-file"
        ) from error
    except (OSError, RuntimeError) as error:
        raise InputError(
            "this path cannot be opened", given, "check the path", code="path-unusable"
        ) from error
    if _VIRTUAL_PATH.match(str(found)):
        raise InputError(
            "GDAL virtual paths are not supported",
            given,
            "move the file out of a /vsi folder",
            code="virtual-path-not-opened",
        )
    return found


def _refuse_virtual_content(found: Path, given: str) -> None:
    """Refuse a virtual dataset under another name; GDAL looks for its tag anywhere in the head."""
    try:
        with found.open("rb") as file:
            head = file.read(_HEAD_BYTES).lower()
    except OSError as error:
        raise InputError(
            "the file cannot be read",
            given,
            "check that this user may read it",
            code="file-not-permitted",
        ) from error
    if any(tag in head for tag in _VIRTUAL_MARKUP):
        raise InputError(
            "this is a virtual dataset (VRT) with another file ending",
            given,
            "give the files it refers to",
            code="vrt-not-opened",
        )
