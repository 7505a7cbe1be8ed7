"""What a language brings to the reading of a question: its words, and where they stand."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aether_core.search.question.markers import Markers, Token
from aether_core.search.question.nouns import Nouns

NONE = re.compile(r"(?!)")
"""Finds nothing: of what a language does not have."""


def as_they_stand(tokens: Sequence[Token]) -> list[Token]:
    """The order of a language whose relations stand before what they relate to."""
    return list(tokens)


def as_typed(text: str) -> str:
    """The text itself."""
    return text


@dataclass(frozen=True)
class Grammar:
    """The rules of a language; patterns ignore letter case where the language does.

    Attributes:
        language: Its code, ISO 639-1.
        markers: Words that relate others.
        purpose: What says at the beginning what a place is wanted for; its groups are `verb`,
            `new`, `what` and `end`.
        builds: Verbs of it that say by themselves that something is to be built.
        filler: What stands before the thing and says nothing of it: "show me".
        empty: Words that name no thing.
        many: What counts things, before or behind them.
        pointed: What points at a thing.
        article: What may stand before the thing, and tells the next member of a list.
        nearest: "Nearest", which every distance is measured to.
        tail: What stands behind everything: "please".
        trailing: What is left behind the thing of a clause: "that is".
        degree: What tells how much, before what is not wanted.
        phrases: Fixed phrases whose words join nothing.
        joined_name: What is one name by its capitals; None where capitals do not tell names.
        nouns: Its words for what English questions ask for; None for English itself.
        prepared: Parts what the language writes together, such as an elided article.
        finished: Puts it together again, for people.
        arranged: Puts relations before what they relate to.
        script: What its letters are called in Unicode.
    """

    language: str
    markers: Markers
    purpose: re.Pattern[str]
    filler: re.Pattern[str]
    empty: re.Pattern[str]
    trailing: re.Pattern[str]
    article: re.Pattern[str]
    many: re.Pattern[str] = NONE
    pointed: re.Pattern[str] = NONE
    nearest: re.Pattern[str] = NONE
    tail: re.Pattern[str] = NONE
    degree: re.Pattern[str] = NONE
    phrases: tuple[str, ...] = ()
    joined_name: re.Pattern[str] | None = None
    nouns: Nouns | None = None
    prepared: Callable[[str], str] = as_typed
    finished: Callable[[str], str] = as_typed
    arranged: Callable[[Sequence[Token]], list[Token]] = as_they_stand
    script: str = "LATIN"
