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
    return _unit(mean, "the wordings of the query cancel out", f"{len(vectors)} wordings")


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
    return _unit(wanted, "the query and what is taken from it are the same", "minus = query")


def cosine_scores(z: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of each row with the direction.

    Args:
        z: Unit rows, float32 `[m, 128]`; a NaN row has no data.
        direction: Float32 `[128]`, unit length.

    Returns:
        Float32 `[m]` in [-1, 1]; NaN where a row has no data.
    """
    return np.asarray(np.clip(z @ direction, -1.0, 1.0), dtype=np.float32)


def percentiles(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rank scores within the city: 100 is the best, 0 the lowest, equal scores share the middle.

    Args:
        scores: Float32 `[m]`; NaN means no data and does not count.

    Returns:
        Float32 `[m]` in 0 to 100; NaN where the score is. A single score gets 100.
    """
    result = np.full(len(scores), np.nan, dtype=np.float32)
    there = np.isfinite(scores)
    values = np.asarray(scores)[there]
    if len(values) == 1:
        result[there] = 100.0
    elif len(values) > 1:
        ordered = np.sort(values)
        below = np.searchsorted(ordered, values, side="left")
        not_above = np.searchsorted(ordered, values, side="right") - 1
        result[there] = 100.0 * (below + not_above) / 2 / (len(values) - 1)
    return result


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


def _unit(vector: NDArray[np.float64], what: str, value: str) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(vector))
    if not norm > _SMALLEST_NORM:
        raise InputError(what, value, "ask for something else")
    return np.asarray(vector / norm, dtype=np.float32)
