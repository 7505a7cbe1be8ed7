"""Scores, directions and percentiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from aether_core.errors import InputError
from aether_core.search.scoring import (
    best_rows,
    cosine_scores,
    mean_direction,
    percentiles,
    place_scores,
    query_direction,
)
from tests.errors import fault


def unit_rows(seed: int, rows: int) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((rows, 128)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_scores_are_cosines_within_bounds() -> None:
    z = unit_rows(0, 20)
    z[4] = np.nan
    direction = query_direction(z[7] * 1.0001)
    scores = cosine_scores(z, direction)
    assert np.isnan(scores[4])
    assert np.nanargmax(scores) == 7
    assert np.nanmax(scores) <= 1
    assert scores[2] == pytest.approx(
        sum(float(a) * float(b) for a, b in zip(z[2], z[7], strict=True)), abs=1e-5
    )


def test_minus_turns_away_from_what_is_not_wanted() -> None:
    wanted, unwanted = unit_rows(1, 2)
    direction = query_direction(wanted, unwanted)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-6)
    assert direction @ wanted > 0 > direction @ unwanted


def test_query_minus_itself_is_refused() -> None:
    wanted = unit_rows(1, 1)[0]
    with pytest.raises(InputError, check=fault("query-minus-itself")):
        query_direction(wanted, wanted)


def test_wordings_are_averaged() -> None:
    rows = unit_rows(2, 2)
    mean = mean_direction(rows)
    assert mean @ rows[0] == pytest.approx(mean @ rows[1], abs=1e-6)
    assert np.linalg.norm(mean) == pytest.approx(1, abs=1e-6)


def test_percentiles_by_hand() -> None:
    scores = np.array([0.3, np.nan, -0.5, 0.9, 0.3, 0.1], np.float32)
    np.testing.assert_array_equal(
        percentiles(scores), np.array([62.5, np.nan, 0, 100, 62.5, 25], np.float32)
    )
    assert percentiles(np.array([0.2], np.float32)).tolist() == [100.0]
    assert percentiles(np.array([], np.float32)).tolist() == []


@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=60))
def test_percentiles_keep_order_and_bounds(values: list[float]) -> None:
    scores = np.array(values, np.float32)
    got = percentiles(scores)
    assert got.min() >= 0
    assert got.max() <= 100
    for i in range(len(scores)):
        others = np.delete(scores, i)
        share = ((others < scores[i]).sum() + 0.5 * (others == scores[i]).sum()) / len(others)
        assert got[i] == pytest.approx(100 * share, abs=1e-3)


@pytest.mark.parametrize("decimals", [1, 3, 8])
def test_percentiles_are_exact_in_large_cities(decimals: int) -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(-1, 1, 30_000).astype(np.float32).round(decimals)
    scores[rng.random(len(scores)) < 0.02] = np.nan
    scores[:2] = 0.0, -0.0
    there = scores[np.isfinite(scores)]
    wanted = 100 * (rankdata(there, "average") - 1) / (len(there) - 1)
    got = percentiles(scores)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(scores))
    np.testing.assert_array_equal(got[np.isfinite(got)], wanted.astype(np.float32))


def test_percentiles_leave_the_scores_alone() -> None:
    scores = np.array([0.3, -0.5, 0.9], np.float32)
    percentiles(scores)
    assert scores.tolist() == np.array([0.3, -0.5, 0.9], np.float32).tolist()


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, np.nan]), max_size=40), st.integers(-1, 50))
def test_best_rows_are_those_of_a_whole_sort(values: list[float], n: int) -> None:
    scores = np.array(values, np.float32)
    order = [row for row in np.argsort(-scores, kind="stable") if np.isfinite(scores[row])]
    assert best_rows(scores, n).tolist() == order[: max(n, 0)]


def test_places_are_scored_by_place_and_text_alike() -> None:
    eo_z, text_z = unit_rows(3, 5), unit_rows(4, 5)
    direction = unit_rows(5, 1)[0]
    got = place_scores(eo_z, text_z, direction)
    np.testing.assert_allclose(got, (eo_z @ direction + text_z @ direction) / 2, atol=1e-6)
    np.testing.assert_array_equal(got, place_scores(text_z, eo_z, direction))
