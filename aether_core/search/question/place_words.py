"""Words of places made comparable: letter case, accents, plurals, and what means the same."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_IRREGULAR = {
    "children": "child", "people": "person", "men": "man", "women": "woman", "feet": "foot",
    "libraries": "library", "bakeries": "bakery", "buses": "bus", "businesses": "business",
    "leaves": "leaf", "wolves": "wolf", "knives": "knife", "halves": "half", "shelves": "shelf",
    "gymnasia": "gymnasium", "stadia": "stadium", "aquaria": "aquarium", "foci": "focus",
    "movies": "movie", "brownies": "brownie", "cookies": "cookie", "eateries": "eatery",
    "creches": "creche",
}  # fmt: skip
_SINGULAR_ALREADY = frozenset(
    {"bus", "gas", "sports", "tennis", "news", "series", "arts", "gymnastics", "campus", "thermae",
     "services", "works", "mews", "premises", "species", "goods", "clothes", "glasses", "offices"}
    - {"offices"}
)  # fmt: skip
_LEADING = re.compile(
    r"^(?:(?:the|a|an|any|some|all|every|each|both|either|this|that|these|those|our|my|your|its|"
    r"their|nearest|closest|local|nearby|existing|other|another) )+"
)


def plain(words: str) -> str:
    """Words to compare by: lower case, no accents, no article, every word in the singular.

    >>> plain("The Primary Schools")
    'primary school'
    """
    folded = unicodedata.normalize("NFKD", words.casefold())
    letters = "".join(one for one in folded if not unicodedata.combining(one))
    spaced = " ".join(re.sub(r"[^\w&'’]+", " ", letters.replace("_", " ")).split())
    return " ".join(_singular(word) for word in _LEADING.sub("", f"{spaced} ").split())


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word in _SINGULAR_ALREADY or not word.endswith("s"):
        return word
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
    ):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word if word.endswith(("ss", "us", "is", "'s", "’s")) else word[:-1]


def _read_synonyms() -> dict[str, frozenset[str]]:
    """What means the same, from `synonyms.tsv`."""
    lines = Path(__file__).with_name("synonyms.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {
        plain(word): frozenset(plain(category) for category in categories.split("|"))
        for words, categories in reversed(rows)
        for word in words.split("|")
    }


SYNONYMS: Mapping[str, frozenset[str]] = MappingProxyType(_read_synonyms())
"""Categories that are meant, by what is asked for; all in `plain` words. Categories are those of
OpenStreetMap (wiki, "Map features"), Overture Maps ("Places taxonomy") and Foursquare ("Places
categories")."""

CENTRE = frozenset(
    plain(words)
    for words in (
        "centre", "center", "city centre", "city center", "town centre", "town center", "downtown",
        "inner city", "cbd", "central business district", "core", "urban core", "urban centre",
        "very centre", "historic centre", "historic center", "city core", "centre of town",
        "centre of the city", "center of town", "center of the city",
    )
)  # fmt: skip
"""What means the middle of the city."""

_GROUND_WORDS = {
    "water": "water|waterfront|sea|seaside|lake|river|riverside|canal|bay|shore|shoreline|coast|"
    "waterside|harbour basin|open water",
    "green": "green|greenery|green space|green area|open space|nature",
    "main road": "main road|major road|busy road|big road|arterial road|arterial|main street|"
    "trunk road|motorway|highway|freeway|expressway|dual carriageway|primary road|traffic|"
    "road traffic|busy street|through road",
    "road": "road|street|lane",
    "building": "building|house",
}
GROUND: Mapping[str, str] = MappingProxyType(
    {plain(word): kind for kind, words in _GROUND_WORDS.items() for word in words.split("|")}
)
"""What a city's own base map stands for, by kind of its features."""

GREEN_INSTEAD = frozenset(plain(word) for word in ("park", "garden", "wood", "woodland", "forest"))
"""What the base map's greenery stands for where no place of the city is called so."""

QUALIFIERS = frozenset(
    {
        "primary", "secondary", "quiet", "small", "little", "large", "big", "good", "nice",
        "great", "local", "new", "old", "modern", "historic", "public", "private", "state",
        "green", "busy", "major", "minor", "indoor", "outdoor", "city", "town", "village",
        "independent", "cheap", "safe", "open", "popular", "family", "children", "kid",
        "famous", "best", "proper", "central", "neighbourhood", "neighborhood",
    }
)  # fmt: skip
"""Words that narrow a kind of place; a city whose data does not make the difference is asked for
the kind as a whole, and it is said. Other words make another thing: no power station is a station.
"""
