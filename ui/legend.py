"""The legend over a map: what the colours mean, with the unit."""

from html import escape

import streamlit as st

from ui.ramp import Steps, css


def draw(title: str, unit: str, steps: Steps, *, names: list[str] | None = None) -> None:
    """Draw a legend, highest class first; it sits in the corner of the enclosing map frame.

    Args:
        title: What is shown.
        unit: What the numbers count, such as `percentile of the city's cells`.
        steps: Classes and colours.
        names: Class labels, lowest first; the limits when left out.
    """
    labels = names or [
        f"{low:.3g} to {high:.3g}" for low, high in zip(steps.edges, steps.edges[1:], strict=False)
    ]
    rows = "".join(
        '<div class="legend-row"><span class="legend-ground">'
        f'<span style="background:{css(colour)}"></span></span>{escape(label)}</div>'
        for colour, label in reversed(list(zip(steps.colours, labels, strict=True)))
    )
    with st.container(key="map-legend"):
        st.html(
            f'<div class="legend"><div class="legend-title">{escape(title)}</div>{rows}'
            f'<div class="legend-unit">{escape(unit)}</div></div>'
        )


PERCENTILE_NAMES = ["lower half", "50 to 75", "75 to 90", "90 to 95", "95 to 99", "best 1 %"]
