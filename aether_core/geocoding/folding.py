"""Names as they are compared: without case, accents and doubled spaces."""

import re
import unicodedata
from collections.abc import Iterable

# Of the basic plane: with one sign beyond it a pattern is ten times slower, and no name has one.
_SCRIPTS = range(0x300, 0x10000)
_MARKS = re.compile(
    "[" + "".join(chr(code) for code in _SCRIPTS if unicodedata.combining(chr(code))) + "]+"
)
_SPACES = re.compile(r"[^\S\t]+")


def folded(name: str) -> str:
    """Return a name without case, accents and doubled spaces; letters of any script are kept."""
    return _fold(name.replace("\t", " ")).strip()


def folded_line(names: Iterable[str]) -> str:
    """Return the distinct folded forms of names, a tab before, between and after them."""
    known = dict.fromkeys(_fold("\t".join(names)).split("\t"))
    return "\t" + "\t".join(known) + "\t"


def _fold(text: str) -> str:
    plain = _SPACES.sub(" ", text.casefold())
    if plain.isascii():
        return plain
    return _MARKS.sub("", unicodedata.normalize("NFKD", plain))
