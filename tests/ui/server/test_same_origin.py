"""A page of another site, or of another port, cannot act for a visitor."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ui.server.same_origin import REFUSED, SameOrigin

PUBLIC = "https://aether.example.org"


@pytest.fixture
def client() -> TestClient:
    async def change(_request: Request) -> Response:
        return PlainTextResponse("changed")

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")

    app = Starlette(
        routes=[
            Route("/", change, methods=["GET", "POST", "PUT", "DELETE"]),
            WebSocketRoute("/talk", talk),
        ],
        middleware=[Middleware(SameOrigin, public_url=PUBLIC)],
    )
    return TestClient(app, base_url="http://localhost:8501")


OWN = ["http://localhost:8501", "http://LOCALHOST:8501", PUBLIC, f"{PUBLIC}:443"]
FOREIGN = [
    "http://localhost:8502",
    "http://localhost",
    "http://127.0.0.1:8501",
    "https://evil.example",
    "http://aether.example.org.evil.example",
    "http://aether.example.org:80",
    "null",
    "",
    "http://localhost:8501:8501",
    "file://",
]


@pytest.mark.parametrize("origin", OWN)
def test_its_own_pages_are_answered(client: TestClient, origin: str) -> None:
    assert client.post("/", headers={"Origin": origin}).text == "changed"
    with client.websocket_connect("ws://localhost:8501/talk", headers={"Origin": origin}) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("origin", FOREIGN)
def test_others_are_refused(client: TestClient, origin: str) -> None:
    headers = {"Origin": origin}
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, "/", headers=headers).status_code == REFUSED
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://localhost:8501/talk", headers=headers),
    ):
        pass
    assert client.get("/", headers=headers).text == "changed"  # reading harms nobody


def test_programs_name_no_page(client: TestClient) -> None:
    assert client.post("/").text == "changed"


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost:8501", True),
        ("127.0.0.1:8501", True),
        ("[::1]:8501", True),
        ("app.localhost", True),
        ("maps.example.org", True),
        ("evil.example:8501", False),
        ("localhost.evil.example", False),
        ("192.168.0.7:8501", False),
        ("", False),
        ("a b", False),
    ],
)
def test_a_site_whose_name_leads_here_gets_nothing(host: str, answered: bool) -> None:
    """DNS rebinding: to the browser that site's page and ours are of one origin."""

    async def answer(_request: Request) -> Response:
        return PlainTextResponse("a city")

    public = "https://maps.example.org"
    only = Middleware(SameOrigin, public_url=public, here_only=True)
    client = TestClient(Starlette(routes=[Route("/", answer)], middleware=[only]))
    told = client.get("/", headers={"Host": host, "Origin": f"http://{host}"})
    assert (told.status_code, "a city" in told.text) == ((200, True) if answered else (403, False))
