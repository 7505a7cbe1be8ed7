"""The launcher, with a Python that only tells how it was called."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    *("bash", "cat", "dirname", "env", "flock", "grep", "id", "mktemp", "readlink", "rm"),
    *("sha256sum", "tail", "cut"),
)
TELLING = """#!/bin/sh
echo "$* utf8=$PYTHONUTF8 wait=$OMP_WAIT_POLICY home=$AETHER_HOME"
[ -n "$FAILS" ] || exit 0
case "$*" in *"$FAILS"*) exit 3 ;; esac
"""


@pytest.fixture
def checkout() -> Iterator[Path]:
    """The launcher in a folder that everybody may enter, everything installed already."""
    folder = Path(tempfile.mkdtemp(prefix="aether-launcher-"))
    folder.chmod(0o755)
    shutil.copy(ROOT / "aether", folder)
    (folder / "requirements.lock").touch()
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(TELLING)
    python.chmod(0o755)
    for name in ("requirements.txt", "requirements-test.txt"):
        (folder / name).touch()
        stamp = subprocess.run(["sha256sum"], input="", capture_output=True, text=True, check=True)
        (folder / ".venv" / f".{name}.installed").write_text(stamp.stdout)
    yield folder
    shutil.rmtree(folder)


def launch(folder: Path, *words: str, path: str = "", **environment: str) -> tuple[int, str, str]:
    """Run it as a user without rights: exit code, what it printed, what it said."""
    account = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    done = subprocess.run(
        [folder / "aether", *words],
        env={"PATH": path or os.environ["PATH"], **environment},
        cwd="/",
        user=account,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def bare_path(folder: Path) -> str:
    """A PATH with a shell's tools and an apt that must not be called, and nothing else."""
    tools = folder / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (tools / name).symlink_to(found)
    (tools / "apt-get").write_text("#!/bin/sh\necho apt-get was called >&2\nexit 9\n")
    (tools / "apt-get").chmod(0o755)
    return str(tools)


def test_commands_are_handed_over_with_an_environment_that_every_system_reads_alike(
    checkout: Path,
) -> None:
    home = f"home={checkout}/.aether"
    assert launch(checkout, "city", "list") == (
        0,
        f"-m cli city list utf8=1 wait=PASSIVE {home}\n",
        "",
    )
    reported = launch(checkout, "up", AETHER_HOME="/data", OMP_WAIT_POLICY="ACTIVE")[1]
    assert reported == "-m cli up utf8=1 wait=ACTIVE home=/data\n"


def test_all_that_is_lacking_is_said_in_one_line_to_a_user_without_rights(checkout: Path) -> None:
    code, out, err = launch(checkout, "test", path=bare_path(checkout))
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("error: this system lacks ")
    assert "apt-get install" in line
    assert {"chromium", "openssl"} <= set(line.replace("'", " ").split())


def test_a_checkout_of_someone_else_is_not_written_to(checkout: Path) -> None:
    if os.geteuid() != 0:
        checkout.chmod(0o555)
    stamp = checkout / ".venv" / ".requirements.txt.installed"
    stamp.write_text("an older lock")
    code, out, err = launch(checkout, "up")
    checkout.chmod(0o755)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert str(checkout) in line
    assert stamp.read_text() == "an older lock"


def test_a_library_is_found_in_however_long_a_list(checkout: Path) -> None:
    tools = bare_path(checkout)
    listing = Path(tools) / "ldconfig"
    listing.write_text(
        "#!/bin/sh\necho 'libatomic.so.1 (libc6,x86-64) => /usr/lib/libatomic.so.1'\n"
        "number=0\nwhile [ $number -lt 20000 ]; do\n"
        "  echo another library; number=$((number + 1))\ndone\n"
    )
    listing.chmod(0o755)
    path = os.pathsep.join([tools, os.environ["PATH"]])
    assert launch(checkout, "test", "tests/db", path=path)[0] == 0


def test_the_checks_come_before_all_tests_and_not_before_chosen_ones(checkout: Path) -> None:
    def verbs(*words: str, fails: str = "") -> tuple[int, list[str]]:
        path = os.pathsep.join([bare_path(checkout), os.environ["PATH"]])
        code, out, _ = launch(checkout, "test", *words, path=path, FAILS=fails)
        shutil.rmtree(checkout / "tools")
        return code, [line.split(" utf8")[0] for line in out.splitlines()]

    both = ["-m tests.static_checks", "-m pytest"]
    assert verbs() == (0, both)
    assert verbs("tests/db", "-x") == (0, ["-m pytest tests/db -x"])
    assert verbs(fails="static_checks") == (1, both)
    assert verbs(fails="pytest") == (3, both)
