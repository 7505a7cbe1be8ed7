"""What was measured, as files."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aether_core.evidence.cases import Case
from aether_core.files.whole import atomic_path
from workflows.home.json_values import json_values


def case_row(case: Case) -> dict[str, Any]:
    """A case in a document."""
    return {
        "case": case.name,
        "title": case.title,
        "sha256": case.metro.sha256,
        "areas": int(case.tested.sum()),
        "blocks": len(set(case.block[case.tested].tolist())),
        "places": 0 if case.places is None else len(case.places.area),
        "counted": None if case.places is None else case.places.counted,
        "pooled": case.pooled,
    }


def write_both(
    folder: Path,
    name: str,
    document: Mapping[str, Any],
    tables: Callable[[Mapping[str, Any]], str],
) -> None:
    """Write a document as JSON, and its tables in Markdown, each file whole.

    Args:
        folder: Where.
        name: Of both files, without the ending.
        document: What was measured.
        tables: Writes the tables of it.
    """
    values = json_values(document)
    for suffix, text in (
        ("json", json.dumps(values, indent=1, allow_nan=False)),
        ("md", tables(values)),
    ):
        with atomic_path(folder / f"{name}.{suffix}", force=True) as path:
            path.write_text(text + "\n", encoding="utf-8")
