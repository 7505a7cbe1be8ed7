"""The house rules that a machine can check: lint, format, types, layers, sizes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports"],
        ["mypy"],
    ],
    ids=" ".join,
)
def test_tool_is_content(command: list[str]) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tracked_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("git or the checkout's history is not here: what is tracked cannot be told")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_no_file_is_too_long_or_too_large() -> None:
    files = tracked_files()
    sources = [p for p in files if p.suffix == ".py" and p.parent.name != "versions"]  # frozen
    long = [p for p in sources if len(p.read_text().splitlines()) > 400]
    large = [p for p in files if p.stat().st_size > 1_000_000]
    assert not long, long
    assert not large, large


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
    assert set(services) == {"app", "worker", "database"}
    assert all("depends_on" in services[name] for name in ("app", "worker"))
    assert "healthcheck" in services["database"]


def test_dockerfile_copies_only_what_exists_and_drops_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line
    ]
    missing = [name for names in copied for name in names if not (ROOT / name).exists()]
    assert not missing
    assert "USER aether" in lines
