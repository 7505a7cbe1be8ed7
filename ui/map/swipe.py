"""Two pictures of one frame under a slider: the left map gives way to the right one."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from aether_core.charts.words import percent

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_TALLEST_PX: Final = 560
_LEGEND_STYLE: Final = """
.swatches { font-size: 13px; display: flex; flex-wrap: wrap; gap: 3px 14px; align-items: center; }
.swatches b { flex: 1 0 100%; overflow-wrap: anywhere; }
.swatches small { flex: 1 0 100%; opacity: .75; font-size: 12px; }
.swatch { display: inline-flex; align-items: center; gap: 6px; }
.swatch i { width: 18px; height: 12px; border-radius: 2px; flex: none; }
.swatch .hatched { background: repeating-linear-gradient(135deg, #969da2 0 2px, #e2e4e5 2px 6px); }
"""


@dataclass(frozen=True)
class Side:
    """One of the two pictures.

    Attributes:
        name: What it shows.
        png: The picture.
        width: Pixels.
        height: Pixels.
    """

    name: str
    png: bytes
    width: int
    height: int


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once: its parts are this module's own files."""
    own = Path(__file__)
    html, css, js = (
        own.with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".html", ".css", ".js")
    )
    return st.components.v2.component("aether_swipe", html=html, css=css, js=js)


def draw_swipe(left: Side, right: Side, *, key: str) -> None:
    """Draw the slider; both pictures must show the same frame.

    Args:
        left: What is seen to the left of the line.
        right: What is seen to its right.
        key: Stable name: a rerun with the same pictures keeps the line where it is.
    """
    _component()(
        key=key,
        data={
            "left": _url(left.png),
            "right": _url(right.png),
            "leftName": left.name,
            "rightName": right.name,
            "width": left.width,
            "height": left.height,
            "tallest": _TALLEST_PX,
            "label": f"Position of the divider between {left.name} (left) and {right.name} (right)",
        },
    )


def _url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def legend(title: str, unit: str, entries: Sequence[tuple[str, str]], untrusted: float) -> None:
    """Draw what the colours of one picture mean, below it.

    Args:
        title: What the picture shows.
        unit: What its values count.
        entries: Colour `#rrggbb` and its meaning.
        untrusted: Share of the features that are hatched grey.
    """
    chips = "".join(
        f'<span class="swatch"><i style="background:{escape(colour)}"></i>{escape(name)}</span>'
        for colour, name in entries
    )
    if untrusted:
        share = percent(untrusted) if untrusted >= 0.005 else f"under {percent(0.01)}"
        chips += f'<span class="swatch"><i class="hatched"></i>unreliable, {share}</span>'
    st.html(
        f"<style>{_LEGEND_STYLE}</style>"
        f'<div class="swatches"><b>{escape(title)}</b><small>{escape(unit)}</small>{chips}</div>'
    )
