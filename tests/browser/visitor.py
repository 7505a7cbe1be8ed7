"""What a visitor does on any page."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
AT_WORK = '[data-testid="stApp"][data-test-script-state="running"]'
PATIENCE_MS = 120_000
_OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What axe-core finds in colours; all else it finds is the same in the dark and by day."""


def settled(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    page.wait_for_timeout(400)
    page.wait_for_selector(SETTLED)


def accessible(page: Page) -> None:
    """Nothing on the page keeps anybody from using it, in the dark or by day.

    By axe-core, of whose serious and critical findings none may remain; nor may a level of
    headings be left out.
    """
    settled(page)
    for scheme, rules in (("dark", {"runOnly": _OF_COLOURS}), ("light", {})):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        options = {"resultTypes": ["violations"], **rules}
        found = Axe().run(page, None, options).response["violations"]
        barriers = [
            (scheme, one["id"], node["html"], node.get("failureSummary"))
            for one in found
            if one["impact"] in {"serious", "critical"} or one["id"] == "heading-order"
            for node in one["nodes"]
        ]
        assert not barriers, barriers


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
