"""A spinner costs a thread and messages: it is there for what took long, or was never done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import streamlit as st

from ui.ask import waiting


@pytest.fixture
def spun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What spinners have said so far."""
    words: list[str] = []

    @contextmanager
    def spinner(said: str) -> Iterator[None]:
        words.append(said)
        yield

    monkeypatch.setattr(st, "spinner", spinner)
    monkeypatch.setattr(waiting, "NOTICED_S", 0.05)
    monkeypatch.setattr(waiting, "_took", {})
    return words


def test_what_was_quick_has_none_until_it_is_slow_again(spun: list[str]) -> None:
    for turn, seconds in enumerate((0.0, 0.0, 0.1, 0.0, 0.0)):
        with waiting.shown_if_slow(f"turn {turn}", kind="city"):
            time.sleep(seconds)
    assert spun == ["turn 0", "turn 3"]
    with waiting.shown_if_slow("another city", kind="town"):
        pass
    assert spun[2:] == ["another city"]


def test_a_slow_failure_counts_as_well(spun: list[str]) -> None:
    for seconds in (0.0, 0.1, 0.0):
        with suppress(ValueError), waiting.shown_if_slow("asked", kind="city"):
            time.sleep(seconds)
            raise ValueError
    assert spun == ["asked", "asked"]
