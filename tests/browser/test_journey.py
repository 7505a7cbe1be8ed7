"""One visitor's way through the app in a real browser: from files to a map taken away."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pyogrio
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.app_fixtures import CityFiles
from tests.browser.visitor import AT_WORK, PATIENCE_MS, accessible, download, drawn_map, settled
from tests.pages.outage import outage
from workflows.cities.cities import list_cities
from workflows.home.store import Store
from workflows.layers.layers import list_layers


def add_city(page: Page, files: CityFiles) -> None:
    page.get_by_role("link", name="Add a city").click()
    page.get_by_text("From your files").click()
    expect(page.get_by_role("button", name="Add this city")).to_be_visible()
    settled(page)
    page.get_by_label("Name", exact=True).fill("River Town")
    page.get_by_label("Name", exact=True).press("Enter")
    settled(page)
    uploads = page.get_by_test_id("stFileUploaderDropzoneInput")
    for index, path in enumerate((files.embedding, files.pois, files.boundary)):
        uploads.nth(index).set_input_files(path)
        settled(page)
    expect(page.get_by_text(f"How {files.pois.name} was read")).to_be_visible()
    page.get_by_role("button", name="Add this city").click()
    expect(page.get_by_role("heading", name="City: River Town")).to_be_visible(timeout=PATIENCE_MS)


def train(page: Page) -> None:
    page.get_by_role("link", name="Expert", exact=True).click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Results of run 1")).to_be_visible(timeout=PATIENCE_MS)


def ask(page: Page, words: str) -> None:
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_label("What are you looking for?").fill(words)
    page.get_by_label("What are you looking for?").press("Enter")
    expect(page.get_by_role("button", name="like: night out")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("spaced apart")).to_be_visible(timeout=PATIENCE_MS)
    drawn_map(page).wait_for()
    settled(page)
    expect(page.locator(".st-key-attribution")).to_contain_text("Google DeepMind")


def speak_finnish(page: Page) -> None:
    """The same question by a link in another language, which the page says to the browser, too."""
    question = page.url.partition("#")[0]
    page.goto(f"{question}&lang=fi")
    expect(page.locator("html")).to_have_attribute("lang", "fi", timeout=PATIENCE_MS)
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.get_by_label("Mitä etsit?")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Kartat", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="kuten: night out")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("paras 1 %")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-spots")).to_contain_text(" suomeksi")  # names of its file, too
    page.goto(f"{question}&lang=en")
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=PATIENCE_MS)
    expect(page.get_by_text("spaced apart")).to_be_visible(timeout=PATIENCE_MS)
    drawn_map(page).wait_for()
    settled(page)


def click_map(page: Page) -> None:
    """Click the middle of the map until the page says why there.

    Press and release must come within a quarter of a second, while a map drawn by software may
    still draw what the pointer's move lit up: so the pointer rests before each click.
    """
    card = page.get_by_role("button", name="Find places like this")
    drawn = drawn_map(page)
    for _ in range(20):
        # Anew each time: what was drawn or clicked meanwhile may have moved the map.
        drawn.scroll_into_view_if_needed()
        box = drawn.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(700)
        page.mouse.down()
        page.mouse.up()
        with suppress(PlaywrightTimeoutError):
            page.locator(AT_WORK).or_(card).first.wait_for(timeout=1500)
            card.wait_for(timeout=20_000)
            settled(page)
            return
    expect(card).to_be_visible()


def test_from_files_to_a_map_taken_away(
    visit: Callable[[], AbstractContextManager[Page]],
    empty_environment: Store,
    workers: Callable[[Store, Sequence[str]], None],
    city_files: CityFiles,
    tmp_path: Path,
) -> None:
    workers(empty_environment, ("quick", "training"))
    with visit() as page:
        walk(page, empty_environment, city_files, tmp_path)


def walk(page: Page, store: Store, city_files: CityFiles, tmp_path: Path) -> None:
    expect(page.get_by_text("There is no city yet")).to_be_visible()
    accessible(page)
    add_city(page, city_files)
    accessible(page)
    train(page)
    accessible(page)
    ask(page, "a night out")
    speak_finnish(page)
    asked = pyogrio.read_dataframe(download(page, tmp_path))
    (city,) = list_cities(store)
    assert len(asked) == city.cells
    assert asked["percentile"].max() == pytest.approx(100)

    click_map(page)
    accessible(page)
    page.get_by_role("button", name="Find places like this").click()
    expect(page.get_by_role("button", name="Back to the question")).to_be_visible()
    settled(page)  # the button stands above the results, which come after it
    like = pyogrio.read_dataframe(download(page, tmp_path))
    assert like["score"].max() == pytest.approx(1, abs=1e-4)

    page.get_by_role("button", name="Save to Maps").first.click()
    page.get_by_role("button", name="Save as layer").click()
    page.get_by_role("link", name="See it under Maps").click()
    expect(page.get_by_text("Provenance")).to_be_visible(timeout=PATIENCE_MS)
    (layer,) = list_layers(store, city.slug)
    assert layer.kind == "similar"
    accessible(page)

    with outage(store.url):
        page.get_by_role("link", name="Cities", exact=True).click()
        expect(page.get_by_text("The database cannot be reached")).to_be_visible()
        accessible(page)
    expect(page.get_by_text("Ready to search.")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_test_id("stException").count() == 0
