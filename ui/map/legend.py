"""The legend over a map: what the colours mean, with the unit."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ui.map.ramp import Colour, Steps, css


def draw_steps(
    title: str,
    unit: str,
    steps: Steps,
    *,
    names: Sequence[str] | None = None,
    grey: Colour | None = None,
    key: str = "map",
) -> None:
    """Draw a legend, highest class first; it sits in the corner of the enclosing map frame.

    Args:
        title: What is shown.
        unit: What the numbers count, such as `percentile of the city's cells`.
        steps: Classes and colours.
        names: Class labels, lowest first; the limits when left out.
        grey: Colour of what is not to be trusted, where some of it is grey.
        key: Tells the legends of several maps of a page apart.
    """
    labels = names or [
        f"{low:.3g} to {high:.3g}" for low, high in zip(steps.edges, steps.edges[1:], strict=False)
    ]
    named = list(zip(steps.colours, labels, strict=True))
    rows = "".join(_row(colour, label) for colour, label in reversed(named))
    _in_corner(title, rows, unit, key, grey)


def draw_categories(
    title: str,
    unit: str,
    entries: Sequence[tuple[Colour, str, str]],
    *,
    grey: Colour | None = None,
    key: str = "map",
) -> None:
    """Draw a legend of classes; it scrolls where there are many.

    Args:
        title: What is shown.
        unit: What it is, in a few words.
        entries: Colour, name and a short figure of each class.
        grey: Colour of what is not to be trusted, where some of it is grey.
        key: Tells the legends of several maps of a page apart.
    """
    rows = "".join(_row(colour, name, figure) for colour, name, figure in entries)
    _in_corner(title, rows, unit, key, grey)


def _row(colour: Colour, name: str, figure: str = "") -> str:
    end = f'<span class="legend-figure">{escape(figure)}</span>' if figure else ""
    return (
        '<div class="legend-row"><span class="legend-ground">'
        f'<span style="background:{css(colour)}"></span></span>'
        f'<span class="legend-name">{escape(name)}</span>{end}</div>'
    )


def _in_corner(title: str, rows: str, unit: str, key: str, grey: Colour | None) -> None:
    below = _row(grey, UNTRUSTED) if grey else ""
    with st.container(key=f"map-legend-{key}"):
        st.html(
            f'<div class="legend"><div class="legend-title">{escape(title)}</div>'
            f'<div class="legend-rows">{rows}</div>{below}'
            f'<div class="legend-unit">{escape(unit)}</div></div>'
        )


UNTRUSTED = "unreliable"
PERCENTILE_NAMES = ["lower half", "50 to 75", "75 to 90", "90 to 95", "95 to 99", "top 1 %"]
