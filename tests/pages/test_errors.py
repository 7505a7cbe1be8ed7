"""Errors: a traceback never reaches a page; a lost database is said and gets over."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.outage import outage
from tests.pages.visit import open_page, words
from workflows.home.store import Store

PAGES = ("home", "city", "train", "search", "land_use", "socioeconomic", "evaluate", "layers")


def fails_in_a_box() -> None:
    import streamlit as st

    from ui.shell import errors

    with errors.boxed():
        raise ValueError("the secret is 42")
    st.write("the rest goes on")


def test_an_unforeseen_error_shows_an_id_and_logs_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="aether.pages"):
        visit = AppTest.from_function(fails_in_a_box).run()
    shown = visit.error[0].value
    (record,) = (one for one in caplog.records if one.name == "aether.pages")
    assert record.getMessage().split()[-1] in shown
    assert record.exc_info is not None
    assert "secret" not in shown
    assert visit.markdown[0].value == "the rest goes on"


def says_what_was_wrong() -> None:
    from aether_core.errors import InputError
    from ui.shell import errors

    with errors.boxed():
        raise InputError("the year is out of range", "<b>1999</b> *x*", "use 2017 to 2025")


def test_an_input_error_is_one_sentence_with_its_value_as_text() -> None:
    visit = AppTest.from_function(says_what_was_wrong).run()
    assert visit.error[0].value.startswith("The year is out of range")
    assert r"\<b\>1999\</b\> \*x\*" in visit.error[0].value
    assert visit.error[0].value.endswith("use 2017 to 2025.")


@pytest.mark.parametrize("name", PAGES)
def test_a_lost_database_is_said_and_gets_over(app_environment: Store, name: str) -> None:
    visit = open_page(name)
    before = visit.title[0].value
    with outage(app_environment.url):
        visit.run()
        assert not visit.exception
        assert "The database cannot be reached" in visit.warning[0].value
        assert "Traceback" not in words(visit)
    visit.run()
    assert not visit.warning
    assert visit.title[0].value == before
