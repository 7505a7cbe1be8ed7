"""The best rows by a scan of bytes: those of a scan in float32."""

from itertools import pairwise

import numpy as np
import pytest

from aether_core.search.nearest import best_of_parts, nearest_rows, quantised
from aether_core.search.scoring import best_rows, cosine_scores, percentiles


def clustered(seed: int, rows: int) -> np.ndarray:
    """Unit rows of a few kinds of ground, some of them alike: columns of unequal spread."""
    random = np.random.default_rng(seed)
    kinds = random.standard_normal((6, 128)) * random.gamma(0.5, 1, 128)
    z = random.gamma(0.4, 1, (rows, 6)) @ kinds + 0.02 * random.standard_normal((rows, 128))
    z[random.integers(0, rows, rows // 10)] = z[0]
    return (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 50, 1000, 40_000])
@pytest.mark.parametrize("some", [False, True])
def test_the_best_are_those_of_float32(n: int, some: bool) -> None:
    z = clustered(1, 30_000)
    z[::97] = np.nan
    copy = quantised(z)
    counts = np.random.default_rng(2).random(len(z)) < 0.6 if some else None
    direction = z[5]
    scores = cosine_scores(z, direction)
    if counts is not None:
        scores[~counts] = np.nan
    expected = best_rows(scores, n)
    found = nearest_rows(z, copy, direction, n, counts)
    np.testing.assert_allclose(found.score, scores[expected], atol=1e-6)
    # Rows alike may change places where sums in another order differ in the last digit.
    assert len(np.intersect1d(found.rows, expected)) >= 0.99 * len(expected)
    np.testing.assert_allclose(scores[found.rows], found.score, atol=1e-6)
    np.testing.assert_allclose(found.percentile, percentiles(scores)[found.rows], atol=0.01)


def test_few_rows_are_scored_again() -> None:
    z = clustered(3, 60_000)
    found = nearest_rows(z, quantised(z), z[9], 100)
    assert 100 <= found.scored < len(z) / 5


def test_there_may_be_nothing_to_find() -> None:
    z = clustered(4, 10)
    copy = quantised(z)
    assert len(nearest_rows(z, copy, z[0], 5, np.zeros(10, dtype=bool)).rows) == 0
    assert len(nearest_rows(z, copy, z[0], 0).rows) == 0
    assert len(nearest_rows(z[:0], quantised(z[:0]), z[0], 3).rows) == 0
    flat = np.zeros((4, 128), dtype=np.float32)
    assert nearest_rows(flat, quantised(flat), z[0], 2).rows.tolist() == [0, 1]


@pytest.mark.parametrize("top", [1, 7, 400, 5000])
def test_the_best_of_parts_are_those_of_the_whole(top: int) -> None:
    random = np.random.default_rng(5)
    z = random.standard_normal((3000, 128)).astype(np.float32)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    z[500:520] = z[2990] = z[1700]  # equal rows in several parts
    z[40:60] = np.nan
    direction = z[1700]
    cuts = [0, 30, 30, 510, 1700, 3000]
    parts = [
        nearest_rows(z[start:end], quantised(z[start:end]), direction, top)
        for start, end in pairwise(cuts)
    ]
    offsets = np.concatenate(
        [part.rows + start for part, start in zip(parts, cuts[:-1], strict=True)]
    )
    whole = nearest_rows(z, quantised(z), direction, top)
    found = best_of_parts(parts, top)
    np.testing.assert_array_equal(offsets[found.rows], whole.rows)
    np.testing.assert_allclose(found.score, whole.score, atol=1e-6)
    np.testing.assert_array_equal(found.percentile, whole.percentile)
    np.testing.assert_array_equal(found.equal, whole.equal)
    assert found.total == whole.total == 2980
    assert found.equal[0] == 22
