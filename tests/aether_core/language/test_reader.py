"""Whose language is spoken: asked anew at each sentence, or told once for a page."""

from collections.abc import Iterator
from contextvars import copy_context

import pytest

from aether_core.language import is_told_by, speaking, spoken, wanted
from aether_core.language.reader import _Asking, speak


@pytest.fixture
def asked() -> Iterator[list[str | None]]:
    """What the reader, who is a Finn, has been asked so far."""
    before, times = _Asking.reader, []

    def finn() -> str | None:
        times.append("fi")
        return "fi"

    is_told_by(finn)
    yield times
    is_told_by(before)


def test_who_was_not_told_asks_each_time(asked: list[str | None]) -> None:
    assert (wanted(), spoken()) == ("fi", "fi")
    assert len(asked) == 2


@pytest.mark.parametrize(("tag", "language"), [("de", "de"), (None, "en")])
def test_a_page_that_was_told_asks_no_more(
    asked: list[str | None], tag: str | None, language: str
) -> None:
    """A map of twenty thousand names asked as often where a browser had said no language."""

    def page() -> tuple[str | None, str]:
        speak(tag)
        with speaking("fr"):
            assert spoken() == "fr"
        return wanted(), spoken()

    assert copy_context().run(page) == (tag, language)
    assert asked == []
    assert wanted() == "fi"
