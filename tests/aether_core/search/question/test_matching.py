"""Which places some words mean."""

import pytest

from aether_core.search.question.matching import PlaceIndex
from aether_core.search.question.place_words import GROUND, SYNONYMS, plain

PLACES = [
    ("school", "education", "Kallio Primary"),
    ("driving school", "education", "Anna's Drivers"),
    ("park", "green space", "Sea Park"),
    ("supermarket", "shop", "Marks & Spencer"),
    ("parking", "transport", "Q-Park Centre"),
    ("station", "transport", "Helsinki"),
    ("cafe", "food and drink", "Café Near East"),
]
INDEX = PlaceIndex(*zip(*PLACES, strict=True))


@pytest.mark.parametrize(
    ("words", "singular"),
    [
        ("The Primary Schools", "primary school"),
        ("libraries", "library"),
        ("churches", "church"),
        ("buses", "bus"),
        ("Cafés", "cafe"),
        ("glass", "glass"),
        ("the nearest bus stops", "bus stop"),
        ("children's playgrounds", "children's playground"),
        ("boxes", "box"),
        ("campus", "campus"),
    ],
)
def test_words_are_compared_without_case_accent_and_plural(words: str, singular: str) -> None:
    assert plain(words) == singular


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("schools", [0]),
        ("a park", [2]),
        ("driving school", [1]),
        ("train station", [5]),
        ("grocery store", [3]),
        ("car park", [4]),
        ("education", [0, 1]),
        ("Marks and Spencer", [3]),
        ("Near East", [6]),
        ("coffee shops", [6]),
    ],
)
def test_places_are_found_by_category_synonym_group_and_name(words: str, rows: list[int]) -> None:
    found = INDEX.match(words)
    assert found is not None
    assert found.rows.tolist() == rows


def test_a_narrower_kind_is_answered_by_the_kind_and_said() -> None:
    found = INDEX.match("primary school")
    assert found is not None
    assert found.rows.tolist() == [0]
    assert "does not tell “primary school” from others" in found.note


@pytest.mark.parametrize("words", ["power station", "motorway", "zoo", "", "market"])
def test_another_thing_is_not_taken_for_the_last_word(words: str) -> None:
    assert INDEX.match(words) is None


def test_names_are_found_as_whole_words_only() -> None:
    found = INDEX.by_name("park")
    assert found is not None
    assert found.rows.tolist() == [2, 4]
    assert INDEX.by_name("par") is None
    assert INDEX.by_name("") is None


def test_a_name_of_a_script_without_capitals_is_looked_for() -> None:
    index = PlaceIndex(["park", "cafe"], ["", ""], ["حديقة الأزهر", "Café Azhar"])
    found = index.match("حديقة الازهر")
    assert found is not None
    assert found.rows.tolist() == [0]
    assert index.match("azhar") is None  # no capital: a thing


def test_the_tables_hold_comparable_words() -> None:
    assert all(plain(word) == word for word in {*SYNONYMS, *GROUND})
    assert all(plain(one) == one for many in SYNONYMS.values() for one in many)
