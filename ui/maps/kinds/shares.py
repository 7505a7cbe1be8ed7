"""How far to trust a socioeconomic layer: scores, predicted against true shares, intervals."""

from typing import Final

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS, percent
from aether_core.language import _
from aether_core.tasks.kinds.shares import SHARES, ShareFindings
from aether_core.tasks.testing.fairness import GroupFigures
from ui.maps import share_views
from ui.maps.switches import colour_by, grey_out, one_of
from ui.maps.task_page import TASK_PAGES, Headline, TaskPage
from ui.maps.tested import accuracy_table, split_switch
from ui.maps.views import LayerView, Look
from ui.shell import chart
from workflows.layers.layers import LayerSummary

_CHART: Final = 380


class SharesPage(TaskPage[ShareFindings]):
    """Maps of shares: scores, predicted against true shares, intervals."""

    key = "shares"
    note = ShareFindings.note

    def headline(self, found: ShareFindings) -> Headline:
        """The typical error, in the points that shares are read in."""
        return Headline(
            "l1",
            _("Typical error"),
            known=_("known areas"),
            about=_(
                "How far the predicted share of a group is from the observed one, in percentage "
                "points: the mean over all groups and held-out areas."
            ),
            write=lambda l1: _("{points:.1f}\N{NO-BREAK SPACE}points", points=found.points(l1)),
        )

    def view(self, layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
        """By the leading field, by one field, or by what lies between two."""
        fields = layer.measured(ShareFindings).outcomes
        offered = share_views.AREAS if layer.by_area else share_views.CELLS
        what = colour_by(offered, share_views.FIELD, key)
        field = other = fields[0]
        if what in share_views.OF_ONE_FIELD:
            field = one_of(fields, _("Field"), f"{key}-field-{layer.layer}")
        if what == share_views.BETWEEN:
            others = [name for name in fields if name != field]
            other = one_of(others, _("less"), f"{key}-other-{layer.layer}")
        level = float(layer.parameters.get("level", 0.9))
        asked = share_views.Asked(what, field, other, level)
        view = share_views.shares(frame, fields, asked, look)
        outside = ~frame["applicable"].to_numpy(dtype=bool)
        return view.greyed(outside, look) if outside.any() and grey_out(key) else view

    def accuracy(self, found: ShareFindings, frame: pd.DataFrame, key: str) -> None:
        """Scores of all areas, and one field's shares against the true ones.

        Args:
            found: What was measured.
            frame: `<field>` and `<field>_observed` of each area, predicted by a fit without it.
            key: Start of the widgets' names.
        """
        figures, scatter = st.columns(2, gap="large")
        with figures:
            accuracy_table(found.test.accuracy, key)
        with scatter:
            field = st.selectbox(_("Field"), found.outcomes, key=f"{key}-scatter")
            if f"{field}_observed" not in frame:
                st.caption(_("The areas this layer was made from have been removed."))
                return
            chart.show_chart(
                charts.shares_scatter(frame[f"{field}_observed"], frame[field], field),
                f"{key}-scatter-chart",
                height=_CHART,
                alt=_("Predicted and observed share of {field}", field=field),
            )
            st.caption(_("Each area was held out when predicted: {tested}.", tested=_tested(found)))

    def confidence(self, found: ShareFindings, key: str) -> None:
        """Whether the intervals hold as often as they say, and how wide they are."""
        drawn, table = st.columns(2, gap="large")
        coverage = found.test.coverage
        rows = [
            {
                _("Field"): field,
                _("Tested on"): _(SPLITS.get(split, split)),
                _("Coverage"): 100 * figures.share,
                _("Mean width"): 100 * figures.mean_width,
                _("Areas"): figures.n,
            }
            for split, by_field in coverage.items()
            for field, figures in by_field.items()
        ]
        with drawn:
            split = split_switch(coverage, f"{key}-coverage-split")
            groups = [
                GroupFigures(
                    field,
                    figures.n,
                    coverage=figures.share,
                    coverage_lo=figures.lo,
                    coverage_hi=figures.hi,
                )
                for field, figures in coverage[split].items()
            ]
            level = next(iter(coverage[split].values())).level
            chart.show_chart(
                charts.fairness(
                    groups,
                    "coverage",
                    title=_("Coverage of the intervals; target {level}", level=percent(level)),
                    axis=_("Areas whose observed share is in the interval"),
                ),
                f"{key}-coverage",
                height=max(_CHART, 150 + 34 * len(found.outcomes)),
                alt=_("Coverage of the intervals by field"),
            )
        with table:
            st.dataframe(
                pd.DataFrame(rows),
                hide_index=True,
                key=f"{key}-widths",
                height="content" if len(rows) <= 12 else 460,
                column_config={
                    _("Coverage"): st.column_config.NumberColumn(
                        format="%.1f %%", help=_("Areas whose observed share is in the interval")
                    ),
                    _("Mean width"): st.column_config.NumberColumn(format="%.1f %%"),
                },
            )


TASK_PAGES[SHARES.name] = SharesPage()


def _tested(found: ShareFindings) -> str:
    split = found.test.calibrated_on
    return _(SPLITS.get(split, split))
