"""How numbers written as text are read: which sign stands before decimals, which groups digits.

`1.874` is two numbers: 1874 in Madrid, 1.874 in London. So no cell is read on its own. A cell such
as `9,86`, `1.234.567` or `0.5` fits one reading only and proves it for its column. Where every cell
of a column fits both, what formatting programs do can tell: one that keeps a last zero (`1.570`)
writes whole numbers with decimals, so a plain `980` beside it says that the sign groups thousands.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aether_core.errors import InputError
from aether_core.vector.options import ReadOptions

_SIGNS = {
    **dict.fromkeys("\u00a0\u202f\u2007\u2009\u2002\u2003\u2005\u2006\u2008\u200a", " "),
    **dict.fromkeys("\u2019\u2018\u02bc\u00b4`\uff07", "'"),
    **dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-"),
    "\u066b": ".",
    "\u066c": ",",
    "\uff0e": ".",
    "\uff0c": ",",
    "\uff0b": "+",
    "\uff05": "%",
    "\u066a": "%",
    "\ufeff": "",
    "\u200b": "",
}
_PLAIN_SIGNS = str.maketrans(_SIGNS)
_PERCENT = re.compile(r"\s*%$")


@dataclass(frozen=True)
class NumberFormat:
    """A reading of numbers: the sign before decimals, and the one between groups of digits."""

    decimal: str
    thousands: str

    def read(self, body: str) -> float:
        """Return a number as `plain_body` wrote it, NaN where it does not fit this format."""
        if not _PATTERNS[self].fullmatch(body):
            return math.nan
        return float(body.replace(self.thousands, "").replace(self.decimal, "."))


FORMATS = tuple(
    NumberFormat(decimal, thousands)
    for decimal, others in ((".", ", '"), (",", ". '"))
    for thousands in others
)


def _pattern(one: NumberFormat) -> re.Pattern[str]:
    d, t = re.escape(one.decimal), re.escape(one.thousands)
    # In India the last group has three digits and the others two.
    grouped = rf"[1-9]\d{{0,2}}(?:{t}\d{{3}})+"
    if one.thousands == ",":
        grouped += rf"|[1-9]\d?(?:{t}\d{{2}})+{t}\d{{3}}"
    return re.compile(rf"[+-]?(?:(?:\d+|{grouped})(?:{d}\d*)?|{d}\d+)(?:[eE][+-]?\d+)?")


_PATTERNS = {one: _pattern(one) for one in FORMATS}
_ANY = re.compile("|".join(f"(?:{one.pattern})" for one in _PATTERNS.values()))
_UNGROUPED = {
    sign: re.compile(rf"[+-]?\d*{re.escape(sign)}\d*(?:[eE][+-]?\d+)?") for sign in (".", ",")
}
_BOTH = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
"""A number that is two: with decimals, or thousands."""
_WHOLE = re.compile(r"[+-]?\d+")
_HAS_SIGN = re.compile(r"[.,' ]")


def plain_body(text: str) -> str:
    """Return the digits and signs of a written number, in ASCII and without a percent sign."""
    body = text
    if not body.isascii():
        body = body.translate(_PLAIN_SIGNS)
        if not body.isascii():
            body = "".join(
                str(unicodedata.digit(letter)) if unicodedata.category(letter) == "Nd" else letter
                for letter in body
            )
    body = _PERCENT.sub("", body.strip())
    return body[0] + body[1:].lstrip() if body[:1] in {"+", "-"} else body


def is_number(text: str) -> bool:
    """Tell whether a text is a number in any format."""
    return _ANY.fullmatch(plain_body(text)) is not None


@dataclass
class Evidence:
    """What the cells of one column say about its format.

    Attributes:
        column: Its heading.
        formats: Those that every cell fits.
        deciding: A cell that rules out some of the others, None while every format is possible.
        clash: Two cells that no format fits both, else None.
        open: A cell that is two numbers, where nothing in the column tells which.
        grouped: The column looks like thousands: whole numbers stand beside three digits.
        by_zeros: Formats before a last zero settled it, which what makes sense may overrule.
    """

    column: str
    formats: tuple[NumberFormat, ...] = FORMATS
    deciding: str | None = None
    clash: tuple[str, str] | None = None
    open: str | None = None
    grouped: bool = False
    by_zeros: tuple[NumberFormat, ...] | None = None

    @property
    def decimal(self) -> str | None:
        """The sign before decimals, where the column proves it."""
        signs = {one.decimal for one in self.formats}
        return signs.pop() if self.open is None and len(signs) == 1 else None


def evidence_of(column: str, bodies: Iterable[str]) -> Evidence:
    """Weigh the cells of one column.

    Args:
        column: Its heading.
        bodies: Different cells, as `plain_body` returns them; those that are no number in any
            format say nothing.
    """
    found = Evidence(column)
    both: list[str] = []
    whole: list[str] = []
    ruled_out: dict[NumberFormat, str] = {}
    proven: re.Pattern[str] | None = None
    for body in bodies:
        if _WHOLE.fullmatch(body):
            whole.append(body.lstrip("+-"))
            continue
        if proven is not None and proven.fullmatch(body) and not _BOTH.fullmatch(body):
            continue
        fits = [one for one in FORMATS if _PATTERNS[one].fullmatch(body)]
        if not fits or not _HAS_SIGN.search(body):
            continue
        left = tuple(one for one in found.formats if one in fits)
        if not left:
            found.clash = (next(ruled_out[one] for one in fits if one in ruled_out), body)
            return found
        if _BOTH.fullmatch(body):
            both.append(body)
        if len(left) < len(found.formats):
            found.deciding = body
            ruled_out |= {one: body for one in FORMATS if one not in fits and one not in ruled_out}
            signs = {one.decimal for one in left}
            proven = _UNGROUPED[signs.pop()] if len(signs) == 1 else None
        found.formats = left
    if both:
        _settle(found, both, whole, ruled_out)
    return found


def _settle(
    found: Evidence, both: list[str], whole: list[str], ruled_out: Mapping[NumberFormat, str]
) -> None:
    """Tell which of two numbers cells are, where the others or their formatting tell."""
    sign = both[0].lstrip("+-").strip("0123456789")
    as_thousands = [one for one in found.formats if one.thousands == sign]
    if not as_thousands:
        grouping = [cell for cell in ruled_out.values() if " " in cell and sign not in cell]
        if grouping and all(one.thousands == " " for one in found.formats):
            found.clash = (grouping[0], both[0])  # a space groups thousands, and this looks alike
        return
    if len(as_thousands) == len(found.formats):
        return
    telling = [body for body in whole if body not in {"0", "1", "100"} and body[0] != "0"]
    most = max(map(len, telling), default=0)
    four = any(len(body.lstrip("+-")) == 5 for body in both)
    # In Spain 1874 has no sign and 12.345 has one; both in one column, or 12345, are no grouping.
    found.grouped = bool(telling) and most <= (3 if four else 4)
    last_zero = next((body for body in both if body.endswith("0")), None)
    if found.grouped and last_zero is not None:
        found.by_zeros = found.formats
        found.formats, found.deciding = tuple(as_thousands), last_zero
        return
    found.open = both[0]


def allowed_formats(options: ReadOptions) -> tuple[NumberFormat, ...]:
    """Formats that a user's word leaves.

    Raises:
        InputError: The sign is the same before decimals and between thousands.
    """
    if options.decimal is not None and options.decimal == options.thousands:
        raise InputError(
            "the decimal sign cannot also be the thousands sign",
            options.decimal,
            "give two different signs, or only one of them",
            code="decimal-is-thousands",
        )
    return tuple(
        one
        for one in FORMATS
        if options.decimal in {None, one.decimal} and options.thousands in {None, one.thousands}
    )
