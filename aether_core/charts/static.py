"""Charts as pictures for a document: SVG or PNG, drawn without a browser or a network.

The type is Source Sans Pro, which lies beside this file (SIL Open Font License, `fonts/OFL.txt`):
what measures the text here and what sets it in the document must be the same.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import vl_convert

from aether_core.charts.words import Chart
from aether_core.language import in_charts

FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "Source Sans Pro"

_INK, _QUIET, _GRID, _LINE = "#1d2730", "#5b6770", "#e6eaed", "#b9c3ca"
_AXIS: Final = {
    "labelColor": _QUIET,
    "labelFontSize": 11,
    "titleColor": _QUIET,
    "titleFontSize": 11,
    "titleFontWeight": 400,
    "titlePadding": 8,
    "gridColor": _GRID,
    "domainColor": _LINE,
    "tickColor": _LINE,
}
_CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "aria": False,
    "font": FAMILY,
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisQuantitative": {"tickCount": 6, "labelOverlap": "greedy", "labelSeparation": 8},
    "legend": {
        "labelColor": _INK,
        "labelFontSize": 11,
        "titleColor": _QUIET,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "symbolOpacity": 1,
        "labelLimit": 300,
    },
    "title": {
        "color": _INK,
        "fontSize": 13,
        "fontWeight": 600,
        "subtitleColor": _QUIET,
        "subtitleFontSize": 11,
        "subtitlePadding": 4,
    },
    "text": {"fontSize": 11},
    "scale": {"barBandPaddingInner": 0.3},
}


def to_svg(chart: Chart, *, width: int = 620, height: int | None = 280) -> str:
    """Draw a chart as SVG; text stays text.

    Args:
        chart: Any chart of this package.
        width: Of the whole picture, CSS pixels (1/96 inch).
        height: Of the whole picture; None gives each row of names the room it needs.
    """
    _register_fonts()
    return str(
        vl_convert.vegalite_to_svg(_specification(chart, width, height), allowed_base_urls=[])
    )


def to_png(
    chart: Chart, *, width: int = 620, height: int | None = 280, scale: float = 2.0
) -> bytes:
    """Draw a chart as PNG on white; see `to_svg`.

    Args:
        chart: Any chart of this package.
        width: Of the whole picture, CSS pixels.
        height: Of the whole picture, or None.
        scale: Pixels of the PNG for each CSS pixel.
    """
    _register_fonts()
    specification = _specification(chart, width, height)
    specification["config"]["background"] = "#ffffff"
    return bytes(vl_convert.vegalite_to_png(specification, scale=scale, allowed_base_urls=[]))


def _specification(chart: Chart, width: int, height: int | None) -> dict[str, Any]:
    specification: dict[str, Any] = chart.to_dict()
    own = specification.get("config", {})
    specification["config"] = {**_CONFIG, **{key: own[key] for key in own if key not in _CONFIG}}
    specification["config"]["locale"] = in_charts()
    specification["padding"] = {"left": 0, "right": 8, "top": 2, "bottom": 2}
    specification["width"] = width
    specification["height"] = {"step": 30} if height is None else height
    specification["autosize"] = {
        "type": "fit-x" if height is None else "fit",
        "contains": "padding",
    }
    return specification


@cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(FONTS))
