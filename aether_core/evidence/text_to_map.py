"""Whether a question finds the areas that have what it asks for: by counts nobody trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.cases import SEEDS, Case
from aether_core.evidence.heads import ALL, RECIPES
from aether_core.evidence.measure import TrainedHeads
from aether_core.evidence.places import Encode, word
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.poi.text import query_texts
from aether_core.search.scoring import (
    cosine_scores,
    mean_direction,
    percentiles,
    query_direction,
)
from aether_core.search.unseen_auc import block_auc
from aether_core.tasks.testing.splits import BLIND, SPATIAL

TOP = 0.25
"""Part of the areas that count as having much of something."""
FEWEST_AREAS = 20


@dataclass(frozen=True)
class Found:
    """How well asking for a kind of place finds the areas that have most of it.

    Attributes:
        case: Its name.
        recipe: Of the heads.
        split: `spatial`: the heads saw all places; `blind`: none of the tested blocks'.
        query: What is asked.
        auc: Chance that an area with much of it (its densest quarter) scores above another of the
            same fold.
        lo: Lower end of the 95 % interval over blocks; None where it has none.
        hi: Upper end.
        areas: How many have much of it.
    """

    case: str
    recipe: str
    split: str
    query: str
    auc: float
    lo: float | None
    hi: float | None
    areas: int


def queries_of(case: Case) -> dict[str, str]:
    """What can be asked of a case, by the kind of place that answers it."""
    counts = case.metro.places[case.tested]
    return {
        str(kind): word(str(kind))
        for kind in counts
        if str(kind) != "other" and (counts[kind] > 0).sum() >= FEWEST_AREAS
    }


def text_to_map(case: Case, heads: TrainedHeads, encode: Encode) -> list[Found]:
    """Ask for every kind of place that was counted.

    Args:
        case: Its counts are the truth; heads that learnt from named places never saw them.
        heads: Trained for this case.
        encode: The text encoder.
    """
    queries = queries_of(case)
    if case.places is None or not queries:
        return []
    texts = {kind: mean_direction(encode(query_texts(query))) for kind, query in queries.items()}
    fold = case.folds(SEEDS[0])
    found = []
    for name in RECIPES:
        for split in (SPATIAL.name, BLIND.name):
            by_fold = {
                int(number): heads.get((name, ALL if split == SPATIAL.name else int(number)))
                for number in np.unique(fold[fold >= 0])
            }
            if all(by_fold.values()):
                trained = {number: one for number, one in by_fold.items() if one is not None}
                found += [
                    one
                    for kind, query in queries.items()
                    if (one := _asked(case, fold, trained, kind, query, texts[kind], name, split))
                ]
    return found


def _asked(
    case: Case,
    fold: NDArray[np.int64],
    heads: Mapping[int, Heads],
    kind: str,
    query: str,
    text: NDArray[np.float32],
    recipe: str,
    split: str,
) -> Found | None:
    rank = np.full(len(fold), np.nan, dtype=np.float32)
    for number, one in heads.items():
        rows = fold == number
        direction = query_direction(encode_text(one, text[None])[0])
        scores = cosine_scores(encode_eo(one, case.metro.vectors[rows]), direction)
        rank[rows] = percentiles(scores)
    rows = fold >= 0
    density = (case.metro.places[kind].to_numpy() / case.metro.km2)[rows]
    much = (density > 0) & (density >= np.quantile(density, 1 - TOP))
    found = block_auc(rank[rows], much, case.block[rows])
    if found is None:
        return None
    return Found(case.name, recipe, split, query, found.auc, found.lo, found.hi, int(much.sum()))
