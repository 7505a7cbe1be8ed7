"""What the words of a criterion mean in English, and which language the others are in."""

import unicodedata
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from aether_core.language import SOURCE
from aether_core.search.background import background_words
from aether_core.search.question.criteria import KINDS, Criterion
from aether_core.search.question.languages import GRAMMARS
from aether_core.search.question.nouns import Known
from aether_core.search.question.place_words import CENTRE, GROUND, SYNONYMS, plain
from aether_core.search.question.tokens import in_single_spaces

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


def meant(one: Criterion, language: str, page: str) -> Criterion:
    """A criterion with the English of its words, where a table has it.

    Args:
        one: With words as typed.
        language: Of the question.
        page: Of the page or command; its table is asked for words that English does not know, where
            their letters are of no other language.

    Returns:
        The same, with `words` in English and `said` as typed; or with the `language` of words
        whose English is not known. Names of areas are of no language.
    """
    own = _own(one.words, page)
    if KINDS[one.kind].evidence == "area" or own == SOURCE:
        return one
    if language == SOURCE and is_known_english(one.words):
        return one
    nouns = GRAMMARS[own].nouns
    noun = nouns.read(one.words) if nouns is not None else None
    if noun is not None:
        return replace(one, words=noun.english, said=noun.shown)
    if (language == SOURCE and own == page) or is_english(one.words, own):
        return one
    return replace(one, language=own)


def reworded(one: Criterion, words: str, page: str) -> Criterion:
    """A criterion with other words, as somebody has typed them.

    Args:
        one: The criterion.
        words: With or without an article, in the language of the page or in English.
        page: The language of the page.
    """
    if words == one.in_own_words:
        return one
    words = in_single_spaces(words)
    own = _own(words, page)
    grammar = GRAMMARS[own]
    bare = words if own == SOURCE else grammar.article.sub("", grammar.prepared(words))
    fresh = replace(one, words=grammar.finished(bare), said="", language=SOURCE)
    return meant(fresh, own, page)


def known_part(one: Criterion) -> Known | None:
    """The one thing that a table has of words that it does not have as a whole, if it has one.

    Args:
        one: With the `language` of its words.
    """
    nouns = GRAMMARS[one.language].nouns
    return None if nouns is None else nouns.within(one.words)


def is_known_english(words: str) -> bool:
    """Whether English words are among those this app knows to mean a kind of place."""
    asked = plain(words)
    return asked in SYNONYMS or asked in GROUND or asked in CENTRE or asked in _background()


def is_english(words: str, instead_of: str) -> bool:
    """Whether words are rather English than of another language, by the letters they are made of.

    Args:
        words: As typed.
        instead_of: The other language, `de` for German.
    """
    if is_known_english(words):
        return True
    likely = dict(_identifier().rank(words))
    return bool(likely[SOURCE] > likely[instead_of])


def by_letters(text: str) -> list[str]:
    """The languages that are told by letters in a text: each alone is written in a script.

    The one with the most letters comes first.
    """
    of_script = Counter(one.script for one in GRAMMARS.values())
    told = {one.script: one.language for one in GRAMMARS.values() if of_script[one.script] == 1}
    found = Counter(script_of(letter) for letter in text if letter.isalpha())
    return [told[script] for script, _times in found.most_common() if script in told]


def script_of(letter: str) -> str:
    """What the script of a letter is called in Unicode."""
    return unicodedata.name(letter, "?").split()[0]


def _own(words: str, page: str) -> str:
    """The language beside English that words may be in."""
    return next(iter(by_letters(words)), page)


@cache
def _background() -> frozenset[str]:
    return frozenset(plain(word) for word in background_words().every)


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second, and few need it

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(GRAMMARS))
    return identifier
