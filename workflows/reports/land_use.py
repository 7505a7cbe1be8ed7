"""What the report of a land-use map says."""

from collections import Counter
from typing import Any

from aether_core import charts
from aether_core.report import (
    Block,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Table,
)
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import Subject, figure, interval, percent
from workflows.reports.tested import (
    SPLIT_NAMES,
    accuracy_table,
    method_section,
    where_not,
)

_FULL = 620
_SMALL = 460
_LONG_NAME = 22
_MOST_DRAWN = 14
_FIRST_MAP_MM = 112


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    return [
        *_in_short(subject),
        *_map(subject),
        *_classes(subject),
        *_accuracy(subject),
        *_uncertainty(subject),
        *where_not(subject, _where_not(subject), "share of misclassified labels"),
        *method_section(subject, f"on {subject.findings['samples']:,} labelled samples"),
    ]


def _in_short(subject: Subject) -> list[Block]:
    found = subject.findings
    split = found["calibrated_on"]
    score = found["accuracy"][split]["macro_f1"]
    covered = found["coverage"][split]
    outside = found["applicability"]["outside"]
    return [
        KeyFigures(
            (
                KeyFigure("macro-F1", figure(score["mean"]), f"{interval(score)}, {_short(split)}"),
                KeyFigure(
                    f"coverage of sets, target {percent(subject.level)}",
                    percent(covered["share"], 1),
                    f"of sets contain the true class, {_short(split)}",
                ),
                KeyFigure("usable cells", percent(found["trusted"]), "the rest is greyed out"),
                KeyFigure(
                    "outside the area of applicability",
                    percent(outside, 1),
                    "of cells; do not use them",
                ),
            )
        ),
        Paragraph(_summary(subject)),
    ]


def _short(split: str) -> str:
    return "on blocks" if split == "spatial" else SPLIT_NAMES.get(split, split)


def _summary(subject: Subject) -> str:
    found = subject.findings
    accuracy = found["accuracy"]
    names = ", ".join(found["classes"])
    text = (
        f"The map shows {len(found['classes'])} classes: {names}. It was fitted on "
        f"{found['samples']:,} samples from {found['labels_used']:,} labels. "
    )
    if "spatial" in accuracy and "random" in accuracy:
        near, far = (accuracy[split]["accuracy"]["mean"] for split in ("random", "spatial"))
        text += (
            f"Accuracy on held-out labels is {percent(near)} with training labels nearby, "
            f"and {percent(far)} away from training labels."
        )
    return text


def _map(subject: Subject) -> list[Block]:
    return [
        Heading("The map"),
        map_figure(
            subject,
            tallest_mm=_FIRST_MAP_MM,
            caption="Most probable class of each cell. Do not use grey, hatched cells: "
            "several classes are possible there, or the cell is unlike any of the labels.",
        ),
    ]


def _classes(subject: Subject) -> list[Block]:
    found = subject.findings
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    mapped = Counter(values["landuse"].tolist())
    usable = Counter(values.loc[values["trusted"], "landuse"].tolist())
    scores = {row["class"]: row for row in found["per_class"][found["calibrated_on"]]}
    rows = [
        (
            name,
            f"{found['class_counts'].get(name, 0):,}",
            percent(mapped[name] / len(values), 1),
            percent(usable[name] / len(values), 1),
            figure(scores[name]["precision"]),
            figure(scores[name]["recall"]),
            figure(scores[name]["f1"]),
        )
        for name in found["classes"]
    ]
    head = ("Class", "Samples", "Share of map", "Usable", "Precision", "Recall", "F1")
    blocks: list[Block] = [
        Heading("What the classes mean"),
        Paragraph(_meaning(subject)),
        Table(
            head,
            tuple(rows),
            caption=f"Precision, recall and F1 on {SPLIT_NAMES[found['calibrated_on']]}.",
            align="lrrrrrr",
        ),
    ]
    return blocks


def _meaning(subject: Subject) -> str:
    chosen = subject.layer.parameters
    text = (
        f"Classes are those of the field {chosen['field']} of {chosen['labels']}: the map says "
        "where the city looks like places with that label."
    )
    if chosen.get("crosswalk"):
        text += f" They were mapped by the built-in crosswalk {chosen['crosswalk']}."
    if chosen.get("mapping"):
        pairs = ", ".join(
            f"{value} to {name or 'nothing'}" for value, name in chosen["mapping"].items()
        )
        text += f" Mapped by hand: {pairs}."
    text += (
        " Precision: how often the map is right where it says the class. Recall: how much of the "
        "class it finds. F1: both in one."
    )
    return text


def _accuracy(subject: Subject) -> list[Block]:
    found = subject.findings
    split = found["calibrated_on"]
    chart = charts.confusion(found["confusion"][split], found["classes"])
    size = 320 + 16 * len(found["classes"])
    return [
        Heading("Accuracy"),
        accuracy_table(found["accuracy"]),
        Figure(
            charts.to_svg(chart, width=min(_FULL, size + 160), height=min(size, 560)),
            caption=f"Confusion matrix on {SPLIT_NAMES[split]}.",
            alt="Confusion matrix",
        ),
    ]


def _uncertainty(subject: Subject) -> list[Block]:
    found = subject.findings
    ece = ", ".join(
        f"{percent(one['ece'], 1)} on {SPLIT_NAMES.get(split, split)}"
        for split, one in found["reliability"].items()
    )
    always = found.get("always_in_set") or []
    extra = (
        f" Too few labels to calibrate: {', '.join(always)}; such a class is in every set."
        if always
        else ""
    )
    return [
        Heading("Confidence"),
        Paragraph(
            "A confidence is a calibrated probability. On average, confidence differs from "
            "accuracy "
            f"by {ece} (expected calibration error)."
        ),
        Figure(
            charts.to_svg(charts.reliability(found["reliability"]), width=_SMALL, height=290),
            caption="Confidence and observed accuracy; on the diagonal they agree.",
            alt="Reliability diagram",
        ),
        Paragraph(
            f"Each cell also has a set of classes that contains the true one in "
            f"{percent(subject.level)} of cases, class by class (conformal prediction).{extra}"
        ),
        Figure(
            charts.to_svg(
                charts.coverage(_shown(found["coverage"], len(found["classes"]))),
                width=_FULL,
                height=_coverage_height(found["classes"]),
            ),
            caption="Coverage of the sets on labels not used for calibration.",
            alt="Coverage of the conformal sets",
        ),
    ]


def _shown(coverage: dict[str, Any], classes: int) -> dict[str, Any]:
    """What fits on a page: with many classes only the figure over all of them."""
    if classes <= _MOST_DRAWN:
        return coverage
    return {split: {**one, "by_class": {}} for split, one in coverage.items()}


def _coverage_height(names: list[str]) -> int | None:
    """Two bars a class; long names, which are wrapped, take the room they need."""
    if len(names) > _MOST_DRAWN:
        return 150
    return None if max(map(len, names)) > _LONG_NAME else 110 + 26 * len(names)


def _where_not(subject: Subject) -> str:
    found = subject.findings
    return (
        f"{percent(found['applicability']['outside'], 1)} of cells lie outside the area of "
        f"applicability: unlike any of the labels. {percent(1 - found['trusted'])} of all "
        "cells are greyed out, because they lie outside or because more than two classes are "
        "possible. Accuracy also varies across the city:"
    )
