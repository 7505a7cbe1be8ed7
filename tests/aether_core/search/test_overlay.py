"""Parts become one score: by hand, cell by cell."""

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.search.overlay import combined
from aether_core.search.question.criteria import Criterion
from tests.errors import fault

NAN = np.nan


def part(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def like(clause: int, weight: float = 1.0, option: int = 0) -> Criterion:
    return Criterion("like", f"thing {clause}", weight=weight, clause=clause, option=option)


def test_all_must_hold_is_the_weighted_geometric_mean() -> None:
    criteria = [like(0, weight=2), like(1)]
    score = combined(criteria, [part(0.25, 1, 0, 1), part(1, 0.5, 1, 1)], "all")
    assert score.tolist() == pytest.approx([0.25 ** (2 / 3), 0.5 ** (1 / 3), 0, 1], abs=1e-6)


def test_add_is_the_weighted_mean() -> None:
    criteria = [like(0, weight=2), like(1)]
    score = combined(criteria, [part(0.25, 1, 0), part(1, 0.5, 1)], "add")
    assert score.tolist() == pytest.approx([0.5, 2.5 / 3, 1 / 3], abs=1e-6)


def test_of_cells_alike_in_their_worst_part_the_better_rest_wins() -> None:
    """What the minimum could not tell."""
    score = combined([like(0), like(1)], [part(0.4, 0.4), part(0.5, 0.9)], "all")
    assert score[1] > score[0]


def test_of_alternatives_the_best_counts_and_options_stand_by_themselves() -> None:
    either = combined([like(0), like(0), like(1)], [part(0, 0.2), part(1, 0.4), part(1, 1)], "all")
    assert either.tolist() == pytest.approx([1, 0.4**0.5], abs=1e-6)
    options = [like(0), like(1), like(2, option=1), like(3, option=1)]
    values = [part(1, 0.1), part(1, 0.1), part(0, 0.9), part(1, 0.9)]
    assert combined(options, values, "all").tolist() == pytest.approx([1, 0.9], abs=1e-6)


def test_a_cell_without_data_has_no_score_unless_an_alternative_has() -> None:
    for mode in ("all", "add"):
        score = combined([like(0), like(1)], [part(NAN, 1), part(1, 1)], mode)
        assert np.isnan(score[0])
        assert score[1] == 1
    assert combined([like(0), like(0)], [part(NAN), part(0.5)], "all").tolist() == [0.5]


@pytest.mark.parametrize("mode", ["all", "add"])
def test_an_area_limits_and_is_not_weighed(mode: str) -> None:
    area = Criterion("in", "here", clause=1, weight=9)
    score = combined([like(0), area], [part(0.5, 0.5), part(1, 0)], mode)
    assert score[0] == pytest.approx(0.5)
    assert np.isnan(score[1])
    alone = combined([area], [part(1, 0)], mode)
    assert alone[0] == 1
    assert np.isnan(alone[1])


def test_another_mode_is_refused() -> None:
    with pytest.raises(InputError, check=fault("no-such-mode", "min", "all or add")):
        combined([like(0)], [part(1)], "min")
