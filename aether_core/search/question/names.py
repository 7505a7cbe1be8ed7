"""Words that stand together: names and fixed phrases whose "and", "near" or "not" join nothing."""

import re

NAME_SPACE = "\u02cd"  # a letter to patterns, and in no name
"""Stands between the words of a name while a question is read."""

FIXED_PHRASES = (
    "marks and spencer", "marks & spencer", "fish and chips", "fish & chips", "bed and breakfast",
    "bed & breakfast", "bread and butter", "park and ride", "park & ride", "kiss and ride",
    "near east", "near eastern", "bath and body works", "black and white", "arts and crafts",
    "arts and culture", "food and drink", "health and safety", "health and beauty", "law and order",
    "drive in", "walk in", "check in", "stand by", "mother and baby", "parent and child",
    "parent and toddler", "pick and mix", "rock and roll", "drum and bass", "cash and carry",
    "elephant and castle", "rose and crown", "fox and hounds", "coach and horses", "dog and duck",
    "research and development", "sports and leisure", "sport and leisure", "accident and emergency",
    "wine and spirits", "wines and spirits", "tea and coffee", "coffee and cake", "bar and grill",
    "fruit and veg", "fruit and vegetables", "not for profit", "doctors without borders",
    "home away from home", "hop on hop off", "pay and display", "crate and barrel",
    "barnes and noble", "barnes & noble", "dolce and gabbana", "ben and jerry's", "hide and seek",
    "ladies and gentlemen", "church in wales", "trial and error", "touch and go", "a and e",
    "house and garden", "home and garden", "hammersmith and city", "stoke by nayland",
    "around the clock", "open air", "take away", "off licence",
    "inns of court",
    "stratford upon avon", "bring and buy", "not in education", "playing out", "chapel of rest",
)  # fmt: skip
"""Fixed phrases and names of chains and places; the questions of `docs/ask.md` and common ones."""

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.-]*"
_JOINED = re.compile(rf"\b{_CAPITAL}(?: (?:and|&|of|of the|upon|the|de|la|le) {_CAPITAL})+")
_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{1,80})[\"“”«»]|(?<!\w)['‘]([^'‘’]{3,80})['’](?!\w)")


def join_names(question: str) -> tuple[str, list[str]]:
    """Join the words of names, so that nothing reads them one by one.

    Args:
        question: With single spaces.

    Returns:
        The question, with `NAME_SPACE` between the words of a name; and the names that only
        their capitals gave away, which may have been two places.
    """
    guessed: list[str] = []
    joined = _QUOTED.sub(lambda found: _joined((found[1] or found[2]).strip()), question)
    for phrase in FIXED_PHRASES:
        pattern = rf"(?<![\w{NAME_SPACE}]){re.escape(phrase)}(?![\w{NAME_SPACE}])"
        joined = re.sub(pattern, lambda found: _joined(found[0]), joined, flags=re.IGNORECASE)
    if _is_written_in_capitals(question):
        return joined, guessed

    def join(found: re.Match[str]) -> str:
        guessed.append(found[0])
        return _joined(found[0])

    return _JOINED.sub(join, joined), guessed


def unjoined(words: str) -> str:
    """Words with plain spaces again."""
    return words.replace(NAME_SPACE, " ")


def _joined(name: str) -> str:
    return name.replace(" ", NAME_SPACE)


def _is_written_in_capitals(question: str) -> bool:
    """Whether capitals say nothing, because every longer word has one."""
    words = [word for word in re.findall(r"[^\W\d_]+", question) if len(word) > 3]
    return len(words) > 1 and all(word[0].isupper() for word in words)
