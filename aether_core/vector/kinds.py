"""What a file is, told by its first bytes: for saying so where its ending says something else."""

import re
from pathlib import Path

from aether_core.errors import InputError
from aether_core.files.zip_files import opened_zip

_HEAD_BYTES = 4096
_STARTS = (
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"fgb\x03", "a FlatGeobuf file"),
    (b"\x00\x00\x27\x0a", "a part of a Shapefile"),
    (b"PAR1", "a Parquet file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, such as .xls"),
    (b"!table", "a MapInfo table"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"<!DOCTYPE html", "a web page (HTML)"),
    (b"<html", "a web page (HTML)"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)
_TAG = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1e\x1b")


def kind_of(path: Path) -> str:
    """Say in a few words what a file is, by looking at it.

    Args:
        path: A plain local file.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "empty"
    if head.startswith(b"PK"):
        return _zip(path)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, name in _STARTS:
        if head.startswith(magic) or start[: len(magic)].lower() == magic.lower():
            return name
    return "a tar archive" if head[257:262] == b"ustar" else _text(head, start)


def _text(head: bytes, start: bytes) -> str:
    if start[:1] in {b"{", b"["}:
        return "JSON"
    if start.startswith(b"<"):
        tag = _TAG.search(start)
        root = tag[1].decode("ascii", "replace") if tag else "no element"
        return "a web page (HTML)" if root.lower() == "html" else f"XML ({root})"
    if all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in head):
        first = start.split(b"\n", maxsplit=1)[0][:40].decode("utf-8", "replace").strip()
        return f"text that begins {first!r}"
    return f"of an unknown kind, its first bytes are {head[:8].hex(' ')}"


def _zip(path: Path) -> str:
    try:
        with opened_zip(path) as archive:
            names = archive.namelist()
    except InputError:
        return "a zip archive that cannot be opened"
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "an Excel workbook"
    if "content.xml" in names and "mimetype" in names:
        return "an OpenDocument file"
    if "word/document.xml" in names:
        return "a Word document"
    return f"a zip archive of {', '.join(names[:3])}" if names else "an empty zip archive"
