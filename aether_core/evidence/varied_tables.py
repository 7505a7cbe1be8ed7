"""What was measured of variants, as the tables of a document."""

from collections.abc import Mapping, Sequence
from typing import Any

from aether_core.evidence.tables import Row, cases_table, change_of, left_out_table, table
from aether_core.evidence.targets import TARGETS
from aether_core.evidence.varied import ALONE, TOGETHER

_OF_RECIPE = "against the recipe as it is"


def study_tables(document: Mapping[str, Any]) -> str:
    """Write all tables in Markdown.

    Args:
        document: What `study.json` holds.
    """
    settings = document["settings"]
    parts = [cases_table(document)]
    if settings["measured"] < settings["to_measure"]:
        there, every = settings["measured"], settings["to_measure"]
        parts.append(f"**Not all is measured yet: {there:,} of {every:,}.**")
    if settings["trainings"] > 1:
        parts.append(
            f"Means over up to {settings['trainings']} trainings; intervals hold chance in the "
            "blocks and in the training."
        )
    for part in document["parts"]:
        variants = [one for one in document["variants"] if one["part"] == part["name"]]
        if not variants:
            continue
        parts.append(f"## {part['title']}")
        for target in TARGETS:
            rows = [row for row in document["rows"] if row["target"] == target.name]
            if rows:
                parts.append(f"{target.title}, {target.metric}:")
                parts.append(_of_target(document, variants, rows))
        if document["questions"]:
            parts.append("Asking for a kind of place, mean AUC:")
            parts.append(_of_questions(document, variants))
    if document["left_out"]:
        parts += ["## Left out", left_out_table(document["left_out"])]
    return "\n\n".join(parts)


def _of_target(document: Mapping[str, Any], variants: Sequence[Row], rows: Sequence[Row]) -> str:
    by = {(row["variant"], row["representation"], row["case"]): row for row in rows}

    def told(variant: Row, name: str, case: str | None, against: str) -> str:
        row = by.get((variant["name"], name, case))
        return "" if row is None else change_of(row[against])

    cases = document["cases"]
    return table(
        (
            "",
            f"{TOGETHER.title}, against AlphaEarth alone",
            _OF_RECIPE,
            f"{ALONE.title}, {_OF_RECIPE}",
            *(f"{TOGETHER.title} against AlphaEarth, {case['title']}" for case in cases),
        ),
        [
            (
                variant["title"],
                told(variant, TOGETHER.name, None, "against_embedding"),
                told(variant, TOGETHER.name, None, "against_recipe"),
                told(variant, ALONE.name, None, "against_recipe"),
                *(told(variant, TOGETHER.name, case["case"], "against_embedding")
                  for case in cases),
            )
            for variant in variants
        ],
    )  # fmt: skip


def _of_questions(document: Mapping[str, Any], variants: Sequence[Row]) -> str:
    by = {(row["variant"], row["case"]): row for row in document["questions"]}
    cases = document["cases"]
    return table(
        ("", "all", _OF_RECIPE, *(case["title"] for case in cases)),
        [
            (
                variant["title"],
                _auc(by.get((variant["name"], None))),
                _more(by.get((variant["name"], None))),
                *(_auc(by.get((variant["name"], case["case"]))) for case in cases),
            )
            for variant in variants
        ],
    )


def _auc(row: Row | None) -> str:
    return "" if row is None else f"{row['auc']:.3f} ({row['lo']:.3f} to {row['hi']:.3f})"


def _more(row: Row | None) -> str:
    """A difference of AUC with its interval, bold where the interval is off zero."""
    if row is None or row["change"] is None:
        return ""
    numbers = [f"{row[name]:+.3f}" for name in ("change", "change_lo", "change_hi")]
    first, lo, hi = (number.replace("-", "\N{MINUS SIGN}") for number in numbers)
    text = f"{first} ({lo} to {hi})"
    return f"**{text}**" if row["change_lo"] > 0 or row["change_hi"] < 0 else text
