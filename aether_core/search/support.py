"""Whether a city can answer a query: strong, weak or no support, with the reason in a sentence.

Two questions are asked. Is any place here described like this? That is `likeness.CityWords`, which
knows texts only. And does what is seen from above find such places where nothing was trained? That
is the AUC of places described like the query against the rest, by where they stand: of the model's
scores in the blocks held out of its training, or, where these hold too few such places, of a
stand-in's over all blocks (`stand_in`). The thresholds were chosen on simulated cities and queries
apart from those they are reported on; `docs/ask.md` has both.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aether_core.language import mark
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
ENOUGH_HELD_OUT = 20
"""Places in held-out blocks from which on these are the test."""
LEAST_PLACES = 5
"""Fewer places than this in all are no test."""
LEAST_BLOCKS = 5
"""Likewise for the blocks they lie in, held out or not."""
_CHANCE = 0.5
_ALIKE = 0.1
_STILL_ALIKE = 0.15
_ENOUGH_PLACES = 30
_OFFERED = 5
_NAMED = 3


class Level(StrEnum):
    """How far a city's answer to a query can be relied on."""

    STRONG = mark("strong")
    WEAK = mark("weak")
    NONE = mark("none")


class MeasuredWith(StrEnum):
    """What an AUC was measured with: neither has seen the places it was asked about."""

    HELD_OUT = "held-out blocks"
    STAND_IN = "stand-in"


@dataclass(frozen=True)
class Support:
    """Whether a city can answer a query.

    Attributes:
        level: `strong`, `weak` or `none`; with `none` no map may be painted.
        summary: One plain sentence, which pages ask for in the reader's language.
        auc: Chance that a place described like the query scores above another place, by where it
            stands; None where no place is described like it, or too few are to tell.
        ci95: Its 95 % interval over spatial blocks; None where it cannot be resampled.
        tested_on: What the AUC was measured with; None without one.
        likeness: 0 is like a word that has nothing to do with places, 1 like a word of the city.
        cosine: To the nearest word of the city, the mean of background words taken off.
        described: Words of the city that count as like the query, nearest first.
        nearest: Words of the city nearest in meaning, nearest first: what can be asked instead.
        figures: What only those want to read who ask how it was tested.
    """

    level: Level
    summary: str
    auc: float | None
    ci95: tuple[float, float] | None
    tested_on: MeasuredWith | None
    likeness: float
    cosine: float
    described: tuple[str, ...]
    nearest: tuple[str, ...]
    figures: str = ""

    @property
    def reason(self) -> str:
        """The summary with the figures it rests on, in English."""
        return f"{self.summary[:-1]}: {self.figures}." if self.figures else self.summary

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


def judge(
    likeness: Likeness,
    places: DescribedPlaces,
    score: NDArray[np.float32],
    stand_in: NDArray[np.float32],
) -> Support:
    """Whether the city can answer a query.

    Args:
        likeness: Of the query, from `CityWords.likeness` of the same words.
        places: The city's places.
        score: Cosine of each place's EO vector to the query, float32 `[n]`; NaN without data.
        stand_in: Likewise of its row of `stand_in_vectors`, float32 `[n]`.
    """
    order = np.argsort(-likeness.cosine, kind="stable")
    nearest = tuple(places.words[row] for row in order[:_OFFERED])
    if likeness.value < DESCRIBED:
        return _support(
            Level.NONE,
            mark(
                "No kind of place here is described like this; nearest in meaning, but not near, "
                "are {words}.",
                words=listed(nearest[:_NAMED]),
            )
            if len(nearest) > 1
            else mark(
                "No kind of place here is described like this; nearest in meaning, but not near, "
                "is {word}.",
                word=listed(nearest),
            ),
            likeness,
            nearest,
        )
    chosen, sought = _alike(likeness.cosine, order, places)
    described = tuple(places.words[row] for row in chosen)
    tested_on, found = _tested(places, sought, score, stand_in)
    none_held = places.held_out is None
    figures = _figures(found, _how(tested_on, none_held))
    level, summary = _verdict(likeness.value, described, int(sought.sum()), found)
    return replace(
        _support(level, summary, likeness, nearest, described, tested_on, found), figures=figures
    )


def undescribed() -> Support:
    """Of a city whose places have neither category, group nor name."""
    return Support(
        level=Level.NONE,
        summary=mark(
            "The city's places have neither category, group nor name, so nothing here can be known "
            "to be what is asked for."
        ),
        auc=None,
        ci95=None,
        tested_on=None,
        likeness=0.0,
        cosine=0.0,
        described=(),
        nearest=(),
    )


def unread() -> Support:
    """Of words in another language than English, where the model reads English alone."""
    return replace(
        undescribed(),
        summary=mark(
            "This is not among the words that are known of its language, and the city's model "
            "reads English only. Say it in English, or train the city again with the encoder of "
            "many languages."
        ),
    )


def listed(words: tuple[str, ...]) -> str:
    """Words as a list in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return mark("{words} and {last}", words=", ".join(words[:-1]), last=words[-1])


def _support(
    level: Level,
    summary: str,
    likeness: Likeness,
    nearest: tuple[str, ...],
    described: tuple[str, ...] = (),
    tested_on: MeasuredWith | None = None,
    found: BlockAuc | None = None,
) -> Support:
    ends = (found.lo, found.hi) if found else (None, None)
    return Support(
        level=level,
        summary=summary,
        auc=found.auc if found else None,
        ci95=(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None,
        tested_on=tested_on if found else None,
        likeness=likeness.value,
        cosine=float(likeness.cosine.max()),
        described=described,
        nearest=nearest,
    )


def _alike(
    cosine: NDArray[np.float64], order: NDArray[np.int64], places: DescribedPlaces
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The words that count as like the query, and the places that carry one.

    Those about as near as the nearest; and further ones, though never far ones, until there are
    places enough to test with.
    """
    best = cosine[order[0]]
    taken = int((cosine >= best - _ALIKE).sum())
    furthest = int((cosine >= best - _STILL_ALIKE).sum())
    while True:
        chosen = order[:taken]
        sought = places.described_by(chosen)
        if taken >= furthest or sought.sum() >= _ENOUGH_PLACES:
            return chosen, sought
        taken += 1


def _tested(
    places: DescribedPlaces,
    sought: NDArray[np.bool_],
    score: NDArray[np.float32],
    stand_in: NDArray[np.float32],
) -> tuple[MeasuredWith | None, BlockAuc | None]:
    """The AUC on held-out places where they are enough, else that of the stand-in on all."""
    if places.held_out is not None:
        found = _auc(score, sought, places.block, places.held_out)
        if found and found.places >= ENOUGH_HELD_OUT and found.blocks >= LEAST_BLOCKS:
            return MeasuredWith.HELD_OUT, found
    found = _auc(stand_in, sought, places.block, np.ones_like(sought))
    if found and found.places >= LEAST_PLACES and found.blocks >= LEAST_BLOCKS:
        return MeasuredWith.STAND_IN, found
    return None, None


def _auc(
    score: NDArray[np.float32],
    sought: NDArray[np.bool_],
    block: NDArray[np.int64],
    among: NDArray[np.bool_],
) -> BlockAuc | None:
    rows = among & np.isfinite(score)
    return block_auc(score[rows], sought[rows], block[rows])


def _how(tested_on: MeasuredWith | None, none_held: bool) -> str:
    """How the AUC was measured, as the end of a sentence."""
    if tested_on is MeasuredWith.HELD_OUT:
        return _IN_BLOCKS
    return _NO_BLOCK if none_held else _TOO_FEW


_IN_BLOCKS = mark(
    "AUC {auc:.2f} ({lo:.2f} to {hi:.2f}; 0.5 is chance), in blocks held out of training"
)
_NO_BLOCK = mark(
    "AUC {auc:.2f} ({lo:.2f} to {hi:.2f}; 0.5 is chance), measured with a simple stand-in, as no "
    "block is known to be held out of training"
)
_TOO_FEW = mark(
    "AUC {auc:.2f} ({lo:.2f} to {hi:.2f}; 0.5 is chance), measured with a simple stand-in, as too "
    "few such places are known to be held out of training"
)


def _figures(found: BlockAuc | None, how: str) -> str:
    """The AUC with its interval; nothing where it cannot be told."""
    if found is None or found.lo is None or found.hi is None:
        return ""
    return mark(how, auc=found.auc, lo=found.lo, hi=found.hi)


def _verdict(
    value: float, described: tuple[str, ...], number: int, found: BlockAuc | None
) -> tuple[Level, str]:
    """The level and its sentence, for a query that places here are described like."""
    words = listed(described[:_NAMED])
    if found is None or found.lo is None or found.hi is None:
        said = (
            mark(
                "{number:,} place here is described like this ({words}), too few to test whether "
                "such places are found where nothing was trained.",
                number=number,
                words=words,
            )
            if number == 1
            else mark(
                "{number:,} places here are described like this ({words}), too few to test whether "
                "such places are found where nothing was trained.",
                number=number,
                words=words,
            )
        )
        return Level.WEAK, said
    if found.hi < NOT_FOUND:
        return Level.NONE, mark(
            "Places here are described like this ({words}), but what is seen from above does not "
            "tell them from others.",
            words=words,
        )
    if found.auc < FOUND or found.lo <= _CHANCE:
        return Level.WEAK, mark(
            "Places here are described like this ({words}), but whether they are found where "
            "nothing was trained is uncertain.",
            words=words,
        )
    if value < WELL_DESCRIBED:
        return Level.WEAK, mark(
            "Places here are described only loosely like this ({words}); those are found where "
            "nothing was trained.",
            words=words,
        )
    return Level.STRONG, mark(
        "Places here are described like this ({words}), and they are found where nothing was "
        "trained.",
        words=words,
    )
