"""Runs lines of the table: makes their inputs, measures each way, sets figures against targets."""

import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aether_core.errors import AetherError
from aether_core.progress import Progress, silent
from benchmarks.line import Check, Line, Size, Spread
from benchmarks.measure import PREPARE

ROOT = Path(__file__).resolve().parents[1]
STEPS = (0.01, 0.1, 1.0)
"""Parts of the whole size at which the cost is held against the size: 1x, 10x, 100x."""
STEEPEST = 1.1
"""Largest exponent of time against data that still counts as growing no faster; the tenth over 1 is
for noise."""


@dataclass(frozen=True)
class Settings:
    """How a run measures.

    Attributes:
        threads: Processors that either way may use.
        repeats: Measurements of each way, in turns; the median counts.
        part: Part of the whole size that is run; targets are judged at 1 only.
        cold: The inputs are dropped from the system's file cache before each measurement.
        work: Folder where inputs are kept from run to run; a temporary one when None.
    """

    threads: int = 2
    repeats: int = 3
    part: float = 1.0
    cold: bool = False
    work: Path | None = None


@dataclass(frozen=True)
class Step:
    """Our cost at one size.

    Attributes:
        words: The size in words.
        items: How much data that is.
        spread: What it took.
    """

    words: str
    items: int
    spread: Spread


@dataclass(frozen=True)
class Result:
    """One line, measured.

    Attributes:
        name: The line's name.
        words: The work in words, at the size that was run.
        unavailable: Why it could not be run here, "" when it was.
        measured: The ways by name; "ours" first.
        checks: Figures with targets.
        judged: The whole size was run, so that the targets apply.
        steps: Our cost at the three sizes.
        exponent: Of our time against the data, between the two larger sizes; None when it was not.
    """

    name: str
    words: str
    unavailable: str
    measured: Mapping[str, Spread]
    checks: Sequence[Check]
    judged: bool
    steps: Sequence[Step] = ()
    exponent: float | None = None

    @property
    def holds(self) -> bool | None:
        """Every check holds and the cost grows no faster than the data; None when not judged."""
        if not self.judged:
            return None
        return all(check.holds for check in self.checks) and self.grows_no_faster is not False

    @property
    def grows_no_faster(self) -> bool | None:
        """The time grows no faster than the data between the two larger sizes."""
        return None if self.exponent is None else self.exponent <= STEEPEST


def run_lines(
    lines: Sequence[Line], settings: Settings, progress: Progress = silent
) -> Iterator[Result]:
    """Measure lines one after the other.

    Yields:
        A result as soon as its line is done.

    Raises:
        AetherError: A measurement failed, or two ways that should agree do not.
    """
    for done, line in enumerate(lines):

        def tell(words: str, line: Line = line, done: int = done) -> None:
            progress(f"{line.name}: {words}", done, len(lines))

        reason = line.unavailable() or _no_room(line, settings)
        yield _unavailable(line, settings, reason) if reason else _run(line, settings, tell)
    progress("done", len(lines), len(lines))


def _no_room(line: Line, settings: Settings) -> str:
    """Why the disk cannot take the inputs, "" when it can."""
    place = settings.work or Path(tempfile.gettempdir())
    place = next(folder for folder in (place, *place.parents) if folder.exists())
    needed, free = line.disk_bytes(line.size(settings.part)), shutil.disk_usage(place).free
    if needed < free:
        return ""
    return f"its inputs need {needed / 1e9:.0f} GB of disk, {free / 1e9:.0f} GB are free"


def _unavailable(line: Line, settings: Settings, reason: str) -> Result:
    return Result(line.name, line.words(line.size(settings.part)), reason, {}, [], judged=False)


def _run(line: Line, settings: Settings, tell: Callable[[str], None]) -> Result:
    """Measure a line: ours at the two smaller sizes, then every way at the whole one."""
    steps = []
    for part in STEPS[:-1] if line.grows else ():
        size = line.size(part * settings.part)
        with _inputs(line, size, settings, tell) as folder:
            ours = _measure(line, ["ours"], size, folder, settings, tell)["ours"]
        steps.append(Step(line.words(size), size[line.items], ours))
    size = line.size(settings.part)
    with _inputs(line, size, settings, tell) as folder:
        measured = _measure(line, list(line.ways), size, folder, settings, tell)
        further = line.agree(folder) or ()
    if steps:
        steps.append(Step(line.words(size), size[line.items], measured["ours"]))
    return Result(
        name=line.name,
        words=line.words(size),
        unavailable="",
        measured=measured,
        checks=[*line.checks(measured), *further],
        judged=settings.part == 1,
        steps=steps,
        exponent=growth_exponent(steps),
    )


@contextmanager
def _inputs(
    line: Line, size: Size, settings: Settings, tell: Callable[[str], None]
) -> Iterator[Path]:
    """Inputs of a size: made, or found where an earlier run kept them."""
    key = "-".join([line.name, *(str(value) for value in size.values())])
    kept = settings.work
    folder = Path(tempfile.mkdtemp(prefix="aether-bench-")) if kept is None else kept / key
    ready, makers = folder / "ready", _makers(line)
    try:
        if not ready.exists() or ready.read_text() != makers:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            tell(f"making the inputs, {line.words(size)}")
            _in_process(line, PREPARE, size, folder, settings)
            ready.write_text(makers)
        yield folder
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _makers(line: Line) -> str:
    """Digest of the code that makes a line's inputs: kept inputs of other code are made anew."""
    module = sys.modules[line.module].__file__
    sources = (ROOT / "benchmarks" / "inputs.py", *([Path(module)] if module else []))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _measure(
    line: Line,
    names: Sequence[str],
    size: Size,
    folder: Path,
    settings: Settings,
    tell: Callable[[str], None],
) -> dict[str, Spread]:
    """Measure ways in turns, so that what slows the machine for a while slows all of them."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(settings.repeats):
        for name in names:
            way = line.ways[name]
            if turn and way.once:
                continue
            tell(f"{way.words} ({turn + 1} of {1 if way.once else settings.repeats})")
            found[name].append(_in_process(line, name, size, folder, settings))
    return {name: _spread(line.ways[name].words, took) for name, took in found.items()}


def _spread(words: str, took: Sequence[Mapping[str, Any]]) -> Spread:
    seconds = [entry["seconds"] for entry in took]
    return Spread(
        words=words,
        seconds=statistics.median(seconds),
        low=min(seconds),
        high=max(seconds),
        cpu_seconds=statistics.median(entry["cpu_seconds"] for entry in took),
        peak_bytes=max(entry["peak_bytes"] for entry in took),
        runs=len(took),
        others=max(entry["others"] for entry in took),
        share=took[-1]["share"],
        facts=took[-1]["facts"],
    )


def growth_exponent(steps: Sequence[Step]) -> float | None:
    """Slope of time against data on logarithmic scales over the last two sizes; 1 is in proportion.

    None where the sizes were too small to differ.
    """
    if len(steps) < 2 or steps[-1].items <= steps[-2].items:
        return None
    slower = steps[-1].spread.seconds / steps[-2].spread.seconds
    return math.log(slower) / math.log(steps[-1].items / steps[-2].items)


def _in_process(
    line: Line, way: str, size: Size, folder: Path, settings: Settings
) -> dict[str, Any]:
    """Run one measurement in a process of its own and return what it found."""
    job = {
        "size": dict(size),
        "folder": str(folder),
        "threads": settings.threads,
        "cold": settings.cold,
    }
    count = str(settings.threads)
    environment = os.environ | {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    with tempfile.TemporaryDirectory(prefix="aether-bench-") as scratch:
        out = Path(scratch) / "took.json"
        command = [sys.executable, "-m", "benchmarks.measure", line.module, line.name, way]
        done = subprocess.run(
            [*command, json.dumps(job), str(out)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise AetherError(
                f"the benchmark {line.name} failed in '{way}': {last}", code="benchmark-failed"
            )
        result: dict[str, Any] = json.loads(out.read_text())
    return result
