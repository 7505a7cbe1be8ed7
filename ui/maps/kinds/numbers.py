"""How far to trust a map of a number: scores, estimated against true numbers, intervals."""

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS, percent
from aether_core.language import _, mark
from aether_core.tasks.kinds.numbers import NUMBERS, NumberFindings, advice
from aether_core.tasks.values.transform import LOG1P
from ui.maps import views
from ui.maps.switches import colour_by, grey_out
from ui.maps.task_page import TASK_PAGES, Headline, TaskPage
from ui.maps.tested import accuracy_table
from ui.maps.views import LayerView, Look
from ui.shell import chart
from ui.shell.text import plain
from workflows.layers.layers import LayerSummary

_CHART: Final = 380
_ESTIMATE, _LOW, _HIGH, _WIDTH = (
    mark("Estimate"),
    mark("Lower end"),
    mark("Upper end"),
    mark("Width"),
)
_COLUMNS: Final = {_ESTIMATE: "", _LOW: "_lo", _HIGH: "_hi"}
"""What a map can be coloured by, and how its column's name ends."""
_ON_LOGARITHM: Final = mark(
    "Fitted on the logarithm: an estimate is the typical number of such a place, not the mean, "
    "which few large numbers pull up."
)


class NumbersPage(TaskPage[NumberFindings]):
    """Maps of a number."""

    key = "numbers"

    def headline(self, found: NumberFindings) -> Headline:
        """R²: the part of the differences that is explained."""
        del found
        return Headline(
            "r2",
            "R²",
            known=_("known places"),
            about=_(
                "Part of the differences between held-out places that the map explains: 1 is "
                "all of them, 0 no better than the mean of all places."
            ),
        )

    def figures(self, found: NumberFindings) -> None:
        """What to do where the map says nothing for certain."""
        if said := advice(found):
            st.info(plain(said), icon=":material/lightbulb:")

    def caption(self, found: NumberFindings) -> str | None:
        """How an estimate is to be read, where that is not plain."""
        parts = [f"In {found.field} {found.unit}." if found.unit else ""]
        parts.append(_(_ON_LOGARITHM) if found.transform == LOG1P.name else "")
        return " ".join(part for part in parts if part) or None

    def view(self, layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
        """By the estimate, an end of its interval, or how wide that is."""
        found = layer.measured(NumberFindings)
        name = found.field
        what = colour_by([*_COLUMNS, _WIDTH], _ESTIMATE, key)
        named = {f"{name}{end}": words for words, end in _COLUMNS.items()}
        shown = frame.rename(columns=named)
        shown[_WIDTH] = shown[_HIGH] - shown[_LOW]
        view = views.numbers(
            shown, what, f"{name} {found.unit}".strip(), f"{layer.title}: {what.lower()}", look
        )
        view = replace(view, field=f"{name}{_COLUMNS[what]}" if what in _COLUMNS else "")
        outside = ~frame["applicable"].to_numpy(dtype=bool)
        return view.greyed(outside, look) if outside.any() and grey_out(key) else view

    def accuracy(self, found: NumberFindings, frame: pd.DataFrame, key: str) -> None:
        """Scores, and each held-out number against what was estimated."""
        del frame
        figures, scatter = st.columns(2, gap="large")
        with figures:
            accuracy_table(found.test.accuracy, key)
        with scatter:
            pairs = found.test.pairs
            chart.show_chart(
                charts.numbers_scatter(
                    pairs.truth,
                    pairs.predicted,
                    f"{found.field} {found.unit}".strip(),
                    logarithmic=found.transform == LOG1P.name,
                ),
                f"{key}-scatter-chart",
                height=_CHART,
                alt=_("Observed and estimated {field} of held-out places", field=found.field),
            )
            split = found.test.calibrated_on
            st.caption(
                _("Each place was held out when estimated: {get}.", get=_(SPLITS.get(split, split)))
            )

    def confidence(self, found: NumberFindings, key: str) -> None:
        """Whether the intervals hold as often as they say, and how wide they are."""
        coverage = found.test.coverage
        level = next(iter(coverage.values())).level
        st.write(
            _(
                "An interval is made to hold the true number in **{level}** of places. It is "
                "wide where estimates of such places were far off.",
                level=percent(level),
            )
        )
        number = st.column_config.NumberColumn
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        _("Tested on"): _(SPLITS.get(split, split)),
                        _("Holds the truth"): 100 * figures.share,
                        _("From"): 100 * figures.lo,
                        _("To"): 100 * figures.hi,
                        _("Mean width"): figures.mean_width,
                        _("Places"): figures.n,
                    }
                    for split, figures in coverage.items()
                ]
            ),
            hide_index=True,
            key=f"{key}-intervals",
            column_config={
                _("Holds the truth"): number(format="%.1f %%"),
                _("From"): number(format="%.1f %%", help=_("Lower end of the 95 % interval")),
                _("To"): number(format="%.1f %%", help=_("Upper end of the 95 % interval")),
                _("Mean width"): number(
                    format="%.4g", help=_("In the unit of {field}", field=found.field)
                ),
            },
        )


TASK_PAGES[NUMBERS.name] = NumbersPage()
