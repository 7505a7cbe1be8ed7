"""What a monitor is told, and the name of each request."""

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from api.address import PATH
from api.app import api_app
from tests.app_fixtures import SLUG, set_environment
from tests.forks import ended
from ui.server.identified import HEADER, Identified
from ui.server.metrics import FOLDER, Counted, metrics, prepare
from workflows.accounts.accounts import add_account
from workflows.accounts.acting import Role
from workflows.accounts.keys import add_key
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.home.unforeseen import note


def test_requests_are_counted_by_route_and_told_to_who_may_read_them(
    module_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(module_store, monkeypatch)
    settings = module_store.settings
    api = api_app(settings, lambda: module_store, required=False, by_cookie=lambda _: None)

    async def fail(_request: Request) -> Response:
        kept = note(ValueError("ours"))
        return PlainTextResponse(kept[1] if kept else "")

    app = Starlette(
        routes=[Route("/metrics", metrics), Route("/{page}", fail), Mount(PATH, app=api)],
        middleware=[Middleware(Identified), Middleware(Counted, base="")],
    )
    here = TestClient(app, client=("127.0.0.1", 1))
    for name in (SLUG, "nowhere", "elsewhere"):
        here.get(f"{PATH}/cities/{name}")
    here.get(f"{PATH}/made-up-{'x' * 50}")
    here.get("/anything")
    told = here.get("/metrics").text
    city = f'method="GET",route="{PATH}/cities/{{slug}}"'
    assert f'aether_requests_total{{{city},status="200"}} 1.0' in told
    assert f'aether_requests_total{{{city},status="404"}} 2.0' in told
    assert 'aether_jobs{kind="train",state="done"} 1.0' in told
    assert "made-up" not in told
    assert "anything" not in told

    away = TestClient(app, client=("10.0.0.9", 1))
    proxied = {"X-Forwarded-For": "10.0.0.9"}
    assert away.get("/metrics").status_code == 403
    assert here.get("/metrics", headers=proxied).status_code == 403
    add_account(module_store, "monitor", "correct horse battery", Role.ADMIN)
    for scope, status in (("read", 403), ("admin", 200)):
        key = add_key(module_store, "monitor", scope, scope)[1]
        asked = away.get("/metrics", headers={"Authorization": f"Bearer {key}"})
        assert asked.status_code == status

    named = here.get("/page", headers={HEADER: "proxy-7"})
    assert named.headers[HEADER] == "proxy-7"
    log = (settings.logs / "errors.log").read_text()
    assert f"error {named.text} request proxy-7" in log
    made = [
        here.get("/page", headers={HEADER: sent}).headers[HEADER] for sent in ("", "a b", "x" * 99)
    ]
    assert len(set(made)) == 3
    assert all(len(one) == 16 for one in made)


def begin_counting(home: Path) -> None:
    prepare(Settings(home=home))
    print(os.environ[FOLDER], flush=True)  # noqa: T201 - what the test reads
    os._exit(9)  # as a killed one leaves it


def test_counts_lie_in_memory_and_go_with_their_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the system kills a process that writes into a mapped file."""
    monkeypatch.setenv(FOLDER, "")
    left = Path(ended(begin_counting, tmp_path).out.strip())
    assert left.is_dir()
    prepare(Settings(home=tmp_path))
    folder = Path(os.environ[FOLDER])
    assert not left.exists()
    assert folder.is_dir()
    assert os.access("/dev/shm", os.W_OK) == folder.is_relative_to("/dev/shm")  # noqa: S108
