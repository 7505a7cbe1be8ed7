"""Error and coverage by group."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from aether_core.tasks.testing.fairness import (
    DENSITY_GROUPS,
    GroupFigures,
    by_group,
    density_groups,
)


def rows(n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = rng.integers(4, size=n)
    group = np.array(["north", "south", "west"], dtype=object)[np.arange(n) % 3]
    wrong = rng.random(n) < np.where(group == "south", 0.5, 0.1)
    return group, label, np.where(wrong, (label + 1) % 4, label)


def test_each_group_gets_the_figures_of_its_own_rows() -> None:
    group, label, predicted = rows()
    covered = np.random.default_rng(1).random(300) < 0.9
    found = by_group(group, label, predicted, covered)
    assert [one.group for one in found] == ["north", "south", "west"]
    for one in found:
        own = group == one.group
        assert one.n == 100
        assert not one.too_few
        assert one.accuracy == pytest.approx(accuracy_score(label[own], predicted[own]))
        assert one.error == pytest.approx(1 - one.accuracy)
        assert one.macro_f1 == pytest.approx(f1_score(label[own], predicted[own], average="macro"))
        assert one.coverage == pytest.approx(covered[own].mean())
        assert one.lo < one.error < one.hi
        assert one.coverage_lo < one.coverage < one.coverage_hi
    assert found[1].lo > found[0].hi


def test_share_errors_are_averaged_and_missing_rows_left_out() -> None:
    group, _, _ = rows()
    error = np.random.default_rng(2).gamma(1.0, 0.1, 300)
    error[0] = np.nan
    covered = np.random.default_rng(3).integers(10, size=300) / 9
    found = by_group(group, error=error, covered=covered)
    assert found[0].n == 99
    assert found[0].error == pytest.approx(np.nanmean(error[group == "north"]))
    assert 0 < found[0].lo < found[0].error < found[0].hi
    assert found[1].coverage == pytest.approx(covered[group == "south"].mean())
    assert found[0].accuracy is None


def test_group_too_small_to_judge_gets_no_figure() -> None:
    group, label, predicted = rows()
    group[:9] = "tiny"
    group[9:19] = "small"
    found = {one.group: one for one in by_group(group, label, predicted)}
    assert found["tiny"] == GroupFigures("tiny", 9)
    assert found["tiny"].too_few
    assert not found["small"].too_few
    assert found["small"].error is not None


def test_blocks_widen_the_intervals() -> None:
    group = np.full(400, "all", dtype=object)
    label = np.zeros(400, dtype=np.int64)
    block = np.arange(400) // 20
    predicted = (np.random.default_rng(4).random(20) < 0.4)[block].astype(np.int64)
    alone = by_group(group, label, predicted)[0]
    whole = by_group(group, label, predicted, block=block)[0]
    assert whole.hi - whole.lo > 2 * (alone.hi - alone.lo)


def test_neither_labels_nor_errors_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="label and predicted, or error"):
        by_group(np.array(["a"], dtype=object))


def test_quarters_are_of_equal_size_and_in_order() -> None:
    count = np.random.default_rng(5).permutation(400)
    names = density_groups(count)
    for number, name in enumerate(DENSITY_GROUPS):
        own = count[names == name]
        assert len(own) == 100
        assert own.min() == 100 * number
    found = by_group(names, np.zeros(400, dtype=int), np.zeros(400, dtype=int))
    assert tuple(one.group for one in found) == DENSITY_GROUPS


def test_equal_counts_are_in_one_group() -> None:
    count = np.r_[np.zeros(60), np.arange(1, 41)].astype(np.int64)
    names = density_groups(count)
    assert set(names[:60]) == {DENSITY_GROUPS[0]}
    assert names[-1] == DENSITY_GROUPS[3]
    assert set(density_groups(np.zeros(5, dtype=np.int64))) == {DENSITY_GROUPS[0]}
    assert len(density_groups(np.empty(0, dtype=np.int64))) == 0
