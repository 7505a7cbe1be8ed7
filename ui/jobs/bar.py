"""One job at work, drawn: how far it is, how long it still takes, and a button that stops it."""

import time
from datetime import UTC, datetime
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aether_core.charts.words import percent
from aether_core.errors import AetherError
from aether_core.language import _, mark
from ui.shell import errors, rights, state
from ui.shell.text import duration, plain, sentence, stage_in_words
from workflows.jobs.job import JobSummary, cancel_job, see_to_a_worker
from workflows.jobs.queue import STALLED_SECONDS
from workflows.jobs.registry import kind_named
from workflows.jobs.room import WAITS

POLL_SECONDS: Final = 1.0
STARTING: Final = mark("starting")
STOPPING: Final = mark("Stopping")
_WORKER_SECONDS: Final = 5.0
_LOOKED: Final = "worker-looked"
_STARTING_SECONDS: Final = 6.0
"""A worker that has to be started first takes this long to begin."""


def show_progress(
    job: JobSummary,
    where: str,
    *,
    titled: bool = True,
    framed: bool = False,
    note: str = "",
    stopping: str = STOPPING,
) -> None:
    """Draw a job that waits or runs.

    Args:
        job: As it stands now.
        where: Start of the button's name, different for each place a job is drawn in.
        titled: Whether its title stands over the bar.
        framed: Whether it stands in a frame of its own.
        note: A quiet line under it.
        stopping: What is said between the wish to stop and the end.
    """
    _see_to_a_worker(job)
    with st.container(border=framed, key=f"{where}-job-{job.job}", gap="xsmall"):
        if titled:
            st.markdown(f"**{plain(job.title)}**")
        with row(job, where):
            bar(job, stopping)
            stop_button(job, where)
        if note:
            st.caption(plain(note))
        problem = st.session_state.pop(f"{where}-problem", None)
        if problem is not None:
            errors.show(problem)


def row(job: JobSummary, where: str) -> DeltaGenerator:
    """A row that never breaks: what is told of a job, and its button at the end."""
    return st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"job-row-{where}-{job.job}"
    )


def bar(job: JobSummary, stopping: str = STOPPING) -> None:
    """The bar alone, with what is being done on it."""
    st.progress(min(max(job.progress, 0.0), 1.0), text=plain(now(job, stopping)))


def bar_of_share(job: JobSummary) -> None:
    """The bar with nothing but the share that is done and what is left."""
    share = min(max(job.progress, 0.0), 1.0)
    st.progress(share, text=_(STOPPING) if job.stopping else percent(share) + left(job))


def stop_button(job: JobSummary, where: str, *, small: bool = False) -> None:
    """The button that stops a job; it can be pressed once.

    Args:
        small: Without a frame, where there is little room.
    """
    st.button(
        _("Stop"),
        key=f"{where}-stop-{job.job}",
        type="tertiary" if small else "secondary",
        icon=":material/stop_circle:",
        on_click=_stop,
        args=(job.job, where),
        **rights.needing(kind_named(job.kind).role, disabled=job.stopping),
    )


def now(job: JobSummary, stopping: str = STOPPING) -> str:
    """What a job is doing, and about how long it still takes."""
    if job.stopping:
        return _(stopping)
    if job.state.is_queued:
        return waiting(job)
    if (job.silent_seconds or 0) > STALLED_SECONDS:
        return _("Interrupted. It resumes by itself in a moment")
    return sentence(stage_in_words(job.stage or STARTING)) + left(job)


def waiting(job: JobSummary) -> str:
    """What a job waits for."""
    if job.stage.startswith(WAITS):
        return sentence(job.stage)
    fresh = abs((datetime.now(UTC) - job.created).total_seconds()) < _STARTING_SECONDS
    return _("Starting") if fresh else _("Waiting for other jobs to finish")


def left(job: JobSummary) -> str:
    """How long a job still takes, where that can be told."""
    return (
        ""
        if job.seconds_left is None
        else _(" · about {seconds_left} left", seconds_left=duration(job.seconds_left))
    )


def _see_to_a_worker(job: JobSummary) -> None:
    """Now and then, look whether somebody is there to do it; its worker may have died."""
    looked: float = st.session_state.get(_LOOKED, 0.0)
    if time.monotonic() - looked > _WORKER_SECONDS:
        st.session_state[_LOOKED] = time.monotonic()
        see_to_a_worker(state.store(), job)


def _stop(number: int, where: str) -> None:
    try:
        cancel_job(state.store(), number)
    except AetherError as error:
        st.session_state[f"{where}-problem"] = error
