"""What was measured on held-out samples: the table of scores, and the switch between splits."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from aether_core.charts.words import SPLITS, measure
from aether_core.language import _
from aether_core.tasks.findings import Score
from aether_core.tasks.testing.splits import SPATIAL, hardest


def accuracy_table(accuracy: Mapping[str, Mapping[str, Score]], key: str) -> None:
    """Every measure by split with its interval."""
    rows = [
        {
            _("Measure"): _(measure(metric).title),
            _("Tested on"): _(SPLITS.get(split, split)),
            _("Mean"): figures.mean,
            _("From"): figures.lo,
            _("To"): figures.hi,
            _("Better"): "lower" if measure(metric).lower_is_better else "higher",
        }
        for metric in next(iter(accuracy.values()))
        for split, by_metric in accuracy.items()
        for figures in [by_metric[metric]]
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"{key}-accuracy",
        column_config={
            _("Mean"): number(format="%.4g"),
            _("From"): number(format="%.4g", help=_("Lower end of the 95 % interval")),
            _("To"): number(format="%.4g", help=_("Upper end of the 95 % interval")),
        },
    )
    if SPATIAL.name in accuracy:
        st.caption(
            _(
                "Random folds test on places next to training places, which is optimistic. "
                "Spatial blocks test away from them: rely on these."
            )
        )


def split_switch(by_split: Mapping[str, object], key: str) -> str:
    """Choose between the splits there are; the hardest comes first."""
    names = list(by_split)
    first = hardest(names)
    if len(names) == 1:
        return first
    return st.segmented_control(
        _("Tested on"),
        names,
        default=first,
        required=True,
        format_func=lambda name: _(SPLITS.get(name, name)),
        key=key,
    )
