"""Home with cities, without any, and with a database that is away."""

import pytest

from tests.app_fixtures import SLUG
from tests.pages.visit import links, open_page, words


@pytest.mark.usefixtures("app_environment")
def test_a_trained_city_is_ready_to_be_asked() -> None:
    visit = open_page("home")
    said = words(visit)
    assert "Tinytown" in said
    assert "1 model" in said
    assert "Ready to search." in said
    assert links(visit)["Ask this city"] == "search"


@pytest.mark.usefixtures("app_environment")
def test_a_simulated_city_is_marked_on_its_card_and_credited() -> None:
    said = words(open_page("home"))
    assert "Made-up satellite data" in said
    assert "Google DeepMind" in said


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_home_says_how_to_begin() -> None:
    visit = open_page("home")
    assert "There is no city yet" in words(visit)
    assert links(visit) == {"Add a city": "city"}
    assert [one.key for one in visit.sidebar.selectbox] == ["language"]  # and no city to pick


@pytest.mark.usefixtures("app_environment")
def test_the_city_is_picked_by_the_address() -> None:
    visit = open_page("home", city=SLUG)
    assert visit.sidebar.selectbox[0].value == SLUG
    assert not visit.warning


@pytest.mark.usefixtures("app_environment")
def test_a_link_to_a_city_that_is_not_there_says_which_one_is_shown() -> None:
    visit = open_page("home", city="**nowhere**")
    assert visit.sidebar.selectbox[0].value == SLUG
    assert "Tinytown" in visit.warning[0].value
    assert "**nowhere**" not in visit.warning[0].value  # it is shown as it is, not as markup


@pytest.mark.usefixtures("empty_environment")
def test_a_database_that_cannot_be_reached_is_a_plain_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    visit = open_page("home")
    assert "The database cannot be reached" in visit.warning[0].value
    assert "Stored data is safe" in visit.warning[0].value
    assert "Traceback" not in words(visit)
