"""How good and how fair: the parts that reports of all kinds of task have in common."""

from collections.abc import Mapping, Sequence

from aether_core import charts
from aether_core.eo.embedding_kind import ALPHAEARTH, kind_title
from aether_core.language import _
from aether_core.report import Block, Bullets, Figure, Heading, Paragraph, Table
from aether_core.tasks.findings import Findings, Score
from aether_core.tasks.kinds.registry import TASK_KINDS, metric_named
from aether_core.tasks.predictors.predictor import PREDICTORS
from aether_core.tasks.testing.comparison import spoken_names
from aether_core.tasks.testing.fairness import GroupFigures
from aether_core.tasks.testing.protocols import PROTOCOLS
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
        Heading(_("The map")),
        map_figure(subject),
        Heading(_("Accuracy")),
        accuracy_table(found.test.accuracy),
        *where_not(
            found,
            _(
                "{outside} of {several} lie outside the area of applicability: unlike any of "
                "the {samples}. Accuracy also varies across the city:",
                outside=outside,
                several=_(subject.city.unit.several),
                samples=_(kind.samples),
            ),
            kind.error,
        ),
        *method_section(
            subject, found, _("on {used:,} {samples}", used=found.used, samples=_(kind.samples))
        ),
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
        (_("Metric"), *(_(SPLIT_NAMES.get(split, split)) for split in splits)),
        tuple(rows),
        caption=_("On held-out labels, with 95 % intervals."),
        align="l" + "l" * len(splits),
    )


def _folds_paragraph(subject: Subject, found: Findings) -> str:
    """How the held-out parts were chosen."""
    blocks = found.held_out.blocks
    folds = subject.layer.parameters["folds"]
    if not blocks:
        return _("Labels were split at random into {folds} folds.", folds=folds)
    reach = (
        _("; neighbouring labels are similar up to {range_m:,.0f} m", range_m=blocks.range_m)
        if blocks.range_m
        else ""
    )
    cut = _(", reduced to keep enough blocks") if blocks.limited else ""
    what = TASK_KINDS[found.task].samples.capitalize()
    return _(
        "{what} were held out twice: at random, and in whole square blocks of "
        "{side_m:,.0f} m ({occupied} with labels), a size chosen by "
        "{chosen_by}{reach}{cut}. Random folds are optimistic: held-out labels have "
        "training labels next to them. Rely on the figures for blocks.",
        what=what,
        side_m=blocks.side_m,
        occupied=blocks.occupied,
        chosen_by=blocks.chosen_by,
        reach=reach,
        cut=cut,
    )


def method_section(subject: Subject, found: Findings, what: str) -> list[Block]:
    """The method in a few points."""
    return [
        Heading(_("Method")),
        Bullets(_method_points(subject, found, what)),
        _variogram(found),
    ]


def _method_points(subject: Subject, found: Findings, what: str) -> tuple[str, ...]:
    chosen = subject.layer.parameters
    seeds = ", ".join(map(str, chosen["seeds"]))
    checked = _(SPLIT_NAMES[found.test.calibrated_on])
    names = spoken_names(subject.city.embedding)
    embedding = _(
        "{described} AETHER (arXiv 2510.09894) relates this embedding to the texts of places.",
        described=_described(subject.city.embedding),
    )
    others = [names[name] for name in chosen.get("chosen_from", ()) if name in names]
    among = _(", the best of {others} on inner folds", others="; ".join(others)) if others else ""
    fitted = _(
        "Features used: {get}{among}. Model: {in_reports}, {what}.",
        get=names.get(chosen["representation"], ""),
        among=among,
        in_reports=_(PREDICTORS[chosen["predictor"]].in_reports),
        what=what,
    )
    applicable = _(
        "Area of applicability (Meyer and Pebesma 2021): {several} are inside if they "
        "are no further from the training data than held-out labels are.",
        several=_(subject.city.unit.several),
    )
    return (
        embedding,
        fitted,
        _(
            "Protocol: {protocol}, {folds} folds, seeds {seeds}.",
            protocol=_(PROTOCOLS[chosen["protocol"]].title),
            folds=chosen["folds"],
            seeds=seeds,
        ),
        _folds_paragraph(subject, found),
        _("Uncertainty was calibrated on held-out labels ({checked}).", checked=checked),
        applicable,
    )


def _described(embedding: str) -> str:
    if embedding == ALPHAEARTH:
        return _(
            "AlphaEarth Foundations describes the physical form of every 10 m pixel by 64 numbers."
        )
    return _(
        "Every pixel or sample is described by the {kind_title}.", kind_title=kind_title(embedding)
    )


def _variogram(found: Findings) -> Block:
    held_out = found.held_out
    if not held_out.variogram.distance_m:
        return Paragraph(_("There are too few labels for a variogram."))
    chart = charts.variogram(
        held_out.variogram, block_m=held_out.blocks.side_m if held_out.blocks else None
    )
    return Figure(
        charts.to_svg(chart, width=_FULL, height=260),
        caption=_("Difference between labels by distance."),
        alt=_("Variogram of the labels"),
    )


def where_not(found: Findings, opening: str, axis: str) -> list[Block]:
    """Where the map must not be believed, and for whom it is worse.

    Args:
        opening: What is said first.
        axis: What an error is, with its unit.
    """
    blocks: list[Block] = [Heading(_("Limitations")), Paragraph(opening)]
    for kind, groups in found.test.fairness.items():
        large_enough = [group for group in groups if not group.too_few]
        if not large_enough:
            continue
        drawn = sorted(large_enough, key=lambda group: -group.figure("error")[0])[:_MOST_DRAWN]
        some = [group for group in groups if group in drawn or len(groups) <= _MOST_DRAWN]
        chart = charts.fairness(some, "error", title=_("Error by {kind}", kind=kind), axis=axis)
        blocks.append(
            Figure(
                charts.to_svg(chart, width=_FULL, height=None),
                caption=_spread(kind, large_enough),
                alt=_("Error by {kind}", kind=kind),
            )
        )
    return blocks


def _spread(kind: str, groups: Sequence[GroupFigures]) -> str:
    worst = max(groups, key=lambda group: group.figure("error")[0])
    best = min(groups, key=lambda group: group.figure("error")[0])
    covered = (
        _(
            " Coverage of sets or intervals there is {coverage} there.",
            coverage=percent(worst.coverage),
        )
        if worst.coverage is not None
        else ""
    )
    return _(
        "By {kind}, errors are largest for {group} ({figure}) and smallest for "
        "{group2} ({figure2}).{covered}",
        kind=kind,
        group=worst.group,
        figure=figure(worst.error),
        group2=best.group,
        figure2=figure(best.error),
        covered=covered,
    )
