"""What the report of a kept change says."""

import numpy as np
from numpy.typing import NDArray

from aether_core import charts
from aether_core.report import Block, Callout, Figure, Heading, KeyFigure, KeyFigures, Paragraph
from aether_core.search.change import CHANCE
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.search import validation
from workflows.reports.subject import Subject, percent

_MAP_MM = 125
_CHART_PX = 620


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked, found = subject.layer.parameters, subject.findings
    noise = found["noise"]
    first, second = asked["from"], asked["to"]
    without = f", but not {asked['minus']}" if asked.get("minus") else ""
    lacking = found["lacking"]
    left_out = f" {lacking:,} cells have no data in one of the years." if lacking else ""
    return [
        KeyFigures(
            (
                KeyFigure(
                    "below the noise", percent(found["share_below_noise"], 1), "of the cells"
                ),
                KeyFigure("towards", f"{found['towards']:,}", "cells, beyond the noise"),
                KeyFigure("away", f"{found['away']:,}", "cells, beyond the noise"),
            )
        ),
        Paragraph(
            f"Where has the city moved towards: {asked['query']}{without}? Held against each other "
            f"are {first} and {second}, scored by the same model.{left_out}"
        ),
        Heading("The map"),
        map_figure(
            subject,
            "change",
            tallest_mm=_MAP_MM,
            caption=f"Score of {second} less score of {first}. White: no more than years differ "
            "anyway.",
        ),
        Callout("caution", str(found["caution"]), title="How to read it"),
        Heading("The yardstick"),
        Paragraph(
            "Two years of one place never agree. The yardstick is how far this question's score "
            f"differs in the {noise['stable']:,} cells ({percent(noise['stable_share'])}) whose "
            "embedding turned no more than most: all but "
            f"{percent(CHANCE)} of them stay between {noise['low']:+.3f} and {noise['high']:+.3f}. "
            f"{_false(noise, subject.layer.features)}"
        ),
        Figure(
            charts.to_svg(
                charts.change_histogram(_change(subject), noise["low"], noise["high"]),
                width=_CHART_PX,
                height=240,
            ),
            caption="Cells by their change; between the dashed lines lies the noise.",
            alt="Histogram of the change with the band of the noise",
        ),
        Heading("How good the model is"),
        Paragraph(validation(subject)),
    ]


def _false(noise: dict[str, float], cells: int) -> str:
    """How many cells would be called changed without a change; layers from before cannot tell."""
    if "false_high" not in noise:
        return "How many cells lie beyond it without any change was not measured."
    low, high = noise["false_low"], noise["false_high"]
    return (
        "Held against bands measured in other parts of the city, "
        f"{percent(noise['false_share'], 1)} of these cells ({percent(low, 1)} to "
        f"{percent(high, 1)}) lie beyond: of {cells:,} cells {low * cells:,.0f} to "
        f"{high * cells:,.0f} would without any change."
    )


def _change(subject: Subject) -> NDArray[np.float32]:
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    return np.asarray(values["change"], dtype=np.float32)
