"""How like a city's own words a query is, on a scale that means the same for every query.

The plain cosine to the nearest of a city's categories does not: with MiniLM a string of letters
comes to 0.2, an abstract word to 0.4, and a kind of place that the city has not to 0.6 beside a
kind that it has. Three steps put that right:

- The mean of a fixed list of background words is taken off every vector. Sentence vectors share a
  large common part, which says only that they are short English texts.
- Half the cosine to the nearest *rival* is subtracted: a background word that is no near relation
  of any word of the city. What is nearer to `calm` or to `volcano` than to all that the city has is
  not described here, however near its nearest neighbour in the city may be.
- The result is scaled between two marks measured with the same encoder and in the same city: 0 is
  the median of background words that name no place, each held against all others, and 1 the median
  of the city's own words, each asked as a query.

`docs/ask.md` has the figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.poi.text import MAX_QUERY_CHARACTERS, query_texts
from aether_core.search.background import BackgroundWords, background_words

RELATED = 0.65
"""A background word at least as near as this to a word of the city is none of its rivals."""
RIVAL_WEIGHT = 0.5
"""Part of the cosine to the nearest rival that is subtracted."""
MOST_WORDS = 5_000
"""A city's commonest words stand for it where it has more."""
_FEW_DESCRIBED = 0.5
_SMALLEST = 1e-6

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Likeness:
    """How like the city's own words a query is.

    Attributes:
        value: 0 is like a word that has nothing to do with places, 1 like a word of the city.
        cosine: To each of the city's words, the mean taken off, float64 `[k]`.
    """

    value: float
    cosine: NDArray[np.float64]


def words_of_places(
    category: Sequence[str], group: Sequence[str], name: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """A city's own words, and which of them describe each place.

    Categories and groups; names, too, where most places have neither. Names of places that have a
    category are left out: in an encoder's eyes they are near to nearly anything.

    Args:
        category: Of each place `[n]`, "" where it has none.
        group: Likewise `[n]`.
        name: Likewise `[n]`.

    Returns:
        Distinct words, sorted, at most `MOST_WORDS`; and rows of them for each place, int64
        `[n, 2]` or `[n, 3]`, -1 for none.
    """
    columns = [_cleaned(category), _cleaned(group)]
    described = (columns[0] != "") | (columns[1] != "")
    if len(described) and described.mean() < _FEW_DESCRIBED:
        columns.append(np.where(described, "", _cleaned(name)))
    table = np.column_stack(columns)
    found, number, counts = np.unique(table, return_inverse=True, return_counts=True)
    commonest = np.argsort(-counts, kind="stable")
    chosen = np.sort(commonest[found[commonest] != ""][:MOST_WORDS])
    row = np.full(len(found), -1, dtype=np.int64)
    row[chosen] = np.arange(len(chosen))
    return tuple(found[chosen].tolist()), row[number.reshape(table.shape)]


def phrase_vectors(encode: Encode, phrases: Sequence[str]) -> NDArray[np.float64]:
    """Encode phrases the way queries are: as a place of that kind and as typed, averaged.

    Args:
        encode: Gives unit rows float32 `[n, d]` for n sentences.
        phrases: At most `MAX_QUERY_CHARACTERS` each.

    Returns:
        Unit rows, float64 `[len(phrases), d]`.

    Raises:
        InputError: A phrase is empty or too long.
    """
    sentences = [sentence for phrase in phrases for sentence in query_texts(phrase)]
    vectors = np.asarray(encode(sentences), dtype=np.float64)
    return _unit(vectors.reshape(len(phrases), 2, -1).mean(axis=1))


class CityWords:
    """A city's own words between their rivals.

    Args:
        words: Distinct words the city's places are described by, such as its categories `[k]`,
            at least one.
        vectors: Of them, from `phrase_vectors`, float64 `[k, d]`.
        background: Of `lists.every`, from `phrase_vectors`, float64 `[b, d]`.
        lists: The background words; those of `background_words` when left out.

    Attributes:
        words: As given.
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: NDArray[np.float64],
        background: NDArray[np.float64],
        lists: BackgroundWords | None = None,
    ) -> None:
        lists = lists or background_words()
        self.words = tuple(words)
        self._mean = background.mean(axis=0)
        self._own = _unit(vectors - self._mean)
        centred = _unit(background - self._mean)
        # A string of letters stays a rival: a city with an odd word in it has not asked for noise.
        noise = np.arange(len(centred)) >= len(lists.every) - len(lists.nonsense)
        kept = ((centred @ self._own.T).max(axis=1) < RELATED) | noise
        self._rivals = centred[kept]
        self._zero, self._one = self._marks(lists, kept)

    def likeness(self, vector: NDArray[np.float64]) -> Likeness:
        """How like the city's words a query is.

        Args:
            vector: From `phrase_vectors`, float64 `[d]`.
        """
        centred = _unit((vector - self._mean)[None])
        cosine = (centred @ self._own.T)[0]
        to_rivals = (centred @ self._rivals.T)[0]
        lead = float(cosine.max() - RIVAL_WEIGHT * to_rivals.max())
        return Likeness(
            value=(lead - self._zero) / (self._one - self._zero),
            cosine=cosine,
        )

    def _marks(self, lists: BackgroundWords, kept: NDArray[np.bool_]) -> tuple[float, float]:
        """The lead of words without a place and of the city's own words, medians."""
        placeless = np.flatnonzero(np.flatnonzero(kept) >= len(lists.kinds))
        to_rivals = self._rivals[placeless] @ self._rivals.T
        to_rivals[np.arange(len(placeless)), placeless] = -1.0
        zero = _leads(self._rivals[placeless] @ self._own.T, to_rivals)
        one = _leads(self._own @ self._own.T, self._own @ self._rivals.T)
        low = float(np.median(zero))
        return low, max(float(np.median(one)), low + _SMALLEST)


def _cleaned(column: Sequence[str]) -> NDArray[np.str_]:
    return np.array([" ".join(text.split())[:MAX_QUERY_CHARACTERS] for text in column], dtype=str)


def _leads(to_own: NDArray[np.float64], to_rivals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(to_own.max(axis=1) - RIVAL_WEIGHT * to_rivals.max(axis=1))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows at unit length; one that is all zero stays so."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, _SMALLEST))
