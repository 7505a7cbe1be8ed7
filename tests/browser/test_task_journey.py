"""A planner's way in a real browser: labels in, a map with its doubts, out to a committee."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pyogrio
from playwright.sync_api import Page, expect

from tests.app_fixtures import SLUG
from tests.browser.visitor import PATIENCE_MS, download, settled
from tests.task_fixtures import TaskFiles
from workflows.layers import list_layers
from workflows.store import Store


def fit(page: Page, files: TaskFiles) -> None:
    """Upload labels, look at what they are, and map them."""
    page.get_by_role("link", name="Land use", exact=True).click()
    heading = page.get_by_role("heading", name="Land use: Tinytown")
    expect(heading).to_be_visible(timeout=PATIENCE_MS)  # the first fit loads scikit-learn
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files.points)
    settled(page)
    field = page.get_by_text("Field that holds the class")
    expect(field).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Fit and map").click()
    expect(page.get_by_text("Can be trusted")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)


def report(page: Page, folder: Path) -> Path:
    page.get_by_role("button", name="Report").first.click()
    page.get_by_role("button", name="Make the report").click()
    ready = page.get_by_role("button", name="Download PDF")
    expect(ready).to_be_visible(timeout=PATIENCE_MS)
    with page.expect_download() as started:
        ready.click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def test_from_labels_to_a_report(
    visit: Callable[[], AbstractContextManager[Page]],
    app_environment: Store,
    task_files: TaskFiles,
    tmp_path: Path,
) -> None:
    with visit() as page:
        fit(page, task_files)
        page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first.wait_for()
        for tab in ("How sure", "Where not", "How good"):
            page.get_by_role("tab", name=tab).click()
            settled(page)
        (layer,) = list_layers(app_environment, SLUG)
        taken = pyogrio.read_dataframe(download(page, tmp_path))
        assert len(taken) == layer.features
        assert {"landuse", "confidence", "applicable", "trusted"} <= set(taken.columns)
        assert report(page, tmp_path).read_bytes().startswith(b"%PDF")
        assert page.get_by_test_id("stException").count() == 0
