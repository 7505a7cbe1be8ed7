"""The benchmark's machinery, on tiny work: no figure is judged here, only that each is there."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aether_core.errors import AetherError, NotFoundError
from benchmarks import document
from benchmarks.line import Check, Clock, Spread, Took
from benchmarks.measure import Onlooker
from benchmarks.registry import LINES, lines_named
from benchmarks.runner import Result, Settings, Step, growth_exponent, run_lines
from benchmarks.table import COLUMNS, GROWTH_COLUMNS, growth_rows, markdown, rows
from cli.__main__ import run as command
from tests.errors import fault

TINY = Settings(threads=1, repeats=1, part=0.1)

A_LINE = """
from benchmarks.line import Case, Clock, Line, Took, Way, every, seconds_at_most

def prepare(case):
    (case.folder / "numbers").write_text(" ".join(map(str, range(case.size["numbers"]))))

def ours(case):
    with Clock() as clock:
        held = b"x" * 50_000_000
        sum(map(int, (case.folder / "numbers").read_text().split()))
    return Took.whole(clock, held=len(held))

def plain(case):
    if case.size["numbers"] > 20_000:
        raise ValueError("too many numbers")
    with Clock() as clock:
        sum(int(word) for word in (case.folder / "numbers").read_text().split())
    return Took.whole(clock)

def line(name, **changes):
    return Line(**{
        "name": name, "module": __name__, "size": lambda part: {"numbers": round(100_000 * part)},
        "words": lambda size: f"add {size['numbers']:,} numbers", "items": "numbers",
        "prepare": prepare, "ways": {"ours": Way("map", ours), "reference": Way("a loop", plain)},
        "checks": every(seconds_at_most(60)), **changes})

LINES = (line("sum"), line("huge", disk_bytes=lambda size: 10**18))
"""


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module with lines that take no time, importable here and by the measuring processes."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "sum_line.py").write_text(A_LINE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield importlib.import_module("sum_line")
    del sys.modules["sum_line"]


def spread(seconds: float) -> Spread:
    return Spread("a way", seconds, seconds, seconds, seconds, 10**9, 1, 0.0, "", {})


def as_run(*results: Result, processor: str = "one") -> document.Document:
    return {
        "date": "2026-01-01 00:00 UTC",
        "machine": {
            "processor": processor,
            "processors": 2,
            "memory_gb": 8,
            "gpu": "none",
            "load": 0.0,
        },
        "versions": {"aether": "abc"},
        "settings": {"threads": 2, "repeats": 1, "part": 1.0, "file_cache": "warm"},
        "lines": [document.line_document(result) for result in results],
    }


def test_a_line_gives_every_figure_of_the_table(lines: ModuleType) -> None:
    (result,) = run_lines(lines.LINES[:1], TINY)
    line = document.line_document(result)
    json.dumps(line, allow_nan=False)
    ours, plain = line["ways"]["ours"], line["ways"]["reference"]
    assert line["ratio"] == pytest.approx(plain["seconds"] / ours["seconds"])
    assert ours["peak_bytes"] > plain["peak_bytes"] + 40_000_000, "peak memory is each way's own"
    assert ours["facts"] == {"held": 50_000_000}
    assert [step["items"] for step in line["growth"]] == [100, 1_000, 10_000]
    assert line["holds"] is None, "targets are set for the whole size"
    run = as_run(result)
    assert {len(row) for row in rows(run, wide=True)} == {len(COLUMNS)}
    assert {len(row) for row in growth_rows(run)} == {len(GROWTH_COLUMNS)}
    assert "add 10,000 numbers" in markdown(run)


def test_kept_inputs_are_made_anew_when_their_code_changes(
    lines: ModuleType, tmp_path: Path
) -> None:
    reports: list[str] = []
    settings = Settings(threads=1, repeats=1, part=0.1, work=tmp_path / "work")

    def made() -> int:
        reports.clear()
        list(run_lines(lines.LINES[:1], settings, lambda words, _done, _all: reports.append(words)))
        return sum("making" in words for words in reports)

    assert made() == 3
    assert made() == 0
    source = Path(str(lines.__file__))
    source.write_text(source.read_text() + "\n# changed\n")
    assert made() == 3


def test_a_failing_way_is_named_and_its_inputs_go(
    lines: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(
        AetherError, check=fault("benchmark-failed", "sum", "reference", "too many numbers")
    ):
        list(run_lines(lines.LINES[:1], Settings(threads=1, repeats=1)))
    assert not list(tmp_path.glob("aether-bench-*"))


def test_what_does_not_fit_the_disk_is_not_run(lines: ModuleType) -> None:
    (result,) = run_lines(lines.LINES[1:], TINY)
    assert "GB of disk" in result.unavailable
    assert result.holds is None
    assert rows(as_run(result), wide=False)[0][1] == result.unavailable


def test_only_the_second_part_of_a_share_is_scaled() -> None:
    first, rest = Clock(), Clock()
    first.seconds, rest.seconds = 5.0, 1.0
    took = Took.scaled(first, rest, (100, 100), 1_100)
    assert took.seconds == pytest.approx(5 + 10 * 1)
    assert "200 of 1,100" in took.share
    assert not Took.scaled(first, rest, (100, 100), 200).share


@pytest.mark.parametrize(("seconds", "faster"), [(1.0, True), (10.0, True), (20.0, False)])
def test_a_cost_that_outgrows_its_data_does_not_hold(seconds: float, faster: bool) -> None:
    steps = [Step("small", 1_000, spread(1.0)), Step("large", 10_000, spread(seconds))]
    check = Check("seconds", 1.0, 2.0, "s", at_least=False)
    exponent = growth_exponent(steps)
    result = Result("a", "b", "", {}, [check], judged=True, steps=steps, exponent=exponent)
    assert result.grows_no_faster is faster
    assert result.holds is faster


def test_a_missed_target_is_said() -> None:
    missed = Check("peak memory", 3e9, 2e9, "bytes", at_least=False)
    result = Result("a", "work", "", {"ours": spread(1.0)}, [missed], judged=True)
    assert result.holds is False
    (row,) = rows(as_run(result), wide=True)
    assert "NO" in row
    assert "at most 2.00 GB" in row


def test_a_figure_taken_beside_other_work_is_marked() -> None:
    disturbed = replace(spread(1.0), others=0.4)
    check = Check("seconds", 1.0, 2.0, "s", at_least=False)
    run = as_run(Result("a", "work", "", {"ours": disturbed}, [check], judged=True))
    assert rows(run, wide=False)[0][1] == "1.00 s *"
    assert "40 %" in markdown(run)
    calm = as_run(Result("a", "work", "", {"ours": spread(1.0)}, [check], judged=True))
    assert "*" not in markdown(calm)


def test_the_onlooker_sees_other_programs() -> None:
    processors = sorted(os.sched_getaffinity(0))
    burn = "import time; end = time.perf_counter() + 1.5\nwhile time.perf_counter() < end: pass"
    with Onlooker(processors) as onlooker:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert onlooker.others > 0.5 / len(processors)


def test_kept_lines_of_another_machine_are_not_mixed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "HERE", tmp_path)
    (tmp_path / "RESULTS.md").write_text("# old\n\n## Remarks\n\nWritten by hand.\n")

    def keep(name: str, processor: str) -> list[str]:
        check = Check("seconds", 1.0, 2.0, "s", at_least=False)
        result = Result(name, "work", "", {"ours": spread(1.0)}, [check], judged=True)
        document.keep(as_run(result, processor=processor))
        kept = json.loads((tmp_path / "results.json").read_text())
        return [line["name"] for line in kept["lines"]]

    assert keep("query", "one") == ["query"]
    assert keep("pool", "one") == ["pool", "query"]
    assert keep("pool", "one") == ["pool", "query"]
    assert keep("embed", "another") == ["embed"]
    assert (tmp_path / "RESULTS.md").read_text().endswith("## Remarks\n\nWritten by hand.\n")


def test_the_lines_asked_for_are_there_each_under_a_name_of_its_own() -> None:
    names = [line.name for line in LINES]
    assert len(set(names)) == len(names)
    wanted = "pool pool-large epoch epoch-gpu text embed fetch query query-large query-text"
    assert set(wanted.split()) <= set(names)
    with pytest.raises(NotFoundError, check=fault("no-such-benchmark", "pol", "pool-large")):
        lines_named(["pol"])


@pytest.mark.parametrize("name", ["pool-packed", "pool-large", "embed", "fetch", "epoch", "query"])
def test_every_way_does_the_same_work(name: str, tmp_path: Path) -> None:
    """Run in this process: what is measured, not how."""
    from benchmarks.line import Case

    (line,) = lines_named([name])
    case = Case(line.size(0.0001), tmp_path)
    line.prepare(case)
    for way in line.ways.values():
        assert way.run(case).seconds > 0
    line.agree(tmp_path)


def test_the_command_prints_one_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def bench(names: list[str], settings: Settings, _progress: object) -> document.Document:
        asked.update(names=names, settings=settings)
        return as_run(Result("query", "work", "no GPU here", {}, [], judged=False))

    monkeypatch.setattr(document, "bench", bench)
    arguments = ["bench", "--only", "query", "text", "--quick", "--json"]
    assert command([*arguments, "-o", str(tmp_path / "table.md")]) == 0
    assert json.loads(capsys.readouterr().out)["lines"][0]["unavailable"] == "no GPU here"
    assert asked["names"] == ["query", "text"]
    assert asked["settings"].part == 0.1
    assert (tmp_path / "table.md").read_text().startswith("# Benchmarks")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "nothing"],
        ["--quick", "--keep"],
        ["--only", "query", "-o", "table.pdf"],
        ["--only", "query", "--threads", "4096"],
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["bench", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_command_says_when_there_is_no_source_tree(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("cli.evaluation.bench.import_module", gone)
    assert command(["bench"]) == 2
    assert "checkout" in capsys.readouterr().err
