"""The encoding of a Shapefile's table: what its .cpg says, else what its letters tell."""

import struct
from collections.abc import Iterator
from pathlib import Path

from aether_core.errors import InputError
from aether_core.vector.cells.encoding import (
    UTF8,
    Encoding,
    cells_encoding,
    decodes_cut,
    given_encoding,
)

_LANGUAGES = {
    0x4D: "gbk",
    0x4E: "cp949",
    0x4F: "cp950",
    0x7A: "gbk",
    0x79: "cp949",
    0x78: "cp950",
    0x7B: "cp932",
    0x13: "cp932",
    0xC8: "cp1250",
    0xC9: "cp1251",
    0xCA: "cp1254",
    0xCB: "cp1253",
    0xCC: "cp1257",
    0x7D: "cp1255",
    0x7E: "cp1256",
    0x7C: "cp874",
    0x64: "cp852",
    0x65: "cp866",
    0x26: "cp866",
}
"""The byte of a .dbf that names its code page, where writers set it on purpose: 0, 1, 2, 3 and 0x57
stand in files of every encoding."""
_LANGUAGE_BYTE = 29
_HEADER, _FIELD = 32, 32
_MOST_ROWS = 50_000


def shapefile_encoding(path: Path, given: str | None) -> Encoding:
    """Return the encoding of a Shapefile's texts.

    Args:
        path: The `.shp`.
        given: What the user said, which wins.

    Raises:
        InputError: There is no such encoding, or several are possible.
    """
    if given is not None:
        encoding = given_encoding(given)
        codec = "utf-8" if encoding.name == UTF8 else encoding.codec
        return Encoding(codec, encoding.name)
    table = _beside(path, ".dbf")
    cells = list(dict.fromkeys(_texts(table))) if table else []
    telling = [cell for cell in cells if not cell.isascii()]
    stated, code = _stated(path, table)
    if stated is not None and all(decodes_cut(cell, stated.codec) for cell in telling):
        return stated
    found = cells_encoding(telling, path.name)
    if code is not None and found.name == UTF8 and telling:
        return Encoding(
            found.codec, found.name, f"Its .cpg says {code}, but its letters are UTF-8."
        )
    return found


def _stated(path: Path, table: Path | None) -> tuple[Encoding | None, str | None]:
    """What the .cpg or the .dbf says, and the words of the .cpg."""
    page = _beside(path, ".cpg")
    if page is not None:
        code = page.read_bytes()[:100].decode("ascii", "replace").strip("\x00 \r\n\t\ufffd")
        return _codec(code), code
    if table is not None:
        with table.open("rb") as file:
            head = file.read(_HEADER)
        codec = _LANGUAGES.get(head[_LANGUAGE_BYTE]) if len(head) == _HEADER else None
        return (Encoding(codec, codec) if codec else None), None
    return None, None


def _codec(code: str) -> Encoding | None:
    """Return the encoding a .cpg names, such as `UTF-8`, `1251`, `ANSI 1252` or `88591`."""
    plain = code.casefold().removeprefix("ansi").strip(" _-")
    if plain.startswith("8859"):
        plain = f"iso8859-{plain[4:].strip('-_')}"
    for name in (plain, f"cp{plain}"):
        try:
            found = given_encoding(name)
        except InputError:
            continue
        return Encoding("utf-8" if found.name == UTF8 else found.codec, found.name)
    return None


def _beside(path: Path, suffix: str) -> Path | None:
    """Return the file of the same name with another ending, in any case."""
    for one in path.parent.iterdir():
        if one.suffix.lower() == suffix and one.stem.casefold() == path.stem.casefold():
            return one
    return None


def _texts(table: Path) -> Iterator[bytes]:
    """Texts of a .dbf: the names of its fields, and the cells of its first rows."""
    with table.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER:
            return
        rows, header, size = struct.unpack("<IHH", head[4:12])
        places: list[slice] = []
        start = 1
        while len(field := file.read(_FIELD)) == _FIELD and field[0] != 0x0D:
            yield field[:11].split(b"\0", 1)[0]
            if field[11:12] == b"C":
                width = field[16] + 256 * field[17]
                places.append(slice(start, start + width))
                start += width
            else:
                start += field[16]
        file.seek(header)
        for _ in range(min(rows, _MOST_ROWS)):
            row = file.read(size)
            for place in places:
                cell = row[place].strip(b" \0")
                if not cell.isascii():
                    yield cell
