"""What nobody foresaw: one line on the terminal, the rest in a log; only SIGINT interrupts."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import procrastinate
import psycopg
import pytest
import typer

from aether_core.errors import (
    AetherError,
    DiskFullError,
    DiskReadOnlyError,
    StoreUnavailableError,
)
from cli import __main__ as command_line
from db.engine import conninfo
from workflows.home.unforeseen import LOG, in_plain_words

ROOT = Path(__file__).resolve().parents[3]
Ends = Callable[[Callable[[], NoReturn]], tuple[int, dict[str, str], str]]


@pytest.fixture
def ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Ends:
    """Runs a command line whose one command raises: exit code, error document, stderr."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AETHER_DATABASE_URL", "postgresql://nobody@/none")

    def run(raises: Callable[[], NoReturn]) -> tuple[int, dict[str, str], str]:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command("fails")(raises)
        app.command("other")(lambda: None)
        monkeypatch.setattr(command_line, "app", app)
        code = command_line.run(["fails", "--json"])
        said = capsys.readouterr()
        document = json.loads(said.out)
        assert set(document) == {"error"}
        lines = said.err.strip().splitlines()
        assert lines[-1] == f"error: {document['error']['message']}"
        return code, document["error"], said.err

    return run


def test_an_error_of_ours_is_one_line_and_its_traceback_in_a_log(
    ends: Ends, tmp_path: Path
) -> None:
    def fails() -> NoReturn:
        raise RuntimeError("two\nlines")

    code, error, stderr = ends(fails)
    assert (code, error["type"]) == (1, "RuntimeError")
    assert len(stderr.strip().splitlines()) == 1
    log = tmp_path / "home" / "logs" / LOG
    assert str(log) in error["message"]
    reference = error["message"].split()[-1]
    kept = log.read_text()
    assert reference in kept
    assert "Traceback" in kept


def test_without_a_log_the_traceback_is_shown(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")

    def fails() -> NoReturn:
        raise RuntimeError("lost otherwise")

    code, error, stderr = ends(fails)
    assert (code, error["type"]) == (1, "RuntimeError")
    assert "Traceback" in stderr


def test_the_end_of_a_file_is_no_interruption(ends: Ends) -> None:
    """As numpy says of a cache file that was cut; typer takes it for the end of the input."""

    def fails() -> NoReturn:
        raise EOFError("No data left in file")

    code, error, _ = ends(fails)
    assert (code, error["type"]) == (1, "EOFError")


def test_a_question_nobody_answers_is_the_users_to_mend(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> NoReturn:
        typer.confirm("Continue?", err=True)
        raise AssertionError

    with Path("/dev/null").open() as ended:
        monkeypatch.setattr("sys.stdin", ended)
        code, error, _ = ends(fails)
    assert (code, error["type"]) == (2, "InputError")


def test_an_interruption_is_said(ends: Ends) -> None:
    def fails() -> NoReturn:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    code, error, _ = ends(fails)
    assert (code, error["type"]) == (130, "Interrupted")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EROFS, DiskReadOnlyError),
    ],
)
def test_a_disk_at_fault_is_one_line_wherever_it_shows(
    ends: Ends, tmp_path: Path, number: int, kind: type[AetherError]
) -> None:
    def fails() -> NoReturn:
        met = OSError(number, os.strerror(number), str(tmp_path / "x.bin"))
        raise ValueError("deep inside a library") from met

    code, error, stderr = ends(fails)
    assert (code, error["type"]) == (2, kind.__name__)
    assert str(tmp_path) in error["message"]
    assert len(stderr.strip().splitlines()) == 1


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    """`./aether recipes > FILE` on a full disk: standard output is flushed late."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "recipes", "--json"],
            env={**os.environ, "AETHER_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_the_database_speaks_through_other_libraries(database_url: str) -> None:
    """The queue's library wraps what the server says."""
    lost = procrastinate.exceptions.ConnectorException("x")
    lost.__cause__ = psycopg.errors.AdminShutdown("terminating connection")
    assert isinstance(in_plain_words(lost), StoreUnavailableError)
    full = procrastinate.exceptions.ConnectorException("x")
    full.__cause__ = psycopg.errors.DiskFull("could not extend file")
    assert isinstance(in_plain_words(full), DiskFullError)
    with psycopg.connect(conninfo(database_url)) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.Error) as met:
            connection.execute("CREATE TABLE t (n int)")
    assert isinstance(in_plain_words(met.value), DiskReadOnlyError)


def test_a_defect_of_ours_stays_one(database_url: str) -> None:
    with psycopg.connect(conninfo(database_url)) as connection, pytest.raises(psycopg.Error) as met:
        connection.execute("SELECT nonsense")
    assert in_plain_words(met.value) is None
    assert in_plain_words(KeyError("x")) is None


def test_sigint_to_a_real_command(tmp_path: Path) -> None:
    """The signal, not an error that happens to look like it; sent while a database keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        child = subprocess.Popen(
            [sys.executable, "-m", "cli", "city", "list", "--json"],
            env={
                **os.environ,
                "AETHER_HOME": str(tmp_path),
                "AETHER_DATABASE_URL": f"postgresql://a@127.0.0.1:{silent.getsockname()[1]}/a",
                "PYTHONPATH": str(ROOT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            asked, _ = silent.accept()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)
            asked.close()
        finally:
            child.kill()
            child.wait()
    assert child.returncode == 130
    assert json.loads(out)["error"]["type"] == "Interrupted"
    assert "Traceback" not in err
