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
from aether_core.search.unseen_auc import block_auc, resampled_auc
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
    asked = questions(case, encode)
    if case.places is None or not asked.queries:
        return []
    fold = case.folds(SEEDS[0])
    found: list[Found] = []
    for name in RECIPES:
        for split in (SPATIAL.name, BLIND.name):
            mine = {
                int(number): heads.get((name, ALL if split == SPATIAL.name else int(number)))
                for number in np.unique(fold[fold >= 0])
            }
            trained = {number: one for number, one in mine.items() if one is not None}
            if len(trained) != len(mine):
                continue
            for one in _answers(case, trained, asked):
                auc = block_auc(one.rank, one.much, one.block)
                if auc is not None:
                    areas = int(one.much.sum())
                    found.append(
                        Found(case.name, name, split, one.query, auc.auc, auc.lo, auc.hi, areas)
                    )
    return found


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked of a case.

    Attributes:
        queries: The words, by the kind of place that answers them.
        vectors: Of each, unit rows float32 `[q, text_dim]`.
    """

    queries: Mapping[str, str]
    vectors: NDArray[np.float32]


def questions(case: Case, encode: Encode) -> Questions:
    """All that can be asked of a case, encoded as a search encodes it."""
    queries = queries_of(case)
    texts = [mean_direction(encode(query_texts(query))) for query in queries.values()]
    return Questions(queries, np.stack(texts) if texts else np.empty((0, 0), dtype=np.float32))


def mean_auc(
    case: Case, heads: Mapping[int, Heads], asked: Questions
) -> NDArray[np.float64] | None:
    """How well questions find what was counted, on average over the questions.

    Args:
        case: Its counts are the truth.
        heads: Of each fold of the first seed.
        asked: What is asked.

    Returns:
        The mean as it is, and in every resample of the blocks, float64 `[B + 1]`; None where
        nothing can be asked.
    """
    each = [resampled_auc(one.rank, one.much, one.block) for one in _answers(case, heads, asked)]
    there = [one for one in each if one is not None]
    return np.nanmean(there, axis=0) if there else None


@dataclass(frozen=True, eq=False)
class _Answer:
    """How the areas of a case rank for a question, and which have much of it; a row each."""

    query: str
    rank: NDArray[np.float32]
    much: NDArray[np.bool_]
    block: NDArray[np.int64]


def _answers(case: Case, heads: Mapping[int, Heads], asked: Questions) -> Iterator[_Answer]:
    if not asked.queries:
        return
    fold = case.folds(SEEDS[0])
    vectors = case.metro.vectors
    ranks = ranks_by_fold(lambda rows: heads[int(fold[rows][0])], fold, vectors, asked.vectors)
    there = fold >= 0
    for (kind, query), rank in zip(asked.queries.items(), ranks, strict=True):
        density = (case.metro.places[kind].to_numpy() / case.metro.km2)[there]
        much = (density > 0) & (density >= np.quantile(density, 1 - TOP))
        yield _Answer(query, rank[there], much, case.block[there])
