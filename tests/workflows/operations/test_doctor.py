"""What is wrong with an installation is said, each thing with its remedy, and nothing hides it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.__main__ import run
from db.jobs import workers
from tests.public_server.messages import Fault
from tests.public_server.mosaic import write_mosaic
from tests.public_server.server import PublicServer
from tests.public_server.whole import World
from workflows.home.store import Store
from workflows.jobs.kind import LANES

Findings = dict[str, dict[str, str]]
Ask = Callable[..., tuple[int, Findings]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str) -> tuple[int, Findings]:
        code = run(["doctor", *words, "--json"])
        (line,) = capsys.readouterr().out.splitlines()
        answer = json.loads(line)
        found = {one["check"]: one for one in answer["findings"]}
        assert answer["problems"] == sum(one["state"] == "problem" for one in found.values())
        assert all(one["remedy"] for one in found.values() if one["state"] != "ok")
        return code, found

    return asked


def states(found: Findings, state: str) -> set[str]:
    return {check for check, one in found.items() if one["state"] == state}


def test_a_good_home_and_what_is_broken_in_it(
    app_environment: Store, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store, home = app_environment, app_environment.settings.home
    queues = [queue for queues in LANES.values() for queue in queues]
    with store.session() as session:
        workers.sign_on(session, queues, host="here", pid=1)
        raster = str(session.scalar(text("SELECT path FROM raster")))
        model = str(session.scalar(text("SELECT folder FROM model")))
    code, found = ask()
    assert (code, states(found, "problem")) == (0, set())
    assert not states(found, "warning") & {"workers", "tables", "folders without a row"}
    assert "1 files" in found["checksums of rasters"]["found"]

    (home / raster).unlink()
    (home / model / "heads.safetensors").write_bytes(b"?")
    (home / "cities" / "99-nobody").mkdir()
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", str(tmp_path / "none.json"))
    monkeypatch.setenv("AETHER_DISK_RESERVE_MB", "1000000000")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with store.session() as session:
        session.execute(text("UPDATE worker SET heartbeat = now() - interval '1 hour'"))
    code, found = ask()
    assert code == 1
    assert states(found, "problem") == {
        "rasters on the disk",
        "checksums of models",
        "map style",
        "disk of the home",
    }
    assert {"workers", "threads", "folders without a row"} <= states(found, "warning")
    assert raster in found["rasters on the disk"]["found"]
    assert "99-nobody" in found["folders without a row"]["found"]

    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    code, found = ask()
    assert "9999" in found["tables"]["found"]
    assert "tables" in states(found, "problem")
    assert "checksums of models" not in found


def test_what_keeps_all_else_from_working(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "none"))
    code, found = ask()
    assert code == 0
    assert {"home", "database"} <= states(found, "warning")
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("AETHER_DATABASE_URL", "postgresql://nobody:s3cret@127.0.0.1:1/none")
    code, found = ask()
    assert (code, states(found, "problem")) == (1, {"database"})
    assert "s3cret" not in json.dumps(found)
    monkeypatch.setenv("AETHER_READ_SECONDS", "soon")
    code, found = ask()
    assert (code, list(found)) == (1, ["settings"])
    assert "AETHER_READ_SECONDS" in found["settings"]["found"]


@pytest.mark.usefixtures("good_server")
def test_the_servers_are_asked_for_a_little(
    ask: Ask,
    server: PublicServer,
    world: World,
    empty_environment: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lon, lat = (float(one) for one in world.tiles[0].outline.centroid.coords[0])
    write_mosaic(tmp_path / "mosaic", area=(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001))
    with PublicServer(tmp_path) as mosaic:
        monkeypatch.setenv("AETHER_ALPHAEARTH_MOSAIC_URL", f"{mosaic.url}/mosaic")
        code, found = ask("--network")
        for part in ("", " index", " chunk"):
            assert " kB in " in found[f"AlphaEarth mosaic{part}"]["found"]
        assert "estimate" in found["AlphaEarth mosaic chunk"]["found"]
    assert (code, states(found, "problem")) == (0, set())
    for check in ("AlphaEarth index", "AlphaEarth block", "Overture release", "geocoder"):
        assert " kB in " in found[check]["found"]
    assert "estimate" in found["AlphaEarth block"]["found"]
    assert "estimate" in found["Overture places"]["found"]
    server.misbehave("", Fault("missing"), times=-1)
    code, found = ask("--network")
    wanting = {"AlphaEarth", "AlphaEarth mosaic", "Overture", "geocoder"}
    assert (code, states(found, "problem")) == (1, wanting)
    assert empty_environment.settings.public_cache.is_dir()
