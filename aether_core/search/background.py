"""Words that say nothing of any one city, to hold a query's likeness to a city's words against.

They lie beside this module in `background_words.json`, in three lists: kinds of place (after
OpenStreetMap's "Map features"), words that name no kind of place (qualities, moods, ideas, small
talk), and strings that are no words. None of the second and third list is among the queries that
the figures of `docs/ask.md` are measured with.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class BackgroundWords:
    """The three lists.

    Attributes:
        kinds: Kinds of place, whether a city has them or not.
        qualities: Words that name no kind of place.
        nonsense: Strings that are no words.
    """

    kinds: tuple[str, ...]
    qualities: tuple[str, ...]
    nonsense: tuple[str, ...]

    @property
    def every(self) -> tuple[str, ...]:
        """All of them: kinds, qualities, nonsense."""
        return self.kinds + self.qualities + self.nonsense


@cache
def background_words() -> BackgroundWords:
    """The lists, read once a process."""
    text = files(__package__).joinpath("background_words.json").read_text(encoding="utf-8")
    lists = json.loads(text)
    return BackgroundWords(
        kinds=tuple(lists["kinds of place"]),
        qualities=tuple(lists["words without a place"]),
        nonsense=tuple(lists["no words"]),
    )
