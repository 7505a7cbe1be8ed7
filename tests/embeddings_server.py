"""A real server on this machine with OpenAI's `POST /embeddings` that can misbehave."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

DIM = 8
KEY = "sk-a-secret-of-this-test"


class Handler(BaseHTTPRequestHandler):
    """One request: the next of the server's turns where there is one, a good answer elsewhere."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(Seen(self.path, dict(self.headers), json.loads(body)))
        turn = self.server.turns.pop(0) if self.server.turns else None
        if turn is None:
            self.answer(200, good(self.server.seen[-1].body))
        else:
            turn(self)

    def answer(self, status: int, document: object, **headers: str) -> None:
        """Send a whole answer; `document` is JSON, or bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep standard error clean."""


Turn = Callable[[Handler], None]


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Server:
    """The running server.

    Attributes:
        turns: What it does to the next requests, one each, before it is good again.
        seen: All requests so far.
    """

    url: str = ""
    turns: list[Turn] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


def direction(text: str, dim: int = DIM) -> np.ndarray:
    """The unit vector this server gives a text, float64."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    vector = np.random.default_rng(seed).normal(size=dim)
    return vector / np.linalg.norm(vector)


def good(body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request: rows of length 3, so that scaling them shows, in reverse order."""
    dim = body.get("dimensions", DIM)
    rows = [
        {"index": at, "embedding": (3 * direction(text, dim)).tolist()}
        for at, text in enumerate(body["input"])
    ]
    return {"object": "list", "data": rows[::-1]}


def status(code: int, document: object = None, **headers: str) -> Turn:
    """A turn that answers with a status."""
    return lambda handler: handler.answer(code, document or {}, **headers)


def says(document: object, **headers: str) -> Turn:
    """A turn that answers 200 with a document of the test's choice."""
    return lambda handler: handler.answer(200, document, **headers)


def hangs_up(handler: Handler) -> None:
    """A turn that closes the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


def breaks_off(handler: Handler) -> None:
    """A turn that promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """A turn that sends a byte every tenth of a second for five seconds."""
    handler.send_response(200)
    handler.send_header("Content-Length", "50")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(50):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def floods(handler: Handler) -> None:
    """A turn that sends a hundred megabytes as long as somebody listens."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(100 * 2**20))
    handler.end_headers()
    handler.close_connection = True
    for _ in range(100):
        handler.wfile.write(b" " * 2**20)


@contextmanager
def embeddings_server() -> Iterator[Server]:
    """Run the server on a free port of this machine."""
    http = _HTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
    http.turns, http.seen = state.turns, state.seen  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
