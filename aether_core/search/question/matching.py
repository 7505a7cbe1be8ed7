"""Which of a city's places some words mean: by category, group and name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.language import mark
from aether_core.search.question.place_words import QUALIFIERS, SYNONYMS, plain

_NAMED = 4


@dataclass(frozen=True)
class Matched:
    """The places that some words mean.

    Attributes:
        rows: Of the places, int64 `[k]`, at least one.
        meaning: What they are, for people: "places of category school, primary school".
        note: What to tell beside it, or "".
    """

    rows: NDArray[np.int64]
    meaning: str
    note: str = ""


class PlaceIndex:
    """A city's places by their words.

    Args:
        category: Of each place, "" where it has none.
        group: Of each place.
        name: Of each place, its main name.
        otherwise: What each is called in other languages; by these a place is found only where no
            main name holds the words.
    """

    def __init__(
        self,
        category: Sequence[str],
        group: Sequence[str],
        name: Sequence[str],
        otherwise: Sequence[Collection[str]] = (),
    ) -> None:
        self._as_written = np.array(category, dtype=object)
        self._category = _plain_column(category)
        self._group = _plain_column(group)
        self._name = np.array([f" {plain_name(one)} " for one in name], dtype=object)
        self._shown_name = np.array(name, dtype=object)
        self._otherwise = {
            row: {f" {plain_name(one)} ": one for one in names}
            for row, names in enumerate(otherwise)
            if names
        }

    @property
    def categories(self) -> list[str]:
        """The distinct categories as written, in order."""
        return sorted({str(one) for one in self._as_written if one})

    def match(self, words: str) -> Matched | None:
        """The places some words mean without doubt; None where no rule says which.

        A category of the words or of a synonym; else a group; else, where the words are a name by
        their capitals, or of a script that has none, places called so; else the category without a
        word that only narrows it.
        """
        asked = plain(words)
        found = self._of_category(asked) or self._of_group(asked)
        if found is not None:
            return found
        if _may_be_a_name(words) and (named := self.by_name(words)):
            return named
        first, _, rest = asked.partition(" ")
        if rest and first in QUALIFIERS and (broader := self.match(rest)) is not None:
            note = mark(
                "the city's data does not tell “{words}” from others: {things}, all of them, were "
                "used",
                words=words,
                things=broader.meaning,
            )
            return Matched(broader.rows, broader.meaning, note)
        return None

    def by_name(self, words: str) -> Matched | None:
        """The places whose name, in any language, holds the words; None where there are none."""
        looked_for = f" {plain_name(words)} "
        if not looked_for.strip():
            return None
        rows = np.flatnonzero([looked_for in name for name in self._name])
        found = [str(one) for one in self._shown_name[rows]]
        if not len(rows):
            rows, found = self._by_other_name(looked_for)
        if not len(rows):
            return None
        names = list(dict.fromkeys(found))
        shown: str = ", ".join(names[:_NAMED])
        if len(names) > _NAMED:
            shown = mark("{names} and others", names=shown)
        return Matched(
            rows,
            mark("places called {names}", names=shown),
            mark("“{words}” was found in names: {names}", words=words, names=shown),
        )

    def _by_other_name(self, looked_for: str) -> tuple[NDArray[np.int64], list[str]]:
        """Rows of the places called so in another language, and the name of each that says it."""
        named = {
            row: next((one for spelled, one in names.items() if looked_for in spelled), None)
            for row, names in self._otherwise.items()
        }
        found = {row: name for row, name in named.items() if name is not None}
        return np.array(list(found), dtype=np.int64), list(found.values())

    def of_category_or_group(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Rows of the places whose category or group is one of these words."""
        wanted = [plain(word) for word in words]
        return np.flatnonzero(np.isin(self._category, wanted) | np.isin(self._group, wanted))

    def category_at(self, row: int) -> str:
        """The category of one place as written, "" where it has none."""
        return str(self._as_written[row])

    def of_category(self, category: str) -> Matched | None:
        """The places of one category as written."""
        return self._of_category(plain(category), synonyms=False)

    def _of_category(self, asked: str, *, synonyms: bool = True) -> Matched | None:
        wanted = {asked} | (set(SYNONYMS.get(asked, ())) if synonyms else set())
        rows = np.flatnonzero([one in wanted for one in self._category])
        if not asked or not len(rows):
            return None
        shown = sorted({str(one) for one in self._as_written[rows]})
        return Matched(rows, mark("places of category {categories}", categories=", ".join(shown)))

    def _of_group(self, asked: str) -> Matched | None:
        rows = np.flatnonzero(self._group == asked)
        if not asked or not len(rows):
            return None
        return Matched(rows, mark("places of the group {group}", group=asked))


def _may_be_a_name(words: str) -> bool:
    """Whether a capital tells a name, or no letter can."""
    return any(
        letter.isupper() or (letter.isalpha() and letter.upper() == letter.lower())
        for letter in words
    )


def plain_name(name: str) -> str:
    """A name to compare by; "&" is "and"."""
    return plain(name.replace("&", " and "))


def _plain_column(values: Sequence[str]) -> NDArray[np.object_]:
    known = {value: plain(value) for value in set(values)}
    return np.array([known[value] for value in values], dtype=object)
