"""What a map colours: classes, greyed shapes, and what tooltips say."""

import numpy as np
import pytest

from ui.map.coloured import Categories, Shown, rgba
from ui.map.ramp import Steps

STEPS = Steps((0.0, 1.0, 2.0), ((1, 1, 1, 1), (2, 2, 2, 2)))


def test_greyed_shapes_take_the_last_colour_and_missing_ones_none() -> None:
    values = np.array([0.5, 1.5, np.nan, 1.5], dtype=np.float32)
    dimmed = np.array([False, True, True, False])
    shown = Shown(values, STEPS, "score", dimmed=dimmed)
    assert shown.indices.tolist() == [0, 2, -1, 1]
    assert shown.palette[2] == shown.dim


def test_categories_count_from_their_place_and_miss_nothing() -> None:
    names = Categories(("park", "water"), (rgba("#00ff00"), rgba("#0000ff")))
    shown = Shown(np.array([1, np.nan, 0], dtype=np.float32), names, "class")
    assert shown.indices.tolist() == [1, -1, 0]
    assert [shown.title(at) for at in range(3)] == ["water", "no class", "park"]


def test_a_record_is_made_for_each_drawn_shape_only() -> None:
    values = np.array([0.5, np.nan], dtype=np.float32)
    shown = Shown(values, STEPS, "score", note="here")
    records = shown.records([(0, "h", "a"), (1, "h", "b")])
    assert records == [{"h": "a", "c": [1, 1, 1, 1], "t": "score 0.5", "n": "here"}]


def test_a_colour_keeps_its_channels() -> None:
    assert rgba("#0a14ff", 7) == (10, 20, 255, 7)


@pytest.mark.parametrize(("value", "says"), [(float("nan"), "no score"), (0.1234, "score 0.123")])
def test_a_number_is_told_in_words(value: float, says: str) -> None:
    assert Shown(np.zeros(1, dtype=np.float32), STEPS, "score").in_words(value) == says
