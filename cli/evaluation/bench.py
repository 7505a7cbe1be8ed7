"""`bench`: how fast each step is, against the plain way of doing it."""

import json
import os
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from aether_core.errors import InputError
from cli import output
from cli.options import Force

_QUICK = 0.1
_ENDINGS = (".json", ".md")


def bench(
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Only these lines of the table.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A tenth of each size, one run each; targets are not checked."
        ),
    ] = False,
    repeats: Annotated[
        int,
        typer.Option(
            min=1, max=50, help="Repetitions of each measurement; the median is reported."
        ),
    ] = 3,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Processors each variant may use; default: 2, if available."),
    ] = None,
    cold: Annotated[
        bool, typer.Option("--cold", help="Drop files from the system cache first.")
    ] = False,
    work: Annotated[
        Path | None, typer.Option(help="Folder to keep the inputs in for the next run.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the figures to benchmarks/RESULTS.md.")
    ] = False,
    target: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write: .json or .md")
    ] = None,
    force: Force = False,
) -> None:
    """Measure each step against the plain way of doing it.

    The whole table takes half an hour.
    """
    _check_request(target, force, quick=quick, keep=keep)
    document = _benchmarks("document")
    settings = _benchmarks("runner").Settings(
        threads=_threads(threads),
        repeats=1 if quick else repeats,
        part=_QUICK if quick else 1.0,
        cold=cold,
        work=None if work is None else work.expanduser().resolve(),
    )
    with output.progress() as progress:
        run: dict[str, Any] = document.bench(only or [], settings, progress)
    if target is not None:
        _write(run, target, force)
    kept = document.keep(run) if keep else None
    output.document(run)
    _show(run)
    for path in (target, kept):
        if path is not None:
            output.say(f"Written to {path}")


def _benchmarks(module: str) -> ModuleType:
    """Import a module of the source tree's `benchmarks`, which no installed image carries."""
    try:
        return import_module(f"benchmarks.{module}")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("benchmarks"):
            raise
        raise InputError(
            "the benchmarks are not part of this installation",
            "benchmarks/ is missing",
            "run this command from a checkout of the source",
            code="benchmarks-not-installed",
        ) from error


def _check_request(target: Path | None, force: bool, *, quick: bool, keep: bool) -> None:
    """Refuse what could not be written, before anything is measured."""
    from aether_core.files.whole import check_target

    if quick and keep:
        raise InputError(
            "a quick run checks no targets, so its results are not kept",
            "--quick --keep",
            "use one or the other",
            code="quick-run-not-kept",
        )
    if target is None:
        return
    if target.suffix.lower() not in _ENDINGS:
        raise InputError(
            "this file format cannot be written",
            target,
            "end it in .json or .md",
            code="output-wrong-ending",
        )
    check_target(target, force=force)


def _threads(asked: int | None) -> int:
    """How many processors to use.

    Raises:
        InputError: More than there are.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    there = there or 1
    if asked is not None and asked > there:
        raise InputError(
            "there are not that many processors",
            asked,
            f"give at most {there}",
            code="too-few-processors",
        )
    return asked or min(2, there)


def _write(run: dict[str, Any], target: Path, force: bool) -> None:
    from aether_core.files.whole import atomic_path

    table = _benchmarks("table")
    text = table.markdown(run) if target.suffix.lower() == ".md" else json.dumps(run, indent=1)
    with atomic_path(target, force=force) as temporary:
        temporary.write_text(text.rstrip("\n") + "\n")


def _show(run: dict[str, Any]) -> None:
    """Print the tables for people."""
    table = _benchmarks("table")
    output.table(table.COLUMNS, table.rows(run, wide=False))
    output.table(table.GROWTH_COLUMNS, table.growth_rows(run), title="Cost against size")
    for line in run["lines"]:
        output.say(f"{line['name']}: {line['work']}")
    for note in table.notes(run):
        output.say(note)
