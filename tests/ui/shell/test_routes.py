"""What the server hands out beside the pages."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.map import served
from ui.server.fixed_files import FixedFiles
from ui.shell.routes import code_address, code_files, map_code_address, routes
from workflows.home import served_files


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    return TestClient(FixedFiles(Starlette(routes=routes()), code_files()))


def test_data_are_handed_out_once_and_for_ever(client: TestClient) -> None:
    answer = client.get(served.of_json({"a": 1}))
    assert answer.json() == {"a": 1}
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "application/json"


def test_the_code_that_draws_maps_comes_from_here(client: TestClient) -> None:
    answer = client.get(code_address())
    assert answer.status_code == 200
    assert "createDeck" in answer.text
    own = client.get(map_code_address())
    assert "class CityMap" in own.text
    assert own.headers["content-type"].startswith("text/javascript")  # a module, or none is loaded
    assert "immutable" in own.headers["cache-control"]


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "none.bin", "%00", f"{'0' * 32}.bin"])
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    assert client.get(f"/map-data/{path}").status_code == 404
    assert client.get(f"/map-code/{path}").status_code == 404


def test_data_that_were_forgotten_are_made_again(client: TestClient, tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"{}"

    address = served.once("key", make, "json")
    assert served.once("key", make, "json") == address
    assert len(made) == 1
    for path in (tmp_path / "cache" / "served").iterdir():
        path.unlink()
    assert client.get(served.once("key", make, "json")).status_code == 200
    assert len(made) == 2


def test_what_many_ask_for_at_once_is_made_once(client: TestClient) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.2)
        return b"{}"

    with ThreadPoolExecutor(8) as visitors:
        found = set(visitors.map(lambda _: served.once("crowd", make, "json"), range(8)))
    assert len(made) == len(found) == 1
    assert client.get(found.pop()).status_code == 200


def test_where_the_disk_takes_nothing_data_come_with_the_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(served_files, "put", lambda *_: None)
        assert served.once("full", lambda: b"{}", "json") == "data:application/json;base64,e30="
    assert client.get(served.once("full", lambda: b"{}", "json")).status_code == 200


def test_a_document_runs_nothing_and_reaches_nothing(client: TestClient) -> None:
    answer = client.get(served.address(b"<script>top.location='/'</script>", "html"))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
