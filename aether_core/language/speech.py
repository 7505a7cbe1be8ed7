"""A sentence in the reader's language."""

import logging
from collections.abc import Mapping
from string import Formatter
from typing import Any, Final, Self, TypeVar, overload

from babel import Locale

from aether_core.language.catalogues import SOURCE, catalogue
from aether_core.language.figures import figure_in
from aether_core.language.names import PlaceName, said_in
from aether_core.language.reader import locale, wanted

log = logging.getLogger("aether.language")
_ENGLISH: Final = Locale(SOURCE)
Text = TypeVar("Text", bound=str)


class Marked(str):
    """A sentence in English that knows its values, so that it can be asked for later.

    Attributes:
        sentence: As the catalogues have it.
        values: By the names in it; a marked one among them is asked for, too.
        begins: Whether it has a capital letter first, whatever it begins with.
    """

    __slots__ = ("begins", "sentence", "values")
    sentence: str
    values: Mapping[str, object]
    begins: bool

    def __getnewargs__(self) -> tuple[str]:
        return (str(self),)


class Numeral(str):
    """A number in English that knows its value, so that a marked sentence can say it by locale.

    Args:
        value: The number.
        form: As in `format`, such as `.0%`.
    """

    __slots__ = ("form", "value")
    value: float
    form: str

    def __new__(cls, value: float, form: str) -> Self:
        """The number as English writes it."""
        made = super().__new__(cls, figure_in(value, form, _ENGLISH))
        made.value, made.form = value, form
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[float, str]]:
        return type(self), (self.value, self.form)


@overload
def mark(sentence: Text, /) -> Text: ...
@overload
def mark(sentence: str, /, **values: object) -> Marked: ...
def mark(sentence: str, /, **values: object) -> str:
    """Note a sentence for the catalogues; it is asked for where it is shown.

    Args:
        sentence: In English, as the catalogues have it.
        values: By the names in the sentence; with them it comes back filled in, in English, and
            `_` says it in the reader's language.
    """
    if not values:
        return sentence
    marked = Marked(_Filled(_ENGLISH).vformat(sentence, (), values))
    marked.sentence, marked.values, marked.begins = sentence, values, False
    return marked


def as_marked(sentence: str) -> Marked:
    """A sentence that `mark` noted without values, to be a value of another one."""
    marked = Marked(sentence)
    marked.sentence, marked.values, marked.begins = sentence, {}, False
    return marked


def capitalised(marked: Marked) -> Marked:
    """The same with a capital letter first, in every language."""
    capital = Marked(_capital(marked))
    capital.sentence, capital.values, capital.begins = marked.sentence, marked.values, True
    return capital


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _(sentence: str, /, **values: object) -> str:
    """A sentence in the reader's language.

    Args:
        sentence: In English, as the catalogues have it, or marked with its values. With values,
            what stands in braces is filled in, numbers as the language writes them; without,
            braces are only signs.
        values: By the names in the sentence.
    """
    if isinstance(sentence, Marked):
        return _asked_for(sentence)
    known = locale()
    if known.language == SOURCE:
        return _Filled(known, wanted()).vformat(sentence, (), values) if values else sentence
    if not sentence:
        return sentence  # gettext keeps a catalogue's heading under the empty text
    return _filled(catalogue(known.language).gettext(sentence), sentence, known, values)


def translated(text: str) -> str:
    """What is marked, a numeral or a place's name in the reader's language; others as they are."""
    if isinstance(text, Numeral):
        return figure_in(text.value, text.form, locale())
    if isinstance(text, PlaceName):
        return said_in(text, wanted())
    return _asked_for(text) if isinstance(text, Marked) else text


def _asked_for(marked: Marked) -> str:
    values = {
        name: _asked_for(value) if isinstance(value, Marked) else value
        for name, value in marked.values.items()
    }
    text = _(marked.sentence, **values)
    return _capital(text) if marked.begins else text


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
    """Fills values in as `str.format` does, but numbers as a locale writes them.

    Args:
        known: The locale.
        names_in: Language of places' names; None: as their source mainly has them.
    """

    def __init__(self, known: Locale, names_in: str | None = None) -> None:
        self._locale = known
        self._names_in = names_in

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as of its base
        if isinstance(value, PlaceName):
            value = said_in(value, self._names_in)
        if isinstance(value, Numeral):
            return figure_in(value.value, value.form, self._locale)
        return figure_in(value, format_spec, self._locale)


def _filled(said: str, english: str, known: Locale, values: dict[str, object]) -> str:
    if not values:
        return said
    filled = _Filled(known, wanted())
    try:
        return filled.vformat(said, (), values)
    except (KeyError, IndexError, ValueError):
        log.exception("the catalogue of %s has other values in: %r", known, english)
        return filled.vformat(english, (), values)
