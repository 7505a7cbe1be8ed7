"""A visitor in headless Chromium, which draws by software, for measures and pictures of pages."""

import shutil
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

_PATIENCE_MS: Final = 120_000
_SOFTWARE_GL: Final = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
_ANSWERED: Final = """(words) => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot)];
  const maps = roots.filter(Boolean).map((root) => root.querySelector(".city-map"));
  const map = maps.find(Boolean);
  if (!map?.cityMap?.deck || map.querySelector(".note").textContent) return false;
  return map.querySelector(".legend-title")?.textContent.includes(words);
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for the block.

    Raises:
        SystemExit: There is none on this machine.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("no Chromium found: ./aether test installs it")
    with sync_playwright() as drive:
        browser = drive.chromium.launch(executable_path=path, args=list(_SOFTWARE_GL))
        yield browser
        browser.close()


def address(url: str, page: str, **asked: str) -> str:
    """Where a page is found, with what its address says."""
    return f"{url.rstrip('/')}/{page}?{urllib.parse.urlencode(asked)}"


def settled(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    page.wait_for_timeout(1500)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=_PATIENCE_MS)


def answered(page: Page, words: str) -> None:
    """Wait until the map shows something whose legend has these words."""
    page.wait_for_function(_ANSWERED, arg=words, timeout=_PATIENCE_MS)
