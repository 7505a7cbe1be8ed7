"""Those who come first, by a link to a page, right after the server has started."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.exceptions import InvalidStatus

from tests.app_fixtures import SLUG
from tests.pages.outage import outage
from tests.pages.stream import Shown, visit
from tests.workflows.up.up_home import answers, free_port, soon
from ui.server.readiness import KEPT_S, NOT_READY
from workflows.home.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh_port(app_environment: Store, tmp_path: Path) -> Iterator[int]:  # noqa: ARG001
    """The port of a server of two processes that nobody has visited yet."""
    port = free_port()
    command = [sys.executable, "-m", "ui.server", "--port", str(port)]
    two = {**os.environ, "AETHER_WEB_PROCESSES": "2"}
    with (tmp_path / "web.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=two, stdout=log, stderr=log)
    try:
        assert soon(lambda: answers(f"http://127.0.0.1:{port}"))
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_each_of_several_at_once_gets_the_whole_page(
    fresh_port: int, app_environment: Store
) -> None:
    """Each of the two processes has some of them. A page of another address gets nothing.

    While the database is away the same server answers that it is, and goes on by itself.
    """
    pages = ["search", "search", "train", "search", "layers"]
    together = threading.Barrier(len(pages))

    def come(page: str) -> Shown:
        together.wait()
        return visit(fresh_port, page, query=f"city={SLUG}")

    with ThreadPoolExecutor(len(pages)) as crowd:
        seen = list(crowd.map(come, pages))
    for page, shown in zip(pages, seen, strict=True):
        assert shown.problems == [], page
        assert len(shown.titles) >= 1, page
        # Streamlit's own list of the folder, shown for a moment, would mean: not by the router.
        assert [offered[0] for offered in shown.navigations] == ["Cities"], page
        if page == "search":
            assert "What are you looking for?" in shown.boxes
    with pytest.raises(InvalidStatus):
        visit(fresh_port, "search", origin="http://127.0.0.1:1")
    assert visit(fresh_port, "", origin=f"http://127.0.0.1:{fresh_port}").titles
    with pytest.raises(HTTPError) as unready:  # no worker runs here
        urlopen(f"http://127.0.0.1:{fresh_port}/ready", timeout=10)
    assert unready.value.code == NOT_READY
    assert json.loads(unready.value.read()) == {"database": True, "worker": False}

    with outage(app_environment.url):
        time.sleep(KEPT_S)  # the process that said so a moment ago may say it again until then
        away = visit(fresh_port, "search", query=f"city={SLUG}")
        assert "What are you looking for?" not in away.boxes
        assert away.problems
        assert answers(f"http://127.0.0.1:{fresh_port}")
        with pytest.raises(HTTPError) as unready:
            urlopen(f"http://127.0.0.1:{fresh_port}/ready", timeout=10)
        assert json.loads(unready.value.read()) == {"database": False, "worker": False}
        with pytest.raises(HTTPError) as told:
            urlopen(f"http://127.0.0.1:{fresh_port}/api/v1/cities", timeout=10)
        assert json.loads(told.value.read())["code"] == "database-unreachable"
    again = visit(fresh_port, "search", query=f"city={SLUG}")
    assert (again.problems, "What are you looking for?" in again.boxes) == ([], True)
