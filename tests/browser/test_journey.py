"""One visitor's way through the app in a real browser: from files to a map taken away."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyogrio
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.app_fixtures import CityFiles
from tests.pages.outage import outage
from workflows.cities import list_cities
from workflows.layers import list_layers
from workflows.store import Store

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SOFTWARE_WEBGL = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
PATIENCE_MS = 120_000
SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
def address(empty_environment: Store, tmp_path: Path) -> Iterator[str]:
    """The app served from an empty store."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with (tmp_path / "app.log").open("wb") as log:
        server = subprocess.Popen([*command, *options], cwd=ROOT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(f"{url}/_stcore/health")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
    assert empty_environment.url


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """A browser page that must not ask any other server for anything."""
    elsewhere: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE_WEBGL)
        opened = browser.new_page(viewport={"width": 1440, "height": 900})
        opened.set_default_timeout(PATIENCE_MS)
        opened.on(
            "request",
            lambda asked: (
                elsewhere.append(asked.url)
                if not asked.url.startswith((address, "data:", "blob:", "ws:"))
                else None
            ),
        )
        opened.goto(address)
        yield opened
        browser.close()
    assert not elsewhere


def settled(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    page.wait_for_timeout(400)
    page.wait_for_selector(SETTLED)


def add_city(page: Page, files: CityFiles) -> None:
    page.get_by_role("link", name="Add a city").click()
    page.get_by_label("Name", exact=True).fill("River Town")
    page.get_by_label("Name", exact=True).press("Enter")
    settled(page)
    uploads = page.get_by_test_id("stFileUploaderDropzoneInput")
    for index, path in enumerate((files.embedding, files.pois, files.boundary)):
        uploads.nth(index).set_input_files(path)
        settled(page)
    expect(page.get_by_text("columns")).to_be_visible()
    page.get_by_role("button", name="Add this city").click()
    expect(page.get_by_role("heading", name="City: River Town")).to_be_visible(timeout=PATIENCE_MS)


def train(page: Page) -> None:
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("What run 1 learnt")).to_be_visible(timeout=PATIENCE_MS)


def ask(page: Page, words: str) -> None:
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("What are you looking for?").fill(words)
    page.get_by_label("What are you looking for?").press("Enter")
    expect(page.get_by_text("Score: cosine")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first.wait_for()
    settled(page)


def click_map(page: Page) -> None:
    """Click the middle of the map until the page answers: the canvas may still be drawing."""
    box = page.get_by_test_id("stDeckGlJsonChart").bounding_box()
    assert box is not None
    for _ in range(20):
        page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 3)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(1500)
        if "at" in parse_qs(urlsplit(page.url).query):
            break
    expect(page.get_by_role("button", name="Back to words")).to_be_visible()


def download(page: Page, folder: Path) -> Path:
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def test_from_files_to_a_map_taken_away(
    page: Page, empty_environment: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    expect(page.get_by_text("There is no city yet")).to_be_visible()
    add_city(page, city_files)
    train(page)
    ask(page, "a night out")
    asked = pyogrio.read_dataframe(download(page, tmp_path))
    (city,) = list_cities(empty_environment)
    assert len(asked) == city.cells
    assert asked["percentile"].max() == pytest.approx(100)

    click_map(page)
    like = pyogrio.read_dataframe(download(page, tmp_path))
    assert like["score"].max() == pytest.approx(1, abs=1e-4)

    page.get_by_role("button", name="Keep").first.click()
    page.get_by_role("button", name="Keep as layer").click()
    page.get_by_role("link", name="See it under Layers").click()
    expect(page.get_by_text("Where it came from")).to_be_visible(timeout=PATIENCE_MS)
    (layer,) = list_layers(empty_environment, city.slug)
    assert layer.kind == "similar"

    with outage(empty_environment.url):
        page.get_by_role("link", name="Home", exact=True).click()
        expect(page.get_by_text("The database cannot be reached")).to_be_visible()
    expect(page.get_by_text("Ready to be asked in words.")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_test_id("stException").count() == 0
