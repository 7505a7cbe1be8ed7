"""What is done before anybody is let in."""

import pytest
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from ui.server.ready import say_the_theme_once


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "_populate_theme_msg", app_session._populate_theme_msg)


def said() -> CustomThemeConfig:
    message = CustomThemeConfig()
    app_session._populate_theme_msg(message)
    app_session._populate_theme_msg(message.dark, "theme.dark")
    app_session._populate_theme_msg(message.light.sidebar, "theme.light.sidebar")
    return message


def test_the_theme_that_is_said_once_is_the_same_each_time() -> None:
    before = said()
    assert before.ByteSize()
    say_the_theme_once()
    assert [said(), said()] == [before, before]
