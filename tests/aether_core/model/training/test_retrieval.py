"""Retrieval figures against counting by hand."""

import itertools

import numpy as np
import pytest

from aether_core.model.training.retrieval import candidate_rows, measure_retrieval


def unit_rows(rng: np.random.Generator, rows: int) -> np.ndarray:
    values = rng.standard_normal((rows, 8)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def rank_by_sorting(scores: np.ndarray, right: np.ndarray) -> int:
    """Walk down the list to the first right answer (no ties in the scores)."""
    return next(k for k, i in enumerate(np.argsort(-scores), start=1) if right[i])


def test_figures_are_those_of_walking_down_the_lists() -> None:
    rng = np.random.default_rng(3)
    text_index = rng.permutation(np.concatenate([np.arange(9), rng.integers(0, 9, 21)]))
    place_z, text_z = unit_rows(rng, 30), unit_rows(rng, 9)
    got = measure_retrieval(place_z, text_z, text_index)
    by_text = np.array([rank_by_sorting(place_z @ text_z[t], text_index == t) for t in text_index])
    by_place = np.array(
        [
            rank_by_sorting(text_z @ place, np.arange(9) == t)
            for place, t in zip(place_z, text_index, strict=True)
        ]
    )
    for side, ranks in ((got.text_to_place, by_text), (got.place_to_text, by_place)):
        assert side.mrr == pytest.approx(np.mean(1 / ranks))
        assert side.mean_log_rank == pytest.approx(np.mean(np.log(ranks)))
        for k in (1, 5, 10):
            assert getattr(side, f"recall_at_{k}") == pytest.approx(np.mean(ranks <= k))
    assert got.mrr == pytest.approx((np.mean(1 / by_text) + np.mean(1 / by_place)) / 2)
    assert (got.candidates, got.texts) == (30, 9)


def test_chance_is_the_mean_over_all_orders() -> None:
    text_index = np.array([0, 0, 1, 2, 2, 2])
    rng = np.random.default_rng(0)
    got = measure_retrieval(unit_rows(rng, 6), unit_rows(rng, 3), text_index).text_to_place
    firsts = [
        min(order.index(i) for i in np.flatnonzero(text_index == t)) + 1
        for order in itertools.permutations(range(6))
        for t in text_index
    ]
    assert got.chance_at_1 == pytest.approx(np.mean(np.array(firsts) <= 1))
    assert got.chance_at_5 == pytest.approx(np.mean(np.array(firsts) <= 5))
    assert got.chance_at_10 == pytest.approx(1.0)
    assert got.chance_mrr == pytest.approx(np.mean(1 / np.array(firsts)))


def test_perfect_model_scores_one_and_equal_texts_are_no_errors() -> None:
    text_z = np.eye(4, 8, dtype=np.float32)
    text_index = np.array([0, 0, 0, 1, 2, 3, 3])
    got = measure_retrieval(text_z[text_index], text_z, text_index)
    assert (got.recall_at_1, got.mrr, got.mean_log_rank) == (1.0, 1.0, 0.0)


def test_model_that_says_the_same_to_everything_is_not_rewarded() -> None:
    same = np.zeros((40, 8), dtype=np.float32)
    same[:, 0] = 1
    got = measure_retrieval(same, same, np.arange(40))
    assert got.recall_at_10 == 0.0
    assert got.mrr < got.chance_mrr


def test_candidates_are_capped_seeded_and_within_the_data() -> None:
    assert candidate_rows(7, seed=1).tolist() == list(range(7))
    rows = candidate_rows(5000, seed=1, limit=100)
    assert len(np.unique(rows)) == 100
    assert rows.max() < 5000
    assert np.array_equal(rows, candidate_rows(5000, seed=1, limit=100))
    assert not np.array_equal(rows, candidate_rows(5000, seed=2, limit=100))
