"""Which language the names of a city's places are in."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from aether_core.language import locale

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH: Final = "en"
_SAMPLE: Final = 1000
_TOGETHER: Final = 20
_FEWEST: Final = 5 * _TOGETHER
_CLEAR: Final = 0.75
_LANGUAGES: Final = (
    "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru "
    "sk sl sr sv ta th tr uk vi zh"
)
"""ISO 639-1 codes of what is told apart. Among all 97 that py3langid knows, one in eight groups of
London's names is taken for Nigerian Pidgin; among these, none of San Francisco's, London's or
Helsinki's is taken for another language."""


@dataclass(frozen=True)
class NameLanguage:
    """What language names are in.

    Attributes:
        code: ISO 639-1 code of the language of most names.
        share: Share of the groups of twenty names that are in it, 0 to 1.
    """

    code: str
    share: float

    @property
    def is_clear(self) -> bool:
        """Whether the names are in this language, and not in several or in none.

        Genuine names of Helsinki are Finnish in 0.96 of the groups, those of London and San
        Francisco English in all; names of people only, which no language has to itself, come to
        0.4 to 0.6.
        """
        return self.share >= _CLEAR

    @property
    def is_english(self) -> bool:
        """Whether questions in English are questions in the language of the names."""
        return self.code == ENGLISH

    @property
    def in_words(self) -> str:
        """What the reader's language calls it."""
        return str(locale().languages[self.code])


def name_language(names: Iterable[str]) -> NameLanguage | None:
    """Tell which language most names are in.

    A name is too short to tell by ("Cafe Java"), so twenty are read as one text; a thousand names,
    spread evenly over the alphabet, stand for all. The same names give the same answer, in
    whatever order.

    Args:
        names: Names of places; empty and repeated ones count nothing.

    Returns:
        None where there are fewer than a hundred names.
    """
    distinct = sorted({name.strip() for name in names} - {""})
    if len(distinct) < _FEWEST:
        return None
    # Neighbours in the alphabet share words ("Cafe ..."); each group takes from all of it.
    step = len(distinct) / min(len(distinct), _SAMPLE)
    sample = [distinct[int(at * step)] for at in range(min(len(distinct), _SAMPLE))]
    groups = len(sample) // _TOGETHER
    told = Counter(_identifier().classify(" ".join(sample[at::groups]))[0] for at in range(groups))
    code, count = min(told.items(), key=lambda found: (-found[1], found[0]))
    return NameLanguage(code, count / groups)


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second, and few need it

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_LANGUAGES.split())
    return identifier
