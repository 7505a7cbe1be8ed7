"""Every sentence is in every catalogue, with the same values; what is lacking stays in English."""

import logging
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from aether_core.language import (
    LANGUAGES,
    SOURCE,
    _,
    figure,
    first_matched,
    moment,
    plural,
    runs_right_to_left,
    speaking,
)
from aether_core.language import catalogues as language_files
from tests import catalogue

TRANSLATED = [one for one in LANGUAGES if one != SOURCE]


@pytest.fixture(scope="module")
def asked() -> set[catalogue.Key]:
    return set(catalogue.asked())


def values_of(text: str) -> list[tuple[str, str]]:
    """Names and forms of what is filled in, in any order."""
    parts = string.Formatter().parse(text)
    return sorted((name, form or "") for _said, name, form, _kind in parts if name is not None)


def differs(message: Message) -> bool:
    """Whether any form of a translation has other values than the sentence."""
    several = isinstance(message.id, tuple)
    source = message.id[1] if several else message.id
    said = message.string if several else (message.string,)
    try:
        wanted = values_of(source)
    except ValueError:  # braces that nothing is filled into
        return False
    return any(values_of(one) != wanted for one in said)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_with_its_values(
    asked: set[catalogue.Key], language: str
) -> None:
    """Otherwise: `python -m tests.catalogue`, then write what is empty (docs/translating.md)."""
    there = {one.id: one for one in catalogue.read(language) if one.id}
    assert {key for key in asked if key not in there} == set()
    assert [one.id for one in there.values() if not catalogue.is_translated(one)] == []
    assert [one.id for one in there.values() if differs(one)] == []
    assert set(there) - asked == set()


def test_numbers_and_days_are_written_as_the_locale_does() -> None:
    when = datetime(2026, 11, 30, 14, 5, tzinfo=UTC)
    places = ("{number:,} place", "{number:,} places")
    for locale, number, share, day, counted in (
        ("en-US", "1,234.5", "50 %", "30 Nov 2026, 14:05", "1,234 places"),
        ("de", "1.234,5", "50\N{NO-BREAK SPACE}%", "30. Nov. 2026, 14:05", "1.234 Orte"),
        ("de-CH", "1’234.5", "50%", "30. Nov. 2026, 14:05", "1’234 Orte"),
        ("fi", "1\N{NO-BREAK SPACE}234,5", "50\N{NO-BREAK SPACE}%", "30.11.2026, 14.05", None),
        ("pt", "1,234.5", "50 %", "30 Nov 2026, 14:05", "1,234 places"),  # no such catalogue
    ):
        with speaking(locale):
            assert figure(1234.5, ",") == number
            assert figure(0.5, ".0%") == share
            assert moment(when) == day
            if counted:
                assert plural(*places, 1234) == counted
    with speaking("fr"):
        assert plural(*places, 1) == "1 lieu"


def test_which_way_a_language_runs() -> None:
    assert runs_right_to_left("ar-EG")
    assert not runs_right_to_left("fi")


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi-FI"),
        ("sv, en;q=0.5, de-AT ; q=0.7", "de-AT"),
        ("fr;q=0, es;q=nan, *", "en"),
        ("pt-BR", "en"),
        ("\x00;q=;;,,=" * 200, "en"),
        ("", "en"),
    ],
)
def test_a_browser_is_given_the_language_it_likes_best_of_those_there_are(
    header: str, tag: str
) -> None:
    assert first_matched(header) == tag


def test_a_sentence_that_a_catalogue_lacks_is_in_english_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with speaking("fi"), caplog.at_level(logging.WARNING, "aether.language"):
        said = [_("{n} words nobody has translated", n=1000) for _again in range(2)]
    assert said == ["1000 words nobody has translated"] * 2
    assert len(caplog.records) == 1


@pytest.mark.parametrize("content", [b'msgid "Ask"\nmsgstr "Kys', b"\xff\xfe\x00", b"", None])
def test_a_damaged_catalogue_leaves_the_app_in_english_and_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
) -> None:
    if content is not None:
        (tmp_path / "fi.po").write_bytes(content)
    monkeypatch.setattr(language_files, "FOLDER", tmp_path)
    language_files._read.cache_clear()
    try:
        with speaking("fi"), caplog.at_level(logging.ERROR, "aether.language"):
            assert _("Ask") == "Ask"
        assert len(caplog.records) == 1
        assert list(language_files.damaged(["fi"])) == ["fi"]
    finally:
        language_files._read.cache_clear()
