"""How well held-out places and texts find each other, beside what chance would give."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ValidatedOn = Literal["apart", "choice"]
"""Blocks apart from training and from the choice of the epoch, or those that chose it."""
MAX_CANDIDATES = 1000
"""Held-out places compared at most, so that figures of large cities stay comparable."""

_CUTOFFS = (1, 5, 10)


def measured_apart(validated_on: object) -> bool:
    """Whether figures come from blocks that neither trained the model nor chose its epoch.

    Args:
        validated_on: As a card or a run keeps it; a card from before it was kept says nothing.
    """
    return validated_on == "apart"


@dataclass(frozen=True)
class DirectedRetrieval:
    """One direction of retrieval, or the mean of both.

    Attributes:
        recall_at_1: Part of the queries whose first hit is right; likewise at 5 and 10.
        mrr: Mean reciprocal rank of the first right answer.
        mean_log_rank: Mean natural logarithm of that rank; 0 is perfect. It uses every rank rather
            than the few near the top, so it is the steadiest of these figures.
        chance_at_1: What a random order would give in `recall_at_1`; likewise at 5 and 10.
        chance_mrr: What a random order would give in `mrr`.
    """

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    mrr: float
    mean_log_rank: float
    chance_at_1: float
    chance_at_5: float
    chance_at_10: float
    chance_mrr: float


@dataclass(frozen=True)
class Retrieval(DirectedRetrieval):
    """Retrieval among held-out places; the figures are the means of both directions.

    Attributes:
        candidates: Number of places compared.
        texts: Number of distinct texts among them.
        text_to_place: Texts as queries, places as answers.
        place_to_text: Places as queries, distinct texts as answers.
    """

    candidates: int
    texts: int
    text_to_place: DirectedRetrieval
    place_to_text: DirectedRetrieval


def measure_retrieval(
    place_z: NDArray[np.float32], text_z: NDArray[np.float32], text_index: NDArray[np.int64]
) -> Retrieval:
    """Rank places by text and texts by place.

    Places that share a text are all right answers to it, so a chain of shops does not count
    against the model. Equal scores share the middle of their ranks: a model that gives one score
    to everything does as badly as chance, not as well as the best.

    Args:
        place_z: EO head of the places, unit rows float32 `[c, 128]`.
        text_z: Text head of the distinct texts, unit rows float32 `[t, 128]`; every text belongs to
            at least one of the places.
        text_index: Row of `text_z` that is the place's text, int64 `[c]`.
    """
    scores = text_z @ place_z.T
    right = text_index[None, :] == np.arange(len(text_z))[:, None]
    # A text counts once for every place that carries it, as places do.
    text_ranks = _first_right_rank(scores, right)[text_index]
    place_ranks = _first_right_rank(scores.T, right.T)
    shared = right.sum(axis=1)[text_index]
    by_text = _directed(text_ranks, shared, len(place_z))
    by_place = _directed(place_ranks, np.ones(len(place_z), dtype=np.int64), len(text_z))
    means = {key: (value + getattr(by_place, key)) / 2 for key, value in vars(by_text).items()}
    return Retrieval(
        **means,
        candidates=len(place_z),
        texts=len(text_z),
        text_to_place=by_text,
        place_to_text=by_place,
    )


def candidate_rows(count: int, *, seed: int, limit: int = MAX_CANDIDATES) -> NDArray[np.int64]:
    """Choose the rows to compare: all of them, or `limit` at random, in ascending order."""
    if count <= limit:
        return np.arange(count, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(count, size=limit, replace=False)
    return np.asarray(np.sort(chosen), dtype=np.int64)


def _first_right_rank(scores: NDArray[np.float32], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Rank of each row's best right answer, ties counted half."""
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    above = ((scores > best) & ~right).sum(axis=1)
    level = ((scores == best) & ~right).sum(axis=1)
    return np.asarray(1.0 + above + level / 2.0, dtype=np.float64)


def _directed(
    ranks: NDArray[np.float64], shared: NDArray[np.int64], candidates: int
) -> DirectedRetrieval:
    recall = [float(np.mean(ranks <= k)) for k in _CUTOFFS]
    distinct, counts = np.unique(shared, return_counts=True)
    weights = counts / counts.sum()
    first = np.stack([_first_right_by_chance(int(m), candidates) for m in distinct])
    by_rank = weights @ first
    chance = [float(by_rank[:k].sum()) for k in _CUTOFFS]
    return DirectedRetrieval(
        recall_at_1=recall[0],
        recall_at_5=recall[1],
        recall_at_10=recall[2],
        mrr=float(np.mean(1.0 / ranks)),
        mean_log_rank=float(np.mean(np.log(ranks))),
        chance_at_1=chance[0],
        chance_at_5=chance[1],
        chance_at_10=chance[2],
        chance_mrr=float((by_rank / np.arange(1, candidates + 1)).sum()),
    )


def _first_right_by_chance(right: int, candidates: int) -> NDArray[np.float64]:
    """Probability that the first of `right` answers stands at rank 1, 2, ... in a random order."""
    rank = np.arange(candidates)
    # P(first r all wrong) falls by (wrong left) / (candidates left) at each rank.
    wrong_left = np.maximum(candidates - right - rank, 0) / (candidates - rank)
    still_wrong = np.concatenate([[1.0], np.cumprod(wrong_left)])
    return np.asarray(-np.diff(still_wrong), dtype=np.float64)
