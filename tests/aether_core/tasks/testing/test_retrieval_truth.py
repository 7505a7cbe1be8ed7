"""Text-to-map against truth: figures against sklearn, intervals from blocks."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from aether_core.errors import InputError
from aether_core.tasks.testing.retrieval_truth import TruthScore, score_query
from tests.errors import fault


def city(
    cells: int = 1000, seed: int = 0, strength: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells in blocks of 20 that share part of their truth and score."""
    rng = np.random.default_rng(seed)
    block = np.arange(cells) // 20
    ground = rng.normal(0, 1, cells // 20)[block]
    truth = ground + rng.normal(0, 1, cells) > 1.2
    score = strength * truth + ground + rng.normal(0, 1, cells)
    return score.astype(np.float32), truth, block


def by_metric(found: list[TruthScore]) -> dict[str, TruthScore]:
    return {one.metric: one for one in found}


@pytest.mark.parametrize("rounded", [False, True])
def test_auc_and_average_precision_are_those_of_sklearn(*, rounded: bool) -> None:
    score, truth, block = city()
    if rounded:
        score = np.round(score)
    found = by_metric(score_query(score, truth, block, query="parks", resamples=20))
    assert found["auc"].value == pytest.approx(roc_auc_score(truth, score))
    assert found["average_precision"].value == pytest.approx(average_precision_score(truth, score))
    assert found["auc"].positives == truth.sum()
    assert found["auc"].cells == 1000
    assert found["auc"].query == "parks"


def test_precision_counts_the_best_cells() -> None:
    score, truth, block = city()
    found = by_metric(score_query(score, truth, block, query="parks", resamples=20))
    best = np.argsort(-score)
    for percent in (1, 5, 10):
        wanted = truth[best[: percent * 10]].mean()
        assert found[f"precision_at_{percent}"].value == pytest.approx(wanted)


def test_equal_scores_count_as_in_a_random_order() -> None:
    _, truth, block = city()
    found = by_metric(score_query(np.zeros(1000), truth, block, query="x", resamples=20))
    assert found["auc"].value == pytest.approx(0.5)
    assert found["precision_at_5"].value == pytest.approx(truth.mean())
    assert found["average_precision"].value == pytest.approx(truth.mean())


def test_perfect_scores_are_perfect() -> None:
    _, truth, block = city()
    found = by_metric(score_query(truth.astype(np.float32), truth, block, query="x"))
    assert (found["auc"].value, found["auc"].lo, found["auc"].hi) == (1, 1, 1)
    assert found["average_precision"].value == 1


def test_interval_is_that_of_repeating_whole_blocks_with_sklearn() -> None:
    score, truth, block = city(cells=400)
    rows = [np.flatnonzero(block == one) for one in range(20)]
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(800):
        chosen = np.concatenate([rows[one] for one in rng.integers(20, size=20)])
        drawn.append(
            (
                roc_auc_score(truth[chosen], score[chosen]),
                average_precision_score(truth[chosen], score[chosen]),
            )
        )
    found = by_metric(score_query(score, truth, block, query="x", resamples=800))
    for column, metric in enumerate(("auc", "average_precision")):
        wanted = np.percentile(np.array(drawn)[:, column], [2.5, 97.5])
        assert (found[metric].lo, found[metric].hi) == pytest.approx(wanted, abs=0.02)
        assert found[metric].lo < found[metric].value < found[metric].hi


def test_blocks_make_the_interval_honest() -> None:
    """Neighbours are alike, so that single cells would promise too much."""
    _, truth, block = city()
    score = truth + np.random.default_rng(3).normal(0, 1, 50)[block]
    whole = by_metric(score_query(score, truth, block, query="x"))["auc"]
    single = by_metric(score_query(score, truth, np.arange(1000), query="x"))["auc"]
    assert whole.hi - whole.lo > 1.5 * (single.hi - single.lo)


def test_seed_decides_the_interval_and_nothing_else() -> None:
    score, truth, block = city()
    first = score_query(score, truth, block, query="x", resamples=100, seed=1)
    assert first == score_query(score, truth, block, query="x", resamples=100, seed=1)
    other = score_query(score, truth, block, query="x", resamples=100, seed=2)
    assert [one.value for one in first] == [one.value for one in other]
    assert [one.lo for one in first] != [one.lo for one in other]


def test_cells_without_data_are_left_out() -> None:
    score, truth, block = city()
    gaps = score.copy()
    gaps[::3] = np.nan
    there = np.isfinite(gaps)
    found = by_metric(score_query(gaps, truth, block, query="x", resamples=20))
    assert found["auc"].value == pytest.approx(roc_auc_score(truth[there], score[there]))
    assert found["auc"].cells == there.sum()


def test_one_block_gives_a_figure_without_an_interval() -> None:
    score, truth, _ = city()
    found = score_query(score, truth, np.zeros(1000, dtype=np.int64), query="x")
    assert all(one.lo is None and one.hi is None for one in found)
    assert found[0].value > 0.5


def test_truth_in_one_block_leaves_out_resamples_without_it() -> None:
    score, _, block = city()
    found = score_query(score, block == 7, block, query="x", resamples=200)
    assert all(one.lo is not None and 0 <= one.lo <= one.hi <= 1 for one in found)


@pytest.mark.parametrize(
    ("value", "code"), [(True, "truth-of-every-cell"), (False, "truth-without-cells")]
)
def test_truth_of_one_kind_is_refused_with_the_query_named(*, value: bool, code: str) -> None:
    score, _, block = city()
    with pytest.raises(InputError, check=fault(code, "airports")):
        score_query(score, np.full(1000, value), block, query="airports")
