"""Studies of a city: ask for one, watch it work, read what it found."""

from typing import Final

import streamlit as st

from aether_core.language import _, mark
from ui.expert import study_form, study_result
from ui.jobs import bar as job_bar
from ui.jobs.links import STUDIES_TASK
from ui.shell import errors, state
from ui.shell.text import count, facts, plain
from workflows.cities.cities import CitySummary
from workflows.evaluation.studies import StudySummary, list_studies, study_kind
from workflows.jobs.job import show_job

TASK: Final = STUDIES_TASK
QUESTION: Final = mark(
    "How much does each part of the method contribute, and how much do the places matter? A study "
    "trains the model many times, changes one thing at a time, and tests every variant on the "
    "same held-out blocks."
)
_AFTER_EPOCH: Final = mark("Stopping after this epoch")
_CHOSEN: Final = "study"


def show_studies(city: CitySummary) -> None:
    """Draw the studies of a city."""
    found = list_studies(state.store(), city.slug)
    working = _at_work(found)
    st.caption(_(QUESTION))
    left, right = st.columns([1, 2.4], gap="large")
    with left, errors.boxed(state.reachable):
        if working is not None:
            _request(working)
        elif study_form.ask_study(city):
            st.session_state.pop(_CHOSEN, None)
            st.rerun()
    with right, errors.boxed(state.reachable):
        if working is not None:
            _follow(working)
        if working is not None and any(one.state.is_done for one in found):
            st.divider()
            st.header(_("Earlier results"), anchor=False)
        if found:
            _finished(city, found)
        else:
            _invitation(city)


def _at_work(found: list[StudySummary]) -> StudySummary | None:
    """The study that runs, or the first of those that wait."""
    unfinished = [one for one in reversed(found) if not one.is_finished]
    running = [one for one in unfinished if one.state.is_running]
    return next(iter(running + unfinished), None)


def title_of(found: StudySummary) -> str:
    """What a study is called, with the cities of a transfer."""
    title = study_kind(found.kind).title
    return (
        title
        if found.other_city is None
        else _(
            "{title}: {city} to {other_city}",
            title=title,
            city=found.city,
            other_city=found.other_city,
        )
    )


def _invitation(city: CitySummary) -> None:
    with st.container(border=True, key="empty-studies"):
        st.header(_("No studies yet"), anchor=False)
        st.write(
            _(
                "Choose a question on the left. The result is one sentence, a chart and a "
                "table with intervals, based on the {places} of this city. A study does not "
                "change the model in use.",
                places=count(city.pois, "place"),
            )
        )


def _request(found: StudySummary) -> None:
    """What the study at work was asked to do."""
    with st.container(border=True):
        st.header(title_of(found), anchor=False)
        st.caption(study_kind(found.kind).question)
        facts(study_result.asked(found))
    st.caption(_("One study per city at a time. It continues when you leave this page."))


def _follow(found: StudySummary) -> None:
    """Draw a study while it works; the page runs again once it has finished."""
    st.header(_("Study {id} is {state}", id=found.id, state=_state(found)), anchor=False)
    st.caption(
        _("Results appear when all training runs are done. If interrupted, finished runs are kept.")
    )

    @st.fragment(run_every=job_bar.POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            job = show_job(state.store(), found.job)
            if job.is_finished:
                st.rerun()
            job_bar.show_progress(job, "study", titled=False, stopping=_AFTER_EPOCH)

    watch()


def _state(found: StudySummary) -> str:
    return "waiting" if found.state.is_queued else "running"


def _finished(city: CitySummary, found: list[StudySummary]) -> None:
    """The study chosen, the newest with a result at first; how the newest ended if badly."""
    newest = found[0]
    if newest.state.is_failed:
        reason = newest.error or _("no reason was recorded")
        st.error(
            _("Study {id} failed: {reason}.", id=newest.id, reason=plain(reason)),
            icon=":material/error:",
        )
    elif newest.state.is_cancelled:
        st.info(
            _("Study {id} was stopped. It has no result.", id=newest.id), icon=":material/info:"
        )
    done = {one.id: one for one in found if one.state.is_done}
    if not done:
        return
    chosen = next(iter(done))
    if len(done) > 1:
        chosen = st.selectbox(
            _("Study"),
            list(done),
            key=_CHOSEN,
            format_func=lambda number: _line(done[number]),
            label_visibility="collapsed",
        )
    study_result.show_study(city, done[chosen], title_of(done[chosen]))


def _line(found: StudySummary) -> str:
    seeds = count(len(found.seeds), "seed")
    return f"{title_of(found)} · {found.recipe} · {seeds} · {found.created:%d %b %Y, %H:%M}"
