"""Figures of districts as bars with intervals, beside those of the city."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt
import pandas as pd

from aether_core.charts.palette import AMBER, BLUE, QUIET
from aether_core.charts.words import Chart, fitted, layered, name_axis, nothing, titled
from aether_core.language import _
from aether_core.search.profile.figures import is_share
from aether_core.search.profile.words import told_axis, told_unit

_BAR: Final = 11
_GAP: Final = 9
_AROUND: Final = 168
_FARTHEST: Final = 2.0
_LARGE: Final = 1000


@dataclass(frozen=True)
class Bar:
    """One figure of one area.

    Attributes:
        what: What it is, such as a class or a kind of place.
        who: The area, or the city.
        value: None where nothing is known.
        lo: Lower end of its interval; None where it has none.
        hi: Upper end.
    """

    what: str
    who: str
    value: float | None
    lo: float | None
    hi: float | None


def profile_bars(
    bars: Sequence[Bar], who: Sequence[str], *, title: str, unit: str, note: str = ""
) -> Chart:
    """Draw figures of one unit, one group of bars a figure.

    Args:
        bars: In the order to be drawn.
        who: Areas in the order of their bars, the city last; at most three.
        title: What the figures are of.
        unit: Their unit; one that says `share` is drawn in percent.
        note: What the interval means.
    """
    drawn = [bar for bar in bars if bar.value is not None]
    if not drawn:
        return nothing(title, _("nothing is known of this ground"))
    whats = list(dict.fromkeys(bar.what for bar in drawn))
    shown = dict(zip(whats, fitted(whats), strict=True))
    people = dict(zip(who, fitted(who, width=24, lines=1), strict=True))
    share, named = is_share(unit), told_unit(unit)
    frame = pd.DataFrame(
        {
            "what": [shown[bar.what] for bar in drawn],
            "who": [people[bar.who] for bar in drawn],
            "value": [bar.value for bar in drawn],
            "lo": [bar.lo if bar.lo != bar.hi else None for bar in drawn],
            "hi": [bar.hi if bar.lo != bar.hi else None for bar in drawn],
        }
    ).astype({"lo": float, "hi": float})
    exact = ".1%" if share else ",.3~g"
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "what:N",
            title=None,
            sort=list(shown.values()),
            axis=name_axis(),
            scale=alt.Scale(paddingInner=_GAP / (_BAR * len(who) + _GAP), paddingOuter=0.2),
        ),
        yOffset=alt.YOffset("who:N", sort=list(people.values()), bandPosition=0.5),
        tooltip=[
            alt.Tooltip("what:N", title=_("figure")),
            alt.Tooltip("who:N", title=_("area")),
            *(
                alt.Tooltip(f"{key}:Q", format=exact, title=name)
                for key, name in (("value", named), ("lo", _("from")), ("hi", _("to")))
            ),
        ],
    )
    ends = frame[["value", "lo", "hi"]]
    # Next to nothing is known of tiny ground: its interval runs out of the picture.
    most = min(float(ends.max(axis=None)), _FARTHEST * float(frame["value"].abs().max()))
    form = "~%" if share else ",.3~g" if most < _LARGE else "~s"
    scale = alt.Scale(domain=[min(float(ends.min(axis=None)), 0.0), most or 1.0], nice=True)
    x = alt.X(
        "value:Q",
        scale=scale,
        title=told_axis(unit),
        axis=alt.Axis(format=form, tickCount=5),
    )
    colours = [*(BLUE, AMBER)[: len(who) - 1], QUIET]
    colour = alt.Color(
        "who:N",
        title=None,
        scale=alt.Scale(domain=list(people.values()), range=colours),
        legend=alt.Legend(orient="top", columns=3, labelLimit=110),
    )
    lines = base.transform_filter("isValid(datum.lo)").mark_rule(strokeWidth=2, clip=True)
    chart = layered(
        base.mark_bar(cornerRadiusEnd=2, opacity=0.6, height=_BAR - 2).encode(x=x, color=colour),
        lines.encode(x="lo:Q", x2="hi:Q", color=colour),
    )
    return titled(chart, title, note)


def bars_height(bars: Sequence[Bar], who: Sequence[str]) -> int:
    """Pixels that `profile_bars` needs."""
    groups = len({bar.what for bar in bars if bar.value is not None})
    return _AROUND + max(groups, 1) * (_BAR * len(who) + _GAP)
