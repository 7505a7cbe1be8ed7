"""How commands speak: one JSON document, or tables and progress for people."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import aether_core.progress


@dataclass
class Mode:
    """Whether `--json` was given, set once before the command runs; whether it was answered."""

    json: bool = False
    answered: bool = False


MODE = Mode()
_stdout = Console()
_stderr = Console(stderr=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def document(value: dict[str, Any] | list[Any]) -> None:
    """Print the command's one JSON document, if JSON is asked for."""
    if MODE.json:
        sys.stdout.write(json.dumps(value, default=_plain, allow_nan=False) + "\n")
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
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> None:
    """Print a table for people."""
    if MODE.json:
        return
    shown = Table(*columns, title=title, title_justify="left")
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    _stdout.print(shown, markup=False)


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
