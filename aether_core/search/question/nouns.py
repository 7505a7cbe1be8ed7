"""What a language calls the things that English questions ask for.

A table of a language, `languages/words_<code>.tsv`, names each kind of place with the English words
that mean it, so that a question in that language is measured to the same as its English sibling,
whatever the encoder of the city's model has learnt.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import snowballstemmer

_FOLDER = Path(__file__).with_name("languages")
_ADJECTIVE = "~"
_MOST_ADJECTIVES = 3
_LEAST_STEM = 3
_MOST_KEPT = 20_000
_MOST_WORDS = 12


@dataclass(frozen=True)
class Noun:
    """A thing that was asked for.

    Attributes:
        english: What English calls it.
        shown: What its own language calls it, as a chip can say it.
    """

    english: str
    shown: str


class Known(NamedTuple):
    """What is known of a phrase.

    Attributes:
        noun: The thing.
        part: Its words in the phrase, as typed.
    """

    noun: Noun
    part: str


class Nouns:
    """The table of a language.

    Args:
        language: Its code.
        stem: Takes the endings off a word.
        linking: Short words within a name of a thing that make no difference.
        loose: Vowels at the end of a stem that do not tell words apart: Finnish "baari" is in
            "baareista", whose stem the stemmer leaves with another vowel.
        declined: Whether a thing is shown by its plain form instead of as typed, because its ending
            belongs to the words around it.
        folded: Makes alike what the language writes in several ways.
    """

    def __init__(
        self,
        language: str,
        stem: Callable[[str], str],
        linking: frozenset[str],
        *,
        declined: bool,
        loose: str = "",
        folded: Callable[[str], str] = str.casefold,
    ) -> None:
        self._file = _FOLDER / f"words_{language}.tsv"
        self._stem = stem
        self._linking = linking
        self._declined = declined
        self._loose = loose
        self._folded = folded
        self._known: dict[str, str] = {}

    def read(self, words: str) -> Noun | None:
        """What some words mean, by the table and the endings of the language; None if unknown."""
        things, adjectives, as_written = self._tables
        if (noun := as_written.get(self._parts(words))) is not None:
            return Noun(noun.english, noun.shown if self._declined else words)
        keys = self._keys(words)
        if len(keys) == 1 and keys not in things and keys[0] in adjectives:
            return Noun(adjectives[keys[0]].english, words)
        if len(keys) > _MOST_WORDS:
            return None
        described = [at for at, key in enumerate(keys) if key in adjectives]
        for before in _some_of(described):
            rest = tuple(key for at, key in enumerate(keys) if at not in before)
            if rest in things:
                return self._described([adjectives[keys[at]] for at in before], things[rest], words)
        return None

    def _described(self, before: Sequence[Noun], thing: Noun, words: str) -> Noun:
        english = " ".join([*(one.english for one in before), thing.english])
        shown = " ".join([*(one.shown for one in before), thing.shown])
        return Noun(english, shown if self._declined else words)

    def within(self, words: str) -> Known | None:
        """The one thing that a longer phrase names, such as the gardens of "gardens to stroll in".

        Returns:
            None where the table has no thing of the phrase, or several: which of them is asked for
            is for whoever asks to say.
        """
        typed = words.split()
        if len(typed) > _MOST_WORDS:
            return None
        found: list[tuple[int, int]] = []
        for length in range(len(typed), 0, -1):
            for first in range(len(typed) - length + 1):
                inside = any(a <= first and first + length <= b for a, b in found)
                if not inside and self._names_a_thing(" ".join(typed[first : first + length])):
                    found.append((first, first + length))
        if len(found) != 1:
            return None
        first, last = found[0]
        while self._folded(typed[first]) in self._linking:
            first += 1
        while self._folded(typed[last - 1]) in self._linking:
            last -= 1
        part = " ".join(typed[first:last])
        noun = self.read(part)
        return None if noun is None else Known(noun, part)

    def _names_a_thing(self, words: str) -> bool:
        noun = self.read(words)
        return noun is not None and noun.english not in self._qualities

    def knows(self, words: str) -> bool:
        """Whether the table has these words, one thing or quality."""
        return self.read(words) is not None

    def _parts(self, words: str) -> tuple[str, ...]:
        parts = re.findall(r"[^\W_]+", self._folded(words))
        return tuple(one for one in parts if one not in self._linking)

    def _keys(self, words: str) -> tuple[str, ...]:
        return tuple(map(self._key, self._parts(words)))

    def _key(self, word: str) -> str:
        """The stem of a word, without accents; kept, as the words of questions recur."""
        if word in self._known:
            return self._known[word]
        stem = self._stem(word)
        bare = stem.rstrip(self._loose) if self._loose else stem
        key = _without_accents(bare if len(bare) >= _LEAST_STEM else stem)
        if len(self._known) < _MOST_KEPT:
            self._known[word] = key
        return key

    @cached_property
    def _qualities(self) -> frozenset[str]:
        """What English calls the qualities alone."""
        return frozenset(one.english for one in self._tables[1].values())

    @cached_property
    def _tables(
        self,
    ) -> tuple[dict[tuple[str, ...], Noun], dict[str, Noun], dict[tuple[str, ...], Noun]]:
        """Things by the stems of their words, qualities by theirs, and things as written.

        Earlier rows win among stems; a form that is written down is never taken for another's stem.
        """
        things: dict[tuple[str, ...], Noun] = {}
        adjectives: dict[str, Noun] = {}
        as_written: dict[tuple[str, ...], Noun] = {}
        for line in self._file.read_text(encoding="utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            english, forms = line.split("\t")
            every = forms.split("|")
            noun = Noun(english.removeprefix(_ADJECTIVE), every[0])
            for form in every:
                keys = self._keys(form)
                if english.startswith(_ADJECTIVE):
                    adjectives.setdefault(keys[0], noun)
                else:
                    things.setdefault(keys, noun)
                    as_written.setdefault(self._parts(form), noun)
        return things, adjectives, as_written


def _some_of(described: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Which words may be qualities of the rest: as few as will do, the first ones first."""
    for number in range(min(len(described), _MOST_ADJECTIVES) + 1):
        yield from combinations(described, number)


def snowball(language: str) -> Callable[[str], str]:
    """What takes endings off as the Snowball stemmer of a language does, loaded once it is asked.

    Args:
        language: Its name in English.
    """

    @cache
    def stemmer() -> "snowballstemmer.stemmer":
        return snowballstemmer.stemmer(language)

    return lambda word: str(stemmer().stemWord(word))


def _without_accents(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
