"""What criteria are called on the page."""

import pytest

from aether_core.search.question.criteria import Criterion
from ui.ask.wording import label_of


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("", "near: schools, 300 m"),
        ("المدارس", "near: \u2068المدارس\u2069, 300 m"),
        ("בתי ספר", "near: \u2068בתי ספר\u2069, 300 m"),
    ],
)
def test_words_from_right_to_left_turn_nothing_around_them(said: str, label: str) -> None:
    assert label_of(Criterion("near", "schools", 300.0, said=said)) == label
