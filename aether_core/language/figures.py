"""Numbers and dates as the reader's language writes them; English as this house always has.

That is 12,345.6 and 83 %, the sign after a space, as the International System of Units has it.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from numbers import Real
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import get_decimal_symbol, get_group_symbol

from aether_core.language.catalogues import SOURCE
from aether_core.language.reader import locale


def figure(value: object, form: str = "") -> str:
    """A number in the reader's language.

    Args:
        value: The number; anything else is only formatted.
        form: As in `format`, such as `,` for groups of thousands.
    """
    return figure_in(value, form, locale())


def figure_in(value: object, form: str, known: Locale) -> str:
    """A number in a locale; otherwise as `figure`."""
    text = format(value, form)
    return _written(text, known) if isinstance(value, Real) else text


def localised(text: str) -> str:
    """A number that is written in English, as the reader's language writes it."""
    return _written(text, locale())


def _written(text: str, known: Locale) -> str:
    signs, before_percent = _signs(known)
    text = text.translate(signs)
    return f"{text[:-1]}{before_percent}%" if text.endswith("%") else text


_OF_THIS_HOUSE: Final[Mapping[str, tuple[dict[int, str], str]]] = {SOURCE: ({}, " ")}
"""Languages that are written in a way of our own: their signs, and what stands before per cent."""


@cache
def _signs(known: Locale) -> tuple[dict[int, str], str]:
    if known.language in _OF_THIS_HOUSE:
        return _OF_THIS_HOUSE[known.language]
    signs = {ord("."): get_decimal_symbol(known), ord(","): get_group_symbol(known)}
    pattern = known.percent_formats[None].pattern
    return signs, pattern[pattern.rindex("0") + 1 : pattern.index("%")] if "0" in pattern else ""


def in_charts() -> dict[str, object]:
    """How the reader's language writes numbers, as `config.locale` of Vega-Lite takes it."""
    signs, before_percent = _signs(locale())
    number = {
        "decimal": signs.get(ord("."), "."),
        "thousands": signs.get(ord(","), ","),
        "grouping": [3],
        "currency": ["", ""],
        "percent": f"{before_percent}%",
    }
    return {"number": number}


def date(value: datetime) -> str:
    """A day, such as `30 Nov 2026`."""
    known = locale()
    if known.language == "en":
        return f"{value:%d %b %Y}"
    return str(format_skeleton("yMMMd", value, locale=known))


def day_in_full(value: datetime) -> str:
    """A day, such as `30 November 2026`."""
    known = locale()
    if known.language == "en":
        return f"{value.day} {value:%B %Y}"
    return str(format_date(value, "long", locale=known))


def moment(value: datetime, *, year: bool = True) -> str:
    """A day and time, such as `30 Nov 2026, 14:05`.

    Args:
        value: The moment.
        year: Whether the year is said.
    """
    known = locale()
    if known.language == "en":
        return f"{value:%d %b %Y, %H:%M}" if year else f"{value:%d %b, %H:%M}"
    day = format_skeleton("yMMMd" if year else "MMMd", value, locale=known)
    return f"{day}, {format_skeleton('Hm', value, locale=known)}"
