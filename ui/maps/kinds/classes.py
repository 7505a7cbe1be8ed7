"""How far to trust a map of classes: confusion, scores of each class, calibration, sets."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS, percent
from aether_core.language import _
from aether_core.tasks.kinds.class_verdict import verdict
from aether_core.tasks.kinds.classes import CLASSES, ClassFigures, ClassFindings, sentences
from ui.maps import views
from ui.maps.switches import colour_by, grey_out, one_of, predict_everywhere
from ui.maps.task_page import TASK_PAGES, Headline, TaskPage
from ui.maps.tested import accuracy_table, split_switch
from ui.maps.views import LayerView, Look
from ui.shell import chart
from ui.shell.text import plain
from workflows.layers.layers import LayerSummary

_CHART: Final = 330
_ROWS_SHOWN: Final = 12


class ClassesPage(TaskPage[ClassFindings]):
    """Maps of classes: confusion, scores of each class, calibration, sets."""

    def headline(self, found: ClassFindings) -> Headline:
        """Accuracy, which needs no explanation."""
        del found
        return Headline(
            "accuracy",
            _("Accuracy"),
            known="labels",
            about=_("Share of held-out labels whose class was predicted correctly."),
            write=percent,
        )

    def figures(self, found: ClassFindings) -> None:
        """How much of the map can be used, and what to do where that is little."""
        several = _("map cells") if found.cells is None else found.cells.several
        st.metric(
            _("Usable {several}", several=several),
            percent(found.usable),
            help=_(
                "Share of {several} that are observed, or resemble the labels and have at most "
                "two possible classes. The others are grey.",
                several=several,
            ),
        )
        if advice := verdict(found):
            st.info(plain(advice), icon=":material/lightbulb:")

    def caption(self, found: ClassFindings) -> str | None:
        """Where its cells come from, and what became of rare classes."""
        return plain(" ".join(sentences(found))) or None

    def view(self, layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
        """By class, confidence, size of the set, one class, or trust."""
        classes = layer.measured(ClassFindings).outcomes
        what = colour_by(views.LAND_USE, views.CLASS, key)
        one = (
            one_of(classes, _("Class"), f"{key}-one-{layer.layer}")
            if what == views.ONE_CLASS
            else ""
        )
        if "predicted" in frame and predict_everywhere(key):
            frame = views.predictions_of(frame)
        view = views.land_use(frame, classes, what, look, one=one)
        if what == views.TRUST or not grey_out(key):
            return view
        holds = "applicable" if what == views.SET_SIZE else "trusted"
        return view.greyed(~frame[holds].to_numpy(dtype=bool), look)

    def accuracy(self, found: ClassFindings, frame: pd.DataFrame, key: str) -> None:
        """Confusion matrix and scores of each class, on samples held out from the probe."""
        del frame  # what was measured on the labels says it all
        test = found.test
        figures, matrix = st.columns([5, 6], gap="large")
        with matrix:
            split = split_switch(test.confusion, f"{key}-confusion-split")
            names = found.outcomes
            chart.show_chart(
                charts.confusion(test.confusion[split], names),
                f"{key}-confusion",
                height=min(200 + 24 * len(names), chart.TALLEST),
                alt=_("Confusion matrix: true and predicted classes"),
            )
        with figures:
            accuracy_table(test.accuracy, key)
            _per_class(test.per_class[split], key)

    def confidence(self, found: ClassFindings, key: str) -> None:
        """Whether probabilities and sets hold as often as they say."""
        test = found.test
        stated, sets = st.columns(2, gap="large")
        with stated:
            chart.show_chart(
                charts.reliability(test.reliability),
                f"{key}-reliability",
                height=_CHART,
                alt=_("Reliability diagram: predicted probability and observed accuracy"),
            )
            st.caption(
                _(
                    "On the dashed line, predictions with a confidence of 80 % are right 8 times "
                    "out of 10. Temperature {temperature:.2f}, fitted on {splits}.",
                    temperature=test.temperature,
                    splits=_(SPLITS[test.calibrated_on]),
                )
            )
        with sets:
            chart.show_chart(
                charts.coverage(test.coverage),
                f"{key}-coverage",
                height=max(_CHART, 150 + 30 * len(found.outcomes)),
                alt=_("Coverage of the sets by class"),
            )
            if test.always_in_set:
                st.caption(
                    _(
                        "Too few samples to rule these out: {always_in_set}. They are in every "
                        "set.",
                        always_in_set=plain(", ".join(test.always_in_set)),
                    )
                )

    def limits(self, found: ClassFindings) -> str:
        """How much of the city can be used."""
        inside = percent(found.test.trusted)
        return _(
            " Predictions are inside it with at most two classes possible in **{inside}**.",
            inside=inside,
        )


TASK_PAGES[CLASSES.name] = ClassesPage()


def _per_class(rows: Sequence[ClassFigures], key: str) -> None:
    frame = pd.DataFrame(
        [
            {
                _("Class"): row.name,
                _("Samples"): row.n,
                _("Recall"): 100 * row.recall,
                _("Precision"): 100 * row.precision,
                "F1": row.f1,
            }
            for row in rows
        ]
    )
    share = st.column_config.ProgressColumn
    st.dataframe(
        frame,
        hide_index=True,
        key=f"{key}-classes",
        height="content" if len(frame) <= _ROWS_SHOWN else 460,
        column_config={
            _("Class"): st.column_config.TextColumn(width=120),
            _("Recall"): share(
                width=95,
                format="%.0f %%",
                min_value=0,
                max_value=100,
                help=_("Share of this class's samples that the predictions find (recall)"),
            ),
            _("Precision"): share(
                width=95,
                format="%.0f %%",
                min_value=0,
                max_value=100,
                help=_("Share of samples predicted as this class that are correct (precision)"),
            ),
            "F1": st.column_config.NumberColumn(format="%.2f", width=50),
        },
    )
