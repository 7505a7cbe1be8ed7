"""Which language a question is in: that of its letters, that of the page, or English."""

import re
from dataclasses import dataclass

from aether_core.errors import InputError
from aether_core.language import SOURCE, mark
from aether_core.search.question.grammar import Grammar
from aether_core.search.question.languages import GRAMMARS
from aether_core.search.question.languages.meaning import (
    by_letters,
    is_english,
    is_known_english,
    script_of,
)
from aether_core.search.question.markers import Marker, Words
from aether_core.search.question.tokens import tokens_of

_RELATIONS = frozenset({"relation", "after", "adposition", "unmapped_object"})
_SIGNS = frozenset({"comma", "stop", "times"})


@dataclass(frozen=True)
class Chosen:
    """The language a question is read in.

    Attributes:
        grammar: Its rules.
        notes: What could have been read in another language.
    """

    grammar: Grammar
    notes: tuple[str, ...] = ()


def choose(text: str, page: str) -> Chosen:
    """Choose by the words of each language that are there; of equals the first is taken.

    A language that letters of the question belong to comes before that of the page, and this before
    English.

    Args:
        text: The question.
        page: One of `GRAMMARS`.

    Raises:
        InputError: Questions are not read in that language.
    """
    if page not in GRAMMARS:
        raise InputError(
            "questions are not read in this language",
            page,
            f"the languages are {', '.join(GRAMMARS)}; English is always understood",
            code="question-language-unknown",
        )
    languages = list(dict.fromkeys([*by_letters(text), page, SOURCE]))
    if languages == [SOURCE]:
        return Chosen(GRAMMARS[SOURCE])
    found = {one: _evidence(GRAMMARS[one], text) for one in languages}
    chosen = max(languages, key=lambda one: found[one].words)
    if found[chosen].words == 0:
        chosen = SOURCE if is_english(text, languages[0]) else languages[0]
    notes = _scripts_note(GRAMMARS[chosen], text)
    for other in languages:
        if other != chosen:
            notes += _mixed_note(found[other].relations, found[chosen].relations)
    return Chosen(GRAMMARS[chosen], notes)


@dataclass(frozen=True)
class _Evidence:
    """How much of a question a language knows.

    Attributes:
        words: How many of its words.
        relations: Those that make a criterion, without what other languages write alike.
    """

    words: int
    relations: tuple[str, ...]


def _evidence(grammar: Grammar, text: str) -> _Evidence:
    known, relations = 0, []
    for token in tokens_of(grammar, grammar.prepared(text)):
        if isinstance(token, Marker):
            if token.role not in _SIGNS:
                known += len(re.findall(r"[^\W\d_]+", token.text))
            if token.role in _RELATIONS:
                relations.append(token.text.strip())
        else:
            known += _known(grammar, token)
    return _Evidence(known, tuple(relations))


def _known(grammar: Grammar, words: Words) -> int:
    """How many of some words are articles of the language, or things it has a word for."""
    rest = grammar.filler.sub("", words.text).strip()
    rest = grammar.article.sub("", rest)
    spoken = len(words.text.split()) - len(rest.split())
    each = re.findall(r"[^\W\d_]+", rest)
    if grammar.nouns is None:
        return spoken + (len(each) if is_known_english(rest) else sum(map(is_known_english, each)))
    if grammar.nouns.read(rest) is not None:
        return spoken + len(each)
    return spoken + sum(map(grammar.nouns.knows, each))


def _mixed_note(left: tuple[str, ...], read: tuple[str, ...]) -> tuple[str, ...]:
    """A note of words that relate others in the language that was not taken."""
    taken = {word for phrase in read for word in phrase.casefold().split()}
    over = [phrase for phrase in left if not taken & set(phrase.casefold().split())]
    if not over:
        return ()
    return (
        mark(
            "the question mixes two languages: “{words}” was not read as what it means in the "
            "other; write it in one of them",
            words=over[0],
        ),
    )


def _scripts_note(grammar: Grammar, text: str) -> tuple[str, ...]:
    """A note where a question is in letters of more than one script.

    Distances and weights have none of their own, and a name keeps its letters: amid another script
    its capital tells it.
    """
    scripts: dict[str, str] = {}
    for word in re.findall(r"[^\W\d_]+", _without_figures(grammar, text)):
        for letter in word:
            script = script_of(letter)
            if script == grammar.script or not word[0].isupper():
                scripts.setdefault(script, word)
    if len(scripts) < 2:
        return ()
    return (
        mark(
            "the question mixes scripts: {words}; each word was read as it stands",
            words=", ".join(f"“{word}”" for word in scripts.values()),
        ),
    )


def _without_figures(grammar: Grammar, text: str) -> str:
    """The words of a question but for those that tell a distance or a weight."""
    return " ".join(
        token.text
        for token in tokens_of(grammar, grammar.prepared(text))
        if isinstance(token, Words) or not re.search(r"\d", token.text)
    )
