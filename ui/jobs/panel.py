"""The jobs behind one form: those at work, those that failed, and what has just been made.

What works is found in the store, so that whoever opens the page sees it: after a reload, in another
tab, on another machine. The visit only remembers which jobs it waits for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _
from ui.jobs import bar as job_bar
from ui.jobs import seen as job_seen
from ui.shell import errors, rights, state, uploads
from ui.shell.text import plain, sentence
from workflows.accounts.acting import Role
from workflows.jobs.job import (
    JobSummary,
    list_jobs,
    remove_job,
    resume_job,
    start_job,
)
from workflows.jobs.kind import JobKind

_LOOKED_AT: Final = 50


@dataclass(frozen=True)
class Asked:
    """What this visit asked for: the request, and the uploads in it."""

    request: object = None
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Panel:
    """The jobs behind a form, as they stood when the page looked.

    Attributes:
        key: Start of the widgets' names.
        slug: The city; None where the city is still to come.
        kinds: Which kinds of job the form starts.
        role: Least role that may start them, stop them, or take them off the page.
        concerns: Which of these belong to what the page shows.
        jobs: All of them, newest first.
        ended: Those this visit waited for and that have just been done, the last first.
        stopped: Whether one this visit waited for has just been stopped.
    """

    key: str
    slug: str | None
    kinds: Sequence[str]
    role: Role
    concerns: Callable[[JobSummary], bool]
    jobs: list[JobSummary]
    ended: list[JobSummary] = field(default_factory=list)
    stopped: bool = False

    @property
    def working(self) -> list[JobSummary]:
        """Those that wait or run, oldest first."""
        return [one for one in reversed(self.jobs) if not one.is_finished]

    @property
    def failed(self) -> list[JobSummary]:
        """The newest job, if it failed, and those this visit waited for that did."""
        waited = _followed(self.key, self.slug)
        return [
            one
            for at, one in enumerate(self.jobs)
            if one.state.is_failed and (at == 0 or one.job in waited)
        ]

    def newest_done(self) -> JobSummary | None:
        """The job that was asked for last among those that are done."""
        return next((one for one in self.jobs if one.state.is_done), None)

    def is_at_work(self, request: object) -> bool:
        """Whether this visit has asked for exactly this and it is not done yet."""
        waited = _followed(self.key, self.slug)
        return request is not None and any(
            one.job in waited and waited[one.job].request == request for one in self.working
        )


def look(
    key: str,
    slug: str | None,
    kinds: Sequence[JobKind[Any]],
    concerns: Callable[[JobSummary], bool] = lambda _: True,
) -> Panel:
    """Look at the jobs behind a form, before anything of it is drawn.

    Args:
        key: Start of the widgets' names, different for each form of a visit.
        slug: The city; None for jobs of any.
        kinds: What the form starts.
        concerns: Which jobs of these kinds belong to what the page shows.
    """
    names = [kind.name for kind in kinds]
    found = list_jobs(state.store(), slug, kinds=names, limit=_LOOKED_AT)
    jobs = [one for one in found if concerns(one)]
    waited = _followed(key, slug)
    over = [
        one for one in jobs if one.job in waited and (one.state.is_done or one.state.is_cancelled)
    ]
    done = [one for one in over if one.state.is_done]
    ended = sorted(done, key=lambda one: str(one.finished), reverse=True)
    for one in over:
        asked = waited.pop(one.job)
        if one.state.is_done:
            uploads.forget(asked.files)
        job_seen.note(one)
    role = max((kind.role for kind in kinds), key=list(Role).index)
    return Panel(key, slug, names, role, concerns, jobs, ended, stopped=len(over) > len(ended))


def show_jobs(panel: Panel) -> None:
    """Draw what works and what failed; the page runs again when something has ended."""
    problem = st.session_state.pop(_problem(panel.key), None)
    if problem is not None:
        errors.show(problem)
    name = _name(panel.key, panel.slug)
    if name not in st.session_state:  # a reload: what works now is what this visit waits for
        st.session_state[name] = {one.job: Asked() for one in panel.working}
    if panel.stopped:
        st.info(_("Stopped. Nothing was changed."), icon=":material/info:")
    if panel.working:
        _follow(panel)
    for one in panel.failed:
        _failed(panel, one)


def button(panel: Panel, label: str, *, key: str, icon: str, request: object) -> bool:
    """The button that starts what a form asks for, with the jobs at work under it.

    Args:
        panel: The jobs behind the form.
        label: What stands on it.
        key: The button's name.
        icon: Beside the label.
        request: What it would start; None while something is missing.

    Returns:
        Whether it was pressed.
    """
    at_work = panel.is_at_work(request)
    go = st.button(
        label,
        type="primary",
        key=key,
        width="stretch",
        icon=icon,
        **rights.needing(
            panel.role,
            disabled=request is None or at_work,
            help=_("This is already running. Change a setting to start another.")
            if at_work
            else None,
        ),
    )
    rights.note(panel.role)
    show_jobs(panel)
    return go


def start(
    panel: Panel,
    kind: JobKind[Any],
    request: object,
    *,
    slug: str | None = None,
    files: Sequence[Path | None] = (),
) -> None:
    """Start a job, and run the page again, which then waits for it.

    Args:
        panel: The jobs behind the form.
        kind: What is to be done.
        request: With what.
        slug: Short name of a city that is still to come; the panel's city when None.
        files: What the visitor gave; uploads among them are removed when the job is done.

    Raises:
        AetherError: It cannot be started; the caller shows it.
    """
    about = slug or panel.slug or ""
    with st.spinner(_("Starting")):
        job = start_job(state.store(), kind, about, request, in_city=slug is None)
    given = tuple(one for one in files if one is not None)
    waited = st.session_state.setdefault(_name(panel.key, panel.slug), {})
    waited[job.job] = Asked(request, given)
    st.rerun()


def _follow(panel: Panel) -> None:
    shown = {one.job for one in panel.working}

    @st.fragment(run_every=job_bar.POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            found = list_jobs(state.store(), panel.slug, kinds=panel.kinds, unfinished=True)
            now = [one for one in reversed(found) if panel.concerns(one)]
            if {one.job for one in now} != shown:
                st.rerun()
            for one in now:
                job_bar.show_progress(one, panel.key)

    watch()
    st.caption(_("This continues when you leave the page."))


def _failed(panel: Panel, job: JobSummary) -> None:
    """What went wrong, and both ways on."""
    reason = sentence((job.error or _("no reason was recorded")).rstrip("."))
    with st.container(border=True, key=f"{panel.key}-failed-{job.job}"):
        st.markdown(_("**{title}** could not be finished", title=plain(job.title)))
        st.error(f"{plain(reason)}.", icon=":material/error:")
        with st.container(horizontal=True):
            st.button(
                _("Try again"),
                key=f"{panel.key}-again-{job.job}",
                icon=":material/refresh:",
                on_click=_again,
                args=(panel, job.job),
                **rights.needing(panel.role, help=_("Uses the same files and settings.")),
            )
            st.button(
                _("Dismiss"),
                key=f"{panel.key}-dismiss-{job.job}",
                icon=":material/close:",
                on_click=_dismiss,
                args=(panel, job.job),
                **rights.needing(panel.role),
            )


def _again(panel: Panel, number: int) -> None:
    try:
        resume_job(state.store(), number)
    except AetherError as error:
        st.session_state[_problem(panel.key)] = error
    else:
        waited = st.session_state.setdefault(_name(panel.key, panel.slug), {})
        waited.setdefault(number, Asked())


def _dismiss(panel: Panel, number: int) -> None:
    try:
        remove_job(state.store(), number)
    except AetherError as error:
        st.session_state[_problem(panel.key)] = error


def _followed(key: str, slug: str | None) -> dict[int, Asked]:
    """The jobs this visit waits for, by number."""
    found: dict[int, Asked] = st.session_state.get(_name(key, slug), {})
    return found


def _name(key: str, slug: str | None) -> str:
    return f"{key}-waits-{slug}"


def _problem(key: str) -> str:
    return f"{key}-job-problem"
