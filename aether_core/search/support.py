"""Whether a city can answer a query: strong, weak or no support, with the reason in a sentence.

Two questions are asked. Is any place here described like this? That is `likeness.CityWords`, which
knows texts only. And does the model find such places where it was not trained? That is the AUC of
the EO side's scores, over places of held-out blocks: those described like the query against the
rest. The thresholds were chosen on simulated cities and queries apart from those they are reported
on; `docs/ask.md` has both.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aether_core.search.likeness import Likeness
from aether_core.search.unseen_auc import BlockAuc, block_auc

DESCRIBED = 0.15
"""Likeness from which on places count as described like the query."""
WELL_DESCRIBED = 0.3
"""Likeness from which on support can be strong."""
FOUND = 0.6
"""AUC from which on the model counts as finding such places; 0.5 is chance."""
NOT_FOUND = 0.55
"""With the whole interval below this the model does not find them."""
LEAST_PLACES = 5
"""Fewer places than this outside of training are no test."""
LEAST_BLOCKS = 3
"""Likewise for the blocks they lie in."""
_ALIKE = 0.1
_STILL_ALIKE = 0.15
_ENOUGH_PLACES = 20
_OFFERED = 5
_NAMED = 3


class Level(StrEnum):
    """How far a city's answer to a query can be relied on."""

    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


class TestedOn(StrEnum):
    """Which places an AUC comes from."""

    HELD_OUT = "held out"
    TRAINED_ON = "trained on"


@dataclass(frozen=True)
class Support:
    """Whether a city can answer a query.

    Attributes:
        level: `strong`, `weak` or `none`; with `none` no map may be painted.
        reason: One plain sentence.
        auc: Chance that a place described like the query scores above another place, by where it
            stands; None where no place is described like it, or too few are to tell.
        ci95: Its 95 % interval over spatial blocks; None where it cannot be resampled.
        tested_on: Which places the AUC comes from; None without one.
        tested_places: How many of them are described like the query.
        likeness: 0 is like a word that has nothing to do with places, 1 like a word of the city.
        cosine: To the nearest word of the city, the mean of background words taken off.
        described: Words of the city that count as like the query, nearest first.
        nearest: Words of the city nearest in meaning, nearest first: what can be asked instead.
    """

    level: Level
    reason: str
    auc: float | None
    ci95: tuple[float, float] | None
    tested_on: TestedOn | None
    tested_places: int
    likeness: float
    cosine: float
    described: tuple[str, ...]
    nearest: tuple[str, ...]

    @property
    def paints(self) -> bool:
        """Whether a map may be painted."""
        return self.level is not Level.NONE


@dataclass(frozen=True)
class DescribedPlaces:
    """A city's places as support sees them.

    Attributes:
        words: The city's words, as given to `CityWords`.
        word_of: Rows of `words` that each place is described by, int64 `[n, w]`; -1 for none.
        block: Spatial block of each place, int64 `[n]`.
        held_out: Places that the model was not trained on, bool `[n]`; None where none were held
            out, or where it is not known which.
    """

    words: tuple[str, ...]
    word_of: NDArray[np.int64]
    block: NDArray[np.int64]
    held_out: NDArray[np.bool_] | None

    def described_by(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The places that carry one of these words, bool `[n]`."""
        return np.asarray(np.isin(self.word_of, chosen).any(axis=1))


def judge(likeness: Likeness, places: DescribedPlaces, score: NDArray[np.float32]) -> Support:
    """Whether the city can answer a query.

    Args:
        likeness: Of the query, from `CityWords.likeness` of the same words.
        places: The city's places.
        score: Cosine of each place's EO vector to the query, float32 `[n]`; NaN without data.
    """
    order = np.argsort(-likeness.cosine, kind="stable")
    nearest = tuple(places.words[row] for row in order[:_OFFERED])
    if likeness.value < DESCRIBED:
        return _support(
            Level.NONE,
            "No kind of place here is described like this; nearest in meaning, but not near, "
            f"{'are' if len(nearest) > 1 else 'is'} {listed(nearest[:_NAMED])}.",
            likeness,
            nearest,
        )
    chosen, sought = _alike(likeness.cosine, order, places, score)
    described = tuple(places.words[row] for row in chosen)
    tested_on, found = _tested(places, sought, score)
    level, reason = _verdict(likeness.value, described, int(sought.sum()), tested_on, found)
    return _support(level, reason, likeness, nearest, described, tested_on, found)


def undescribed() -> Support:
    """Of a city whose places have neither category, group nor name."""
    return Support(
        level=Level.NONE,
        reason="The city's places have neither category, group nor name, so nothing here can be "
        "known to be what is asked for.",
        auc=None,
        ci95=None,
        tested_on=None,
        tested_places=0,
        likeness=0.0,
        cosine=0.0,
        described=(),
        nearest=(),
    )


def listed(words: tuple[str, ...]) -> str:
    """Words as a list in a sentence: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _support(
    level: Level,
    reason: str,
    likeness: Likeness,
    nearest: tuple[str, ...],
    described: tuple[str, ...] = (),
    tested_on: TestedOn | None = None,
    found: BlockAuc | None = None,
) -> Support:
    ends = (found.lo, found.hi) if found else (None, None)
    return Support(
        level=level,
        reason=reason,
        auc=found.auc if found else None,
        ci95=(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None,
        tested_on=tested_on if found else None,
        tested_places=found.places if found else 0,
        likeness=likeness.value,
        cosine=float(likeness.cosine.max()),
        described=described,
        nearest=nearest,
    )


def _alike(
    cosine: NDArray[np.float64],
    order: NDArray[np.int64],
    places: DescribedPlaces,
    score: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The words that count as like the query, and the places with data that carry one.

    Those about as near as the nearest; and further ones, though never far ones, until there are
    places enough to test with.
    """
    there = np.isfinite(score)
    testable = there if places.held_out is None else there & places.held_out
    best = cosine[order[0]]
    taken = int((cosine >= best - _ALIKE).sum())
    furthest = int((cosine >= best - _STILL_ALIKE).sum())
    while True:
        chosen = order[:taken]
        sought = places.described_by(chosen) & there
        if taken >= furthest or (sought & testable).sum() >= _ENOUGH_PLACES:
            return chosen, sought
        taken += 1


def _tested(
    places: DescribedPlaces, sought: NDArray[np.bool_], score: NDArray[np.float32]
) -> tuple[TestedOn | None, BlockAuc | None]:
    """The AUC on held-out places; on all where none are known, or too few are like the query."""
    there = np.isfinite(score)
    if places.held_out is not None:
        rows = there & places.held_out
        found = block_auc(score[rows], sought[rows], places.block[rows])
        if found and found.places >= LEAST_PLACES and found.blocks >= LEAST_BLOCKS:
            return TestedOn.HELD_OUT, found
        return None, None
    found = block_auc(score[there], sought[there], places.block[there])
    if found and found.places >= LEAST_PLACES and found.blocks >= LEAST_BLOCKS:
        return TestedOn.TRAINED_ON, found
    return None, None


def _verdict(
    value: float,
    described: tuple[str, ...],
    number: int,
    tested_on: TestedOn | None,
    found: BlockAuc | None,
) -> tuple[Level, str]:
    """The level and its sentence, for a query that places here are described like."""
    like = f"like this ({listed(described[:_NAMED])})"
    if found is None or tested_on is None or found.lo is None or found.hi is None:
        return Level.WEAK, (
            f"{number:,} place{'s' if number != 1 else ''} here "
            f"{'are' if number != 1 else 'is'} described {like}, too few to test whether the model "
            "finds them where it was not trained."
        )
    figure = f"AUC {found.auc:.2f} ({found.lo:.2f} to {found.hi:.2f}; 0.5 is chance)"
    if found.hi < NOT_FOUND:
        return Level.NONE, (
            f"Places here are described {like}, but what they look like from above does not tell "
            f"them from others: {figure}."
        )
    if tested_on is TestedOn.TRAINED_ON:
        return Level.WEAK, (
            f"Places here are described {like}, but no place is known to have been held out of "
            f"training; on places the model may have learnt by heart, {figure}."
        )
    if found.auc < FOUND or found.lo <= 0.5:
        return Level.WEAK, (
            f"Places here are described {like}, but where the model was not trained it finds them "
            f"hardly better than chance, or too few are there to tell: {figure}."
        )
    if value < WELL_DESCRIBED:
        return Level.WEAK, (
            f"Places here are described only loosely {like}; the model finds those where it was "
            f"not trained, {figure}."
        )
    return Level.STRONG, (
        f"Places here are described {like}, and the model finds them where it was not trained: "
        f"{figure}."
    )
