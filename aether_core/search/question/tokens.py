"""A question in pieces: markers, and the words between them."""

import re
from collections.abc import Sequence
from typing import Literal

from aether_core.search.question.grammar import Grammar
from aether_core.search.question.markers import Marker, Token, Words, marker_at

_STOPS = ":;.?!–—"
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of writing, which nobody sees and copied texts are full of."""


def in_single_spaces(text: str) -> str:
    """What somebody typed, with single spaces and without marks of direction."""
    return " ".join(_TURNS.sub("", text).split())


def tokens_of(grammar: Grammar, text: str) -> list[Token]:
    """Split a question into markers and the words between them, in the order of English."""
    tokens: list[Token] = []
    words: list[str] = []
    at = 0

    def end_words() -> None:
        if words:
            tokens.append(Words(" ".join(words)))
            words.clear()

    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        sign = _sign_at(text, at)
        found = marker_at(grammar.markers, text, at)
        if found is None and sign is not None:
            end_words()
            tokens.append(Marker(sign, text[at]))
            at += 1
            continue
        if found is not None:
            end_words()
            tokens.append(found[0])
            at = found[1]
            continue
        end = at + 1
        while end < len(text) and not text[end].isspace() and _sign_at(text, end) is None:
            end += 1
        words.append(text[at:end])
        at = end
    end_words()
    return _with_objects(grammar.arranged(tokens))


def _with_objects(tokens: Sequence[Token]) -> list[Token]:
    """Take apart what says a relation and its object in one word, and end it there."""
    apart: list[Token] = []
    for token in tokens:
        apart.append(token)
        if isinstance(token, Marker) and token.object:
            apart += [Words(token.object), Marker("stop", "")]
    return apart


def _sign_at(text: str, at: int) -> Literal["comma", "stop"] | None:
    """Comma and stop; not those inside a number or an abbreviation."""
    following = text[at + 1 : at + 2]
    if text[at] in "()":
        return "stop"
    if text[at] == "," and not following.isdigit():
        return "comma"
    if text[at] in _STOPS and (not following or following.isspace()):
        return "stop"
    return None
