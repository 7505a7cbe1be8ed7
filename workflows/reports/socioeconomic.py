"""What the report of a socioeconomic map says."""

from aether_core import charts
from aether_core.report import (
    Block,
    Figure,
    FigureRow,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Table,
)
from aether_core.tasks.areas.given import NUMBER_KINDS
from aether_core.tasks.kinds.shares import SHARES, ShareFindings
from aether_core.tasks.testing.splits import SPLITS
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import REPORT_BODIES, Subject, percent
from workflows.reports.tested import SPLIT_NAMES, accuracy_table, method_section, where_not

_SCATTERS = 4
_MAPS = 2
_MAP_MM = 95


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    found = subject.layer.measured(ShareFindings)
    return [
        *_in_short(subject, found),
        *_maps(subject, found),
        *_fields(subject, found),
        *_accuracy(found),
        *where_not(found, _where_not(subject, found), SHARES.error),
        *method_section(subject, found, f"on the shares of {found.used:,} areas"),
    ]


def _in_short(subject: Subject, found: ShareFindings) -> list[Block]:
    split = found.test.calibrated_on
    score = found.test.accuracy[split]
    covered = [one.share for one in found.test.coverage[split].values()]
    where = SPLITS[split].in_short
    error = score["l1"]
    ends = f"{found.points(error.lo):.1f} to {found.points(error.hi):.1f}"
    return [
        KeyFigures(
            (
                KeyFigure(
                    "typical error of a share, in percentage points",
                    f"{found.points(error.mean):.1f}",
                    f"{ends}, {where}",
                ),
                KeyFigure(
                    f"coverage of intervals, target {percent(subject.level)}",
                    percent(sum(covered) / len(covered), 1),
                    f"of shares lie in their interval, {where}",
                ),
                KeyFigure("areas used", f"{found.used:,}", "each held out when predicted"),
            )
        ),
        Paragraph(
            f"The map predicts the shares of {len(found.outcomes)} groups: "
            f"{', '.join(found.outcomes)}. They were given as {found.given} of "
            f"{found.used:,} areas."
        ),
    ]


def _maps(subject: Subject, found: ShareFindings) -> list[Block]:
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    fields = sorted(found.outcomes, key=lambda name: -float(values[name].std()))
    by_area = subject.layer.by_area
    unit = "area, held out when predicted" if by_area else subject.city.unit.one
    blocks: list[Block] = [
        Heading("The maps"),
        map_figure(
            subject,
            "dominant",
            tallest_mm=_MAP_MM,
            caption=f"Group with the largest share of each {unit}.",
        ),
    ]
    blocks += [
        map_figure(
            subject, name, tallest_mm=_MAP_MM, caption=f"Predicted share of {name} of each {unit}."
        )
        for name in fields[:_MAPS]
    ]
    return blocks


def _fields(subject: Subject, found: ShareFindings) -> list[Block]:
    split = found.test.calibrated_on
    coverage = found.test.coverage[split]
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    rows = [
        (
            name,
            percent(found.mean_shares[name], 1),
            percent(float(values[name].mean()), 1),
            percent(coverage[name].share, 1),
            f"±{percent(coverage[name].mean_width / 2, 1)}",
        )
        for name in found.outcomes
    ]
    blocks: list[Block] = [
        Heading("What the fields mean"),
        Table(
            ("Field", "Mean observed", "Mean predicted", "Coverage", "Interval"),
            tuple(rows),
            caption=f"Intervals with a target coverage of {percent(subject.level)}, checked on "
            f"{SPLIT_NAMES[split]}.",
            align="lrrrr",
        ),
    ]
    if subject.layer.by_area:
        scatters = [
            Figure(
                charts.to_svg(
                    charts.shares_scatter(values[f"{name}_observed"], values[name], name),
                    width=300,
                    height=270,
                ),
                alt=f"Observed and predicted share of {name}",
            )
            for name in found.outcomes[:_SCATTERS]
        ]
        blocks += [FigureRow(tuple(scatters[at : at + 2])) for at in range(0, len(scatters) - 1, 2)]
    return blocks


def _accuracy(found: ShareFindings) -> list[Block]:
    return [
        Heading("Accuracy"),
        accuracy_table(found.test.accuracy),
        Paragraph(
            "KL divergence, Chebyshev and L1 distance are errors: 0 is perfect. Cosine similarity "
            "is 1 where predicted and observed shares agree."
        ),
    ]


def _where_not(subject: Subject, found: ShareFindings) -> str:
    outside = found.test.applicability.outside
    minimum = subject.layer.parameters["minimum_count"]
    counted = (
        f" Areas with fewer than {minimum:g} people were left out."
        if NUMBER_KINDS[found.given].has_totals
        else ""
    )
    return (
        f"{percent(outside, 1)} of {subject.city.unit.several} lie outside the area of "
        "applicability: unlike any area used. Cell shares are derived from areas many times "
        "larger; use them to see variation within an area, not as counts."
        f"{counted} Accuracy varies across the city:"
    )


REPORT_BODIES[SHARES.name] = body
