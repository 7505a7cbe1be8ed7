"""What criteria say of themselves, and which are refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.search.question.criteria import (
    KINDS,
    MAX_CRITERIA,
    Criterion,
    LayerSource,
    checked,
)
from tests.errors import fault

NEAR = Criterion("near", "schools", 300, stated=True)


def test_chips_and_sentences_say_words_distance_and_weight() -> None:
    assert NEAR.label == "near: schools, 300 m"
    assert replace(NEAR, weight=2.0).label == "near: schools, 300 m ×2"
    assert Criterion("like", "quiet streets").label == "like: quiet streets"
    far = Criterion("not_near", "main roads", 1500.0)
    assert far.label == "not near: main roads, 1,500 m"
    assert far.sentence == "lies at least 1,500 m from main roads"
    assert all(kind.name == name for name, kind in KINDS.items())


def test_a_missing_distance_is_that_of_the_kind_and_taken_less_strictly() -> None:
    near, far = checked([Criterion("near", "park"), Criterion("not_near", "road", clause=1)])
    assert (near.distance_m, near.stated, far.distance_m) == (300, False, 200)
    metres = np.array([360.0])
    assert KINDS["near"].value(metres, near) > KINDS["near"].value(
        metres, replace(near, stated=True)
    )
    inside = np.array([160.0])
    strict = replace(far, stated=True)
    assert KINDS["not_near"].value(inside, far) > KINDS["not_near"].value(inside, strict)


def test_likeness_counts_as_percentile() -> None:
    percentile = np.array([0.0, 25.0, 100.0])
    assert KINDS["like"].value(percentile, NEAR).tolist() == [0, 0.25, 1]
    assert KINDS["not_like"].value(percentile, NEAR).tolist() == [1, 0.75, 0]


@pytest.mark.parametrize("metres", [0.0, -5.0, 0.5, 1_000_000.0, math.nan, math.inf])
def test_distances_no_city_has_are_refused(metres: float) -> None:
    with pytest.raises(InputError, check=fault("distance-out-of-range", "schools")):
        checked([replace(NEAR, distance_m=metres)])


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (Criterion("beside", "x"), "no-such-criterion-kind"),
        (Criterion("near", "  "), "criterion-empty"),
        (Criterion("like", "x", weight=0), "weight-out-of-range"),
        (Criterion("like", "x", weight=math.nan), "weight-out-of-range"),
        (Criterion("like", "x", distance_m=5), "distance-not-for-this-kind"),
        (Criterion("like", "x", source=LayerSource("a")), "source-not-for-this-kind"),
    ],
)
def test_what_cannot_be_asked_is_refused(one: Criterion, code: str) -> None:
    with pytest.raises(InputError, check=fault(code)):
        checked([one])


def test_none_and_too_many_are_refused() -> None:
    with pytest.raises(InputError, check=fault("question-without-criteria")):
        checked([])
    forty = [Criterion("like", f"thing {n}", clause=n) for n in range(40)]
    with pytest.raises(InputError, check=fault("too-many-criteria", 40, MAX_CRITERIA)):
        checked(forty)
    assert len(checked(forty[:MAX_CRITERIA])) == MAX_CRITERIA


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Criterion("near", "a school"), Criterion("not_near", "Schools", clause=1)),
        (
            Criterion("near", "school", 100, True),
            Criterion("not_near", "school", 300, True, clause=1),
        ),
        (Criterion("like", "park"), Criterion("not_like", "parks", clause=1)),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(one: Criterion, other: Criterion) -> None:
    for pair in ([one, other], [other, one]):
        with pytest.raises(InputError, check=fault("criteria-contradict", one.words, other.words)):
            checked(pair)


def test_a_ring_and_two_options_contradict_nothing() -> None:
    ring = Criterion("not_near", "school", 100, stated=True, clause=1)
    assert len(checked([NEAR, replace(ring, words="schools")])) == 2
    assert len(checked([NEAR, replace(ring, distance_m=None, option=1)])) == 2
