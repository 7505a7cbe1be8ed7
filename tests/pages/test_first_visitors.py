"""Those who come first, by a link to a page, right after the server has started."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from workflows.jobs.job import list_jobs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh_port(app_environment: Store, tmp_path: Path) -> Iterator[int]:  # noqa: ARG001
    """The port of a server of two processes that nobody has visited yet."""
    port, temporary = free_port(), tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "ui.server", "--port", str(port)]
    two = {**os.environ, "AETHER_WEB_PROCESSES": "2", "TMPDIR": str(temporary)}
    with (tmp_path / "web.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=two, stdout=log, stderr=log)
    try:
        assert soon(lambda: answers(f"http://127.0.0.1:{port}"))
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_each_of_several_at_once_gets_the_whole_page(
    fresh_port: int, app_environment: Store, tmp_path: Path
) -> None:
    """Each of the two processes has some of them. A page of another address gets nothing.

    A visit whose connection is lost goes on, and an upload that is cut leaves nothing. While the
    database is away the same server answers that it is, and goes on by itself.
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
    check_visits_go_on(fresh_port)
    check_cut_uploads_leave_nothing(fresh_port, app_environment, tmp_path)
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


def check_visits_go_on(port: int) -> None:
    """Each in the process that began it, as its state is there and nowhere else."""
    for _ in range(2):  # one of each process
        with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            cookie = page.headers["Set-Cookie"].split(";")[0]
        begun = visit(port, "search", query=f"city={SLUG}", cookie=cookie)
        again = visit(port, "search", query=f"city={SLUG}", cookie=cookie, before=begun.session)
        assert (again.session, again.problems) == (begun.session, [])
        assert "What are you looking for?" in again.boxes


def check_cut_uploads_leave_nothing(port: int, store: Store, folder: Path) -> None:
    """Half of a file that goes to the disk while it comes; of a page, and of the API."""
    with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
        cookie = page.headers["Set-Cookie"].split(";")[0]
    with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=10) as health:
        token = health.headers["Set-Cookie"].split(";")[0]
    temporary = folder / "temporary"
    head = (
        f"Host: 127.0.0.1:{port}\r\nCookie: {cookie}; {token}\r\n"
        f"X-Xsrftoken: {token.partition('=')[2]}\r\n"
        "Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 4000000\r\n\r\n"
        '--a\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'
    ).encode()

    def cut(asked: str) -> None:
        with socket.create_connection(("127.0.0.1", port)) as upload:
            upload.sendall(f"{asked} HTTP/1.1\r\n".encode() + head + b"x" * 2_000_000)
            assert soon(lambda: bool(held_by(temporary)), 10), asked
        assert soon(lambda: not held_by(temporary), 10), asked

    def of_a_page(held: Shown) -> None:
        cut(f"PUT /_stcore/upload_file/{held.session}/a")

    visit(port, "search", query=f"city={SLUG}", cookie=cookie, meanwhile=of_a_page)
    cut("POST /api/v1/cities")
    assert not list(store.settings.uploads.glob("*"))
    assert [job.kind for job in list_jobs(store)] == ["train"]  # the model's
    assert "Traceback" not in (folder / "web.log").read_text()


def held_by(folder: Path) -> list[str]:
    """Files in a folder that processes have open, those without a name among them."""
    found = []
    for one in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            found += [name for name in [str(one.readlink())] if name.startswith(f"{folder}/")]
    return found
