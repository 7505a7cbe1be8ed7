"""Differences of two layers: what is coloured, and what a tooltip tells."""

import pandas as pd

from ui.maps.difference import classes_view, numbers_view


def test_places_with_another_class_stand_out_and_tell_both() -> None:
    frame = pd.DataFrame({"a": ["park", "homes"], "b": ["park", "work"], "same": [True, False]})
    view = classes_view(frame, "map cells")
    same, other = (view.shown.palette[at] for at in view.shown.indices)
    assert same[3] < 100 < other[3]
    assert [view.shown.title(at) for at in (0, 1)] == ["park", "homes → work"]
    assert [(name, share) for _, name, share in view.entries] == [
        ("same class", "50 %"),
        ("different class", "50 %"),
    ]


def test_a_difference_is_even_about_zero() -> None:
    frame = pd.DataFrame({"a": [0.1, 0.4, 0.5], "b": [0.5, 0.4, 0.1]})
    frame["difference"] = frame["b"] - frame["a"]
    shown = numbers_view(frame).shown
    more, equal, less = shown.indices.tolist()
    assert more - equal == equal - less > 0
    assert shown.title(0) == "+0.4"
    assert shown.second(2) == "0.5 → 0.1"
