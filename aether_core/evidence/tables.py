"""What was measured, as the tables of a document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aether_core.evidence.described import (
    AGAINST,
    ELSEWHERE,
    HEADED,
    PLAIN,
)
from aether_core.evidence.targets import TARGETS
from aether_core.tasks.testing.chosen import BEST, BEST_TITLE
from aether_core.tasks.testing.splits import BLIND, SPATIAL

Row = Mapping[str, Any]
Key = tuple[str, str | None]
"""Representation and recipe."""

_TITLES = {one.name: one.title for one in (*PLAIN, *HEADED, ELSEWHERE)} | {
    BEST: BEST_TITLE.capitalize()
}

_BY_CASE: tuple[Key, ...] = (
    ("mix", None),
    ("aether", "aether"),
    ("concat", "aether"),
    ("concat-mix", "aether"),
    ("concat", "aether-plus"),
    ("concat-mix", "aether-plus"),
    (BEST, None),
)
"""What tables of single metropolitan areas show; `evidence.json` holds all."""
_CHANCE = 0.5


def evidence_tables(document: Mapping[str, Any]) -> str:
    """Write all tables in Markdown.

    Args:
        document: What `evidence.json` holds.
    """
    parts = [cases_table(document)]
    for target in TARGETS:
        rows = [row for row in document["gains"] if row["target"] == target.name]
        if rows:
            parts += [f"## {target.title}", _of_target(document, target.name, target.metric)]
            parts.append(_by_case(document, target.name, target.metric))
    if document["text_to_map"]:
        parts += ["## Asking for a kind of place", _of_questions(document)]
    if document["left_out"]:
        parts += ["## Left out", left_out_table(document["left_out"])]
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def cases_table(document: Mapping[str, Any]) -> str:
    """What was tested where: areas, blocks and places of each case."""
    rows = [
        (
            case["title"],
            f"{case['areas']:,}",
            f"{case['blocks']:,}",
            f"{case['places']:,} {'' if case['counted'] is None else '(' + case['counted'] + ')'}",
        )
        for case in document["cases"]
    ]
    return table(("", "areas", "blocks", "places heads learn from"), rows)


def _of_target(document: Mapping[str, Any], target: str, metric: str) -> str:
    """Pooled gains: every representation, seen and blind, by area and by metropolitan area."""
    rows = [row for row in document["pooled"] if row["target"] == target]
    keys: dict[Key, None] = dict.fromkeys((row["representation"], row["recipe"]) for row in rows)
    by = {(row["representation"], row["recipe"], row["split"]): row for row in rows}
    head = (
        f"{metric} against AlphaEarth alone",
        "heads saw all places",
        "heads blind to the tested blocks",
        "the same, metros alike",
    )
    return table(
        head,
        [
            (
                _called(key),
                change_of(_gain_of(by.get((*key, SPATIAL.name)), "by_area")),
                change_of(_gain_of(by.get((*key, BLIND.name)), "by_area")),
                change_of(_gain_of(by.get((*key, BLIND.name)), "by_metro")),
            )
            for key in keys
        ],
    )


def _by_case(document: Mapping[str, Any], target: str, metric: str) -> str:
    """Gains of each case; blind wherever heads are trained on its own places."""
    gains = [row for row in document["gains"] if row["target"] == target]
    by = {(row["case"], row["representation"], row["recipe"], row["split"]): row for row in gains}
    there = {(row["representation"], row["recipe"]) for row in gains}
    keys = [key for key in _BY_CASE if key in there]
    alone = {
        row["case"]: row["mean"]
        for row in document["rows"]
        if (row["target"], row["representation"], row["metric"], row["split"])
        == (target, AGAINST.name, metric, SPATIAL.name)
    }

    def change(case: str, key: Key) -> str:
        return change_of(by.get((case, *key, BLIND.name)) or by.get((case, *key, SPATIAL.name)))

    rows = [
        (
            case["title"],
            f"{alone[case['case']]:.4g}",
            *(change(case["case"], key) for key in keys),
        )
        for case in document["cases"]
        if case["case"] in alone
    ]
    return table(("", f"AlphaEarth, {metric}", *(_called(key) for key in keys)), rows)


def _of_questions(document: Mapping[str, Any]) -> str:
    """A row a case and recipe, a column a question: AUC of blind heads, then of those that saw."""
    titles = {case["case"]: case["title"] for case in document["cases"]}
    by = {
        (row["case"], row["recipe"], row["query"], row["split"]): row
        for row in document["text_to_map"]
    }
    queries = list(dict.fromkeys(query for _, _, query, _ in by))
    rows = [
        (
            f"{titles[case]}, `{recipe}`",
            *(
                _auc(
                    by.get((case, recipe, query, BLIND.name)),
                    by.get((case, recipe, query, SPATIAL.name)),
                )
                for query in queries
            ),
        )
        for case, recipe in dict.fromkeys((case, recipe) for case, recipe, _, _ in by)
    ]
    return table(("AUC, blind / seen", *queries), rows)


def left_out_table(rows: Sequence[Row]) -> str:
    """What could not be measured, and why."""
    return table(("", "what", "why"), [(row["case"], row["what"], row["why"]) for row in rows])


def _called(key: Key) -> str:
    name, recipe = key
    return _TITLES[name] + (f", `{recipe}`" if recipe else "")


def _gain_of(row: Row | None, part: str) -> Row | None:
    return None if row is None else row[part]


def change_of(row: Row | None) -> str:
    """A relative change with its interval, bold where the interval is off zero."""
    if row is None or row["relative"] is None:
        return ""
    text = f"{percent(row['relative'])} ({percent(row['lo'])} to {percent(row['hi'])})"
    off_zero = row["lo"] > 0 or row["hi"] < 0
    return f"**{text}**" if off_zero else text


def percent(part: float) -> str:
    """A change in per cent, with its sign."""
    return f"{100 * part:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _auc(blind: Row | None, seen: Row | None) -> str:
    """Both figures; bold where the blind one's interval is above chance."""
    first, second = ("-" if row is None else f"{row['auc']:.2f}" for row in (blind, seen))
    if blind is None and seen is None:
        return ""
    if blind is not None and blind["lo"] is not None and blind["lo"] > _CHANCE:
        first = f"**{first}**"
    return f"{first} / {second}"
