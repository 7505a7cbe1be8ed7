"""A planner's way in a real browser: labels in, a map over a reload, out to a committee."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyogrio
from playwright.sync_api import Page, expect

from tests.app_fixtures import SLUG
from tests.browser.visitor import PATIENCE_MS, accessible, download, drawn_map, settled
from tests.pdf_text import text_of
from tests.side_by_side import storing_held
from tests.task_fixtures import TaskFiles
from workflows.home.store import Store
from workflows.jobs.job import start_job
from workflows.layers.layers import list_layers
from workflows.reports.job_kind import REPORT, ReportRequest


def fit(page: Page, files: TaskFiles) -> None:
    """Upload labels, look at what they are, and map them."""
    page.get_by_role("link", name="Maps", exact=True).click()
    page.get_by_role("link", name="Land use", exact=True).click()
    heading = page.get_by_role("heading", name="Land use: Tinytown")
    expect(heading).to_be_visible(timeout=PATIENCE_MS)  # the first fit loads scikit-learn
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files.points)
    settled(page)
    field = page.get_by_text("Class field")
    expect(field).to_be_visible(timeout=PATIENCE_MS)
    accessible(page)
    page.get_by_test_id("stExpander").get_by_text("Advanced").click()
    page.get_by_role("spinbutton", name="Repeats").fill("1")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="Make the map").click()


def lose_sight(page: Page, store: Store, files: TaskFiles) -> None:
    """Type while the fit works, reload, look elsewhere, and find its map."""
    bar = page.locator(".stMainBlockContainer").get_by_test_id("stProgress")
    tray = page.locator(".st-key-job-tray")
    with storing_held(store, "layer_units"):  # so long it is at work
        fit(page, files)
        expect(bar).to_be_visible(timeout=PATIENCE_MS)
        page.get_by_label("Title", exact=True).fill("Typed in the middle of it")
        page.keyboard.press("Enter")
        settled(page)
        expect(bar).to_be_visible()
        page.reload()
        expect(bar).to_be_visible(timeout=PATIENCE_MS)
        expect(tray).to_contain_text("Land use from points.csv")
    expect(page.get_by_text("Usable map cells")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    expect(bar).to_have_count(0)
    expect(tray).to_have_count(0)  # its map is before the visitor's eyes


def from_the_tray(page: Page, store: Store, layer: str) -> None:
    """Let a report be made while looking elsewhere; the tray leads back to it."""
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name="Ask: Tinytown")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    # Asked for only now: one that ends before the page is left has been seen.
    start_job(store, REPORT, SLUG, ReportRequest(layer, ".html"))
    tray = page.locator(".st-key-job-tray")
    expect(tray).to_contain_text("is done", timeout=PATIENCE_MS)
    page.reload()
    expect(tray).to_contain_text("is done", timeout=PATIENCE_MS)
    tray.get_by_role("link", name="See the report").click()
    expect(page.get_by_text("Provenance")).to_be_visible(timeout=PATIENCE_MS)
    tray.get_by_role("button", name="Clear").click()
    expect(tray).to_have_count(0)
    settled(page)
    page.reload()
    expect(page.get_by_text("Provenance")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    expect(tray).to_have_count(0)


def report(page: Page, folder: Path) -> Path:
    page.get_by_role("button", name="Report").first.click()
    page.get_by_role("button", name="Create report").click()
    ready = page.get_by_role("button", name="Download PDF")
    expect(ready).to_be_visible(timeout=PATIENCE_MS)
    with page.expect_download() as started:
        ready.click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def in_own_words(page: Page, folder: Path) -> Path:
    """Give the report a title of one's own, which is seen as it is typed, and take it away."""
    page.get_by_role("button", name="Report").first.click()
    page.get_by_role("link", name="Own title, words and districts").click()
    shown = page.frame_locator("iframe").get_by_role("heading", level=1)
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Title", exact=True).fill("Zones <b>#1</b>")
    expect(shown).to_have_text("Zones <b>#1</b>", timeout=PATIENCE_MS)
    accessible(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download PDF").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_from_labels_over_a_reload_in_mid_fit_to_a_report(
    visit: Callable[[], AbstractContextManager[Page]],
    app_environment: Store,
    workers: Callable[[Store, Sequence[str]], None],
    task_files: TaskFiles,
    tmp_path: Path,
) -> None:
    workers(app_environment, ("quick",))
    with visit() as page:
        lose_sight(page, app_environment, task_files)
        drawn_map(page).wait_for()
        page.get_by_text("How was this tested?").click()
        for tab in ("Confidence", "Limitations", "Accuracy"):
            page.get_by_role("tab", name=tab).click()
            accessible(page)
        (layer,) = list_layers(app_environment, SLUG)
        taken = pyogrio.read_dataframe(download(page, tmp_path))
        assert len(taken) == layer.features
        assert {"landuse", "confidence", "applicable", "trusted"} <= set(taken.columns)
        assert report(page, tmp_path).read_bytes().startswith(b"%PDF")
        from_the_tray(page, app_environment, layer.layer)
        assert "Zones <b>#1</b>" in text_of(in_own_words(page, tmp_path).read_bytes())
        assert page.get_by_test_id("stException").count() == 0
