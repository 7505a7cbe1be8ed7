"""Splits and protocols say what they are, so that nobody asks for their names."""

import numpy as np
import pytest

from aether_core.tasks.testing.protocols import PROTOCOLS
from aether_core.tasks.testing.published import PUBLISHED_SEEDS
from aether_core.tasks.testing.splits import OFFERED, SPLITS, hardest


@pytest.mark.parametrize(
    ("names", "relied_on"),
    [
        (["random", "spatial"], "spatial"),
        (["spatial", "district"], "spatial"),
        (["random", "district"], "random"),  # uncertainty is calibrated on what was chosen
        (["some other"], "some other"),
    ],
)
def test_blocks_are_relied_on_where_they_were_held_out(names: list[str], relied_on: str) -> None:
    assert hardest(names) == relied_on


def test_the_hardest_split_is_offered_last() -> None:
    assert set(OFFERED) < set(SPLITS)
    assert hardest(OFFERED) == OFFERED[-1]


def test_a_protocol_deals_trains_and_seeds_by_itself() -> None:
    label = np.arange(60) % 3
    unit = np.arange(60)
    dealt = {
        name: protocol.deal("random", label, unit, unit // 5, folds=4, seed=1)
        for name, protocol in PROTOCOLS.items()
    }
    assert set(dealt["cross-validation"].tolist()) == {0, 1, 2, 3}
    assert (dealt["published"] == 0).sum() == 12  # a fifth; the rest is only trained on
    assert set(dealt["published"].tolist()) == {0, -1}
    published = PROTOCOLS["published"]
    assert (published.own_seeds, published.trainer) == (PUBLISHED_SEEDS, "adam")
    assert PROTOCOLS["cross-validation"].own_seeds is None
