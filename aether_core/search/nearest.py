"""The best of many rows, found in copies of a byte a value and scored in float32.

A product of bytes reads a quarter of the memory, which is what a scan of millions of rows waits
for. How far it can be off is known (Cauchy-Schwarz, with the largest error that any row has), so
every row that may belong to the best is scored again: the answer is that of a scan in float32.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.search.scoring import best_rows, cosine_scores

_LARGEST = 127
_AT_ONCE = 65_536
"""Rows that are scored again at once: 32 MB of 128 values in float32."""
_CHUNK = 8192
"""Rows of one product, or quantised at once: small enough for the processor's cache."""
_SLACK = 1e-5
"""What sums in float32 may be off, in any order."""
_THREADS = 2
_SHARED_ROWS = 400_000
"""From here on threads share the rows; fewer take less than it takes a second one to be let in."""
_EVERY = 16
"""A sixteenth of the rows tells about where the best begin."""


@dataclass(frozen=True, eq=False)
class Quantised:
    """Rows as whole numbers of -127 to 127.

    Attributes:
        codes: int8 `[m, d]`.
        step: What one means in each column, float32 `[d]`.
        error: Largest distance of a row from what its codes mean.
        length: Largest length of a row of codes.
        there: Rows that have data, bool `[m]`.
    """

    codes: NDArray[np.int8]
    step: NDArray[np.float32]
    error: float
    length: float
    there: NDArray[np.bool_]


def quantised(z: NDArray[np.float32]) -> Quantised:
    """Quantise rows column by column, each to its own largest value.

    Args:
        z: float32 `[m, d]`, may lie on the disk; a row with NaN has no data.
    """
    largest = np.zeros(z.shape[1], dtype=np.float32)
    for _, rows in _blocks(z):
        for end in (np.fmax.reduce(rows), np.fmin.reduce(rows)):
            largest = np.fmax(largest, np.abs(end))
    step = np.where(largest > 0, largest / _LARGEST, 1).astype(np.float32)
    codes = np.empty(z.shape, dtype=np.int8)
    there = np.empty(len(z), dtype=bool)
    error = length = 0.0
    for part, rows in _blocks(z):
        there[part] = np.isfinite(rows.sum(axis=1))
        given = rows if there[part].all() else np.where(there[part, None], rows, np.float32(0))
        rounded = given / step
        np.rint(rounded, out=rounded)
        codes[part] = rounded
        length = max(length, _longest(rounded))
        error = max(error, _longest(given - rounded * step))
    return Quantised(codes, step, error, length, there)


@dataclass(frozen=True, eq=False)
class Best:
    """The best rows of a scan.

    Attributes:
        rows: Best first, of equal scores the first rows, int64 `[n]`.
        score: Cosines, float32 `[n]`.
        percentile: Among all rows that count, 0 to 100, float32 `[n]`; as
            `aether_core.search.scoring.percentiles`.
        scored: How many rows were scored in float32.
        equal: Rows with just this score, itself included, int64 `[n]`.
        total: Rows that count.
    """

    rows: NDArray[np.int64]
    score: NDArray[np.float32]
    percentile: NDArray[np.float32]
    scored: int
    equal: NDArray[np.int64]
    total: int


def nearest_rows(
    z: NDArray[np.float32],
    copy: Quantised,
    direction: NDArray[np.float32],
    n: int,
    counts: NDArray[np.bool_] | None = None,
) -> Best:
    """The `n` best rows by cosine, as `best_rows` finds them among all cosines in float32.

    Args:
        z: Unit rows, float32 `[m, d]`, in memory or mapped; few of them are read.
        copy: Of these rows.
        direction: Float32 `[d]`, unit length.
        n: How many; fewer are returned where fewer rows count.
        counts: Rows that are ranked, bool `[m]`; all that have data when None.
    """
    ranked = copy.there if counts is None else copy.there & counts
    total = int(ranked.sum())
    n = min(max(n, 0), total)
    if n == 0:
        none, nobody = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        return Best(nobody, none, none, 0, nobody, total)
    near, off = _near_scores(copy, direction, ranked)
    first = np.flatnonzero(near >= _nth_largest(near, n))[:n]
    least = float(_scores(z, first, direction).min())
    looked_at = np.flatnonzero(near >= least - off)
    scores = _scores(z, looked_at, direction)
    best = best_rows(scores, n)
    found = scores[best]
    order = np.sort(scores)
    above = len(scores) - np.searchsorted(order, found, side="right")
    equal = len(scores) - above - np.searchsorted(order, found, side="left")
    percentile = _percentiles(total, above, equal)
    return Best(looked_at[best], found, percentile, len(looked_at), equal, total)


def best_of_parts(parts: Sequence[Best], n: int) -> Best:
    """The best rows of all parts, from the `n` best of each.

    Args:
        parts: In their order, each asked for at least `n`.
        n: How many.

    Returns:
        As `nearest_rows`; `rows` counts within the parts' best, one after the other.
    """
    scores = np.concatenate([part.score for part in parts])
    total = sum(part.total for part in parts)
    rows = best_rows(scores, n)
    found = scores[rows]
    above = len(scores) - np.searchsorted(np.sort(scores), found, side="right")
    equal = np.zeros(len(found), dtype=np.int64)
    for part in parts:  # whoever has a row of such a score lists one: n better ones it has not
        falling = -part.score
        at = np.searchsorted(falling, -found)
        listed = at < len(falling)
        listed[listed] = falling[at[listed]] == -found[listed]
        equal[listed] += part.equal[at[listed]]
    scored = sum(part.scored for part in parts)
    return Best(rows, found, _percentiles(total, above, equal), scored, equal, total)


def _percentiles(
    total: int, above: NDArray[np.int64], equal: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Of rows with so many better and so many equal ones among all."""
    if total <= 1:
        return np.full(len(above), 100.0, dtype=np.float32)
    middle = total - 1 - above - (equal - 1) / 2
    return np.asarray(100 * middle / (total - 1), dtype=np.float32)


def _near_scores(
    copy: Quantised, direction: NDArray[np.float32], ranked: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float]:
    """Scores of codes, float32 `[m]`, -inf for rows that do not count; the most they are off."""
    import numkong  # only who searches pays for loading it

    wanted = direction * copy.step
    unit = float(np.abs(wanted).max()) / _LARGEST or 1.0
    query = np.rint(wanted / unit).astype(np.int8)[None]
    off = (
        copy.error * float(np.linalg.norm(direction))
        + copy.length * float(np.linalg.norm(wanted - query[0] * unit))
        + _SLACK
    )
    near = np.empty(len(copy.codes), dtype=np.float32)
    every = bool(ranked.all())

    def score(start: int) -> None:
        part = slice(start, start + _CHUNK)
        products = np.asarray(numkong.cdist(query, copy.codes[part], "dot"))
        np.multiply(products.reshape(-1), unit, out=near[part], casting="same_kind")
        if not every:
            near[part][~ranked[part]] = -np.inf

    starts = range(0, len(near), _CHUNK)
    if len(near) < _SHARED_ROWS:
        for start in starts:
            score(start)
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(score, starts))
    return near, off


def _nth_largest(values: NDArray[np.float32], n: int) -> float:
    """The n-th largest value; looked for among those that a sample says are above it."""
    sample = values[::_EVERY]
    expected = 2 * n // _EVERY + 8
    if expected < len(sample):
        guess = np.partition(sample, len(sample) - expected)[len(sample) - expected]
        above = values[values >= guess]
        if len(above) >= n:
            return float(np.partition(above, len(above) - n)[len(above) - n])
    return float(np.partition(values, len(values) - n)[len(values) - n])


def _scores(
    z: NDArray[np.float32], rows: NDArray[np.int64], direction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Cosines of some rows, float32."""
    parts = [
        cosine_scores(np.asarray(z[rows[start : start + _AT_ONCE]]), direction)
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _blocks(z: NDArray[np.float32]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    for start in range(0, len(z), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield part, np.asarray(z[part])


def _longest(rows: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", rows, rows).max(initial=0)))
