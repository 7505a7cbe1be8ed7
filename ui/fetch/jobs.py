"""Fetches on their way: how far each is, what stopped it, and how it goes on."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, figure
from ui.fetch.cost import size
from ui.jobs import bar as job_bar
from ui.shell import errors, page, rights, state
from ui.shell.text import count, plain, sentence
from workflows.fetch.fetch import (
    FetchSummary,
    list_fetches,
    remove_fetch,
    resume_fetch,
    show_fetch,
)
from workflows.fetch.job_kind import FETCH
from workflows.home.store import Store
from workflows.jobs.job import JobSummary, show_job

FOLLOWED: Final = "fetch-followed"
_PROBLEM: Final = "fetch-problem"
_MOST_SHOWN: Final = 12


def open_fetches() -> list[FetchSummary]:
    """Fetches that work, wait, or ended without a city and may go on; newest first."""
    return [one for one in list_fetches(state.store()) if not one.state.is_done]


def show_fetches(slug: str | None = None) -> None:
    """Draw every fetch that is not done, or one city's; the page runs again when one has ended.

    Fetches of a list of cities are left out: the list shows them itself.
    """
    found = [one for one in open_fetches() if slug in (None, one.slug) and one.batch is None]
    if not found:
        return
    working = [one for one in found if not one.is_finished]
    st.header(_("In progress") if working else _("Interrupted"), anchor=False)
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        errors.show(problem)
    if working:
        _follow([one.id for one in working])
        st.caption(_("They continue when you leave this page."))
    for one in [one for one in found if one.is_finished][:_MOST_SHOWN]:
        _ended(one)


def hint() -> None:
    """One line on other pages: how many fetches are on their way, and where they are seen."""
    found = open_fetches()
    working = sum(not one.is_finished for one in found)
    ended = len(found) - working
    parts = [
        *(
            [_("{cities_are} being fetched", cities_are=count(working, "city is", "cities are"))]
            if working
            else []
        ),
        *(
            [
                _(
                    "{fetches} ended early and can be resumed",
                    fetches=count(ended, "fetch", "fetches"),
                )
            ]
            if ended
            else []
        ),
    ]
    if parts:
        st.page_link(
            page.CITY,
            label=sentence(_(" and ").join(parts)),
            icon=":material/download:",
            width="stretch",
            query_params={"do": "fetch" if any(one.batch is None for one in found) else "many"},
        )


def _follow(numbers: list[int]) -> None:
    @st.fragment(run_every=job_bar.POLL_SECONDS)
    def watch() -> None:
        with errors.boxed(state.reachable):
            fetches = [show_fetch(state.store(), number) for number in numbers]
            if any(one.is_finished for one in fetches):
                st.rerun()
            for one in fetches:
                _working(one, show_job(state.store(), one.job))

    watch()


def _working(fetch: FetchSummary, job: JobSummary) -> None:
    job_bar.show_progress(
        replace(job, title=_title(fetch)), "fetch", framed=True, note=_amounts(fetch)
    )


def _title(fetch: FetchSummary) -> str:
    """The city, and the years that come to one that is there."""
    if not fetch.request.extends:
        return fetch.name
    return f"{fetch.name}, {_(' and ').join(map(str, fetch.request.years))}"


def _amounts(fetch: FetchSummary) -> str:
    parts = [figure(fetch.progress, ".0%")]
    if fetch.megabytes or fetch.reused_megabytes:
        parts.append(_("{size} downloaded", size=size(fetch.megabytes)))
    if fetch.reused_megabytes:
        parts.append(_("{size} were already cached", size=size(fetch.reused_megabytes)))
    parts.append(_asked(fetch))
    if fetch.attempts > 1:
        parts.append(_("attempt {attempts}", attempts=fetch.attempts))
    return " · ".join(parts)


def _asked(fetch: FetchSummary) -> str:
    """What the fetch is of: its years and where its places come from."""
    years = _(" and ").join(str(year) for year in fetch.request.years)
    trained = _(", then trained") if fetch.request.train else ""
    return _(
        "{years}, {size} expected{trained}",
        years=years,
        size=size(fetch.estimate.megabytes),
        trained=trained,
    )


def _ended(fetch: FetchSummary) -> None:
    """A fetch that failed or was stopped: why, and both ways on."""
    with st.container(border=True, key=f"fetch-{fetch.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(_title(fetch))}**", width="stretch")
            if fetch.resumable:
                st.button(
                    _("Resume"),
                    key=f"fetch-resume-{fetch.id}",
                    icon=":material/play_arrow:",
                    on_click=_do,
                    args=("resume", fetch.id),
                    **rights.needing(
                        FETCH.role, help=_("Files already downloaded are not downloaded again.")
                    ),
                )
            if fetch.lacks_ground:
                st.button(
                    _("Resume without streets"),
                    key=f"fetch-without-ground-{fetch.id}",
                    icon=":material/layers_clear:",
                    on_click=_do,
                    args=("resume without ground", fetch.id),
                    **rights.needing(
                        FETCH.role,
                        help=_(
                            "The city is made without streets, water and parks of its own; "
                            "distances are then straight lines."
                        ),
                    ),
                )
            st.button(
                _("Dismiss"),
                key=f"fetch-dismiss-{fetch.id}",
                icon=":material/close:",
                on_click=_do,
                args=("dismiss", fetch.id),
                **rights.needing(
                    FETCH.role,
                    help=_("Removes this fetch from the list. Downloaded files stay in the cache."),
                ),
            )
        if fetch.state.is_failed:
            reason = sentence((fetch.error or _("no reason was recorded")).rstrip("."))
            st.error(f"{plain(reason)}.", icon=":material/error:")
        else:
            left = _("The city is unchanged.") if fetch.request.extends else _("No city was added.")
            st.info(_("It was stopped. {left}", left=left), icon=":material/info:")
        st.caption(plain(_amounts(fetch)))


def _do(what: str, number: int) -> None:
    """Resume or dismiss; what goes wrong is shown above the list."""
    ways: dict[str, Callable[[Store, int], object]] = {
        "resume": resume_fetch,
        "resume without ground": partial(resume_fetch, without_ground=True),
        "dismiss": remove_fetch,
    }
    try:
        ways[what](state.store(), number)
    except AetherError as error:
        st.session_state[_PROBLEM] = error
        return
    if what != "dismiss":
        st.session_state[FOLLOWED] = number


def follow(fetch: FetchSummary) -> None:
    """Note that this visit waits for a fetch: its city is shown as soon as it is there."""
    st.session_state[FOLLOWED] = fetch.id


def arrived() -> FetchSummary | None:
    """The fetch this visit waited for, once its city is there; told once."""
    number = st.session_state.get(FOLLOWED)
    if number is None:
        return None
    try:
        fetch = show_fetch(state.store(), number)
    except AetherError:
        st.session_state.pop(FOLLOWED)  # dismissed elsewhere
        return None
    if not fetch.state.is_done:
        return None
    st.session_state.pop(FOLLOWED)
    return fetch
