"""The app served for one test, and a browser page on it."""

import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import browser
from tests.forked_workers import start_worker
from tests.forks import Forked
from workflows.home.store import Store

ROOT = Path(__file__).resolve().parents[2]
SOFTWARE_WEBGL = [
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # Maps still draw through WebGL; only the pages around them are laid together without it, which
    # by software costs a fifth of a journey's processor time.
    "--disable-gpu-compositing",
]
PATIENCE_MS = 120_000

expect.set_options(timeout=30_000)  # two tests share two cores


@pytest.fixture
def workers() -> Iterator[Callable[[Store, Sequence[str]], None]]:
    """Starts the workers of some lanes, as `up` does; they end with the test."""
    started: list[Forked] = []

    def start(store: Store, lanes: Sequence[str]) -> None:
        started.extend(start_worker(store, lane, until_idle=False) for lane in lanes)

    yield start
    for worker in started:
        worker.kill()
        worker.wait(10)


@pytest.fixture
def visit(tmp_path: Path) -> Callable[[], AbstractContextManager[Page]]:
    """Opens a page on the app, served from the store the environment names.

    The page must not ask any other server for anything, nor may its scripts fail.
    """

    @contextmanager
    def opened() -> Iterator[Page]:
        elsewhere: list[str] = []
        failures: list[str] = []
        with served(tmp_path / "app.log") as address, browser(SOFTWARE_WEBGL) as running:
            page = running.new_page(
                viewport={"width": 1000, "height": 640}, reduced_motion="reduce"
            )
            page.set_default_timeout(PATIENCE_MS)
            page.on(
                "request",
                lambda asked: (
                    elsewhere.append(asked.url)
                    if not asked.url.startswith((address, "data:", "blob:", "ws:"))
                    else None
                ),
            )
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.goto(address)
            yield page
        assert not elsewhere
        assert not failures

    return opened


@contextmanager
def served(log_file: Path) -> Iterator[str]:
    """The app's address while it is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = {"AETHER_WEB_PROCESSES": "1"}  # as there is one visitor
    server = Forked(be_web_app, port, environment=one, output=log_file)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(f"{url}/_stcore/health")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def be_web_app(port: int) -> int:
    """Be the web app, as `python -m ui.server` is."""
    from ui.server.__main__ import main

    os.chdir(ROOT)
    return main(["--port", str(port)])


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
