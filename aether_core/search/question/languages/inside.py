"""What stands in something: in an area, or in another thing, which is one thing with it."""

from collections.abc import Sequence

from aether_core.search.question.markers import Marker, Token, Words
from aether_core.search.question.nouns import Nouns


def in_things(nouns: Nouns, tokens: Sequence[Token]) -> list[Token]:
    """Take "in" for a part of a thing where a thing follows, which names no area: "in Altbauten".

    Args:
        nouns: The things of the language.
        tokens: Of a question.
    """
    arranged: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        inside = isinstance(token, Marker) and token.kind == "in" and isinstance(following, Words)
        if inside and isinstance(following, Words) and nouns.knows(following.text):
            before = arranged.pop() if arranged and isinstance(arranged[-1], Words) else None
            words = before.text if isinstance(before, Words) else ""
            arranged.append(Words(f"{words} {token.text} {following.text}".strip()))
            at += 2
            continue
        arranged.append(token)
        at += 1
    return arranged
