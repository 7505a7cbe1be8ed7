"""What browsers are told not to do, and who is told the figures of the process."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.server.headers import METRICS, MetricsHere, SafeHeaders, page_policy
from workflows.home.map_style import OPENFREEMAP, MapStyle


def client(caller: str, base: str = "") -> TestClient:
    async def page(request: Request) -> Response:
        if request.url.path.endswith("report"):
            return HTMLResponse("", headers={"Content-Security-Policy": "sandbox"})
        return HTMLResponse("") if request.url.path.endswith("page") else PlainTextResponse("1")

    app = Starlette(
        routes=[Route("/{path:path}", page)],
        middleware=[
            Middleware(SafeHeaders, policy=page_policy()),
            Middleware(MetricsHere, base=base),
        ],
    )
    return TestClient(app, client=(caller, 1234))


def test_every_answer_says_what_it_is_not_for() -> None:
    asked = client("10.0.0.5")
    page, data = asked.get("/page"), asked.get("/data")
    for answer in (page, data):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert "https:" not in policy
    assert "content-security-policy" not in data.headers
    assert asked.get("/report").headers["content-security-policy"] == "sandbox"


def test_a_map_style_lets_its_tiles_in() -> None:
    lan = MapStyle("http://tiles.lan/style.json", "http://tiles.lan/style.json")
    assert "connect-src 'self' data: blob: https: http://tiles.lan;" in page_policy(lan)
    assert page_policy(MapStyle("/srv/style.json", "/srv/style.json")) == page_policy()


def test_a_style_that_keeps_to_its_host_opens_no_other() -> None:
    policy = page_policy(OPENFREEMAP)
    assert "connect-src 'self' data: blob: https://tiles.openfreemap.org;" in policy
    assert "img-src 'self' data: blob: https://tiles.openfreemap.org;" in policy
    assert "https: " not in policy


@pytest.mark.parametrize(
    ("caller", "headers", "code"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("10.0.0.5", {}, 404),
        ("testclient", {}, 404),
    ],
)
def test_figures_are_for_this_machine(caller: str, headers: dict[str, str], code: int) -> None:
    for base, path in (("", f"/{METRICS}"), ("/city", f"/city/{METRICS}"), ("", f"/{METRICS}/")):
        assert client(caller, base).get(path, headers=headers).status_code == code
