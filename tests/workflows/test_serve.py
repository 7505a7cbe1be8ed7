"""`up` and `down`: one thing that starts and stops together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.embedded import PrivateCluster
from tests.db_fixtures import discard

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(open_home: Path) -> Iterator[Path]:
    yield open_home
    discard(PrivateCluster(open_home), open_home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def aether(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "AETHER_DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-m", "workflows.cli", *arguments],
        env={**environment, "AETHER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def processes_of(home: Path) -> list[str]:
    """Command lines of processes that were started with this home."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"AETHER_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_up_serves_until_it_is_told_to_stop(home: Path) -> None:
    port = free_port()
    up = aether(home, "up", "--port", str(port), "--no-browser", "--no-demo")
    assert up.stdout is not None
    line = up.stdout.readline()
    address = f"http://localhost:{port}"
    assert address in line
    with urllib.request.urlopen(f"{address}/_stcore/health") as response:  # noqa: S310 - local
        assert response.status == 200
    assert any("workflows.worker" in command for command in processes_of(home))

    code, _, err = finished(aether(home, "up", "--port", str(free_port()), "--no-browser"))
    assert code == 2
    assert address in err

    code, out, _ = finished(aether(home, "down", "--json"))
    assert (code, json.loads(out)) == (0, {"stopped": True})
    assert finished(up)[0] == 0
    assert not PrivateCluster(home).status().running
    assert processes_of(home) == []
    assert json.loads(finished(aether(home, "down", "--json"))[1]) == {"stopped": False}


def test_interrupting_up_stops_all_it_started(home: Path) -> None:
    up = aether(home, "up", "--port", str(free_port()), "--no-browser", "--no-demo")
    assert up.stdout is not None
    assert "http://localhost" in up.stdout.readline()
    up.send_signal(signal.SIGINT)
    assert finished(up)[0] == 0
    deadline = time.monotonic() + 20
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(home) == []
    assert not PrivateCluster(home).status().running


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = finished(
            aether(home, "up", "--port", str(port), "--no-browser", "--no-demo")
        )
    assert code == 2
    assert str(port) in err.splitlines()[-1]
    assert "--port" in err.splitlines()[-1]
    assert processes_of(home) == []


def test_the_database_is_started_stopped_and_told(home: Path) -> None:
    code, out, _ = finished(aether(home, "db", "start", "--json"))
    assert code == 0
    assert json.loads(out)["url"].startswith("postgresql")
    assert json.loads(finished(aether(home, "db", "status", "--json"))[1])["running"]
    assert finished(aether(home, "db", "migrate", "--json"))[0] == 0
    assert json.loads(finished(aether(home, "db", "stop", "--json"))[1]) == {"running": False}
    assert not json.loads(finished(aether(home, "db", "status", "--json"))[1])["running"]
