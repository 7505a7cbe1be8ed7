"""What a study says in one sentence."""

import pytest

from aether_core.language import speaking, translated
from aether_core.study.result import StudyResult, StudyRow, summarise
from aether_core.study.words import in_words, signed


def result(values: dict[str, list[float]], *, paired: bool = True) -> StudyResult:
    """A study whose variants reached these values of one metric, a value a seed."""
    rows = [
        StudyRow(variant, None, seed, "mrr", value)
        for variant, found in values.items()
        for seed, value in enumerate(found)
    ]
    baseline = next(iter(values))
    return StudyResult(
        "ablation", baseline, ("mrr",), rows, summarise(rows, baseline, paired=paired), []
    )


FULL = [0.30, 0.31, 0.29]


def test_worse_better_and_neither_are_told_apart() -> None:
    found = result(
        {
            "full": FULL,
            "a bit worse": [0.28, 0.289, 0.271],
            "worse": [0.20, 0.211, 0.19],
            "better": [0.40, 0.41, 0.391],
            "same": [0.29, 0.33, 0.28],
        }
    )
    assert in_words(found, "mrr") == (
        "On reciprocal rank, significantly worse than “full”: worse (−0.100) and a bit worse "
        "(−0.020); significantly better: better (+0.100); no difference can be shown for same."
    )
    with speaking("de"):
        assert translated(in_words(found, "mrr")) == (
            "Kehrwert des Rangs: signifikant schlechter als „full“: worse (−0,100) und a bit worse "
            "(−0,020); signifikant besser: better (+0,100); kein Unterschied lässt sich zeigen: "
            "same."
        )


def test_only_better_names_the_baseline() -> None:
    told = in_words(result({"full": FULL, "better": [0.40, 0.41, 0.391]}), "mrr")
    assert told == "On reciprocal rank, significantly better than “full”: better (+0.100)."


def test_names_that_end_alike_are_told_once() -> None:
    noisy = [0.29, 0.33, 0.28]
    told = in_words(
        result({"all": FULL, **{f"{n} % of the places": noisy for n in (50, 25, 10)}}), "mrr"
    )
    assert told == (
        "On reciprocal rank, no difference to “all” can be shown for 50, 25 and 10 % of the places."
    )


def test_many_that_do_not_differ_are_counted() -> None:
    noisy = {f"variant {n}": [0.29, 0.33, 0.28] for n in range(5)}
    assert "for any of the 5 variants" in in_words(result({"all": FULL, **noisy}), "mrr")


def test_one_seed_says_nothing() -> None:
    assert "One seed cannot" in in_words(result({"full": [0.3], "worse": [0.1]}), "mrr")


def test_chance_is_a_spread() -> None:
    found = result({"blocks": [0.30, 0.31, 0.29], "training": [0.30, 0.302, 0.298]}, paired=False)
    told = in_words(found, "mrr")
    assert "0.010 (blocks redrawn) and 0.002 (training redrawn)" in told
    assert "less than 0.028" in told


def test_what_was_not_measured_is_said() -> None:
    assert in_words(result({"full": FULL}), "macro_f1").startswith("No results")


@pytest.mark.parametrize(("value", "reported"), [(0.0214, "+0.021"), (-0.5, "−0.500")])
def test_signs_are_typographic(value: float, reported: str) -> None:
    assert signed(value) == reported
