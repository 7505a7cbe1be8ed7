"""Names in other languages: what is kept of a source, and which one a reader is shown."""

import json
import pickle

import pytest

from aether_core.language import (
    PlaceName,
    _,
    as_marked,
    in_order,
    language_tag,
    mark,
    names_kept,
    other_names,
    place_names,
    said_in,
    speaking,
    translated,
)
from aether_core.language.names import LONGEST_NAME, MOST_NAMES

STATION = PlaceName("Rautatieasema", {"sv": "Järnvägsstationen", "en": "Railway <b>station</b>"})


def test_of_a_source_names_are_kept_and_nothing_else() -> None:
    said = [
        ("sv", " Järnvägs\nstationen "),
        ("ar", "محطة\x00 Helsinki"),
        ("zh-hant", "車站"),
        ("pt-br", "Estação <i>&amp;</i>"),
        ("ja_rm", "Eki"),  # how it is read, not what it is called
        ("etymology", "x"),
        ("old", "x"),
        ("left", "x"),
        ("mul", "x"),
        ("", "x"),
        ("x" * 10_000, "x"),
        (5, "x"),
        ("de", 5),
        ("es", ["x"]),
        ("fr", None),
        ("fi", " \u0085 "),
        ("en", "x" * (LONGEST_NAME + 1)),
    ]
    kept = names_kept(other_names(said))
    assert kept == {
        "sv": "Järnvägs stationen",
        "ar": "محطة Helsinki",
        "zh-Hant": "車站",
        "pt-BR": "Estação <i>&amp;</i>",
    }
    assert other_names([("mul", "x")]) == other_names([]) == ""
    many = [
        (f"de-{letter}{other}", "x") for letter in "abcdefghij" for other in "abcdefghijklmnopq"
    ]
    fewer = names_kept(other_names([*[(f"sv-{at:03}", "y") for at in range(999)], *many]))
    assert len(fewer) == MOST_NAMES
    assert {tag.partition("-")[0] for tag in fewer} == {"de"}  # what the app itself speaks


@pytest.mark.parametrize("cell", [None, 5, "", "{", "[]", "null", '{"sv": 5}', "[" * 100_000])
def test_a_damaged_cell_says_nothing(cell: object) -> None:
    assert not names_kept(cell)


@pytest.mark.parametrize(
    ("reader", "known", "best"),
    [
        ("sv-FI", "sv en", "sv"),
        ("zh-TW", "zh zh-Hans zh-Hant", "zh-Hant"),
        ("zh", "zh-Hant", "zh-Hant"),
        ("pt-BR", "pt pt-BR", "pt-BR"),
        ("pt-PT", "pt-BR", "pt-BR"),
        ("sr-Latn", "sr sr-Latn", "sr-Latn"),
        ("sr-Latn-RS", "sr", "sr"),
        ("sr", "sr-Latn", None),  # a romanisation is for others
        ("en_US", "en-GB", "en-GB"),
        ("en", "fi sv", None),
        ("xx", "en", None),
        (None, "en", None),
    ],
)
def test_the_nearest_language_is_taken(reader: str | None, known: str, best: str | None) -> None:
    assert next(iter(in_order(reader, known.split())), None) == best


def test_tags_are_spelled_in_one_way() -> None:
    spelled = {text: language_tag(text) for text in ("ZH_hant_tw", "sr-latn", "es-419", "en us")}
    assert list(spelled.values()) == ["zh-Hant-TW", "sr-Latn", "es-419", None]


def test_a_name_is_its_main_name_until_it_is_shown() -> None:
    assert STATION == "Rautatieasema"
    assert json.dumps([STATION]) == '["Rautatieasema"]'
    assert pickle.loads(pickle.dumps(STATION)).others == STATION.others  # noqa: S301 - our own
    near = mark("Near {name}", name=STATION)
    kind = mark("{title}: {name}", title=as_marked("Street"), name=STATION)
    assert (near, translated(STATION)) == ("Near Rautatieasema", "Rautatieasema")
    with speaking("sv-FI"):  # English sentences: there is no catalogue
        assert _("Near {name}", name=STATION) == _(near) == "Near Järnvägsstationen"
        assert translated(STATION.within("", " (station)")) == "Järnvägsstationen (station)"
    with speaking("en"):
        assert _(near) == "Near Railway <b>station</b>"
    with speaking("fi"):
        assert _(kind) == "Katu: Rautatieasema"
    assert near == "Near Rautatieasema"
    assert said_in(STATION, None) == said_in(STATION, "ja") == "Rautatieasema"
    assert said_in("a plain text", "sv") == "a plain text"
    first, second = place_names(["A", "B"], ['{"sv": "Å"}', ""])
    assert (said_in(first, "sv"), said_in(second, "sv")) == ("Å", "B")
