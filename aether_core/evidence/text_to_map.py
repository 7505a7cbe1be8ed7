"""Whether a question finds the areas that have what it asks for: by counts nobody trained on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.cases import SEEDS, Case
from aether_core.evidence.heads import ALL, RECIPES
from aether_core.evidence.measure import TrainedHeads
from aether_core.evidence.places import Encode, word
from aether_core.model.heads.heads import Heads
from aether_core.poi.text import query_texts
from aether_core.search.fold_ranks import ranks_by_fold
from aether_core.search.scoring import mean_direction
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
    texts = np.stack([mean_direction(encode(query_texts(query))) for query in queries.values()])
    fold = case.folds(SEEDS[0])
    found: list[Found] = []
    for name in RECIPES:
        for split in (SPATIAL.name, BLIND.name):
            mine = {
                int(number): heads.get((name, ALL if split == SPATIAL.name else int(number)))
                for number in np.unique(fold[fold >= 0])
            }
            trained = {number: one for number, one in mine.items() if one is not None}
            if len(trained) == len(mine):
                found += _asked(case, fold, trained, queries, texts, name, split)
    return found


def _asked(
    case: Case,
    fold: NDArray[np.int64],
    heads: Mapping[int, Heads],
    queries: Mapping[str, str],
    texts: NDArray[np.float32],
    recipe: str,
    split: str,
) -> Iterator[Found]:
    ranks = ranks_by_fold(lambda rows: heads[int(fold[rows][0])], fold, case.metro.vectors, texts)
    there = fold >= 0
    for (kind, query), rank in zip(queries.items(), ranks, strict=True):
        density = (case.metro.places[kind].to_numpy() / case.metro.km2)[there]
        much = (density > 0) & (density >= np.quantile(density, 1 - TOP))
        auc = block_auc(rank[there], much, case.block[there])
        if auc is not None:
            yield Found(case.name, recipe, split, query, auc.auc, auc.lo, auc.hi, int(much.sum()))
