"""How many requests somebody may send in a minute."""

import os

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.server import rates
from ui.server.rates import Limited, Rates


def client(counted: Rates, address: str = "10.0.0.1") -> TestClient:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse("yes")

    limited = Middleware(Limited, base="", rates=counted, most=20, most_api=5)
    app = Starlette(routes=[Route("/{path:path}", answer)], middleware=[limited])
    return TestClient(app, client=(address, 1))


def test_who_asks_too_often_is_told_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 60_000_030.0
    monkeypatch.setattr(rates.time, "monotonic", lambda: now)
    counted = Rates()
    one, other = client(counted), client(counted, "10.0.0.2")
    mine, theirs = ({"Authorization": f"Bearer {name}"} for name in ("a", "b"))
    assert [one.get("/api/v1/cities", headers=mine).status_code for _ in range(6)] == [
        *[200] * 5,
        429,
    ]
    refused = other.get("/api/v1/cities", headers=mine)  # a key is counted wherever it is used
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert refused.json()["code"] == "too-many-requests"
    assert one.get("/api/v1/cities", headers=theirs).status_code == 200
    assert [one.get("/").status_code for _ in range(14)] == [*[200] * 13, 429]
    assert one.get("/ready").status_code == 200
    assert other.get("/").status_code == 200
    now += 30
    assert one.get("/").status_code == 200


def test_processes_count_together() -> None:
    counted = Rates()
    child = os.fork()
    if child == 0:
        for _ in range(10):
            counted.count("somebody")
        os._exit(0)
    os.waitpid(child, 0)
    assert counted.count("somebody") in {1, 11}  # 1: the minute has passed just now
