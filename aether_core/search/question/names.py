"""Words that stand together: names and fixed phrases whose "and", "near" or "not" join nothing."""

import re
from collections.abc import Sequence

NAME_SPACE = "\u02cd"  # a letter to patterns, and in no name
"""Stands between the words of a name while a question is read."""

CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.-]*"
"""A word with a capital, as a part of a pattern."""
_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{1,80})[\"“”«»]|(?<!\w)['‘]([^'‘’]{3,80})['’](?!\w)")


def join_names(
    question: str, phrases: Sequence[str], joined_name: re.Pattern[str] | None
) -> tuple[str, list[str]]:
    """Join the words of names, so that nothing reads them one by one.

    Args:
        question: With single spaces.
        phrases: Fixed phrases of its language.
        joined_name: What is one name by its capitals; None where capitals do not tell names.

    Returns:
        The question, with `NAME_SPACE` between the words of a name; and the names that only
        their capitals gave away, which may have been two places.
    """
    guessed: list[str] = []
    joined = _QUOTED.sub(lambda found: _joined((found[1] or found[2]).strip()), question)
    for phrase in phrases:
        pattern = rf"(?<![\w{NAME_SPACE}]){re.escape(phrase)}(?![\w{NAME_SPACE}])"
        joined = re.sub(pattern, lambda found: _joined(found[0]), joined, flags=re.IGNORECASE)
    if joined_name is None or _is_written_in_capitals(question):
        return joined, guessed

    def join(found: re.Match[str]) -> str:
        guessed.append(found[0])
        return _joined(found[0])

    return joined_name.sub(join, joined), guessed


def unjoined(words: str) -> str:
    """Words with plain spaces again."""
    return words.replace(NAME_SPACE, " ")


def _joined(name: str) -> str:
    return name.replace(" ", NAME_SPACE)


def _is_written_in_capitals(question: str) -> bool:
    """Whether capitals say nothing, because every longer word has one."""
    words = [word for word in re.findall(r"[^\W\d_]+", question) if len(word) > 3]
    return len(words) > 1 and all(word[0].isupper() for word in words)
