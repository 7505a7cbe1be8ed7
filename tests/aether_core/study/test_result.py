"""Seeds put together: means, intervals, and differences paired by seed."""

import math

import pytest

from aether_core.study.result import METRICS, StudyRow, summarise


def rows(variant: str, values: dict[int, float], metric: str = "mrr") -> list[StudyRow]:
    return [StudyRow(variant, None, seed, metric, value) for seed, value in values.items()]


def test_interval_is_students_over_seeds() -> None:
    (one,) = summarise(rows("full", {1: 0.2, 2: 0.4, 3: 0.6}), "full")
    assert one.mean == pytest.approx(0.4)
    assert one.sd == pytest.approx(0.2)
    assert one.ci95 is not None
    reach = 4.302652729 * 0.2 / math.sqrt(3)  # t of 2 degrees of freedom
    assert one.ci95 == pytest.approx((0.4 - reach, 0.4 + reach))
    assert (one.n_seeds, one.difference, one.difference_ci95, one.better) == (3, None, None, None)


def test_differences_are_paired_by_seed_whatever_the_order() -> None:
    full = rows("full", {1: 0.1, 2: 0.5, 3: 0.9})
    other = rows("other", {3: 0.86, 1: 0.05, 2: 0.47})  # always 0.03 to 0.05 below its own seed's
    _, found = summarise(full + other, "full")
    assert found.difference == pytest.approx(-0.04)
    assert found.better is False
    assert found.difference_ci95 is not None
    assert found.difference_ci95[1] < 0
    assert found.ci95 is not None
    assert found.ci95[0] < 0 < found.ci95[1]  # unpaired, nothing could be said


def test_a_seed_the_baseline_lacks_counts_for_the_mean_alone() -> None:
    _, found = summarise(rows("full", {1: 0.1}) + rows("other", {1: 0.2, 2: 0.4}), "full")
    assert found.mean == pytest.approx(0.3)
    assert found.difference == pytest.approx(0.1)
    assert found.difference_ci95 is None
    assert found.better is None


def test_lower_is_better_where_the_metric_says_so() -> None:
    lower = [key for key, metric in METRICS.items() if metric.lower_is_better]
    assert lower == ["mean_log_rank"]
    for metric, better in (("mean_log_rank", True), ("mrr", False)):
        full = rows("full", {1: 2.0, 2: 2.1, 3: 2.2}, metric)
        less = rows("less", {1: 1.5, 2: 1.61, 3: 1.7}, metric)
        assert summarise(full + less, "full")[1].better is better


def test_nothing_can_be_said_where_the_interval_holds_zero() -> None:
    full, other = rows("full", {1: 0.1, 2: 0.2, 3: 0.3}), rows("o", {1: 0.2, 2: 0.1, 3: 0.3})
    found = summarise(full + other, "full")[1]
    assert found.better is None
    assert found.difference == pytest.approx(0.0)


def test_unpaired_rows_have_no_difference() -> None:
    made = rows("a", {1: 0.1, 2: 0.2}) + rows("b", {1: 0.2, 2: 0.3})
    assert all(one.difference is None for one in summarise(made, "a", paired=False))
