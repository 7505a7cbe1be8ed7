"""How good and how fair: the parts that reports of all kinds of task have in common."""

from collections.abc import Mapping, Sequence

from aether_core import charts
from aether_core.eo.embedding_kind import ALPHAEARTH, kind_title
from aether_core.report import Block, Bullets, Figure, Heading, Paragraph, Table
from aether_core.tasks.findings import Findings, Score
from aether_core.tasks.kinds.registry import TASK_KINDS, metric_named
from aether_core.tasks.predictors.predictor import PREDICTORS
from aether_core.tasks.testing.comparison import representation_names
from aether_core.tasks.testing.fairness import GroupFigures
from aether_core.tasks.testing.splits import SPLITS
from workflows.reports.maps import map_figure
from workflows.reports.subject import Subject, figure, interval, percent

SPLIT_NAMES = {name: split.in_reports for name, split in SPLITS.items()}
_FULL = 620
_MOST_DRAWN = 14
"""Groups in a chart of a page; of more, those with the largest errors."""


def body(subject: Subject) -> list[Block]:
    """What is said of a map of any kind of task, where its kind has no more to say."""
    found = subject.layer.measured(Findings)
    kind = TASK_KINDS[found.task]
    outside = percent(found.test.applicability.outside, 1)
    return [
        Heading("The map"),
        map_figure(subject),
        Heading("Accuracy"),
        accuracy_table(found.test.accuracy),
        *where_not(
            found,
            f"{outside} of {subject.city.unit.several} lie outside the area of applicability: "
            f"unlike any of the {kind.samples}. Accuracy also varies across the city:",
            kind.error,
        ),
        *method_section(subject, found, f"on {found.used:,} {kind.samples}"),
    ]


def accuracy_table(accuracy: Mapping[str, Mapping[str, Score]]) -> Table:
    """Each metric on random folds and on blocks, with intervals."""
    splits = list(accuracy)
    metrics = list(accuracy[splits[0]])
    rows = [
        (
            metric_named(metric).title,
            *(
                f"{figure(accuracy[split][metric].mean)} ({interval(accuracy[split][metric])})"
                for split in splits
            ),
        )
        for metric in metrics
    ]
    return Table(
        ("Metric", *(SPLIT_NAMES.get(split, split) for split in splits)),
        tuple(rows),
        caption="On held-out labels, with 95 % intervals.",
        align="l" + "l" * len(splits),
    )


def _folds_paragraph(subject: Subject, found: Findings) -> str:
    """How the held-out parts were chosen."""
    blocks = found.held_out.blocks
    folds = subject.layer.parameters["folds"]
    if not blocks:
        return f"Labels were split at random into {folds} folds."
    reach = (
        f"; neighbouring labels are similar up to {blocks.range_m:,.0f} m" if blocks.range_m else ""
    )
    cut = ", reduced to keep enough blocks" if blocks.limited else ""
    what = TASK_KINDS[found.task].samples.capitalize()
    return (
        f"{what} were held out twice: at random, and in whole square blocks of "
        f"{blocks.side_m:,.0f} m ({blocks.occupied} with labels), a size chosen by "
        f"{blocks.chosen_by}{reach}{cut}. Random folds are optimistic: held-out labels have "
        "training labels next to them. Rely on the figures for blocks."
    )


def method_section(subject: Subject, found: Findings, what: str) -> list[Block]:
    """The method in a few points."""
    return [
        Heading("Method"),
        Bullets(_method_points(subject, found, what)),
        _variogram(found),
    ]


def _method_points(subject: Subject, found: Findings, what: str) -> tuple[str, ...]:
    chosen = subject.layer.parameters
    seeds = ", ".join(map(str, chosen["seeds"]))
    checked = SPLIT_NAMES[found.test.calibrated_on]
    names = representation_names(subject.city.embedding)
    embedding = (
        f"{_described(subject.city.embedding)} AETHER (arXiv 2510.09894) relates this embedding to "
        "the texts of places."
    )
    others = [names[name] for name in chosen.get("chosen_from", ()) if name in names]
    among = f", the best of {'; '.join(others)} on inner folds" if others else ""
    fitted = (
        f"Features used: {names.get(chosen['representation'], '')}{among}. "
        f"Model: {PREDICTORS[chosen['predictor']].in_reports}, {what}."
    )
    applicable = (
        f"Area of applicability (Meyer and Pebesma 2021): {subject.city.unit.several} are inside "
        "if they are no further from the training data than held-out labels are."
    )
    return (
        embedding,
        fitted,
        f"Protocol: {chosen['protocol']}, {chosen['folds']} folds, seeds {seeds}.",
        _folds_paragraph(subject, found),
        f"Uncertainty was calibrated on held-out labels ({checked}).",
        applicable,
    )


def _described(embedding: str) -> str:
    if embedding == ALPHAEARTH:
        return (
            "AlphaEarth Foundations describes the physical form of every 10 m pixel by 64 numbers."
        )
    return f"Every pixel or sample is described by the {kind_title(embedding)}."


def _variogram(found: Findings) -> Block:
    held_out = found.held_out
    if not held_out.variogram.distance_m:
        return Paragraph("There are too few labels for a variogram.")
    chart = charts.variogram(
        held_out.variogram, block_m=held_out.blocks.side_m if held_out.blocks else None
    )
    return Figure(
        charts.to_svg(chart, width=_FULL, height=260),
        caption="Difference between labels by distance.",
        alt="Variogram of the labels",
    )


def where_not(found: Findings, opening: str, axis: str) -> list[Block]:
    """Where the map must not be believed, and for whom it is worse.

    Args:
        opening: What is said first.
        axis: What an error is, with its unit.
    """
    blocks: list[Block] = [Heading("Limitations"), Paragraph(opening)]
    for kind, groups in found.test.fairness.items():
        large_enough = [group for group in groups if not group.too_few]
        if not large_enough:
            continue
        drawn = sorted(large_enough, key=lambda group: -group.figure("error")[0])[:_MOST_DRAWN]
        some = [group for group in groups if group in drawn or len(groups) <= _MOST_DRAWN]
        chart = charts.fairness(some, "error", title=f"Error by {kind}", axis=axis)
        blocks.append(
            Figure(
                charts.to_svg(chart, width=_FULL, height=None),
                caption=_spread(kind, large_enough),
                alt=f"Error by {kind}",
            )
        )
    return blocks


def _spread(kind: str, groups: Sequence[GroupFigures]) -> str:
    worst = max(groups, key=lambda group: group.figure("error")[0])
    best = min(groups, key=lambda group: group.figure("error")[0])
    covered = (
        f" Coverage of sets or intervals there is {percent(worst.coverage)} there."
        if worst.coverage is not None
        else ""
    )
    return (
        f"By {kind}, errors are largest for {worst.group} ({figure(worst.error)}) and "
        f"smallest for {best.group} ({figure(best.error)}).{covered}"
    )
