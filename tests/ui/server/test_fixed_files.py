"""Files of a program, packed once and handed out from memory."""

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.server.fixed_files import FixedFiles, streamlits_files
from ui.server.quick_gzip import QuickGzip

SCRIPT = b"export const answer = 42;\n" * 200
PLAIN = {"Accept-Encoding": "identity"}


async def _elsewhere(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.headers.get('accept-encoding')} " * 300)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """A script and a font at fixed addresses, an app for all else."""
    (tmp_path / "a.js").write_bytes(SCRIPT)
    (tmp_path / "b.woff2").write_bytes(gzip.compress(SCRIPT))
    files = {f"/static/{one.name}": one for one in tmp_path.iterdir()}
    everything = [Route("/{path:path}", _elsewhere, methods=["GET", "POST"])]
    middleware = [Middleware(FixedFiles, files=files), Middleware(QuickGzip)]
    return TestClient(Starlette(routes=everything, middleware=middleware))


def test_a_file_is_packed_once_and_then_read_no_more(client: TestClient, tmp_path: Path) -> None:
    first = client.get("/static/a.js")
    assert first.content == SCRIPT
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < len(SCRIPT) / 10
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["vary"] == "Accept-Encoding"
    unpacked = client.get("/static/a.js", headers=PLAIN)
    assert unpacked.content == SCRIPT
    assert "content-encoding" not in unpacked.headers
    (tmp_path / "a.js").unlink()
    assert client.get("/static/a.js").content == SCRIPT
    only_asked = client.head("/static/a.js")
    assert only_asked.content == b""
    assert only_asked.headers["content-type"].startswith("text/javascript")


def test_what_packing_makes_no_smaller_goes_as_it_is(client: TestClient) -> None:
    font = client.get("/static/b.woff2")
    assert gzip.decompress(font.content) == SCRIPT
    assert "content-encoding" not in font.headers
    assert font.headers["content-type"] == "font/woff2"


def test_all_else_is_answered_by_the_app_and_packed_outside_of_it(client: TestClient) -> None:
    answer = client.get("/static/c.js")
    assert answer.text.startswith("GET None ")  # what is within packs nothing
    assert answer.headers["content-encoding"] == "gzip"
    assert client.post("/static/a.js").text.startswith("POST None ")
    assert "content-encoding" not in client.get("/elsewhere", headers=PLAIN).headers


def test_streamlits_files_are_those_its_page_names() -> None:
    files = streamlits_files("/below")
    page = next(iter(files.values())).parents[2] / "index.html"
    scripts = [one for one in files if one.endswith(".js") and Path(one).name in page.read_text()]
    assert scripts
    assert all(one.startswith("/below/static/js/") for one in scripts)
    assert not any(one.endswith((".html", ".json", ".map")) for one in files)
