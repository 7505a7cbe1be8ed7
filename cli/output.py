"""How commands speak: one JSON document, or tables and progress for people."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import aether_core.progress
from workflows.home.json_values import json_text


@dataclass
class Mode:
    """Whether `--json` was given, set once before the command runs; whether it was answered."""

    json: bool = False
    answered: bool = False


MODE = Mode()
_UNBROKEN = 10_000
_NARROWEST = 6
"""Columns beside one that is copied are not made narrower than this."""
_stdout = Console()
_stderr = Console(stderr=True)


def document(value: dict[str, Any] | list[Any]) -> None:
    """Print the command's one JSON document, if JSON is asked for."""
    if MODE.json:
        sys.stdout.write(json_text(value) + "\n")
        sys.stdout.flush()
        MODE.answered = True


def say(line: str) -> None:
    """Print a line for people."""
    if not MODE.json:
        _stdout.print(line, markup=False, highlight=False, soft_wrap=True)


def remark(line: str) -> None:
    """Print a line beside what was asked for, on stderr."""
    sys.stderr.write(f"{line}\n")


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str | None = None,
    *,
    copied: str | None = None,
) -> None:
    """Print a table for people.

    Args:
        columns: Headings.
        rows: Cells.
        title: Stands above it.
        copied: A column whose cells are typed again elsewhere: they are never cut or broken, even
            where lines get wider than the terminal.
    """
    if MODE.json:
        return
    shown = Table(title=title, title_justify="left")
    cells = [[_cell(value) for value in row] for row in rows]
    for name in columns:
        shown.add_column(name, no_wrap=name == copied, overflow="fold")
    for row in cells:
        shown.add_row(*row)
    natural = Measurement.get(_stdout, _stdout.options.update(max_width=_UNBROKEN), shown).maximum
    if natural > _stdout.width:
        shown.width = min(natural, _widest(columns, cells, copied))
    _stdout.print(shown, markup=False, crop=False, soft_wrap=True)


def _widest(columns: Sequence[str], cells: Sequence[Sequence[str]], copied: str | None) -> int:
    """How wide a table may be: no program that reads it wants broken lines."""
    if not _stdout.is_terminal:
        return _UNBROKEN
    if copied is None:
        return _stdout.width
    at = columns.index(copied)
    longest = max((cell_len(row[at]) for row in cells), default=0)
    return max(_stdout.width, longest + (len(columns) - 1) * _NARROWEST + 3 * len(columns) + 1)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return "" if value is None else str(value)


@contextmanager
def progress() -> Iterator[aether_core.progress.Progress]:
    """Progress on stderr: a bar on a terminal, a line at each new stage elsewhere."""
    if not _stderr.is_terminal:
        yield _stage_lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_stderr, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def report(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=max(total, 1))

        yield report


def _stage_lines() -> aether_core.progress.Progress:
    shown = ""

    def report(stage: str, _done: int, _total: int) -> None:
        nonlocal shown
        words = stage.split(",", maxsplit=1)[0]
        if words != shown:
            shown = words
            sys.stderr.write(f"{words} ...\n")
            sys.stderr.flush()

    return report
