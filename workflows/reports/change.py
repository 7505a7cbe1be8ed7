"""What the report of a kept change says."""

import numpy as np
from numpy.typing import NDArray

from aether_core import charts
from aether_core.city.units import UnitKind
from aether_core.report import Block, Callout, Figure, Heading, KeyFigure, KeyFigures, Paragraph
from aether_core.search.change import CHANCE, ChangeFindings, YearNoise
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.search import validation
from workflows.reports.subject import REPORT_BODIES, Subject, percent

_MAP_MM = 125
_CHART_PX = 620


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked, found = subject.layer.parameters, subject.layer.measured(ChangeFindings)
    noise, unit = found.noise, subject.city.unit
    first, second = asked["from"], asked["to"]
    without = f", but not {asked['minus']}" if asked.get("minus") else ""
    lacking = found.lacking
    left_out = f" {unit.counted(lacking)} without data in one of the years." if lacking else ""
    return [
        KeyFigures(
            (
                KeyFigure(
                    "within noise", percent(found.share_below_noise, 1), f"of {unit.several}"
                ),
                KeyFigure("towards", f"{found.towards:,}", f"{unit.several} beyond noise"),
                KeyFigure("away", f"{found.away:,}", f"{unit.several} beyond noise"),
            )
        ),
        Paragraph(
            f"Change towards: {asked['query']}{without}. The map compares {first} "
            f"and {second}, scored with the same model.{left_out}"
        ),
        Heading("The map"),
        map_figure(
            subject,
            "change",
            tallest_mm=_MAP_MM,
            caption=f"Score of {second} minus score of {first}. Palest: within the usual "
            "difference between years.",
        ),
        Callout("caution", found.caution, title="How to read it"),
        Heading("Noise level"),
        Paragraph(
            "Two years of the same place never agree exactly. Noise is measured as the change of "
            f"this score in the {unit.counted(noise.stable)} ({percent(noise.stable_share)}) whose "
            "embedding changed least: all but "
            f"{percent(CHANCE)} of them are between {noise.low:+.3f} and {noise.high:+.3f}. "
            f"{_false(noise, unit, subject.layer.features)}"
        ),
        Figure(
            charts.to_svg(
                charts.change_histogram(_change(subject), noise.low, noise.high, unit.several),
                width=_CHART_PX,
                height=240,
            ),
            caption=f"{unit.several.capitalize()} by change in score; changes between the "
            "dashed lines are noise.",
            alt="Histogram of change with the noise band",
        ),
        Heading("Model accuracy"),
        Paragraph(validation(subject)),
    ]


def _false(noise: YearNoise, unit: UnitKind, number: int) -> str:
    """How many units would be called changed without a change; layers from before cannot tell."""
    if not noise.tested:
        return "The false-positive rate was not measured."
    low, high = noise.false_low, noise.false_high
    return (
        "Tested against noise bands from other parts of the city, "
        f"{percent(noise.false_share, 1)} of these {unit.several} ({percent(low, 1)} to "
        f"{percent(high, 1)}) are false positives: of {unit.counted(number)} "
        f"{low * number:,.0f} to {high * number:,.0f} would be flagged without any change."
    )


def _change(subject: Subject) -> NDArray[np.float32]:
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    return np.asarray(values["change"], dtype=np.float32)


REPORT_BODIES["change"] = body
