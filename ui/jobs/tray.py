"""The tray in the sidebar: what runs, what waits, and what has ended since the visitor looked."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from aether_core.errors import StoreUnavailableError
from aether_core.language import _, plural
from ui.jobs import bar as job_bar
from ui.jobs import seen as job_seen
from ui.jobs.links import link_to
from ui.shell import errors, state
from ui.shell.text import plain, sentence
from workflows.cities.cities import CitySummary
from workflows.jobs.job import JobSummary, jobs_lately

POLL_SECONDS: Final = 2.5
_RUNNING, _WAITING, _ENDED = 3, 2, 3
_LOOKED_AT: Final = 20
_REASON_LETTERS: Final = 100
_PLACE: Final = "tray"


def show_tray(cities: Sequence[CitySummary]) -> None:
    """Draw the tray; nothing where nothing works and nothing has ended.

    Args:
        cities: Those there are, for their names.
    """
    names = {city.slug: city.name for city in cities}

    @st.fragment(run_every=POLL_SECONDS)
    def watch() -> None:
        with errors.boxed():
            try:
                working, ended = _found()
            except StoreUnavailableError:
                return  # the page itself says so, and this looks again
            if working or ended:
                _tray(working, ended, names)
            job_seen.remember()

    with st.sidebar:
        watch()


def _found() -> tuple[list[JobSummary], list[JobSummary]]:
    """What is not over, oldest first, and what ended since the visitor looked, newest first."""
    known = jobs_lately(state.store(), _LOOKED_AT)
    working = [one for one in known if not one.is_finished][::-1]
    return working, [one for one in known if one.is_finished and job_seen.is_new(one)]


def _tray(
    working: Sequence[JobSummary], ended: Sequence[JobSummary], names: Mapping[str, str]
) -> None:
    running = [one for one in working if one.state.is_running]
    waiting = [one for one in working if one.state.is_queued]
    with st.container(border=True, key="job-tray", gap="small"):
        for one in running[:_RUNNING]:
            _line(one, names)
            job_bar.bar_of_share(one)
        for one in waiting[:_WAITING]:
            _line(one, names)
            st.caption(job_bar.waiting(one))
        more = len(working) - len(running[:_RUNNING]) - len(waiting[:_WAITING])
        if more:
            st.caption(plural("and {number:,} more job", "and {number:,} more jobs", more))
        for one in ended[:_ENDED]:
            _ended(one, names)
        if len(ended) > _ENDED:
            st.caption(_("and {ended} more finished", ended=len(ended) - _ENDED))
        if ended:
            st.button(
                _("Clear"),
                key=f"{_PLACE}-clear",
                type="tertiary",
                icon=":material/done_all:",
                on_click=job_seen.note_all,
                help=_("Removes finished jobs from this list. Results are kept."),
            )


def _line(job: JobSummary, names: Mapping[str, str]) -> None:
    """What it is, with a button that stops it."""
    with job_bar.row(job, _PLACE):
        st.markdown(f"**{plain(_called(job, names))}**", width="stretch")
        job_bar.stop_button(job, _PLACE, small=True)


def _called(job: JobSummary, names: Mapping[str, str]) -> str:
    """The job's title, with its city where another one is shown."""
    if len(names) < 2 or job.city not in names or job.city == st.session_state.get(state.CITY):
        return job.title
    return f"{job.title}, {names[job.city]}"


def _ended(job: JobSummary, names: Mapping[str, str]) -> None:
    called = f"**{plain(_called(job, names))}**"
    link = link_to(job)
    if job.state.is_done:
        st.markdown(_(":green[:material/check_circle:] {called} is done", called=called))
    elif job.state.is_failed:
        st.markdown(
            _(
                ":red[:material/error:] {called} failed: {reason}",
                called=called,
                reason=plain(_reason(job)),
            )
        )
    else:
        st.markdown(_(":gray[:material/stop_circle:] {called} was stopped", called=called))
    if link is not None and not job.state.is_cancelled:
        st.page_link(
            link.page,
            label=link.label if job.state.is_done else _("See what happened"),
            icon=":material/arrow_forward:",
            query_params=dict(link.address),
        )


def _reason(job: JobSummary) -> str:
    reason = sentence(job.error or _("no reason was recorded"))
    cut = reason[:_REASON_LETTERS].rstrip()
    return reason if len(reason) <= _REASON_LETTERS else f"{cut}…"
