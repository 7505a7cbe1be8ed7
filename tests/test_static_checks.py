"""The checks before the tests: one that fails is told and fails the whole."""

from pathlib import Path

import pytest

from tests.static_checks import CHECKS, ROOT, WORKERS_LATE, carry_out, judged, main


def test_a_fault_is_told_and_fails_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fine.py").write_text("x = 1\n")
    checks = [("ruff", "check", "--isolated", "."), ("ruff", "format", "--isolated", "--check")]
    assert main(checks, folder=tmp_path) == 0
    (tmp_path / "unused.py").write_text("import os\n")
    capsys.readouterr()
    assert main(checks, folder=tmp_path) == 1
    answer = capsys.readouterr().out
    assert "unused.py" in answer
    assert "ruff check --isolated .: FAILED" in answer
    assert "ruff format --isolated --check: passed" in answer


def test_every_check_is_there_and_knows_this_project() -> None:
    assert {command[0] for command in CHECKS} == {"bandit", "ruff", "lint-imports", "mypy"}
    found = carry_out(("ruff", "check", "--show-files"))
    files = set(found.output.splitlines())
    assert {str(ROOT / "app.py"), str(ROOT / "tests" / "conftest.py")} <= files


@pytest.mark.parametrize(("said", "passed"), [(WORKERS_LATE, True), ("error: a fault", False)])
def test_workers_that_start_late_are_no_fault_of_the_code(
    tmp_path: Path, said: str, passed: bool
) -> None:
    mypy = tmp_path / "mypy"
    mypy.write_text(f'#!/bin/sh\n[ $# = 0 ] && exit 0\necho "{said}"\nexit 2\n')
    mypy.chmod(0o755)
    found = judged(CHECKS[0], folder=tmp_path, programs=tmp_path)
    assert found.passed is passed
    assert found.words == ("mypy" if passed else "mypy --num-workers 2")
