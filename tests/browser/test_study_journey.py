"""A researcher's way in a real browser: a question asked, watched, answered, taken away."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.app_fixtures import SLUG
from tests.browser.visitor import PATIENCE_MS, accessible, settled
from workflows.evaluation.studies import list_studies
from workflows.home.store import Store


def ask(page: Page) -> None:
    """Ask how much is chance, with trainings as short as they can be."""
    page.get_by_role("link", name="Expert", exact=True).click()
    page.get_by_role("link", name="Evaluate", exact=True).click()
    page.get_by_text("Studies", exact=True).click()
    expect(page.get_by_text("No studies yet")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("stSelectbox").filter(has_text="Question").locator("input").click()
    page.get_by_role("option", name="Chance").click()
    settled(page)
    page.get_by_test_id("stExpander").get_by_text("Settings").click()
    page.get_by_role("spinbutton", name="Maximum epochs").fill("2")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="Start study").click()


def test_from_a_question_to_a_chart(
    visit: Callable[[], AbstractContextManager[Page]],
    app_environment: Store,
    workers: Callable[[Store, Sequence[str]], None],
    tmp_path: Path,
) -> None:
    workers(app_environment, ("studies",))
    with visit() as page:
        ask(page)
        expect(page.get_by_text("models that differ only by chance")).to_be_visible(
            timeout=PATIENCE_MS
        )
        settled(page)
        (found,) = list_studies(app_environment, SLUG)
        assert (found.kind, found.state, len(found.seeds)) == ("seeds", "done", 5)
        with page.expect_download() as started:
            page.get_by_role("button", name="Chart (SVG)").click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        assert path.name == f"{SLUG}-seeds-{found.id}.svg"
        assert "Simulated data" in path.read_text()
        accessible(page)
        assert page.get_by_test_id("stException").count() == 0

        page.set_viewport_size({"width": 390, "height": 844})
        page.reload()  # on a phone the menu must not cover the page
        expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
