"""The proxy of compose.yaml, by its own file, before two apps of two processes each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.ui.server.test_shared_port import answers, serving
from tests.workflows.up.up_home import free_port, soon

ROOT = Path(__file__).resolve().parents[3]
CADDY = shutil.which("caddy") or shutil.which("caddy", path=str(Path(sys.executable).parent))


@contextmanager
def proxy(port: int, apps: list[int], folder: Path) -> Iterator[None]:
    names = " ".join(f"127.0.0.1:{app}" for app in apps)
    own = {"AETHER_SITE": f"http://127.0.0.1:{port}", "AETHER_APPS": names, "HOME": str(folder)}
    assert CADDY is not None
    words = [CADDY, "run", "--config", str(ROOT / "Caddyfile"), "--adapter", "caddyfile"]
    with (folder / "caddy.log").open("ab") as log:
        running = subprocess.Popen(words, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        assert soon(lambda: ask(port, {}) is not None, 20)
        yield
    finally:
        running.terminate()
        running.wait(20)


def ask(port: int, cookies: dict[str, str]) -> str | None:
    """The process that answers a visitor, whose cookies are kept; None where nobody does."""
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    with (
        suppress(OSError),
        urlopen(
            Request(f"http://127.0.0.1:{port}/", headers={"Cookie": jar}), timeout=15
        ) as answer,
    ):
        for line in answer.headers.get_all("Set-Cookie") or []:
            cookies.update({name: one.value for name, one in SimpleCookie(line).items()})
        return str(answer.read().split()[1], "ascii")
    return None


@pytest.mark.skipif(CADDY is None, reason="Caddy is not installed here")
def test_visits_go_on_where_they_were_when_it_is_restarted(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as open_:
        apps = [open_.enter_context(serving()) for _ in range(2)]
        ports = [app for app, _ in apps]
        assert soon(lambda: all(map(answers, ports)), 20)
        visitors: list[dict[str, str]] = [{} for _ in range(8)]
        with proxy(port, ports, tmp_path):
            first = [ask(port, one) for one in visitors]
            assert len(set(first)) > 2  # of four processes
            assert [ask(port, one) for one in visitors] == first
            jar = "; ".join(f"{name}={value}" for name, value in visitors[0].items())
            page = connect(f"ws://127.0.0.1:{port}/visit", additional_headers={"Cookie": jar})
            number = page.recv()
        with pytest.raises(ConnectionClosed):
            page.recv(timeout=10)
        with proxy(port, ports, tmp_path):
            assert [ask(port, one) for one in visitors] == first
            with connect(
                f"ws://127.0.0.1:{port}/visit", additional_headers={"Cookie": jar}
            ) as page:
                assert page.recv() == number
            apps[0][1].kill()
            then = [ask(port, one) for one in visitors]
            assert None not in then
            assert [b for a, b in zip(first, then, strict=True) if a == b]  # of the other app
