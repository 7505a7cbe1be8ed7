"""A table of phrasings and the criteria they mean, and what is never dropped without a word."""

from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.search.question.criteria import Criterion
from aether_core.search.question.parse import MAX_CHARACTERS, Question, parse
from tests.errors import fault

TABLE = Path(__file__).with_name("phrasings.tsv")
NOTHING = "near nothing"
"""What the table says where no criterion is meant."""


def phrasings() -> list[tuple[str, str, str]]:
    """Question, criteria and unmapped words of each line of the table."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1], row[2] if len(row) > 2 else "") for row in rows]


def written(question: Question) -> str:
    """A question's criteria in the notation of the table."""
    if not question.criteria:
        return NOTHING
    options: dict[int, dict[int, list[str]]] = {}
    for one in question.criteria:
        options.setdefault(one.option, {}).setdefault(one.clause, []).append(shown(one))
    return " || ".join(
        "; ".join(" | ".join(alternatives) for alternatives in clauses.values())
        for clauses in options.values()
    )


def shown(one: Criterion) -> str:
    distance = "" if one.distance_m is None else f" {round(one.distance_m, 6):g}"
    if one.distance_m is not None and one.distance_m != float(f"{one.distance_m:g}"):
        distance = f" {one.distance_m:.7g}"
    weight = "" if one.weight == 1 else f" x{one.weight:g}"
    return f"{one.kind} {one.words}{distance}{'!' if one.stated else ''}{weight}"


def test_the_table_is_large_and_says_nothing_twice() -> None:
    questions = [question for question, _, _ in phrasings()]
    assert len(questions) >= 150
    assert len(set(questions)) == len(questions)


@pytest.mark.parametrize(("question", "criteria", "unmapped"), phrasings())
def test_a_phrasing_means_its_criteria(question: str, criteria: str, unmapped: str) -> None:
    understood = parse(question)
    assert written(understood) == criteria
    assert "".join(f"~ {one.words}" for one in understood.unmapped) == unmapped


@pytest.mark.parametrize(
    ("question", "reported"),
    [
        ("near Tesco and Lidl", "near Tesco and near Lidl"),
        ("near a park and quiet streets", "“quiet streets” was read as near"),
        ("500 m away from main roads", "at least that far"),
        ("cafes near a park or pubs near a station", "two complete alternatives"),
        ("near a park and a school or a station", "“or” was read as joining only"),
        ("places like this market hall", "cannot be pointed at"),
        ("many homes", "not counted"),
        ("a park in this city", "whole city"),
        ("a school and a park within 300 m", "was read as said of"),
        ("a place for a new school", "what the place is for"),
    ],
)
def test_what_can_be_read_in_two_ways_is_told(question: str, reported: str) -> None:
    assert any(reported in note for note in parse(question).notes)


@pytest.mark.parametrize("question", ["quiet streets near a school", "near a park and a school"])
def test_what_is_clear_needs_no_note(question: str) -> None:
    assert not parse(question).notes


def test_every_word_is_used_or_told() -> None:
    """No word that says something is lost: it is in a criterion, or in what was not understood."""
    for question, _, _ in phrasings():
        understood = parse(question)
        assert understood.criteria or understood.unmapped
        assert all(one.reason and one.code for one in understood.unmapped)


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(InputError, check=fault("query-empty")):
        parse(question)


def test_a_pasted_text_is_refused() -> None:
    with pytest.raises(InputError, check=fault("question-too-long", "10,000", "1,000")):
        parse("x" * 10_000)
    assert parse("quiet streets " * (MAX_CHARACTERS // 15)).criteria


@pytest.mark.parametrize("question", ["?", "...", "near", "within 300 m", "somewhere", "the"])
def test_words_that_say_nothing_make_no_criterion_and_are_told(question: str) -> None:
    understood = parse(question)
    assert not understood.criteria
    assert understood.unmapped


@pytest.mark.parametrize(
    "hostile",
    [
        "near " * 199,
        "and or " * 140,
        "not " * 240,
        "a, " * 330,
        "((((" * 200,
        "1 " * 490,
        "“" * 900,
    ],
)
def test_strange_texts_are_read_in_a_moment(hostile: str) -> None:
    assert parse(hostile).criteria is not None
