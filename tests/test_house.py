"""The house rules that a machine can check; lint, types and layers are `static_checks`."""

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest
import rasterio
import yaml
from sqlalchemy import make_url

from workflows.home.settings import Settings
from workflows.jobs.kind import LANES

ROOT = Path(__file__).resolve().parents[1]
CODE = ("aether_core", "db", "workflows", "api", "cli", "ui", "pages")


def own_files() -> list[Path]:
    """The files of this checkout, told without git: all but what .gitignore names."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]

    def is_own(name: str) -> bool:
        return not any(fnmatch(name, pattern) for pattern in ignored)

    found: list[Path] = []
    for folder, inside, names in os.walk(ROOT):
        inside[:] = filter(is_own, inside)
        found += [Path(folder, name) for name in names if is_own(name)]
    return found


def test_no_file_is_too_large() -> None:
    files = own_files()
    assert {ROOT / "app.py", ROOT / ".ci" / "run"} <= set(files)
    assert not [p for p in files if p.stat().st_size > 1_000_000]


def test_no_room_is_crowded() -> None:
    """A folder is a subject: whoever opens one sees all of it at a glance."""
    rooms = Counter(
        path.parent
        for path in own_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE
    )
    assert not {str(room): files for room, files in rooms.items() if files > 17}


def test_the_earth_is_measured_in_one_room() -> None:
    """Its radius and the metres of a degree are numbers of `aether_core/spatial` alone."""
    spatial = ROOT / "aether_core" / "spatial"
    files = [ROOT / "app.py", *(path for room in CODE for path in (ROOT / room).rglob("*.py"))]
    elsewhere = [path for path in files if spatial not in path.parents]
    assert not {str(path): found for path in elsewhere if (found := earth_sizes(path.read_text()))}
    assert earth_sizes((spatial / "earth.py").read_text()) == [6_371_008.8, 6_378_137.0]
    assert earth_sizes("near = (6371, 111.32, 111_195.0, 1.1)") == [6371, 111.32, 111_195.0]


def earth_sizes(code: str) -> list[float]:
    """The numbers in code that are the earth's radius or a degree's length, in m or km."""
    return [
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and any(
            least * unit <= node.value <= most * unit
            for least, most in ((6356.7, 6378.2), (111.1, 111.4))
            for unit in (1, 1000)
        )
    ]


def test_the_tests_take_nothing_from_whoever_runs_them() -> None:
    own = {
        "AETHER_HOME": "/home/planner/.aether",
        "AETHER_TEXT_ENCODER": "/home/planner/encoder",
        "PGHOST": "db.example",
        "https_proxy": "http://proxy.example",
        "FORCE_COLOR": "1",
    }
    show = (
        "import os, tests.conftest; print(*(f'{k}={v}' for k, v in os.environ.items()), sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    left = dict(line.partition("=")[::2] for line in answer.stdout.splitlines())
    assert set(own) & set(left) == {"AETHER_HOME"}
    assert left["AETHER_HOME"] not in {own["AETHER_HOME"], str(ROOT / ".aether")}
    assert "OMP_NUM_THREADS" in left


def test_lock_pins_every_requirement() -> None:
    locked = {
        line.strip()
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }
    for name in ("requirements.txt", "requirements-test.txt"):
        for line in (ROOT / name).read_text().splitlines():
            pin = line.split("#")[0].strip().replace("[binary]", "")
            assert not pin or pin.lower() in {entry.lower() for entry in locked}, pin


def test_compose_file_describes_app_worker_and_database() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    workers = {f"worker-{lane}" for lane in LANES}
    apps = {"app", "app-two"}
    assert set(services) == {"database", "proxy"} | apps | workers
    assert all("depends_on" in services[name] for name in workers | apps)
    assert "healthcheck" in services["database"]
    # The proxy has the only open port, and knows the apps by their names.
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    named = re.search(r"AETHER_APPS:([^}]*)\}", (ROOT / "Caddyfile").read_text())
    assert named is not None
    assert {one.partition(":")[0] for one in named[1].split()} == apps


def test_dockerfile_copies_only_what_exists_and_drops_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line
    ]
    missing = [name for names in copied for name in names if not (ROOT / name).exists()]
    assert not missing
    assert "USER aether" in lines
    # Every folder the app imports is in the image.
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert rooms <= {name for names in copied for name in names}


def test_the_image_has_the_system_libraries_that_the_wheels_take_for_granted() -> None:
    image = (ROOT / "Dockerfile").read_text()
    libraries = Path(rasterio.__file__).parents[1] / "rasterio.libs"
    gdal = next(libraries.glob("libgdal*"))
    assert b"libexpat.so.1" in gdal.read_bytes(), "the image no longer needs libexpat1"
    assert " libexpat1 " in image.partition("AS build")[2]


def resolved(text: str, given: Mapping[str, str]) -> str:
    """A compose file with its variables put in, as `docker compose config` does it."""

    def value(found: re.Match[str]) -> str:
        name, sign, other = found["name"], found["sign"], found["other"] or ""
        if given.get(name):
            return given[name]
        if sign == ":?":
            raise KeyError(f"{name}: {other}")
        return other

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<sign>:[-?])(?P<other>[^}]*))?\}", value, text)


def test_the_compose_file_resolves_and_refers_to_what_it_declares() -> None:
    text = (ROOT / "compose.yaml").read_text()
    with pytest.raises(KeyError, match="AETHER_DB_PASSWORD"):
        resolved(text, {})
    plain = resolved(text, {"AETHER_DB_PASSWORD": "secret"})
    assert "${" not in plain
    document = yaml.safe_load(plain)
    services = document["services"]
    for service in services.values():
        assert "image" in service
        volumes = {volume.partition(":")[0] for volume in service["volumes"]}
        files = {volume for volume in volumes if volume.startswith("./")}
        assert volumes - files <= set(document["volumes"])
        assert all((ROOT / file).is_file() for file in files)
        assert set(service.get("depends_on", ())) <= set(services)
    app = services["app"]
    assert services["proxy"]["ports"] == ["127.0.0.1:8501:80"]
    address = make_url(app["environment"]["AETHER_DATABASE_URL"])
    database = services["database"]["environment"]
    assert (address.host, address.username, address.database, address.password) == (
        "database",
        database["POSTGRES_USER"],
        database["POSTGRES_DB"],
        database["POSTGRES_PASSWORD"],
    )
    known = {f"AETHER_{name.upper()}" for name in Settings.model_fields}
    assert set(app["environment"]) <= known


def test_every_test_that_a_document_names_is_there() -> None:
    """Attacks and faults are listed with the tests that show what becomes of them."""
    tests: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        tests[path.name] = tests.get(path.name, "") + path.read_text()
    named = []
    for document in ("security.md", "operations.md"):
        text = (ROOT / "docs" / document).read_text()
        named += re.findall(r"`(?:tests/[\w/]+/)?(test_\w+\.py)(?:::(\w+))?`", text)
    gone = [
        (file, test)
        for file, test in named
        if file not in tests or (test and f"def {test}(" not in tests[file])
    ]
    assert gone == []
    attacks = (ROOT / "docs" / "security.md").read_text().partition("## An outsider's attacks")[2]
    rows = [row for row in attacks.partition("\n## ")[0].splitlines() if row.startswith("| ")][2:]
    assert len(rows) > 40
    assert not [row for row in rows if "`test_" not in row.rsplit("|", 2)[1]]
