"""Small pieces of text as HTML: facts, rows of results; every value is escaped."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Final

import streamlit as st

from aether_core.language import _, figure, mark, moment, plural

COUNTED: Final = (mark("epoch {first} of {second}"), mark("{first} of {second}"))
"""What is told with numbers, which stand in the stage as the job has told them."""
_NUMBERS: Final = re.compile(r"\d[\d,]*")
_VALUES: Final = ("first", "second", "third", "fourth")


def facts(values: Mapping[str, object]) -> None:
    """A quiet two-column list of facts."""
    rows = "".join(
        f'<div class="of">{escape(name)}</div><div class="is">{escape(str(value))}</div>'
        for name, value in values.items()
    )
    st.html(f'<div class="facts">{rows}</div>')


def rows(entries: Iterable[tuple[str, str, str]]) -> None:
    """Numbered rows: what, a smaller line under it, a figure at the end."""
    lines = "".join(
        f'<div class="row"><span class="rank">{rank}</span><span class="what">{escape(what)}'
        f'<small>{escape(note)}</small></span><span class="figure">{escape(figure)}</span></div>'
        for rank, (what, note, figure) in enumerate(entries, start=1)
    )
    st.html(f'<div class="rows">{lines}</div>')


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 place`, `12,345 places`."""
    return plural(f"{{number:,}} {one}", f"{{number:,}} {many or one + 's'}", number)


def of_what(title: str, name: str) -> str:
    """A title and what it is the title of: "Ask: Helsinki"."""
    return _("{title}: {name}", title=title, name=name)


def isolated(words: str) -> str:
    """Words that a sentence of the other direction can hold without turning what is around them."""
    turns = any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in words)
    return f"\u2068{words}\u2069" if turns else words


def worded(*known: str) -> Callable[[str], str]:
    """How options are called of which some are this app's own words, and the others somebody's.

    Args:
        known: Those of the app, as they were marked.
    """
    return lambda option: _(option) if option in known else option


def in_language(words: object) -> object:
    """Marked sentences as the reader's language has them, in mappings and lists of any depth."""
    if isinstance(words, Mapping):
        return {name: in_language(part) for name, part in words.items()}
    if isinstance(words, list | tuple):
        return [in_language(part) for part in words]
    return _(words) if isinstance(words, str) else words


def sentence(text: str) -> str:
    """The text with a capital letter first, unless it begins with a file's name or a number."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.removesuffix(":").isalpha() else text


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return figure(seconds, ".0f") + " s"
    if seconds < 5400:
        return figure(seconds / 60, ".0f") + " min"
    return figure(seconds / 3600, ".1f") + " h"


_JOINER = "\u2060"  # takes no room and breaks no line


def plain(text: str) -> str:
    """A value from a file or a form, so that Markdown leaves it alone.

    Addresses are kept from becoming links: a title must not lead anybody away from here.
    """
    for sign in ("://", "www.", "@"):
        text = text.replace(sign, f"{sign[0]}{_JOINER}{sign[1:]}")
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+!|<>$~:" else sign for sign in text)


def source_and_date(request: Mapping[str, object], created: datetime | None) -> dict[str, str]:
    """From which file, and when, something that was kept was made."""
    shown = {_("Based on"): str(request["from"])} if request.get("from") else {}
    return shown | ({_("Created"): moment(created)} if created else {})


def stage_in_words(stage: str) -> str:
    """A stage in the reader's language, its numbers kept; in English what no catalogue has.

    Args:
        stage: As a job or a verb tells it: `storing`, `epoch 6 of 100, pooling, 3 of 40`.
    """
    return ", ".join(_stage_part(part) for part in stage.split(", "))


def _stage_part(part: str) -> str:
    numbers = _NUMBERS.findall(part)[: len(_VALUES)]
    if not numbers:
        return _(part) if part else part
    names = iter(_VALUES)
    sentence = _NUMBERS.sub(lambda found: f"{{{next(names, found[0])}}}", part)
    return _(sentence, **dict(zip(_VALUES, numbers, strict=False)))
