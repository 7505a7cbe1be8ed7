"""What places are called in other languages than the one their source mainly calls them in.

Sources say it by language tag (BCP 47): OpenStreetMap as `name:sv`, Overture as `names.common`. A
table of places or of a base map keeps it as a column of texts, `other_names`: a JSON object from
tag to name, "" where the source says none. What is trained and asked with is the main name alone;
the others are shown to people, and found by them.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Self

from babel import Locale
from babel.core import get_global

from aether_core.language.catalogues import LANGUAGES, SOURCE

OTHER_NAMES: Final = "other_names"
"""The column."""
MOST_NAMES: Final = 100
"""Languages kept of one place. A whole planet's best known have some three hundred."""
LONGEST_NAME: Final = 200
"""Characters of a name that is kept; a longer one is a description, and cut it would be wrong."""
_LONGEST_TAG: Final = 35  # RFC 5646, 4.4.1
_PART: Final = re.compile(r"[a-z0-9]{2,8}")
_SCRIPT: Final = re.compile(r"[a-z]{4}")
_REGION: Final = re.compile(r"[a-z]{2}|[0-9]{3}")
_LANGUAGES: Final = frozenset(Locale(SOURCE).languages) - {"mul", "root", "und", "zxx"}
"""Those that CLDR has a word for; OpenStreetMap's `name:old` and `name:left` are none."""
_LATIN: Final = "Latn"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@lru_cache(maxsize=4096)
def language_tag(text: str) -> str | None:
    """A language tag as BCP 47 spells it: `zh-Hant` for `zh_hant`; None where it is none."""
    if len(text) > _LONGEST_TAG:
        return None
    language, *parts = text.strip().lower().replace("_", "-").split("-")
    if language not in _LANGUAGES or not all(_PART.fullmatch(part) for part in parts):
        return None
    return "-".join([language, *map(_spelled, parts)])


def _spelled(part: str) -> str:
    if _SCRIPT.fullmatch(part):
        return part.capitalize()
    return part.upper() if _REGION.fullmatch(part) else part


def other_names(found: Iterable[tuple[object, object]]) -> str:
    """What the column keeps of one place.

    Args:
        found: Language and name as a source has them. What is no language, no text or too long
            goes; of more than `MOST_NAMES`, those stay first that the app itself speaks.
    """
    names: dict[str, str] = {}
    for language, name in found:
        # With `_` OpenStreetMap writes how a name is read: `zh_pinyin`, `ja_rm`.
        if not (isinstance(language, str) and isinstance(name, str)) or "_" in language:
            continue
        tag, line = language_tag(language), _line(name)
        if tag is not None and line and len(line) <= LONGEST_NAME:
            names.setdefault(tag, line)
    if not names:
        return ""
    if len(names) > MOST_NAMES:
        first = sorted(names, key=lambda tag: (tag.partition("-")[0] not in LANGUAGES, tag))
        names = {tag: names[tag] for tag in first[:MOST_NAMES]}
    return json.dumps(names, ensure_ascii=False, sort_keys=True)


def names_kept(text: object) -> Mapping[str, str]:
    """What a cell of the column says, by language; nothing where it says nothing of the kind.

    Args:
        text: Of a table of ours, or of a file that anybody wrote.
    """
    if not isinstance(text, str) or not text:
        return _NONE
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _NONE
    if not isinstance(document, dict):
        return _NONE
    return {tag: name for tag, name in document.items() if isinstance(name, str)}


def _line(name: str) -> str:
    """One line of text: no control characters, no halves of letters, single spaces."""
    if name.isascii() and name.isprintable():
        return " ".join(name.split())
    clean = (" " if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in name)
    return " ".join("".join(clean).split())


@lru_cache(maxsize=1024)
def _alike(tag: str) -> tuple[tuple[str, ...], str, str]:
    """A reader's tag and what it falls back to; its language; and the script it is read in."""
    parts = tag.split("-")
    spelled = tag.replace("-", "_")
    likely = get_global("likely_subtags").get(spelled) or get_global("likely_subtags").get(parts[0])
    script = next((part for part in parts[1:] if len(part) == len(_LATIN)), "")
    script = script or (likely.split("_")[1] if likely else "")
    shorter = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    written = [f"{parts[0]}-{script}"] if script else []
    return tuple(dict.fromkeys([tag, *written, *shorter])), parts[0], script


def in_order(tag: str | None, known: Collection[str]) -> tuple[str, ...]:
    """Of some languages those that serve a reader, the best first.

    The exact tag; the language in its script (`zh-TW` is read in `zh-Hant`); shorter tags down to
    the language; then its other regions and scripts, but no romanisation, which is written for
    readers of other scripts.

    Args:
        tag: Of the reader; None serves nobody.
        known: Canonical tags.
    """
    canonical = None if tag is None else language_tag(tag)
    if canonical is None:
        return ()
    falls, language, script = _alike(canonical)
    exact = [one for one in falls if one in known]
    others = sorted(
        one
        for one in known
        if one.partition("-")[0] == language and one not in exact and _is_read(one, script)
    )
    return (*exact, *others)


def _is_read(tag: str, script: str) -> bool:
    """Whether who reads a script reads a tag of the same language: a region, or no romanisation."""
    parts = tag.split("-")[1:]
    plain = all(
        _SCRIPT.fullmatch(part.lower()) or _REGION.fullmatch(part.lower()) for part in parts
    )
    return plain and (script == _LATIN or _LATIN not in parts)


class PlaceName(str):
    """A name as its source mainly has it, which knows its other languages.

    It is the main name for whatever looks at it as a text: models, files, JSON. Whoever shows it to
    a reader asks `translated`, or puts it as a value into a sentence of `_`.

    Args:
        main: The main name.
        others: By canonical language tag.
    """

    __slots__ = ("others",)
    others: Mapping[str, str]

    def __new__(cls, main: str, others: Mapping[str, str] = _NONE) -> Self:
        """The main name, knowing the others."""
        made = super().__new__(cls, main)
        made.others = others
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, str]]]:
        return type(self), (str(self), dict(self.others))

    def within(self, before: str, after: str) -> "PlaceName":
        """The same with words before and after it, in every language."""
        others = {tag: f"{before}{name}{after}" for tag, name in self.others.items()}
        return PlaceName(f"{before}{self}{after}", others)


def said_in(name: str, tag: str | None) -> str:
    """A name in a language where its source has it, else the main name.

    Args:
        name: A `PlaceName`, or any other text, which stays as it is.
        tag: Language tag; None: the main name.
    """
    if not isinstance(name, PlaceName):
        return name
    best = in_order(tag, name.others.keys()) if name.others else ()
    return name.others[best[0]] if best else str(name)


def place_names(names: Sequence[str], others: Iterable[object]) -> list[PlaceName]:
    """Names of a table with what its column says of them.

    Args:
        names: Main names.
        others: The cells of `OTHER_NAMES`, in the same order.
    """
    return [PlaceName(name, names_kept(text)) for name, text in zip(names, others, strict=True)]


def all_of(name: PlaceName) -> tuple[str, ...]:
    """Everything a place is called, each once, the main name first."""
    return tuple(dict.fromkeys([str(name), *name.others.values()]))
