"""Tables for people: what is copied from them stays whole at any width."""

import io

import pytest
from rich.console import Console

from cli import output

SLUGS = ["landuse-land-use-from-labels-of-the-city-geojson", "search-a-quiet-church-minus-shopping"]
COLUMNS = ["layer", "title", "kind", "cells", "created", "PostGIS view"]
ROWS = [
    (slug, "Where a quiet church is", "search", 12_345, "2025-01-02 10:11", f"v_town_{slug}")
    for slug in SLUGS
]


def shown(monkeypatch: pytest.MonkeyPatch, *, width: int, terminal: bool) -> list[str]:
    to = io.StringIO()
    console = Console(file=to, width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(output, "_stdout", console)
    monkeypatch.setattr(output.MODE, "json", False)
    output.table(COLUMNS, ROWS, copied="layer")
    return to.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_slug_can_be_copied_at_any_width(
    monkeypatch: pytest.MonkeyPatch, width: int, terminal: bool
) -> None:
    lines = shown(monkeypatch, width=width, terminal=terminal)
    for slug in SLUGS:
        (line,) = [line for line in lines if f"│ {slug} " in f"{line} "]
        assert line.split("│")[1].strip() == slug
    assert not any("…" in line for line in lines)


def test_lines_that_go_to_a_program_are_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, width=60, terminal=False)
    assert len(lines) == len(ROWS) + 4
    assert ROWS[0][-1] in lines[3]


def test_other_columns_are_narrowed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, width=120, terminal=True)
    assert {len(line) for line in lines} == {120}
