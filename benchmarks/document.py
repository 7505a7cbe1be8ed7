"""A run of the benchmarks as one plain document, and the figures kept from run to run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aether_core.files.whole import atomic_path
from aether_core.progress import Progress, silent
from benchmarks.line import Check, Spread, ratio
from benchmarks.machine import machine, versions
from benchmarks.registry import lines_named
from benchmarks.runner import Result, Settings, run_lines
from benchmarks.table import markdown

HERE = Path(__file__).resolve().parent
REMARKS = "## Remarks"
"""Below this heading `RESULTS.md` is written by hand and left as it is."""

Document = dict[str, Any]


def bench(names: Sequence[str], settings: Settings, progress: Progress = silent) -> Document:
    """Run lines of the table.

    Args:
        names: Which; all of them when none is named.
        settings: How to measure.
        progress: Told which measurement is being made.

    Returns:
        `date`, `machine`, `versions`, `settings` and `lines`, ready for JSON.

    Raises:
        NotFoundError: A name is unknown.
        AetherError: A measurement failed.
    """
    lines = lines_named(names)
    on = machine()
    found = [line_document(result) for result in run_lines(lines, settings, progress)]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": on,
        "versions": versions(),
        "settings": {
            "threads": settings.threads,
            "repeats": settings.repeats,
            "part": settings.part,
            "file_cache": "cold" if settings.cold else "warm",
        },
        "lines": found,
    }


def line_document(result: Result) -> Document:
    """A result as plain values."""
    return {
        "name": result.name,
        "work": result.words,
        "unavailable": result.unavailable or None,
        "holds": result.holds,
        "ratio": ratio(result.measured) if "reference" in result.measured else None,
        "ways": {name: _spread(spread) for name, spread in result.measured.items()},
        "checks": [_check(check, result.judged) for check in result.checks],
        "growth": [
            {"size": step.words, "items": step.items, **_spread(step.spread)}
            for step in result.steps
        ],
        "exponent": result.exponent,
        "grows_no_faster": result.grows_no_faster,
    }


def _spread(spread: Spread) -> Document:
    return asdict(spread) | {"facts": dict(spread.facts)}


def _check(check: Check, judged: bool) -> Document:
    return asdict(check) | {"holds": check.holds if judged else None}


def keep(run: Document) -> Path:
    """Write a run into `RESULTS.md`, beside what earlier runs on such a machine measured.

    Lines of this run replace those kept of the same name. When machine or settings are others than
    before, the earlier lines go: figures of two machines do not belong in one table.

    Returns:
        The Markdown file.
    """
    path, table = HERE / "results.json", HERE / "RESULTS.md"
    stamp = {
        "date": run["date"],
        "revision": run["versions"]["aether"],
        "load": run["machine"]["load"],
    }
    lines = [{**line, **stamp} for line in run["lines"]]
    kept = json.loads(path.read_text()) if path.exists() else {}
    if kept and _like(kept) == _like(run):
        lines = _merged(kept["lines"], lines)
    whole = {**run, "lines": lines}
    with atomic_path(path, force=True) as target:
        target.write_text(json.dumps(whole, indent=1) + "\n")
    remarks = table.read_text().partition(REMARKS)[2] if table.exists() else "\n"
    with atomic_path(table, force=True) as target:
        target.write_text(f"{markdown(whole)}\n{REMARKS}{remarks}")
    return table


def _like(run: Mapping[str, Any]) -> object:
    """What has to be equal for two runs' figures to stand in one table."""
    on = {key: value for key, value in run["machine"].items() if key != "load"}
    how = {key: value for key, value in run["settings"].items() if key != "repeats"}
    return on, how


def _merged(before: Iterable[Document], now: Iterable[Document]) -> list[Document]:
    """Lines in the table's order, those of this run in place of earlier ones."""
    found = {line["name"]: line for line in (*before, *now)}
    return [found[line.name] for line in lines_named([]) if line.name in found]
