"""The languages there are, each a catalogue of this folder, and which of them somebody is given."""

import logging
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

log = logging.getLogger("aether.language")
FOLDER: Final = Path(__file__).parent
SOURCE: Final = "en"
"""The language of the sentences in the code, which needs no catalogue."""
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "fi": "Suomi"}
)
"""Those that are complete, each by its own name."""


_LONGEST_HEADER: Final = 500


class _Missing(NullTranslations):
    """What a catalogue without a sentence gives: the English one, which is logged once."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self._told: set[str] = set()

    def gettext(self, message: str) -> str:
        self._tell(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self._tell(msgid1)
        return msgid1 if n == 1 else msgid2

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            log.warning("not in the catalogue of %s: %r", self._language, message)


def catalogue(language: str) -> NullTranslations:
    """The sentences of a language, read once a process; English where its file is damaged."""
    return _read(language) or NullTranslations()


def damaged(languages: Iterable[str] = LANGUAGES) -> dict[str, str]:
    """The languages whose catalogues cannot be read, each with what is wrong with it."""
    wrong = {}
    for language in languages:
        if language != SOURCE:
            try:
                read_catalogue(FOLDER / f"{language}.po", language)
            except (OSError, ValueError, PoFileError) as error:
                wrong[language] = str(error)
    return wrong


def read_catalogue(path: Path, language: str) -> GNUTranslations:
    """Read a catalogue.

    Args:
        path: A `.po` file, UTF-8.
        language: Its language.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no UTF-8, or has no sentence.
        PoFileError: It is no catalogue.
    """
    content = path.read_bytes()
    for number, line in enumerate(content.decode().splitlines(), 1):
        if line.startswith(('"', "msg")) and not line.endswith('"'):  # Babel reads it, cut short
            message = f"line {number} of {path.name} is cut off"
            raise ValueError(message)
    found = read_po(BytesIO(content), locale=language, abort_invalid=True)
    if not len(found):
        message = f"{path.name} has no sentence"
        raise ValueError(message)
    compiled = BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    read = GNUTranslations(compiled)
    read.add_fallback(_Missing(language))
    return read


@cache
def _read(language: str) -> GNUTranslations | None:
    if language == SOURCE:
        return None
    try:
        return read_catalogue(FOLDER / f"{language}.po", language)
    except (OSError, ValueError, PoFileError):
        log.exception("the catalogue of %s cannot be read, so it stays in English", language)
        return None


def matched(wanted: str | None) -> str | None:
    """The complete language nearest to a locale, such as `de` for `de-AT`; None where none is.

    Args:
        wanted: A BCP 47 tag as browsers send it, or nothing.
    """
    found = parsed(wanted)
    return found.language if found is not None and found.language in LANGUAGES else None


def first_matched(header: str) -> str:
    """The locale somebody likes best of those there is a catalogue of; English where there is none.

    Args:
        header: `Accept-Language` as browsers send it (RFC 9110, 12.5.4): `fi-FI,fi;q=0.9,en;q=0.8`.
    """
    wanted = []
    for part in header[:_LONGEST_HEADER].split(","):
        tag, _sign, weight = part.replace(" ", "").partition(";q=")
        try:
            liked = float(weight or 1)
        except ValueError:
            continue
        if liked > 0 and matched(tag) is not None:
            wanted.append((liked, tag))
    return max(wanted, key=itemgetter(0), default=(0.0, SOURCE))[1]


@lru_cache(maxsize=1024)
def parsed(tag: str | None) -> Locale | None:
    """A locale Babel knows for a BCP 47 tag; without its territory where only that is unknown."""
    parts = (tag or "").replace("_", "-").split("-")
    for told in ("_".join(parts), parts[0]):
        try:
            return Locale.parse(told)
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return None
