"""What charts call things, and names cut to lines that fit beside an axis."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import altair as alt
import pandas as pd

from aether_core.charts.palette import QUIET
from aether_core.language import _, as_marked, figure, mark
from aether_core.tasks.kinds.registry import metric_named
from aether_core.tasks.testing.splits import SPLITS as KNOWN_SPLITS

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
"""One view or several on the same axes: pages stretch both to their container."""

Record = Mapping[str, Any]
"""One result as `dataclasses.asdict` gives it."""


@dataclass(frozen=True)
class Measure:
    """How a metric is shown.

    Attributes:
        title: Name with its unit or range.
        lower_is_better: Which way is good.
    """

    title: str
    lower_is_better: bool = False

    @property
    def axis(self) -> str:
        """Title of an axis of this metric: name, unit and which way is good."""
        return _(
            "{title}, {value} is better",
            title=_(self.title),
            value=_("lower") if self.lower_is_better else _("higher"),
        )


_MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "auc": Measure(mark("Area under the ROC curve (0 to 1)")),
        "average_precision": Measure(mark("Average precision (0 to 1)")),
        "error": Measure(mark("Error (share of samples)"), lower_is_better=True),
        "coverage": Measure(mark("Coverage (share of true values covered)")),
    }
)
"""What is measured beside the metrics of the kinds of task."""
SPLITS: Final[Mapping[str, str]] = MappingProxyType(
    {name: split.title for name, split in KNOWN_SPLITS.items()}
)


def measure(metric: str) -> Measure:
    """How a metric is shown; one that is not known goes by its own name."""
    if metric in _MEASURES:
        return _MEASURES[metric]
    known = metric_named(metric)
    title = known.heading
    if known.unit:
        title = mark("{heading} ({unit})", heading=known.heading, unit=as_marked(known.unit))
    return Measure(title, known.lower_is_better)


def in_order(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """What was found, known ones first and in their order, then the others as they came."""
    there = list(dict.fromkeys(found))
    return [one for one in known if one in there] + [one for one in there if one not in set(known)]


def fitted(names: Sequence[str], *, width: int = 26, lines: int = 2) -> tuple[str, ...]:
    """Wrap names for an axis; what is longer still ends in an ellipsis.

    Args:
        names: Distinct names, of any length, with or without blanks.
        width: Most characters a line.
        lines: Most lines.

    Returns:
        As many distinct texts, lines parted by a line feed.
    """
    shown: list[str] = []
    taken: set[str] = set()
    for name in names:
        text = _distinct("\n".join(_wrapped(name, width, lines)), taken)
        taken.add(text)
        shown.append(text)
    return tuple(shown)


def _wrapped(name: str, width: int, lines: int) -> list[str]:
    wrapped = textwrap.wrap(name, width) or [_("(no name)")]
    if len(wrapped) <= lines:
        return wrapped
    return [*wrapped[: lines - 1], wrapped[lines - 1][: width - 1].rstrip() + "…"]


def _distinct(text: str, taken: set[str]) -> str:
    """The text, numbered when another name was cut to the same one."""
    number, result = 2, text
    while result in taken:
        result = f"{text} ({number})"
        number += 1
    return result


def percent(share: float, digits: int = 0) -> str:
    """A share 0 to 1 in words, such as `90 %`."""
    return figure(100 * share, f".{digits}f") + "\N{NO-BREAK SPACE}%"


def counted(n: int) -> str:
    """`n = 1,234`, kept on one line."""
    return "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}" + figure(n, ",")


def nothing(title: str, why: str) -> Chart:
    """What stands where a chart would, when there is nothing to draw."""
    frame = pd.DataFrame({"why": [why]})
    text = alt.Chart(frame).mark_text(color=QUIET, align="left").encode(text="why:N")
    return titled(text.encode(x=alt.value(0), y=alt.value(12)), title)


def name_axis(**options: Any) -> alt.Axis:  # noqa: ANN401 - Altair's own options pass through
    """An axis of names that `fitted` has wrapped."""
    return alt.Axis(
        labelExpr="split(datum.value, '\\n')", labelLimit=400, ticks=False, domain=False, **options
    )


def layered(*views: alt.Chart | alt.LayerChart) -> alt.LayerChart:
    """Views on the same axes, the first one lowest."""
    return alt.LayerChart(layer=list(views))


def titled(chart: Chart, title: str, subtitle: str | Sequence[str] = "") -> Chart:
    """Give a chart its title and, in quieter type, what it counts."""
    lines = [subtitle] if isinstance(subtitle, str) else list(subtitle)
    shown: Chart = chart.properties(
        title=alt.TitleParams(
            text=title,
            subtitle=[line for line in lines if line],
            subtitleColor=QUIET,
            anchor="start",
            frame="bounds",
            offset=10,
        )
    )
    return shown
