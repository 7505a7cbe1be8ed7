"""Scores of cells and places for a query, in the joint space."""

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

_SMALLEST_NORM = 1e-6


def mean_direction(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the phrasings of one query and bring the mean to unit length.

    Args:
        vectors: Unit rows, float32 `[k, d]`: the same query, worded in k ways.

    Returns:
        Float32 `[d]`, unit length.

    Raises:
        InputError: The rows cancel out.
    """
    mean = np.asarray(vectors, dtype=np.float64).mean(axis=0)
    return _unit(
        mean,
        "the wordings of the query cancel each other out",
        f"{len(vectors)} wordings",
        "query-wordings-cancel-out",
    )


def query_direction(
    query: NDArray[np.float32], minus: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Direction to look in: the query, less what is not wanted.

    Args:
        query: Text head of the query, float32 `[128]`.
        minus: Text head of what to subtract, float32 `[128]`.

    Returns:
        Float32 `[128]`, unit length.

    Raises:
        InputError: Query and subtracted query mean the same.
    """
    wanted = np.asarray(query, dtype=np.float64)
    if minus is not None:
        wanted = wanted - np.asarray(minus, dtype=np.float64)
    return _unit(
        wanted,
        "the query and the subtracted query are the same",
        "minus = query",
        "query-minus-itself",
    )


def cosine_scores(z: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of each row with the direction.

    Args:
        z: Unit rows, float32 `[m, 128]`; a NaN row has no data.
        direction: Float32 `[128]`, unit length.

    Returns:
        Float32 `[m]` in [-1, 1]; NaN where a row has no data.
    """
    scores = np.asarray(z @ direction, dtype=np.float32)
    return np.clip(scores, -1.0, 1.0, out=scores)


def percentiles(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rank scores within the city: 100 is the best, 0 the lowest, equal scores share the middle.

    Args:
        scores: Float32 `[m]`; NaN means no data and does not count.

    Returns:
        Float32 `[m]` in 0 to 100; NaN where the score is. A single score gets 100.
    """
    there = np.isfinite(scores)
    result = np.full(len(scores), np.nan, dtype=np.float32)
    _, number, equal = np.unique(scores[there], return_inverse=True, return_counts=True)
    middle = np.cumsum(equal) - (equal + 1) / 2
    count = len(number)
    result[there] = (100 * middle / (count - 1))[number] if count > 1 else 100.0
    return result


def best_rows(scores: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Rows of the `n` best scores, best first; of equal ones the first rows.

    Args:
        scores: Float32 `[m]`; rows with NaN are never among them.
        n: How many; fewer are returned where there are fewer.
    """
    finite = np.isfinite(scores)
    values = scores if finite.all() else np.where(finite, scores, -np.inf)
    n = min(max(n, 0), int(finite.sum()))
    if n == 0:
        return np.empty(0, dtype=np.int64)
    lowest = np.partition(values, len(values) - n)[len(values) - n]
    found = np.flatnonzero(values >= lowest)
    return found[np.argsort(-values[found], kind="stable")[:n]]


def place_scores(
    eo_z: NDArray[np.float32], text_z: NDArray[np.float32], direction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Score places by where they are and by what they are called, in equal parts.

    Args:
        eo_z: EO head of the places' base view, unit rows float32 `[p, 128]`.
        text_z: Text head of the places' texts, unit rows float32 `[p, 128]`.
        direction: Float32 `[128]`, unit length.

    Returns:
        Mean of both cosines, float32 `[p]` in [-1, 1]; NaN where either has no data.
    """
    both = cosine_scores(eo_z, direction) + cosine_scores(text_z, direction)
    return np.asarray(both / 2, dtype=np.float32)


def _unit(vector: NDArray[np.float64], what: str, value: str, code: str) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(vector))
    if not norm > _SMALLEST_NORM:
        raise InputError(what, value, "change one of them", code=code)
    return np.asarray(vector / norm, dtype=np.float32)
