"""What a visitor does on any page."""

from pathlib import Path

from playwright.sync_api import Locator, Page

SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
AT_WORK = '[data-testid="stApp"][data-test-script-state="running"]'
PATIENCE_MS = 120_000


def settled(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    page.wait_for_timeout(400)
    page.wait_for_selector(SETTLED)


def drawn_map(page: Page) -> Locator:
    """The canvas of the page's map."""
    return page.locator(".city-map .deck canvas").first


def download(page: Page, folder: Path) -> Path:
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    page.keyboard.press("Escape")
    return path
