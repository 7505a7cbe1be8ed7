"""A study taken away: its table, its figures, its chart."""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aether_core.errors import ConflictError, InputError
from aether_core.files import whole as files
from aether_core.study.kinds import ALL_KINDS
from aether_core.study.result import METRICS, StudyResult, StudySummary
from aether_core.study.words import in_words
from aether_core.vector.spreadsheet_text import without_formula
from workflows.evaluation import studies as study
from workflows.home.documents import to_document
from workflows.home.store import Store

SIMULATED = "Simulated data"
_CHART_WIDTH, _AROUND_PX = 720, 160
_ROW_PX, _TWO_LINES_PX, _LINE_SIGNS = 30, 40, 34
_NOTE_PX, _NOTE_SIGNS = 14, 120


def study_document(found: study.StudySummary) -> dict[str, Any]:
    """A study as one JSON document: what was asked, how far it is, and all it found."""
    facts = asdict(found)
    facts["study"] = facts.pop("id")
    del facts["exit_code"]
    result = facts.pop("result")
    facts |= {"created": found.created.isoformat()}
    for moment in ("started", "finished"):
        facts[moment] = facts[moment].isoformat() if facts[moment] else None
    if found.result is None or result is None:
        return facts
    facts |= to_document(found.result)
    return facts | {"verdict": verdicts(found.result)}


def verdicts(result: StudyResult) -> dict[str, str]:
    """What a study found, a sentence a metric."""
    return {metric: in_words(result, metric) for metric in result.metrics}


def finished(found: study.StudySummary) -> StudyResult:
    """The result of a study.

    Raises:
        ConflictError: It is not done.
    """
    if found.result is None:
        raise ConflictError(
            f"study {found.id} has no result",
            f"it is {found.state}",
            "wait for it, or start it again",
            code="study-without-result",
        )
    return found.result


def export_study(
    store: Store, study_id: int, path: Path, *, metric: str | None = None, force: bool = False
) -> None:
    """Write a finished study to a file, its form chosen by the ending.

    Args:
        path: `.csv` is the table with intervals, `.json` the whole document with every seed's
            figures, `.svg` and `.png` the chart of one metric.
        metric: What the chart shows; the study's first metric when None.

    Raises:
        NotFoundError: No study has this number.
        InputError: The ending is unknown, the folder does not exist, or the study has no such
            metric.
        ConflictError: The study is not done, or the file exists and `force` is not set.
        AetherError: The disk is full.
    """
    check_study_target(path, force=force)
    found = study.show_study(store, study_id)
    content = study_file(found, path.suffix.lower(), metric)
    with files.atomic_path(path, force=force) as written:
        written.write_bytes(content)


def check_study_target(path: Path, *, force: bool) -> None:
    """Refuse a file that could not be written, before the work that would fill it.

    Raises:
        InputError: The ending is unknown, or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    if path.suffix.lower() not in WRITERS:
        raise InputError(
            "a study cannot be written in this format",
            path.name,
            f"use one that ends in {', '.join(WRITERS)}",
            code="output-wrong-ending",
        )
    files.check_target(path, force=force)


def study_file(found: study.StudySummary, ending: str, metric: str | None = None) -> bytes:
    """A finished study as a file's content; see `export_study`."""
    result = finished(found)
    if metric is not None and metric not in result.metrics:
        raise InputError(
            "the study did not measure this",
            metric,
            f"it has {', '.join(result.metrics)}",
            code="metric-not-measured",
        )
    return WRITERS[ending](found, result, metric or result.metrics[0])


def _table(found: study.StudySummary, result: StudyResult, _metric: str) -> bytes:
    text = io.StringIO()
    rows = [
        {name: without_formula(cell) for name, cell in _line(found, summary).items()}
        for summary in result.summaries
    ]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")  # the mark by which Excel knows the letters


def _line(found: study.StudySummary, one: StudySummary) -> dict[str, object]:
    low, high = one.ci95 or (None, None)
    least, most = one.difference_ci95 or (None, None)
    return {
        "study": found.id,
        "kind": found.kind,
        "city": found.city,
        "other_city": found.other_city,
        "simulated": str(found.simulated).lower(),
        "recipe": found.recipe,
        "variant": one.variant,
        "x": one.x,
        "metric": one.metric,
        "lower_is_better": str(METRICS[one.metric].lower_is_better).lower(),
        "mean": one.mean,
        "sd": one.sd,
        "ci95_low": low,
        "ci95_high": high,
        "seeds": one.n_seeds,
        "difference": one.difference,
        "difference_ci95_low": least,
        "difference_ci95_high": most,
        "better": None if one.better is None else str(one.better).lower(),
        "attribution": " ".join(found.attribution),
    }


def _document(found: study.StudySummary, _result: StudyResult, _metric: str) -> bytes:
    return (json.dumps(study_document(found), indent=2, allow_nan=False) + "\n").encode()


def chart_height(result: StudyResult, metric: str) -> int:
    """Pixels a chart needs: a row a variant, higher where a name takes two lines; or a line."""
    if ALL_KINDS[result.kind].is_curve:
        return 320
    names = [one.variant for one in result.summaries if one.metric == metric]
    row = _TWO_LINES_PX if any(len(name) > _LINE_SIGNS for name in names) else _ROW_PX
    return _AROUND_PX + row * len(names)


def _svg(found: study.StudySummary, result: StudyResult, metric: str) -> bytes:
    from aether_core.charts.static import to_svg
    from aether_core.charts.studies import study_chart

    lines = _credit_lines(found)
    chart = study_chart(result, metric, heading=_heading(found), notes=lines)
    height = chart_height(result, metric) + _NOTE_PX * len(lines)
    return to_svg(chart, width=_CHART_WIDTH, height=height).encode()


def _png(found: study.StudySummary, result: StudyResult, metric: str) -> bytes:
    from aether_core.charts.static import to_png
    from aether_core.charts.studies import study_chart

    lines = _credit_lines(found)
    chart = study_chart(result, metric, heading=_heading(found), notes=lines)
    height = chart_height(result, metric) + _NOTE_PX * len(lines)
    return to_png(chart, width=_CHART_WIDTH, height=height)


def _credit_lines(found: study.StudySummary) -> list[str]:
    """Credits as a picture has room for them."""
    return textwrap.wrap(" ".join(found.attribution), _NOTE_SIGNS)


def _heading(found: study.StudySummary) -> str:
    where = found.city if found.other_city is None else f"{found.city} to {found.other_city}"
    return f"{SIMULATED}: {where}" if found.simulated else where


WRITERS: Mapping[str, Callable[[study.StudySummary, StudyResult, str], bytes]] = MappingProxyType(
    {".csv": _table, ".json": _document, ".svg": _svg, ".png": _png}
)
"""How a study is written, by the ending of the file."""
