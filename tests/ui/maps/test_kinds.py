"""A kind of task that somebody adds is seen, judged and reported, not taken for another one."""

import pytest

from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.maps import layer_map, trust
from workflows.reports import write


@pytest.mark.parametrize("table", [layer_map._VIEWS, trust._KINDS, write._KINDS])
def test_every_kind_of_task_has_its_line(table: dict[str, object]) -> None:
    assert set(TASK_KINDS) <= set(table)
