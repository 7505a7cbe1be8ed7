"""A finished study: what it says in one sentence, then chart, table and files."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from aether_core.charts.studies import study_chart
from aether_core.errors import AetherError
from aether_core.language import _, mark, moment, translated
from aether_core.study.result import METRICS, StudyResult, StudySummary
from aether_core.study.words import in_words, number_text, signed
from ui.shell import chart, errors, footer, rights, state
from ui.shell.text import duration, facts, plain
from workflows.cities.cities import CitySummary
from workflows.evaluation import studies as study
from workflows.evaluation.study_export import chart_height, study_file
from workflows.evaluation.study_kind import STUDY

_VERDICTS: Final[Mapping[bool | None, str]] = {
    True: mark("better"),
    False: mark("worse"),
    None: mark("no difference shown"),
}
_FILES: Final[Mapping[str, tuple[str, str, str]]] = {
    ".csv": (mark("Table (CSV)"), "text/csv", ":material/table:"),
    ".json": (mark("All figures (JSON)"), "application/json", ":material/data_object:"),
    ".svg": (mark("Chart (SVG)"), "image/svg+xml", ":material/insert_chart:"),
}
_BY_CHANCE: Final = mark(
    "Intervals are not corrected for multiple comparisons: about one in twenty comparisons "
    "without any effect will look like a difference."
)


def asked(found: study.StudySummary) -> dict[str, object]:
    """What a study was asked to do, as facts."""
    return {
        _("Recipe"): found.recipe,
        **{key.replace("_", " ").capitalize(): value for key, value in found.settings.items()},
        _("Seeds"): ", ".join(map(str, found.seeds)),
        _("Labels"): found.labels or _("none"),
        _("Device"): found.device,
    }


def show_study(city: CitySummary, found: study.StudySummary, title: str) -> None:
    """Draw a finished study; one of simulated data is marked where the page's heading is not."""
    result = found.result
    if result is None:
        return
    result_side, about = st.columns([2, 1], gap="large")
    with result_side:
        verdict = st.container(border=True, key="verdict")
    with about:
        made = {
            _("Duration"): duration(found.seconds),
            _("Created"): moment(found.created),
        }
        facts({**asked(found), **made})
    metric = st.segmented_control(
        _("Measure"),
        list(result.metrics),
        default=result.metrics[0],
        required=True,
        format_func=lambda name: METRICS[name].title,
        key=f"study-metric-{found.id}",
    )
    with verdict:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header(plain(title), anchor=False, width="content")
            if found.simulated and not city.simulated:
                footer.simulated_badge()
        st.markdown(plain(translated(in_words(result, metric))))
    st.caption(METRICS[metric].help)
    chart.show_chart(
        study_chart(result, metric),
        f"study-chart-{found.id}-{metric}",
        height=chart_height(result, metric),
        alt=f"{title}: {METRICS[metric].title}",
    )
    _table(result, metric)
    _files(found, metric)
    others = [line for line in found.attribution if line not in city.attribution]
    if others:  # of a transfer's other city; the page's own foot has this city's
        st.caption(" · ".join(others))
    with st.expander(_("Methods")):
        st.markdown("\n".join(f"- {plain(note)}" for note in [*result.notes, _(_BY_CHANCE)]))


def _table(result: StudyResult, metric: str) -> None:
    shown = [one for one in result.summaries if one.metric == metric]
    paired = any(one.difference is not None for one in shown)
    frame = pd.DataFrame([_row(one, result.baseline, paired=paired) for one in shown])
    st.dataframe(
        frame.loc[:, (frame != "").any()],
        hide_index=True,
        key="study-table",
        column_config={
            _("Mean"): st.column_config.NumberColumn(format="%.3f"),
            _("Spread"): st.column_config.TextColumn(help=_("Standard deviation between seeds.")),
            _("Difference"): st.column_config.TextColumn(
                help=_("From “{baseline}”, paired by seed.", baseline=result.baseline)
            ),
        },
    )


def _row(one: StudySummary, baseline: str, *, paired: bool) -> dict[str, object]:
    """A variant as a table's row; a text is empty where there is nothing to say."""
    verdict = _(_VERDICTS[one.better]) if one.difference_ci95 else ""
    return {
        _("Variant"): one.variant,
        _("Mean"): one.mean,
        _("Spread"): "" if paired or one.sd is None else number_text(one.sd),
        _("95 % interval"): _interval(one.ci95),
        _("Difference"): "" if one.difference is None else signed(one.difference),
        _("95 % interval of difference"): _interval(one.difference_ci95, signed),
        _("Verdict"): _("baseline") if paired and one.variant == baseline else verdict,
    }


def _interval(
    ends: tuple[float, float] | None, in_words: Callable[[float], str] = number_text
) -> str:
    if ends is None:
        return ""
    return _("{low} to {high}", low=in_words(ends[0]), high=in_words(ends[1]))


def _files(found: study.StudySummary, metric: str) -> None:
    """Three files to take away, and a way to remove the study."""
    where = found.city if found.other_city is None else f"{found.city}-{found.other_city}"
    with st.container(horizontal=True):
        for ending, (label, mime, icon) in _FILES.items():
            st.download_button(
                _(label),
                partial(study_file, found, ending, metric),
                file_name=f"{where}-{found.kind}-{found.id}{ending}",
                mime=mime,
                key=f"study{ending}",
                icon=icon,
                on_click="ignore",
            )
        with st.popover(_("Remove"), icon=":material/delete:", **rights.needing(STUDY.role)):
            st.caption(_("This deletes the study and its figures. Models and maps are kept."))
            st.button(
                _("Remove this study"),
                key=f"study-remove-{found.id}",
                type="primary",
                on_click=_remove,
                args=(found.id,),
            )
    problem = st.session_state.pop("study-remove-problem", None)
    if problem is not None:
        errors.show(problem)


def _remove(study_id: int) -> None:
    try:
        study.remove_study(state.store(), study_id)
    except AetherError as error:
        st.session_state["study-remove-problem"] = error
