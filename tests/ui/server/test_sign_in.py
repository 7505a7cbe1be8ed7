"""What somebody sees of the web app who is not signed in: the page to sign in."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from aether_core.language import _, speaking
from tests.app_fixtures import set_environment
from tests.workflows.up.up_home import soon
from ui.server.sign_in import MOST_BYTES, SignedInOnly, refused, sign_in_routes
from ui.shell.signed_in import cookie_name
from workflows.accounts.accounts import SignInError, add_account, list_accounts
from workflows.home.store import Store

PORT = 8501
PAGE = {"Accept": "text/html,*/*"}
RIGHT = {"name": "anna", "password": "correct horse battery"}


@pytest.fixture
def client(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    set_environment(module_store, monkeypatch)
    if not list_accounts(module_store):
        add_account(module_store, **RIGHT)

    async def page(_request: Request) -> Response:
        return PlainTextResponse("the city")

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")

    app = Starlette(
        routes=[
            *sign_in_routes("", PORT),
            Route("/_stcore/health", page),
            WebSocketRoute("/_stcore/stream", talk),
            Route("/{path:path}", page, methods=["GET", "PUT", "DELETE"]),
        ],
        middleware=[Middleware(SignedInOnly, base="", port=PORT)],
    )
    with TestClient(app, follow_redirects=False) as client:
        yield client


def reaches(client: TestClient) -> bool:
    try:
        with client.websocket_connect("/_stcore/stream") as socket:
            return socket.receive_text() == "hello"
    except WebSocketDisconnect:
        return False


def test_nothing_is_reached_before_and_all_of_it_after(client: TestClient) -> None:
    led = client.get("/search?city=helsinki&q=a+park", headers=PAGE)
    assert led.status_code == 303
    assert led.headers["location"] == "/sign-in?next=%2Fsearch%3Fcity%3Dhelsinki%26q%3Da%2Bpark"
    for method, path in [
        ("GET", "/map-data/0.bin"),
        ("GET", "/media/1.png"),
        ("PUT", "/_stcore/upload_file/1/2"),
        ("GET", "/_stcore/health/../stream"),
        ("GET", "/sign-in/more"),
        ("GET", "//sign-in"),
        ("GET", "/SIGN-IN"),
        ("GET", "/api/v1/%0Amap-data"),  # past the API, which asks for keys itself
    ]:
        assert client.request(method, path).status_code == 401, path
    assert not reaches(client)
    assert client.get("/_stcore/health").text == "the city"

    form = client.get(led.headers["location"], headers=PAGE)
    assert 'value="/search?city=helsinki&amp;q=a+park"' in form.text
    assert form.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in form.headers["content-security-policy"]
    signed_in = client.post("/sign-in", data={**RIGHT, "next": "/search?city=helsinki"})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/search?city=helsinki")
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/search", headers=PAGE).text == "the city"
    assert client.get("/map-data/0.bin").text == "the city"
    assert reaches(client)

    carried = client.cookies[cookie_name(PORT)]
    assert client.get("/sign-out").headers["location"] == "/sign-in"
    assert not reaches(client)
    client.cookies.set(cookie_name(PORT), carried)  # kept by somebody
    assert soon(lambda: not reaches(client), 10)
    client.cookies.set(cookie_name(PORT), "forged")
    assert not reaches(client)
    assert client.get("/search").status_code == 401


def test_the_cookie_goes_over_https_alone_where_the_page_did(client: TestClient) -> None:
    by_proxy = client.post("https://testserver/sign-in", data=RIGHT)
    assert "Secure" in by_proxy.headers["set-cookie"]


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/a\r\nSet-Cookie: x=1",
        "",
    ],
)
def test_nobody_is_led_to_another_site(client: TestClient, there: str) -> None:
    assert client.post("/sign-in", data={**RIGHT, "next": there}).headers["location"] == "/"


def test_what_is_wrong_is_said_and_shown_as_text(client: TestClient) -> None:
    name = '"><script>alert(1)</script>'
    wrong = client.post("/sign-in", data={"name": name, "password": "x", "next": name})
    assert wrong.status_code == 403
    assert "set-cookie" not in wrong.headers
    assert 'role="alert"' in wrong.text
    assert "<script>" not in wrong.text
    finnish = {"Accept-Language": "sv;q=0.9, en;q=0.5, fi-FI;q=0.8, xx;q=many"}
    in_finnish = client.post("/sign-in", data={"name": name, "password": "x"}, headers=finnish).text
    assert '<html lang="fi" dir="ltr">' in in_finnish
    with speaking("fi"):
        for said in (_("Sign in"), _("Password"), _(refused(SignInError("")))):
            assert said in in_finnish
    assert client.post("/sign-in", content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert client.post("/sign-in", data={}).status_code == 403


def test_a_database_that_is_away_lets_nobody_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/sign-in", data=RIGHT)
    client.cookies.set(cookie_name(PORT), client.cookies.pop(cookie_name(PORT)))
    monkeypatch.setenv("AETHER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert client.get("/search", headers=PAGE).status_code == 503
    assert not reaches(client)
    assert client.post("/sign-in", data=RIGHT).status_code == 503
