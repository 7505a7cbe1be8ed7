"""A planner's way in a real browser: a city drawn, its cost seen, fetched from public data."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import PATIENCE_MS, accessible, settled
from tests.public_server.geocoder import SEARCH
from tests.public_server.server import Fault
from tests.public_server.whole import BOX, NAME, World, environment, serve
from workflows.cities.cities import list_cities
from workflows.fetch.fetch import list_fetches
from workflows.home.store import Store

SLOW = Fault("slow", rate=40_000)


def find(page: Page) -> None:
    """Look the city up, in the list and then at the geocoder, whose outline the map shows."""
    page.get_by_label("City's name", exact=True).fill(NAME)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("has no city with this name")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".st-key-fetch-ask-geocoder button").first.click()
    expect(page.get_by_text("Outline of Borderville")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)


def draw_smaller(page: Page) -> None:
    """Draw a box inside the outline, by dragging across the map."""
    page.get_by_role("button", name="Box", exact=True).click()
    canvas = page.locator("canvas.ground").last.bounding_box()
    assert canvas is not None
    middle_x, middle_y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(middle_x - 80, middle_y - 80)
    page.mouse.down()
    page.mouse.move(middle_x + 90, middle_y + 90, steps=4)
    page.mouse.up()
    settled(page)


def test_from_a_box_to_a_city(
    visit: Callable[[], AbstractContextManager[Page]],
    empty_environment: Store,
    workers: Callable[[Store, Sequence[str]], None],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(world) as server:
        for name, value in environment(server, world).items():
            monkeypatch.setenv(name, value)
        workers(empty_environment, ("training",))
        with visit() as page:
            page.get_by_role("link", name="Add a city").click()
            expect(page.locator("canvas.ground").last).to_be_visible(timeout=PATIENCE_MS)
            accessible(page)
            find(page)
            draw_smaller(page)
            expect(page.get_by_text("Drawn by hand")).to_be_visible()
            page.get_by_text("Train a model afterwards").click()
            settled(page)
            assert {request.path for request in server.log} == {SEARCH}  # nobody else was asked

            server.misbehave(".tiff", SLOW, times=-1)
            page.get_by_role("button", name="Fetch this city").click()
            expect(page.get_by_text("In progress")).to_be_visible(timeout=PATIENCE_MS)
            page.get_by_role("button", name="Stop").first.click()
            expect(page.get_by_text("It was stopped")).to_be_visible(timeout=PATIENCE_MS)
            assert not list_cities(empty_environment)

            server.behave()
            page.get_by_role("link", name="Cities", exact=True).click()
            page.get_by_role("link", name="1 fetch ended early").click()
            page.get_by_role("button", name="Resume").click()
            expect(page.get_by_role("heading", name="City: Borderville")).to_be_visible(
                timeout=PATIENCE_MS
            )
            expect(page.get_by_text("Borderville is ready")).to_be_visible()
            expect(page.get_by_text("Overture Maps").last).to_be_visible()
            assert page.get_by_test_id("stException").count() == 0
    (fetch,) = list_fetches(empty_environment)
    west, south, east, north = fetch.request.boundary.bounds
    assert BOX[0] < west < east < BOX[2]
    assert BOX[1] < south < north < BOX[3]
    assert fetch.state == "done"
