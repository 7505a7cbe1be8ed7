"""Classes with too few samples: dropped or merged as the user says, and counted."""

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.tasks.samples.samples import Samples
from aether_core.tasks.samples.small_classes import OTHER, small_classes, treat_small
from tests.errors import fault


def samples(**counts: int) -> Samples:
    names = tuple(sorted(counts))
    label = np.repeat(np.arange(len(names)), [counts[name] for name in names])
    n = len(label)
    return Samples(
        lonlat=np.zeros((n, 2)),
        label=label,
        weight=np.ones(n),
        unit=np.arange(n),
        cell=np.arange(n),
        classes=names,
        features_used=n,
        dropped={"outside the city": 2},
    )


def test_small_classes_are_dropped_and_counted() -> None:
    found = treat_small(samples(homes=20, park=12, tiny=9), "drop")
    assert small_classes(samples(homes=20, park=12, tiny=9)) == {"tiny": 9}
    assert found.classes == ("homes", "park")
    assert np.bincount(found.label).tolist() == [20, 12]
    assert found.dropped == {"outside the city": 2, "class with fewer than 10 labels": 9}
    assert found.features_used == 32
    assert found.unit.max() == 31


def test_small_classes_are_merged_where_they_are_enough_together() -> None:
    found = treat_small(samples(homes=20, a=6, b=7), "merge")
    assert found.classes == ("homes", OTHER)
    assert np.bincount(found.label).tolist() == [20, 13]
    with pytest.raises(InputError, check=fault("classes-too-small", 10, "homes 20")):
        treat_small(samples(homes=20, a=3, b=2), "merge")


def test_large_classes_are_left_as_they_are() -> None:
    before = samples(homes=20, park=12)
    after = treat_small(before, "drop")
    assert after.classes == before.classes
    assert after.dropped == before.dropped
