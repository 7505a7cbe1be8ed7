"""The tour: offered where the demo is, goes from page to page, can be left."""

from pathlib import Path

import pytest

from tests.app_fixtures import SLUG
from tests.pages.visit import links, open_page, words
from ui.shell import tour
from workflows.home.store import Store
from workflows.search.ask import ask


@pytest.mark.usefixtures("app_environment")
def test_it_is_offered_where_the_demo_is(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "Take the three-minute tour"
    assert label not in links(open_page("home"))
    monkeypatch.setattr("workflows.demo.simulated.SLUG", SLUG)
    assert links(open_page("home"))[label] == "search"


@pytest.mark.usefixtures("app_environment")
@pytest.mark.parametrize("at", [0, 2, len(tour.STEPS) - 1])
def test_a_stop_is_told_above_its_page_and_can_be_left(at: int) -> None:
    step = tour.STEPS[at]
    page = Path(step.target).stem
    visit = open_page(page, **{"city": SLUG, tour.STEP: str(at), **step.address})
    assert step.title in words(visit)
    led = links(visit)
    assert ("Back" in led) == (at > 0)
    assert ("Next" in led) == (at + 1 < len(tour.STEPS))
    visit.button(key="tour-end").click().run()
    assert tour.STEP not in visit.session_state
    assert tour.STEP not in visit.query_params


@pytest.mark.usefixtures("app_environment")
def test_a_stop_there_is_not_is_none() -> None:
    assert not [one for one in open_page("home", tour="77").button if one.key == "tour-end"]


def test_its_questions_are_answered_but_for_the_doubtful_one(app_environment: Store) -> None:
    asked = {step.title: step.address["q"] for step in tour.STEPS if "q" in step.address}
    paints = {title: ask(app_environment, SLUG, words).paints for title, words in asked.items()}
    assert [title for title, painted in paints.items() if not painted] == ["A doubtful question"]
