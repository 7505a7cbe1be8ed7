"""A sentence in the reader's language."""

import logging
from string import Formatter
from typing import Any, TypeVar

from babel import Locale

from aether_core.language.catalogues import SOURCE, catalogue
from aether_core.language.figures import figure_in
from aether_core.language.reader import locale

log = logging.getLogger("aether.language")
Text = TypeVar("Text", bound=str)


def mark(sentence: Text) -> Text:
    """Note a sentence for the catalogues; it is asked for where it is shown."""
    return sentence


def _(sentence: str, /, **values: object) -> str:
    """A sentence in the reader's language.

    Args:
        sentence: In English, as the catalogues have it. With values, what stands in braces is
            filled in, numbers as the language writes them; without, braces are only signs.
        values: By the names in the sentence.
    """
    known = locale()
    if known.language == SOURCE:
        return _Filled(known).vformat(sentence, (), values) if values else sentence
    if not sentence:
        return sentence  # gettext keeps a catalogue's heading under the empty text
    return _filled(catalogue(known.language).gettext(sentence), sentence, known, values)


def plural(one: str, several: str, number: int, /, **values: object) -> str:
    """A sentence by number in the reader's language.

    Args:
        one: In English, for one.
        several: For any other number.
        number: Which form is taken by; `{number}` in the sentence.
        values: By the names in the sentence.
    """
    known = locale()
    english = one if number == 1 else several
    said = catalogue(known.language).ngettext(one, several, number)
    return _filled(said, english, known, {"number": number, **values})


class _Filled(Formatter):
    """Fills values in as `str.format` does, but numbers as a locale writes them."""

    def __init__(self, known: Locale) -> None:
        self._locale = known

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as of its base
        return figure_in(value, format_spec, self._locale)


def _filled(said: str, english: str, known: Locale, values: dict[str, object]) -> str:
    if not values:
        return said
    filled = _Filled(known)
    try:
        return filled.vformat(said, (), values)
    except (KeyError, IndexError, ValueError):
        log.exception("the catalogue of %s has other values in: %r", known, english)
        return filled.vformat(english, (), values)
