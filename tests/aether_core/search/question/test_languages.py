"""Questions in each language mean what their English siblings mean, and a mix of two is told."""

from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.language import LANGUAGES, _, speaking
from aether_core.search.question.criteria import Criterion
from aether_core.search.question.languages import GRAMMARS
from aether_core.search.question.languages.meaning import known_part
from aether_core.search.question.parse import Question, parse
from aether_core.search.question.place_words import plain
from tests.errors import fault

SIBLINGS = Path(__file__).with_name("siblings.tsv")
ORDER = ("en", "fi", "de", "es", "fr", "ar")


def siblings() -> list[tuple[str, ...]]:
    """Each line of the table: one question in the languages of `ORDER`."""
    lines = SIBLINGS.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("#")]


def meaning(question: Question) -> object:
    """What a question asks for, without its own words."""
    criteria = [
        (one.kind, plain(one.words), one.language, one.distance_m, one.stated, one.weight,
         one.clause, one.option)
        for one in question.criteria
    ]  # fmt: skip
    return criteria, [one.code for one in question.unmapped], len(question.notes)


@pytest.mark.parametrize("line", siblings())
def test_a_question_means_what_its_english_sibling_means(line: tuple[str, ...]) -> None:
    english = meaning(parse(line[0]))
    for language, question in zip(ORDER, line, strict=True):
        assert meaning(parse(question, language)) == english, question
        assert meaning(parse(line[0], language)) == english, f"{line[0]} on a page in {language}"


def test_every_language_of_the_app_is_read() -> None:
    assert set(GRAMMARS) == set(ORDER) > set(LANGUAGES)
    with pytest.raises(InputError, check=fault("question-language-unknown", "sv")):
        parse("lugna gator", "sv")


def test_a_chip_says_the_words_of_the_language_without_their_endings() -> None:
    question = parse(
        "rauhallisia katuja Lauttasaaressa kaukana isoista teistä, Kiasman lähellä", "fi"
    )
    said = [(one.kind, one.in_own_words) for one in question.criteria]
    assert said == [
        ("like", "rauhalliset kadut"),
        ("in", "Lauttasaari"),
        ("not_near", "päätiet"),
        ("near", "Kiasma"),
    ]
    assert parse("près de l'hôpital", "fr").criteria[0].in_own_words == "hôpital"


@pytest.mark.parametrize(
    ("question", "page", "words", "language"),
    [
        ("cafes near koulu", "fi", ["cafes", "schools"], "en"),
        ("suihkulähteitä puiston lähellä", "fi", ["suihkulähteitä", "parks"], "fi"),
        ("rooftop bars", "fi", ["rooftop bars"], "en"),
        ("Springbrunnen", "de", ["Springbrunnen"], "de"),
    ],
)
def test_words_whose_english_is_not_known_say_which_language_they_are_of(
    question: str, page: str, words: list[str], language: str
) -> None:
    criteria = parse(question, page).criteria
    assert [one.words for one in criteria] == words
    assert criteria[0].language == language


@pytest.mark.parametrize(
    ("words", "language", "english", "part"),
    [
        ("puutarhoja kävelyyn vihreässä", "fi", "gardens", "puutarhoja"),
        ("Kindergärten für Familien", "de", "kindergartens", "Kindergärten"),
        ("noche de bares", "es", "bars", "bares"),
        ("les petits bars du coin", "fr", "small bars", "petits bars"),
        ("asuntoja koululaisille", "fi", "homes", "asuntoja"),
        ("Straße hinter dem Museum", "de", None, None),  # which of the two is asked for?
        ("une soirée dans les petits bars du coin", "fr", None, None),
        ("ganz ruhig sitzen", "de", None, None),  # a quality of what?
        ("Springbrunnen mit Wasserspielen", "de", None, None),
        (" ".join(["Bars", *["x"] * 40]), "de", None, None),
    ],
)
def test_of_a_phrase_one_thing_may_be_known(
    words: str, language: str, english: str | None, part: str | None
) -> None:
    known = known_part(Criterion("like", words, language=language))
    assert (known and known.noun.english, known and known.part) == (english, part)


@pytest.mark.parametrize(
    "question",
    ["kahviloita koulujen lähellä near parks", "asuntoja puiston lähellä, школа"],
)
def test_two_languages_or_scripts_in_one_question_are_told(question: str) -> None:
    notes = parse(question, "fi").notes
    assert len(notes) == 1
    with speaking("fi"):
        assert _(notes[0]) != notes[0]  # in the reader's language
